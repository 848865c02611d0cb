"""The modules of the page "Try it", asked from Python: `answer.mjs` runs them in Node."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

NODE = shutil.which("node") or shutil.which("nodejs")
"""Debian: `apt install nodejs`."""

_SCRIPT = Path(__file__).with_name("answer.mjs")
_KINDS = ("uint8", "int16", "int32", "uint32", "float32", "float64")


class Answer(NamedTuple):
    """What came of a question: an answer, or why it was refused, in words for a reader."""

    found: Any
    refused: str | None
    milliseconds: float


class Modules:
    """A process of Node that has the modules loaded."""

    def __init__(self) -> None:
        assert NODE is not None
        # What is said on the way goes where the test's own words go.
        self._process = subprocess.Popen(
            [NODE, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, question: str, **told: Any) -> Answer:
        """Ask one question of `answer.mjs`; arrays go there and come back as such."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([question, _sent(told)]) + os.linesep)
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "the modules don't load: run node tests/answer.mjs"
        answer = json.loads(line)
        assert "broken" not in answer, answer["broken"]
        found = _received(answer.get("answer"))
        return Answer(found, answer.get("refused"), answer["milliseconds"])

    def __call__(self, question: str, **told: Any) -> Any:
        """Ask a question that must not be refused."""
        answer = self.ask(question, **told)
        assert answer.refused is None, answer.refused
        return answer.found


def picture(levels: NDArray[np.uint8]) -> dict[str, Any]:
    """An image, H x W, as the modules take it."""
    height, width = levels.shape
    return {"levels": levels.ravel(), "width": width, "height": height}


def _sent(told: Any) -> Any:
    if isinstance(told, bytes):
        return {"uint8": base64.b64encode(told).decode()}
    if isinstance(told, np.ndarray):
        return {told.dtype.name: base64.b64encode(told.tobytes()).decode()}
    if isinstance(told, dict):
        return {name: _sent(part) for name, part in told.items()}
    return told


def _received(found: Any) -> Any:
    if isinstance(found, dict):
        (kind, text), *others = found.items() or [("", "")]
        if kind in _KINDS and not others and isinstance(text, str):
            return np.frombuffer(base64.b64decode(text), kind)
        return {name: _received(part) for name, part in found.items()}
    if isinstance(found, list):
        return [_received(part) for part in found]
    return found
