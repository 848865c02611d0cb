"""Each function that draws, on input whose values all differ: all that is seen, and every text.

What is expected is written or computed here, from the input. A function that draws and has no case
here fails the last test.
"""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple, get_type_hints
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from scipy.ndimage import gaussian_filter

from reproduce import chapters
from reproduce.chapters import (
    attention_error,
    compression_size,
    cost,
    crops,
    dataset,
    exercises,
    gallery,
    pictures,
    rates,
    report,
    results,
    size_ratio,
    study_plots,
    style,
    training,
)
from reproduce.chapters import model as model_chapter
from reproduce.chapters.drawings import Drawing
from reproduce.chapters.pictures import Picture
from reproduce.chapters.points import Plot
from reproduce.core.outputs import OVERLAY
from reproduce.measure.rates.curves import PublishedCurve
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.results import excerpt
from reproduce.results.studies import Trial
from tests.made_up import (
    benchmark_result,
    gallery_rows,
    interval,
    levels,
    median_of_rounds,
    png_bytes,
    psnr,
    study_findings,
    unfinished_findings,
)
from tests.seen import legend_of_figure, plain, seen

BLACK, GREY, BLUE, VERMILION = "#000000", "#808080", "#0072b2", "#d55e00"
GREEN, ORANGE, PURPLE, SKY = "#009e73", "#e69f00", "#cc79a7", "#56b4e9"
PAPERS_MEAN = 0.6849762403517835


def beyond(values: Sequence[float]) -> float:
    """Where an axis ends that matplotlib chooses: a twentieth beyond what is drawn."""
    return max(values) + 0.05 * (max(values) - min(values))


@dataclass
class Shown:
    """A figure, and what must be seen in it."""

    figure: Drawing | Picture
    alt: str
    panels: list[dict[str, Any]] = field(default_factory=list)
    points: list[tuple[str, list[str]]] = field(default_factory=list)
    over: dict[str, Any] = field(default_factory=dict)
    legend: list[Any] = field(default_factory=list)
    pixels: np.ndarray | None = None


CASES: dict[str, Callable[[Any], Shown]] = {}
Case = Callable[[Any], Shown]


def drawn(function: Callable[..., Any], note: str = "") -> Callable[[Case], Case]:
    """Make a case of a function that draws; it is called with that."""

    def keep(case: Case) -> Case:
        CASES[name_of(function) + note] = lambda _: case(function)
        return case

    return keep


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


@pytest.fixture(autouse=True)
def book_style() -> Iterator[None]:
    """The style in which the book draws."""
    with rc_context():
        style.use_style()
        yield


# ------------------------------------------------------------------------------ compression size


RATIOS = [0.41, 0.52, 0.63, 0.655, 1.37]


@drawn(compression_size.ratio_histogram)
def _(draw: Any) -> Shown:
    counts, edges = np.histogram(RATIOS, 24)
    mean, papers = f"mean {0.717}", "the paper's mean 0.685"
    return Shown(
        draw(pd.DataFrame({"size_ratio": RATIOS, "psnr_db": [9, 8, 7, 6, 5]})),
        "A histogram of 5 size ratios from 0.41 to 1.37, 1 of them above 1. Their mean, 0.717, "
        "stands right of the paper's, 0.685.",
        [
            {
                "x": "size ratio (bytes of the reconstruction ÷ bytes of the original)",
                "y": "test images",
                "bars": [
                    ["#9cc7e2", edges[n], edges[n + 1], count]
                    for n, count in enumerate(counts)
                    if count
                ],
                "spans": [["95 % interval of the mean", BLUE, *interval(RATIOS)]],
                "lines": [
                    [mean, f"{BLUE} -", {"x": 0.717}],
                    [papers, f"{VERMILION} --", {"x": PAPERS_MEAN}],
                    ["", f"{BLACK} -", {"x": 1}],
                ],
                "legend": [
                    ["95 % interval of the mean", BLUE],
                    [mean, f"{BLUE} -"],
                    [papers, f"{VERMILION} --"],
                ],
            }
        ],
    )


@drawn(compression_size.best_and_worst)
def _(draw: Any) -> Shown:
    images = {("test", n): levels(n) for n in range(5)} | {("train", n): levels(n) for n in (5, 6)}
    data = SimpleNamespace(image=lambda split, index: images[split, index])
    scores = pd.DataFrame({"size_ratio": [0.91, 0.22, 1.43, 0.57, 1.18], "psnr_db": range(5)})
    with patch.object(model, "reconstruct", lambda _, batch: 1 - batch / 255):
        figure = draw(data, None, scores, count=2)
    chosen = {1: "least: 0.22", 3: "least: 0.57", 4: "greatest: 1.18", 2: "greatest: 1.43"}
    originals, made = (
        [
            {"images": [["gray", 0, most, shown(images["test", n])]], "off": True}
            | ({"title": f"{title}\ntest {n}"} if most == 255 else {})
            for n, title in chosen.items()
        ]
        for most, shown in ((255, lambda image: image), (1, lambda image: 1 - image / 255))
    )
    return Shown(
        figure,
        "Originals above, reconstructions below: on the left images with ratios of 0.22 and 0.57, "
        "on the right of 1.18 and 1.43.",
        [*originals, *made],
    )


# --------------------------------------------------------------------------------------- dataset


@drawn(dataset.class_samples)
def _(draw: Any) -> Shown:
    of = {"validation": [levels(n) for n in range(6)], "train": [levels(n) for n in range(10, 16)]}
    data = SimpleNamespace(
        labels=lambda split: np.array([1, 0, 0, 1, 0, 1] if split == "validation" else [0] * 6),
        images=lambda split: np.array(of[split]),
        classes=("bean_rust", "healthy"),
        counts={"train": 1_034, "validation": 6},
    )
    return Shown(
        draw(data, "validation", per_class=2),
        "Grey photographs of the split validation, which has 6 of them: 2 of each class, bean rust "
        "and healthy.",
        [
            {
                "title": f"validation {n}",
                "images": [["gray", 0, 255, of["validation"][n]]],
                "off": True,
            }
            | ({"texts": [name]} if name else {})
            for n, name in ((1, "bean rust"), (4, ""), (0, "healthy"), (5, ""))
        ],
    )


