"""Curves of rate against distortion: means over images with bands, BD-rates, values in between."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reproduce.core import store
from reproduce.core.values import Value
from reproduce.measure import metrics
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.measure.statistics import summarise

ANCHOR = "JPEG"
"""The codec that BD-rates compare with."""

LEAST_OVERLAP = 0.5
"""Below this share of the quality range that two curves share, a BD-rate comes with a warning."""

Floats = NDArray[np.float64]


def means(table: pd.DataFrame, size: str = "full") -> pd.DataFrame:
    """Return the mean over images for each codec and quality, by rising quality.

    Parameters
    ----------
    table
        From `measurement.read`.
    size
        `full`, or `half`.

    Returns
    -------
    pandas.DataFrame
        Columns codec, quality, bpp, and for each metric its mean and the ends of the mean's 95 %
        interval over images: psnr_db, psnr_db_low, psnr_db_high, …
    """
    rows = []
    for (codec, quality), group in table[table["size"] == size].groupby(
        ["codec", "quality"], sort=True
    ):
        row = {"codec": codec, "quality": quality, "bpp": group["bpp"].mean()}
        for metric in metrics.METRICS:
            finite = group[metric.name].replace(math.inf, math.nan)  # of equal images
            summary = summarise(finite)
            row[metric.name] = summary.mean
            row[f"{metric.name}_low"], row[f"{metric.name}_high"] = summary.low, summary.high
        rows.append(row)
    return pd.DataFrame(rows)


def names(curves: pd.DataFrame) -> list[str]:
    """Return the codecs' names: the model's own first, then the anchor, then the others."""
    first = [AUTOENCODER, ANCHOR]
    found = list(dict.fromkeys(curves["codec"]))
    return [name for name in first if name in found] + [n for n in found if n not in first]


def rising(curves: pd.DataFrame, codec: str, metric: str) -> tuple[Floats, Floats]:
    """Return rates and qualities of a codec's points that cost more and are better than all before.

    What costs more and is no better is no choice that anyone would make, and no function of the
    quality.
    """
    points = curves[curves["codec"] == codec]
    return _rising(points["bpp"].to_numpy(), points[metric].to_numpy())


def _rising(all_rates: Floats, all_values: Floats) -> tuple[Floats, Floats]:
    rates: list[float] = []
    values: list[float] = []
    for place in np.argsort(all_rates, kind="stable"):
        rate, value = all_rates[place], all_values[place]
        if math.isnan(value):
            continue
        if not values or (rate > rates[-1] and value > values[-1]):
            rates.append(rate)
            values.append(value)
    return np.array(rates), np.array(values)


@dataclass(frozen=True)
class BDRate:
    """How many more bytes a codec needs than the anchor for the same quality, on average.

    Attributes
    ----------
    percent
        Above 0 is more; NaN where the curves share no quality.
    overlap
        Share of the quality range of both that they have in common, from 0 to 1: the mean is taken
        there alone.
    """

    percent: float
    overlap: float

    @property
    def doubtful(self) -> bool:
        """Whether the curves overlap too little for the number to say much."""
        return self.overlap < LEAST_OVERLAP


def bd_rate(curves: pd.DataFrame, codec: str, metric: str, anchor: str = ANCHOR) -> BDRate:
    """Return the BD-rate of a codec over the anchor (Bjøntegaard 2001), by monotone cubics.

    SSIM and MS-SSIM are taken in decibels, -10 log10(1 - value): near 1 equal steps are not equal.
    """
    return _bd_rate(rising(curves, codec, metric), rising(curves, anchor, metric), metric)


def _bd_rate(own: tuple[Floats, Floats], other: tuple[Floats, Floats], metric: str) -> BDRate:
    import bjontegaard  # and with it a good part of SciPy, a second that few processes need

    (rates, values), (anchor_rates, anchor_values) = own, other
    if min(len(rates), len(anchor_rates)) < 2:
        return BDRate(math.nan, 0.0)
    scale = metrics.metric(metric).in_decibels
    values, anchor_values = scale(values), scale(anchor_values)
    ends = (values[0], anchor_values[0]), (values[-1], anchor_values[-1])
    shared = min(ends[1]) - max(ends[0])
    overlap = max(0.0, float(shared / (max(ends[1]) - min(ends[0]))))
    if not overlap:
        return BDRate(math.nan, 0.0)
    percent = bjontegaard.bd_rate(
        anchor_rates,
        anchor_values,
        rates,
        values,
        method="pchip",
        require_matching_points=False,
        min_overlap=0,  # `doubtful` says it, where the number is shown
    )
    return BDRate(float(percent), overlap)


@dataclass(frozen=True)
class BDRateOfImages:
    """Each image's own BD-rate, and then the mean.

    Mean curves are what they are by images that go far apart: a codec whose rate is a target, as
    that of JPEG 2000, gives each image the same rate, and others spend more where more is needed.

    Attributes
    ----------
    percent
        Mean over the images that have one, above 0 is more; NaN if none has.
    images
        How many have one: the curves of the others share no quality.
    """

    percent: float
    images: int


def bd_rate_of_images(
    table: pd.DataFrame, codec: str, metric: str, size: str = "full", anchor: str = ANCHOR
) -> BDRateOfImages:
    """Return the mean over images of each image's own BD-rate over the anchor.

    Takes what `measurement.read` returns.
    """
    own, other = (table[table["codec"] == name] for name in (codec, anchor))
    known = bd_rates_by_image(own, other, metric, size).dropna()
    return BDRateOfImages(float(known.mean()) if len(known) else math.nan, len(known))


def bd_rates_by_image(
    own: pd.DataFrame, anchor: pd.DataFrame, metric: str, size: str = "full"
) -> "pd.Series[float]":
    """Return each image's BD-rate in percent, by image: of one table over that of an anchor.

    Each table is of one codec, from `measurement.read`. NaN where the curves share no quality.

    Raises
    ------
    KeyError
        The anchor has not got an image.
    """
    curves_of, anchor_curves = (
        {
            image: _rising(points["bpp"].to_numpy(), points[metric].to_numpy())
            # Equal images have an infinite PSNR.
            for image, points in table[table["size"] == size]
            .replace(math.inf, math.nan)
            .groupby("image")
        }
        for table in (own, anchor)
    )
    return pd.Series(
        {
            image: _bd_rate(curve, anchor_curves[image], metric).percent
            for image, curve in curves_of.items()
        },
        dtype=float,
    )


def quality_at(curves: pd.DataFrame, codec: str, metric: str, rate: float) -> float:
    """Return a codec's quality at a rate, on straight lines over the logarithm of the rate.

    NaN beyond the ends of its curve.
    """
    rates, values = rising(curves, codec, metric)
    return _between(np.log(rates), values, math.log(rate))


def rate_at(curves: pd.DataFrame, codec: str, metric: str, quality: float) -> float:
    """Return the rate at which a codec reaches a quality; NaN beyond the ends of its curve."""
    rates, values = rising(curves, codec, metric)
    return math.exp(_between(values, np.log(rates), quality))


def _between(x: Sequence[float] | Floats, y: Sequence[float] | Floats, at: float) -> float:
    return float(np.interp(at, x, y, left=math.nan, right=math.nan)) if len(x) else math.nan


class PublishedCurve(Value):
    """A curve that others have published.

    Attributes
    ----------
    name
        Of the codec, with its authors and year.
    images
        What it was measured on, and over which channels.
    paper
        Its key in book/references.bib; for a codec without a paper, the program that was measured.
    source
        Where the numbers were taken from, with the licence.
    bpp, psnr_db
        The points, by rising rate.
    """

    name: str
    images: str
    paper: str
    source: str
    bpp: tuple[float, ...]
    psnr_db: tuple[float, ...]


def read_elsewhere() -> list[PublishedCurve]:
    """Read the curves that others have published."""
    folder = store.project_root() / "results" / "elsewhere"
    files = sorted(folder.glob("*.json"))
    return [PublishedCurve.model_validate_json(file.read_bytes()) for file in files]
