"""Which function of a chapter a cell shows: what its caption leads to."""

import nbformat
import pytest

from reproduce.book import listings

IMPORTS = """%matplotlib inline
from reproduce.chapters import rates as chapter
from reproduce.chapters import page, style"""


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("chapter.curves(table)", "../source/rates.html#curves"),
        ("Markdown(page.provenance(parameters))", "../source/page.html#provenance"),
        ("chapter.curves(page.provenance(parameters))", "../source/rates.html#curves"),
        ("shown = chapter.curves(table)\nshown", None),
        ("chapter.curves(table)\nlen(table)", None),
        ("shown = chapter.curves(table)", None),
        ("pandas.concat(table)", None),
        ("", None),
    ],
)
def test_the_outer_function_of_a_chapter_in_the_last_expression_counts(
    source: str, address: str | None
) -> None:
    cells = [nbformat.v4.new_code_cell(text) for text in (IMPORTS, source)]
    cells.insert(0, nbformat.v4.new_markdown_cell("chapter.curves(table)"))
    found = listings.addresses(nbformat.v4.new_notebook(cells=cells))
    assert found == ({cells[-1].id: address} if address else {})
