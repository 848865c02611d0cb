"""Source `folder`: a directory of images in the `imagefolder` layout."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import formats
from reproduce.data.sources.photographs import Collection, Photograph, decode

IMAGE_SUFFIXES = formats.IMAGE_SUFFIXES


def open_collection(parameters: Parameters) -> Collection:
    """Open the folder that these parameters name."""
    return folder_collection(Path(parameters.folder))


def folder_collection(folder: Path) -> Collection:
    """List a directory of images in the `imagefolder` layout.

    `folder/<split>/<class>/*` keeps its splits (`val`, `valid` and `dev` are read as validation).
    Without split folders, every tenth image of a class goes to test and every tenth to
    validation; without class folders there is one class. Images are ordered class by class, and
    by the numbers in their names (so 2.jpg comes before 10.jpg), as on the hub.

    Raises
    ------
    ReproduceError
        There is no such directory, it holds no image, or a split comes out empty.
    """
    if not folder.is_dir():
        raise ReproduceError(f"parameter 'folder': {folder} is not a directory")
    roots = _split_folders(folder)
    files = {split: _image_files(root) for split, root in roots.items()}
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
        splits = _hold_out(splits["train"])
    for split in ("train", "test"):
        if not splits[split]:
            raise ReproduceError(
                f"too few images in {folder}: none for the {split} split; add a folder "
                f"{split}/ with images, or give each class at least ten"
            )
    return Collection(classes, splits)


def _split_folders(folder: Path) -> dict[Split, Path]:
    """Return the folder of each split; without split folders, the folder itself as `train`."""
    names: Mapping[str, Split] = {
        **{split: split for split in SPLITS},
        **dict.fromkeys(("val", "valid", "dev"), "validation"),
    }
    roots: dict[Split, Path] = {}
    for child in sorted(folder.iterdir()):
        split = names.get(child.name.lower())
        if split is None or not child.is_dir():
            continue
        if split in roots:
            raise ReproduceError(
                f"{folder} has two folders for the {split} split, {roots[split].name} and "
                f"{child.name}; keep one"
            )
        roots[split] = child
    return roots or {"train": folder}


def _image_files(root: Path) -> list[str]:
    """Return the images below a folder, class by class and by the numbers in their names.

    They come as paths relative to the folder, as text: there may be very many.
    """
    start = _start(root)
    images = [file[start:] for file, _ in walk(root) if file.lower().endswith(IMAGE_SUFFIXES)]
    return sorted(images, key=lambda file: (_class_name(file), _natural_order(file)))


def _start(folder: Path) -> int:
    """Return where the path relative to a folder begins in that of a file below it."""
    return len(os.path.join(folder, ""))  # noqa: PTH118  # it ends in a slash


def _refuse(error: ReproduceError) -> None:
    raise error


def walk(
    folder: Path, told: Callable[[ReproduceError], None] = _refuse
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files below a folder in a fixed order, links followed, each folder once.

    Each file comes as its path, which begins with `folder`, and its size and times. Hidden files
    and folders are left out.

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
        for name in sorted(files):
            file = os.path.join(place, name)  # noqa: PTH118  # paths are slow by the thousand
            try:
                status = None if name.startswith(".") else _status(file)
            except ReproduceError as error:
                told(error)
                continue
            if status and stat.S_ISREG(status.st_mode):
                yield file, status


def _status(file: str) -> os.stat_result | None:
    """Return size, times and kind of a file, or of what it links to; None if that is nowhere."""
    try:
        return os.stat(file)  # noqa: PTH116
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise ReproduceError(f"cannot read {file}: {error.strerror}; mend or remove it") from error


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
