"""The book's plots and pictures, in one style. Each function returns a new matplotlib figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import NDArray

from reproduce import costs, evaluation, model, paper, record
from reproduce.backend import keras
from reproduce.parameters import SPLITS, Split
from reproduce.preparation import GREY_LEVELS, PreparedData

STYLE = Path(__file__).with_name("reproduce.mplstyle")
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"


def use_style() -> None:
    """Set matplotlib's defaults to the book's style (`reproduce.mplstyle`)."""
    style.use(STYLE)


def class_samples(data: PreparedData, split: Split = "train", per_class: int = 5) -> Figure:
    """Show images of each class of a split, evenly spaced over the class: a row per class."""
    labels = data.labels(split)
    images = data.images(split)
    rows = len(data.classes)
    figure = Figure(figsize=(7.0, 1.55 * rows))
    axes = figure.subplots(rows, per_class, squeeze=False)
    for label, name in enumerate(data.classes):
        of_class = np.flatnonzero(labels == label)
        places = np.linspace(0, len(of_class) - 1, min(per_class, len(of_class)))
        chosen = of_class[places.round().astype(int)]
        for axis in axes[label]:
            axis.set_axis_off()
        for axis, index in zip(axes[label], chosen, strict=False):
            axis.imshow(images[index], cmap="gray", vmin=0, vmax=255)
            axis.set_title(f"{split} {index}", fontsize=8)
        axes[label][0].text(
            -0.08, 0.5, name.replace("_", " "), rotation=90, ha="right", va="center",
            transform=axes[label][0].transAxes,
        )  # fmt: skip
    return figure


def grey_histogram(data: PreparedData) -> Figure:
    """Plot how often each grey level occurs in each split."""
    figure = Figure()
    axes = figure.subplots()
    for split, line in zip(SPLITS, ("-", "--", ":"), strict=True):
        counts = data.histogram(split)
        if counts.sum():
            axes.plot(
                100 * counts / counts.sum(), line, label=f"{split} ({data.counts[split]} images)"
            )
    axes.set(
        xlabel="grey level",
        ylabel="share of the pixels (%)",
        xlim=(0, GREY_LEVELS - 1),
        ylim=(0, None),
    )
    axes.legend()
    return figure


def training_curve(losses: Sequence[float], floor: float) -> Figure:
    """Plot the loss per epoch with its floor, and the excess above the floor."""
    epochs = np.arange(1, len(losses) + 1)
    figure = Figure(figsize=(7.0, 4.6))
    loss, excess = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.6))
    loss.plot(epochs, losses, "o-", color=BLUE, label="training loss")
    loss.axhline(floor, color="black", ls="--", lw=1.2, label=f"floor {floor:.4f}")
    loss.axhline(paper.LOSS, color=ORANGE, ls=":", label=f"the paper: around {paper.LOSS}")
    loss.set(ylabel="loss (nat/pixel)")
    loss.legend()
    excess.plot(epochs, np.asarray(losses) - floor, "s-", color=VERMILION)
    excess.set(xlabel="epoch", ylabel="loss − floor", yscale="log")
    excess.grid(which="minor", lw=0.3)
    excess.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def epoch_times(seconds: Sequence[float]) -> Figure:
    """Plot the wall time of each epoch."""
    figure = Figure(figsize=(7.0, 2.0))
    axes = figure.subplots()
    axes.bar(np.arange(1, len(seconds) + 1), seconds, width=0.6, color=GREEN)
    axes.set(xlabel="epoch", ylabel="time (s)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def losses_of_seeds(runs: Mapping[int, Mapping[str, Any]]) -> Figure:
    """Plot the loss per epoch with each seed, from what `record.measure` returns of each run."""
    figure = Figure()
    axes = figure.subplots()
    for seed, run in runs.items():
        losses = run["training"]["losses"]
        line, dead = ("o-", "") if run["learned"] else ("x--", ", dead latent")
        axes.plot(range(1, len(losses) + 1), losses, line, label=f"seed {seed}{dead}")
    floor = next(iter(runs.values()))["training"]["loss_floor"]
    axes.axhline(floor, color="black", ls="--", lw=1.2, label=f"floor {floor:.4f}")
    axes.axhline(record.LOSS_OF_MID_GREY, color="gray", ls=":", label="mid-grey everywhere")
    axes.set(xlabel="epoch", ylabel="loss (nat/pixel)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


def grey_picture(image: NDArray[np.uint8]) -> Figure:
    """Show an H x W grey image as it is, 0 black and 255 white (figures 7, 8 and 11)."""
    figure = Figure(figsize=(3.6, 3.6 * image.shape[0] / image.shape[1]))
    axes = figure.subplots()
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    return figure


def difference_picture(difference: NDArray[np.floating]) -> Figure:
    """Show original − reconstruction (figure 9), H x W in (-1, 1), on a scale symmetric about 0.

    The scale ends at the 99.5th percentile of the size: a few pixels would make the rest pale.
    """
    bound = float(np.quantile(np.abs(difference), 0.995)) or 1.0
    return _values(difference, "PuOr", -bound, bound, "original − reconstruction", extend="both")


def attention_picture(attention_map: NDArray[np.floating]) -> Figure:
    """Show an attention map (figure 13), h x w in (0, 1), before the inversion."""
    low, high = float(attention_map.min()), float(attention_map.max())
    return _values(attention_map, "cividis", low, high, "attention a")


def latent_picture(latent: NDArray[np.floating]) -> Figure:
    """Show a latent's values, h x w, 0 or more, with their scale."""
    return _values(latent, "cividis", 0.0, float(latent.max()) or 1.0, "latent e")


