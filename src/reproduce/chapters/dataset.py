"""The dataset: its images, grey levels, splits and sizes."""

from typing import Any

import numpy as np

from reproduce.chapters.drawings import Drawing
from reproduce.chapters.text import listed
from reproduce.core.markdown import table as markdown
from reproduce.core.parameters import SPLITS, Split
from reproduce.data import pixels
from reproduce.data.pixels import GREY_LEVELS
from reproduce.data.preparation import PreparedData
from reproduce.data.sources.beans import BEANS_CLASSES, BEANS_COUNTS


def class_samples(data: PreparedData, split: Split = "train", per_class: int = 5) -> Drawing:
    """Show images of each class of a split, evenly spaced over the class: a row per class."""
    labels = data.labels(split)
    images = data.images(split)
    rows = len(data.classes)
    figure = Drawing(figsize=(7.0, 1.55 * rows))
    names = [name.replace("_", " ") for name in data.classes]
    figure.alt = (
        f"Grey photographs of the split {split}, which has {data.counts[split]:,} of them: "
        f"{per_class} of each class, {listed(names)}."
    )
    axes = figure.subplots(rows, per_class, squeeze=False)
    for label, name in enumerate(names):
        of_class = np.flatnonzero(labels == label)
        chosen = of_class[pixels.spread(len(of_class), per_class)]
        for axis in axes[label]:
            axis.set_axis_off()
        for axis, index in zip(axes[label], chosen, strict=False):
            axis.imshow(images[index], cmap="gray", vmin=0, vmax=255)
            axis.set_title(f"{split} {index}", fontsize=8)
        axes[label][0].text(
            -0.08, 0.5, name, rotation=90, ha="right", va="center",
            transform=axes[label][0].transAxes,
        )  # fmt: skip
    return figure


def grey_histogram(data: PreparedData) -> Drawing:
    """Plot how often each grey level occurs in each split."""
    figure = Drawing()
    axes = figure.subplots()
    peaks = []
    for split, line in zip(SPLITS, ("-", "--", ":"), strict=True):
        counts = data.histogram(split)
        if counts.sum():
            share = counts.max() / counts.sum()
            peaks.append(f"of {split} at level {counts.argmax()}, with {share:.1%} of the pixels")
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
    figure.alt = f"A curve over grey levels for each split. The highest points: {listed(peaks)}."
    return figure


def splits(data: PreparedData) -> str:
    """Return the numbers of images per class and split."""
    return _with_totals(
        [
            {"split": split, **data.class_counts(split), "all": data.counts[split]}
            for split in SPLITS
        ]
    )


def original_sizes(data: PreparedData) -> str:
    """Return how many images had which size before they were brought to one size."""
    sizes = sorted({size for split in SPLITS for size in data.sizes(split)})
    rows = [
        {
            "size (width x height)": size.replace("x", " x "),
            **{split: f"{data.sizes(split).get(size, 0):,}" for split in SPLITS},
        }
        for size in sizes
    ]
    return markdown(rows, right=SPLITS)


BEANS_TOTALS: dict[str, int] = {
    **{split: sum(BEANS_COUNTS[split]) for split in SPLITS},
    "all": sum(sum(counts) for counts in BEANS_COUNTS.values()),
}
"""Number of images of beans in each split and in all of them."""


def beans_splits() -> str:
    """Return the known numbers of images of beans per class and split."""
    rows = []
    for split in SPLITS:
        counts = dict(zip(BEANS_CLASSES, BEANS_COUNTS[split], strict=True))
        rows.append({"split": split, **counts, "all": BEANS_TOTALS[split]})
    return _with_totals(rows)


def _with_totals(rows: list[dict[str, Any]]) -> str:
    columns = [column for column in rows[0] if column != "split"]
    totals = {column: sum(row[column] for row in rows) for column in columns}
    named = [
        {
            column.replace("_", " "): value if column == "split" else f"{value:,}"
            for column, value in row.items()
        }
        for row in [*rows, {"split": "all", **totals}]
    ]
    return markdown(named, right=[column for column in named[0] if column != "split"])
