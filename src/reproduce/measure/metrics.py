"""Numbers that compare two images, or the areas of one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import skimage.metrics
from numpy.typing import NDArray

from reproduce.core.backend import tensorflow

SSIM_WINDOW = 7
"""Side of the window in which `ssim` compares, in pixels."""

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the five scales, from fine to coarse (Wang, Simoncelli and Bovik 2003)."""

MS_SSIM_WINDOW = 11
"""Side of the window in which `ms_ssim` compares on each scale, in pixels."""


def psnr(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio of grey levels, in dB; infinite if they are equal."""
    with np.errstate(divide="ignore"):
        return float(skimage.metrics.peak_signal_noise_ratio(original, reconstruction))


def ssim(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """Return the structural similarity of grey levels (Wang et al. 2004), at most 1.

    NaN if the images are smaller than its window.
    """
    if min(original.shape) < SSIM_WINDOW:
        return math.nan
    return float(skimage.metrics.structural_similarity(original, reconstruction))


def ms_ssim_scales(shape: tuple[int, ...]) -> int:
    """Return on how many scales images of that size can be compared: those that hold a window."""
    scales = 0
    while scales < len(MS_SSIM_WEIGHTS) and min(shape) >> scales >= MS_SSIM_WINDOW:
        scales += 1
    return scales


def ms_ssim(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """Return the multi-scale structural similarity of grey levels (Wang et al. 2003), 0 to 1.

    Images with a side below 176 pixels have fewer than five scales; the weights of those that they
    have are then scaled to a sum of 1. NaN if there is none.
    """
    scales = ms_ssim_scales(original.shape)
    if not scales:
        return math.nan
    compared = _compiled_ms_ssim(scales)(original[..., np.newaxis], reconstruction[..., np.newaxis])
    return float(compared)


@cache
def _compiled_ms_ssim(scales: int) -> Callable[[NDArray[np.uint8], NDArray[np.uint8]], Any]:
    weights = np.array(MS_SSIM_WEIGHTS[:scales])
    weights /= weights.sum()

    def compare(original: Any, reconstruction: Any) -> Any:
        return tensorflow.image.ssim_multiscale(
            original, reconstruction, 255, power_factors=weights.tolist()
        )

    grey_levels = tensorflow.TensorSpec((None, None, 1), tensorflow.uint8)
    compiled: Callable[[NDArray[np.uint8], NDArray[np.uint8]], Any]
    compiled = tensorflow.function(compare, input_signature=[grey_levels, grey_levels])
    return compiled


@dataclass(frozen=True)
class Metric:
    """How alike two images are; more is better.

    Attributes
    ----------
    name, label
        For tables of numbers, and for people.
    compare
        The function.
    is_share
        Whether it ends at 1, for equal images. Near 1 equal steps are not equal: plots and BD-rates
        take such a value in decibels, -10 log10(1 - value). Others are in decibels already.
    """

    name: str
    label: str
    compare: Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
    is_share: bool

    def in_decibels(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values on a scale of decibels."""
        return np.asarray(-10 * np.log10(1 - values)) if self.is_share else values


METRICS = (
    Metric("psnr_db", "PSNR (dB)", psnr, is_share=False),
    Metric("ssim", "SSIM", ssim, is_share=True),
    Metric("ms_ssim", "MS-SSIM", ms_ssim, is_share=True),
)
"""What the chapters on ratio and rate compare images by; one more joins their tables and plots."""


def metric(name: str) -> Metric:
    """Return the metric of that name."""
    (found,) = (one for one in METRICS if one.name == name)
    return found


def compare(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> dict[str, float]:
    """Return what all metrics say of two images, by their names."""
    return {metric.name: metric.compare(original, reconstruction) for metric in METRICS}


def correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return Pearson's correlation, from -1 to 1; NaN if one of the two is constant."""
    from scipy import stats  # takes a second to import, and pages of records need none of it

    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(stats.pearsonr(first.ravel(), second.ravel()).statistic)


def contrast_of_areas(values: NDArray[np.floating]) -> float:
    """Return how many times larger values are in some areas than in others.

    The areas are a grid of 10 x 10; it is the ratio of the 90th to the 10th percentile of their
    means.
    """
    height, width = (max(1, side // 10) for side in values.shape)
    rows, columns = values.shape[0] // height, values.shape[1] // width
    whole = values[: rows * height, : columns * width]
    areas = whole.reshape(rows, height, columns, width).mean(axis=(1, 3))
    low, high = np.quantile(areas, [0.1, 0.9])
    return float(high / low) if low else math.nan
