"""Rendering a book: a warning stops it, and the last one stays."""

import re
from pathlib import Path

import nbformat
import pytest

from reproduce.book import provenance, render
from reproduce.core import store
from reproduce.core.errors import ReproduceError
from tests.test_provenance import an_execution

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
  - file: book/executions
"""
EXECUTIONS = "# Executions\n\n<!-- executions -->\nNothing was executed.\n<!-- /executions -->\n"


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
    (root / "book" / "executions.md").write_text(EXECUTIONS)
    for text, folder in (("stored", root), ("executed", build_folder / "mine")):
        cells = [nbformat.v4.new_markdown_cell(f"# Chapter\n\n{text}")]
        path = folder / "notebooks" / "chapter.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    store.write_json(provenance.path_of(path), an_execution(notebook="chapter.ipynb").model_dump())
    monkeypatch.setattr(store, "project_root", lambda: root)
    return root


def test_the_book_shows_the_executed_notebooks(project: Path) -> None:
    front = render.render("mine")
    assert front.is_file()
    chapter = (front.parent / "notebooks" / "chapter.html").read_text()
    assert "executed" in chapter
    assert "stored" not in chapter


def test_it_tells_how_they_were_made(project: Path, build_folder: Path) -> None:
    front = render.render("mine")
    chapter = (front.parent / "notebooks" / "chapter.html").read_text()
    assert 'id="provenance-chapter"' in chapter
    assert 'href="chapter.provenance.json"' in chapter
    kept = build_folder / "mine" / "notebooks" / "chapter.provenance.json"
    published = front.parent / "notebooks" / "chapter.provenance.json"
    assert published.read_bytes() == kept.read_bytes()
    executions = (front.parent / "book" / "executions.html").read_text()
    assert 'href="../notebooks/chapter.html"' in executions
    assert "model-abc" in executions
    assert "Nothing was executed" not in executions


def test_executions_stand_in_the_order_of_the_book(project: Path, build_folder: Path) -> None:
    for name in ("another", "last"):
        for folder in (project, build_folder / "mine"):
            cells = [nbformat.v4.new_markdown_cell(f"# {name}")]
            path = folder / "notebooks" / f"{name}.ipynb"
            nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        store.write_json(provenance.path_of(path), an_execution(notebook=path.name).model_dump())
    contents = CONTENTS.replace("/chapter\n", "/last\n  - file: notebooks/chapter\n")
    (project / "_toc.yml").write_text(f"{contents}  - file: notebooks/another\n")
    executions = (render.render("mine").parent / "book" / "executions.html").read_text()
    places = [executions.index(f">{name}</span>") for name in ("last", "Chapter", "another")]
    assert places == sorted(places)


def test_a_warning_stops_the_book_is_told_and_leaves_the_last_one(project: Path) -> None:
    front = render.render("mine")
    (project / "index.md").write_text("# Front\n\n{doc}`no/such/page`\n")
    with pytest.raises(ReproduceError, match=r"no/such/page"):
        render.render("mine")
    assert front.is_file()
    assert "no/such/page" not in front.read_text()


def test_a_notebook_that_was_not_executed_is_named(project: Path, build_folder: Path) -> None:
    (build_folder / "mine" / "notebooks" / "chapter.ipynb").unlink()
    with pytest.raises(ReproduceError, match=r"chapter\.ipynb is not executed"):
        render.render("mine")


def test_a_missing_provenance_is_named(project: Path, build_folder: Path) -> None:
    (build_folder / "mine" / "notebooks" / "chapter.provenance.json").unlink()
    with pytest.raises(ReproduceError, match=r"chapter\.provenance\.json is missing.*make book"):
        render.render("mine")


def test_a_page_of_executions_without_its_place_is_named(project: Path) -> None:
    (project / "book" / "executions.md").write_text("# Executions\n")
    with pytest.raises(ReproduceError, match=r"executions\.md lacks the lines"):
        render.render("mine")


REPOSITORY = "https://github.com/someone/reproduced"
DOORS = f"""
sphinx:
  config:
    book_repository: {REPOSITORY}
    book_site: https://someone.github.io/reproduced/
  extra_extensions: [reproduce.book.extension]
"""


def test_doors_stand_open_where_the_repository_is_set_on_pages_and_in_downloaded_notebooks(
    project: Path, build_folder: Path
) -> None:
    (project / "_config.yml").write_text(CONFIGURATION + DOORS)
    (project / "book" / "data.csv").write_text("1,2")
    text = "# Chapter\n\n{doc}`The page </book/page>`, {download}`data <../book/data.csv>`."
    cells = [nbformat.v4.new_markdown_cell(text)]
    notebook = build_folder / "mine" / "notebooks" / "chapter.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    folder = render.render("mine").parent
    chapter = (folder / "notebooks" / "chapter.html").read_text()
    for door in (
        f'href="{REPOSITORY}"',
        f"{REPOSITORY}/issues/new",
        f"{REPOSITORY}/edit/main/notebooks/chapter.ipynb",
        "https://mybinder.org/v2/gh/someone/reproduced/main",
        "https://colab.research.google.com/github/someone/reproduced/blob/main",
        '<link rel="canonical" href="https://someone.github.io/reproduced/notebooks/chapter.html"',
    ):
        assert door in chapter, door

    file = folder / "_sources" / "notebooks" / "chapter.ipynb"
    shown, about, *_ = (cell.source for cell in nbformat.read(file, as_version=4).cells)
    site = "https://someone.github.io/reproduced"
    assert f"[The page]({site}/book/page.html)" in shown
    (data,) = re.findall(rf"\[`data`\]\({site}/(.*?)\)", shown)
    assert (folder / data).is_file()
    assert f"[*A book*]({site}/index.html)" in about
    assert f"[the project]({REPOSITORY})" in about


def test_there_is_no_door_where_no_repository_is_set(project: Path) -> None:
    closed = "\nsphinx:\n  extra_extensions: [reproduce.book.extension]\n"
    (project / "_config.yml").write_text(CONFIGURATION + closed)
    folder = render.render("mine").parent
    chapter = (folder / "notebooks" / "chapter.html").read_text()
    for door in ("github.com", "mybinder", "colab", 'rel="canonical"'):
        assert door not in chapter, door
    downloaded = (folder / "_sources" / "notebooks" / "chapter.ipynb").read_text()
    assert "a page of the book *A book*." in downloaded
