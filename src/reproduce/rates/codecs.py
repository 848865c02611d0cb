"""Codecs behind one interface, and the ones that people use.

To let another one join all measurements, tables and plots, add it to `REFERENCES`; one that a run
has to train goes into `own.of_run`.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pillow_jxl  # noqa: F401  # makes JPEG XL known to Pillow
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]


class Codec(Protocol):
    """What is measured: an image goes in, the bytes of a file come out, and an image from those."""

    @property
    def name(self) -> str:
        """Name for tables and plots; no two codecs share it."""

    @property
    def settings(self) -> str:
        """What is set, and which setting is the quality."""

    @property
    def qualities(self) -> Sequence[float]:
        """The settings that are measured, from few bytes to many."""

    def encode(self, image: Grey, quality: float) -> bytes:
        """Return the bytes of a file with an image, H x W grey levels."""

    def decode(self, data: bytes) -> Grey:
        """Return the image in the bytes of a file."""


@dataclass(frozen=True)
class PillowCodec:
    """A format that Pillow writes and reads.

    Attributes
    ----------
    name, settings, qualities
        See `Codec`.
    form
        Pillow's name of the format.
    options
        Returns what Pillow's `save` is told, from the quality.
    """

    name: str
    settings: str
    qualities: Sequence[float]
    form: str
    options: Callable[[float], dict[str, Any]]

    def encode(self, image: Grey, quality: float) -> bytes:
        """Return the bytes of a file with an image, H x W grey levels."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, self.form, **self.options(quality))
        return buffer.getvalue()

    def decode(self, data: bytes) -> Grey:
        """Return the image in the bytes of a file; of colour its luma, as Pillow computes it."""
        with Image.open(io.BytesIO(data), formats=[self.form]) as image:
            return np.asarray(image.convert("L"))


# From the least that is of any use to 2 bits per pixel on beans.
REFERENCES: tuple[Codec, ...] = (
    PillowCodec(
        "JPEG",
        "Pillow (libjpeg-turbo): quality; optimised Huffman tables, progressive",
        (1, 4, 7, 10, 15, 20, 30, 40, 50, 60, 70, 78, 85),
        "JPEG",
        lambda quality: {"quality": int(quality), "optimize": True, "progressive": True},
    ),
    PillowCodec(
        "WebP",
        "Pillow (libwebp): quality; lossy, method 6",
        (0, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 88),
        "WEBP",
        lambda quality: {"quality": int(quality), "method": 6},
    ),
    PillowCodec(
        "JPEG 2000",
        "Pillow (OpenJPEG): target in bits per pixel; irreversible 9-7 wavelet, bare codestream",
        (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0),
        "JPEG2000",
        lambda rate: {
            "quality_mode": "rates",
            "quality_layers": [8 / rate],
            "irreversible": True,
            "no_jp2": True,
        },
    ),
    PillowCodec(
        "AVIF",
        "Pillow (libavif, libaom): quality; speed 6, monochrome",
        (4, 8, 13, 20, 26, 32, 38, 44, 50, 56, 62, 68, 77),
        "AVIF",
        lambda quality: {"quality": int(quality), "speed": 6, "subsampling": "4:0:0"},
    ),
    PillowCodec(
        "JPEG XL",
        "pillow-jxl-plugin (libjxl): quality; effort 7",
        (2, 5, 10, 20, 30, 40, 50, 60, 68, 75, 80, 85, 89),
        "JXL",
        lambda quality: {"quality": quality, "effort": 7},
    ),
)
"""Codecs that need no training."""


def nearest(codec: Codec, image: Grey, bits_per_pixel: float) -> tuple[float, bytes]:
    """Return the quality, among those measured, whose file comes nearest to a rate, and the file.

    Nearest as a ratio: half and twice the rate are equally far.
    """
    files = {quality: codec.encode(image, quality) for quality in codec.qualities}

    def distance(quality: float) -> float:
        return abs(math.log(8 * len(files[quality]) / image.size / bits_per_pixel))

    best = min(files, key=distance)
    return best, files[best]
