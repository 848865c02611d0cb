"""Figures that say what is seen in them: their alternative texts, and where an image lies."""

import io
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from reproduce.chapters import compression_size, dataset, results, style, training
from reproduce.chapters import model as model_chapter
from reproduce.chapters.drawings import Drawing
from reproduce.chapters.pictures import Picture
from reproduce.core.outputs import ALT, OVERLAY
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model


@pytest.fixture(autouse=True)
def book_style() -> Iterator[None]:
    """The style in which the book draws."""
    with rc_context():
        style.use_style()
        yield


@pytest.mark.parametrize("size", [(4.4, 3.6), (3.0, 5.0)])
def test_what_is_laid_over_lies_where_the_picture_has_its_image(size: tuple[float, float]) -> None:
    figure = Drawing(figsize=size)
    axes = figure.subplots()
    shown = axes.imshow(np.ones((6, 8)), cmap="Reds", vmin=0, vmax=1)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, label="a label")
    figure.lay_over({"original": "a-leaf"}, axes, "map")
    told = figure.metadata()[OVERLAY]
    assert (told["what"], told["over"]) == ("map", {"original": "a-leaf"})
    picture = print_figure(figure)
    assert isinstance(picture, bytes)
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), np.int16)
    dark = np.abs(pixels - pixels[pixels.shape[0] // 2, 30]).max(axis=-1) < 4
    rows, columns = (np.flatnonzero(dark.mean(axis=axis) > 0.3) for axis in (1, 0))
    left, top, width, height = told["box"]
    high, wide = dark.shape
    assert left * wide == pytest.approx(columns[0], abs=2)
    assert top * high == pytest.approx(rows[0], abs=2)
    assert (left + width) * wide == pytest.approx(columns[-1] + 1, abs=2)
    assert (top + height) * high == pytest.approx(rows[-1] + 1, abs=2)


@pytest.mark.parametrize("shown", [Picture(np.zeros((2, 2), np.uint8), "what is seen"), Drawing()])
def test_a_notebook_has_the_alternative_text_as_metadata_of_the_picture(
    shown: Picture | Drawing,
) -> None:
    if isinstance(shown, Drawing):
        shown.subplots()
        shown.alt = "what is seen"
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(Figure, print_figure)  # as %matplotlib inline does
    data, metadata = formatter.format(shown)
    assert data.keys() == {"image/png", "text/plain"}
    assert metadata == {"image/png": {ALT: "what is seen"}}


def test_a_picture_of_noise_is_reduced_to_the_colours_of_its_map_and_looks_the_same() -> None:
    figure = Drawing(figsize=(4, 3), dpi=100)
    axes = figure.subplots()
    shown = axes.imshow(np.random.default_rng(0).random((90, 120)), cmap="PuOr")
    figure.colorbar(shown, ax=axes, label="a label")
    whole = print_figure(figure)
    figure.reduce("PuOr")
    reduced = print_figure(figure)
    assert isinstance(whole, bytes)
    assert isinstance(reduced, bytes)
    assert len(reduced) < len(whole) / 2
    pictures = [Image.open(io.BytesIO(file)).convert("RGB") for file in (whole, reduced)]
    one, other = (np.asarray(picture, np.int16) for picture in pictures)
    assert one.shape == other.shape
    assert np.abs(one - other).max(axis=-1).mean() < 4
    assert other[0, 0].tolist() == [255, 255, 255], "white is no grey"


def scores(*ratios: float) -> pd.DataFrame:
    return pd.DataFrame({"size_ratio": ratios})


MAP = np.array([[0.25, 0.5], [0.375, 0.75]])
ALTS: dict[str, tuple[Callable[[SimpleNamespace], Drawing | Picture], list[str]]] = {
    "histogram": (
        lambda run: compression_size.ratio_histogram(scores(0.41, 0.5, 1.32)),
        ["3 size ratios from 0.41 to 1.32", "1 of them above 1", "0.743, stands right of", "0.685"],
    ),
    "best and worst": (
        lambda run: compression_size.best_and_worst(
            run.data, run.trained.autoencoder, scores(0.91, 0.22, 1.4), count=1
        ),
        ["ratios of 0.22", "right of 1.40"],
    ),
    "samples": (
        lambda run: dataset.class_samples(run.data, per_class=3),
        ["8 of them", "3 of each class"],
    ),
    "grey levels": (lambda run: dataset.grey_histogram(run.data), ["of train at level "]),
    "losses": (
        lambda run: training.training_curve([0.71234, 0.65432], 0.6),
        ["2 epochs", "0.7123 to 0.6543", "floor of 0.6000", "0.1123 to 0.0543"],
    ),
    "layers": (lambda run: model_chapter.draw(model.build(0), 64), ["5,404", "64 × 64", "aside"]),
    "without a branch": (
        lambda run: model_chapter.draw(model.build(0, "no-attention"), 64),
        [f"{model.build(0, 'no-attention').count_params():,} parameters"],
    ),
    "difference": (
        lambda run: results.difference_picture(MAP - 0.5),
        [f"{0.15625:.3f}", "between -0.25 and 0.25"],
    ),
    "attention": (lambda run: results.attention_picture(MAP), ["from 0.25 to 0.75"]),
    "latent": (
        lambda run: results.latent_picture(4 * MAP),
        ["1.00 to 3.00", "75% of them above 1"],
    ),
}


@pytest.mark.parametrize("drawn", ALTS)
def test_an_alternative_text_says_the_numbers_that_are_drawn(
    drawn: str, small_run: SimpleNamespace
) -> None:
    draw, told = ALTS[drawn]
    alt = draw(small_run).alt
    assert [text for text in told if text not in alt] == [], alt


def test_alternative_texts_of_one_image_say_its_numbers(small_run: SimpleNamespace) -> None:
    subject = Subject(small_run.trained.autoencoder, small_run.data.image("test", 0), "")
    found = subject.scores()
    psnr = f"{found['psnr_db']:.2f} dB"
    assert f"{subject.original_bytes:,} bytes" in results.original(subject).alt
    assert psnr in results.reconstruction(subject).alt
    before_after = results.before_and_after(subject).alt
    assert before_after.startswith("original | reconstruction: ")
    assert psnr in before_after
    assert f"{subject.latent_bytes('clip'):,} bytes" in results.latent(subject, "clip").alt
    assert f"{found['attention_correlation']:.3f}" in (
        results.attention_against_difference(subject).alt
    )
    assert psnr in results.this_run(subject).alt
    assert f"{found['size_ratio']:.3f}" in results.this_run(subject).alt


def test_of_a_map_that_is_the_same_everywhere_no_correlation_is_told(
    small_run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subject, "attention_correlation", np.nan)
    subject = Subject(small_run.trained.autoencoder, small_run.data.image("test", 0), "")
    alt = results.attention_against_difference(subject).alt
    assert alt.endswith("absolute difference: one of them is the same everywhere.")
