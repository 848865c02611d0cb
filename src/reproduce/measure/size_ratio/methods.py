"""What is set beside the autoencoder: methods that each make bytes of an image.

Three kinds, by what the bytes are:

- `picture`: a PNG file of the picture that comes out, which is what the paper counts;
- `file`: what a receiver rebuilds the picture from, with common software;
- `latent`: what a receiver rebuilds it from with the trained decoder.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from reproduce.core.parameters import LatentReading
from reproduce.data import pixels
from reproduce.measure import png
from reproduce.measure.subject import Levels, Subject

Outcome = tuple[int, Levels]
"""How many bytes a method takes, and the picture that is left, H x W grey levels."""


@dataclass(frozen=True)
class Method:
    """One way to make bytes of an image: a name for tables, one for people, kind and function."""

    name: str
    label: str
    kind: Literal["picture", "file", "latent"]
    apply: Callable[[Subject], Outcome]


def _picture(image: Levels) -> Outcome:
    return len(png.png(image)), image


def _autoencoder(subject: Subject) -> Outcome:
    return _picture(subject.reconstructed_levels)


def _blurred(sigma: float, subject: Subject) -> Outcome:
    return _picture(_round(gaussian_filter(subject.original.astype(np.float64), sigma)))


def _mid_grey(subject: Subject) -> Outcome:
    return _picture(np.full_like(subject.original, 128))


def _halved(subject: Subject) -> Outcome:
    half = pixels.half_size_levels(subject.original)
    return len(png.png(half)), _doubled(half, subject.original.shape)


def _halved_and_doubled(subject: Subject) -> Outcome:
    _, doubled = _halved(subject)
    return _picture(doubled)


def _doubled(half: Levels, shape: tuple[int, ...]) -> Levels:
    """Return an image at twice its size by bilinear interpolation, cut to H x W."""
    height, width = half.shape
    doubled = Image.fromarray(half).resize((2 * width, 2 * height), Image.Resampling.BILINEAR)
    return np.asarray(doubled)[: shape[0], : shape[1]]


def _jpeg(quality: int, subject: Subject) -> Outcome:
    buffer = io.BytesIO()
    Image.fromarray(subject.original).save(buffer, format="JPEG", quality=quality)
    with Image.open(buffer) as decoded:
        return buffer.getbuffer().nbytes, np.asarray(decoded)


def _jpeg_as_png(quality: int, subject: Subject) -> Outcome:
    _, decoded = _jpeg(quality, subject)
    return _picture(decoded)


def _raw(subject: Subject) -> Outcome:
    return subject.original.nbytes, subject.original


def _latent_as_numbers(kind: type[np.floating], subject: Subject) -> Outcome:
    sent = subject.latent.astype(kind)
    return sent.nbytes, subject.decode(sent)


BYTES_OF_RANGE = 8
"""Of the least and the greatest value of a stretched latent, which its receiver needs as well."""


def _latent_as_png(reading: LatentReading, subject: Subject) -> Outcome:
    latent = subject.latent
    image = png.latent_image(latent, reading)
    read = image / np.float32(255)
    if reading == "clip":
        return len(png.png(image)), subject.decode(read)
    read = latent.min() + read * np.ptp(latent)
    return len(png.png(image)) + BYTES_OF_RANGE, subject.decode(read)


def _round(levels: NDArray[np.floating]) -> Levels:
    rounded: Levels = np.rint(levels).astype(np.uint8)
    return rounded


SIGMAS = (0.5, 0.7, 1, 1.5, 2, 4)
"""Of the Gaussian blurs, in pixels."""

JPEG_QUALITY = 95
"""Nearly lossless for the images of beans, which are JPEG files of that quality."""

_JPEG = f"JPEG {JPEG_QUALITY}"

METHODS = (
    Method("autoencoder", "autoencoder", "picture", _autoencoder),
    *(
        Method(f"blur-{sigma}", f"blur, σ = {sigma}", "picture", partial(_blurred, sigma))
        for sigma in SIGMAS
    ),
    Method("halved-doubled", "halved and doubled", "picture", _halved_and_doubled),
    Method("mid-grey", "mid-grey", "picture", _mid_grey),
    Method("jpeg-as-png", f"{_JPEG}, saved as PNG", "picture", partial(_jpeg_as_png, JPEG_QUALITY)),
    Method("jpeg", _JPEG, "file", partial(_jpeg, JPEG_QUALITY)),
    Method("halved", "PNG of half the size", "file", _halved),
    Method("raw", "raw grey levels", "file", _raw),
    Method("latent-float32", "latent, 32-bit", "latent", partial(_latent_as_numbers, np.float32)),
    Method("latent-float16", "latent, 16-bit", "latent", partial(_latent_as_numbers, np.float16)),
    Method("latent-clip", "latent, PNG (clip)", "latent", partial(_latent_as_png, "clip")),
    Method("latent-stretch", "latent, PNG (stretch)", "latent", partial(_latent_as_png, "stretch")),
)
"""All of them, in the order of the tables; one more here joins tables and plot."""
