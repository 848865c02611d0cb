"""The coder's tables, from how often tokens come in a model's own latents."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from reproduce.codec.contexts import CONTEXTS, PHASES
from reproduce.codec.entropy import PRECISION, Tables
from reproduce.codec.tokens import TOKENS

_BORROWED = 64
"""How many tokens' worth of the mean over phases, and of that over all contexts, a table holds."""

_SHARE_OF_UNSEEN = 2.0**-10
"""Share of each table that all tokens divide evenly, those that were never seen included."""


def fit(counts: Iterable[NDArray[np.integer]]) -> Tables:
    """Return tables for latents such as were counted (`entropy.count`), for each of their channels.

    A context that came rarely borrows from others: those of its energy, and all. Without any count
    they are even.
    """
    none = np.zeros((CONTEXTS, TOKENS))
    seen = np.asarray(sum((np.asarray(one, np.float64) for one in counts), none))
    if seen.ndim == 2:
        return Tables(_fit(seen))
    return Tables(np.stack([_fit(of_channel) for of_channel in seen]))


def _fit(seen: NDArray[np.float64]) -> NDArray[np.uint32]:
    by_class = seen.reshape(-1, PHASES, TOKENS).sum(axis=1)
    by_class += _BORROWED * _shares(seen.sum(axis=0) + 1 / TOKENS)
    rows = seen + _BORROWED * _shares(by_class).repeat(PHASES, axis=0)
    return _integers(_shares(rows))


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def _integers(shares: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return frequencies, 1 or more and 2^24 in all, in proportion to the shares of each row."""
    mixed = (1 - _SHARE_OF_UNSEEN) * shares + _SHARE_OF_UNSEEN / TOKENS
    frequencies = np.floor(mixed * (1 << PRECISION)).astype(np.int64)
    rest = (1 << PRECISION) - frequencies.sum(axis=1)
    # What rounding down has left, fewer than TOKENS, goes one by one to the first tokens.
    frequencies += np.arange(TOKENS) < rest[:, np.newaxis]
    return frequencies.astype(np.uint32)
