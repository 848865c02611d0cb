"""Processes that do jobs: what they answer, and what becomes of those that end too early."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from reproduce.codec.workers import Workers
from reproduce.core.errors import CodecError

CODE = """
import os, sys, time
from reproduce.codec import workers
from reproduce.core.errors import CodecError

def do(job):
    print("not an answer")
    os.system("echo neither is this")
    if job["wants"] == "error":
        raise CodecError("of no use: \\u2717\\n second line")
    if job["wants"] == "end":
        os.kill(os.getpid(), 9)
    if job["wants"] == "bug":
        raise TypeError("a bug")
    if job["wants"] == "time":
        time.sleep(60)
    return str(os.getpid()).encode() if job["wants"] == "number" else bytes(job["wants"])

workers.answer(do)
"""


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """A worker whose answer never comes fails the test, and doesn't keep it for ever."""

    def give_up(*_: object) -> None:
        pytest.fail("no answer within a minute")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def workers(count: int = 1) -> Iterator[Workers]:
    with Workers(count, CODE) as started:
        yield started


def test_bytes_come_back_whole_and_what_is_printed_is_none_of_them() -> None:
    with workers() as started:
        for length in (0, 1, 3_000_000):
            assert started.do({"wants": length}) == bytes(length)


def test_an_error_has_its_message_and_the_process_goes_on() -> None:
    with workers() as started:
        number = started.do({"wants": "number"})
        with pytest.raises(CodecError, match=r"^of no use: \u2717\n second line$"):
            started.do({"wants": "error"})
        assert started.do({"wants": "number"}) == number


@pytest.mark.parametrize(("wants", "status"), [("end", "-9"), ("bug", "1")])
def test_a_process_that_ends_is_told_and_the_next_job_has_another(
    wants: str, status: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with workers() as started:
        number = started.do({"wants": "number"})
        with pytest.raises(CodecError, match=f"ended with status {status}: is there enough memory"):
            started.do({"wants": wants})
        assert started.do({"wants": "number"}) != number
    assert ("TypeError: a bug" in capfd.readouterr().err) == (wants == "bug")


def test_jobs_are_done_side_by_side_by_so_many_processes() -> None:
    with workers(2) as started, ThreadPoolExecutor(4) as threads:
        numbers = set(threads.map(started.do, 20 * [{"wants": "number"}]))
    assert len(numbers) == 2


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_none_lives_on_not_even_amid_a_job() -> None:
    with ThreadPoolExecutor(1) as threads:
        with workers() as started:
            number = int(started.do({"wants": "number"}))
            asked = threads.submit(started.do, {"wants": "time"})
            time.sleep(0.1)
            assert is_running(number)
        assert not is_running(number)
        with pytest.raises(CodecError, match="ended with status -9"):
            asked.result(timeout=10)


def test_an_interrupt_is_for_the_one_who_waits() -> None:
    with workers() as started:
        number = int(started.do({"wants": "number"}))
        os.kill(number, signal.SIGINT)
        assert int(started.do({"wants": "number"})) == number


def test_it_finds_this_package_whatever_the_working_folder_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "reproduce.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with workers() as started:
        assert started.do({"wants": 3}) == bytes(3)
