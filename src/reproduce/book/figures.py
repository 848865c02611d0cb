"""The lists of all numbered figures and tables of the book, as Sphinx has numbered them.

    ```{list-of} figure
    ```

stands where the list of figures comes, and `{list-of} table` where that of tables does: for each
its number, which leads to its place, its caption and, for a figure, a small picture of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from PIL import Image
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join
from sphinx.util.docutils import SphinxDirective

from reproduce.book import colophon

KINDS = ("figure", "table")

THUMBNAIL = 240
"""Pixels of a thumbnail's longer side: twice of those it is shown at, for sharp screens."""

_QUALITY = 75


class ListPlace(nodes.General, nodes.Element):
    """The place of a list, until all figures have their numbers."""


class ListOf(SphinxDirective):
    """The directive `list-of`: takes `figure` or `table`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the place of the list."""
        kind = directives.choice(self.arguments[0], KINDS)
        self.env.note_reread()  # what it lists is on other pages, which change without this one
        return [ListPlace(kind=kind)]


class Lists(SphinxPostTransform):
    """Fills in the lists, chapter by chapter, in the order of the book."""

    default_priority = 1  # before glued numbers, citations and references in captions are resolved

    def run(self, **_: Any) -> None:
        """Change the document in place."""
        places = list(self.document.findall(ListPlace))
        for place in places:
            place.replace_self([*self._chapters(place["kind"])])
        if places:  # captions have formulas, for which a page loads what typesets them
            math = self.env.get_domain("math")
            math.process_doc(self.env, self.env.docname, self.document)

    def _chapters(self, kind: str) -> Iterator[nodes.Element]:
        """Yield heading and list for each page that has numbered figures, or tables."""
        for page, numbered in self.env.toc_fignumbers.items():
            if kind not in numbered:
                continue
            doctree = self.env.get_doctree(page)
            listed = nodes.bullet_list(classes=["list-of"])
            for name, number in numbered[kind].items():
                listed += self._entry(page, doctree.ids[name], name, number)
            yield nodes.rubric("", "", self._link(page, self._title(page)), level=3)
            yield listed

    def _title(self, page: str) -> str:
        number = self.env.toc_secnumbers.get(page, {}).get("", ())
        return " ".join([*(f"{part}." for part in number), self.env.titles[page].astext()])

    def _link(self, page: str, text: str, name: str = "") -> nodes.reference:
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        address += f"#{name}" if name else ""
        return nodes.reference("", text, refuri=address, internal=True)

    def _entry(
        self, page: str, shown: nodes.Element, name: str, number: tuple[int, ...]
    ) -> nodes.list_item:
        """Return what the list says of one figure or table, which has that name on its page."""
        form = self.config.numfig_format["table" if isinstance(shown, nodes.table) else "figure"]
        link = self._link(page, form % ".".join(map(str, number)), name)
        picture = next(iter(shown.findall(nodes.image)), None)
        if picture is not None and not isinstance(shown, nodes.table):
            link += self._thumbnail(picture, f"{page}-{name}")
        caption = nodes.paragraph("", "", *self._caption(page, shown))
        return nodes.list_item("", nodes.paragraph("", "", link), caption)

    def _caption(self, page: str, shown: nodes.Element) -> list[nodes.Node]:
        """Return the words of a caption, without the links to how the figure was made."""
        caption = next(iter(shown.findall(lambda node: isinstance(node, _CAPTIONS)))).deepcopy()
        colophon.remove_links(caption)
        for reference in caption.findall(addnodes.pending_xref):
            reference["refdoc"] = self.env.docname  # it is resolved from here now
            if reference["reftype"] == "doc":
                reference["reftarget"] = f"/{docname_join(page, reference['reftarget'])}"
        children: list[nodes.Node] = caption.children
        return children

    def _thumbnail(self, picture: nodes.image, name: str) -> nodes.image:
        """Return a small copy of a picture; of a drawing, which is small, the drawing itself."""
        path = Path(self.app.srcdir, picture["uri"])
        if path.suffix != ".svg":
            small = Path(self.app.doctreedir, "thumbnails", f"small-{nodes.make_id(name)}.webp")
            small.parent.mkdir(exist_ok=True)
            write_thumbnail(path, small)
            path = small
        address = Path(os.path.relpath(path, self.app.srcdir)).as_posix()
        self.env.images.add_file(self.env.docname, address)
        classes = ["thumbnail", kind_of_picture(picture)]
        return nodes.image(
            uri=address, candidates={"*": address}, alt=picture["alt"], classes=classes
        )


_CAPTIONS = (nodes.caption, nodes.title)


def kind_of_picture(picture: nodes.image) -> str:
    """Return the class of a picture: `photograph`, `plot` or `drawing`.

    In the dark theme a photograph keeps its grey levels and a plot, which a cell has put out, is
    turned light on dark.
    """
    if "photograph" in picture["classes"]:
        return "photograph"
    place = picture.parent
    while place is not None:
        if "cell_output" in place.get("classes", ()):
            return "plot"
        place = place.parent
    return "drawing"


def write_thumbnail(picture: Path, target: Path) -> None:
    """Write a small copy of a picture, of a transparent ground if it has one, as WebP."""
    with Image.open(picture) as image:
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    small.save(target, quality=_QUALITY, method=6)


def setup(app: Sphinx) -> None:
    """Register the directive and what fills it in."""
    app.add_node(ListPlace)
    app.add_directive("list-of", ListOf)
    app.add_post_transform(Lists)
