"""Pieces of source as a page shows them, read from the source itself."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable
from typing import Any


def listings(titled: Iterable[tuple[str, str]]) -> str:
    """Return pieces of Python under their titles, as Markdown."""
    return "\n\n".join(f"**{title}**\n\n```python\n{code}\n```" for title, code in titled)


def whole(code: Callable[..., Any]) -> str:
    """Return the source of a function."""
    return inspect.getsource(code).strip()


def statement(code: Callable[..., Any], beginning: str) -> str:
    """Return the source of the first statement in a function that begins with this text.

    Raises
    ------
    ValueError
        None does.
    """
    source = textwrap.dedent(inspect.getsource(code))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            found = ast.get_source_segment(source, node, padded=True) or ""
            if found.lstrip().startswith(beginning):
                return textwrap.dedent(found)
    raise ValueError(f"{code.__qualname__} has no statement that begins with {beginning!r}")
