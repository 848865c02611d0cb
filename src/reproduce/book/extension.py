"""A Sphinx extension for the book: tables that are called tables, true minus signs.

`_config.yml` lists it. MyST-NB makes a figure of whatever a cell puts out under a caption, and
glued numbers come with the hyphen of Python's formats.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

NEGATIVE = re.compile(r"(?<![\w.,)\]–-])-(?=\d)")
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


class MinusSigns(SphinxPostTransform):
    """Writes the minus before a number as a minus, wherever it isn't code or a formula."""

    default_priority = 900  # when glued numbers are in their places

    def run(self, **_: Any) -> None:
        """Change the document in place."""
        for text in list(self.document.findall(nodes.Text)):
            changed = NEGATIVE.sub("−", text)
            if changed != text and not _is_verbatim(text):
                text.parent.replace(text, nodes.Text(changed))


def _is_verbatim(text: nodes.Text) -> bool:
    place: Any = text.parent
    while place is not None:
        if isinstance(place, _VERBATIM):
            return True
        place = place.parent
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension's parts with Sphinx."""
    app.add_transform(TablesOfFigures)
    app.add_post_transform(MinusSigns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
