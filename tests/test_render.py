"""Rendering a book: a warning stops it, and the last one stays."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image

from reproduce.book import doors, provenance, render
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
        write(cells, folder / "notebooks" / "chapter.ipynb")
    monkeypatch.setattr(store, "project_root", lambda: root)
    return root


def write(cells: list[nbformat.NotebookNode], path: Path) -> None:
    """Write a notebook as it is executed, with its provenance."""
    content = nbformat.v4.new_notebook(cells=cells)
    provenance.attach(content, an_execution(notebook=path.name))
    nbformat.write(content, path)


def test_the_book_shows_the_executed_notebooks(project: Path) -> None:
    front = render.render("mine")
    assert front.is_file()
    chapter = (front.parent / "notebooks" / "chapter.html").read_text()
    assert "executed" in chapter
    assert "stored" not in chapter


def test_a_number_that_could_not_be_found_is_a_dash(project: Path, build_folder: Path) -> None:
    path = build_folder / "mine" / "notebooks" / "chapter.ipynb"
    content = nbformat.read(path, as_version=4)
    prefix = "application/papermill.record/"
    printed = nbformat.v4.new_output("stream", text="correlation: nan, of Fernando's nan_values\n")
    glued = [
        nbformat.v4.new_output(
            "display_data",
            {f"{prefix}text/plain": text},
            metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
        )
        for name, text in (("plain", "nan"), ("numpy", "np.float64(nan)"), ("found", "0.25"))
    ]
    text = "A {glue:text}`plain:.2f`, {glue:text}`numpy:.3f` and {glue:text}`found:.3f` B"
    content.cells += [
        nbformat.v4.new_code_cell("1", outputs=[printed], execution_count=1),
        nbformat.v4.new_code_cell("2", outputs=glued, metadata={"tags": ["remove-cell"]}),
        nbformat.v4.new_markdown_cell(text),
    ]
    content.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    nbformat.write(content, path)
    page = BeautifulSoup(
        (render.render("mine").parent / "notebooks" / "chapter.html").read_text(), "html.parser"
    ).get_text()
    assert "A –, – and 0.250 B" in page
    assert "correlation: –, of Fernando's nan_values" in page


def test_it_tells_how_they_were_made(project: Path, build_folder: Path) -> None:
    front = render.render("mine")
    chapter = (front.parent / "notebooks" / "chapter.html").read_text()
    assert 'id="provenance-chapter"' in chapter
    assert 'href="chapter.provenance.json"' in chapter
    kept = build_folder / "mine" / "notebooks" / "chapter.ipynb"
    published = front.parent / "notebooks" / "chapter.provenance.json"
    made = provenance.read(kept)
    assert provenance.Provenance.model_validate_json(published.read_text()) == made
    executions = (front.parent / "book" / "executions.html").read_text()
    assert 'href="../notebooks/chapter.html"' in executions
    assert "model-abc" in executions
    assert "Nothing was executed" not in executions


def test_executions_stand_in_the_order_of_the_book(project: Path, build_folder: Path) -> None:
    for name in ("another", "last"):
        for folder in (project, build_folder / "mine"):
            cells = [nbformat.v4.new_markdown_cell(f"# {name}")]
            write(cells, folder / "notebooks" / f"{name}.ipynb")
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


ON_A_SMALL_DISK = """
import os, shutil, sys
from pathlib import Path
from reproduce.core import errors, store
from reproduce.book import render

disk, root, executed = map(Path, sys.argv[1:])
store.project_root = lambda: root
os.environ["REPRODUCE_BUILD"] = str(disk)
shutil.copytree(executed, disk / "mine" / "notebooks")
try:
    render.render("mine")
except errors.ReproduceError as error:
    print(error)
