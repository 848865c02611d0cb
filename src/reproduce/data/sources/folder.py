"""Source `folder`: a directory of images in the `imagefolder` layout."""

import errno
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path, PurePath

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import formats
from reproduce.data.sources.photographs import Collection, Photograph, decode

IMAGE_SUFFIXES = formats.IMAGE_SUFFIXES

SPLIT_NAMES: Mapping[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
"""Names of the folders of each split: those of Hugging Face's `imagefolder`, in any case."""

_SPLITS_BY_NAME: Mapping[str, Split] = {
    name: split for split, of_split in SPLIT_NAMES.items() for name in of_split
}


def open_collection(parameters: Parameters) -> Collection:
    """Open the folder that these parameters name."""
    return folder_collection(Path(parameters.folder))


def folder_collection(folder: Path) -> Collection:
    """List a directory of images in the `imagefolder` layout.

    `folder/<split>/<class>/*` keeps its splits, whose folders bear one of `SPLIT_NAMES`.
    Without split folders, every tenth image of a class goes to test and every tenth to
    validation; without class folders there is one class. Images are ordered class by class, and
    by the numbers in their names (so 2.jpg comes before 10.jpg), as on the hub. Files that are
    left out, of other kinds or beside the split folders, are told on stderr.

    Raises
    ------
    ReproduceError
        There is no such directory, it holds no image, a split comes out empty, or a folder looks
        like that of a split and can't be taken for it.
    """
    if not folder.is_dir():
        raise ReproduceError(f"parameter 'folder': {folder} is not a directory")
    roots = _split_folders(folder)
    others = _beside(folder, roots)
    files = {split: _image_files(root, others) for split, root in roots.items()}
    left_out = _told(folder, {file[_start(folder) :]: is_file for file, is_file in others.items()})
    if not any(files.values()):
        raise ReproduceError(
            f"no image in {folder}: it needs files ending in {', '.join(IMAGE_SUFFIXES)}, "
            "in folders <split>/<class>, <class> or at the top"
        )
    classes = tuple(sorted({_class_name(file) for split in files for file in files[split]}))
    splits: dict[Split, list[Photograph]] = {split: [] for split in SPLITS}
    for split, root in roots.items():
        for file in files[split]:
            path = os.path.join(root, file)  # noqa: PTH118  # a Path takes three times the memory
            splits[split].append(
                Photograph(
                    name=_display_name(path[_start(folder) :]),
                    label=classes.index(_class_name(file)),
                    decode=partial(decode, path),
                )
            )
    if roots.get("train") == folder:
        _check_depth(folder, files["train"])
        _tell_file_names(folder, files["train"])
        splits = _hold_out(splits["train"])
    for split in ("train", "test"):
        if not splits[split]:
            raise ReproduceError(
                f"too few images in {folder}: none for the {split} split; add a folder "
                f"{split}/ with images, or give each class at least ten"
            )
    return Collection(classes, splits, left_out)


def _beside(folder: Path, roots: Mapping[Split, Path]) -> dict[str, bool]:
    """Return what lies beside folders of splits, if any, each with whether it is a file."""
    if folder in roots.values():
        return {}
    files = {}
    for child in sorted(folder.iterdir()):
        if child in roots.values() or child.name.startswith("."):
            continue
        if child.is_dir():
            files.update({file: status is not None for file, status in walk(child)})
        else:
            files[str(child)] = child.is_file()
    return files


def _told(folder: Path, left_out: Mapping[str, bool]) -> Mapping[str, int]:
    """Tell what of a folder is left out, and return how much there is of each suffix."""
    if left_out:
        text = formats.left_out({_display_name(name): told for name, told in left_out.items()})
        print(f"note: in {folder} {text}", file=sys.stderr)
    counts = Counter(PurePath(file).suffix.lower() for file in left_out)
    return dict(sorted(counts.items()))


def _split_folders(folder: Path) -> dict[Split, Path]:
    """Return the folder of each split; without split folders, the folder itself as `train`."""
    roots: dict[Split, Path] = {}
    children = [child for child in sorted(folder.iterdir()) if child.is_dir()]
    for child in children:
        split = _SPLITS_BY_NAME.get(child.name.lower())
        if split is None:
            continue
        if split in roots:
            raise ReproduceError(
                f"{folder} has two folders for the {split} split, {roots[split].name} and "
                f"{child.name}; keep one"
            )
        roots[split] = child
    _check_names(folder, [child for child in children if child not in roots.values()], roots)
    return roots or {"train": folder}


def _check_names(folder: Path, others: Sequence[Path], roots: Mapping[Split, Path]) -> None:
    """Refuse folders that would be classes, or be left out, though they look like splits.

    A single one among classes may be a class: test_tube. A second, or one beside split folders, is
    none.
    """
    alike = [child.name for child in others if _looks_like_split(child.name)]
    if len(alike) > 1 or (alike and roots):
        raise _lookalike(folder, alike[0])
    for name in alike:
        print(f"note: in {folder} {name} is taken for a class, not for a split", file=sys.stderr)


def _check_depth(folder: Path, files: Sequence[str]) -> None:
    """Refuse folders of splits that don't stand at the top, where files would mix their images."""
    for file in files:
        places = file.split("/")[:-1]
        for depth, name in enumerate(places, start=1):
            if name.lower() in _SPLITS_BY_NAME:
                raise _lookalike(folder, "/".join(places[:depth]))


def _tell_file_names(folder: Path, files: Sequence[str]) -> None:
    """Tell if files are named as of splits, which `imagefolder` minds where no folder is."""
    words = (re.match(r"[a-z]+(?=[-._ 0-9])", PurePath(file).name.lower()) for file in files)
    splits = {_SPLITS_BY_NAME[word[0]] for word in words if word and word[0] in _SPLITS_BY_NAME}
    if len(splits) > 1:
        print(
            f"note: in {folder} names of files begin with {' and '.join(sorted(splits))}, which "
            "counts for nothing here; put them into folders of these names",
            file=sys.stderr,
        )


def _lookalike(folder: Path, place: str) -> ReproduceError:
    return ReproduceError(
        f"{folder} has a folder {_display_name(place)}, which looks like that of a split; folders "
        f"of splits stand at the top, one for each, and are named {', '.join(_SPLITS_BY_NAME)}: "
        "rename or move it"
    )


def _looks_like_split(name: str) -> bool:
    """Return whether one of the words in a name is that of a split: train_images, TestSet, val2."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(part.lower() in _SPLITS_BY_NAME for part in parts)


def _image_files(root: Path, others: dict[str, bool]) -> list[str]:
    """Return the images below a folder, class by class and by the numbers in their names.

    They come as paths relative to the folder, as text: there may be very many. The paths of what
    is no image are added to `others`, with whether that is a regular file.
    """
    start = _start(root)
    images = []
    for file, status in walk(root):
        if status and formats.is_image(file):
            images.append(file[start:])
        else:
            others[file] = status is not None
    return sorted(images, key=lambda file: (_class_name(file), _natural_order(file)))


def _start(folder: Path) -> int:
    """Return where the path relative to a folder begins in that of a file below it."""
    return len(os.path.join(folder, ""))  # noqa: PTH118  # it ends in a slash


def _refuse(error: ReproduceError) -> None:
    raise error


def walk(
    folder: Path, told: Callable[[ReproduceError], None] = _refuse
) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield the files below a folder in a fixed order, links followed, each folder once.

    Each file comes as its path, which begins with `folder`, and its size and times: None if it is
    no regular file, or a link that leads to none. Hidden files and folders are left out.

    Parameters
    ----------
    folder
        Where to begin.
    told
        Called with each folder, and each file's size and times, that can't be read.

    Raises
    ------
    ReproduceError
        Unless `told` does something else with it.
    """

    def stop(error: OSError) -> None:
        told(
            ReproduceError(
                f"cannot read folder {error.filename}: {error.strerror}; mend or remove it"
            )
        )

    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=stop, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            file = os.path.join(place, name)  # noqa: PTH118  # paths are slow by the thousand
            try:
                status = _status(file)
            except ReproduceError as error:
                told(error)
            else:
                yield file, status


def _status(file: str) -> os.stat_result | None:
    """Return size and times of a file, or of what it links to; None if that is no regular file."""
    try:
        status = os.stat(file)  # noqa: PTH116
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise ReproduceError(f"cannot read {file}: {error.strerror}; mend or remove it") from error
    return status if stat.S_ISREG(status.st_mode) else None


def _display_name(path: str) -> str:
    """Return a path as one line of text, whatever its name consists of."""
    if path.isprintable():
        return path
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in path
    )


def _class_name(file: str) -> str:
    folder, slash, _ = file.partition("/")
    return _display_name(folder) if slash else "image"


def _natural_order(file: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", file.rpartition("/")[2])
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _hold_out(photographs: Sequence[Photograph]) -> dict[Split, list[Photograph]]:
    """Split photographs 8 : 1 : 1 within each class, by their position alone."""
    splits: dict[Split, list[Photograph]] = {split: [] for split in SPLITS}
    held_out: Mapping[int, Split] = {4: "validation", 9: "test"}
    for _, of_class in groupby(photographs, key=lambda photograph: photograph.label):
        for position, photograph in enumerate(of_class):
            splits[held_out.get(position % 10, "train")].append(photograph)
    return splits
