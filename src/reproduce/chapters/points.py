"""Plots that say what their points are: to a page, which shows it where a reader points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from reproduce.chapters.crops import Crops
from reproduce.chapters.drawings import Drawing
from reproduce.core.outputs import POINTS

_ON_THE_EDGE = 0.5
"""Pixels by which a point may lie beyond its axes: one on their limits is drawn whole."""


@dataclass(frozen=True)
class _Curve:
    """What is told of a curve: an item for each of its points, in their order."""

    name: str
    line: Line2D
    texts: Sequence[str]
    crops: Sequence[int | None]

    def places(self) -> NDArray[np.float64]:
        """Return where the points were drawn, N x 2: pixels from the figure's lower left corner."""
        places = self.line.get_transform().transform(self.line.get_xydata())
        return np.asarray(places, np.float64)

    def is_seen(self, place: NDArray[np.float64]) -> bool:
        """Say whether a place is within the axes that the curve is drawn in."""
        axes = self.line.axes
        assert axes is not None  # noqa: S101  # for mypy: it is drawn
        return bool(np.isfinite(place).all()) and axes.bbox.padded(_ON_THE_EDGE).contains(*place)


class Plot(Drawing):
    """A drawing that tells of the points drawn in it: where each lies, and what it says.

    A notebook keeps that as metadata of the picture, and a page's script (`points.js`) shows it
    where a reader points. The picture itself is that of any figure.

    Attributes
    ----------
    crops
        What an image looks like at the points, if that can be shown.
    """

    crops: Crops | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._curves: list[_Curve] = []

    def tell(
        self,
        line: Line2D,
        name: str,
        texts: Sequence[str],
        crops: Sequence[int | None] = (),
    ) -> None:
        """Have the plot tell of a line's points.

        Parameters
        ----------
        line
            As it was drawn: where its points lie is taken from there.
        name
            Of the curve.
        texts
            What each point says, for people.
        crops
            The number in `crops` of what an image looks like at each point.

        Raises
        ------
        ValueError
            There are not as many texts, or crops, as points.
        """
        curve = _Curve(name, line, texts, crops or [None] * len(texts))
        if not len(curve.places()) == len(curve.texts) == len(curve.crops):
            raise ValueError(f"{name}: {len(texts)} texts for {len(curve.places())} points")
        self._curves.append(curve)

    def told(self) -> dict[str, Any]:
        """Return curves and crops as the pages' script reads them.

        A point's place is `x` from the left and `y` from the top, as shares of the picture's width
        and height. Points beyond the axes' limits are left out.
        """
        picture = self.picture()
        curves = [_told(curve, picture) for curve in self._curves]
        told: dict[str, Any] = {"curves": [curve for curve in curves if curve["points"]]}
        return told if self.crops is None else told | {"crops": self.crops.told()}

    def metadata(self) -> dict[str, Any]:
        """Return what a notebook stores of the picture, its points besides."""
        return super().metadata() | {POINTS: self.told()}


def _told(curve: _Curve, picture: Bbox) -> dict[str, Any]:
    points = []
    for place, text, crop in zip(curve.places(), curve.texts, curve.crops, strict=True):
        if curve.is_seen(place):
            x, y = (place - picture.min) / picture.size
            point: dict[str, Any] = {"x": round(float(x), 4), "y": round(float(1 - y), 4)}
            points.append(point | {"text": text} | ({} if crop is None else {"crop": crop}))
    return {"name": curve.name, "points": points}
