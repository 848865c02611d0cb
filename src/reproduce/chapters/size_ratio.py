"""What the size ratio measures: means over the images measured by `measure.size_ratio`.

In tables `here` is what this page's run has measured, `recorded` what the recorded run has; where
both are the same, they stand there once.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from reproduce.chapters.drawings import Drawing
from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLUE, GREEN, ORANGE, VERMILION
from reproduce.chapters.text import BOTH, HERE, RECORDED, rounded
from reproduce.core.markdown import table as markdown
from reproduce.measure import metrics, png, statistics
from reproduce.measure.size_ratio.methods import METHODS, Method
from reproduce.measure.size_ratio.writers import WRITERS
from reproduce.measure.subject import Subject
from reproduce.results import reported

_COLUMNS = {
    "size_ratio": "size ratio",
    "bpp": "bits per pixel",
    **{metric.name: metric.label for metric in metrics.METRICS},
}
_TWO_DECIMALS = ("bpp", "psnr_db")

Row = dict[str, str]


def methods(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the means of what needs no latent: pictures as PNG, as the paper counts, and files."""
    return _of_runs(here, recorded, ("picture", "file"))


def transmitted(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the means of what a receiver can rebuild an image from: files and latents."""
    return _of_runs(here, recorded, ("file", "latent"))


def _of_runs(here: pd.DataFrame, recorded: pd.DataFrame, kinds: Sequence[str]) -> str:
    def rows(ratios: pd.DataFrame) -> list[Row]:
        found = means(ratios)
        return [
            {
                "method": method.label,
                **{
                    label: rounded(found[column][method.name], 2 if column in _TWO_DECIMALS else 3)
                    for column, label in _COLUMNS.items()
                },
            }
            for method in measured(found, kinds)
        ]

    return _below_each_other(rows(here), rows(recorded), list(_COLUMNS.values()))


def _below_each_other(here: Sequence[Row], recorded: Sequence[Row], right: Sequence[str]) -> str:
    """Return the rows of both runs as one table; once, where they are the same."""
    runs = {BOTH: here} if here == recorded else {RECORDED: recorded, HERE: here}
    named = [
        {"run": run if place == 0 else "", **row}
        for run, rows in runs.items()
        for place, row in enumerate(rows)
    ]
    return markdown(named, right=right)


def means(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each number over the images: a row for each method, by its name."""
    return ratios.groupby("method", sort=False)[list(_COLUMNS)].mean()


def measured(found: pd.DataFrame, kinds: Sequence[str]) -> list[Method]:
    """Return the methods of these kinds that have a row in `means`, in the order of `METHODS`."""
    return [method for method in METHODS if method.kind in kinds and method.name in found.index]


def png_writers(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the mean bytes of original and reconstruction by each writer of PNG, and the ratio."""

    def rows(sizes: pd.DataFrame) -> list[Row]:
        found = sizes.groupby("writer").mean()
        return [
            {
                "PNG writer": writer.label,
                "originals (mean bytes)": f"{found['original_bytes'][writer.name]:,.0f}",
                "reconstructions": f"{found['reconstruction_bytes'][writer.name]:,.0f}",
                "size ratio": rounded(found["size_ratio"][writer.name], 3),
            }
            for writer in WRITERS
        ]

    numbers = ["originals (mean bytes)", "reconstructions", "size ratio"]
    return _below_each_other(rows(here), rows(recorded), numbers)


def quantities(ratios: pd.DataFrame, writers: pd.DataFrame) -> dict[str, float]:
    """Return the single numbers that the text names.

    `<method>_<column>` is a mean, such as `jpeg_size_ratio`; `blur_size_ratio_at_psnr` the size
    ratio of a blur with the autoencoder's mean PSNR, by interpolation (NaN where no blur has it);
    `least_writer_size_ratio`, `greatest_…` and `writer_span` the extremes of the mean ratio over
    the PNG writers, and how far they lie apart.
    """
    found = means(ratios)
    by_writer = writers.groupby("writer")["size_ratio"].mean()
    blurs = found[found.index.str.startswith("blur-")].sort_values("psnr_db")
    psnr = found["psnr_db"]["autoencoder"]
    at_psnr = np.interp(psnr, blurs["psnr_db"], blurs["size_ratio"], left=np.nan, right=np.nan)
    return {
        **{
            f"{method}_{column}".replace("-", "_").replace(".", "_"): float(value)
            for method, row in found.iterrows()
            for column, value in row.items()
        },
        "blur_size_ratio_at_psnr": float(at_psnr),
        "least_writer_size_ratio": float(by_writer.min()),
        "greatest_writer_size_ratio": float(by_writer.max()),
        "writer_span": float(np.ptp(by_writer)),
    }


_MARKS = {
    "picture": ("o", BLUE, "PNG of the picture that comes out"),
    "file": ("s", GREEN, "file that a receiver opens"),
    "latent": ("^", ORANGE, "latent that a receiver decodes"),
}


def ratio_against_psnr(ratios: pd.DataFrame) -> Plot:
    """Plot mean PSNR against mean size ratio of each method, with 95 % intervals of both means.

    What leaves an image as it was has an infinite PSNR, and no place in the plot.
    """
    finite = ratios.groupby("method")["psnr_db"].transform(lambda psnr: np.isfinite(psnr).all())
    ratios = ratios[finite]
    found = means(ratios)
    figure = Plot(figsize=(7.0, 5.6))
    axes = figure.subplots()
    blurs = found[found.index.str.startswith("blur-")]
    axes.plot(blurs["size_ratio"], blurs["psnr_db"], color=BLUE, lw=0.8, zorder=1)
    axes.axvline(
        reported.MEAN_RATIO,
        color="black",
        ls=":",
        label=f"the paper's mean, {reported.MEAN_RATIO:.3f}",
    )
    for kind, (marker, colour, label) in _MARKS.items():
        others = [method for method in measured(found, [kind]) if method.name != "autoencoder"]
        _plot(figure, ratios, others, fmt=marker, color=colour, label=label)
    ours = [method for method in measured(found, ["picture"]) if method.name == "autoencoder"]
    _plot(figure, ratios, ours, fmt="*", color=VERMILION, label="the autoencoder", markersize=14)
    axes.set(
        xlabel="mean size ratio (bytes ÷ bytes of the original's PNG)",
        ylabel="mean PSNR (dB)",
        xlim=(-0.03, None),
    )
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    places = {
        method.label: (found["size_ratio"][method.name], found["psnr_db"][method.name])
        for method in [*ours, *measured(found.drop("autoencoder"), [*_MARKS])]
    }
    _label_points(axes, places)
    told = (f"{label} {ratio:.3f} and {psnr:.2f} dB" for label, (ratio, psnr) in places.items())
    figure.alt = f"Mean size ratio and mean PSNR: {'; '.join(told)}."
    return figure


def _plot(figure: Plot, ratios: pd.DataFrame, methods: Sequence[Method], **style: object) -> None:
    """Plot the means of some methods with their intervals."""
    x, y = (
        [
            statistics.summarise(ratios.loc[ratios["method"] == method.name, column])
            for method in methods
        ]
        for column in ("size_ratio", "psnr_db")
    )
    points = figure.axes[0].errorbar(
        [mean.mean for mean in x],
        [mean.mean for mean in y],
        xerr=[mean.high - mean.mean for mean in x],
        yerr=[mean.high - mean.mean for mean in y],
        elinewidth=0.8,
        linestyle="none",
        **style,  # type: ignore[arg-type]
    )
    texts = [
        f"{method.label}: size ratio {ratio.mean:.3f}, {psnr.mean:.2f} dB PSNR"
        for method, ratio, psnr in zip(methods, x, y, strict=True)
    ]
    figure.tell(points[0], str(style["label"]), texts)


_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_DISTANCES = (9, 14, 20, 28, 38, 50)
"""In points: where a label may stand beside its point, in this order of preference."""


def _label_points(axes: Axes, places: Mapping[str, tuple[float, float]]) -> None:
    """Write each label beside its point, the first ones nearest, where nothing else stands."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)  # noqa: S101  # for mypy: these axes are in no subfigure
    figure.draw_without_rendering()  # the layout settles, and stays
    figure.set_layout_engine("none")
    points = [axes.transData.transform(place) for place in places.values()]
    taken = [Bbox.from_extents(x - 8, y - 8, x + 8, y + 8) for x, y in points]
    for label, place in places.items():
        for text in _candidates(axes, label, place):
            text.get_window_extent()  # gives it its position
            box = Text.get_window_extent(text)  # without the line to its point
            inside = axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
        else:  # better over something than not at all
            next(_candidates(axes, label, place))


def _candidates(axes: Axes, label: str, place: tuple[float, float]) -> Iterator[Annotation]:
    """Write a label in one place after the other; the caller removes those that it refuses."""
    for distance in _DISTANCES:
        for right, up in _DIRECTIONS:
            yield axes.annotate(
                label,
                place,
                (distance * right, distance * up),
                textcoords="offset points",
                fontsize=8,
                arrowprops={"arrowstyle": "-", "lw": 0.5, "shrinkA": 0},
                path_effects=[withStroke(linewidth=2, foreground="white")],
                ha=("right", "center", "left")[right + 1],
                va=("top", "center", "bottom")[up + 1],
            )


def pictures(subject: Subject, names: Sequence[str], columns: int = 3, side: int = 160) -> Drawing:
    """Show the middle of an image and of what some methods leave of it, pixel by pixel.

    Parameters
    ----------
    subject
        The image.
    names
        Of the methods, as in `METHODS`.
    columns, side
        Pictures in a row; height and width of what is shown, in pixels.
    """
    chosen = [method for name in names for method in METHODS if method.name == name]
    shown = {"original": subject.original}
    for method in chosen:
        size, left = method.apply(subject)
        ratio = png.size_ratio(size, subject.original_bytes)
        psnr = rounded(metrics.psnr(subject.original, left), 2)
        shown[f"{method.label}\nratio {ratio:.2f}, {psnr} dB"] = left
    rows = math.ceil(len(shown) / columns)
    figure = Drawing(figsize=(7.0, 2.6 * rows))
    titles = [title.replace("\n", ", ") for title in shown]
    figure.alt = f"{len(shown)} grey pictures of the same detail: {'; '.join(titles)}."
    top, start = (max(0, (length - side) // 2) for length in subject.original.shape)
    for axes in figure.subplots(rows, columns).flat:
        axes.set_axis_off()
    for axes, (title, image) in zip(figure.axes, shown.items(), strict=False):
        middle = image[top : top + side, start : start + side]
        axes.imshow(middle, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=8)
    return figure
