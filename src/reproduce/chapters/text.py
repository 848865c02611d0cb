"""Numbers and rows as the tables of several chapters have them."""

import math
from collections.abc import Mapping, Sequence

from reproduce.core.markdown import table

PAPER = "the paper"
RECORDED = "recorded run"
HERE = "this page"
BOTH = f"{RECORDED} and {HERE}"
"""Whose numbers those are that a page has from the recorded run, and from its own as well."""

COLUMNS = (PAPER, RECORDED, HERE)


def compared(
    label: str,
    reported: float | str | None,
    recorded: float,
    ours: float,
    decimals: int | None = None,
) -> dict[str, str]:
    """Return a row of a table that has ours beside what the paper reports.

    Numbers are written as `number` does, or with so many decimals.
    """
    values = (
        number(value) if decimals is None or isinstance(value, str) else rounded(value, decimals)
        for value in (reported, recorded, ours)
    )
    return {"quantity": label, **dict(zip(COLUMNS, values, strict=True))}


def comparison(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows of `compared` as a table; where both runs agree throughout, in one column."""
    if all(row[RECORDED] == row[HERE] for row in rows):
        names = {"quantity": "quantity", PAPER: PAPER, RECORDED: BOTH}
        rows = [{name: row[column] for column, name in names.items()} for row in rows]
    return table(rows, right=[column for column in rows[0] if column != "quantity"])


def number(value: float | str | None) -> str:
    """Return a count with its thousands apart, another number with four decimals, "–" for none."""
    if isinstance(value, str):
        return value
    if value is None or math.isnan(value):
        return "–"
    whole = isinstance(value, int) or (value.is_integer() and abs(value) >= 2)
    return f"{value:,.0f}" if whole else f"{value:.4f}"


def rounded(value: float | None, decimals: int) -> str:
    """Return a number with that many decimals: "–" for none, ∞ for the PSNR of equal images."""
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else f"{value:,.{decimals}f}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def small(value: float, sign: str = "") -> str:
    """Return a small number with a power of ten, in two digits; `sign` is "+" for one with a plus.

    >>> small(0.000754)
    '7.5 × 10⁻⁴'
    >>> small(0.0000024, "+"), small(0.0, "+")
    ('+2.4 × 10⁻⁶', '0')
    """
    if value == 0:
        return "0"
    digits, _, exponent = f"{value:{sign}.1e}".partition("e")
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: "–", "one", "one and two", "one, two and three"."""
    if len(words) < 2:
        return words[0] if words else "–"
    return f"{', '.join(words[:-1])} and {words[-1]}"
