"""The Sphinx extension: which hyphens are minus signs, and pictures of notebooks for prose.

What it does to whole pages, such as tables that are called tables, is tested in test_pages.py.
"""

import base64
from pathlib import Path

import nbformat
import pytest

from reproduce.book import extension


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-0.006", "−0.006"),
        ("from -3 to -1.5 dB (-2)", "from −3 to −1.5 dB (−2)"),
        ("8-bit, AVX-512, 2026-11-26, 1e-05, seed-0", "8-bit, AVX-512, 2026-11-26, 1e-05, seed-0"),
        ("0.4–-0.2", "0.4–-0.2"),
    ],
)
def test_a_hyphen_before_a_number_of_its_own_is_a_minus(text: str, written: str) -> None:
    assert extension.NEGATIVE.sub("−", text) == written


def test_named_pictures_of_notebooks_are_written_for_prose(tmp_path: Path) -> None:
    picture = base64.b64encode(b"\x89PNG, of a leaf").decode()
    cells = [nbformat.v4.new_code_cell("show()") for _ in range(3)]
    for cell in cells[:2]:
        cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": picture})]
    for cell, name in ((cells[0], "leaf"), (cells[2], "a-table")):
        cell.metadata["mystnb"] = {"figure": {"name": name, "caption": "What is seen."}}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "one.ipynb")
    extension.write_pictures(tmp_path)
    written = tmp_path / extension.PICTURES
    assert [file.name for file in written.iterdir()] == ["leaf.png"]
    assert (written / "leaf.png").read_bytes() == b"\x89PNG, of a leaf"
