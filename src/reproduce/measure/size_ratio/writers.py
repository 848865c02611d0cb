"""Writers of PNG files: all lossless, and yet of different sizes."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import oxipng
from numpy.typing import NDArray
from PIL import Image

from reproduce.measure import png

OXIPNG_LEVEL = 4
"""Of its levels 0 to 6; the two above gain next to nothing on these images."""


@dataclass(frozen=True)
class Writer:
    """One way to write an H x W grey image as PNG: a name for tables, one for people, function."""

    name: str
    label: str
    write: Callable[[NDArray[np.uint8]], bytes]


def _pillow_optimised(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _oxipng(image: NDArray[np.uint8]) -> bytes:
    return bytes(oxipng.optimize_from_memory(png.png(image), level=OXIPNG_LEVEL))


WRITERS = (
    Writer("pillow", "Pillow, default", png.png),
    Writer("pillow-optimised", "Pillow, optimised", _pillow_optimised),
    Writer("oxipng", f"oxipng, level {OXIPNG_LEVEL}", _oxipng),
)
"""All of them, in the order of the table; the first is the paper's."""
