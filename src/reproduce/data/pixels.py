"""Grey levels and what is made of them; a few of many images, from all over."""

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

GREY_LEVELS = 256


class UndefinedGreyError(ValueError):
    """What grey is in an image is not defined: the range of its numbers is not known."""


def to_grey(image: Image.Image) -> Image.Image:
    """Convert to 8-bit grey as the paper does (its section III.A: Pillow's `convert("L")`).

    Images of 16 bits per pixel, which `convert` would clip at 255, are scaled instead. What is
    transparent stands on a white ground; `convert` would show the colours hidden below it.

    Raises
    ------
    ValueError
        What grey is in this kind of image is not defined: floating-point pixels, whose range is
        not known, or a colour space that Pillow does not convert.
    """
    if image.mode.startswith("I"):
        stored = np.asarray(image)
        levels = np.clip(np.rint(stored.astype(np.float64) / 257.0), 0, 255).astype(np.uint8)
        levels[stored == image.info.get("transparency", -1)] = 255
        return Image.fromarray(levels)
    if image.mode == "F":
        raise UndefinedGreyError("its pixels are floating-point numbers, whose range is not known")
    if image.mode in ("La", "RGBa"):  # colours that are multiplied by their opacity
        image = image.convert(image.mode.replace("a", "A"))
    if image.has_transparency_data:
        image = _on_white(image)
    return image.convert("L")


def _on_white(image: Image.Image) -> Image.Image:
    """Lay an image on a white ground, if any of its pixels is transparent."""
    coloured = image.convert("RGBA")
    if coloured.getchannel("A").getextrema() == (255, 255):
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured)


def to_unit_range(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn grey levels, … x H x W, into float32 in [0, 1] with a channel axis, … x H x W x 1."""
    return np.asarray(images, dtype=np.float32)[..., np.newaxis] / np.float32(255)


def upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF orientation says; one that can't be read turns nothing."""
    with suppress(Exception):  # Pillow raises many types for broken metadata
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            return ImageOps.exif_transpose(image)
    return image


def to_grey_levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Turn values into grey levels: clip to [0, 1], scale to 0–255, round to the nearest."""
    levels: NDArray[np.uint8] = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return levels


def half_size(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the means of blocks of 2 x 2 pixels, ⌈H/2⌉ x ⌈W/2⌉; borders are repeated."""
    even = np.pad(image, [(0, side % 2) for side in image.shape], mode="edge")
    height, width = even.shape
    blocks = even.reshape(height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


def half_size_levels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image at half its size by area averaging: ⌈H/2⌉ x ⌈W/2⌉ grey levels."""
    return np.rint(half_size(image)).astype(np.uint8)


def spread(images: int, most: int) -> list[int]:
    """Return the indices of at most `most` of that many images, spread evenly over all.

    >>> spread(10, 4)
    [0, 3, 6, 9]
    """
    count = min(images, most)
    if count < 2:
        return [0][:count]
    return [round(number * (images - 1) / (count - 1)) for number in range(count)]
