"""What the command line writes to, and how it is stopped: both may be other than expected.

The streams of a process may be closed, full, or of an encoding that lacks a name's characters. None
of that is a reason to lose work, or to end in a traceback.
"""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class _Forgiving:
    """A stream that drops what can't be written: its disk is full, its reader has gone.

    `problem` says why; nothing if all is written, or if the reader has gone, as `head` does when
    it has what it wants.
    """

    def __init__(self, stream: TextIO, number: int) -> None:
        self._stream, self._number = stream, number
        self.problem = ""

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except (OSError, ValueError) as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._drop(error)

    def _drop(self, error: Exception) -> None:
        if not isinstance(error, BrokenPipeError):
            self.problem = getattr(error, "strerror", None) or str(error)
        with suppress(OSError):  # so that the interpreter's own last attempt succeeds
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def usable_streams() -> Iterator[None]:
    """Open what is closed of the three streams, and let messages and odd names do no harm.

    What is closed would be given away to the next file that is opened, and messages written into
    it. What can't be written in the encoding of standard output, as a name that isn't UTF-8, is
    escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    old = sys.stdout, sys.stderr
    sys.stdout = _usable(sys.stdout, 1)
    sys.stderr = _usable(sys.stderr, 2)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = old


def _usable(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if isinstance(stream, io.TextIOWrapper):
        # By `surrogateescape`, as in the locale C, UTF-8 takes any name, and ASCII does not.
        passes = stream.errors == "surrogateescape" and stream.encoding.lower() == "utf-8"
        if not passes:
            stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", _Forgiving(stream, number))


def problem_with_output() -> str:
    """Write out what is left of standard output; return why that can't be done, or nothing."""
    sys.stdout.flush()
    return str(getattr(sys.stdout, "problem", ""))


def clean_up_on_signals(clean_up: Callable[[], None]) -> None:
    """Let a request to terminate end the process at once, as it does anyway, but for this."""

    def end(number: int, _: object) -> None:
        clean_up()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores it
            signal.signal(number, end)
