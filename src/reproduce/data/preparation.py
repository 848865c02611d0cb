"""From photographs to grey arrays: 8-bit files that are read back memory-mapped.

Images pass through a few at a time, so memory stays flat whatever the number of images.
"""

import hashlib
import json
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from reproduce.core import parallel, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import sources
from reproduce.data.pixels import GREY_LEVELS, to_grey, upright
from reproduce.data.sources import Collection, Photograph
from reproduce.data.stages import DATA

# NumPy parses a file's header with ast, and earlier releases of Python 3.11 and 3.12 count the
# depth of that for all threads together: two at once can end in a SystemError
# (python/cpython#106905).
_OPENING = Lock()


@dataclass(frozen=True)
class PreparedData:
    """The prepared images of all splits.

    Attributes
    ----------
    folder
        The artifact's folder.
    classes
        Class names.
    fingerprint
        SHA-256 of the decoded pixels of all splits in order, before any conversion.
    """

    folder: Path
    classes: tuple[str, ...]
    fingerprint: str
    facts: dict[str, Any]

    def images(self, split: Split) -> NDArray[np.uint8]:
        """Return the images of a split, N x H x W grey levels, memory-mapped and read-only."""
        with _OPENING:
            images: NDArray[np.uint8] = np.load(self.folder / f"{split}.npy", mmap_mode="r")
        return images

    def chosen(self, split: Split, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return a copy of some images of a split, n x H x W grey levels.

        The file is mapped for this alone: pages of a mapping that stays count as this process's
        memory, which would grow to the size of the file.
        """
        return self.images(split)[indices]

    def image(self, split: Split, index: int) -> NDArray[np.uint8]:
        """Return one image, H x W grey levels.

        Raises
        ------
        ReproduceError
            The split has no image of that index.
        """
        count = self.counts[split]
        if index >= count:
            raise ReproduceError(
                f"parameter 'example_index': the {split} split has {count} images, so the index "
                f"must be from 0 to {count - 1}, but got {index}"
            )
        return np.asarray(self.images(split)[index])

    def labels(self, split: Split) -> NDArray[np.int64]:
        """Return the class of each image of a split, N indices into `classes`."""
        labels: NDArray[np.int64] = np.load(self.folder / f"{split}-labels.npy")
        return labels

    def names(self, split: Split) -> list[str]:
        """Return the name of each image of a split: where it comes from."""
        names: list[str] = json.loads((self.folder / f"{split}-names.json").read_text())
        return names

    @cached_property
    def counts(self) -> dict[Split, int]:
        """Number of images in each split."""
        return {split: self.facts["splits"][split]["images"] for split in SPLITS}

    @property
    def skipped(self) -> int:
        """Number of images that could not be read, in all splits."""
        return sum(len(self.facts["splits"][split]["skipped"]) for split in SPLITS)

    @property
    def left_out(self) -> dict[str, int]:
        """Number of files of the folder that are no images of a split, by suffix."""
        counts: dict[str, int] = self.facts.get("left_out", {})
        return counts

    def class_counts(self, split: Split) -> dict[str, int]:
        """Return how many images of a split belong to each class."""
        counts: dict[str, int] = self.facts["splits"][split]["classes"]
        return counts

    def sizes(self, split: Split) -> dict[str, int]:
        """Return how many images of a split had which size before preparation: "WxH" to images."""
        sizes: dict[str, int] = self.facts["splits"][split]["sizes"]
        return sizes

    def histogram(self, split: Split) -> NDArray[np.int64]:
        """Return how many pixels of a split have each of the 256 grey levels."""
        return np.asarray(self.facts["splits"][split]["histogram"], dtype=np.int64)


def prepare(parameters: Parameters) -> PreparedData:
    """Load the prepared data of these parameters, or prepare them first.

    Raises
    ------
    ReproduceError
        See `sources.open_collection`; also: an image can't be decoded (`bad_images: refuse`)
        or has another size (`other_sizes: refuse`), or a split is left without images.
    """
    folder = DATA.folder(parameters)
    facts = store.read_manifest(folder)["facts"]
    return PreparedData(folder, tuple(facts["classes"]), facts["fingerprint"], facts)


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Decode the images of all splits into a folder and return facts of them."""
    collection = sources.open_collection(parameters)
    # Pillow loads its formats when the first file asks for them; a second thread that asks
    # meanwhile could miss one.
    Image.init()
    with warnings.catch_warnings():
        # Of an absurd size: `decode` refuses such images itself.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        splits = {split: _make_split(split, collection, parameters, folder) for split in SPLITS}
    overall = hashlib.sha256("".join(splits[split]["fingerprint"] for split in SPLITS).encode())
    facts = {"classes": collection.classes, "fingerprint": overall.hexdigest(), "splits": splits}
    return facts | ({"left_out": dict(collection.left_out)} if collection.left_out else {})


def _make_split(
    split: Split, collection: Collection, parameters: Parameters, folder: Path
) -> dict[str, Any]:
    photographs = collection.splits[split]
    size = parameters.image_size
    pixels = hashlib.sha256()
    histogram = np.zeros(GREY_LEVELS, dtype=np.int64)
    sizes: Counter[str] = Counter()
    kept: list[Photograph] = []
    skipped: list[str] = []
    images = parallel.map_in_order(partial(_prepare_image, parameters), photographs)
    progress = tqdm(photographs, desc=f"preparing {split}", unit="image")
    # Written as a stream: on a full disk, writing to a memory-mapped file would kill the process.
    with (folder / f"{split}.npy").open("wb") as file:
        _write_header(file, (0, size, size))
        for photograph, image in zip(progress, images, strict=True):
            if image is None:
                skipped.append(photograph.name)
                continue
            pixels.update(image.kind)
            pixels.update(image.pixels)
            sizes[image.size] += 1
            file.write(image.levels)
            histogram += image.histogram
            kept.append(photograph)
        file.seek(0)
        _write_header(file, (len(kept), size, size))
    if not kept and split != "validation":  # nothing uses the validation split but for counts
        raise ReproduceError(f"too few images for the {split} split: all of them were skipped")
    labels = np.array([photograph.label for photograph in kept], np.int64)
    np.save(folder / f"{split}-labels.npy", labels)
    store.write_json(folder / f"{split}-names.json", [photograph.name for photograph in kept])
    return {
        "images": len(kept),
        "classes": dict(
            zip(
                collection.classes,
                np.bincount(labels, minlength=len(collection.classes)).tolist(),
                strict=True,
            )
        ),
        "sizes": dict(sorted(sizes.items())),
        "skipped": skipped,
        "fingerprint": pixels.hexdigest(),
        "histogram": histogram.tolist(),
    }


class _PreparedImage(NamedTuple):
    """What becomes of one photograph.

    `kind` (mode and size) and `pixels` go into the fingerprint: as decoded and turned upright,
    before any conversion.
    `size` is "WxH" before preparation, `levels` are the grey levels afterwards.
    """

    kind: bytes
    pixels: bytes
    size: str
    levels: bytes
    histogram: list[int]


def _prepare_image(parameters: Parameters, photograph: Photograph) -> _PreparedImage | None:
    """Decode a photograph and turn it grey; None if that can't be done and it may be skipped."""
    try:
        decoded = upright(photograph.decode())
        grey = to_grey(decoded)
    except (OSError, ValueError) as error:
        if parameters.bad_images == "skip":
            return None
        raise ReproduceError(
            f"cannot read image {photograph.name}: {error}; mend or remove it, or set "
            "parameter bad_images=skip"
        ) from error
    grey = _fit(grey, photograph.name, parameters)
    size = f"{decoded.width}x{decoded.height}"
    if decoded.mode == "P":  # colours instead of a palette
        decoded = decoded.convert("RGBA")
    return _PreparedImage(
        kind=f"{decoded.mode} {size}\n".encode(),
        pixels=decoded.tobytes(),
        size=size,
        levels=grey.tobytes(),
        histogram=grey.histogram(),
    )


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of an array file; its length is the same for any number of images."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _fit(grey: Image.Image, name: str, parameters: Parameters) -> Image.Image:
    """Return a grey image brought to image_size x image_size."""
    size = (parameters.image_size, parameters.image_size)
    if grey.size != size:
        if parameters.other_sizes == "refuse":
            raise ReproduceError(
                f"image {name} is {grey.width}x{grey.height}, not {size[0]}x{size[1]}; set "
                "parameter image_size to its size, or other_sizes=resize"
            )
        grey = grey.resize(size)  # Pillow's default filter, as in the paper: bicubic
    return grey