@drawn(dataset.grey_histogram)
def _(draw: Any) -> Shown:
    random = np.random.default_rng(0)
    counts = {split: random.permutation(256) for split in ("train", "validation", "test")}
    counts["validation"] = np.zeros(256, int)
    data = SimpleNamespace(
        histogram=lambda split: counts[split], counts={"train": 11, "validation": 0, "test": 33}
    )
    shares = {split: of / 32_640 for split, of in counts.items()}  # 0 + 1 + … + 255
    peaks = {split: list(of).index(255) for split, of in counts.items() if of.any()}
    return Shown(
        draw(data),
        "A curve over grey levels for each split. The highest points: of train at level "
        f"{peaks['train']}, with 0.8% of the pixels and of test at level {peaks['test']}, with "
        "0.8% of the pixels.",
        [
            {
                "x": "grey level",
                "y": "share of the pixels (%)",
                "xlim": [0, 255],
                "ylim": [0, 1.05 * 25_500 / 32_640],
                "lines": [
                    [
                        f"{split} ({images} images)",
                        look,
                        [[n, 100 * share] for n, share in enumerate(shares[split])],
                    ]
                    for split, images, look in (
                        ("train", 11, f"{BLUE} -"),
                        ("test", 33, f"{VERMILION} :"),
                    )
                ],
                "legend": [
                    ["train (11 images)", f"{BLUE} -"],
                    ["test (33 images)", f"{VERMILION} :"],
                ],
            }
        ],
    )


# ---------------------------------------------------------------------------------------- model


@drawn(model_chapter.draw)
def _(draw: Any) -> Shown:
    encoder, attention, decoder, other = "#cfe5f3", "#f9e3b4", "#c9e8dd", "#eeeeee"
    layers = [
        (other, 0, "image\nInputLayer", "64 × 64 × 1"),
        (encoder, 0, "encoder conv 1\nConv2D 3 × 3, relu", "64 × 64 × 32"),
        (encoder, 0, "encoder conv 1 pool\nMaxPooling2D", "32 × 32 × 32"),
        (encoder, 0, "encoder conv 2\nConv2D 3 × 3, relu", "32 × 32 × 16"),
        (encoder, 0, "latent\nConv2D 3 × 3, relu", "32 × 32 × 1"),
        (attention, 1.25, "attention map\nConv2D 3 × 3, sigmoid", "32 × 32 × 1"),
        (attention, 1.25, "inverted attention\nInvert", "32 × 32 × 1"),
        (attention, 0, "weighted latent\nMultiply", "32 × 32 × 1"),
        (decoder, 0, "decoder conv 1\nConv2D 3 × 3, relu", "32 × 32 × 16"),
        (decoder, 0, "reconstruction upsample\nUpSampling2D", "64 × 64 × 16"),
        (decoder, 0, "reconstruction\nConv2D 3 × 3, linear", "64 × 64 × 1"),
        (other, 0, "crop\nCropToImage", "64 × 64 × 1"),
        (other, 0, "unit range\nActivation, sigmoid", "64 × 64 × 1"),
    ]
    return Shown(
        draw(model.build(0), 64),
        "Boxes for 13 layers with 5,404 parameters, joined by arrows from an image of 64 × 64 "
        "pixels down to its reconstruction; aside, from latent to weighted latent, attention map "
        "and inverted attention.",
        [
            {
                "xlim": [-0.65, 2.2],
                "ylim": [-12.5, 0.5],
                "boxes": [[colour, x, -row] for row, (colour, x, *_) in enumerate(layers)],
                "texts": [
                    *(
                        [f"{text}  →  {shape}", x, -row]
                        for row, (_, x, text, shape) in enumerate(layers)
                    ),
                    ["encoder", 0.62, -1],
                    ["attention", 1.87, -5],
                    ["decoder", 0.62, -8],
                ],
                "arrows": [
                    *([[0, -row - 0.35], [0, -row - 0.65]] for row in range(4)),
                    [[0.58, -4], [1.25, -4.65]],
                    [[1.25, -5.35], [1.25, -5.65]],
                    [[1.25, -6.35], [0.58, -7]],
                    *([[0, -row - 0.35], [0, -row - 0.65]] for row in range(7, 12)),
                    [[0, -4.35], [0, -6.65]],
                ],
                "off": True,
            }
        ],
    )


# ------------------------------------------------------------------------------------- training


@drawn(training.training_curve)
def _(draw: Any) -> Shown:
    losses = [(1, 0.71234), (2, 0.65432), (3, 0.57891)]
    floor, papers = "floor 0.5000", "the paper: around 0.6"
    return Shown(
        draw([loss for _, loss in losses], 0.5),
        "Two plots over 3 epochs. The loss goes from 0.7123 to 0.5789, beside a floor of 0.5000; "
        "what it has above the floor goes from 0.2123 to 0.0789.",
        [
            {
                "y": "loss (nat/pixel)",
                "lines": [
                    ["training loss", f"{BLUE} o -", losses],
                    [floor, f"{BLACK} --", {"y": 0.5}],
                    [papers, f"{ORANGE} :", {"y": 0.6}],
                ],
                "legend": [
                    ["training loss", f"{BLUE} o -"],
                    [floor, f"{BLACK} --"],
                    [papers, f"{ORANGE} :"],
                ],
            },
            {
                "x": "epoch",
                "y": "loss − floor",
                "scales": ["linear", "log"],
                "lines": [["", f"{VERMILION} s -", [[n, loss - 0.5] for n, loss in losses]]],
            },
        ],
        [
            (
                "loss",
                [f"epoch {n}: loss {text}" for n, text in ((1, 0.7123), (2, 0.6543), (3, 0.5789))],
            ),
            (
                "excess",
                [
                    f"epoch {n}: {text} above the floor"
                    for n, text in ((1, "0.2123"), (2, "0.1543"), (3, "0.0789"))
                ],
            ),
        ],
    )


@drawn(report.losses_of_seeds)
def _(draw: Any) -> Shown:
    losses = {3: [0.71, 0.66, 0.62], 8: [0.73, 0.69, 0.68], 9: [0.72, 0.65, 0.61]}
    runs = {
        seed: SimpleNamespace(
            training=SimpleNamespace(losses=of, loss_floor=0.5432), learned=seed != 8
        )
        for seed, of in losses.items()
    }
    looks = {
        "seed 3": f"{BLUE} o -",
        "seed 8, dead latent": f"{VERMILION} x --",
        "seed 9": f"{GREEN} o -",
    }
    marks = [
        ["floor 0.5432", f"{BLACK} --", {"y": 0.5432}],
        ["mid-grey everywhere", f"{GREY} :", {"y": math.log(2)}],
    ]
    return Shown(
        draw(runs),
        "Curves of the loss over epochs. They end at 0.6200 with seed 3, 0.6800 with seed 8 and "
        "0.6100 with seed 9; the floor is 0.5432, mid-grey everywhere 0.6931.",
        [
            {
                "x": "epoch",
                "y": "loss (nat/pixel)",
                "lines": [
                    *(
                        [name, look, list(enumerate(of, 1))]
                        for (name, look), of in zip(looks.items(), losses.values(), strict=True)
                    ),
                    *marks,
                ],
                "legend": [*map(list, looks.items()), *(mark[:2] for mark in marks)],
            }
        ],
        [
            (name, [f"{name}, epoch {n}: loss {loss:.4f}" for n, loss in enumerate(of, 1)])
            for name, of in zip(looks, losses.values(), strict=True)
        ],
    )


