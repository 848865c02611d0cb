"""The book as one PDF: which pages, in which order, and what is said where it can't be made."""

import shutil
from pathlib import Path

import pytest
import yaml
from pypdf import PdfReader

from reproduce.book import pdf
from reproduce.core import store
from reproduce.core.errors import ReproduceError

ROOT = Path(__file__).parents[1]
CONTENTS = {"root": "index", "parts": [{"chapters": [{"file": "b/second"}, {"file": "a/third"}]}]}
FRONT = "<p>index</p><!-- pdf -->\n<p>make pdf</p>\n<!-- /pdf -->\n<p>end</p>"


@pytest.fixture
def project(tmp_path: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a rendered book of three pages, the last of which takes two sheets."""
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(CONTENTS))
    monkeypatch.setattr(store, "project_root", lambda: tmp_path)
    book = build_folder / "mine" / "book"
    for name in pdf.pages(CONTENTS):
        page = book / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"<p>{name}</p>" * 3)
    (book / "index.html").write_text(FRONT)
    (book / "a" / "third.html").write_text("<p style='break-after: page'>one</p><p>two</p>")
    return tmp_path


def test_every_page_of_the_book_is_in_it_once() -> None:
    names = list(pdf.pages(yaml.safe_load((ROOT / "_toc.yml").read_text())))
    assert names[0] == "index"
    assert len(set(names)) == len(names)
    notebooks = {f"notebooks/{path.stem}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks <= set(names)


@pytest.mark.slow
def test_pages_are_printed_in_the_order_of_the_book_with_bookmarks(project: Path) -> None:
    if not any(map(shutil.which, pdf.BROWSERS)):
        pytest.skip("needs Chromium: apt install chromium")
    file = pdf.write("mine")
    printed = PdfReader(file)
    assert [str(entry["/Title"]) for entry in printed.outline if isinstance(entry, dict)] == [
        "index",
        "second",
        "third",
    ]
    texts = [page.extract_text() for page in printed.pages]
    assert len(texts) == 4
    assert "index" in texts[0]
    assert "b/second" in texts[1]
    assert (texts[2].strip(), texts[3].strip()) == ("one", "two")
    front = (file.parent / "index.html").read_text()
    assert '<a href="book.pdf">' in front
    assert "make pdf" not in front
    assert front.endswith("<p>end</p>")
    assert file.name == "book.pdf"


def test_without_a_book_the_way_to_one_is_told(build_folder: Path) -> None:
    with pytest.raises(ReproduceError, match="render it first: make book PROFILE=mine"):
        pdf.write("mine")


def test_without_a_browser_the_way_to_one_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ReproduceError, match="no Chromium or Chrome"):
        pdf.write("mine")


def test_a_browser_that_fails_is_quoted_and_an_older_file_stays(
    project: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = build_folder / "mine" / "book" / "book.pdf"
    older.write_bytes(b"older")
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    with pytest.raises(ReproduceError, match="did not print"):
        pdf.write("mine")
    assert older.read_bytes() == b"older"
    assert (older.parent / "index.html").read_text() == FRONT


def test_a_front_page_without_a_place_for_the_link_is_told_before_anything_is_printed(
    project: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    (build_folder / "mine" / "book" / "index.html").write_text("<p>make pdf</p>")
    with pytest.raises(ReproduceError, match=r"index\.html lacks the lines <!-- pdf -->"):
        pdf.write("mine")
