"""The book's tables, as Markdown text, and the sentences that a page shows about its own run."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reproduce import architecture, compression, costs, datasets, evaluation, paper
from reproduce.backend import keras
from reproduce.evaluation import Example
from reproduce.markdown import table as markdown
from reproduce.parameters import SPLITS, LatentReading, Parameters
from reproduce.preparation import PreparedData

_SOURCES = {
    "sample": "photographs that ship with scikit-image, **not the paper's images**",
    "beans": "the beans dataset, as in the paper",
    "folder": "images from a folder, **not the paper's images**",
}


def provenance(
    parameters: Parameters, data: PreparedData | None = None, scores: pd.DataFrame | None = None
) -> str:
    """Say which run a page shows, so that no sample figure is taken for the paper's.

    With the scores of its test images, also say so if its model has not learned.
    """
    run = f"**This page shows profile `{parameters.profile}`, seed {parameters.seed}**"
    if data is None:
        return f"{run}: the model before training."
    size = f"{parameters.image_size} x {parameters.image_size}"
    text = (
        f"{run}: {_SOURCES[parameters.source]}; {data.counts['train']} training and "
        f"{data.counts['test']} test images of {size} pixels, data fingerprint "
        f"`{data.fingerprint[:16]}`."
    )
    if scores is not None and not evaluation.learned(scores):
        text += (
            " **With this seed the model has not learned: its latent is dead**, zero nearly "
            "everywhere. Another seed gives results that mean something."
        )
    return text


def recorded(run: Mapping[str, Any]) -> str:
    """Say when, where, by which commit and with what a recorded run was made (`record.read`).

    The stage that trains the model stands for all: a record is made by one command.
    """
    made = run["made"]["model"]
    where = made["machine"]
    return (
        f"\n\n**The recorded run** is of profile `{run['parameters']['profile']}`, seed "
        f"{run['parameters']['seed']}: made on {made['started'][:10]} by commit "
        f"`{made['commit'][:8]}` with TensorFlow {made['versions']['tensorflow']} on "
        f"{where['processor']}, {where['cores']} cores."
    )


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
            **{split: str(data.sizes(split).get(size, 0)) for split in SPLITS},
        }
        for size in sizes
    ]
    return markdown(rows, right=SPLITS)


BEANS_TOTALS: dict[str, int] = {
    **{split: sum(datasets.BEANS_COUNTS[split]) for split in SPLITS},
    "all": sum(sum(counts) for counts in datasets.BEANS_COUNTS.values()),
}
"""Number of images of beans in each split and in all of them."""


def beans_splits() -> str:
    """Return the known numbers of images of beans per class and split."""
    rows = []
    for split in SPLITS:
        counts = dict(zip(datasets.BEANS_CLASSES, datasets.BEANS_COUNTS[split], strict=True))
        rows.append({"split": split, **counts, "all": BEANS_TOTALS[split]})
    return _with_totals(rows)


def _with_totals(rows: list[dict[str, Any]]) -> str:
    columns = [column for column in rows[0] if column != "split"]
    totals = {column: sum(row[column] for row in rows) for column in columns}
    named = [
        {column.replace("_", " "): str(value) for column, value in row.items()}
        for row in [*rows, {"split": "all", **totals}]
    ]
    return markdown(named, right=[column for column in named[0] if column != "split"])


def layers(autoencoder: keras.Model, image_size: int) -> str:
    """Return the model's layers with output shapes and numbers of parameters."""
    shapes = architecture.output_shapes(autoencoder, image_size)
    rows = [
        {
            "layer": f"`{layer.name}`",
            "kind": type(layer).__name__,
            "output (height x width x channels)": " x ".join(
                str(side) for side in shapes[layer.name]
            ),
            "parameters": f"{sum(math.prod(weight.shape) for weight in layer.weights):,}",
        }
        for layer in architecture.stock_layers(autoencoder)
    ]
    rows.append(
        {
            "layer": "all",
            "kind": "",
            "output (height x width x channels)": "",
            "parameters": f"{autoencoder.count_params():,}",
        }
    )
    return markdown(rows, right=["parameters"])


