"""What the benchmark times, by a clock that only what is done moves: that alone, and all of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import subjects
from reproduce.measure import scores
from reproduce.models import autoencoder, literal, training

COUNT = 6
"""Images, in batches of 2."""


class Clock:
    """Stands still, but for what is told to take a while."""

    def __init__(self) -> None:
        self.now = 100.0

    def takes(self, *seconds: float, returns: Any = None) -> Callable[..., Any]:
        """Return a function that takes so long at its first call, its second, …, and the last."""
        turns = [*seconds]

        def work(*_: Any, **__: Any) -> Any:
            self.now += turns.pop(0) if len(turns) > 1 else turns[0]
            return returns

        return work


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The benchmark's clock, with subjects that take known times."""
    clock = Clock()
    monkeypatch.setattr(subjects, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    images = np.zeros((COUNT, 4, 4, 1))
    of_literal = SimpleNamespace(
        set_weights=clock.takes(1000),
        fit=clock.takes(64),
        predict=clock.takes(16, returns=np.zeros((COUNT, 4, 4, 1))),
    )
    monkeypatch.setattr(literal, "load_images", clock.takes(8, returns=images[..., 0]))
    monkeypatch.setattr(literal, "build", clock.takes(500, returns=of_literal))
    monkeypatch.setattr(literal, "train", clock.takes(300, 24))  # the first compiles
    data = SimpleNamespace(
        counts={"train": COUNT, "test": COUNT}, chosen=lambda *_: np.zeros((2, 4, 4), np.uint8)
    )
    monkeypatch.setattr(subjects.Ours, "_prepare", clock.takes(40, 3, returns=data))
    ours = SimpleNamespace(set_weights=clock.takes(1000))
    monkeypatch.setattr(autoencoder, "build", clock.takes(500, returns=ours))
    step = clock.takes(200, 2, returns=0.5)  # the first compiles
    monkeypatch.setattr(training, "training_step", lambda _: step)
    monkeypatch.setattr(scores, "score_images", clock.takes(7))
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Files that are found; what they hold is never read."""
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for number in range(COUNT + 1):
            (tmp_path / split / f"{number}.jpg").touch()
    np.savez(tmp_path / "weights.npz", np.zeros(1))
    return str(tmp_path)


TIMED: list[tuple[type, str, Mapping[str, float]]] = [
    (subjects.Literal, "training", {"seconds": 24 / COUNT}),
    (subjects.Literal, "memory", {"seconds": 8 + 500 + 64}),
    (subjects.Literal, "loading", {"seconds": 8}),
    (subjects.Literal, "reconstruction", {"seconds": 8 + 16}),
    (subjects.Ours, "training", {"seconds": 2 * COUNT / 2 / COUNT}),
    (subjects.Ours, "memory", {"seconds": 40 + 500 + 200 + 2 + 2}),
    (subjects.Ours, "loading", {"seconds": 40, "warm_seconds": 3}),
    (subjects.Ours, "preparing", {"seconds": 40}),
    (subjects.Ours, "reconstruction", {"seconds": 7}),
    (subjects.Ours, "scoring", {"seconds": 7}),
]


@pytest.mark.parametrize(("subject", "thing", "expected"), TIMED)
@pytest.mark.usefixtures("clock")
def test_what_is_timed(
    folder: str, subject: type, thing: str, expected: Mapping[str, float]
) -> None:
    settings: dict[str, Any] = {"folder": folder, "size": 4, "count": COUNT}
    if thing in ("training", "memory"):
        settings["batch_size"] = 2
    if thing in ("reconstruction", "scoring"):
        settings["weights"] = f"{folder}/weights.npz"
    assert getattr(subject(), thing)(**settings) == pytest.approx(expected)


def test_all_that_is_timed_is_tried_here() -> None:
    public = {
        (subject, name)
        for subject in (subjects.Literal, subjects.Ours)
        for name in vars(subject)
        if not name.startswith("_")
    }
    assert {(subject, thing) for subject, thing, _ in TIMED} == public
