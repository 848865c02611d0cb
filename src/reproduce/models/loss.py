"""Marks to hold a training loss against: its floor, and that of mid-grey."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy


def loss_floor(histogram: NDArray[np.int64]) -> float:
    """Return the least binary cross-entropy that any reconstruction of these pixels can have.

    For a target p and a prediction q the loss is -p ln q - (1 - p) ln(1 - q); at q = p it is the
    binary entropy of p, which is 0 only for black and white. The floor is its mean over all pixels.

    Parameters
    ----------
    histogram
        How many pixels have each of the 256 grey levels.

    Returns
    -------
    float
        In nats per pixel, from 0 to ln 2.
    """
    levels = np.arange(len(histogram)) / (len(histogram) - 1)
    entropy = -(xlogy(levels, levels) + xlogy(1 - levels, 1 - levels))
    return float(np.average(entropy, weights=histogram))


LOSS_OF_MID_GREY = math.log(2)
"""The loss, in nats per pixel, of a model that answers 0.5 for each pixel of whatever image."""
