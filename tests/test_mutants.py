"""The faults of `make mutants`: each fits its file and names real tests; how one is judged."""

import ast
from pathlib import Path

import pytest

from tests import mutants
from tests.mutants import CannotPlantError, Fault

ROOT = Path(__file__).parents[1]
FAULTS = mutants.read_faults()


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.name)
def fault(request: pytest.FixtureRequest) -> Fault:
    return request.param


def test_its_text_occurs_exactly_once_and_what_replaces_it_is_another(fault: Fault) -> None:
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"{fault.old!r} in {fault.file}"
    assert fault.new != fault.old
    if fault.file.endswith(".py"):
        ast.parse(text.replace(fault.old, fault.new))


def test_the_tests_that_must_catch_it_exist(fault: Fault) -> None:
    assert fault.caught_by
    for test in fault.caught_by:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file(), file
        assert mutants.is_notebook(file) or f"\ndef {name}(" in (ROOT / file).read_text(), test


def test_no_fault_is_left_to_a_hash_of_the_source(fault: Fault) -> None:
    assert "test_the_stored_outputs_belong_to_this_source" not in " ".join(fault.caught_by)


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