# ----------------------------------------------------------------------------- one image's results


UNDER = {"original": "figure-7", "reconstruction": "figure-8"}


def in_colours(values: np.ndarray, cmap: str, low: float, high: float, bar: list[Any]) -> Any:
    return [{"images": [[cmap, low, high, values]], "colour bar": [*bar, cmap], "off": True}]


@drawn(results.difference_picture)
def _(draw: Any) -> Shown:
    difference = np.linspace(-0.35, 0.6, 48).reshape(6, 8)[::-1, ::-1]
    sizes = np.sort(np.abs(difference).ravel())
    bound = sizes[-2] + 0.765 * (sizes[-1] - sizes[-2])  # 0.995 x 47 = 46.765
    mean = sizes.sum() / 48
    return Shown(
        draw(difference),
        "The difference of the two in colours, pale on the leaves and speckled on the rough "
        f"ground: {mean:.3f} of the range from black to white on average, and between "
        f"-{bound:.2f} and {bound:.2f} nearly everywhere.",
        in_colours(
            difference, "PuOr", -bound, bound,
            ["original − reconstruction", -bound, bound, "both"],
        ),
        over={"what": "difference", "over": UNDER},
    )  # fmt: skip


@drawn(results.attention_picture)
def _(draw: Any) -> Shown:
    values = np.linspace(0.12, 0.83, 41)
    shuffled = np.random.default_rng(0).permutation(values).reshape(1, 41)
    return Shown(
        draw(shuffled),
        "The attention map in colours, a flat picture of the leaves and the ground, higher in the "
        f"shade: its values go from 0.12 to 0.83, nine in ten of them from {values[2]:.2f} to "
        f"{values[38]:.2f}.",
        in_colours(shuffled, "cividis", 0.12, 0.83, ["attention a", 0.12, 0.83, "neither"]),
        over={"what": "attention map", "over": UNDER},
    )


@drawn(results.latent_picture)
def _(draw: Any) -> Shown:
    latent = np.array([[0.25, 0.75, 1.25], [3.5, 0.5, 2.0], [0.125, 0.0625, 0.875]]) + 0.1
    return Shown(
        draw(latent),
        "The latent in colours: values from 0.16 to 3.60, 33% of them above 1.",
        in_colours(latent, "cividis", 0, 3.6, ["latent e", 0, 3.6, "neither"]),
    )


def an_example(**changes: Any) -> SimpleNamespace:
    original, made = levels(1), levels(2)
    values = {
        "original": original,
        "reconstructed_levels": made,
        "difference": original / 255 - made / 255,
        "latent": np.arange(12).reshape(3, 4) / 8,
        "attention_map": np.arange(12)[::-1].reshape(3, 4) / 13,
        "full_size_attention": np.arange(48).reshape(6, 8) / 50,
        "attention_correlation": -0.3217,
        "original_bytes": 205_111,
        "reconstruction_bytes": 131_422,
        "latent_bytes": {"clip": 3_456, "stretch": 7_890}.__getitem__,
        "latent_similarity": 0.8765,
        "scores": lambda: {"psnr_db": 25.678, "ssim": 0.9, "size_ratio": 0.64321},
    }
    return SimpleNamespace(**values | changes)


@drawn(results.original)
def _(draw: Any) -> Shown:
    return Shown(
        draw(an_example()),
        "Bean leaves with small dark spots over rough ground, half in the shade, in grey: 8 × 6 "
        "pixels, 205,111 bytes as a PNG file.",
        pixels=levels(1),
    )


@drawn(results.reconstruction)
def _(draw: Any) -> Shown:
    return Shown(
        draw(an_example()),
        "The same leaves and ground, with their fine texture blurred away: "
        f"{psnr(levels(1), levels(2)):.2f} dB, 131,422 bytes as a PNG file.",
        pixels=levels(2),
    )


@drawn(results.before_and_after)
def _(draw: Any) -> Shown:
    return Shown(
        draw(an_example()),
        "original | reconstruction: the leaves over the ground twice; in the reconstruction small "
        f"veins and the grain of the ground are soft, at {psnr(levels(1), levels(2)):.2f} dB.",
        pixels=np.concatenate([levels(1), levels(2)], axis=1),
    )


LATENT_ALT = (
    "The photograph again, small: 4 × 3 pixels, {} bytes as a PNG file. Before it became 8 bits it "
    "correlated by 0.876 with the photograph at that size."
)


@drawn(results.latent)
def _(draw: Any) -> Shown:
    clipped = [[0, 32, 64, 96], [128, 159, 191, 223], [255, 255, 255, 255]]
    return Shown(draw(an_example(), "clip"), LATENT_ALT.format("3,456"), pixels=np.array(clipped))


@drawn(results.latent, ", stretch")
def _(draw: Any) -> Shown:
    latent = np.arange(12).reshape(3, 4) / 8 + 0.5
    stretched = np.rint(np.arange(12) * 255 / 11).reshape(3, 4)
    return Shown(
        draw(an_example(latent=latent), "stretch"), LATENT_ALT.format("7,890"), pixels=stretched
    )


@drawn(results.attention_against_difference)
def _(draw: Any) -> Shown:
    # 45 hexagons along the axis of the attention: places of a point are its own to half of one.
    attention, difference = (0.1, 0.1, 0.5, 0.9), (-0.2, 0.2, 0.4, -0.8)
    example = an_example(
        original=levels(1, 2, 2),
        full_size_attention=np.reshape(attention, (2, 2)),
        difference=np.reshape(difference, (2, 2)),
    )
    figure = draw(example)
    (panel,) = seen(figure)
    ((cmap, cells),) = panel.pop("cells")
    assert cmap == "cividis"
    assert np.allclose(sorted(cells), [(0.1, 0.2, 2), (0.5, 0.4, 1), (0.9, 0.8, 1)], atol=0.03)
    label, low, high, *rest = panel.pop("colour bar")
    assert (label, low, high, rest) == ("pixels", 1, 2, ["neither", "cividis"])
    assert panel == {"x": "attention a", "y": "|original − reconstruction|"}
    return Shown(
        figure,
        "The density of 4 pixels over attention and absolute difference: the two correlate by "
        "-0.322.",
        [seen(figure)[0]],
    )


