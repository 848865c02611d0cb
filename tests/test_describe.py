"""What is sent with a number that differs: the run as it is, no path, nothing made for it."""

import platform
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from reproduce.book import describe
from reproduce.core import environment
from reproduce.core.parameters import Parameters
from reproduce.measure import stages
from reproduce.results import claims, record


@pytest.fixture
def parameters(small_run: SimpleNamespace) -> Parameters:
    """Those of a run whose model is trained and has its scores, but not its rates."""
    for stage in (stages.SCORES, stages.EXAMPLE):
        stage.folder(small_run.parameters)
    return small_run.parameters


def cells(text: str, of: str) -> list[str]:
    """The cells of the one row of a table that has a cell of this text."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    (found,) = (row for row in rows if of in row)
    return found


def test_a_run_is_described_by_what_it_ran_with_in_and_made(
    parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "commit", lambda apart_from=(): "abc-dirty")
    text = describe.describe(parameters)
    assert "`epochs=3`" in cells(text, "all parameters")[1]
    assert cells(text, "git commit")[1] == "`abc`, with uncommitted changes"
    versions = environment.versions()
    for package in ("tensorflow", "keras", "numpy", "pillow"):
        assert versions[package] in cells(text, "versions")[1]
    assert environment.machine().processor in cells(text, "machine")[1]
    for stage in (*stages.SCORES.needs, stages.SCORES, stages.EXAMPLE):
        assert cells(text, f"`{stage.folder(parameters).name}`")
    assert "`rates-" not in text


def test_each_number_of_the_claims_is_told_as_the_run_has_it(parameters: Parameters) -> None:
    text = describe.describe(parameters)
    found = record.find(parameters)
    assert found is not None
    told = {check.quantity for claim in claims.read() for check in claim.checks}
    of_rates = {"file_ratio", "bd_rate", "best_psnr"}
    assert set(re.findall(r"\| `(\w+)` +\|", text)) >= told - of_rates
    assert cells(text, "`last_loss`")[2] == f"{found.training.losses[-1]:.10g}"
    assert "no record of this setting" in text


def test_beside_a_record_of_the_same_setting_what_differs_is_told(
    parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = record.find(parameters)
    assert found is not None
    *losses, last = found.training.losses
    training = found.training.model_copy(update={"losses": (*losses, last - 0.001)})
    recorded = found.model_copy(update={"training": training})
    monkeypatch.setattr(record, "read_seeds", lambda: {parameters.seed: recorded})
    text = describe.describe(parameters)
    assert re.search(r"seed 0: 2 of \d+ numbers differ", text)  # this and the excess removed
    assert cells(text, "`last_loss`")[4] == "+1.0e-03"
    assert cells(text, "`first_loss`")[4] == "none"
    other = parameters.model_copy(update={"seed": 1})
    assert record.of_same_setting(other, found.data.fingerprint) is None
    assert record.of_same_setting(parameters, "other images") is None


def test_no_path_and_no_name_of_the_machine_is_told(parameters: Parameters) -> None:
    text = describe.describe(parameters)
    assert parameters.folder not in text
    assert platform.node() not in text
    assert re.findall(r"(?<![\w)])[/~]\w", text) == []


def test_a_run_without_scores_is_described_as_far_as_it_is_made(
    small_run: SimpleNamespace, build_folder: Path
) -> None:
    before = sorted(build_folder.rglob("*"))
    text = describe.describe(small_run.parameters)
    assert "no numbers yet" in text
    assert small_run.trained.folder.name in text
    assert sorted(build_folder.rglob("*")) == before
