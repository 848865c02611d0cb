"""Residuals as tokens, of which there are few, and raw bits, which any integer may need.

A residual r becomes u = 2r, or -2r - 1 if it is negative. Small u are tokens themselves; greater
ones share a token with those that have the same length in binary and the same two bits after the
first, and the bits below follow raw:

    u                  token                                    raw bits
    0 … 31             u                                        none
    32 … 4095          32 + 4(e - 5) + two bits after the first  e - 2, where 2^e ≤ u < 2^(e+1)
    4096 … 2^34 - 1    60                                       all 34 of u, in two halves of 17
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

DIRECT = 32
ESCAPE = 60
TOKENS = ESCAPE + 1
HALF = 17
"""Raw bits in each of the two draws that follow an escape."""

_FIRST_EXPONENT = 5


class Coded(NamedTuple):
    """Residuals as tokens and draws.

    Attributes
    ----------
    tokens
        N tokens.
    draws
        N x 2 numbers, each from 0 to below its size.
    """

    tokens: Integers
    draws: Integers


def _layout() -> tuple[Integers, Integers]:
    """Return the least u of each token, and the sizes of its two draws; 1 stands for no draw."""
    least = np.arange(TOKENS)
    sizes = np.ones((TOKENS, 2), np.int64)
    for token in range(DIRECT, ESCAPE):
        octave, quarter = divmod(token - DIRECT, 4)
        sizes[token, 0] = 1 << (octave + _FIRST_EXPONENT - 2)
        least[token] = (4 + quarter) * sizes[token, 0]
    least[ESCAPE], sizes[ESCAPE] = 0, 1 << HALF
    return least, sizes


LEAST, SIZES = _layout()


def from_residuals(residuals: Integers) -> Coded:
    """Turn residuals, each from -2^33 to below 2^33, into tokens and draws."""
    u = np.where(residuals >= 0, 2 * residuals, -2 * residuals - 1)
    tokens = np.searchsorted(LEAST[:ESCAPE], u, side="right") - 1
    tokens[u >= 1 << 12] = ESCAPE
    rest = u - LEAST[tokens]
    escaped = tokens == ESCAPE
    draws = np.stack(
        [np.where(escaped, rest >> HALF, rest), np.where(escaped, rest % (1 << HALF), 0)], axis=1
    )
    return Coded(tokens, draws)


def to_residuals(coded: Coded) -> Integers:
    """Turn tokens and draws back into residuals."""
    first, second = coded.draws.T
    scale = np.where(coded.tokens == ESCAPE, 1 << HALF, 1)
    u = LEAST[coded.tokens] + first * scale + second
    return np.asarray(np.where(u % 2 == 0, u // 2, -(u + 1) // 2))
