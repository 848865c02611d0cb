"""Rendering a book: a warning stops it, and the last one stays."""

from pathlib import Path

import nbformat
import pytest

from reproduce import artifacts, book
from reproduce.errors import ReproduceError

pytestmark = pytest.mark.slow

CONFIGURATION = """
title: A book
only_build_toc_files: true
execute: {execute_notebooks: "off"}
"""
CONTENTS = """
format: jb-book
root: index
chapters:
  - file: notebooks/chapter
  - file: book/page
"""


@pytest.fixture
def project(tmp_path: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout of the least that makes a book, its one notebook executed."""
    root = tmp_path / "checkout"
    for folder in (root / "book", root / "notebooks", build_folder / "mine" / "notebooks"):
        folder.mkdir(parents=True)
    (root / "_config.yml").write_text(CONFIGURATION)
    (root / "_toc.yml").write_text(CONTENTS)
    (root / "index.md").write_text("# Front\n")
    (root / "book" / "page.md").write_text("# Page\n")
    for text, folder in (("stored", root), ("executed", build_folder / "mine")):
        cells = [nbformat.v4.new_markdown_cell(f"# Chapter\n\n{text}")]
        path = folder / "notebooks" / "chapter.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setattr(artifacts, "project_root", lambda: root)
    return root


def test_the_book_shows_the_executed_notebooks(project: Path) -> None:
    front = book.render("mine")
    assert front.is_file()
    chapter = (front.parent / "notebooks" / "chapter.html").read_text()
    assert "executed" in chapter
    assert "stored" not in chapter


def test_a_warning_stops_the_book_is_told_and_leaves_the_last_one(project: Path) -> None:
    front = book.render("mine")
    (project / "index.md").write_text("# Front\n\n{doc}`no/such/page`\n")
    with pytest.raises(ReproduceError, match=r"no/such/page"):
        book.render("mine")
    assert front.is_file()
    assert "no/such/page" not in front.read_text()


def test_a_notebook_that_was_not_executed_is_named(project: Path, build_folder: Path) -> None:
    (build_folder / "mine" / "notebooks" / "chapter.ipynb").unlink()
    with pytest.raises(ReproduceError, match=r"chapter\.ipynb is not executed"):
        book.render("mine")