def attention_identity(attention_map: NDArray[np.float32]) -> float:
    """Return the greatest difference that the paper's upsampling and resizing make to 1 − a.

    Does literally what the paper's code does to an attention map (N x h x w x 1): nearest
    upsampling twofold, inversion, bilinear resizing back to h x w.
    """
    upsampled = keras.layers.UpSampling2D(2)(attention_map)
    resized = keras.ops.image.resize(
        1 - upsampled, attention_map.shape[1:3], interpolation="bilinear"
    )
    return float(np.abs(np.asarray(resized) - (1 - attention_map)).max())


def loss_per_epoch(losses: Sequence[float], floor: float) -> str:
    """Return loss and excess above the floor of each epoch."""
    rows = [
        {"epoch": str(epoch), "loss": f"{loss:.4f}", "loss − floor": f"{loss - floor:.4f}"}
        for epoch, loss in enumerate(losses, start=1)
    ]
    return markdown(rows, right=["epoch", "loss", "loss − floor"])


_COLUMNS = ("the paper", "recorded run", "this page")


def reconstruction_sizes(example: Example, recorded: Mapping[str, Any]) -> str:
    """Return figure 10: both files of the example and their ratio, beside the paper's."""
    ours, theirs = example.scores(), recorded["example"]
    quantities = [
        ("file of the original (bytes)", paper.ORIGINAL_BYTES, "original_bytes"),
        ("file of the reconstruction (bytes)", paper.RECONSTRUCTION_BYTES, "reconstruction_bytes"),
        ("size ratio", paper.RECONSTRUCTION_RATIO, "size_ratio"),
        ("PSNR (dB)", None, "psnr_db"),
    ]
    rows = [_row(label, reported, theirs[key], ours[key]) for label, reported, key in quantities]
    return markdown(rows, right=_COLUMNS)


_READINGS: tuple[LatentReading, ...] = ("clip", "stretch")


def latent_sizes(example: Example, recorded: Mapping[str, Any]) -> str:
    """Return figure 12: the files of the original and of the latent, by both readings."""
    ours, theirs = example.scores(), recorded["example"]
    rows = [
        _row(
            "file of the original (bytes)",
            paper.ORIGINAL_BYTES,
            theirs["original_bytes"],
            ours["original_bytes"],
        )
    ]
    for reading in _READINGS:
        name = f"latent_{reading}_bytes"
        rows += [
            _row(
                f"file of the latent, {reading} (bytes)",
                paper.LATENT_BYTES,
                theirs[name],
                ours[name],
            ),
            _row(
                f"size ratio, {reading}",
                paper.LATENT_RATIO,
                compression.size_ratio(theirs[name], theirs["original_bytes"]),
                compression.size_ratio(int(ours[name]), int(ours["original_bytes"])),
            ),
        ]
    return markdown(rows, right=_COLUMNS)


def nearer_reading(recorded: Mapping[str, Any]) -> LatentReading:
    """Return the reading of the latent whose recorded file comes nearer to the paper's."""
    sizes = recorded["example"]
    return min(
        _READINGS, key=lambda reading: abs(sizes[f"latent_{reading}_bytes"] - paper.LATENT_BYTES)
    )


def mean_ratio(scores: pd.DataFrame, recorded: Mapping[str, Any]) -> str:
    """Return figure 14: the mean size ratio over the test split, with spread and interval."""
    ours, theirs = evaluation.summarise(scores["size_ratio"]), recorded["test"]["size_ratio"]
    rows = [
        _row("test images", paper.TEST_IMAGES, theirs["images"], ours.images),
        _row("mean size ratio", paper.MEAN_RATIO, theirs["mean"], ours.mean),
        _row("standard deviation", None, theirs["standard_deviation"], ours.standard_deviation),
        _row("95 % interval, low", None, theirs["low"], ours.low),
        _row("95 % interval, high", None, theirs["high"], ours.high),
    ]
    return markdown(rows, right=_COLUMNS)


