"""What it costs: time and memory beside the paper's script."""

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLUE, VERMILION
from reproduce.core.markdown import table as markdown
from reproduce.results import costs


def cost_curves(result: costs.Benchmark) -> Plot:
    """Plot time and memory against image size and number of images, of the paper's script and ours.

    Takes the benchmark's result (`costs.read`); points are medians of its rounds.
    """
    by_size, by_count = result.settings["training_by_size"], {"size": 500}
    panels = [
        ("training, seconds per image", "training", "seconds", "size", by_size, 1.0),
        ("peak memory, GB", "training", "peak_bytes", "size", by_size, 1e9),
        ("files to first step, seconds", "loading", "seconds", "count", by_count, 1.0),
        ("peak memory, GB", "memory", "peak_bytes", "count", by_count, 1e9),
    ]
    figure = Plot(figsize=(7.0, 5.4))
    for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=True):
        title, thing, number, setting, fixed, unit = panel
        along = {"size": "pixels a side", "count": "training images"}[setting]
        curves = costs.by_setting(result, thing, number, setting, fixed)
        for (subject, curve), marker in zip(curves.items(), "os", strict=True):
            label = {"literal": "the paper's script", "ours": "here"}[subject]
            values = [value / unit for value in curve.values()]
            colour = {"literal": VERMILION, "ours": BLUE}[subject]
            (line,) = axes.plot(list(curve), values, marker=marker, color=colour, label=label)
            pairs = zip(curve, values, strict=True)
            texts = [f"{label}, {at:,} {along}: {title} {value:.3g}" for at, value in pairs]
            figure.tell(line, label, texts)
        axes.set_title(title)
        axes.set_xlabel(along)
        if setting == "size":
            axes.set(xscale="log", yscale="log")
            axes.set_xticks(list(curve), [str(value) for value in curve])
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        else:
            axes.set_ylim(0, None)
    figure.axes[0].legend()
    figure.alt = " ".join(["Four plots; at their right ends:", *map(_at_the_end, figure.axes)])
    return figure


def _at_the_end(axes: Axes) -> str:
    """Say where the curves of a plot end."""
    ends = []
    for line in axes.lines:
        at, value = np.asarray(line.get_xydata())[-1]
        ends.append(f"{line.get_label()} {value:.3g} with {at:,.0f} {axes.get_xlabel()}")
    return f"{axes.get_title()}: {', '.join(ends)}."


def benchmark(result: costs.Benchmark) -> str:
    """Say where, when and with what the benchmark's result was measured."""
    where, versions = result.machine, result.versions
    return (
        f"Measured on {result.images}: {where.processor}, {where.cores} cores, "
        f"{where.memory_bytes / 1e9:.0f} GB of memory, {where.system}; "
        f"Python {versions['python']}, TensorFlow {versions['tensorflow']}, Keras "
        f"{versions['keras']}, Pillow {versions['pillow']}; commit "
        f"{(result.commit or 'unknown')[:8]}, {result.measured}."
    )


def cost_ratios(result: costs.Benchmark) -> str:
    """Return the benchmark's table: minimum–median–maximum of the rounds, and their ratios."""
    rows = []
    for found in costs.comparisons(result):
        quantity = found.quantity
        memory = quantity.ours == "peak_bytes"
        rows.append(
            {
                "what": quantity.label
                + ("" if quantity.processor == costs.AS_IT_IS else f", {quantity.processor}"),
                "the paper's script": _spread_of(found.literal, memory),
                "here": _spread_of(found.ours, memory),
                "ratio": _spread(found.ratios),
            }
        )
    return markdown(rows, right=["the paper's script", "here", "ratio"])


BOOK = {
    "install": "install everything (packages in the download cache)",
    "fresh": "`make book` from a fresh clone, after that",
    "nothing": "`make book` again, nothing changed",
    "sentence": "one sentence of prose changed",
    "caption": "one caption of a chapter changed: that chapter runs again",
}
"""The situations in which the making of the book is measured, for people."""


def book_costs(result: costs.Benchmark) -> str:
    """Return how long `make book` takes in each situation."""
    (measured,) = (one.measured for one in result.measurements if one.thing == "book")
    rows = [{"what": label, "seconds": f"{measured[name]:.1f} s"} for name, label in BOOK.items()]
    return markdown(rows, right=["seconds"])


def many_files(result: costs.Benchmark) -> str:
    """Return time and peak memory of preparing and scoring folders of more and more images."""
    things = ("preparing", "scoring")
    seconds, memory = (
        {thing: costs.by_setting(result, thing, number, "count", {})["ours"] for thing in things}
        for number in ("seconds", "peak_bytes")
    )
    rows = [
        {"images": f"{count:,}"}
        | {
            label: value
            for thing in things
            for label, value in (
                (thing, f"{seconds[thing][count]:.1f} s"),
                (f"peak memory of {thing}", f"{memory[thing][count] / 1e6:,.0f} MB"),
            )
        }
        for count in seconds["preparing"]
    ]
    return markdown(rows, right=list(rows[0]))


def at_scale(result: costs.Benchmark, counts: Sequence[int]) -> str:
    """Return what these numbers of images cost, by calculation: a column for each."""
    scales = [costs.at_scale(result, count) for count in counts]
    rows = [
        ("preparing", "preparing", _duration),
        ("an epoch of training", "epoch", _duration),
        ("scoring", "scoring", _duration),
        ("disk for the prepared images", "disk", _bytes),
        ("memory of preparing", "preparing_memory", _bytes),
        ("memory of training", "training_memory", _bytes),
        ("memory of scoring", "scoring_memory", _bytes),
        ("memory of the paper's script", "literal_memory", _bytes),
    ]
    return markdown(
        [
            {
                "what": label,
                **{f"{scale.images:,} images": show(getattr(scale, name)) for scale in scales},
            }
            for label, name, show in rows
        ],
        right=[f"{count:,} images" for count in counts],
    )


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} s"


def _bytes(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e6:,.0f} MB"


def same_losses(losses: Mapping[str, Mapping[int, Sequence[float]]]) -> str:
    """Return the losses of the paper's script and ours, epoch by epoch: a column per run."""
    names = {
        "literal": "the paper's script",
        "literal-in-our-order": "the script, our order",
        "ours": "here",
    }
    runs = {
        f"{names[subject]}, seed {seed}": values
        for subject, seeds in losses.items()
        for seed, values in seeds.items()
    }
    epochs = range(len(next(iter(runs.values()))))
    rows = [
        {"epoch": str(epoch + 1), **{run: f"{values[epoch]:.5f}" for run, values in runs.items()}}
        for epoch in epochs
    ]
    return markdown(rows, right=["epoch", *runs])


def _spread_of(values: Sequence[float], memory: bool) -> str:
    """Return minimum–median–maximum of bytes or seconds, with a fitting unit."""
    if memory:
        scale, unit = 1e9, "GB"
    else:
        scale, unit = (1.0, "s") if max(values) >= 1 else (1e-3, "ms")
    return f"{_spread(values, scale)}\u00a0{unit}"


def _spread(values: Sequence[float], scale: float = 1) -> str:
    """Return minimum–median–maximum, which a page doesn't break."""
    return "\u2060–\u2060".join(
        f"{value / scale:,.0f}" if value / scale >= 100 else f"{value / scale:#.3g}"
        for value in (min(values), median(values), max(values))
    )
