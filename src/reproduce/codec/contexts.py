"""What the coder expects of a latent's next value: a prediction, and how far to trust it.

Both follow from values that come earlier in the file, by integer arithmetic alone, so that every
decoder arrives at the same. Neighbours of a value X, by their directions:

            NN
        NW  N   NE
    WW  W   X

Values come in waves: the t-th wave holds the places with x + 2y = t, by rising y. All neighbours of
a value belong to earlier waves, so a wave is predicted at once. Array rows are y, columns x.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from reproduce.codec.tokens import Integers

UNIT = 16
"""Predictions are in sixteenths of a step."""

WEIGHTS = {"w": 11, "n": 11, "nw": -5, "ne": 2, "ww": -1, "nn": -2}
"""How much each neighbour counts for the prediction, in sixteenths."""

PHASES = 8
ENERGY_BOUNDS = (
    *(4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512),
    *(724, 1024, 1448, 2048, 2896, 4096, 5793, 8192, 11585, 16384),
)
"""Energies from one bound to below the next are of one class, 26 in all: two to an octave."""

CONTEXTS = (len(ENERGY_BOUNDS) + 1) * PHASES

_TOP, _LEFT, _RIGHT = 2, 2, 1


class Neighbours(NamedTuple):
    """Values beside some places, one array for each direction."""

    w: Integers
    n: Integers
    nw: Integers
    ne: Integers
    ww: Integers
    nn: Integers


class Plane:
    """A latent that is being coded: the values that are known, and how wrong predictions were.

    Parameters
    ----------
    shape
        Height and width, 1 or more.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.height, self.width = shape
        self._stride = _LEFT + self.width + _RIGHT
        size = (_TOP + self.height) * self._stride
        # Half of what is computed with: of a large image there are many.
        self._values = np.zeros(size, np.int32)
        self._errors = np.zeros(size, np.int32)

    def _places(self, y: Integers, x: Integers) -> Integers:
        return (y + _TOP) * self._stride + (x + _LEFT)

    def neighbours(self, y: Integers, x: Integers) -> Neighbours:
        """Return the values beside these places.

        Beyond the left border stands what is north, beyond the upper one what is west, beyond the
        right one what is north; WW and NN beyond a border are W and N. Of the first value, all
        neighbours are 0.
        """
        at, stride, values = self._places(y, x), self._stride, self._values
        w, n, nw, ne, ww, nn = (
            values[at - offset].astype(np.int64)
            for offset in (1, stride, stride + 1, stride - 1, 2, 2 * stride)
        )
        first_row, first_column = y == 0, x == 0
        w = np.where(first_column, n, w)
        n = np.where(first_row, w, n)
        nw = np.where(first_row | first_column, np.where(first_row, w, n), nw)
        ne = np.where(first_row | (x == self.width - 1), n, ne)
        return Neighbours(w, n, nw, ne, np.where(x < 2, w, ww), np.where(y < 2, n, nn))

    def contexts(
        self, beside: Neighbours, predicted: Integers, y: Integers, x: Integers
    ) -> Integers:
        """Return which table each value is coded with, from 0 to below CONTEXTS.

        The energy says how much its neighbours vary and how wrong they were predicted; the phase,
        where between two integers the prediction lies.
        """
        at, stride, errors = self._places(y, x), self._stride, self._errors
        wrong = 2 * (errors[at - 1] + errors[at - stride])
        wrong += errors[at - stride - 1] + errors[at - stride + 1]
        w, n, nw, ne, *_ = beside
        varied = np.abs(w - nw) + np.abs(n - nw) + np.abs(n - ne)
        energy_class = np.searchsorted(ENERGY_BOUNDS, wrong + UNIT * varied, side="right")
        phase = (predicted % UNIT) * PHASES // UNIT
        return np.asarray(energy_class * PHASES + phase)

    def set_values(self, y: Integers, x: Integers, values: Integers) -> None:
        """Make values known."""
        self._values[self._places(y, x)] = values

    def set_errors(self, y: Integers, x: Integers, values: Integers, predicted: Integers) -> None:
        """Note how wrong the predictions of known values were, in sixteenths."""
        wrong = np.abs(UNIT * values - predicted)
        self._errors[self._places(y, x)] = np.minimum(wrong, ENERGY_BOUNDS[-1])


def predict(beside: Neighbours) -> Integers:
    """Return the predictions in sixteenths: a weighted mean, kept between W, N and NE."""
    weighted = sum(weight * getattr(beside, direction) for direction, weight in WEIGHTS.items())
    near = (beside.w, beside.n, beside.ne)
    least, greatest = np.minimum.reduce(near), np.maximum.reduce(near)
    return np.asarray(np.clip(weighted, UNIT * least, UNIT * greatest))


def waves(shape: tuple[int, int]) -> Iterator[tuple[Integers, Integers]]:
    """Yield the places of each wave, y and x, in the order of the file."""
    height, width = shape
    for wave in range(width + 2 * (height - 1)):
        y = np.arange(max(0, (wave - width + 2) // 2), min(height - 1, wave // 2) + 1)
        if len(y):  # in a single column, every other wave has no place
            yield y, wave - 2 * y
