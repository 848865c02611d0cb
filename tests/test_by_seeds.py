"""A second look at findings: the t-test over seeds against scipy, and what it does to verdicts."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reproduce.measure import comparison
from reproduce.results.by_seeds import by_seeds, t_test
from reproduce.results.findings import Findings
from tests.made_up import study_findings

SEEDS = [
    {0: -5.2, 2: -5.9, 3: -11.3},
    {0: 108.8, 2: 71.9, 3: 81.3},
    {seed: 3.0 * (seed % 4) - 2 for seed in range(20)},
]


@pytest.mark.parametrize("of_seeds", SEEDS)
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_it_is_scipys_test_of_logarithms(of_seeds: dict[int, float], confidence: float) -> None:
    low, high, p = t_test(of_seeds, confidence)
    expected = stats.ttest_1samp(np.log([1 + value / 100 for value in of_seeds.values()]), 0)
    ends = expected.confidence_interval(confidence)
    assert p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (low, high) == pytest.approx((100 * np.expm1(ends.low), 100 * np.expm1(ends.high)))


@pytest.mark.parametrize("of_seeds", [{}, {4: 12.0}])
def test_fewer_than_two_seeds_have_no_interval(of_seeds: dict[int, float]) -> None:
    assert all(map(math.isnan, t_test(of_seeds, 0.95)))


def test_equal_seeds_are_certain() -> None:
    assert t_test({0: 5.0, 1: 5.0}, 0.95) == pytest.approx((5, 5, 0))
    assert t_test({0: 0.0, 1: 0.0}, 0.95) == (0, 0, 1)


def test_three_seeds_on_one_side_convince_the_bootstrap_however_far_apart_they_are() -> None:
    images = np.random.default_rng(0).normal(0, 0.01, (3, 32))
    scattered = [row + mean for row, mean in zip(images, (-0.08, -0.5, -0.35), strict=True)]
    assert np.count_nonzero(comparison.resampled_means(scattered, 10_000) >= 0) == 0
    percents = {seed: 100 * math.expm1(row.mean()) for seed, row in enumerate(scattered)}
    assert t_test(percents, 0.95)[2] > 0.1


def findings() -> Findings:
    """The made-up findings, of which the only variant with fewer bytes has seeds far apart."""
    found = study_findings()
    first, *others = found.findings
    compared = replace(first.compared, of_seeds={0: -7.6, 1: -38.6, 2: -30.0})
    return replace(found, findings=(replace(first, compared=compared), *others))


def test_what_three_seeds_cannot_tell_is_undecided() -> None:
    found = findings()
    assert found.findings[0].verdict == "fewer bytes"
    looked = by_seeds(found).findings[0]
    assert (looked.question, looked.variant) == (found.findings[0].question, "none")
    assert looked.verdict == "undecided"
    assert looked.compared.percent == found.findings[0].compared.percent
    assert looked.compared.low < 0 < looked.compared.high
    known = [one for one in by_seeds(found).findings if not math.isnan(one.p)]
    least = min(known, key=lambda one: one.compared.p)
    assert least.p == pytest.approx(min(1, len(known) * least.compared.p))


def test_what_is_unfinished_stays_so_and_counts_in_the_correction() -> None:
    found = findings()
    (first, *others) = found.findings
    unfinished = [replace(one, verdict="unfinished", p=math.nan) for one in others]
    looked = by_seeds(replace(found, findings=(first, *unfinished)))
    assert [one.verdict for one in looked.findings[1:]] == ["unfinished"] * len(others)
    assert all(math.isnan(one.p) for one in looked.findings[1:])
    tested = looked.findings[0]
    assert tested.p == pytest.approx(min(1, len(found.findings) * tested.compared.p))
