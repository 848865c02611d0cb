"""What is said in sentences is so: each statement of a page is held against something.

`tests/statements/` lists them and says how.
"""

from pathlib import Path

import pytest

from tests.statements import PAGES, ROOT, found_on, listed, not_listed, says
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
