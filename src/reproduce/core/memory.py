"""How much memory a process has held, as the operating system counts it."""

import os
import re
import resource
import sys
from pathlib import Path


def peak() -> int:
    """Return the most memory this process has held so far, in bytes."""
    told = peak_of(os.getpid())
    if told is not None:  # unlike getrusage's, not inherited from the process that started this one
        return told
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def peak_of(process: int) -> int | None:
    """Return the most memory a process has held, in bytes; None where the system doesn't tell.

    Linux tells it, counted since the process's start or its last `forget_peak_of`.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    line = re.search(r"^VmHWM:\s*([0-9]+) kB$", status, re.MULTILINE)
    return int(line[1]) * 1024 if line else None


def forget_peak_of(process: int) -> bool:
    """Count a process's peak of memory from now on; return whether the system can do that."""
    try:
        Path(f"/proc/{process}/clear_refs").write_text("5")
    except OSError:
        return False
    return True
