"""The faults of `make mutants`: each fits its file and names real tests; how one is judged."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import mutants
from tests.mutants import CannotPlantError, Fault, Outcome

ROOT = Path(__file__).parents[1]
FAULTS = mutants.read_faults()


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def test_their_texts_occur_exactly_once_and_what_replaces_them_is_another() -> None:
    for fault in FAULTS:
        text = text_of(fault.file)
        assert text.count(fault.old) == 1, f"{fault.name}: {fault.old!r} in {fault.file}"
        assert fault.new != fault.old, fault.name
        if fault.file.endswith(".py"):
            ast.parse(text.replace(fault.old, fault.new), fault.name)


def test_the_tests_that_must_catch_them_exist() -> None:
    for fault in FAULTS:
        assert fault.caught_by, fault.name
        for test in fault.caught_by:
            file, _, name = test.partition("::")
            assert (ROOT / file).is_file(), test
            assert mutants.is_notebook(file) or f"\ndef {name}(" in text_of(file), test


def test_no_fault_is_left_to_a_hash_of_the_source() -> None:
    for fault in FAULTS:
        by = " ".join(fault.caught_by)
        assert "test_the_stored_outputs_belong_to_this_source" not in by, fault.name


def test_a_fault_is_planted_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("a = 1\nb = 2\n")
    mutants.plant(Fault("wrong-sum", "module.py", "b = 2", "b = 3", ()), tmp_path)
    assert (tmp_path / "module.py").read_text() == "a = 1\nb = 3\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("c = 3", "c = 4", "0 times"), (" = ", " - ", "2 times"), ("b = 2", "b =", "no Python")],
)
def test_a_fault_that_does_not_fit_is_not_planted(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    (tmp_path / "module.py").write_text("a = 1\nb = 2\n")
    with pytest.raises(CannotPlantError, match=reason):
        mutants.plant(Fault("unfit", "module.py", old, new, ()), tmp_path)
    assert (tmp_path / "module.py").read_text() == "a = 1\nb = 2\n"


@pytest.mark.parametrize(
    ("status", "output", "expected"),
    [
        (0, "1 passed", "survived"),
        (1, "E   assert 1 == 2\nFAILED tests/test_a.py::test_b[c d] - assert 1 == 2", "caught"),
        (1, "FAILED notebooks/a.ipynb::Cell 5\n1 failed, 5 passed", "caught"),
        (1, "E   NameError: name 'x'\nFAILED tests/test_a.py::test_b - NameError", "broken"),
        (1, "ERROR tests/test_a.py::test_b - fixture failed", "broken"),
        (2, "ERROR tests/test_a.py - SyntaxError", "broken"),
        (4, "ERROR: not found: tests/test_a.py::test_z", "broken"),
        (5, "no tests ran", "broken"),
        (-9, "", "broken"),
    ],
)
def test_only_a_test_that_fails_of_its_own_catches_a_fault(
    status: int, output: str, expected: str
) -> None:
    assert mutants.verdict(status, output)[0] == expected


def test_the_test_that_caught_a_fault_is_named() -> None:
    output = "E   assert 1 == 2\nFAILED tests/test_a.py::test_b[c d] - assert 1 == 2"
    assert mutants.verdict(1, output) == ("caught", "tests/test_a.py::test_b[c d]")
    assert mutants.verdict(1, "FAILED notebooks/a.ipynb::Cell 5")[1] == "notebooks/a.ipynb::Cell 5"


PACKAGE = ROOT / "src" / "reproduce"
ROOMS = [path.parent for path in PACKAGE.glob("*/__init__.py")]


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.name)
def test_faults_are_planted_in_every_room(room: Path) -> None:
    place = room.relative_to(ROOT).as_posix()
    assert sum(fault.file.startswith(f"{place}/") for fault in FAULTS) >= 5


@pytest.mark.parametrize(
    ("verdicts", "all_caught"),
    [(["caught", "caught"], True), (["caught", "survived"], False), (["broken", "caught"], False)],
)
def test_all_faults_are_tried_and_each_must_be_caught(
    monkeypatch: pytest.MonkeyPatch, verdicts: list[str], all_caught: bool
) -> None:
    outcomes = iter(Outcome(FAULTS[0], verdict, "") for verdict in verdicts)
    monkeypatch.setattr(mutants, "copy_tracked_files", lambda target: None)
    monkeypatch.setattr(mutants, "check_without_fault", lambda *_: "")
    monkeypatch.setattr(mutants, "try_fault", lambda *_: next(outcomes))
    assert mutants.try_all(FAULTS[:2], 1) is all_caught
    monkeypatch.setattr(mutants, "check_without_fault", lambda *_: "a test fails anyway")
    assert mutants.try_all(FAULTS[:2], 1) is False


@pytest.mark.parametrize("caught", [True, False])
@pytest.mark.parametrize(
    ("words", "tried"),
    [
        ([], FAULTS),
        ([FAULTS[3].name, FAULTS[1].name], [FAULTS[1], FAULTS[3]]),
        (["--jobs", "3"], FAULTS),
        (["--one-in", "3"], FAULTS[2::3]),
    ],
)
def test_the_exit_status_says_whether_all_that_were_asked_for_are_caught(
    monkeypatch: pytest.MonkeyPatch, words: list[str], tried: list[Fault], caught: bool
) -> None:
    given: list[tuple[list[Fault], int]] = []

    def try_all(faults: list[Fault], jobs: int) -> bool:
        given.append((faults, jobs))
        return caught

    monkeypatch.setattr(sys, "argv", ["mutants", *words])
    monkeypatch.setattr(mutants, "available_cores", lambda: 2)
    monkeypatch.setattr(mutants, "current_commit", lambda: "1d\n")
    monkeypatch.setattr(mutants, "try_all", try_all)
    assert mutants.main() == (0 if caught else 1)
    assert given == [(tried, 3 if "--jobs" in words else 2)]


def test_no_fault_is_left_out_of_all_shares() -> None:
    shares = [mutants.one_in(3, FAULTS, commit) for commit in ("0", "a", "ff2")]
    assert sorted(fault.name for share in shares for fault in share) == sorted(
        fault.name for fault in FAULTS
    )


def test_the_current_commit_is_a_hash() -> None:
    assert len(mutants.current_commit().strip()) == 40
    assert int(mutants.current_commit(), 16)


def test_the_tests_that_must_catch_a_fault_run_with_the_notebooks_and_up_to_the_first_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words: list[str] = []
    monkeypatch.setattr(mutants, "run_pytest", lambda *given: words.extend(given[2]))
    mutants.run_tests(tmp_path, tmp_path, ["tests/test_a.py::test_b", "notebooks/c.ipynb"])
    assert {"--nbval", "-x"} <= set(words)
    left_out = [word for word in words if word.startswith("--deselect")]
    assert left_out == ["--deselect=notebooks/c.ipynb::stored outputs"]
    assert words[-2:] == ["tests/test_a.py::test_b", "notebooks/c.ipynb"]
