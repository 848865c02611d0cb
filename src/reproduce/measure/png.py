"""Bytes, as the paper counts them: an 8-bit grey PNG written by Pillow with its default settings.

The paper's "nisbah pemampatan" is bytes of the output ÷ bytes of the original, both saved as PNG:
`size_ratio` here, smaller is better. It is the inverse of the usual compression ratio, and no
rate of a codec: the chapter on the compression size says why.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reproduce.core.parameters import LatentReading
from reproduce.data.pixels import to_grey_levels


def latent_image(latent: NDArray[np.floating], reading: LatentReading) -> NDArray[np.uint8]:
    """Turn a latent into an 8-bit image in one of two ways; the paper doesn't say which it took.

    Parameters
    ----------
    latent
        h x w, 0 or more, without an upper bound.
    reading
        `clip`: 0 is black, 1 and all above is white, as for the reconstruction.
        `stretch`: the least value is black, the greatest white. A constant latent is black.
    """
    if reading == "clip":
        return to_grey_levels(latent)
    span = float(latent.max() - latent.min())
    return to_grey_levels((latent - latent.min()) / (span or 1.0))


def png(image: NDArray[np.uint8]) -> bytes:
    """Return the bytes of an H x W grey image as a PNG file, by Pillow's default settings."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()


def size_ratio(output_bytes: int, original_bytes: int) -> float:
    """Return the paper's ratio, bytes of the output ÷ bytes of the original: below 1 is smaller."""
    return output_bytes / original_bytes
