"""A network on images of any size: tile by tile, so that memory does not grow with the image.

A latent value depends on a few pixels around its place, and a pixel on a few latent values. So each
tile is computed with a margin, which is then cut off: what remains is what the whole image gives.
Where an attention looks at all places, the image is decoded as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reproduce.codec import progress
from reproduce.core.backend import keras
from reproduce.data.pixels import to_grey_levels, to_unit_range
from reproduce.models import autoencoder as model


class Network(Protocol):
    """A trained model as the codec runs it.

    Attributes
    ----------
    channels, stride
        Of the latent; the stride in pixels.
    encoding_reach
        How many latent places away pixels can matter for a place; None if all of them can.
    decoding_reach
        How many latent places away values can matter for a pixel; likewise.
    tile
        Side of a tile, in latent places.
    """

    channels: int
    stride: int
    encoding_reach: int | None
    decoding_reach: int | None
    tile: int

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the latent of an image, H x W grey levels: ⌈H/stride⌉ x ⌈W/stride⌉ x channels."""

    def decode(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the pixels of a latent: h x w x channels to (stride h) x (stride w) in [0, 1]."""


class OfKeras:
    """A network as `models.autoencoder` builds, trains or loads it."""

    tile = 512

    def __init__(self, autoencoder: keras.Model) -> None:
        registered = model.registered(autoencoder)
        self.channels = registered.encoder.channels
        self.stride = registered.encoder.stride
        self.encoding_reach: int | None = registered.encoder.reach
        self.decoding_reach = registered.decoding_reach
        self._autoencoder = autoencoder

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the latent of an image."""
        (latent,) = model.encode(self._autoencoder, to_unit_range(image[np.newaxis]))
        return np.asarray(latent)

    def decode(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the pixels of a latent."""
        (pixels,) = model.decode(self._autoencoder, latent[np.newaxis])
        return np.asarray(pixels[..., 0])


def latent_of(network: Network, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the latent of an image, H x W grey levels.

    h x w with h = ⌈H / stride⌉ and w = ⌈W / stride⌉; of a model with several channels,
    h x w x channels.
    """
    stride = network.stride
    shape = [-(-side // stride) for side in image.shape]
    latent = np.empty((*shape, network.channels), np.float32)
    tiles = list(_tiles((shape[0], shape[1]), network.tile, network.encoding_reach))
    for tile, wide, inner in progress.steps("network", tiles, len(tiles)):
        pixels = image[_pixels(wide[0], stride), _pixels(wide[1], stride)]
        latent[tile] = network.encode(pixels)[inner]
    return latent[..., 0] if latent.shape[-1] == 1 else latent


def image_of(
    network: Network, latent: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the image, H x W grey levels, that a latent such as `latent_of` returns decodes to."""
    stride = network.stride
    channels = latent.reshape(*latent.shape[:2], -1)
    image = np.empty(shape, np.uint8)
    tiles = list(_tiles((latent.shape[0], latent.shape[1]), network.tile, network.decoding_reach))
    for tile, wide, inner in progress.steps("network", tiles, len(tiles)):
        pixels = network.decode(channels[wide])
        part = image[_pixels(tile[0], stride), _pixels(tile[1], stride)]
        cut = pixels[_pixels(inner[0], stride), _pixels(inner[1], stride)]
        part[...] = to_grey_levels(cut[: part.shape[0], : part.shape[1]])
    return image


Slices = tuple[slice, slice]


def _tiles(
    shape: tuple[int, int], side: int, reach: int | None
) -> Iterator[tuple[Slices, Slices, Slices]]:
    """Yield each tile of a latent, the same with its margin, and its place within that.

    The margin is one value more than matters. Where all of them do, the whole is one tile.
    """
    side, margin = (max(shape), 0) if reach is None else (side, reach + 1)
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            sides = [
                _side(start, end, side, margin)
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
