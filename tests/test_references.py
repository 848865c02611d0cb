"""The list of references: its labels are what the text cites, and it is sorted by them."""

import pytest
from pybtex.database import Entry, parse_string

from reproduce.book import references

WORKS = """
@misc{one, author = {van der Walt, A. and Bo, B. and Co, C.}, title = {Z}, year = {2014}}
@misc{two, author = {Vale, D. and Öst, E.}, title = {Y}, year = {1999}}
@misc{three, author = {{A Group}}, title = {X}, year = {2003}}
@misc{four, author = {Vale, D. and Öst, E.}, title = {A}, year = {1998}}
"""


@pytest.fixture
def entries() -> dict[str, Entry]:
    return dict(parse_string(WORKS, "bibtex").entries.items())


def test_a_label_is_names_and_year(entries: dict[str, Entry]) -> None:
    assert [references.label(entry) for entry in entries.values()] == [
        "van der Walt et al., 2014",
        "Vale and Öst, 1999",
        "A Group, 2003",
        "Vale and Öst, 1998",
    ]


def test_the_list_has_the_order_of_its_labels(entries: dict[str, Entry]) -> None:
    formatted = references.References().format_entries(entries.values())
    assert [entry.key for entry in formatted] == ["three", "four", "two", "one"]
