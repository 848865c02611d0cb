"""Work on files in processes of their own: with threads alone, only one runs Python at a time.

A thread hands a job to a process and waits for what it answers, so order, messages and memory are
those of the threads. A process lives until its standard input ends, so none outlives who started
it, and it imports this package alone: multiprocessing's would import the caller's main module once
more, and run it where it has no guard against that. It reads lines of JSON, and answers each with
one, behind which come the bytes that it tells:

    {"source": "…/1.png", …}     ──>  {"bytes": 7042} and these bytes
    {"source": "…/none.png", …}  ──>  {"error": "there is no such file"}
"""

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from reproduce.core import store
from reproduce.core.errors import CodecError

Job = dict[str, Any]
"""What a line of JSON can say."""


class Workers:
    """Processes that do jobs, started when they are first needed.

    Parameters
    ----------
    count
        How many jobs are done at once, at most.
    code
        Of Python: what a process runs, which ends with `answer`.
    """

    def __init__(self, count: int, code: str) -> None:
        self._workers = [_Worker(code) for _ in range(count)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def do(self, job: Job) -> bytes:
        """Have a job done, by the next process that is idle; several threads may ask at once.

        Raises
        ------
        CodecError
            What was raised in the process, or the process has ended.
        """
        worker = self._idle.get()
        try:
            return worker.do(job)
        finally:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.close()


class _Worker:
    """One process, and its next if it ends before its time."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def do(self, job: Job) -> bytes:
        process = self._process = self._process or self._start()
        if self._closed:  # while it was started
            process.kill()
        try:
            answer = _asked(process, job)
        except (OSError, EOFError):
            self._process = None
            raise CodecError(
                f"the process that worked on it ended with status {_ended(process)}: is there "
                "enough memory?"
            ) from None
        if isinstance(answer, str):
            raise CodecError(answer)
        return answer

    def _start(self) -> "subprocess.Popen[bytes]":
        # The same package and the same names of files as here, whatever the working folder holds.
        package, others = str(store.PACKAGE.parent), os.environ.get("PYTHONPATH")
        return subprocess.Popen(
            [sys.executable, "-P", "-X", f"utf8={sys.flags.utf8_mode}", "-c", self._code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [package, others]))},
        )

    def close(self) -> None:
        """End the process, even amid a job: what it makes is of no use any more."""
        self._closed = True
        process = self._process
        if process:
            process.kill()
            _ended(process)


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of a process, and return its status."""
    status = process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # of what could not be written any more
            if pipe:
                pipe.close()
    return status


def _asked(process: "subprocess.Popen[bytes]", job: Job) -> bytes | str:
    """Return what a process answers: bytes, or the message of an error."""
    assert process.stdin and process.stdout  # noqa: S101  # both are pipes
    process.stdin.write(json.dumps(job).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise EOFError
    answer = json.loads(line)
    if "error" in answer:
        return str(answer["error"])
    made = process.stdout.read(answer["bytes"])
    if len(made) < answer["bytes"]:
        raise EOFError
    return made


def answer(do: Callable[[Job], bytes]) -> None:
    """Do the jobs that come by standard input, until it ends: what a process of `Workers` runs."""
    # Ctrl-C is for the one who waits, and what libraries print must not be taken for an answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(BrokenPipeError), answers:
        for line in sys.stdin.buffer:
            try:
                made = do(json.loads(line))
                answers.write(json.dumps({"bytes": len(made)}).encode() + b"\n" + made)
            except CodecError as error:
                answers.write(json.dumps({"error": str(error)}).encode() + b"\n")
            answers.flush()
