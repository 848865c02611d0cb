"""The source of what a cell shows: the function that made it, and a page of each such module."""

import ast
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from sphinx.application import Sphinx

PACKAGE = "reproduce.chapters"
FOLDER = "source"
"""Of the pages, in the rendered book."""


def addresses(content: NotebookNode) -> dict[str, str]:
    """Return where the source stands of what cells show, as seen from the notebook's page.

    Parameters
    ----------
    content
        A notebook. Of a cell, its last expression counts, as it does for Jupyter.

    Returns
    -------
    dict of str to str
        By the id of each cell that shows what a function of a chapter's module returns: an address
        such as `../source/training.html#training_curve`.
    """
    modules: dict[str, str] = {}
    found = {}
    for cell in content.cells:
        if cell.cell_type != "code":
            continue
        lines = (line for line in cell.source.splitlines() if not line.startswith("%"))
        body = ast.parse("\n".join(lines)).body
        modules |= dict(_imported(body))
        for module, function in list(_called(body[-1], modules))[:1] if body else ():
            found[cell.id] = f"../{FOLDER}/{module}.html#{function}"
    return found


def _imported(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield the name that a cell gives to each chapter's module, and the module's own."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module == PACKAGE:
            for alias in statement.names:
                yield alias.asname or alias.name, alias.name


def _called(statement: ast.stmt, modules: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield module and name of each function of a chapter that an expression calls, outer first."""
    for node in ast.walk(statement) if isinstance(statement, ast.Expr) else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=function)):
                if name in modules:
                    yield modules[name], function


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page of the source of each chapter's module, for Sphinx's `html-collect-pages`."""
    for path in sorted((Path(__file__).parents[1] / "chapters").glob("[!_]*.py")):
        name = f"{PACKAGE}.{path.stem}"
        about = f"The source of {name}: it draws figures of the book and writes tables of it."
        context = {
            "title": name,
            "body": f"<h1>{name}</h1>\n{''.join(_highlighted(app, path))}",
            "metatags": f'<meta name="description" content="{escape(about)}" />',
        }
        yield f"{FOLDER}/{path.stem}", context, "page.html"


def _highlighted(app: Sphinx, path: Path) -> Iterator[str]:
    """Yield the highlighted source of a module in pieces: what is defined can be linked to."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    begin = 0
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            first = min([statement.lineno, *(one.lineno for one in statement.decorator_list)]) - 1
            yield _block(app, lines[begin:first])
            begin = statement.end_lineno or len(lines)
            block = _block(app, lines[first:begin])
            yield f'<section id="{statement.name}">\n{block}</section>\n'
    yield _block(app, lines[begin:])


def _block(app: Sphinx, lines: list[str]) -> str:
    code = "".join(lines).strip("\n")
    if not code:
        return ""
    return str(app.builder.highlighter.highlight_block(code, "python"))  # type: ignore[attr-defined]
