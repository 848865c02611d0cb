"""Rows of images one by one: kept as they come, and read back after a kill."""

from pathlib import Path

import numpy as np
import pytest

from reproduce.measure import rows


def measure_all(folder: Path, seen: list[int], places: range = range(5)) -> list[dict[str, object]]:
    def measure(place: int) -> dict[str, object]:
        seen.append(place)
        return {"place": place, "ratio": float("inf") if place == 1 else np.float64(place) / 3}

    return list(rows.measured(folder, places, measure, "measuring"))


def test_rows_come_in_order_with_their_numbers_and_leave_nothing_behind(tmp_path: Path) -> None:
    found = measure_all(tmp_path, [])
    assert [row["place"] for row in found] == [0, 1, 2, 3, 4]
    assert [row["ratio"] for row in found] == [0, float("inf"), 2 / 3, 1, 4 / 3]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("torn", ["", '{"place": 2, "rat', '{"place": 2}'])
def test_what_was_measured_is_not_measured_again_and_a_torn_row_is(
    tmp_path: Path, torn: str
) -> None:
    lines = '{"place": 0, "ratio": 7}\n{"place": 1, "ratio": 8}\n'
    (tmp_path / rows.FILE).write_text(lines + torn)
    seen: list[int] = []
    found = measure_all(tmp_path, seen)
    assert sorted(seen) == [2, 3, 4]
    assert [row["ratio"] for row in found] == [7, 8, 2 / 3, 1, 4 / 3]


def test_a_run_killed_after_its_last_row_measures_nothing(tmp_path: Path) -> None:
    (tmp_path / rows.FILE).write_text('{"place": 0}\n{"place": 1}\n')
    seen: list[int] = []
    assert measure_all(tmp_path, seen, range(2)) == [{"place": 0}, {"place": 1}]
    assert seen == []
