"""What Sphinx and its theme write into each page, made lighter and plainer: hooks for Sphinx."""

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

LONGEST_DESCRIPTION = 200
"""Characters that search engines show, or nearly."""

_SHORTEST_DESCRIPTION = 60
_NO_PROSE = (nodes.table, nodes.figure, nodes.list_item, nodes.Admonition)

_TITLE_TWICE = re.compile(r"<title>(.+) &#8212; \1</title>")
_VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>')
# Font Awesome comes as a style sheet with fonts, too, which is all that the icons need.
_ICON_SCRIPT = re.compile(r'\s*<script src="[^"]*fontawesome[^"]*\.js[^"]*"></script>')
# Icons and menus can wait: loaded early, they would hold up the style sheets, and so the text.
_PRELOADED = re.compile(r'<link rel="preload"[^>]*>\n?')
# A megabyte, which Sphinx has the front page load for the formulas of the others.
_FORMULAS = re.compile(r"\s*<script[^>]*/mathjax/[^>]*></script>")
_PICTURE = re.compile(r"<img\b[^>]*>")
_SOURCE = re.compile(r'\bsrc="([^"]+)"')
_SLIDER = re.compile(r'\bclass="[^"]*\bbefore-after\b')
_IS_NUMBER = r"queryTerm.match(/^\d+$/)"
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def fill_head(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    """Give a page its first paragraph as a description for those who link to it."""
    text = description(doctree) if doctree is not None else ""
    if text:
        meta = f'<meta name="description" content="{escape(text)}" />'
        context["metatags"] = context.get("metatags", "") + meta
        if app.config.book_site:  # where those who link to a page are shown the same
            context["meta"] = (context.get("meta") or {}) | {"og:description": escape(text)}


def description(doctree: nodes.Node) -> str:
    """Return the first paragraph of prose, cut at the end of a word; "" if there is none."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split()).removeprefix("Purpose. ")
        if len(text) >= _SHORTEST_DESCRIPTION and not _is_within(paragraph, _NO_PROSE):
            if len(text) <= LONGEST_DESCRIPTION:
                return text
            return text[: LONGEST_DESCRIPTION - 1].rpartition(" ")[0] + "…"
    return ""


def _is_within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    place: Any = node.parent
    while place is not None:
        if isinstance(place, kinds):
            return True
        place = place.parent
    return False


def lighten_all(app: Sphinx, exception: Exception | None) -> None:
    """Lighten all pages, when they are written."""
    if exception is None and app.builder.format == "html":
        for file in Path(app.outdir).rglob("*.html"):
            if "_static" not in file.parts:
                text = file.read_text(encoding="utf-8")
                file.write_text(lighten(text, file.parent), encoding="utf-8")
        for script in Path(app.outdir).glob("_static/vendor/fontawesome/*/js/*"):
            script.unlink()


def search_numbers(app: Sphinx, exception: Exception | None) -> None:
    """Have the search look for numbers, too, which Sphinx's takes out of what is asked for.

    Raises
    ------
    ExtensionError
        Sphinx's script is another than it was.
    """
    if exception is None and app.builder.format == "html":
        script = Path(app.outdir) / "_static" / "searchtools.js"
        text = script.read_text(encoding="utf-8")
        if text.count(_IS_NUMBER) != 1:
            raise ExtensionError(f"{script.name} no longer has {_IS_NUMBER}")
        script.write_text(text.replace(_IS_NUMBER, "false"), encoding="utf-8")


def lighten(page: str, folder: Path) -> str:
    """Return a page without what it doesn't need, and with sizes of its pictures.

    Pictures but for the first are loaded when they come near; so that nothing moves then, each has
    its width and height in pixels.

    Parameters
    ----------
    page
        HTML.
    folder
        In which the page lies: its pictures are found from there.
    """
    page = _TITLE_TWICE.sub(r"<title>\1</title>", page)
    page = _ICON_SCRIPT.sub("", page)
    page = _PRELOADED.sub("", page)
    if 'class="math' not in page:
        page = _FORMULAS.sub("", page)
    first = _VIEWPORT.search(page)
    if first:
        page = page[: first.end()] + _VIEWPORT.sub("", page[first.end() :])
    seen: list[str] = []

    def sized(match: re.Match[str]) -> str:
        tag = match[0]
        source = _SOURCE.search(tag)
        size = size_of(folder / source[1]) if source else None
        if size is None or " width=" in tag:
            return tag
        if source and "_static/" not in source[1]:  # a logo on a button is none of the page's
            seen.append(tag)
        # What is laid under a slider is measured at once.
        late = ' loading="lazy"' if len(seen) > 1 and not _SLIDER.search(tag) else ""
        return tag.replace("<img", f'<img width="{size[0]}" height="{size[1]}"{late}', 1)

    return _PICTURE.sub(sized, page)


@cache
def size_of(picture: Path) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels; None for what is no file of here."""
    if not picture.is_file():
        return None
    if picture.suffix == ".svg":
        box = _VIEW_BOX.search(picture.read_text(encoding="utf-8"))
        return (round(float(box[1])), round(float(box[2]))) if box else None
    with Image.open(picture) as image:
        return image.size
