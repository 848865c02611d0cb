"""The book as one PDF: each page as a browser prints it, in the order of the book.

It lies beside the pages, so it is there where they are published, and goes when they are rendered
anew. The front page leads to it from then on; till then it says how it is made (`index.md`).
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pypdf import PdfWriter

from reproduce.book import render
from reproduce.core import markdown, store
from reproduce.core.errors import ReproduceError

FILE = "book.pdf"
PLACE = "pdf"
"""Of the front page, between comments: the link comes there."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LINK = f'<p class="sd-card-text"><a href="{FILE}">The book as one PDF</a></p>'
_SECONDS = 120
"""More than the longest page takes to print."""


def write(profile: str) -> Path:
    """Print the rendered book of a profile.

    Returns
    -------
    Path
        `build/<profile>/book/book.pdf`, with a bookmark for each page. It replaces an older one
        when it is whole.

    Raises
    ------
    ReproduceError
        The book isn't rendered yet, its front page has no place for the link, there is no browser
        to print with, or it fails.
    """
    with render.locked(profile):
        return _write(profile)


def _write(profile: str) -> Path:
    book = store.build_folder(profile) / "book"
    front = book / "index.html"
    if not front.is_file():
        raise ReproduceError(f"no book in {book}; render it first: make book PROFILE={profile}")
    linked = markdown.fill(front.read_text(encoding="utf-8"), PLACE, _LINK, front.name)
    program = browser()
    contents = yaml.safe_load((store.project_root() / "_toc.yml").read_text(encoding="utf-8"))
    writer = PdfWriter()
    with tempfile.TemporaryDirectory(prefix="pdf-") as folder:
        for place, name in enumerate(pages(contents)):
            printed = Path(folder) / f"{place}.pdf"
            _print(program, book / f"{name}.html", printed, Path(folder) / "profile")
            writer.append(printed, outline_item=name.rpartition("/")[2].replace("_", " "))
        whole = Path(folder) / FILE
        writer.write(whole)
        target = book / FILE
        store.write_whole(target, whole.read_bytes())
    store.write_whole(front, linked.encode())
    return target


def browser() -> str:
    """Return the path of Chromium or Chrome.

    Raises
    ------
    ReproduceError
        Neither is there.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ReproduceError(
            "no Chromium or Chrome on the PATH; install one, such as Debian's package chromium"
        )
    return found


def pages(contents: dict[str, Any]) -> Iterator[str]:
    """Yield the pages of a table of contents (`_toc.yml`), without suffix, the front page first."""
    yield contents["root"]
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            yield chapter["file"]


def _print(program: str, page: Path, target: Path, profile: Path) -> None:
    command = [
        program,
        "--headless=new",
        "--no-sandbox",  # which root may not have in a container; the pages are our own
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=10000",
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        page.resolve().as_uri(),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ReproduceError(f"{program} did not print {page} within {_SECONDS} s") from None
    if done.returncode or not target.is_file():
        raise ReproduceError(f"{program} did not print {page}: {done.stderr.strip()[-500:]}")
