"""A Sphinx extension for the book: tables called tables and listed, true signs, points, pictures.

`_config.yml` lists it. MyST-NB makes a figure of whatever a cell puts out under a caption, glued
numbers come with the hyphen of Python's formats, and a glued picture can have no caption.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.search.en import SearchEnglish
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

from reproduce.book import doors, download, figures, listings, pages, references
from reproduce.core.outputs import POINTS

NEGATIVE = re.compile(r"(?<![\w.,)\]–-])-(?=\d)")
# 500 x 500, H x W x 1, ⌈H/2⌉ x ⌈W/2⌉.
TIMES = re.compile(r"(?<=[\dNHWhw⌉]) x (?=[\dHWhwC⌈])")
THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])")
PICTURES = "pictures"
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


class PointsOfPlots(SphinxTransform):
    """Lays what a plot tells of its points beside its picture, for `points.js`."""

    default_priority = 700

    def apply(self, **_: Any) -> None:
        """Change the document in place."""
        source = Path(self.document["source"])
        if source.suffix != ".ipynb":
            return
        told = points_of(source)
        for figure in self.document.findall(nodes.figure):
            for name in set(figure["names"]) & told.keys():
                # As JSON in a script that is none, "<" could end it.
                text = json.dumps(told[name], ensure_ascii=False).replace("<", "\\u003c")
                script = f'<script type="application/json" class="points">{text}</script>'
                figure.insert(0, nodes.raw("", script, format="html"))


def points_of(notebook: Path) -> dict[str, dict[str, Any]]:
    """Return what the plots of a notebook tell of their points, by the names of their figures."""
    told = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for output in cell.get("outputs", []):
            found = output.get("metadata", {}).get("image/png", {}).get(POINTS)
            if name and found:
                told[name] = found
    return told


class Signs(SphinxPostTransform):
    """Writes minus and times as the signs that they are, wherever it isn't code or a formula."""

    default_priority = 900  # when glued numbers are in their places

    def run(self, **_: Any) -> None:
        """Change the document in place."""
        for text in list(self.document.findall(nodes.Text)):
            changed = TIMES.sub(" × ", NEGATIVE.sub("−", text))
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

    Takes the folder of the book's source, in which `notebooks/` is.
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
    app.add_transform(PointsOfPlots)
    app.add_post_transform(Signs)
    doors.setup(app)
    figures.setup(app)
    references.register()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
