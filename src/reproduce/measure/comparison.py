"""Two ways to train held against each other: pair by pair, by seed and by image.

Seeds and images both scatter. A difference counts if it stays when other seeds and other images of
the same kind are drawn, and if it is not one of the few that chance lets stand out of many.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reproduce.measure.rates import curves

Floats = NDArray[np.float64]

_AT_ONCE = 500
"""How many resamples are drawn together: memory stays small."""


@dataclass(frozen=True)
class Comparison:
    """How many more bytes the files of one variant have than those of another, at equal quality.

    Attributes
    ----------
    percent
        BD-rate, above 0 is more: the geometric mean over images and seeds. NaN without a pair.
    low, high
        Ends of its interval. NaN with fewer than two seeds: of one, nothing is known of others.
    p
        How probable a mean as far from 0 would be, were there no difference; before correction.
    of_seeds
        The geometric mean over images of each seed, in percent.
    images
        How many images have a BD-rate, on average over the seeds.
    """

    percent: float
    low: float
    high: float
    p: float
    of_seeds: Mapping[int, float]
    images: float


def compare(
    own: Mapping[int, pd.DataFrame],
    reference: Mapping[int, pd.DataFrame],
    *,
    metric: str = "psnr_db",
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Comparison:
    """Compare two variants on the seeds that both have.

    Means are of logarithms, so that twice the bytes and half of them are as far from none: the
    comparison of the reference with the variant is this one, turned around.

    Parameters
    ----------
    own, reference
        Tables of rates by seed, from `measurement.read`, each of one codec.
    metric
        Quality at which rates are compared.
    confidence, resamples
        Of the interval, and what it comes from, see `resampled_means`.
    """
    known: dict[int, Floats] = {}
    for seed in sorted(own.keys() & reference.keys()):
        percents = curves.bd_rates_by_image(own[seed], reference[seed], metric).dropna()
        if len(percents):
            known[seed] = np.log1p(percents.to_numpy() / 100)
    if not known:
        return Comparison(math.nan, math.nan, math.nan, math.nan, of_seeds={}, images=0.0)
    of_seeds = {seed: float(values.mean()) for seed, values in known.items()}
    mean = float(np.mean([*of_seeds.values()]))
    low = high = p = math.nan
    if len(known) > 1:
        means = resampled_means([*known.values()], resamples)
        tail = (1 - confidence) / 2
        low, high = np.quantile(means, [tail, 1 - tail])
        p = _p_value(means)
    return Comparison(
        percent=_percent(mean),
        low=_percent(low),
        high=_percent(high),
        p=p,
        of_seeds={seed: _percent(value) for seed, value in of_seeds.items()},
        images=float(np.mean([len(values) for values in known.values()])),
    )


def resampled_means(values: Sequence[Floats], resamples: int, seed: int = 0) -> Floats:
    """Return means over seeds of means over images, of draws with replacement.

    Each draw takes as many seeds as there are, and of each as many images as it has (the bootstrap
    in two stages, Davison & Hinkley 1997, section 3.8). Of few seeds the interval comes out too
    narrow: three have 27 draws.

    Parameters
    ----------
    values
        Of each seed, the values of its images; seeds may have different numbers of them.
    resamples
        How many draws.
    seed
        Of the draws themselves.
    """
    random = np.random.default_rng(seed)
    counts = np.array([len(of_seed) for of_seed in values])
    padded = np.zeros((len(values), counts.max()))
    for row, of_seed in zip(padded, values, strict=True):
        row[: len(of_seed)] = of_seed
    drawn = []
    for start in range(0, resamples, _AT_ONCE):
        size = min(_AT_ONCE, resamples - start)
        seeds = random.integers(len(values), size=(size, len(values)))
        # One more number for each place of the longest; those beyond a seed's own do not count.
        even = random.random((*seeds.shape, counts.max()))
        places = (even * counts[seeds][..., None]).astype(int)
        picked = padded[seeds[..., None], places]
        counted = np.arange(counts.max()) < counts[seeds][..., None]
        of_images = (picked * counted).sum(axis=-1) / counts[seeds]
        drawn.append(of_images.mean(axis=-1))
    return np.concatenate(drawn)


def _p_value(means: Floats) -> float:
    """Return twice the share of draws on the other side of 0, which is never quite nothing."""
    beyond = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    return min(1.0, 2 * (beyond + 1) / (len(means) + 1))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected for their number, by the same names (Holm 1979).

    The smallest is multiplied by their number, the next by one less, and so on; none is smaller
    than the one before it, or above 1. What is not known (NaN) is none of them.
    """
    known = sorted((p, name) for name, p in p_values.items() if not math.isnan(p))
    corrected, least = dict.fromkeys(p_values, math.nan), 0.0
    for place, (p, name) in enumerate(known):
        least = max(least, min(1.0, (len(known) - place) * p))
        corrected[name] = least
    return corrected


def _percent(logarithm: float) -> float:
    return 100 * math.expm1(logarithm)