def _values(
    values: NDArray[np.floating],
    cmap: str,
    low: float,
    high: float,
    label: str,
    extend: Literal["neither", "both"] = "neither",
) -> Figure:
    figure = Figure(figsize=(4.4, 3.6))
    axes = figure.subplots()
    shown = axes.imshow(values, cmap=cmap, vmin=low, vmax=high)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, label=label, extend=extend)
    return figure


def attention_against_difference(example: evaluation.Example) -> Figure:
    """Plot |difference| against the attention at the same place, as a density of pixels."""
    figure = Figure(figsize=(5.0, 3.4))
    axes = figure.subplots()
    density = axes.hexbin(
        example.full_size_attention.ravel(),
        np.abs(example.difference).ravel(),
        gridsize=45,
        bins="log",
        cmap="cividis",
        mincnt=1,
    )
    axes.set(xlabel="attention a", ylabel="|original − reconstruction|")
    figure.colorbar(density, ax=axes, label="pixels")
    return figure


def ratio_histogram(scores: pd.DataFrame) -> Figure:
    """Plot the size ratios of the test images, their mean with its interval, the paper's mean."""
    ratios = scores["size_ratio"]
    summary = evaluation.summarise(ratios)
    figure = Figure()
    axes = figure.subplots()
    axes.hist(ratios, bins=24, color="#9CC7E2", edgecolor="white")
    axes.axvspan(
        summary.low, summary.high, color=BLUE, alpha=0.25, lw=0, label="95 % interval of the mean"
    )
    axes.axvline(summary.mean, color=BLUE, label=f"mean {summary.mean:.3f}")
    axes.axvline(
        paper.MEAN_RATIO, color=VERMILION, ls="--", label=f"the paper's mean {paper.MEAN_RATIO:.3f}"
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
) -> Figure:
    """Show the test images of least and of greatest size ratio above their reconstructions."""
    order = scores["size_ratio"].sort_values(kind="stable").index
    chosen = [*order[:count], *order[-count:]]
    figure = Figure(figsize=(7.0, 3.1))
    axes = figure.subplots(2, len(chosen), squeeze=False)
    for column, index in enumerate(chosen):
        original = data.image("test", int(index))
        reconstruction = model.reconstruct(autoencoder, original[np.newaxis])[0]
        axes[0][column].imshow(original, cmap="gray", vmin=0, vmax=255)
        axes[1][column].imshow(reconstruction, cmap="gray", vmin=0, vmax=1)
        place = "least" if column < count else "greatest"
        ratio = scores["size_ratio"][index]
        axes[0][column].set_title(f"{place}: {ratio:.2f}\ntest {index}", fontsize=8)
        for row in (0, 1):
            axes[row][column].set_axis_off()
    return figure


def cost_curves(result: Mapping[str, Any]) -> Figure:
    """Plot time and memory against image size and number of images, of the paper's script and ours.

    Takes the benchmark's result (`costs.read`); points are medians of its rounds.
    """
    by_size, by_count = result["settings"]["training_by_size"], {"size": 500}
    panels = [
        ("training, seconds per image", "training", "seconds", "size", by_size, 1.0),
        ("peak memory, GB", "training", "peak_bytes", "size", by_size, 1e9),
        ("files to first step, seconds", "loading", "seconds", "count", by_count, 1.0),
        ("peak memory, GB", "memory", "peak_bytes", "count", by_count, 1e9),
    ]
    figure = Figure(figsize=(7.0, 5.4))
    for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=True):
        title, thing, number, setting, fixed, unit = panel
        curves = costs.by_setting(result, thing, number, setting, fixed)
        for (subject, curve), marker in zip(curves.items(), "os", strict=True):
            label = {"literal": "the paper's script", "ours": "here"}[subject]
            values = [value / unit for value in curve.values()]
            colour = {"literal": VERMILION, "ours": BLUE}[subject]
            axes.plot(list(curve), values, marker=marker, color=colour, label=label)
        axes.set_title(title)
        axes.set_xlabel({"size": "pixels a side", "count": "training images"}[setting])
        if setting == "size":
            axes.set(xscale="log", yscale="log")
            axes.set_xticks(list(curve), [str(value) for value in curve])
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        else:
            axes.set_ylim(0, None)
    figure.axes[0].legend()
    return figure
