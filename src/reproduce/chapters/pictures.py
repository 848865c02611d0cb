"""Pictures that notebooks show pixel by pixel, and pages as something to look into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reproduce.measure import png

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture whose pixels are shown one by one, neither scaled nor stretched.

    Attributes
    ----------
    pixels
        H x W grey levels, or H x W x 3 of colour.
    """

    pixels: Levels

    def _repr_png_(self) -> bytes:
        """Return the picture as notebooks show it."""
        return png.png(self.pixels)


def before_after(before: Levels, after: Levels) -> Picture:
    """Return two pictures of one size side by side.

    A page lays the one over the other, with a slider between them, if the cell gives the picture
    the class `before-after`; printed, and without JavaScript, they stay side by side.

    Raises
    ------
    ValueError
        The two have different sizes.
    """
    return Picture(np.hstack([_coloured(before), _coloured(after)]))


def _coloured(picture: Levels) -> Levels:
    return picture if picture.ndim == 3 else np.stack([picture] * 3, axis=-1)
