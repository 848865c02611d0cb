"""The notebook behind a page's download button, made plain for Jupyter without MyST.

Sphinx offers the source of a page for download. That of a notebook is full of roles and directives
(`{numref}`, `{glue:text}`, `{dropdown}`), which only MyST can read. Here each role becomes the text
that the page shows for it, taken from the page itself: MyST is told to keep which nodes a role has
made, and when Sphinx has put numbers, titles and links into them, they are written as Markdown.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import nbformat
from docutils import nodes
from markdown_it.tree import SyntaxTreeNode
from myst_parser.mdit_to_docutils.base import DocutilsRenderer
from nbformat import NotebookNode
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from reproduce.book import colophon

Role = tuple[str, str]
"""Name and content, as in {name}`content`."""

Address = Callable[[str], str | None]
"""Gives a link's target its whole address; None if it has none outside of the book."""

_KEPT = "myst_role"
_FENCED = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence)[`~]* *$",
    re.MULTILINE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"\{(?P<name>[\w:+.-]+)\} *(?P<title>.*)")
_OPTION = re.compile(r"\A(?::[\w-]+:.*\n)+\n?")
# Labels and comments of MyST, each a line of its own.
_UNSEEN = re.compile(r"^(?:\([\w.-]+\)=|%.*)\n?", re.MULTILINE)
_INLINE = re.compile(
    r"(?:\{(?P<role>[\w:+.-]+)\})?(?<!`)(?P<ticks>`+)(?!`)(?P<content>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)"
    r'|<a href="(?P<href>[^"]+)">(?P<inner>.*?)</a>',
    re.DOTALL,
)
# A drawing within text, which Jupyter takes out of what it doesn't trust, as of any download.
_DRAWN = re.compile(r'<svg\b[^>]*aria-label="(?P<label>[^"]*)".*?</svg>', re.DOTALL)
_MARKS = re.compile(r"[\\`*<$|]|(?<!\w)_|_(?!\w)")
_ADMONITIONS = (
    *("admonition", "attention", "caution", "danger", "error", "hint"),
    *("important", "note", "seealso", "tip", "warning"),
)


@dataclass
class _Page:
    """What the notebook of a page needs to know of the page."""

    texts: dict[Role, str] = field(default_factory=dict)
    cited: set[str] = field(default_factory=set)


