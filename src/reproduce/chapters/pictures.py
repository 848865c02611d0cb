"""Pictures that notebooks show pixel by pixel, and pages as something to look into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reproduce.core.outputs import ALT
from reproduce.measure import png
from reproduce.measure.subject import Levels


@dataclass(frozen=True)
class Picture:
    """A picture whose pixels are shown one by one, neither scaled nor stretched.

    Attributes
    ----------
    pixels
        H x W grey levels.
    alt
        What is seen, and what it shows: the alternative text, from the numbers of what is shown.
    """

    pixels: Levels
    alt: str

    def _repr_png_(self) -> bytes:
        """Return the picture as notebooks show it."""
        return png.png(self.pixels)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a notebook stores besides the picture: metadata of that."""
        return {}, {"image/png": {ALT: self.alt}}


def side_by_side(shown: Mapping[str, Levels], alt: str) -> Picture:
    """Return pictures of one size side by side, H x W grey levels each, by their names.

    A page lays one over the other with a slider between them, if the cell gives the picture the
    class `before-after`: it reads the names from the alternative text, which is that of `alt` after
    them, "original | JPEG: …". Printed, and without JavaScript, they stay side by side.

    Raises
    ------
    ValueError
        Their sizes differ.
    """
    return Picture(np.hstack([*shown.values()]), f"{' | '.join(shown)}: {alt}")


def grid(rows: Sequence[Sequence[Levels]], alt: str, gap: int = 4) -> Picture:
    """Return rows of pictures of one size, H x W grey levels each, with white between them."""
    white = [(0, gap), (0, gap)]
    lines = [
        np.hstack([np.pad(shown, white, constant_values=255) for shown in row]) for row in rows
    ]
    return Picture(np.vstack(lines)[:-gap, :-gap], alt)


def middle(image: Levels, side: int) -> Levels:
    """Return the middle of an image, at most side x side pixels of it."""
    top, left = ((length - min(side, length)) // 2 for length in image.shape)
    return image[top : top + side, left : left + side]