@drawn(results.this_run)
def _(draw: Any) -> Shown:
    example = an_example()
    sizes = np.abs(levels(1) / 255 - levels(2) / 255)
    panels = {
        "original": ["gray", 0, 255, levels(1)],
        "reconstruction": ["gray", 0, 255, levels(2)],
        "|difference|": ["cividis", 0, sizes.max(), sizes],
        "latent": ["cividis", 0, 11 / 8, example.latent],
        "attention": ["cividis", 0, 11 / 13, example.attention_map],
    }
    return Shown(
        draw(example),
        "A row of pictures of one image: original, reconstruction, |difference|, latent and "
        "attention. The reconstruction has 25.68 dB, and its file 0.643 of the original's bytes.",
        [{"title": title, "images": [image], "off": True} for title, image in panels.items()],
    )


# ------------------------------------------------------------------------------------- size ratio


OF_METHODS: dict[str, tuple[str, list[float], list[float]]] = {
    "blur-1": ("blur, σ = 1", [0.52, 0.66, 0.71], [27.1, 28.3, 24.4]),
    "autoencoder": ("autoencoder", [0.61, 0.69, 0.72], [25.2, 26.4, 22.9]),
    "raw": ("raw grey levels", [1.21, 1.43, 1.38], [math.inf] * 3),
    "blur-2": ("blur, σ = 2", [0.33, 0.44, 0.41], [23.1, 22.2, 21.7]),
    "jpeg": ("JPEG 95", [0.81, 0.92, 0.97], [58.1, 57.2, 59.6]),
    "latent-clip": ("latent, PNG (clip)", [0.13, 0.15, 0.11], [15.1, 14.3, 16.9]),
    "mid-grey": ("mid-grey", [0.021, 0.032, 0.027], [12.1, 11.3, 13.5]),
}


def ratios_of_methods() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"image": n, "method": name, "bytes": 0, "size_ratio": ratio, "bpp": 7.7}
            | {"psnr_db": decibels, "ssim": 0.5, "ms_ssim": 0.6}
            for name, (_, *both) in OF_METHODS.items()
            for n, (ratio, decibels) in enumerate(zip(*both, strict=True))
        ]
    )


@drawn(size_ratio.ratio_against_psnr)
def _(draw: Any) -> Shown:
    figure = draw(ratios_of_methods())
    mean = {name: (float(np.mean(x)), float(np.mean(y))) for name, (_, x, y) in OF_METHODS.items()}
    groups = [
        ("PNG of the picture that comes out", f"{BLUE} o", ["blur-1", "blur-2", "mid-grey"]),
        ("file that a receiver opens", f"{GREEN} s", ["jpeg"]),
        ("latent that a receiver decodes", f"{ORANGE} ^", ["latent-clip"]),
        ("the autoencoder", f"{VERMILION} *", ["autoencoder"]),
    ]
    ends: dict[str, list[float]] = {
        name: [*mean[name], *interval(x), *interval(y)]
        for name, (_, x, y) in OF_METHODS.items()
        if name != "raw"
    }
    order = ["autoencoder", "blur-1", "blur-2", "mid-grey", "jpeg", "latent-clip"]
    labels = {name: label for name, (label, *_) in OF_METHODS.items()}
    papers = f"the paper's mean, {0.685}"
    return Shown(
        figure,
        "Mean size ratio and mean PSNR: "
        + "; ".join(f"{labels[n]} {mean[n][0]:.3f} and {mean[n][1]:.2f} dB" for n in order)
        + ".",
        [
            {
                "x": "mean size ratio (bytes ÷ bytes of the original's PNG)",
                "y": "mean PSNR (dB)",
                "xlim": [-0.03, beyond([end for x_y in ends.values() for end in x_y[2:4]])],
                "lines": [
                    ["", f"{BLUE} -", [mean["blur-1"], mean["blur-2"]]],
                    [papers, f"{BLACK} :", {"x": PAPERS_MEAN}],
                ],
                "errorbars": [[of, look, [ends[n] for n in some]] for of, look, some in groups],
                "texts": [[labels[name], *mean[name]] for name in order],
            }
        ],
        [
            (
                of,
                [
                    f"{labels[n]}: size ratio {mean[n][0]:.3f}, {mean[n][1]:.2f} dB PSNR"
                    for n in some
                ],
            )
            for of, _, some in groups
        ],
        legend=[
            [papers, f"{BLACK} :"],
            *([label, look.partition(" ")[0]] for label, look, _ in groups),
        ],
    )


@drawn(size_ratio.pictures)
def _(draw: Any) -> Shown:
    image = gaussian_filter(np.random.default_rng(0).random((24, 30)), 1)
    original = np.rint(255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)
    blurred = np.rint(gaussian_filter(original.astype(float), 2)).astype(np.uint8)
    grey = np.full_like(original, 128)
    size = png_bytes(original)
    titles = [
        "original",
        f"blur, σ = 2\nratio {png_bytes(blurred) / size:.2f}, {psnr(original, blurred):.2f} dB",
        f"raw grey levels\nratio {24 * 30 / size:.2f}, ∞ dB",
        f"mid-grey\nratio {png_bytes(grey) / size:.2f}, {psnr(original, grey):.2f} dB",
    ]
    shown = zip(titles, (original, blurred, original, grey), strict=True)
    return Shown(
        draw(Subject(None, original), ["blur-2", "raw", "mid-grey"], columns=2, side=10),
        "4 grey pictures of the same detail: "
        + "; ".join(title.replace("\n", ", ") for title in titles)
        + ".",
        [
            {"title": title, "images": [["gray", 0, 255, left[7:17, 10:20]]], "off": True}
            for title, left in shown
        ],
    )


# ------------------------------------------------------------------------------------------- rates


METRICS = {"psnr_db": "PSNR (dB)", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}
LOOKS = {"autoencoder": f"{VERMILION} o -", "JPEG": f"{BLACK} s -", "new": f"{ORANGE} X -"}
RATES = {"autoencoder": (0.2, 0.4, 0.8), "JPEG": (0.1, 0.3, 1.5), "new": (0.05, 0.15, 2.5)}
PSNR = {"autoencoder": (20.1, 25.2, 26.3), "JPEG": (20.4, 26.5, 36.6), "new": (37.7, 38.8, 39.9)}
SHARE_TICKS = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]


