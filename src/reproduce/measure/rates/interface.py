"""The one interface that all codecs stand behind, and formats that Pillow writes behind it."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
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
    year
        Of the format's standard, or of its first release.
    form
        Pillow's name of the format.
    options
        Returns what Pillow's `save` is told, from the quality.
    packages
        The distributions that encode and decode.
    """

    name: str
    year: int
    settings: str
    qualities: Sequence[float]
    form: str
    options: Callable[[float], dict[str, Any]]
    packages: tuple[str, ...] = ("pillow",)

    def encode(self, image: Grey, quality: float) -> bytes:
        """Return the bytes of a file with an image, H x W grey levels."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, self.form, **self.options(quality))
        return buffer.getvalue()

    def decode(self, data: bytes) -> Grey:
        """Return the image in the bytes of a file; of colour its luma, as Pillow computes it."""
        with Image.open(io.BytesIO(data), formats=[self.form]) as image:
            return np.asarray(image.convert("L"))


def nearest(codec: Codec, image: Grey, bits_per_pixel: float) -> tuple[float, bytes]:
    """Return the quality, among those measured, whose file comes nearest to a rate, and the file.

    Nearest as a ratio: half and twice the rate are equally far.
    """
    files = {quality: codec.encode(image, quality) for quality in codec.qualities}

    def distance(quality: float) -> float:
        return abs(math.log(8 * len(files[quality]) / image.size / bits_per_pixel))

    best = min(files, key=distance)
    return best, files[best]
