"""Trainings repeated in processes of their own."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reproduce.core.parameters import Parameters
from reproduce.measure import repetitions
from reproduce.measure.repetitions import FEW, MANY, Outcome, Repetition, Setting

AS_IT_IS = Setting("as it is", {}, 2)

pytestmark = pytest.mark.slow


def test_the_same_setting_gives_the_same_weights_and_where_a_run_was_killed_it_goes_on(
    small_run: SimpleNamespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = Repetition(
        last_loss=1,
        mean_ratio=1,
        weights="aa",
        kernels="done before",
        threads=1,
        greatest_difference=1,
    )
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "unfinished.json").write_text(json.dumps([done.model_dump()]))

    repetitions.make(small_run.parameters, folder, [Setting("done before", {}, 1), AS_IT_IS])

    assert [file.name for file in folder.iterdir()] == [repetitions.FILE]
    found = repetitions.read(folder)
    first, again = found.runs
    assert first == done
    assert again.greatest_difference == 0
    assert (again.kernels, again.threads) == ("as it is", 2)
    assert Outcome(**again.model_dump(include=set(Outcome.model_fields))) == found.reference
    assert found.reference.last_loss == small_run.trained.losses[-1]
    assert "done before" not in capfd.readouterr().err


def test_the_settings_reach_the_process_that_trains(
    small_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StartedError(Exception):
        """Says that the process would have been started."""

    def run(command: list[str], env: dict[str, str], **_: Any) -> None:
        assert command[1:3] == ["-m", "reproduce.measure.repetitions"]
        assert Parameters(**json.loads(command[3])) == small_run.parameters
        assert env["TF_NUM_INTRAOP_THREADS"] == "5"
        assert env["ONEDNN_MAX_CPU_ISA"] == "SSE41"
        (prepared,) = Path(env["REPRODUCE_BUILD"]).glob("quick/data-*")
        assert (prepared / "train.npy").is_file()
        raise StartedError

    stand_in = SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(repetitions, "subprocess", stand_in)
    told = Setting("older", {"ONEDNN_MAX_CPU_ISA": "SSE41"}, 5)
    with pytest.raises(StartedError):
        repetitions.make(small_run.parameters, tmp_path, [told])


def test_few_are_some_of_the_many() -> None:
    assert set(map(str, FEW)) <= set(map(str, MANY))
    assert len(set(map(str, FEW))) == len(FEW)
