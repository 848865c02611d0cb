"""The autoencoder on images of any size: tile by tile, so that memory does not grow with the image.

A latent value depends on a few pixels around its place, and a pixel on a few latent values. So each
tile is computed with a margin, which is then cut off: what remains is what the whole image gives.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reproduce.core.backend import keras
from reproduce.data.pixels import to_grey_levels, to_unit_range
from reproduce.models import autoencoder as model

TILE = 512
"""Side of a tile, in latent values."""

MARGIN = 4
"""In latent values. A path through encoder or decoder reaches no further than three."""


def latent_of(autoencoder: keras.Model, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the latent, ⌈H/2⌉ x ⌈W/2⌉, 0 or more, of an image, H x W grey levels."""
    latent = np.empty([-(-side // 2) for side in image.shape], np.float32)
    for tile, wide, inner in _tiles(latent.shape):
        pixels = image[_doubled(wide[0]), _doubled(wide[1])]
        latent[tile] = model.encode(autoencoder, to_unit_range(pixels[np.newaxis]))[0, ..., 0][
            inner
        ]
    return latent


def image_of(
    autoencoder: keras.Model, latent: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the image, H x W grey levels, that a latent is decoded to."""
    image = np.empty(shape, np.uint8)
    for tile, wide, inner in _tiles(latent.shape):
        values = latent[wide][np.newaxis, ..., np.newaxis]
        pixels = model.decode(autoencoder, values)[0, ..., 0]
        part = image[_doubled(tile[0]), _doubled(tile[1])]
        cut = pixels[_doubled(inner[0]), _doubled(inner[1])]
        part[...] = to_grey_levels(cut[: part.shape[0], : part.shape[1]])
    return image


Slices = tuple[slice, slice]


def _tiles(shape: tuple[int, ...]) -> Iterator[tuple[Slices, Slices, Slices]]:
    """Yield each tile of a latent, the same with its margin, and its place within that."""
    for top in range(0, shape[0], TILE):
        for left in range(0, shape[1], TILE):
            sides = [_side(start, end) for start, end in zip((top, left), shape, strict=True)]
            tile, wide, inner = zip(*sides, strict=True)
            yield tile, wide, inner


def _side(start: int, end: int) -> tuple[slice, slice, slice]:
    stop = min(start + TILE, end)
    first, last = max(0, start - MARGIN), min(end, stop + MARGIN)
    return slice(start, stop), slice(first, last), slice(start - first, stop - first)


def _doubled(side: slice) -> slice:
    """Return the pixels of a row or column of latent values."""
    return slice(2 * side.start, 2 * side.stop)
