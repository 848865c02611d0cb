"""Three sources of photographs behind one interface.

A source opens as a `Collection`: class names and, per split, a sequence of `Photograph`s in a
fixed order. A photograph decodes its pixels only when asked to, so that a collection of any
length can be listed without holding an image in memory.
"""

import io
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from reproduce.errors import ReproduceError
from reproduce.parameters import SPLITS, Parameters, Split

BEANS_REPOSITORY = "AI-Lab-Makerere/beans"
BEANS_REVISION = "27aa014ce09b193e1a6f58112d4a66e0eddb69c5"
BEANS_CLASSES = ("angular_leaf_spot", "bean_rust", "healthy")
BEANS_COUNTS: Mapping[Split, tuple[int, ...]] = {
    "train": (345, 348, 341),
    "validation": (44, 45, 44),
    "test": (43, 43, 42),
}
"""Images per class in each split of beans: 1034, 133 and 128 in all."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")

# Photographs inside scikit-image's wheel (file names in skimage/data). Each belongs to one split
# alone, so that no test crop comes from a photograph seen in training.
SAMPLE_PHOTOGRAPHS: Mapping[Split, Mapping[str, tuple[str, ...]]] = {
    "train": {
        "everyday": ("camera.png", "astronaut.png", "motorcycle_left.png", "rocket.jpg"),
        "science": ("retina.jpg", "hubble_deep_field.jpg", "ihc.png"),
        "texture": ("brick.png",),
    },
    "validation": {
        "everyday": ("coffee.png",),
        "science": ("cell.png",),
        "texture": ("gravel.png",),
    },
    "test": {
        "everyday": ("chelsea.png",),
        "science": ("moon.png",),
        "texture": ("grass.png",),
    },
}


@dataclass(frozen=True)
class Photograph:
    """One image of a collection.

    Attributes
    ----------
    name
        Says where it comes from: a path below the folder, a hub example, a crop's place.
    label
        Its class, as an index into the collection's `classes`.
    decode
        Returns the decoded image; raises OSError if that can't be done.
    """

    name: str
    label: int
    decode: Callable[[], Image.Image]


@dataclass(frozen=True)
class Collection:
    """All photographs of a source: class names, and the photographs of each split in order."""

    classes: tuple[str, ...]
    splits: Mapping[Split, Sequence[Photograph]]


def open_collection(parameters: Parameters) -> Collection:
    """Open the source that the parameters name.

    Raises
    ------
    ReproduceError
        The hub can't be reached, the folder is missing, empty or has too few images for a
        split, or beans is not what it is known to be.
    """
    if parameters.source == "sample":
        return sample_collection(parameters.image_size, parameters.crops_per_photograph)
    if parameters.source == "folder":
        return folder_collection(Path(parameters.folder))
    folder = parameters.folder
    collection = folder_collection(Path(folder)) if folder else hub_collection()
    _check_beans(collection, folder or f"{BEANS_REPOSITORY} on the hub")
    return collection


def sample_collection(crop_size: int, crops_per_photograph: int) -> Collection:
    """Cut the photographs that scikit-image ships into square crops, the most central ones first.

    Raises
    ------
    ReproduceError
        A crop of `crop_size` pixels is larger than a photograph.
    """
    classes = tuple(SAMPLE_PHOTOGRAPHS["train"])
    splits = {
        split: [
            Photograph(
                name=f"{file} at ({left}, {top})",
                label=label,
                decode=partial(_decode_crop, file, left, top, crop_size),
            )
            for label, category in enumerate(classes)
            for file in SAMPLE_PHOTOGRAPHS[split][category]
            for left, top in _crop_corners(file, crop_size, crops_per_photograph)
        ]
        for split in SPLITS
    }
    return Collection(classes, splits)


def _sample_path(file: str) -> Path:
    # Found beside the package's data module; its loaders would fetch a missing file from the net.
    import skimage.data

    return Path(skimage.data.__file__).parent / file


def _crop_corners(file: str, crop_size: int, count: int) -> list[tuple[int, int]]:
    """Return the left-top corners of up to `count` crops from an even grid, centre first."""
    with Image.open(_sample_path(file)) as image:
        width, height = image.size
    if crop_size > min(width, height):
        raise ReproduceError(
            f"parameter 'image_size': a crop of {crop_size} pixels does not fit into the sample "
            f"photograph {file} ({width}x{height}); choose at most 300, or another source"
        )
    per_side = math.ceil(math.sqrt(count))
    lefts = _evenly_spaced(width - crop_size, per_side)
    tops = _evenly_spaced(height - crop_size, per_side)
    centre = ((width - crop_size) / 2, (height - crop_size) / 2)
    corners = [(left, top) for top in tops for left in lefts]
    corners.sort(key=lambda corner: (math.dist(corner, centre), corner))
    return corners[:count]


def _evenly_spaced(last: int, count: int) -> list[int]:
    """Return at most `count` different places from 0 to `last`; a single one is in the middle."""
    places = np.linspace(0, last, count) if count > 1 else np.array([last / 2])
    return sorted(set(places.round().astype(int).tolist()))


def _decode_crop(file: str, left: int, top: int, size: int) -> Image.Image:
    with Image.open(_sample_path(file)) as image:
        return image.crop((left, top, left + size, top + size))


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
    classes = tuple(
        sorted({_class_name(roots[split], file) for split in files for file in files[split]})
    )
    splits: dict[Split, list[Photograph]] = {split: [] for split in SPLITS}
    for split, root in roots.items():
        for file in files[split]:
            splits[split].append(
                Photograph(
                    name=_display_name(file.relative_to(folder)),
                    label=classes.index(_class_name(root, file)),
                    decode=partial(_decode, file),
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


def _image_files(root: Path) -> list[Path]:
    """Return the images below a folder, class by class and by the numbers in their names."""
    images = [file for file in walk(root) if file.suffix.lower() in IMAGE_SUFFIXES]

    def order(file: Path) -> tuple[str, list[tuple[int, str]], str]:
        return _class_name(root, file), _natural_order(file.name), str(file)

    return sorted(images, key=order)


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, links followed, each folder once, hidden ones left out.

    Raises
    ------
    ReproduceError
        A folder can't be read.
    """

    def stop(error: OSError) -> None:
        raise ReproduceError(
            f"cannot read folder {error.filename}: {error.strerror}; mend or remove it"
        ) from error

    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=stop, followlinks=True):
        if os.path.realpath(place) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place) / name
            if not name.startswith(".") and file.is_file():
                yield file