"""


@pytest.mark.parametrize("kilobytes", [12, 3000])
def test_a_full_disk_is_told_wherever_the_rendering_meets_it(
    project: Path,
    build_folder: Path,
    run_on_a_small_disk: Callable[..., "subprocess.CompletedProcess[str]"],
    kilobytes: int,
) -> None:
    """From the first file of its source to the pages."""
    executed = build_folder / "mine" / "notebooks"
    done = run_on_a_small_disk(kilobytes, ON_A_SMALL_DISK, project, executed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no space left on the disk of "), done.stdout
    assert done.stdout.count("\n") == 1


def test_a_notebook_that_was_not_executed_is_named(project: Path, build_folder: Path) -> None:
    (build_folder / "mine" / "notebooks" / "chapter.ipynb").unlink()
    with pytest.raises(ReproduceError, match=r"chapter\.ipynb is not executed"):
        render.render("mine")


def test_a_missing_provenance_is_named(project: Path, build_folder: Path) -> None:
    nbformat.write(
        nbformat.v4.new_notebook(), build_folder / "mine" / "notebooks" / "chapter.ipynb"
    )
    with pytest.raises(ReproduceError, match=r"chapter\.ipynb does not say how.*make book"):
        render.render("mine")


def test_a_page_of_executions_without_its_place_is_named(project: Path) -> None:
    (project / "book" / "executions.md").write_text("# Executions\n")
    with pytest.raises(ReproduceError, match=r"executions\.md lacks the lines"):
        render.render("mine")


REPOSITORY = "https://github.com/someone/reproduced"
SITE = "https://someone.github.io/reproduced/"
PROSE = "This page says in “quotes” & in one paragraph what it is about, and that is long enough."


def open_doors(project: Path, site: str) -> None:
    """Set both settings, with a page that has a door and the picture that others show."""
    settings = f"{{book_repository: {REPOSITORY}, book_site: {site}}}"
    extension = "extra_extensions: [reproduce.book.extension]"
    sphinx = f"\nsphinx:\n  config: {settings}\n  {extension}\n"
    (project / "_config.yml").write_text(CONFIGURATION + sphinx)
    (project / "book" / "page.md").write_text(f"# A & B\n\n{PROSE}\n\n{{new-issue}}`Tell us`.\n")
    Image.new("L", doors.PREVIEW_SIZE).save(project / doors.PREVIEW)


def test_doors_stand_open_where_the_repository_is_set_on_pages_and_in_downloaded_notebooks(
    project: Path, build_folder: Path
) -> None:
    open_doors(project, SITE)
    (project / "book" / "data.csv").write_text("1,2")
    text = "# Chapter\n\n{doc}`The page </book/page>`, {download}`data <../book/data.csv>`."
    cells = [nbformat.v4.new_markdown_cell(text)]
    notebook = build_folder / "mine" / "notebooks" / "chapter.ipynb"
    write(cells, notebook)
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


def metadata(page: Path) -> dict[str, str]:
    """What the head of a page says to other sites, by name."""
    found = BeautifulSoup(page.read_text(), "html.parser").select("meta[property], meta[name]")
    return {str(tag.get("property") or tag["name"]): str(tag["content"]) for tag in found}


@pytest.mark.parametrize("site", [SITE, SITE.rstrip("/")])
def test_a_published_page_says_what_others_show_of_it_and_is_on_the_map(
    project: Path, site: str
) -> None:
    open_doors(project, site)
    folder = render.render("mine").parent
    pages = ["index", "book/page", "book/executions", "notebooks/chapter"]
    for name in pages:
        said = metadata(folder / f"{name}.html")
        heading = BeautifulSoup((folder / f"{name}.html").read_text(), "html.parser").h1
        assert isinstance(heading, Tag)
        assert said["og:title"] == heading.get_text().removesuffix("#")
        assert (said["og:type"], said["og:site_name"]) == ("website", "A book")
        assert said["og:url"] == f"{SITE}{name}.html"
        assert said["twitter:card"] == "summary_large_image"
        with Image.open(folder / said["og:image"].removeprefix(SITE)) as picture:
            size = (int(said["og:image:width"]), int(said["og:image:height"]))
            assert picture.size == size
    said = metadata(folder / "book" / "page.html")
    assert said["og:description"] == said["description"] == PROSE
    listed = re.findall(r"<loc>(.*?)</loc>", (folder / "sitemap.xml").read_text())
    assert len(listed) == len(set(listed))
    paths = {address.removeprefix(SITE) for address in listed}
    assert paths >= {f"{name}.html" for name in pages}
    assert [path for path in paths if not (folder / path).is_file()] == []
    assert paths.isdisjoint({"search.html", "genindex.html"})


def test_the_picture_that_others_show_has_the_size_that_is_told() -> None:
    with Image.open(Path(__file__).parents[1] / doors.PREVIEW) as picture:
        assert picture.size == doors.PREVIEW_SIZE


def test_a_number_is_reported_where_issues_are_opened_by_a_template_that_is_there(
    project: Path,
) -> None:
    open_doors(project, SITE)
    page = (render.render("mine").parent / "book" / "page.html").read_text()
    (address,) = re.findall(r'href="([^"]+)">Tell us</a>', page)
    assert address == f"{REPOSITORY}/issues/new?template={doors.ISSUE_TEMPLATE}"
    templates = Path(__file__).parents[1] / ".github" / "ISSUE_TEMPLATE"
    assert "reproduce describe" in (templates / doors.ISSUE_TEMPLATE).read_text()


def test_there_is_no_door_where_no_repository_is_set(project: Path) -> None:
    closed = "\nsphinx:\n  extra_extensions: [reproduce.book.extension]\n"
    (project / "_config.yml").write_text(CONFIGURATION + closed)
    (project / "book" / "page.md").write_text("# Page\n\n{new-issue}`Tell us`.\n")
    folder = render.render("mine").parent
    chapter = (folder / "notebooks" / "chapter.html").read_text()
    page = (folder / "book" / "page.html").read_text()
    assert "Tell us." in page
    for door in ("github.com", "mybinder", "colab", 'rel="canonical"', "og:", "twitter:"):
        assert door not in chapter + page, door
    assert not (folder / "sitemap.xml").exists()
    downloaded = (folder / "_sources" / "notebooks" / "chapter.ipynb").read_text()
    assert "a page of the book *A book*." in downloaded
