"""The autoencoder on images of any size: tile by tile, so that memory does not grow with the image.

A latent value depends on a few pixels around its place, and a pixel on a few latent values. So each
tile is computed with a margin, which is then cut off: what remains is what the whole image gives.
Where an attention looks at all places, the image is decoded as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reproduce.codec import progress
from reproduce.core.backend import keras
from reproduce.data.pixels import to_grey_levels, to_unit_range
from reproduce.models import autoencoder as model

TILE = 512
"""Side of a tile, in latent values."""


def latent_of(autoencoder: keras.Model, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the latent of an image, H x W grey levels.

    h x w with h = ⌈H / stride⌉ and w = ⌈W / stride⌉; of a model with several channels,
    h x w x channels.
    """
    registered = model.registered(autoencoder)
    stride = registered.encoder.stride
    shape = [-(-side // stride) for side in image.shape]
    latent = np.empty((*shape, registered.encoder.channels), np.float32)
    tiles = list(_tiles((shape[0], shape[1]), registered.encoder.reach))
    for tile, wide, inner in progress.steps("network", tiles, len(tiles)):
        pixels = image[_pixels(wide[0], stride), _pixels(wide[1], stride)]
        latent[tile] = model.encode(autoencoder, to_unit_range(pixels[np.newaxis]))[0][inner]
    return latent[..., 0] if latent.shape[-1] == 1 else latent


def image_of(
    autoencoder: keras.Model, latent: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the image, H x W grey levels, that a latent such as `latent_of` returns decodes to."""
    registered = model.registered(autoencoder)
    stride = registered.encoder.stride
    channels = latent.reshape(*latent.shape[:2], -1)
    image = np.empty(shape, np.uint8)
    tiles = list(_tiles((latent.shape[0], latent.shape[1]), registered.decoding_reach))
    for tile, wide, inner in progress.steps("network", tiles, len(tiles)):
        pixels = model.decode(autoencoder, channels[wide][np.newaxis])[0, ..., 0]
        part = image[_pixels(tile[0], stride), _pixels(tile[1], stride)]
        cut = pixels[_pixels(inner[0], stride), _pixels(inner[1], stride)]
        part[...] = to_grey_levels(cut[: part.shape[0], : part.shape[1]])
    return image


Slices = tuple[slice, slice]


def _tiles(shape: tuple[int, int], reach: int | None) -> Iterator[tuple[Slices, Slices, Slices]]:
    """Yield each tile of a latent, the same with its margin, and its place within that.

    The margin is one value more than matters. Where all of them do, the whole is one tile.
    """
    tile_side, margin = (max(shape), 0) if reach is None else (TILE, reach + 1)
    for top in range(0, shape[0], tile_side):
        for left in range(0, shape[1], tile_side):
            sides = [
                _side(start, end, tile_side, margin)
                for start, end in zip((top, left), shape, strict=True)
            ]
            tile, wide, inner = zip(*sides, strict=True)
            yield tile, wide, inner


def _side(start: int, end: int, length: int, margin: int) -> tuple[slice, slice, slice]:
    stop = min(start + length, end)
    first, last = max(0, start - margin), min(end, stop + margin)
    return slice(start, stop), slice(first, last), slice(start - first, stop - first)


def _pixels(side: slice, stride: int) -> slice:
    """Return the pixels of a row or column of latent values."""
    return slice(stride * side.start, stride * side.stop)
