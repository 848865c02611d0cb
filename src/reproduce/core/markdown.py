"""Markdown text: tables, and places in a file that are filled in."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from reproduce.core.errors import ReproduceError


def table(rows: Sequence[Mapping[str, object]], right: Sequence[str] = ()) -> str:
    """Return a table of rows with the same keys, one at least; columns in `right` align there."""
    sides = ["right" if column in right else "left" for column in rows[0]]
    return str(
        tabulate(rows, headers="keys", tablefmt="pipe", disable_numparse=True, colalign=sides)
    )


def fill(text: str, place: str, content: str, name: str) -> str:
    """Return a text with other content in the place between the comments of that name.

    Parameters
    ----------
    text, name
        The text, and the name of the file that it is from.
    place
        The place is between the lines `<!-- place -->` and `<!-- /place -->`.

    Raises
    ------
    ReproduceError
        The text lacks one of these lines.
    """
    before, start, rest = text.partition(f"<!-- {place} -->\n")
    _, end, after = rest.partition(f"<!-- /{place} -->\n")
    if not start or not end:
        raise ReproduceError(f"{name} lacks the lines <!-- {place} --> and <!-- /{place} -->")
    return f"{before}{start}{content}\n{end}{after}"
