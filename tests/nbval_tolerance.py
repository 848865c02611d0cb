"""A pytest plugin: nbval, comparing numbers and pictures with a tolerance.

nbval compares outputs as text and skips pictures. A trained model differs in its last digits from
one processor to the next, so here

- numbers in text may differ by a relative or an absolute tolerance, the text around them not;
- pictures must have the same size, and pixels that differ by little on average;
- what is written to stderr is no result and is not compared.
"""

import base64
import binascii
import io
import math
import re

import numpy as np
import pytest
from nbval import plugin
from PIL import Image

RELATIVE = 2e-3
ABSOLUTE = 1e-3
PICTURE_RMS = 4.0
"""Largest root mean square difference of two pictures, in grey levels from 0 to 255."""

# Digits inside a word, as in a hash or a name, are text; commas group thousands.
NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
# Columns of a table are as wide as their widest number.
FILLING = re.compile(r" +|-{2,}:?")


class TolerantText(str):
    """A text that equals another if only its numbers differ, and by little."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Compare the text between the numbers strictly, and the numbers with a tolerance."""
        if not isinstance(other, str):
            return NotImplemented
        if [_plain(part) for part in NUMBER.split(self)] != [
            _plain(part) for part in NUMBER.split(other)
        ]:
            return False
        pairs = zip(_numbers(self), _numbers(other), strict=True)
        return all(math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs)

    def __ne__(self, other: object) -> bool:
        """Compare as `==` does."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class TolerantPicture(str):
    """A PNG in base64 that equals another if both show nearly the same."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Compare the pictures' sizes strictly, and their pixels on average."""
        if not isinstance(other, str):
            return NotImplemented
        mine, theirs = _pixels(self), _pixels(other)
        if mine.shape != theirs.shape:
            return False
        return float(np.sqrt(np.mean((mine - theirs) ** 2))) <= PICTURE_RMS

    def __ne__(self, other: object) -> bool:
        """Compare as `==` does."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]


def _plain(text: str) -> str:
    return FILLING.sub(" ", text).strip()


def _numbers(text: str) -> list[float]:
    return [float(found.replace(",", "").replace("−", "-")) for found in NUMBER.findall(text)]


def _pixels(encoded: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def is_picture(text: str) -> bool:
    """Say whether a text is a PNG in base64."""
    try:
        return base64.b64decode(text[:16], validate=True).startswith(b"\x89PNG")
    except binascii.Error:
        return False


class TolerantCell(plugin.IPyNbCell):
    """A code cell as nbval tests it, with tolerant comparisons."""

    def sanitize(self, text: object) -> object:
        """Wrap a text of an output in the comparison that suits it."""
        if not isinstance(text, str):
            return text
        return TolerantPicture(text) if is_picture(text) else TolerantText(super().sanitize(text))

    def compare_outputs(self, test: list, ref: list, skip_compare: tuple | None = None) -> bool:
        """Compare the outputs of this run with the stored ones, but for stderr."""
        skipped = skip_compare or tuple(
            key for key in self.parent.skip_compare if key not in ("image/png", "image/jpeg")
        )
        return super().compare_outputs(_without_stderr(test), _without_stderr(ref), skipped)


def _without_stderr(outputs: list) -> list:
    return [output for output in outputs if output.get("name") != "stderr"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Turn each cell that nbval has collected into a tolerant one: nbval has no hook for that."""
    if type(item) is plugin.IPyNbCell:
        item.__class__ = TolerantCell
