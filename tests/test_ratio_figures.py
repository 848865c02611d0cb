"""The plot and the pictures of size ratios: what they show is what was measured, and legible."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from reproduce.chapters import size_ratio
from reproduce.measure import png
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model


def table(places: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """A table of two images whose means are these size ratios and PSNRs."""
    rows = [
        {"method": method, "size_ratio": ratio + shift, "psnr_db": psnr + shift, "bpp": 1.0}
        | {"ssim": 0.5, "ms_ssim": 0.5}
        for method, (ratio, psnr) in places.items()
        for shift in (-0.05, 0.05)
    ]
    return pd.DataFrame(rows)


def points(figure: Figure) -> list[tuple[float, float]]:
    """All points with error bars."""
    found: list[tuple[float, float]] = []
    for container in figure.axes[0].containers:
        assert isinstance(container, ErrorbarContainer)
        found += zip(*np.asarray(container.lines[0].get_data()), strict=True)
    return found


def labels(figure: Figure) -> dict[str, Text]:
    return {text.get_text(): text for text in figure.axes[0].texts}


PLACES = {
    "autoencoder": (0.67, 25.9),
    "blur-1": (0.66, 27.0),
    "jpeg": (0.69, 58.0),
    "raw": (1.4, math.inf),
    "latent-clip": (0.13, 15.5),
}


def test_each_method_is_a_point_at_its_means_but_for_the_lossless() -> None:
    figure = size_ratio.ratio_against_psnr(table(PLACES))
    finite = sorted(place for place in PLACES.values() if math.isfinite(place[1]))
    np.testing.assert_allclose(sorted(points(figure)), finite)
    named = {method.label for method in METHODS if method.name in PLACES and method.name != "raw"}
    assert labels(figure).keys() == named


def test_each_point_says_its_method_and_means() -> None:
    curves = size_ratio.ratio_against_psnr(table(PLACES)).told()["curves"]
    said = [point["text"] for curve in curves for point in curve["points"]]
    labelled = {method.name: method.label for method in METHODS}
    assert sorted(said) == sorted(
        f"{labelled[name]}: size ratio {ratio:.3f}, {psnr:.2f} dB PSNR"
        for name, (ratio, psnr) in PLACES.items()
        if math.isfinite(psnr)
    )


def test_the_alternative_text_has_the_means_of_each_method_that_is_drawn() -> None:
    alt = size_ratio.ratio_against_psnr(table(PLACES)).alt
    labelled = {method.name: method.label for method in METHODS}
    for name, (ratio, psnr) in PLACES.items():
        told = f"{labelled[name]} {ratio:.3f} and {psnr:.2f} dB"
        assert (told in alt) == math.isfinite(psnr)


def test_the_papers_mean_is_a_line() -> None:
    axes = size_ratio.ratio_against_psnr(table(PLACES)).axes[0]
    assert any(
        list(np.asarray(line.get_xdata())) == [0.6849762403517835] * 2 for line in axes.lines
    )


def test_labels_of_methods_near_each_other_do_not_overlap() -> None:
    near = {method.name: (0.6 + 0.01 * n, 25 + n % 4) for n, method in enumerate(METHODS)}
    figure = size_ratio.ratio_against_psnr(table(near | {"jpeg": (0.7, 58.0)}))
    found = labels(figure)
    assert len(found) == len(METHODS)
    boxes = [Text.get_window_extent(text) for text in found.values()]
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_a_single_image_has_no_interval_and_can_be_shown() -> None:
    figure = size_ratio.ratio_against_psnr(table(PLACES).iloc[::2])
    assert len(points(figure)) == 4


def test_pictures_are_the_middle_of_what_the_methods_leave(noise) -> None:
    image = np.asarray(noise(3, 40, 40).convert("L"))
    figure = size_ratio.pictures(Subject(model.build(0), image), ["mid-grey", "raw"], side=10)
    original, grey, raw = (np.asarray(axes.images[0].get_array()) for axes in figure.axes)
    np.testing.assert_array_equal(original, image[15:25, 15:25])
    np.testing.assert_array_equal(raw, original)
    assert np.ptp(grey) == 0
    ratio = image.size / len(png.png(image))
    assert figure.axes[2].get_title() == f"raw grey levels\nratio {ratio:.2f}, ∞ dB"
    assert f"raw grey levels, ratio {ratio:.2f}, ∞ dB" in figure.alt
    assert pytest.approx(128) == grey.mean()
