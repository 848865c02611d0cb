"""What is said in sentences is so: each statement of a page is held against something.

`tests/statements/` lists them and says how, and in `pasted.txt` what each pasted number has to be.
"""

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.statements import FOLDER, PAGES, ROOT, found_on, listed, markdown, not_listed, says
from tests.statements.facts import names


@pytest.fixture(params=PAGES, ids=lambda path: path.name)
def page(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_what_is_listed_stands_on_the_page_in_that_order(page: Path) -> None:
    _, missing = found_on(says(page), listed(page))
    assert missing == [], "the page says something else now: change the list, and see that it holds"


def test_all_that_could_be_wrong_is_listed(page: Path) -> None:
    assert not_listed(page) == [], f"list it in tests/statements/{page.stem}.txt"


def test_what_is_said_is_so(page: Path) -> None:
    wrong = []
    for statement in listed(page):
        kind, _, evidence = statement.evidence.partition(" ")
        if kind == "=" and not eval(evidence, dict(names())):  # noqa: S307  # ours
            wrong.append(f"{statement.text}\n{evidence}")
        if kind == "test:":
            assert (ROOT / evidence).is_file(), evidence
    assert wrong == []


# Pasted numbers: a name that is given to another number is seen, though the notebook was executed
# again with it

LINE = re.compile(r"(?P<key>\S+) (?P<kind>[=~:]) (?P<what>.*)")
RENAMED = {"model": "model_page", "cost": "costs_page"}


@cache
def rules() -> list[tuple[re.Pattern[str], str, str]]:
    """Patterns of names, in order: the first that fits counts; how they are held, against what."""
    found = []
    for line in (FOLDER / "pasted.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            pattern = re.escape(match["key"]).replace(r"\*", "(?P<name>.+)")
            found.append((re.compile(pattern), match["kind"], match["what"]))
    return found


def pasted() -> list[str]:
    """What is pasted on any page: the notebook, and the name."""
    found = set()
    for page in PAGES:
        for role in re.findall(r"\{glue:text\}`([^`]*)`", markdown(page)):
            place, _, key = role.rpartition("::")
            stem = Path(place).stem if place else page.stem
            found.add(f"{RENAMED.get(stem, stem)}.{key.partition(':')[0]}")
    return sorted(found)


PASTED = pasted()


@pytest.mark.parametrize("key", PASTED)
def test_a_pasted_number_is_what_its_name_says(key: str) -> None:
    page, _, own = key.partition(".")
    for pattern, kind, what in rules():
        if match := pattern.fullmatch(key):
            value: Any = names()[page][own]
            about = {"name": match.groupdict().get("name", own), "value": value}
            if kind == "~":
                assert eval(what, names() | about), (value, what)  # noqa: S307
            elif kind == "=":
                expected = eval(what, names() | about)  # noqa: S307
                if isinstance(expected, str):
                    assert value == expected
                else:
                    assert math.isclose(value, expected, rel_tol=1e-6), (value, expected)
            return
    raise AssertionError(f"{key}: say in tests/statements/pasted.txt what it has to be")


def test_each_line_of_the_list_is_of_something_that_is_pasted() -> None:
    assert len(PASTED) > 150
    unused = [pattern.pattern for pattern, *_ in rules() if not any(map(pattern.fullmatch, PASTED))]
    assert unused == []