class Downloads:
    """Collects what pages show for their roles, and writes it into their notebooks."""

    def __init__(self) -> None:
        """Begin with no page."""
        self._pages: dict[str, _Page] = {}
        self._references: dict[str, str] = {}

    def collect(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Take the texts of all roles from a page that Sphinx has resolved."""
        address = _address(app, docname)
        uri = app.builder.get_target_uri(docname)
        page = self._pages[docname] = _Page()
        for kept in [node for node in doctree.findall(nodes.inline) if _KEPT in node]:
            role: Role = kept[_KEPT]
            page.texts[role] = "".join(written(child, address) for child in kept)
            if role[0].startswith("cite"):
                links = kept.findall(nodes.reference)
                page.cited |= {urljoin(uri, link["refuri"]) for link in links if "refuri" in link}
            kept.replace_self(kept.children)
        for citation in doctree.findall(nodes.citation):
            label, *entry = (written(child, address) for child in citation.children)
            text = f"**{label}.** {' '.join(entry)}"
            self._references |= {f"{uri}#{name}": text for name in citation["ids"]}

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Make the notebooks plain, when all pages are written."""
        if exception is not None or app.builder.format != "html":
            return
        for docname, page in self._pages.items():
            file = Path(app.outdir) / "_sources" / f"{docname}.ipynb"
            if file.is_file():
                content = nbformat.read(file, as_version=4)
                try:
                    self._make_plain(content, page, app, docname)
                except ExtensionError as error:
                    raise ExtensionError(f"{file.name} can't be made plain: {error}") from None
                nbformat.write(content, file)

    def _make_plain(self, content: NotebookNode, page: _Page, app: Sphinx, docname: str) -> None:
        address = _address(app, docname)
        cells = []
        for cell in content.cells:
            if cell.cell_type == "markdown":
                cell.source = plain(cell.source, page.texts, address)
            for output in cell.get("outputs", []):
                if "text/markdown" in output.get("data", {}):
                    shown = output.data["text/markdown"]
                    output.data["text/markdown"] = plain(shown, page.texts, address)
            cells.append(cell)
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if figure.get("name") and figure.get("caption"):
                number = _number(app, docname, figure["name"])
                words = colophon.without_links(figure["caption"])  # they lead to other places
                caption = plain(words, page.texts, address)
                cells.append(_cell(f"caption-{figure['name']}", f"{number}{caption}"))
        cells.insert(1, _cell("about-this-notebook", _about(app, address)))
        cited = (self._references[key] for key in page.cited if key in self._references)
        entries = sorted(cited, key=str.casefold)
        if entries:
            listed = "\n".join(f"- {entry}" for entry in entries)
            cells.append(_cell("references", f"## References\n\n{listed}"))
        content.cells = cells


def _cell(name: str, text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=name[:64])


def _about(app: Sphinx, address: Address) -> str:
    """Return what a reader should know who has this one file and nothing else."""
    config = app.config
    book = f"*{config.html_title or config.project}*"
    start = address(f"/{app.builder.get_target_uri(config.root_doc)}")
    project = _link("the project", config.book_repository or None)
    return (
        f"> This notebook is a page of the book {_link(book, start)}. Its code runs in a checkout "
        f"of {project}. Numbers in the text are those of the run shown here and stay as they are "
        "when cells are executed again."
    )


def _number(app: Sphinx, docname: str, name: str) -> str:
    """Return what the page sets before a caption, such as Figure 4.2, in bold; "" if nothing."""
    for kind, form in app.config.numfig_format.items():
        number = app.env.toc_fignumbers.get(docname, {}).get(kind, {}).get(name)
        if number:
            return f"**{form % '.'.join(map(str, number))}.** "
    return ""


def _address(app: Sphinx, docname: str) -> Address:
    """Return what gives links on a page their addresses, where the book is published."""
    site = f"{app.config.book_site.rstrip('/')}/"
    page = urljoin(site, app.builder.get_target_uri(docname))

    def address(target: str) -> str | None:
        if urlsplit(target).scheme:
            return target
        # What is on the same page is in the same notebook: the reader is there already.
        if not app.config.book_site or target.startswith("#"):
            return None
        # As in MyST, a slash at the beginning stands for the root of the book.
        whole = urljoin(site if target.startswith("/") else page, target.lstrip("/"))
        return re.sub(r"\.(?:ipynb|md)(?=#|$)", ".html", whole)

    return address


def plain(markdown: str, texts: dict[Role, str], address: Address) -> str:
    """Return a text in MyST's Markdown as plain Markdown.

    Parameters
    ----------
    markdown
        With roles and directives.
    texts
        What the page shows for each role, as Markdown.
    address
        Of links. One that has none becomes the words that it links from.

    Raises
    ------
    ExtensionError
        A role is none of the page's, a directive has no plain form, or a picture is in a file.
    """
    parts, end = [], 0
    for fenced in _FENCED.finditer(markdown):
        parts += [_plain_prose(markdown[end : fenced.start()], texts, address)]
        directive = _DIRECTIVE.fullmatch(fenced["info"].strip())
        if directive is None:
            parts += [fenced[0]]
        else:
            body = _OPTION.sub("", textwrap.dedent(fenced["body"]), count=1).strip()
            if directive["name"] != "math":
                body = plain(body, texts, address)
            title = _plain_prose(directive["title"], texts, address)
            shown = _plain_directive(directive["name"], title, body)
            parts += [textwrap.indent(shown, fenced["indent"])]
        end = fenced.end()
    return "".join([*parts, _plain_prose(markdown[end:], texts, address)])


def _plain_directive(name: str, title: str, body: str) -> str:
    if name == "dropdown":
        return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
    if name == "math":
        return f"$$\n{body}\n$$"
    if name in _ADMONITIONS:
        quoted = f"**{title or name.capitalize()}**\n\n{body}"
        return textwrap.indent(quoted, "> ", lambda _: True)
    raise ExtensionError(f"the directive {{{name}}} has no form in plain Markdown yet")


def _plain_prose(markdown: str, texts: dict[Role, str], address: Address) -> str:
    """Return a text without blocks of code as plain Markdown."""

    def replaced(match: re.Match[str]) -> str:
        if match["role"]:
            role = (match["role"], " ".join(match["content"].split()))
            if role not in texts:
                raise ExtensionError(f"the page shows no {match[0]}")
            return texts[role]
        if match["ticks"]:
            return match[0]
        if match["picture"]:
            raise ExtensionError(f"the picture {match[0]} is in a file; let a cell show it")
        words = match["words"] if match["href"] is None else match["inner"]
        return _link(_plain_prose(words, texts, address), address(match["target"] or match["href"]))

    return _INLINE.sub(replaced, _DRAWN.sub(r"(\g<label>)", _UNSEEN.sub("", markdown)))


def _link(words: str, target: str | None) -> str:
    return f"[{words}]({target})" if target else words


def written(node: nodes.Element | nodes.Text, address: Address) -> str:
    """Return a node of a page and what is in it as Markdown, in one line."""
    if isinstance(node, nodes.Text):
        return _MARKS.sub(r"\\\g<0>", " ".join(re.split(r"\s+", node.astext())))
    if isinstance(node, nodes.literal):
        return f"`{node.astext()}`"
    if isinstance(node, nodes.math):
        return f"${node.astext()}$"
    inside = "".join(written(child, address) for child in node.children)
    if isinstance(node, addnodes.download_reference) and "filename" in node:
        return _link(inside, address(f"/_downloads/{node['filename']}"))
    if isinstance(node, nodes.reference):
        return _link(inside, address(node.get("refuri", "#")))
    if isinstance(node, nodes.emphasis):
        return f"*{inside}*"
    if isinstance(node, nodes.strong) or "sd-badge" in node.get("classes", []):
        return f"**{inside}**"
    return inside


def keep_roles() -> None:
    """Have MyST keep what each role has made: in an inline node, which names the role."""
    render = DocutilsRenderer.render_myst_role

    def render_and_keep(self: DocutilsRenderer, token: SyntaxTreeNode) -> None:
        place: Any = self.current_node
        before = len(place)
        render(self, token)
        role: Role = (token.meta["name"], " ".join(token.content.split()))
        place[before:] = [nodes.inline("", "", *place[before:], **{_KEPT: role})]

    if render.__name__ != render_and_keep.__name__:
        DocutilsRenderer.render_myst_role = render_and_keep  # type: ignore[method-assign]
