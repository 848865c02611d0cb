"""Results on one image: pictures and tables (figures 7 to 13)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from reproduce.chapters.drawings import Drawing
from reproduce.chapters.pictures import Picture, side_by_side
from reproduce.chapters.text import compared, comparison, listed, rounded
from reproduce.core.parameters import LatentReading
from reproduce.measure import metrics, png
from reproduce.measure.subject import Subject
from reproduce.results import reported as paper
from reproduce.results.run import Run

_GREY: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255}


UNDER = {"original": "figure-7", "reconstruction": "figure-8"}
"""What the page can lay under the difference and the attention map, and in which figures it is."""


def original(subject: Subject) -> Picture:
    """Show the paper's image (figure 7), pixel by pixel."""
    height, width = subject.original.shape
    return Picture(
        subject.original,
        f"Bean leaves with small dark spots over rough ground, half in the shade, in grey: {width} "
        f"× {height} pixels, {subject.original_bytes:,} bytes as a PNG file.",
    )


def reconstruction(subject: Subject) -> Picture:
    """Show what the model makes of the paper's image (figure 8), pixel by pixel."""
    return Picture(
        subject.reconstructed_levels,
        "The same leaves and ground, with their fine texture blurred away: "
        f"{_psnr(subject)} dB, {subject.reconstruction_bytes:,} bytes as a PNG file.",
    )


def before_and_after(subject: Subject) -> Picture:
    """Show the paper's image and its reconstruction side by side, for a slider between them."""
    return side_by_side(
        {"original": subject.original, "reconstruction": subject.reconstructed_levels},
        "the leaves over the ground twice; in the reconstruction small veins and the grain of the "
        f"ground are soft, at {_psnr(subject)} dB.",
    )


def _psnr(subject: Subject) -> str:
    return rounded(metrics.psnr(subject.original, subject.reconstructed_levels), 2)


def latent(subject: Subject, reading: LatentReading) -> Picture:
    """Show the latent of the paper's image as an image, by one of the readings (figure 11)."""
    shown = png.latent_image(subject.latent, reading)
    return Picture(
        shown,
        f"The photograph again, small: {shown.shape[1]} × {shown.shape[0]} pixels, "
        f"{subject.latent_bytes(reading):,} bytes as a PNG file. Before it became 8 bits it "
        f"correlated by {subject.latent_similarity:.3f} with the photograph at that size.",
    )


def difference_picture(difference: NDArray[np.floating]) -> Drawing:
    """Show original − reconstruction (figure 9), H x W in (-1, 1), on a scale symmetric about 0.

    The scale ends at the 99.5th percentile of the size: a few pixels would make the rest pale.
    """
    sizes = np.abs(difference)
    bound = float(np.quantile(sizes, 0.995)) or 1.0
    figure, axes = _values(
        difference, "PuOr", -bound, bound, "original − reconstruction", extend="both"
    )
    figure.lay_over(UNDER, axes, "difference")
    figure.alt = (
        f"The difference of the two in colours, pale on the leaves and speckled on the rough "
        f"ground: {sizes.mean():.3f} of the range from black to white on average, and between "
        f"{-bound:.2f} and {bound:.2f} nearly everywhere."
    )
    return figure


def attention_picture(attention_map: NDArray[np.floating]) -> Drawing:
    """Show an attention map (figure 13), h x w in (0, 1), before the inversion."""
    low, high = float(attention_map.min()), float(attention_map.max())
    figure, axes = _values(attention_map, "cividis", low, high, "attention a")
    figure.lay_over(UNDER, axes, "attention map")
    most = np.quantile(attention_map, (0.05, 0.95))
    figure.alt = (
        "The attention map in colours, a flat picture of the leaves and the ground, higher in the "
        f"shade: its values go from {low:.2f} to {high:.2f}, nine in ten of them from "
        f"{most[0]:.2f} to {most[1]:.2f}."
    )
    return figure


def latent_picture(latent: NDArray[np.floating]) -> Drawing:
    """Show a latent's values, h x w, 0 or more, with their scale."""
    figure, _ = _values(latent, "cividis", 0.0, float(latent.max()) or 1.0, "latent e")
    # Some processors' ReLU makes a zero negative.
    least = max(0.0, float(latent.min()))
    figure.alt = (
        f"The latent in colours: values from {least:.2f} to {latent.max():.2f}, "
        f"{(latent > 1).mean():.0%} of them above 1."
    )
    return figure


def _values(
    values: NDArray[np.floating],
    cmap: str,
    low: float,
    high: float,
    label: str,
    extend: Literal["neither", "both"] = "neither",
) -> tuple[Drawing, Axes]:
    figure = Drawing(figsize=(5.0, 4.1), dpi=128)  # 500 pixels of an image, or nearly
    figure.reduce(cmap)
    axes = figure.subplots()
    shown = axes.imshow(values, cmap=cmap, vmin=low, vmax=high)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, label=label, extend=extend)
    return figure, axes


def attention_against_difference(example: Subject) -> Drawing:
    """Plot |difference| against the attention at the same place, as a density of pixels."""
    figure = Drawing(figsize=(5.0, 3.4))
    figure.reduce("cividis")
    correlation = example.attention_correlation
    figure.alt = (
        f"The density of {example.original.size:,} pixels over attention and absolute difference: "
        + (
            "one of them is the same everywhere."
            if math.isnan(correlation)
            else f"the two correlate by {rounded(correlation, 3)}."
        )
    )
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


def this_run(example: Subject) -> Drawing:
    """Show an image and all that a model makes of it, in a row; of no map if the model has none."""
    panels: list[tuple[str, NDArray[Any], dict[str, Any]]] = [
        ("original", example.original, _GREY),
        ("reconstruction", example.reconstructed_levels, _GREY),
        ("|difference|", np.abs(example.difference), {"cmap": "cividis", "vmin": 0}),
        ("latent", example.latent, {"cmap": "cividis", "vmin": 0}),
    ]
    if example.attention_map is not None:
        panels.append(("attention", example.attention_map, {"cmap": "cividis"}))
    figure = Drawing(figsize=(2.0 * len(panels), 2.2), dpi=100)
    scores = example.scores()
    figure.alt = (
        f"A row of pictures of one image: {listed([title for title, *_ in panels])}. The "
        f"reconstruction has {rounded(scores['psnr_db'], 2)} dB, and its file "
        f"{scores['size_ratio']:.3f} of the original's bytes."
    )
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
        ("file of the original (bytes)", paper.ORIGINAL_BYTES, "original_bytes", None),
        (
            "file of the reconstruction (bytes)",
            paper.RECONSTRUCTION_BYTES,
            "reconstruction_bytes",
            None,
        ),
        ("size ratio", paper.RECONSTRUCTION_RATIO, "size_ratio", None),
        ("PSNR (dB)", None, "psnr_db", 2),
    ]
    rows = [
        compared(label, reported, theirs[key], ours[key], decimals)
        for label, reported, key, decimals in quantities
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
