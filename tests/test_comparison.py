"""Variants held against each other: known effects are found, and none where there is none."""

import math

import numpy as np
import pytest
import scipy.stats

from reproduce.measure import comparison
from reproduce.measure.comparison import compare, holm, resampled_means
from reproduce.measure.rates import curves
from tests.made_up import rates


def test_a_factor_of_all_rates_is_the_percentage() -> None:
    found = compare({seed: rates(1.2) for seed in (0, 3)}, {seed: rates() for seed in (0, 3)})
    assert found.percent == pytest.approx(20, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((20, 20), abs=1e-6)
    assert found.of_seeds == pytest.approx({0: 20, 3: 20}, abs=1e-6)
    assert found.images == 6
    assert found.p == pytest.approx(2 / 10_001)


def test_seeds_count_alike_and_in_the_geometric_mean() -> None:
    found = compare({0: rates(2.0), 1: rates(0.5, images=2)}, {0: rates(), 1: rates()})
    assert found.percent == pytest.approx(0, abs=1e-6)
    assert found.of_seeds == pytest.approx({0: 100, 1: -50}, abs=1e-6)
    assert found.images == 4


def test_turned_around_it_is_the_same_comparison() -> None:
    own = {seed: rates(1.1, seed=seed, spread=0.2) for seed in range(5)}
    other = {seed: rates(seed=seed + 9, spread=0.2) for seed in range(5)}
    there, back = compare(own, other), compare(other, own)
    for one, turned in ((there.percent, back.percent), (there.low, back.high)):
        assert math.log1p(one / 100) == pytest.approx(-math.log1p(turned / 100), abs=2e-3)


def test_only_seeds_that_both_have_are_compared() -> None:
    found = compare({0: rates(1.2), 1: rates(9.0)}, {0: rates(), 2: rates(9.0)})
    assert found.of_seeds == pytest.approx({0: 20}, abs=1e-6)
    assert math.isnan(found.low)
    assert math.isnan(found.p)


def test_without_a_pair_or_a_shared_quality_there_is_no_number() -> None:
    far = rates().assign(psnr_db=lambda table: table["psnr_db"] + 100)
    for own, other in (({0: rates()}, {1: rates()}), ({0: rates()}, {0: far})):
        found = compare(own, other)
        assert math.isnan(found.percent)
        assert found.of_seeds == {}


def test_a_known_effect_is_found_and_none_is_not() -> None:
    of_seeds = [{s: rates(seed=10 * n + s, spread=0.1) for s in range(8)} for n in range(3)]
    dearer = {s: rates(1.15, seed=30 + s, spread=0.1) for s in range(8)}
    effect = compare(dearer, of_seeds[0], resamples=2000)
    assert effect.low > 0
    assert effect.p < 0.01
    assert effect.low < 15 < effect.high
    nothing = compare(of_seeds[1], of_seeds[0], resamples=2000)
    assert nothing.low < 0 < nothing.high
    assert nothing.p > 0.05


def test_the_interval_of_one_value_a_seed_is_scipys_bootstrap() -> None:
    values = np.random.default_rng(3).normal(1, 2, 12)
    ours = np.quantile(resampled_means([np.array([v]) for v in values], 20_000), [0.025, 0.975])
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.05)


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_outside_of_the_interval_lie_as_many_draws_as_its_confidence_leaves(confidence) -> None:
    own = {seed: rates(1 + 0.1 * seed, seed=seed, spread=0.1) for seed in range(8)}
    reference = {seed: rates(seed=seed + 20, spread=0.1) for seed in range(8)}
    found = compare(own, reference, confidence=confidence)
    of_images = [
        np.log1p(curves.bd_rates_by_image(own[s], reference[s], "psnr_db") / 100) for s in range(8)
    ]
    draws = 100 * np.expm1(resampled_means(of_images, 10_000))
    for beyond in (draws < found.low, draws > found.high):
        assert beyond.mean() == pytest.approx((1 - confidence) / 2, abs=1e-3)


def test_images_scatter_within_their_seed() -> None:
    # Of one seed, drawn again and again, only its images scatter: by their deviation over √n.
    values = np.random.default_rng(4).normal(0, 3, 25)
    assert resampled_means([values], 20_000).std() == pytest.approx(values.std() / 5, rel=0.03)
    # Seeds of different numbers of images count alike.
    means = resampled_means([np.full(2, 1.0), np.full(9, 5.0)], 20_000)
    assert set(np.unique(means)) == {1.0, 3.0, 5.0}
    assert means.mean() == pytest.approx(3, abs=0.05)


def test_draws_are_the_same_again_however_many_are_drawn_at_once(monkeypatch) -> None:
    values = [np.arange(4.0), np.arange(7.0)]
    first = resampled_means(values, 1000)
    assert np.array_equal(first, resampled_means(values, 1000))
    assert not np.array_equal(first, resampled_means(values, 1000, seed=1))
    assert len(resampled_means(values, 1234)) == 1234


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ({"a": 0.01, "b": 0.04, "c": 0.03}, {"a": 0.03, "b": 0.06, "c": 0.06}),
        ({"a": 0.5, "b": 0.9}, {"a": 1.0, "b": 1.0}),
        ({"a": 0.01}, {"a": 0.01}),
        ({}, {}),
    ],
)
def test_p_values_are_corrected_as_holm_says(given, corrected) -> None:
    assert holm(given) == pytest.approx(corrected)


def test_what_is_not_known_is_not_one_of_them() -> None:
    found = holm({"a": 0.02, "b": math.nan, "c": 0.03})
    assert math.isnan(found.pop("b"))
    assert found == pytest.approx({"a": 0.04, "c": 0.04})


@pytest.mark.parametrize(
    ("means", "p"), [([1, 1, 1], 0.5), ([-1, 1, 1], 1.0), ([-1, -1, -1, -1], 0.4), ([0, 0], 1.0)]
)
def test_the_p_value_counts_draws_on_the_other_side_of_zero(means, p) -> None:
    assert comparison._p_value(np.array(means, float)) == pytest.approx(p)
