"""Curves of rate and distortion: means, bands, what is dominated, BD-rates, values in between."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.measure import metrics
from reproduce.measure.metrics import METRICS
from reproduce.measure.rates import curves
from reproduce.measure.rates.autoencoder import AUTOENCODER


def points(**codecs: list[tuple[float, float]]) -> pd.DataFrame:
    """Points as `curves.means` returns them, of the PSNR alone: name to (bpp, dB)."""
    rows = [
        {"codec": codec, "quality": number, "bpp": bpp, "psnr_db": decibels}
        for codec, pairs in codecs.items()
        for number, (bpp, decibels) in enumerate(pairs)
    ]
    return pd.DataFrame(rows)


JPEG = [(0.1, 20.0), (0.2, 25.0), (0.4, 30.0), (0.8, 35.0)]


def table(values: list[float], size: str = "full") -> pd.DataFrame:
    """A table of rates with one codec and quality, an image for each PSNR."""
    rows = [
        {"image": f"{number}.png", "size": size, "codec": "JPEG", "quality": 5, "bytes": 100}
        | {"bpp": 0.1 * (number + 1), "psnr_db": value, "ssim": 0.5, "ms_ssim": 0.6}
        for number, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_means_are_taken_over_the_images_of_one_size() -> None:
    both = pd.concat([table([20.0, 30.0]), table([1.0, 2.0], "half")])
    (full,) = curves.means(both).to_dict("records")
    (half,) = curves.means(both, "half").to_dict("records")
    assert (full["psnr_db"], half["psnr_db"]) == (25.0, 1.5)
    assert full["bpp"] == pytest.approx(0.15)
    assert {f"{metric.name}{end}" for metric in METRICS for end in ("", "_low", "_high")} < set(
        full
    )


def test_the_band_is_students_interval_of_the_mean() -> None:
    values = [20.0, 22.0, 27.0, 31.0]
    (row,) = curves.means(table(values)).to_dict("records")
    margin = 3.182446 * np.std(values, ddof=1) / 2  # Student's t for 3 degrees of freedom
    assert row["psnr_db_low"] == pytest.approx(25 - margin)
    assert row["psnr_db_high"] == pytest.approx(25 + margin)


def test_an_image_that_comes_back_equal_has_no_finite_psnr_and_does_not_count() -> None:
    (row,) = curves.means(table([20.0, math.inf, 30.0])).to_dict("records")
    assert row["psnr_db"] == 25.0


def test_a_point_that_costs_more_and_is_no_better_is_left_out() -> None:
    rates, values = curves.rising(
        points(A=[(0.1, 20.0), (0.2, 19.0), (0.3, 25.0), (0.3, 26.0), (0.4, 25.0)]), "A", "psnr_db"
    )
    assert rates.tolist() == [0.1, 0.3]
    assert values.tolist() == [20.0, 25.0]


@given(st.floats(0.2, 5))
def test_a_codec_that_takes_a_fixed_share_of_the_bytes_has_that_bd_rate(share: float) -> None:
    other = [(share * bpp, decibels) for bpp, decibels in JPEG]
    found = curves.bd_rate(points(JPEG=JPEG, other=other), "other", "psnr_db")
    assert found.percent == pytest.approx(100 * (share - 1), rel=1e-6, abs=1e-6)
    assert found.overlap == 1.0
    assert not found.doubtful


def test_a_bd_rate_over_a_small_overlap_is_doubtful() -> None:
    low = [(0.05, 10.0), (0.1, 15.0), (0.2, 22.0)]
    found = curves.bd_rate(points(JPEG=JPEG, other=low), "other", "psnr_db")
    assert found.overlap == pytest.approx(2 / 25)
    assert found.doubtful
    assert math.isfinite(found.percent)


@pytest.mark.parametrize(
    "other", [[(0.1, 5.0), (0.2, 19.0)], [(0.1, 36.0), (0.2, 40.0)], [(1, 25.0)]]
)
def test_without_a_shared_quality_there_is_no_bd_rate(other: list[tuple[float, float]]) -> None:
    found = curves.bd_rate(points(JPEG=JPEG, other=other), "other", "psnr_db")
    assert math.isnan(found.percent)
    assert found.overlap == 0


def test_ssim_is_compared_in_decibels() -> None:
    ms_ssim, psnr = metrics.metric("ms_ssim"), metrics.metric("psnr_db")
    assert ms_ssim.in_decibels(np.array([0.9, 0.99])).tolist() == pytest.approx([10, 20])
    assert psnr.in_decibels(np.array([31.0])).tolist() == [31.0]


def test_values_between_points_lie_on_lines_over_the_logarithm_of_the_rate() -> None:
    jpeg = points(JPEG=JPEG)
    assert curves.quality_at(jpeg, "JPEG", "psnr_db", math.sqrt(0.1 * 0.2)) == pytest.approx(22.5)
    assert curves.rate_at(jpeg, "JPEG", "psnr_db", 22.5) == pytest.approx(math.sqrt(0.1 * 0.2))


@pytest.mark.parametrize("rate", [0.05, 0.9])
def test_beyond_the_ends_of_a_curve_nothing_is_guessed(rate: float) -> None:
    assert math.isnan(curves.quality_at(points(JPEG=JPEG), "JPEG", "psnr_db", rate))
    assert math.isnan(curves.rate_at(points(JPEG=JPEG), "JPEG", "psnr_db", 100 * rate - 80))


def test_the_models_own_codec_comes_first_and_the_anchor_second() -> None:
    named = curves.names(points(**{"AVIF": JPEG, "JPEG": JPEG, AUTOENCODER: JPEG, "WebP": JPEG}))
    assert named == [AUTOENCODER, "JPEG", "AVIF", "WebP"]


def test_each_published_curve_says_where_it_comes_from_and_rises() -> None:
    published = curves.read_elsewhere()
    assert len(published) >= 3
    for curve in published:
        assert curve.source
        assert curve.images
        assert len(curve.bpp) == len(curve.psnr_db) >= 8
        assert list(curve.bpp) == sorted(curve.bpp)
        assert list(curve.psnr_db) == sorted(curve.psnr_db)


@pytest.mark.parametrize("published", curves.read_elsewhere(), ids=lambda one: one.name)
def test_each_point_that_others_have_published_lies_on_a_smooth_curve(
    published: curves.PublishedCurve,
) -> None:
    """A slip of a quarter of a decibel leaves the cubic through a point's four neighbours."""
    rates, values = np.log(published.bpp), np.array(published.psnr_db)
    for place in range(1, len(rates) - 1):
        by_distance = np.argsort(abs(np.arange(len(rates)) - place), kind="stable")
        four = by_distance[1:5]
        smooth = np.polyval(np.polyfit(rates[four], values[four], 3), rates[place])
        assert abs(values[place] - smooth) < 0.15, published.bpp[place]
