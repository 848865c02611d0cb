"""The few numbers of a run's rates that its record and the claims hold."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from reproduce.core import store
from reproduce.core.parameters import Parameters
from reproduce.core.store import or_nan
from reproduce.measure import metrics
from reproduce.measure.rates import autoencoder, curves, measurement

TRIALS = "quantisation.json"

QUALITY = 8
"""1/step at which the file's size counts: half that step changes the image by little."""


def summarise(parameters: Parameters, scores: pd.DataFrame) -> dict[str, Any]:
    """Return what a run's model reaches as a codec, as JSON-like values; measure it if needed.

    Returns
    -------
    dict
        `points`: quality, bpp and metrics at each step, means over the test images. `bd_rate`: for
        each metric, per cent of bytes more than JPEG, and the overlap of the two curves; also the
        mean over images of each image's own, and how many images have one.
        `file_ratio`: bytes of the file at `QUALITY` ÷ bytes of the original's PNG, mean of images.
    """
    folders = [*measurement.references(parameters), autoencoder.rates(parameters)]
    return of_tables(measurement.read(folders), scores)


def of_tables(table: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """Return the same from a table of rates and one of the test images (`scores.score`)."""
    points = curves.means(table)
    columns = ["quality", "bpp", *(metric.name for metric in metrics.METRICS)]
    of_model = points[points["codec"] == autoencoder.AUTOENCODER]
    return {
        "points": of_model[columns].to_dict("records"),
        "bd_rate": {
            metric.name: _bd_rate(table, points, metric.name) for metric in metrics.METRICS
        },
        "file_ratio": _file_ratio(table, scores),
    }


def _bd_rate(table: pd.DataFrame, points: pd.DataFrame, metric: str) -> dict[str, float]:
    found = curves.bd_rate(points, autoencoder.AUTOENCODER, metric)
    of_images = curves.bd_rate_of_images(table, autoencoder.AUTOENCODER, metric)
    return {
        "percent": found.percent,
        "overlap": found.overlap,
        "percent_of_images": of_images.percent,
        "images": of_images.images,
    }


def _file_ratio(table: pd.DataFrame, scores: pd.DataFrame) -> float:
    is_file = (table["size"] == "full") & (table["codec"] == autoencoder.AUTOENCODER)
    files = table[is_file & (table["quality"] == QUALITY)].set_index("image")["bytes"]
    originals = scores.set_index("name")["original_bytes"]
    return float((files / originals[files.index]).mean())


def quantities(summary: dict[str, Any]) -> dict[str, float]:
    """Return the single numbers that pages and claims name."""
    points = summary["points"]
    (coded,) = (point for point in points if point["quality"] == QUALITY)
    best = max((or_nan(point["psnr_db"]) for point in points), default=math.nan)
    return {
        "bd_rate": or_nan(summary["bd_rate"]["psnr_db"]["percent"]),
        "bd_rate_overlap": or_nan(summary["bd_rate"]["psnr_db"]["overlap"]),
        "bd_rate_of_images": or_nan(summary["bd_rate"]["psnr_db"]["percent_of_images"]),
        "file_ratio": summary["file_ratio"],
        "file_bpp": coded["bpp"],
        "file_psnr": or_nan(coded["psnr_db"]),
        "best_psnr": best,
        "best_bpp": points[-1]["bpp"],
    }


def read_trials() -> dict[str, Any]:
    """Read what training with quantised latents gave (`benchmarks/quantisation.py`).

    Raises
    ------
    ReproduceError
        There is no such result.
    """
    return store.read_result(TRIALS, "python -m benchmarks.quantisation FOLDER")


def curves_of_trials(trials: Mapping[str, Any]) -> dict[str, list[dict[str, float]]]:
    """Return the points of each trial by what was set in it."""
    return {label_of_trial(run): run["points"] for run in trials["runs"]}


def label_of_trial(run: Mapping[str, Any]) -> str:
    """Return what was set in a trial, as words."""
    if run["quantisation"] == "none":
        return "no quantisation, as in the paper"
    return f"{run['quantisation']}, step 1/{1 / run['quantisation_step']:g}"
