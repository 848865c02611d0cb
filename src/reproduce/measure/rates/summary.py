"""The few numbers of a run's rates that its record and the claims hold."""

import math

import pandas as pd

from reproduce.core.values import Number, Value
from reproduce.measure import metrics
from reproduce.measure.rates import autoencoder, curves

QUALITY = 8
"""1/step at which the file's size counts: half that step changes the image by little."""


class BDRateSummary(Value):
    """How many per cent of bytes more than JPEG the model's files need, by one metric.

    Attributes
    ----------
    percent, overlap
        Of the mean curves, and the share of the range that the two have in common.
    percent_of_images, images
        Mean over the images of each one's own, and how many have one.
    """

    percent: Number
    overlap: Number
    percent_of_images: Number
    images: int


class Rates(Value):
    """What a run's model reaches as a codec.

    Attributes
    ----------
    points
        `quality`, `bpp` and metrics at each step, means over the test images.
    bd_rate
        By the name of the metric.
    file_ratio
        Bytes of the file at `QUALITY` ÷ bytes of the original's PNG, mean of images.
    """

    points: tuple[dict[str, Number], ...]
    bd_rate: dict[str, BDRateSummary]
    file_ratio: Number


def of_tables(table: pd.DataFrame, scores: pd.DataFrame) -> Rates:
    """Summarise a table of rates (`measurement.read`) and one of the test images (`scores`)."""
    points = curves.means(table)
    return Rates(
        points=points_of(points),
        bd_rate={metric.name: _bd_rate(table, points, metric.name) for metric in metrics.METRICS},
        file_ratio=_file_ratio(table, scores),
    )


def points_of(points: pd.DataFrame) -> tuple[dict[str, float], ...]:
    """Return the model's own points (from `curves.means`): quality, bpp and metrics."""
    columns = ["quality", "bpp", *(metric.name for metric in metrics.METRICS)]
    of_model = points[points["codec"] == autoencoder.AUTOENCODER]
    return tuple(
        {str(name): value for name, value in row.items()}
        for row in of_model[columns].to_dict("records")
    )


def _bd_rate(table: pd.DataFrame, points: pd.DataFrame, metric: str) -> BDRateSummary:
    found = curves.bd_rate(points, autoencoder.AUTOENCODER, metric)
    of_images = curves.bd_rate_of_images(table, autoencoder.AUTOENCODER, metric)
    return BDRateSummary(
        percent=found.percent,
        overlap=found.overlap,
        percent_of_images=of_images.percent,
        images=of_images.images,
    )


def _file_ratio(table: pd.DataFrame, scores: pd.DataFrame) -> float:
    is_file = (table["size"] == "full") & (table["codec"] == autoencoder.AUTOENCODER)
    files = table[is_file & (table["quality"] == QUALITY)].set_index("image")["bytes"]
    originals = scores.set_index("name")["original_bytes"]
    return float((files / originals[files.index]).mean())


def quantities(rates: Rates) -> dict[str, float]:
    """Return the single numbers that pages and claims name."""
    (coded,) = (point for point in rates.points if point["quality"] == QUALITY)
    by_psnr = rates.bd_rate["psnr_db"]
    return {
        "bd_rate": by_psnr.percent,
        "bd_rate_overlap": by_psnr.overlap,
        "bd_rate_of_images": by_psnr.percent_of_images,
        "file_ratio": rates.file_ratio,
        "file_bpp": coded["bpp"],
        "file_psnr": coded["psnr_db"],
        "best_psnr": max((point["psnr_db"] for point in rates.points), default=math.nan),
        "best_bpp": rates.points[-1]["bpp"],
    }
