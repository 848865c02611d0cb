"""The peak of memory: of this process alone, and of another one since it was last forgotten."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reproduce.core import memory

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells it so"
)


def test_it_is_not_that_of_the_process_that_started_this_one() -> None:
    child = "from reproduce.core import memory; print(memory.peak())"
    parent = f"""
import subprocess, sys
held = bytearray(400_000_000)
subprocess.run([sys.executable, "-c", {child!r}], check=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, check=True
    )
    assert 5_000_000 < int(done.stdout) < 300_000_000


def test_it_is_counted_anew_once_forgotten(
    start: Callable[..., "subprocess.Popen[str]"],
) -> None:
    code = "held = bytearray(200_000_000); del held; print('ready', flush=True); input()"
    process = start(code, stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    before = memory.peak_of(process.pid)
    assert before is not None
    assert before > 200_000_000
    assert memory.forget_peak_of(process.pid)
    after = memory.peak_of(process.pid)
    assert after is not None
    assert 1_000_000 < after < 100_000_000


def test_where_the_system_does_not_tell_it_is_unknown() -> None:
    no_process = 2**22 + 1  # more than Linux ever counts up to
    assert memory.peak_of(no_process) is None
    assert not memory.forget_peak_of(no_process)
