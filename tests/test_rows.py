"""Rows of images one by one: kept as they come, and read back after a kill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def test_all_but_the_last_few_rows_are_there_when_a_run_is_killed(
    tmp_path: Path, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # how far it measures ahead depends on it
    code = """
import os, sys
from pathlib import Path
from reproduce.measure import rows

def measure(place):
    return place if place < 40 else os._exit(9)

list(rows.measured(Path(sys.argv[1]), range(99), measure, "measuring"))
"""
    assert start(code, tmp_path).wait(60) == 9
    lines = (tmp_path / rows.FILE).read_text().splitlines()
    assert lines[:36] == [str(place) for place in range(36)]
