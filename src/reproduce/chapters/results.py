"""Results on one image: pictures and tables (figures 7 to 13)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reproduce.chapters.text import compared, comparison, listed
from reproduce.core.parameters import LatentReading
from reproduce.measure import png
from reproduce.measure.subject import Subject
from reproduce.results import reported as paper
from reproduce.results.run import Run

_GREY: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255}


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
    figure = Figure(figsize=(4.4, 3.6), dpi=80)  # noise takes many bytes as a picture
    axes = figure.subplots()
    shown = axes.imshow(values, cmap=cmap, vmin=low, vmax=high)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, label=label, extend=extend)
    return figure


def attention_against_difference(example: Subject) -> Figure:
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


def this_run(example: Subject) -> Figure:
    """Show an image and all that a model makes of it, in a row; of no map if the model has none."""
    panels: list[tuple[str, NDArray[Any], dict[str, Any]]] = [
        ("original", example.original, _GREY),
        ("reconstruction", example.reconstructed_levels, _GREY),
        ("|difference|", np.abs(example.difference), {"cmap": "cividis", "vmin": 0}),
        ("latent", example.latent, {"cmap": "cividis", "vmin": 0}),
    ]
    if example.attention_map is not None:
        panels.append(("attention", example.attention_map, {"cmap": "cividis"}))
    figure = Figure(figsize=(2.0 * len(panels), 2.2), dpi=100)
    for axes, (title, values, scale) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        axes.imshow(values, **scale)
        axes.set_title(title)
        axes.set_axis_off()
    return figure


def reconstruction_sizes(example: Subject, recorded: Run) -> str:
    """Return figure 10: both files of the example and their ratio, beside the paper's."""
    ours, theirs = example.scores(), dict(recorded.example)
    quantities = [
        ("file of the original (bytes)", paper.ORIGINAL_BYTES, "original_bytes"),
        ("file of the reconstruction (bytes)", paper.RECONSTRUCTION_BYTES, "reconstruction_bytes"),
        ("size ratio", paper.RECONSTRUCTION_RATIO, "size_ratio"),
        ("PSNR (dB)", None, "psnr_db"),
    ]
    rows = [
        compared(label, reported, theirs[key], ours[key]) for label, reported, key in quantities
    ]
    return comparison(rows)


_READINGS: tuple[LatentReading, ...] = ("clip", "stretch")


def latent_sizes(example: Subject, recorded: Run) -> str:
    """Return figure 12: the files of the original and of the latent, by both readings."""
    ours, theirs = example.scores(), dict(recorded.example)
    rows = [
        compared(
            "file of the original (bytes)",
            paper.ORIGINAL_BYTES,
            theirs["original_bytes"],
            ours["original_bytes"],
        )
    ]
    for reading in _READINGS:
        name = f"latent_{reading}_bytes"
        rows += [
            compared(
                f"file of the latent, {reading} (bytes)",
                paper.LATENT_BYTES,
                theirs[name],
                ours[name],
            ),
            compared(
                f"size ratio, {reading}",
                paper.LATENT_RATIO,
                png.size_ratio(theirs[name], theirs["original_bytes"]),
                png.size_ratio(int(ours[name]), int(ours["original_bytes"])),
            ),
        ]
    return comparison(rows)


def how_many(images: Sequence[str]) -> str:
    """Return how many images have something, as the beginning of a sentence has it."""
    return "it alone has" if len(images) == 1 else f"{len(images)} have"


def in_words(correlation: float) -> str:
    """Return a correlation, or why there is none."""
    if math.isnan(correlation):
        return "nothing, for one of them is constant or absent"
    return f"{correlation:.3f}"


def each_seed(values: Mapping[int, float]) -> str:
    """Return a number for each seed, as a list in a sentence."""
    return listed([f"{value:.2f} (seed {seed})" for seed, value in values.items()])


def nearer_reading(recorded: Run) -> LatentReading:
    """Return the reading of the latent whose recorded file comes nearer to the paper's."""
    sizes = dict(recorded.example)
    return min(
        _READINGS, key=lambda reading: abs(sizes[f"latent_{reading}_bytes"] - paper.LATENT_BYTES)
    )