def curve_points(worse: float = 0) -> pd.DataFrame:
    """Curves of three codecs in a table whose numbers all differ, the last points first."""
    rows = []
    for codec, rates_of in RATES.items():
        for quality, bpp, decibels in zip((2, 4, 8), rates_of, PSNR[codec], strict=True):
            row: dict[str, Any] = {"codec": codec, "quality": quality, "bpp": bpp}
            for metric, value in (
                ("psnr_db", decibels - worse),
                ("ssim", (decibels - worse) / 41),
                ("ms_ssim", (decibels - worse) / 40.5),
            ):
                row |= {metric: value, f"{metric}_low": 0.99 * value}
                row[f"{metric}_high"] = 1.004 * value
            rows.append(row)
    return pd.DataFrame(rows[::-1]).sort_values("codec", kind="stable", key=lambda of: of == "new")


def scaled(metric: str, value: float) -> float:
    return value if metric == "psnr_db" else -10 * math.log10(1 - value)


def of_codec(points: pd.DataFrame, codec: str) -> list[dict[str, Any]]:
    own = points[points["codec"] == codec].sort_values("bpp")
    return [{str(name): value for name, value in row.items()} for row in own.to_dict("records")]


def curve_panel(points: pd.DataFrame, metric: str, **more: Any) -> dict[str, Any]:
    share = {"ticks": {"y": [[scaled(metric, tick), f"{tick}"] for tick in SHARE_TICKS]}}
    return {
        "x": "bits per pixel",
        "y": METRICS[metric],
        "xlim": [0, 2],
        "lines": [
            [
                codec,
                look,
                [[row["bpp"], scaled(metric, row[metric])] for row in of_codec(points, codec)],
            ]
            for codec, look in LOOKS.items()
        ],
        "areas": [
            [
                look.partition(" ")[0],
                [
                    [
                        row["bpp"],
                        *(scaled(metric, row[f"{metric}_{end}"]) for end in ("low", "high")),
                    ]
                    for row in of_codec(points, codec)
                ],
            ]
            for codec, look in LOOKS.items()
        ],
        **({} if metric == "psnr_db" else share),
        **more,
    }


LEGEND = {"legend": [list(item) for item in LOOKS.items()]}


def curve_texts(points: pd.DataFrame, metric: str, of: str = "") -> list[tuple[str, list[str]]]:
    def text(row: dict[str, Any]) -> str:
        step = f"step 1/{row['quality']}" if row["codec"] == "autoencoder" else ""
        value = (
            f"{row[metric]:.2f} dB PSNR"
            if metric == "psnr_db"
            else f"{METRICS[metric]} {row[metric]:.4f}"
        )
        setting = step or f"quality {row['quality']}"
        return f"{row['codec']}, {setting}{of}: {row['bpp']:.3f} bits per pixel, {value}"

    return [
        (codec, [text(row) for row in of_codec(points, codec) if row["bpp"] <= 2])
        for codec in LOOKS
    ]


def jpeg_at_the_best_of(jpeg: Sequence[float]) -> float:
    """PSNR of JPEG at 0.8 bits per pixel, between the two points beside."""
    share = math.log(0.8 / 0.3) / math.log(1.5 / 0.3)
    return jpeg[1] + share * (jpeg[2] - jpeg[1])


def best_of(worse: float = 0) -> str:
    jpeg = jpeg_at_the_best_of(PSNR["JPEG"]) - worse
    share = math.log(0.8 / 0.15) / math.log(2.5 / 0.15)
    new = PSNR["new"][1] + share * (PSNR["new"][2] - PSNR["new"][1]) - worse
    return (
        f"The best of autoencoder is {26.3 - worse:.2f} dB PSNR, at 0.80 bits per pixel, where "
        f"JPEG has {jpeg:.2f} and new has {new:.2f}."
    )


@drawn(rates.rate_distortion)
def _(draw: Any) -> Shown:
    points = curve_points()
    return Shown(
        draw(points),
        f"3 plots of quality against rate. {best_of()}",
        [
            curve_panel(points, "psnr_db", **LEGEND),
            curve_panel(points, "ssim"),
            curve_panel(points, "ms_ssim"),
        ],
        [curve for metric in METRICS for curve in curve_texts(points, metric)],
    )


@drawn(rates.at_both_sizes)
def _(draw: Any) -> Shown:
    full, half = curve_points(), curve_points(5)
    right = curve_panel(half, "psnr_db", title="half size")
    right.pop("y")
    return Shown(
        draw(full, half),
        f"At full size: {best_of()} At half size: {best_of(5)}",
        [curve_panel(full, "psnr_db", title="full size", **LEGEND), right],
        [
            *curve_texts(full, "psnr_db", ", full size"),
            *curve_texts(half, "psnr_db", ", half size"),
        ],
    )


def psnr_curves(
    figure: Any, curves: dict[str, list[tuple[float, float]]], looks: list[str], axes: Any
) -> Shown:
    """A plot of curves of PSNR, which ends where the caller says."""
    best = {name: max(points, key=lambda point: point[1]) for name, points in curves.items()}
    told = "; ".join(f"{n}, {y:.2f} dB at {x:.2f} bits per pixel" for n, (x, y) in best.items())
    return Shown(
        figure,
        f"Curves of PSNR against rate. The best of each: {told}.",
        [
            {
                "x": "bits per pixel",
                "lines": [
                    [name, look, points]
                    for (name, points), look in zip(curves.items(), looks, strict=True)
                ],
                "legend": [[name, look] for name, look in zip(curves, looks, strict=True)],
            }
            | axes
        ],
        [
            (
                name,
                [f"{name}: {x:.3f} bits per pixel, {y:.2f} dB PSNR" for x, y in points if x <= 2],
            )
            for name, points in curves.items()
        ],
    )


@drawn(rates.trained_with_quantisation)
def _(draw: Any) -> Shown:
    curves = {
        "noise": [(0.11, 20.1), (0.32, 24.5), (0.53, 23.9)],
        "none": [(0.24, 21.3), (0.45, 22.6), (1.26, 25.7)],
    }
    trials = [
        Trial(name, 0.6, 1.5, 0.1, tuple({"quality": 1, "bpp": x, "psnr_db": y} for x, y in of), 4)
        for name, of in curves.items()
    ]
    axes = {"y": "PSNR (dB)", "xlim": [0, beyond([0.11, 1.26])]}
    return psnr_curves(draw(trials), curves, [f"{BLUE} o -", f"{VERMILION} s -"], axes)


@drawn(rates.elsewhere_curves)
def _(draw: Any) -> Shown:
    curves = {
        "JPEG XL": [(0.12, 30.1), (0.35, 33.4), (2.75, 41.2)],
        "A model (2018)": [(0.17, 31.6), (0.48, 35.9)],
    }
    published = [
        PublishedCurve(
            name=name, images="", paper="", source="",
            bpp=tuple(x for x, _ in of), psnr_db=tuple(y for _, y in of),
        )
        for name, of in curves.items()
    ]  # fmt: skip
    axes = {"y": "PSNR over RGB (dB)", "xlim": [0, 2]}
    return psnr_curves(draw(published), curves, [f"{SKY} P -", f"{ORANGE} X -"], axes)


