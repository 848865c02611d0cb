"""Source `sample`: crops of the photographs that ship inside scikit-image's wheel."""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data.sources.photographs import Collection, Photograph

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


def open_collection(parameters: Parameters) -> Collection:
    """Open the crops that these parameters ask for."""
    return sample_collection(parameters.image_size, parameters.crops_per_photograph)


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
