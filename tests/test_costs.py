"""The benchmark's result: comparisons round by round, the table, curves for the plot."""

import json
from pathlib import Path
from typing import Any

import pytest

from reproduce import costs, tables
from reproduce.errors import ReproduceError


def measurement(subject: str, thing: str = "training", **others: Any) -> dict[str, Any]:
    return {
        "thing": thing,
        "subject": subject,
        "processor": "as it is",
        "settings": {"size": 500, "count": 64},
        "measured": {"seconds": 1.0},
    } | others


@pytest.fixture
def result() -> dict[str, Any]:
    """Three rounds of training, the second slow for both; one measurement at another size."""
    rounds = [("literal", 0.4), ("ours", 0.1), ("literal", 1.2), ("ours", 0.24)]
    rounds += [("literal", 0.6), ("ours", 0.1)]
    at_another_size = {"settings": {"size": 250, "count": 64}, "measured": {"seconds": 0.01}}
    return {
        "settings": {target.thing: {"size": 500} for target in costs.TARGETS},
        "measurements": [
            *(measurement(subject, measured={"seconds": seconds}) for subject, seconds in rounds),
            measurement("literal", **at_another_size),
            measurement("ours", **at_another_size),
        ],
    }


def test_ratios_are_taken_round_by_round_in_the_papers_setting(result):
    (found,) = costs.comparisons(result)
    assert found.target == costs.TARGETS[0]
    assert found.ratios == pytest.approx([4, 5, 6])
    assert found.ratio == pytest.approx(5)


def test_another_processor_is_another_comparison(result):
    processor = costs.WITHOUT_AVX512
    result["measurements"] += [
        measurement("literal", processor=processor, measured={"seconds": 9.0}),
        measurement("ours", processor=processor, measured={"seconds": 1.0}),
    ]
    first, second = costs.comparisons(result)
    assert first.ratio == pytest.approx(5)
    assert second.target.processor == processor
    assert second.ratio == pytest.approx(9)


@pytest.mark.parametrize(
    ("seconds", "reached"), [(3.9, "**no**"), (4.0, "target"), (5.9, "target"), (6.0, "aim")]
)
def test_the_table_says_which_target_is_reached(seconds, reached):
    result = {
        "settings": {target.thing: {} for target in costs.TARGETS},
        "measurements": [
            measurement("literal", measured={"seconds": seconds}),
            measurement("ours"),
        ],
    }
    row = tables.cost_ratios(result).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "training, one image"
    assert cells[-1] == reached
    assert f"{seconds * 1000:,.0f} ms" in cells[2]


def test_curves_hold_medians_of_each_subject(result):
    curves = costs.by_setting(result, "training", "seconds", "size", {"count": 64})
    assert curves["literal"] == {250: 0.01, 500: 0.6}
    assert curves["ours"] == {250: 0.01, 500: 0.1}


def test_the_committed_result_has_all_targets_and_several_rounds():
    result = costs.read()
    found = costs.comparisons(result)
    assert {comparison.target for comparison in found} == set(costs.TARGETS)
    for comparison in found:
        assert len(comparison.literal) == len(comparison.ours) >= 3
    assert result["commit"]


def test_without_a_result_the_way_to_one_is_told(tmp_path: Path):
    with pytest.raises(ReproduceError, match="make bench"):
        costs.read(tmp_path / "benchmark.json")


def test_a_result_is_read_as_it_was_written(tmp_path: Path, result: dict[str, Any]):
    path = tmp_path / "benchmark.json"
    path.write_text(json.dumps(result))
    assert costs.read(path) == result