class Scripted(NamedTuple):
    """A codec of a test: the length of a file and what comes back are told by the quality alone."""

    name: str
    files: dict[float, tuple[int, np.ndarray]]

    @property
    def qualities(self) -> list[float]:
        return list(self.files)

    @property
    def settings(self) -> str:
        return f"settings of {self.name}"

    def encode(self, _: np.ndarray, quality: float) -> bytes:
        size, _ = self.files[quality]
        return bytes([int(4 * quality)]) + bytes(size - 1)

    def decode(self, data: bytes) -> np.ndarray:
        return self.files[data[0] / 4][1]


IMAGE = levels(30, 10, 12)
CODECS = [
    Scripted("autoencoder", {2: (7, levels(31, 10, 12)), 4: (14, levels(32, 10, 12))}),
    Scripted("other", {0.5: (9, levels(33, 10, 12)), 6: (21, levels(34, 10, 12))}),
    Scripted("third", {3: (16, levels(36, 10, 12)), 7: (200, levels(35, 10, 12))}),
]


def comparable(name: str, quality: float) -> tuple[int, np.ndarray, float]:
    (codec,) = (codec for codec in CODECS if codec.name == name)
    size, back = codec.files[quality]
    return size, back, psnr(IMAGE, back)


@drawn(rates.crops)
def _(draw: Any) -> Shown:
    # A rate of 0.8 bits per pixel is 12 bytes of these 120 pixels; nearest as a ratio.
    chosen = {"autoencoder": 4, "other": 0.5, "third": 3}
    titles, shown = ["original"], [IMAGE]
    for name, quality in chosen.items():
        size, back, decibels = comparable(name, quality)
        titles.append(f"{name}\n{8 * size / 120:.2f} bpp, {decibels:.2f} dB")
        shown.append(back)
    return Shown(
        draw(CODECS, IMAGE, 0.8, side=4),
        "The same detail 4 times: " + "; ".join(t.replace("\n", ", ") for t in titles) + ".",
        [
            {"title": title, "images": [["gray", 0, 255, picture[3:7, 4:8]]], "off": True}
            for title, picture in zip(titles, shown, strict=True)
        ],
    )


@drawn(crops.sheet)
def _(draw: Any) -> Shown:
    chosen = {
        name: comparable(*name) for name in (("autoencoder", 2), ("other", 0.5), ("other", 6))
    }
    white = np.full((4, 4), 255)
    gap = np.full((4, 4), 255)
    first, *rest = (back[3:7, 4:8] for _, back, _ in chosen.values())
    rows = [
        np.hstack([left, gap, right])
        for left, right in ((IMAGE[3:7, 4:8], white), (first, white), rest)
    ]
    texts = [
        f"{name}, {setting}: {size} bytes, {size / 15:.2f} bits per pixel, {decibels:.2f} dB PSNR"
        for (name, setting), (size, _, decibels) in zip(
            [("autoencoder", "step 1/2"), ("other", "quality 0.5"), ("other", "quality 6")],
            chosen.values(),
            strict=True,
        )
    ]
    better = max(texts[1:], key=lambda text: float(text.split()[-3]))
    made = [
        crops.at_points(CODECS[:1], IMAGE, "the-sheet", side=4, every=2),
        crops.at_points(CODECS[1:2], IMAGE, "the-sheet", side=4, every=1),
    ]
    both = crops.Crops("the-sheet", made[0].original, [*made[0].rows, *made[1].rows])
    return Shown(
        draw(both),
        "A sheet of small crops of one picture: the original on top, below it 2 rows of what "
        "codecs give back, from few bytes on the left to many on the right. The best of each row: "
        f"{texts[0]}; {better}.",
        pixels=np.vstack([rows[0], np.full((4, 12), 255), rows[1], np.full((4, 12), 255), rows[2]]),
    )


# ---------------------------------------------------------------------------------- what it costs


@drawn(cost.cost_curves)
def _(draw: Any) -> Shown:
    sizes, counts = (250, 500, 1000), (64, 512)
    panels = [
        ("training, seconds per image", "pixels a side", "training", "seconds", 1, sizes),
        ("peak memory, GB", "pixels a side", "training", "peak_bytes", 1e9, sizes),
        ("files to first step, seconds", "training images", "loading", "seconds", 1, counts),
        ("peak memory, GB", "training images", "memory", "peak_bytes", 1e9, counts),
    ]
    looks = {"literal": ("the paper's script", f"{VERMILION} o -"), "ours": ("here", f"{BLUE} s -")}
    expected, told, ends = [], [], []
    for title, along, thing, number, unit, places in panels:
        curves = {
            subject: [(at, median_of_rounds(thing, subject, number, at) / unit) for at in places]
            for subject in looks
        }
        panel: dict[str, Any] = {
            "title": title,
            "x": along,
            "lines": [[*looks[subject], curve] for subject, curve in curves.items()],
        }
        if places == sizes:
            panel |= {"scales": ["log", "log"], "ticks": {"x": [[at, str(at)] for at in places]}}
        else:
            panel["ylim"] = [0, beyond([value for of in curves.values() for _, value in of])]
        expected.append(panel)
        told += [
            (looks[s][0], [f"{looks[s][0]}, {at:,} {along}: {title} {v:.3g}" for at, v in curve])
            for s, curve in curves.items()
        ]
        last = ", ".join(
            f"{looks[s][0]} {curve[-1][1]:.3g} with {places[-1]:,} {along}"
            for s, curve in curves.items()
        )
        ends.append(f"{title}: {last}.")
    expected[0]["legend"] = [list(look) for look in looks.values()]
    return Shown(
        draw(benchmark_result()),
        " ".join(["Four plots; at their right ends:", *ends]),
        expected,
        told,
    )


# ------------------------------------------------------------------------------ gallery, exercises


@drawn(pictures.side_by_side)
def _(draw: Any) -> Shown:
    one, other = levels(40), levels(41)
    return Shown(
        draw({"dark": one, "light": other}, "what is seen"),
        "dark | light: what is seen",
        pixels=np.concatenate([one, other], axis=1),
    )


