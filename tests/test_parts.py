"""Stages in parts: the same artifact to the byte, whatever was measured where and when."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.stage import Stage
from reproduce.measure import parts, rows, shards, stages
from reproduce.measure.shards import Part

IN_PARTS = [stage for stage in stages.EVERY if stage.in_parts]


def test_these_have_parts_and_whatever_has_parts_goes_on_where_it_stopped() -> None:
    names = {stage.name for stage in IN_PARTS}
    assert {"scores", "png-sizes", "ratios", "rates", "codecs/jpeg", "own-files"} <= names
    assert all(stage.resumable for stage in IN_PARTS)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


@pytest.fixture
def made(small_run: Any, build_folder: Path, tmp_path: Path) -> Callable[[Stage], Path]:
    """A function that makes a stage of the small run as a whole, in a build folder of its own."""
    whole = shutil.copytree(build_folder, tmp_path / "whole")

    def make(stage: Stage) -> Path:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("REPRODUCE_BUILD", str(whole))
            return stage.folder(small_run.parameters)

    return make


QUICK = [stages.PNG_SIZES, stages.find("codecs/jpeg")]
"""Scores have tests of their own, see `test_scores`."""


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(one, marks=() if one in QUICK else pytest.mark.slow, id=one.name)
        for one in IN_PARTS
        if one is not stages.SCORES and (one in QUICK or not one.name.startswith("codecs/"))
    ],
)
def test_in_parts_a_stage_is_the_one_that_is_made_as_a_whole(
    stage: Stage, small_run: Any, made: Callable[[Stage], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for part in reversed(shards.every(3)):
        parts.measure(stage, small_run.parameters, part)
    capsys.readouterr()
    gathered = parts.gather(stage, small_run.parameters, 3)
    assert "%|" not in capsys.readouterr().err  # no image was measured once more
    whole = made(stage)
    assert gathered.name == whole.name
    assert files(gathered) == files(whole)
    assert store.read_manifest(gathered)["facts"] == store.read_manifest(whole)["facts"]


def test_a_part_that_was_killed_goes_on_after_its_last_image(
    small_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = rows.measured
    seen: list[int] = []

    def measure(folder: Path, places: Any, of_image: Callable[[int], Any], name: str) -> Any:
        def one(place: int) -> Any:
            if len(seen) == 2:
                raise KeyboardInterrupt
            seen.append(place)
            return of_image(place)

        return measured(folder, places, one, name)

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("reproduce.measure.scores.rows_of_images", measure)
    with pytest.raises(KeyboardInterrupt):
        parts.measure(stages.PNG_SIZES, small_run.parameters, Part(2, 2))
    first, second = seen
    seen[:] = [-1] * 3
    folder = parts.measure(stages.PNG_SIZES, small_run.parameters, Part(2, 2))
    assert seen[3:] == [*range(second + 1, 14)] or seen[3:] == [*range(second, 14)]
    assert first == 7
    assert len((folder / rows.FILE).read_text().splitlines()) == 7


def test_a_stage_without_parts_and_more_parts_than_images_are_refused(small_run: Any) -> None:
    with pytest.raises(ReproduceError, match="'model' has no parts"):
        parts.measure(stages.find("model"), small_run.parameters, Part(1, 2))
    with pytest.raises(ReproduceError, match="14 images make at most 14 parts"):
        parts.gather(stages.PNG_SIZES, small_run.parameters, 15)
