"""What many images say together: a mean, with its deviation and interval."""

import math
from dataclasses import dataclass

import pandas as pd
from scipy.special import stdtrit


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation and 95 % confidence interval of the mean of some images' scores."""

    images: int
    mean: float
    standard_deviation: float
    low: float
    high: float


def summarise(values: "pd.Series[float]") -> Summary:
    """Summarise the scores of a set of images.

    The interval is Student's for the mean: it takes the images as independent draws, so it says
    what other images of the same kind would give, and nothing of other seeds. Missing values
    (NaN) do not count.

    With no value there is no mean, and with fewer than two no interval: NaN stands for them.
    """
    values = values.dropna()
    count = len(values)
    mean = float(values.mean())
    if count < 2:
        return Summary(count, mean, math.nan, math.nan, math.nan)
    deviation = float(values.std(ddof=1))
    # What scipy.stats.t.ppf computes, without scipy.stats, which takes a second to import.
    margin = float(stdtrit(count - 1, 0.975)) * deviation / math.sqrt(count)
    return Summary(count, mean, deviation, mean - margin, mean + margin)


LEAST_ACTIVE_LATENT = 0.05
"""Below this mean share of values above 0 over the test images, the latent counts as dead."""


def learned(scores: pd.DataFrame) -> bool:
    """Say whether the model has learned, or was left with a dead latent by its initial weights.

    The latent is the output of a ReLU, in one channel alone: where its argument is negative for
    nearly all images, it is zero, and hardly a gradient reaches the encoder.
    """
    return bool(scores["active_latent"].mean() >= LEAST_ACTIVE_LATENT)
