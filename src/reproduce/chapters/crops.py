"""Crops of one image at the points of a plot: a sheet of them, and what is told of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from reproduce.chapters.pictures import Picture, grid, middle
from reproduce.core import parallel
from reproduce.measure import metrics
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.measure.rates.interface import Codec
from reproduce.measure.subject import Levels

_GAP = 4


def step(quality: float) -> str:
    """Return the step of the autoencoder's quantisation, which is 1 by its quality.

    >>> step(1), step(1.5), step(64)
    ('1', '2/3', '1/64')
    """
    return str(1 / Fraction(quality))


def setting(codec: str, quality: float) -> str:
    """Name a codec with its quality, as "JPEG, quality 30" or "autoencoder, step 1/4"."""
    what = f"step {step(quality)}" if codec == AUTOENCODER else f"quality {quality:g}"
    return f"{codec}, {what}"


@dataclass(frozen=True)
class Crop:
    """The middle of an image as a file gives it back, and what is told of it."""

    codec: str
    quality: float
    pixels: Levels
    psnr_db: float
    text: str


@dataclass(frozen=True)
class Crops:
    """The middle of an image, and as codecs give it back, from few bytes to many.

    Attributes
    ----------
    figure
        Name of the figure of a page that shows the sheet.
    original
        Side x side grey levels.
    rows
        Of each codec.
    """

    figure: str
    original: Levels
    rows: Sequence[Sequence[Crop]]

    def nearest(self, codec: str, qualities: Sequence[float]) -> list[int | None]:
        """Return for each quality the number of the codec's crop that comes nearest to it.

        Numbers are those of `told`; nearest in the order of the qualities; None without a crop.
        """
        own = [
            (number, crop.quality)
            for number, crop in enumerate(self._crops, start=1)
            if crop.codec == codec
        ]
        order = sorted({*qualities, *(quality for _, quality in own)})
        return [
            min(own, key=lambda crop: abs(order.index(crop[1]) - order.index(quality)))[0]
            if own
            else None
            for quality in qualities
        ]

    def told(self) -> dict[str, Any]:
        """Return the sheet's figure, and place and text of each crop, the original's first.

        Places are pixels from the left and from the top.
        """
        side = len(self.original)
        places = [(0, 0)] + [
            (column, row)
            for row, crops in enumerate(self.rows, start=1)
            for column, _ in enumerate(crops)
        ]
        texts = ["original", *(crop.text for crop in self._crops)]
        crops = [
            {"left": column * (side + _GAP), "top": row * (side + _GAP), "text": text}
            for (column, row), text in zip(places, texts, strict=True)
        ]
        return {"figure": self.figure, "side": side, "crops": crops}

    @property
    def _crops(self) -> list[Crop]:
        return [crop for row in self.rows for crop in row]


def sheet(crops: Crops) -> Picture:
    """Show all crops pixel by pixel: the original alone, below it a row for each codec."""
    pixels = [[crops.original], *([crop.pixels for crop in row] for row in crops.rows)]
    white = np.full_like(crops.original, 255)
    longest = max(map(len, pixels))
    best = (max(row, key=lambda crop: crop.psnr_db) for row in crops.rows)
    alt = (
        f"A sheet of small crops of one picture: the original on top, below it {len(crops.rows)} "
        "rows of what codecs give back, from few bytes on the left to many on the right. The best "
        f"of each row: {'; '.join(crop.text for crop in best)}."
    )
    return grid([[*row, *[white] * (longest - len(row))] for row in pixels], alt, _GAP)


def at_points(
    chosen: Sequence[Codec], image: Levels, figure: str, side: int = 96, every: int = 2
) -> Crops:
    """Return what the middle of an image looks like at points of each codec, for `sheet`.

    Parameters
    ----------
    chosen
        The codecs.
    image
        H x W grey levels; all of it is coded.
    figure
        Name of the figure of a page that shows the sheet.
    side
        Of the crops, in pixels.
    every
        Of the measured qualities every second is shown, or every third.
    """
    shown = partial(_crop, image=image, side=side)
    tasks = [(codec, quality) for codec in chosen for quality in codec.qualities[::every]]
    made = list(parallel.map_in_order(shown, tasks))
    rows = [[crop for crop in made if crop.codec == codec.name] for codec in chosen]
    return Crops(figure, middle(image, side), rows)


def _crop(task: tuple[Codec, float], image: Levels, side: int) -> Crop:
    codec, quality = task
    data = codec.encode(image, quality)
    decoded = codec.decode(data)
    psnr = metrics.psnr(image, decoded)
    text = (
        f"{setting(codec.name, quality)}: {len(data):,} bytes, "
        f"{8 * len(data) / image.size:.2f} bits per pixel, {psnr:.2f} dB PSNR"
    )
    return Crop(codec.name, quality, middle(decoded, side), psnr, text)