def _display_name(path: Path) -> str:
    """Return a path as one line of text, whatever bytes its name consists of."""
    text = os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _class_name(root: Path, file: Path) -> str:
    parts = file.relative_to(root).parts
    return parts[0] if len(parts) > 1 else "image"


def _natural_order(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _hold_out(photographs: Sequence[Photograph]) -> dict[Split, list[Photograph]]:
    """Split photographs 8 : 1 : 1 within each class, by their position alone."""
    splits: dict[Split, list[Photograph]] = {split: [] for split in SPLITS}
    held_out: Mapping[int, Split] = {4: "validation", 9: "test"}
    for _, of_class in groupby(photographs, key=lambda photograph: photograph.label):
        for position, photograph in enumerate(of_class):
            splits[held_out.get(position % 10, "train")].append(photograph)
    return splits


def _decode(source: Path | io.BytesIO) -> Image.Image:
    """Decode an image file, or raise OSError whatever is wrong with it."""
    with warnings.catch_warnings():
        # Pillow only warns of an image that unpacks to an absurd size; here that is an error.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(source) as image:
                image.load()
                return image
        except UnidentifiedImageError:
            raise OSError("not an image, or of an unknown format") from None
        except OSError:
            raise
        except Exception as error:  # Pillow's decoders raise many types for broken files
            raise OSError(f"{type(error).__name__}: {error}") from error


def hub_collection() -> Collection:
    """Load beans from the hub (or from its cache), at a pinned revision and in the hub's order.

    Raises
    ------
    ReproduceError
        The hub can't be reached and the cache does not hold the dataset.
    """
    import datasets

    data = _load_from_hub(datasets)
    labels = data["train"].features["labels"]
    splits = {}
    for split in SPLITS:
        # Undecoded, so that listing costs no pixels; each photograph decodes its own bytes.
        rows = data[split].cast_column("image", datasets.Image(decode=False))
        splits[split] = [
            Photograph(f"{split}[{index}]", label, partial(_decode_row, rows, index))
            for index, label in enumerate(rows["labels"])
        ]
    return Collection(tuple(labels.names), splits)


def _load_from_hub(datasets: Any) -> Any:
    import huggingface_hub

    advice = "connect to the internet, or use a local copy: make paper BEANS=DIR"
    try:
        # One quick question first: load_dataset itself retries for half a minute.
        huggingface_hub.HfApi().dataset_info(BEANS_REPOSITORY, revision=BEANS_REVISION, timeout=10)
    except Exception as error:  # noqa: BLE001  # "no network" comes as many unrelated types
        datasets.config.HF_HUB_OFFLINE = True
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
    else:
        cause = ""
    try:
        return datasets.load_dataset(BEANS_REPOSITORY, revision=BEANS_REVISION)
    except Exception as error:
        reason = cause or f"{type(error).__name__}: {error}".splitlines()[0]
        raise ReproduceError(
            f"cannot load {BEANS_REPOSITORY} from the hub ({reason}); {advice}"
        ) from error


def _decode_row(rows: Any, index: int) -> Image.Image:
    stored = rows[index]["image"]
    return _decode(Path(stored["path"]) if stored["bytes"] is None else io.BytesIO(stored["bytes"]))


def _check_beans(collection: Collection, where: str) -> None:
    """Check the known facts: class names, 1034/133/128 images, images per class."""
    if collection.classes != BEANS_CLASSES:
        raise ReproduceError(
            f"{where} is not beans: classes {collection.classes}, expected {BEANS_CLASSES}; "
            "use source 'folder' for other images"
        )
    for split, expected in BEANS_COUNTS.items():
        labels = [photograph.label for photograph in collection.splits[split]]
        found = tuple(labels.count(label) for label in range(len(BEANS_CLASSES)))
        if found != expected:
            raise ReproduceError(
                f"{where} is not the whole of beans: {split} holds {found} images of "
                f"{BEANS_CLASSES}, expected {expected}; fetch it anew, or use source 'folder'"
            )
