"""The benchmark's result: comparisons round by round, the table, curves for the plot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce.chapters import cost
from reproduce.core.environment import Machine
from reproduce.core.errors import ReproduceError
from reproduce.results import costs, studies
from reproduce.results.costs import Benchmark, Measurement


def measurement(subject: str, thing: str = "training", **others: Any) -> dict[str, Any]:
    return {
        "thing": thing,
        "subject": subject,
        "processor": "as it is",
        "settings": {"size": 500, "count": 64},
        "measured": {"seconds": 1.0},
    } | others


def benchmark(measurements: Sequence[dict[str, Any]], **settings: dict[str, int]) -> Benchmark:
    return Benchmark(
        machine=Machine(processor="P", cores=2, memory_bytes=24 * 10**9, system="Linux"),
        versions={},
        commit="",
        measured="2026-01-02",
        images="noise",
        settings={one.thing: {} for one in costs.QUANTITIES} | settings,
        measurements=tuple(Measurement(**one) for one in measurements),
    )


@pytest.fixture
def measurements() -> list[dict[str, Any]]:
    """Three rounds of training, the second slow for both; one measurement at another size."""
    rounds = [("literal", 0.4), ("ours", 0.1), ("literal", 1.2), ("ours", 0.24)]
    rounds += [("literal", 0.6), ("ours", 0.1)]
    at_another_size: dict[str, Any] = {
        "settings": {"size": 250, "count": 64},
        "measured": {"seconds": 0.01},
    }
    return [
        *(measurement(subject, measured={"seconds": seconds}) for subject, seconds in rounds),
        measurement("literal", **at_another_size),
        measurement("ours", **at_another_size),
    ]


@pytest.fixture
def result(measurements: list[dict[str, Any]]) -> Benchmark:
    """Of these measurements; 500 pixels a side is the paper's own setting."""
    return benchmark(measurements, training={"size": 500})


def test_ratios_are_taken_round_by_round_in_the_papers_setting(result):
    (found,) = costs.comparisons(result)
    assert found.quantity == costs.QUANTITIES[0]
    assert found.ratios == pytest.approx([4, 5, 6])
    assert found.ratio == pytest.approx(5)


def test_another_processor_is_another_comparison(measurements):
    processor = costs.WITHOUT_AVX512
    measurements += [
        measurement("literal", processor=processor, measured={"seconds": 9.0}),
        measurement("ours", processor=processor, measured={"seconds": 1.0}),
    ]
    first, second = costs.comparisons(benchmark(measurements, training={"size": 500}))
    assert first.ratio == pytest.approx(5)
    assert second.quantity.processor == processor
    assert second.ratio == pytest.approx(9)


def test_the_table_shows_least_median_and_greatest_of_each_and_of_the_ratios(result):
    (row,) = cost.cost_ratios(result).splitlines()[2:]
    cells = [cell.strip().replace("\u2060", "") for cell in row.strip("|").split("|")]
    assert cells == [
        "training, one image",
        "0.400–0.600–1.20\u00a0s",
        "100–100–240\u00a0ms",
        "4.00–5.00–6.00",
    ]


def test_curves_hold_medians_of_each_subject(result):
    curves = costs.by_setting(result, "training", "seconds", "size", {"count": 64})
    assert curves["literal"] == {250: 0.01, 500: 0.6}
    assert curves["ours"] == {250: 0.01, 500: 0.1}


# At scale: a made-up machine on which everything costs round numbers


def memory(subject: str, count: int, peak_bytes: float) -> dict[str, Any]:
    settings = {"size": 500, "count": count, "batch_size": 32}
    return measurement(subject, "memory", settings=settings, measured={"peak_bytes": peak_bytes})


def many(thing: str, count: int, peak_bytes: float) -> dict[str, Any]:
    measured = {"seconds": 1.0, "peak_bytes": peak_bytes}
    return measurement("ours", thing, settings={"size": 64, "count": count}, measured=measured)


@pytest.fixture
def round_numbers() -> Benchmark:
    """A result in which an image takes 20 ms to train, 2 ms to prepare, 10 ms to score."""
    loading = {"settings": {"size": 500, "count": 1000}, "measured": {"seconds": 2.0}}
    reconstruction = {"settings": {"size": 500, "count": 100}, "measured": {"seconds": 1.0}}
    return benchmark(
        [
            measurement("ours", measured={"seconds": 0.02}),
            measurement("ours", "loading", **loading),
            measurement("ours", "reconstruction", **reconstruction),
            memory("literal", 1000, 6e9),
            memory("literal", 200, 2e9),
            memory("ours", 200, 1e9),
            memory("ours", 1000, 0.9e9),  # no slope below zero
            *(many("preparing", count, 500e6 + 1000 * count) for count in (1000, 5000, 21000)),
            *(many("scoring", count, 900e6) for count in (1000, 5000, 21000)),
        ],
        training={"size": 500, "count": 64},
        loading={"size": 500, "count": 1000},
        reconstruction={"size": 500, "count": 100},
    )


