"""Compression size: the ratio over the test images (figure 14)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from reproduce.chapters.drawings import Drawing
from reproduce.chapters.style import BLUE, VERMILION
from reproduce.chapters.text import compared, comparison, listed, rounded
from reproduce.core.backend import keras
from reproduce.core.markdown import table as markdown
from reproduce.data.preparation import PreparedData
from reproduce.measure import statistics
from reproduce.models import autoencoder as model
from reproduce.results import reported
from reproduce.results.run import Run


def ratio_histogram(scores: pd.DataFrame) -> Drawing:
    """Plot the size ratios of the test images, their mean with its interval, the paper's mean."""
    ratios = scores["size_ratio"]
    summary = statistics.summarise(ratios)
    figure = Drawing()
    figure.alt = (
        f"A histogram of {len(ratios)} size ratios from {ratios.min():.2f} to {ratios.max():.2f}, "
        f"{(ratios > 1).sum()} of them above 1. Their mean, {summary.mean:.3f}, stands "
        f"{'left' if summary.mean < reported.MEAN_RATIO else 'right'} of the paper's, "
        f"{reported.MEAN_RATIO:.3f}."
    )
    axes = figure.subplots()
    # Around a single ratio NumPy would put bins below 0.
    span = None if ratios.min() < ratios.max() else (0, 2 * float(ratios.max()))
    axes.hist(ratios, bins=24, range=span, color="#9CC7E2", edgecolor="white")
    if not math.isnan(summary.low):  # one image alone has no interval
        axes.axvspan(
            *(summary.low, summary.high),
            color=BLUE,
            alpha=0.25,
            lw=0,
            label="95 % interval of the mean",
        )
    axes.axvline(summary.mean, color=BLUE, label=f"mean {summary.mean:.3f}")
    axes.axvline(
        reported.MEAN_RATIO,
        color=VERMILION,
        ls="--",
        label=f"the paper's mean {reported.MEAN_RATIO:.3f}",
    )
    axes.axvline(1, color="black", lw=0.8)
    axes.set(
        xlabel="size ratio (bytes of the reconstruction ÷ bytes of the original)",
        ylabel="test images",
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


def best_and_worst(
    data: PreparedData, autoencoder: keras.Model, scores: pd.DataFrame, count: int = 3
) -> Drawing:
    """Show the test images of least and of greatest size ratio above their reconstructions.

    Of few images, each stands on one side only.
    """
    order = scores["size_ratio"].sort_values(kind="stable").index
    left = order[: min(count, -(-len(order) // 2))]
    right = order[max(len(left), len(order) - count) :]
    chosen = [*left, *right]
    figure = Drawing(figsize=(7.0, 3.1))
    least, greatest = (
        listed([f"{scores['size_ratio'][index]:.2f}" for index in some]) for some in (left, right)
    )
    figure.alt = (
        f"Originals above, reconstructions below: on the left images with ratios of {least}"
        f"{f', on the right of {greatest}' if len(right) else ''}."
    )
    axes = figure.subplots(2, len(chosen), squeeze=False)
    for column, index in enumerate(chosen):
        original = data.image("test", int(index))
        reconstruction = model.reconstruct(autoencoder, original[np.newaxis])[0]
        axes[0][column].imshow(original, cmap="gray", vmin=0, vmax=255)
        axes[1][column].imshow(reconstruction, cmap="gray", vmin=0, vmax=1)
        place = "least" if column < len(left) else "greatest"
        ratio = scores["size_ratio"][index]
        axes[0][column].set_title(f"{place}: {ratio:.2f}\ntest {index}", fontsize=8)
        for row in (0, 1):
            axes[row][column].set_axis_off()
    return figure


def mean_ratio(scores: pd.DataFrame, recorded: Run) -> str:
    """Return figure 14: the mean size ratio over the test split, with spread and interval."""
    ours, theirs = statistics.summarise(scores["size_ratio"]), recorded.test["size_ratio"]
    rows = [
        compared("test images", reported.TEST_IMAGES, theirs.images, ours.images),
        compared("mean size ratio", reported.MEAN_RATIO, theirs.mean, ours.mean),
        compared("standard deviation", None, theirs.standard_deviation, ours.standard_deviation),
        compared("95 % interval, low", None, theirs.low, ours.low),
        compared("95 % interval, high", None, theirs.high, ours.high),
    ]
    return comparison(rows)


def shrink_and_lose(correlation: float) -> str:
    """Answer whether the images that shrink most lose most, from the correlation of both."""
    if math.isnan(correlation):
        return "That can't be said"
    if abs(correlation) < 0.2:
        return "Hardly"
    return "Yes" if correlation > 0 else "No, the other way round"


def classes_in_words(scores: pd.DataFrame) -> str:
    """Say which class shrinks most and which loses most, as the end of a sentence."""
    means = scores.groupby("class")[["size_ratio", "psnr_db"]].mean()
    shrinks, loses = str(means["size_ratio"].idxmin()), str(means["psnr_db"].idxmin())
    ratio, psnr = means["size_ratio"][shrinks], means["psnr_db"][loses]
    other = "the same class" if shrinks == loses else loses.replace("_", " ")
    return (
        f"{shrinks.replace('_', ' ')} shrinks most, to {ratio:.3f}, and {other} loses most, with "
        f"{psnr:.2f} dB left"
    )


def _interval(summary: statistics.Summary) -> str:
    """Return an interval from its low to its high end; one image alone has none."""
    if math.isnan(summary.low):
        return "–"
    return f"{summary.low:.4f} – {summary.high:.4f}"


def ratio_by_class(scores: pd.DataFrame) -> str:
    """Return the mean size ratio of each class with its interval, PSNR and SSIM."""
    rows = []
    for name, group in [*scores.groupby("class", sort=True), ("all", scores)]:
        summary = statistics.summarise(group["size_ratio"])
        rows.append(
            {
                "class": str(name).replace("_", " "),
                "images": str(summary.images),
                "mean size ratio": rounded(summary.mean, 4),
                "standard deviation": rounded(summary.standard_deviation, 4),
                "95 % interval": _interval(summary),
                "PSNR (dB)": rounded(group["psnr_db"].mean(), 2),
                "SSIM": rounded(group["ssim"].mean(), 4),
            }
        )
    return markdown(rows, right=[column for column in rows[0] if column != "class"])
