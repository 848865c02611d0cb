"""A Sphinx extension for the book: tables called tables and listed, true signs, told pictures.

`_config.yml` lists it. MyST-NB makes a figure of whatever a cell puts out under a caption, glued
numbers come with the hyphen of Python's formats, and a glued picture can have no caption.
"""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.search.en import SearchEnglish
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

from reproduce.book import (
    doors,
    download,
    figures,
    growth,
    listings,
    pages,
    references,
    try_it,
)
from reproduce.core.outputs import ALT, OVERLAY, POINTS

NEGATIVE = re.compile(r"(?<![\w.,)\]–-])-(?=\d)")
# 500 x 500, H x W x 1, ⌈H/2⌉ x ⌈W/2⌉.
TIMES = re.compile(r"(?<=[\dNHWhw⌉]) x (?=[\dHWhwC⌈])")
THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])")
PERCENT = re.compile(r"(?<=\d) ?%")
PICTURES = "pictures"
_ALT_FILE = ".alt"
_VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


class TablesOfFigures(SphinxTransform):
    """Makes a table with a title of each figure that shows nothing but a table.

    It keeps the figure's names, so references to it stay; it is numbered as a table.
    """

    default_priority = 700  # before Sphinx looks for what is numbered, at 850

    def apply(self, **_: Any) -> None:
        """Change the document in place."""
        for figure in list(self.document.findall(nodes.figure)):
            tables = list(figure.findall(nodes.table))
            caption = next(iter(figure.findall(nodes.caption)), None)
            if len(tables) == 1 and caption is not None and not _pictures(figure):
                self._replace(figure, tables[0], caption)

    def _replace(self, figure: nodes.figure, table: nodes.table, caption: nodes.caption) -> None:
        table.insert(0, nodes.title(caption.rawsource, "", *caption.children))
        for name in ("ids", "names"):
            table[name] = [*figure[name], *table[name]]
        for identifier in figure["ids"]:
            self.document.ids[identifier] = table
        figure.replace_self(table)


def _pictures(figure: nodes.figure) -> list[nodes.image]:
    return list(figure.findall(nodes.image))


class ToldPictures(SphinxTransform):
    """Gives pictures their alternative texts, and lays beside them what scripts read of them.

    That is what a plot tells of its points (`points.js`), and over which photographs a picture can
    be laid (`pictures.js`). All of it is metadata of the pictures in the notebooks.
    """

    default_priority = 700

    def apply(self, **_: Any) -> None:
        """Change the document in place."""
        source = Path(self.document["source"])
        told = told_by(source) if source.suffix == ".ipynb" else {}
        for figure in self.document.findall(nodes.figure):
            pictures = _pictures(figure)
            for name in set(figure["names"]) & told.keys():
                for picture in pictures:
                    picture["alt"] = with_signs(told[name].get(ALT, ""))
                for key in (POINTS, OVERLAY):
                    if key in told[name]:
                        figure.insert(0, _as_script(told[name][key], key))
            for picture in pictures:
                _take_alt(picture, source.parent)


def _take_alt(picture: nodes.image, folder: Path) -> None:
    """Give one of `PICTURES` that prose shows the alternative text that is written beside it."""
    address = Path(picture.get("uri", "none"))
    alt = folder / address.with_suffix(_ALT_FILE)
    if PICTURES in address.parts and alt.is_file():
        picture["alt"] = alt.read_text(encoding="utf-8")


def _as_script(told: Mapping[str, Any], key: str) -> nodes.raw:
    """Return data as JSON in a script of a class that is none to run: "<" could end it."""
    text = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    script = f'<script type="application/json" class="{key}">{text}</script>'
    return nodes.raw("", script, format="html")


def told_by(notebook: Path) -> dict[str, dict[str, Any]]:
    """Return the metadata of the pictures of a notebook, by the names of their figures."""
    told = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for output in cell.get("outputs", []):
            found = output.get("metadata", {}).get("image/png", {})
            if name and found:
                told[name] = dict(found)
    return told


def with_signs(text: str) -> str:
    """Return a text with true signs of minus and times, and per cent apart on the same line."""
    return PERCENT.sub("\N{NO-BREAK SPACE}%", TIMES.sub(" × ", NEGATIVE.sub("−", text)))


class Signs(SphinxPostTransform):
    """Writes signs as they should be, see `with_signs`, wherever it isn't code or a formula."""

    default_priority = 900  # when glued numbers are in their places

    def run(self, **_: Any) -> None:
        """Change the document in place."""
        for text in list(self.document.findall(nodes.Text)):
            changed = with_signs(text)
            if changed != text and not _is_verbatim(text):
                text.parent.replace(text, nodes.Text(changed))


def _is_verbatim(text: nodes.Text) -> bool:
    place: Any = text.parent
    while place is not None:
        if isinstance(place, _VERBATIM):
            return True
        place = place.parent
    return False


class WholeNumbers(SearchEnglish):
    """Lets the search find a number with thousands apart, 1,295, as it is typed, 1295."""

    def split(self, input: str) -> list[str]:  # noqa: A002  # Sphinx's name
        """Return the words of a text, and such numbers in one piece besides."""
        whole = [number.replace(",", "") for number in THOUSANDS.findall(input)]
        return [*super().split(input), *whole]


def write_pictures(source: Path) -> None:
    """Write the named pictures of all notebooks to `pictures/<name>.png`, for figures in prose.

    Beside them their alternative texts are written. Takes the folder of the book's source, in which
    `notebooks/` is.
    """
    folder = source / PICTURES
    folder.mkdir(exist_ok=True)
    for notebook in sorted((source / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(notebook, as_version=4).cells:
            name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
            for output in cell.get("outputs", []) if name else []:
                picture = output.get("data", {}).get("image/png")
                if picture:
                    (folder / f"{name}.png").write_bytes(base64.b64decode(picture))
                    alt = output.get("metadata", {}).get("image/png", {}).get(ALT, "")
                    (folder / f"{name}{_ALT_FILE}").write_text(with_signs(alt), encoding="utf-8")


def mend_roles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    """Take roles out of the list of references that screen readers no longer know."""
    if "body" in context:
        body = context["body"].replace(
            ' role="list" class="citation-list"', ' class="citation-list"'
        )
        context["body"] = body.replace(' role="doc-biblioentry"', "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension's parts with Sphinx."""

    def begin(app: Sphinx, config: Config) -> None:
        doors.open_doors(app, config)
        write_pictures(Path(app.srcdir))

    download.keep_roles()
    downloads = download.Downloads()
    app.connect("doctree-resolved", downloads.collect)
    app.connect("build-finished", downloads.write)
    app.connect("html-collect-pages", listings.pages)
    app.connect("html-page-context", mend_roles)
    app.connect("html-page-context", pages.fill_head)
    app.connect("build-finished", pages.lighten_all)
    app.connect("build-finished", pages.search_numbers)
    app.connect("config-inited", begin, priority=400)  # before the theme reads its options
    app.add_search_language(WholeNumbers)
    app.add_transform(TablesOfFigures)
    app.add_transform(ToldPictures)
    app.add_post_transform(Signs)
    doors.setup(app)
    figures.setup(app)
    growth.setup(app)
    try_it.setup(app)
    references.register()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