def test_time_grows_in_proportion_and_memory_by_its_slope(round_numbers):
    scale = costs.at_scale(round_numbers, 100_000)
    assert scale.preparing == pytest.approx(200)
    assert scale.epoch == pytest.approx(2000)
    assert scale.scoring == pytest.approx(1000)
    assert scale.disk == pytest.approx(25e9)
    assert scale.training_memory == pytest.approx(1e9)
    assert scale.preparing_memory == pytest.approx(500e6 + 1000 * 100_000)
    assert scale.scoring_memory == pytest.approx(900e6)
    assert scale.literal_memory == pytest.approx(1e9 + 5e6 * 100_000)


def test_the_papers_script_fills_the_memory_with_so_many_images(round_numbers):
    assert costs.images_that_fit(round_numbers) == pytest.approx(23e9 / 5e6, abs=1)


def test_the_table_at_scale_uses_units_that_people_read(round_numbers):
    table = cost.at_scale(round_numbers, [1_000, 100_000, 10_000_000])
    rows = {row.split("|")[1].strip(): row for row in table.splitlines()[2:]}
    shown = {what: [cell.strip() for cell in row.split("|")[2:-1]] for what, row in rows.items()}
    assert shown["an epoch of training"] == ["20.0 s", "33.3 min", "2.3 days"]
    assert shown["disk for the prepared images"] == ["250 MB", "25.0 GB", "2.5 TB"]
    assert shown["memory of training"] == ["1.0 GB"] * 3


def test_the_table_of_many_files_has_a_row_for_each_folder(round_numbers):
    table = cost.many_files(round_numbers)
    assert len(table.splitlines()) == 2 + 3
    assert "| 21,000 |" in table.replace("  ", "")
    assert "521 MB" in table


def test_the_table_of_losses_has_a_column_for_each_run():
    table = cost.same_losses({"literal": {0: [0.7, 0.6]}, "ours": {0: [0.7, 0.61]}})
    assert "the paper's script, seed 0" in table
    assert "0.61000" in table.splitlines()[-1]


# The committed result


def test_the_committed_result_has_all_quantities_and_several_rounds():
    result = costs.read()
    found = costs.comparisons(result)
    assert {comparison.quantity for comparison in found} == set(costs.QUANTITIES)
    for comparison in found:
        assert len(comparison.literal) == len(comparison.ours) >= 3
    assert result.commit
    assert not result.commit.endswith("-dirty")


def test_the_book_is_measured_in_each_situation_that_the_table_names():
    result = costs.read()
    (measured,) = (one.measured for one in result.measurements if one.thing == "book")
    rows = cost.book_costs(result).splitlines()[2:]
    for row, (name, seconds) in zip(rows, measured.items(), strict=True):
        what, shown = (cell.strip() for cell in row.strip("|").split("|"))
        assert name in what  # each is named by a word that people read, too
        assert shown == f"{seconds:.1f} s"


def test_the_committed_losses_of_the_same_batches_differ_far_less_than_two_seeds_do():
    losses = studies.ten_epochs()
    script, ours, other_seed = (
        losses[subject][seed]
        for subject, seed in (("literal-in-our-order", 0), ("ours", 0), ("ours", 2))
    )
    assert len(script) == len(ours) == len(other_seed) == 10
    assert abs(script[-1] - ours[-1]) < 0.2 * abs(ours[-1] - other_seed[-1])


def test_the_curves_show_both_subjects_over_size_and_number():
    result = costs.read()
    figure = cost.cost_curves(result)
    sizes, _, _, counts = figure.axes
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines] == ["the paper's script", "here"]
    assert np.max(np.asarray(sizes.lines[0].get_xdata())) == 2000
    assert np.max(np.asarray(counts.lines[0].get_xdata())) == 1034
    curves = costs.by_setting(result, "memory", "peak_bytes", "count", {"size": 500})
    for line, curve in zip(counts.lines, curves.values(), strict=True):
        assert list(np.asarray(line.get_ydata())) == [value / 1e9 for value in curve.values()]


def test_without_a_result_the_way_to_one_is_told(tmp_path: Path):
    with pytest.raises(ReproduceError, match="make bench"):
        costs.read(tmp_path / "benchmark.json")


def test_a_result_is_read_as_it_was_written(tmp_path: Path, result: Benchmark):
    path = tmp_path / "benchmark.json"
    path.write_text(result.model_dump_json())
    assert costs.read(path) == result
