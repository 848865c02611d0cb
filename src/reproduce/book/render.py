"""Rendering the book: its prose with the notebooks that a profile has executed."""

import re
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reproduce.book import colophon, provenance, repeats
from reproduce.book.provenance import Provenance
from reproduce.core import markdown, store
from reproduce.core.errors import ReproduceError

EXECUTIONS = "executions.md"

_NAN = re.compile(r"(?<![\w.(])(np\.float(32|64)\(nan\)|nan)(?!\w)")
_GLUE = re.compile(r"\{glue:text\}`(?P<name>\w+)(:[^`]*)?`")


def render(profile: str) -> Path:
    """Render the book of a profile with Jupyter Book; every warning of Sphinx is an error.

    The last book stays in place until the new one is whole.

    Returns
    -------
    Path
        The front page, `build/<profile>/book/index.html`.

    Raises
    ------
    ReproduceError
        Jupyter Book failed; the end of its log is in the message.
    """
    build = store.build_folder(profile)
    with locked(profile), store.clear_disk_errors(build):
        return _render(build) / "index.html"


def locked(profile: str) -> AbstractContextManager[None]:
    """Return a context in which no other process changes the book of a profile."""
    return store.locked(store.build_folder(profile) / "book.lock", f"book of profile {profile!r}")


def _render(build: Path) -> Path:
    """Render the book of a build folder, and return the folder of its pages."""
    source, rendering, book = build / "book-source", build / "book-rendering", build / "book"
    log, last = build / "book.log", build / "book-before"
    _assemble(build / "notebooks", source)
    shutil.rmtree(rendering, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    # -n: missing targets are warnings; -W: warnings are errors, all of which are shown.
    options = ["--path-output", str(rendering), "--all", "-n", "-W", "--keep-going"]
    with log.open("wb") as stream:
        done = subprocess.run(
            command + options,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        faults = _faults(log)
        # Of a full disk the log may have room for no more than its beginning.
        if store.is_full(build) or store.tells_of_full_disk(log.read_text(errors="replace")):
            raise store.no_space(build)
        raise ReproduceError(
            "\n".join(["the book was not rendered:", *faults, f"whole log: {log}"])
        )
    pages = rendering / "_build" / "html"
    for file in (source / "notebooks").glob("*.json"):  # provenance, which Sphinx passes over
        shutil.copyfile(file, pages / "notebooks" / file.name)
    # Renamed, not removed in its place: no reader, and no killed run, sees a half of it.
    shutil.rmtree(last, ignore_errors=True)
    if book.exists():
        book.rename(last)
    pages.rename(book)
    for done_with in (last, rendering):
        shutil.rmtree(done_with, ignore_errors=True)
    return book


def _faults(log: Path) -> list[str]:
    """Return the warnings and errors in Jupyter Book's log, or its end if there are none."""
    text = re.sub(r"\x1b\[[\d;]*m", "", log.read_text(encoding="utf-8", errors="replace"))
    lines = text.splitlines()
    return [line for line in lines if re.search(r"\b(WARNING|ERROR)\b", line)] or lines[-20:]


def _assemble(executed: Path, source: Path) -> None:
    """Lay out the book's source as in the checkout, with executed notebooks for the stored ones."""
    root = store.project_root()
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml", "index.md"):
        shutil.copyfile(root / name, source / name)
    shutil.copytree(root / "book", source / "book")
    (source / "notebooks").mkdir()
    pages = [_page(executed / name, source / "notebooks") for name in _in_order(root)]
    page = source / "book" / EXECUTIONS
    text = page.read_text(encoding="utf-8")
    filled = markdown.fill(text, colophon.PLACE, colophon.executions(pages), f"book/{EXECUTIONS}")
    page.write_text(filled, encoding="utf-8")


def _in_order(root: Path) -> list[str]:
    """Return the names of all notebooks in the order of the book; what is not in it comes last."""
    contents = (root / "_toc.yml").read_text(encoding="utf-8")
    order = re.findall(r"file:\s*notebooks/(\S+)", contents)
    stems = sorted(path.stem for path in (root / "notebooks").glob("*.ipynb"))
    stems.sort(key=lambda stem: order.index(stem) if stem in order else len(order))
    return [f"{stem}.ipynb" for stem in stems]


def _page(notebook: Path, folder: Path) -> Provenance:
    """Write an executed notebook as a page to a folder, with its provenance, which is returned."""
    if not notebook.is_file():
        raise ReproduceError(f"{notebook.name} is not executed yet; run: make book")
    content = nbformat.read(notebook, as_version=4)
    made = provenance.detach(content, notebook)
    store.write_json(provenance.path_of(folder / notebook.name), made.model_dump())
    if repeats.the_record(made):
        repeats.leave_out(content)
    _show_missing(content)
    colophon.attach(content, made)
    nbformat.write(content, folder / notebook.name)
    return made


def _show_missing(content: NotebookNode) -> None:
    """Write a dash for each number that a run could not find, as in tables: NaN is no word.

    A test split of one image has no correlation and no interval.
    """
    missing = set()
    for cell in content.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = _NAN.sub("–", output.text)
            glued = output.get("metadata", {}).get("scrapbook")
            if glued and _NAN.fullmatch(output.data.get(f"{glued['mime_prefix']}text/plain", "")):
                missing.add(glued["name"])
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = _GLUE.sub(
                lambda role: "–" if role["name"] in missing else role[0], cell.source
            )
