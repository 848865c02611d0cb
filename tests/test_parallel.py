"""Work by several threads: all results, in order, and never many at a time."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.core.parallel import available_threads, cores, map_in_order


@given(st.lists(st.integers()), st.integers(1, 5))
def test_results_are_those_of_map_in_the_same_order(items, threads):
    assert list(map_in_order(str, items, threads)) == list(map(str, items))


def test_results_keep_their_order_even_if_the_first_takes_longest():
    done = []

    def wait(seconds: float) -> float:
        time.sleep(seconds)
        done.append(seconds)
        return seconds

    waits = [0.2, 0.0, 0.0, 0.0]
    assert list(map_in_order(wait, waits, threads=2)) == waits
    assert done[-1] == 0.2


def test_several_items_are_worked_on_at_once():
    meeting = threading.Barrier(3, timeout=30)
    assert len(list(map_in_order(lambda _: meeting.wait(), range(3), threads=3))) == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_items_are_read_only_a_little_ahead_of_the_results_that_are_taken(threads):
    read = []

    def items() -> Iterator[int]:
        for item in range(1000):
            read.append(item)
            yield item

    for taken, _ in enumerate(map_in_order(str, items(), threads), start=1):
        assert len(read) <= taken + 2 * threads
    assert len(read) == 1000


def test_the_first_failure_in_order_is_raised_after_the_results_before_it():
    second_failed = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            second_failed.wait(30)
            raise ValueError("first")
        if item == 2:
            second_failed.set()
            raise ValueError("second")
        return item

    results = map_in_order(work, range(9), threads=3)
    assert next(results) == 0
    with pytest.raises(ValueError, match="first"):
        next(results)


def test_no_thread_is_left_when_results_are_no_longer_taken():
    before = threading.active_count()
    results = map_in_order(str, range(1000), threads=2)
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("told", ["3", "3,2"])
def test_the_number_of_threads_can_be_told(monkeypatch, told):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert available_threads() == 3


@pytest.mark.parametrize("told", ["", "0", "-1", "many"])
def test_a_number_of_threads_without_meaning_is_not_heeded(monkeypatch, told):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = available_threads()
    assert cores >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert available_threads() == cores


def test_cores_are_those_that_the_process_may_use_where_the_system_tells(monkeypatch):
    # As in a container that may use two of 64.
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == 64