def ratio_by_class(scores: pd.DataFrame) -> str:
    """Return the mean size ratio of each class with its interval, PSNR and SSIM."""
    rows = []
    for name, group in [*scores.groupby("class", sort=True), ("all", scores)]:
        summary = evaluation.summarise(group["size_ratio"])
        rows.append(
            {
                "class": str(name).replace("_", " "),
                "images": str(summary.images),
                "mean size ratio": f"{summary.mean:.4f}",
                "standard deviation": f"{summary.standard_deviation:.4f}",
                "95 % interval": f"{summary.low:.4f} – {summary.high:.4f}",
                "PSNR (dB)": f"{group['psnr_db'].mean():.2f}",
                "SSIM": f"{group['ssim'].mean():.4f}",
            }
        )
    return markdown(rows, right=[column for column in rows[0] if column != "class"])


def benchmark(result: Mapping[str, Any]) -> str:
    """Say where, when and with what the benchmark's result was measured."""
    where, versions = result["machine"], result["versions"]
    return (
        f"Measured on {result['images']}: {where['processor']}, {where['cores']} cores, "
        f"{where['memory_bytes'] / 1e9:.0f} GB of memory, {where['system']}; "
        f"Python {versions['python']}, TensorFlow {versions['tensorflow']}, Keras "
        f"{versions['keras']}, Pillow {versions['pillow']}; commit "
        f"{(result['commit'] or 'unknown')[:8]}, {result['measured']}."
    )


def cost_ratios(result: Mapping[str, Any]) -> str:
    """Return the benchmark's table: minimum–median–maximum of the rounds, ratios, targets."""
    rows = []
    for found in costs.comparisons(result):
        target = found.target
        memory = target.ours == "peak_bytes"
        verdict = "aim" if found.ratio >= target.aim else "target"
        rows.append(
            {
                "what": target.label
                + ("" if target.processor == costs.AS_IT_IS else f", {target.processor}"),
                "the paper's script": _spread_of(found.literal, memory),
                "here": _spread_of(found.ours, memory),
                "ratio": _spread(found.ratios),
                "target, aim": f"{target.at_least:g}, {target.aim:g}",
                "reached": verdict if found.ratio >= target.at_least else "**no**",
            }
        )
    return markdown(rows, right=["the paper's script", "here", "ratio", "target, aim"])


def book_costs(result: Mapping[str, Any]) -> str:
    """Return how long `make book` takes in each situation, and what was asked for."""
    (measured,) = (
        measurement["measured"]
        for measurement in result["measurements"]
        if measurement["thing"] == "book"
    )
    targets = [
        ("install everything (packages in the download cache)", "install", "–", "–"),
        ("`make book` from a fresh clone, after that", "fresh", "–", "240 s"),
        ("`make book` again, nothing changed", "nothing", "5 s", "2 s"),
        ("one sentence of prose changed", "sentence", "–", "15 s"),
        ("one caption of a chapter changed: that chapter runs again", "caption", "–", "15 s"),
    ]
    rows = [
        {
            "what": label,
            "seconds": f"{measured[name]:.1f} s",
            "less than": at_most,
            "aim": aim,
        }
        for label, name, at_most, aim in targets
    ]
    return markdown(rows, right=["seconds", "less than", "aim"])


def many_files(result: Mapping[str, Any]) -> str:
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


def at_scale(result: Mapping[str, Any], counts: Sequence[int]) -> str:
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


def same_losses(losses: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
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


def _row(label: str, reported: float | str | None, recorded: float, ours: float) -> dict[str, str]:
    values = (number(reported), number(recorded), number(ours))
    return {"": label, **dict(zip(_COLUMNS, values, strict=True))}


def number(value: float | str | None) -> str:
    """Return a count with its thousands apart, another number with four decimals, "–" for none."""
    if isinstance(value, str):
        return value
    if value is None or math.isnan(value):
        return "–"
    whole = isinstance(value, int) or (value.is_integer() and abs(value) >= 2)
    return f"{value:,.0f}" if whole else f"{value:.4f}"