@drawn(pictures.grid)
def _(draw: Any) -> Shown:
    a, b, c, d = (levels(n) for n in range(42, 46))
    pixels = np.full((2 * 6 + 3, 2 * 8 + 3), 255)
    pixels[:6, :8], pixels[:6, 11:], pixels[9:, :8], pixels[9:, 11:] = a, b, c, d
    return Shown(draw([[a, b], [c, d]], "what is seen", gap=3), "what is seen", pixels=pixels)


@drawn(gallery.sheet)
def _(draw: Any) -> Shown:
    rows, shown = gallery_rows()
    crops_of = [[picture[1:5, 2:6] for picture in made.values()] for made in shown.values()]
    lines = [
        np.hstack([np.pad(crop, ((0, 0), (0, 4)), constant_values=255) for crop in line])[:, :-4]
        for line in crops_of
    ]

    def mean(key: str) -> str:
        return f"{np.mean([psnr(made['original'], made[key]) for made in shown.values()]):.2f} dB"

    return Shown(
        draw(rows, side=4),
        "A grid of 2 rows of leaves. From left to right the photograph; for the paper's ratio "
        f"autoencoder, {mean('autoencoder')}; blur, σ = 1, {mean('blur-1')}; mid-grey, "
        f"{mean('mid-grey')}; from files autoencoder, {mean('file')}; JPEG, {mean('jpeg')}; AVIF, "
        f"{mean('avif')} (means of PSNR).",
        pixels=np.vstack([lines[0], np.full((4, 7 * 8 - 4), 255), lines[1]]),
    )


@drawn(gallery.hook)
def _(draw: Any) -> Shown:
    rows, shown = gallery_rows()
    made = shown["test/healthy/healthy_test.7.jpg"]
    own, jpeg = (psnr(made["original"], made[key]) for key in ("file", "jpeg"))
    return Shown(
        draw(rows[1]),
        "original | autoencoder | JPEG, same bytes: leaves of beans. From 1,004 bytes the "
        f"autoencoder gives them back blurred, {own:.2f} dB, and JPEG from 2,004 with more of "
        f"their texture, {jpeg:.2f} dB.",
        pixels=np.hstack([made["original"], made["file"], made["jpeg"]]),
    )


@drawn(exercises.picture)
def _(draw: Any) -> Shown:
    original = levels(60, 15, 16)
    blurred = np.rint(gaussian_filter(original.astype(float), 1)).astype(np.uint8)
    steps = np.minimum(np.rint(original / 8) * 8, 255).astype(np.uint8)
    blur, eights = (
        f"{png_bytes(one) / png_bytes(original):.3f} of the bytes and {psnr(original, one):.2f} dB"
        for one in (blurred, steps)
    )
    with patch.object(excerpt, "original", lambda: original):
        figure = draw()
    return Shown(
        figure,
        "original | blur, σ = 1 | steps of 8: the leaves three times. The blur has lost their "
        f"texture, with {blur}; the steps hardly show, with {eights}.",
        pixels=np.hstack([original, blurred, steps]),
    )


# --------------------------------------------------------------------------------- future work


@drawn(study_plots.forest)
def _(draw: Any) -> Shown:
    # From above: a question takes 0.34, a variant 0.27.
    first, second = -0.34, -0.34 - 2 * 0.27 - 0.34
    none, l1 = first - 0.27, first - 2 * 0.27
    noise, deeper, lost = (second - 0.27 * row for row in (1, 2, 3))
    grey = "#7f7f7f"
    return Shown(
        draw(study_findings()),
        "5 variants by bytes at equal PSNR. Fewer bytes: none (-20.0 %). More bytes: 1; no "
        "difference: 1; undecided: 1; unfinished: 0.",
        [
            {
                "x": "bytes at equal PSNR, per cent",
                "scales": ["log", "linear"],
                "ylim": [lost - 0.27, 0],
                "ticks": {
                    "y": [
                        *([none, "none"], [l1, "l1"]),
                        *([noise, "noise-20"], [deeper, "deeper"], [lost, "lost"]),
                    ]
                },
                "lines": [
                    ["", f"{GREEN} -", [[0.7, none], [0.875, none]]],
                    ["", f"{BLACK} .", [[0.75, none], [0.86, none]]],
                    ["", f"{GREEN} D", [[0.8, none]]],
                    ["", f"{BLUE} -", [[0.97, l1], [1.04, l1]]],
                    ["", f"{BLACK} .", [[1.05, l1], [0.99, l1]]],
                    ["", f"{BLUE} D", [[1.02, l1]]],
                    ["", f"{BLACK} .", [[1.6, noise]]],
                    ["", f"{grey} D", [[1.6, noise]]],
                    ["", f"{VERMILION} -", [[1.31, deeper], [1.36, deeper]]],
                    ["", f"{BLACK} .", [[1.33, deeper]]],
                    ["", f"{VERMILION} D", [[1.33, deeper]]],
                    ["", f"{BLACK} -", {"x": 1}],
                ],
                "spans": [["", SKY, 0.95, 1.05]],
                "texts": [
                    ["Is it of use? (against paper)", 0, first],
                    ["And more? (against none)", 0, second],
                    ["no seed with which both learned", 1, lost],
                ],
            }
        ],
        [
            ("none", ["none: -20.0 (-30.0 to -12.5) %, fewer bytes"]),
            ("l1", ["l1: +2.0 (-3.0 to +4.0) %, no difference"]),
            ("noise-20", ["noise-20: +60.0 %, undecided"]),
            ("deeper", ["deeper: +33.0 (+31.0 to +36.0) %, more bytes"]),
        ],
    )


@drawn(study_plots.forest, ", of which nothing is there of the second question")
def _(draw: Any) -> Shown:
    found = unfinished_findings()
    first, second = found.of("first-thing"), found.of("second")
    nothing = [replace(one, compared=second[-1].compared, verdict="unfinished") for one in second]
    shown = draw(replace(found, findings=(*first, *nothing)))
    (panel,) = seen(shown)
    rows = [[-0.34 - 0.27, "none"], [-0.34 - 2 * 0.27, "l1"]]
    expected = {
        "x": "bytes at equal PSNR, per cent",
        "scales": ["log", "linear"],
        "ylim": [-0.34 - 3 * 0.27, 0],
        "ticks": {"y": rows},
        "lines": panel["lines"],  # as above
        "spans": [["", SKY, 0.95, 1.05]],
        "texts": [["Is it of use? (against paper)", 0, -0.34]],
    }
    return Shown(
        shown,
        "2 variants by bytes at equal PSNR. Fewer bytes: none (-20.0 %). More bytes: 0; no "
        "difference: 1; undecided: 0; unfinished: 3.",
        [expected],
        [
            ("none", ["none: -20.0 (-30.0 to -12.5) %, fewer bytes"]),
            ("l1", ["l1: +2.0 (-3.0 to +4.0) %, no difference"]),
        ],
    )


