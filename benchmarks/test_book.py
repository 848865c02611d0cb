"""How long `make book` takes: from a fresh clone, again, and after a change of one sentence."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reproduce.results.costs import AS_IT_IS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of the last commit."""
    subprocess.run(["git", "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def make(clone: Path, target: str) -> float:
    """Return how many seconds `make target` takes in the clone."""
    environment = {name: os.environ[name] for name in os.environ if name != "REPRODUCE_BUILD"}
    start = time.perf_counter()
    done = subprocess.run(
        ["make", target], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - start


def executed(clone: Path) -> dict[str, int]:
    """Return when each chapter was executed."""
    folder = clone / "build" / "sample" / "notebooks"
    return {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.ipynb")}


def after(change: Callable[[], None], clone: Path) -> tuple[float, list[str]]:
    """Return the seconds of `make book` after a change, and the chapters that it executed."""
    before = executed(clone)
    change()
    seconds = make(clone, "book")
    return seconds, [name for name, moment in executed(clone).items() if moment != before[name]]


def test_book(benchmark: Any, clone: Path, quick: bool) -> None:
    if quick:
        pytest.skip("CI makes the book anyway")
    prose = clone / "book" / "conclusion.md"
    chapter = clone / "notebooks" / "compression_size.ipynb"

    def change_a_sentence() -> None:
        prose.write_text(prose.read_text() + "\nOne more sentence.\n")

    def change_a_caption() -> None:
        notebook = json.loads(chapter.read_text())
        for cell in notebook["cells"]:
            if figure := cell["metadata"].get("mystnb", {}).get("figure"):
                figure["caption"] += " One more sentence."
        chapter.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")

    def measure() -> dict[str, float]:
        measured = {"install": make(clone, ".venv/.installed"), "fresh": make(clone, "book")}
        measured["nothing"], chapters = after(lambda: None, clone)
        assert chapters == []
        measured["sentence"], chapters = after(change_a_sentence, clone)
        assert chapters == []
        measured["caption"], chapters = after(change_a_caption, clone)
        assert chapters == [chapter.stem]
        return measured

    measured = benchmark.pedantic(measure, rounds=1, iterations=1)
    benchmark.extra_info.update(
        thing="book", subject="ours", processor=AS_IT_IS, settings={}, measured=measured
    )
