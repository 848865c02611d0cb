"""Tables of chapter 7, as Markdown text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reproduce import metrics
from reproduce.markdown import table
from reproduce.rates import curves
from reproduce.rates.interface import Codec
from reproduce.rates.own import AUTOENCODER


def settings(chosen: Sequence[Codec]) -> str:
    """Return what is set for each codec, and which qualities are measured."""
    return table(
        [
            {
                "codec": codec.name,
                "settings": codec.settings,
                "qualities": ", ".join(f"{quality:g}" for quality in codec.qualities),
            }
            for codec in chosen
        ]
    )


def bd_rates(points: pd.DataFrame) -> str:
    """Return the BD-rate of each codec over the anchor, for each metric, with its overlap.

    Takes what `curves.means` returns. A number whose curves overlap too little has a warning sign.
    """
    rows = []
    for name in curves.names(points):
        if name == curves.ANCHOR:
            continue
        found = {
            metric.label: curves.bd_rate(points, name, metric.name) for metric in metrics.METRICS
        }
        rows.append({"codec": name} | {label: _bd_rate(one) for label, one in found.items()})
    return table(rows, right=[metric.label for metric in metrics.METRICS])


def bd_rates_of_images(table_of_images: pd.DataFrame, size: str = "full") -> str:
    """Return for each codec and metric the mean over images of each image's own BD-rate.

    Takes what `measurement.read` returns; where not all images have one, their number is told.
    """
    images = table_of_images["image"].nunique()
    rows = []
    for name in curves.names(table_of_images):
        if name == curves.ANCHOR:
            continue
        found = {
            metric.label: curves.bd_rate_of_images(table_of_images, name, metric.name, size)
            for metric in metrics.METRICS
        }
        rows.append(
            {"codec": name} | {label: _of_images(one, images) for label, one in found.items()}
        )
    return table(rows, right=[metric.label for metric in metrics.METRICS])


def _of_images(found: curves.BDRateOfImages, images: int) -> str:
    if not found.images:
        return "–, no overlap"
    part = "" if found.images == images else f", {found.images} of {images} images"
    return f"{found.percent:+.1f} %{part}"


def signed(percent: float) -> str:
    """Return a number for prose, whole and with its sign; "–" for none."""
    return "–" if math.isnan(percent) else f"{percent:+.0f}"


def _bd_rate(found: curves.BDRate) -> str:
    if math.isnan(found.percent):
        return "–, no overlap"
    sign = "⚠ " if found.doubtful else ""
    return f"{sign}{found.percent:+.1f} %, overlap {found.overlap:.0%}"


def at_rates(points: pd.DataFrame, rates: Sequence[float]) -> str:
    """Return the PSNR of each codec at some rates, in bits per pixel, between measured points."""
    rows = []
    for name in curves.names(points):
        values = (curves.quality_at(points, name, "psnr_db", rate) for rate in rates)
        columns = {
            f"{rate:g} bpp": _rounded(value, 2) for rate, value in zip(rates, values, strict=True)
        }
        rows.append({"PSNR (dB)": name} | columns)
    return table(rows, right=[f"{rate:g} bpp" for rate in rates])


def steps(points: pd.DataFrame) -> str:
    """Return rate and quality of the autoencoder for each step of the quantisation."""
    own = points[points["codec"] == AUTOENCODER].sort_values("quality")
    rows = [
        {
            "step": f"1/{point['quality']:g}" if point["quality"] != 1 else "1",
            "bits per pixel": f"{point['bpp']:.3f}",
            "PSNR (dB)": f"{point['psnr_db']:.2f}",
            "SSIM": _rounded(point["ssim"], 4),
            "MS-SSIM": _rounded(point["ms_ssim"], 4),
        }
        for _, point in own.iterrows()
    ]
    return table(rows, right=list(rows[0]))


def times(measured: pd.DataFrame, points: pd.DataFrame, rate: float) -> str:
    """Return each codec's time to encode and decode an image, at the quality nearest to a rate.

    Parameters
    ----------
    measured
        `times.csv` of the same run as the points.
    points
        From `curves.means`.
    rate
        In bits per pixel.
    """
    rows = []
    for name in curves.names(points):
        own = points[points["codec"] == name]
        nearest = own.iloc[int(np.abs(np.log(own["bpp"].to_numpy() / rate)).argmin())]
        is_row = (measured["codec"] == name) & (measured["quality"] == nearest["quality"])
        (row,) = measured[is_row].to_dict("records")
        rows.append(
            {
                "codec": name,
                "bits per pixel": f"{nearest['bpp']:.2f}",
                "encode (ms)": f"{1000 * row['encode_seconds']:.1f}",
                "decode (ms)": f"{1000 * row['decode_seconds']:.1f}",
            }
        )
    return table(rows, right=[column for column in rows[0] if column != "codec"])


def elsewhere(references: Sequence[Mapping[str, Any]]) -> str:
    """Return where each curve comes from that others have published."""
    return table(
        [
            {"curve": one["name"], "images": one["images"], "source": one["source"]}
            for one in references
        ]
    )


def _rounded(value: float, decimals: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{decimals}f}"