@drawn(study_plots.cost)
def _(draw: Any) -> Shown:
    # Seeds that learned, alone: of `paper` two, of `l1` two.
    none = (26.5 + 23.5 + 24.5) / 3
    first = [[50, 24.75], [250, none], [850, 25.0]]
    second = [[1850, 28.5], [3250, 29.5]]
    best = [first[0], first[1], first[2], *second]
    names = ["paper", "none", "l1", "noise-20", "deeper"]
    return Shown(
        draw(study_findings()),
        "Best PSNR of 5 variants against their multiplications per pixel. None surpasses with as "
        f"few: paper (50, 24.75 dB), none (250, {none:.2f} dB), l1 (850, 25.00 dB), noise-20 "
        "(1,850, 28.50 dB) and deeper (3,250, 29.50 dB).",
        [
            {
                "x": "multiplications per pixel",
                "y": "best PSNR (dB)",
                "scales": ["log", "linear"],
                "lines": [
                    ["first thing", f"{VERMILION} o", first],
                    ["second", f"{GREEN} v", second],
                    ["", f"{BLACK} -", best],
                ],
                "texts": [[name, *at] for name, at in zip(names, best, strict=True)],
                "legend": [["first thing", f"{VERMILION} o"], ["second", f"{GREEN} v"]],
            }
        ],
        [
            (
                "first-thing",
                [
                    "paper: 50 multiplications per pixel, 24.75 dB",
                    f"none: 250 multiplications per pixel, {none:.2f} dB",
                    "l1: 850 multiplications per pixel, 25.00 dB",
                ],
            ),
            (
                "second",
                [
                    "noise-20: 1,850 multiplications per pixel, 28.50 dB",
                    "deeper: 3,250 multiplications per pixel, 29.50 dB",
                ],
            ),
        ],
    )


@drawn(attention_error.error_change)
def _(draw: Any) -> Shown:
    random = np.random.default_rng(5)
    attention, first, second = (random.random((12, 14)) for _ in range(3))
    with_it = SimpleNamespace(full_size_attention=attention, difference=first / 4)
    figure = draw(with_it, SimpleNamespace(difference=second / 3))
    errors = [(255 * first / 4) ** 2, (255 * second / 3) ** 2]
    # Squares of ten pixels, and what is left of them at the lower and the right border.
    ends = (slice(10), slice(10, None))
    more = errors[1] - errors[0]
    change = [[more[rows, columns].mean() for columns in ends] for rows in ends]
    bound, most = np.quantile(np.abs(change), 0.99), np.quantile(255 * first / 4, 0.995)
    worse = np.mean(np.array(change) > 0)
    least, greatest = attention.min(), attention.max()
    return Shown(
        figure,
        f"Attention map, error, and change of the error. Mean squared error {errors[0].mean():.1f} "
        f"with the attention and {errors[1].mean():.1f} without it, greater without it in "
        f"{worse:.0%} of the places.",
        [
            {
                "title": title,
                "images": [[colours, low, high, values]],
                "colour bar": ["", low, high, extend, colours],
                "off": True,
            }
            for title, values, colours, low, high, extend in (
                ("attention map", attention, "cividis", least, greatest, "neither"),
                ("|difference| with it", 255 * first / 4, "cividis", 0, most, "max"),
                ("squared error: without − with", change, "PuOr_r", -bound, bound, "both"),
            )
        ],
    )


@drawn(study_plots.best_curves)
def _(draw: Any) -> Shown:
    jpeg = pd.DataFrame(
        {"codec": "JPEG", "quality": [10, 20], "bpp": [0.3, 0.4], "psnr_db": [25, 26]}
    )
    # `none` stands fourth to sixth among the runs, `deeper` eleventh.
    highest = (26.5 + 23.5 + 24.5) / 3
    none = [[0.5, highest - 2], [1.0, highest]]
    deeper = [[1.1, 27.5], [2.2, 29.5]]
    return Shown(
        draw(study_findings(), ["none", "lost", "deeper"], jpeg),
        f"PSNR against rate. The highest of each model: none {highest:.2f} dB and deeper 29.50 dB.",
        [
            {
                "x": "bits per pixel",
                "y": "PSNR (dB)",
                "lines": [
                    ["none", f"{VERMILION} o -", none],
                    ["deeper", f"{GREEN} v -", deeper],
                    ["JPEG", f"{BLACK} --", [[0.3, 25], [0.4, 26]]],
                ],
                "legend": [
                    ["none", f"{VERMILION} o -"],
                    ["deeper", f"{GREEN} v -"],
                    ["JPEG", f"{BLACK} --"],
                ],
            }
        ],
        [
            (
                name,
                [
                    f"{name}: {rate:.3f} bits per pixel, {value:.2f} dB PSNR"
                    for rate, value in curve
                ],
            )
            for name, curve in (
                ("none", none),
                ("deeper", deeper),
                ("JPEG", [(0.3, 25), (0.4, 26)]),
            )
        ],
    )


# ----------------------------------------------------------------------------------------- all


@pytest.mark.parametrize("case", CASES)
def test_a_figure_shows_its_input_and_says_what_it_shows(case: str) -> None:
    expected = CASES[case](None)
    figure = expected.figure
    assert figure.alt == expected.alt
    if isinstance(figure, Picture):
        assert expected.pixels is not None
        assert figure.pixels.dtype == np.uint8
        np.testing.assert_array_equal(figure.pixels, expected.pixels)
        return
    found = seen(figure)
    for panel, wanted in zip(found, plain(expected.panels), strict=True):
        assert panel == wanted
    told = figure.told()["curves"] if isinstance(figure, Plot) else []
    texts = [(one["name"], [point["text"] for point in one["points"]]) for one in told]
    assert texts == expected.points
    over = {
        name: told for name, told in figure.metadata().get(OVERLAY, {}).items() if name != "box"
    }
    assert over == expected.over
    assert (legend_of_figure(figure) if figure.legends else []) == expected.legend


def functions_of_chapters() -> dict[str, Callable[..., Any]]:
    """All functions of the room that are not private to their module."""
    modules = [
        importlib.import_module(f"{chapters.__name__}.{module.name}")
        for module in pkgutil.iter_modules(chapters.__path__)
    ]
    return {
        name_of(function): function
        for module in modules
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_each_function_that_draws_has_a_case() -> None:
    draws = {
        name
        for name, function in functions_of_chapters().items()
        if get_type_hints(function).get("return") in (Drawing, Plot, Picture)
    }
    assert draws == {case.partition(",")[0] for case in CASES}
