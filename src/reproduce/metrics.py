"""Numbers that compare two images, or the areas of one."""

import math
from typing import Any

import numpy as np
import skimage.metrics
from numpy.typing import NDArray
from scipy import stats


def psnr(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio of grey levels, in dB; infinite if they are equal."""
    with np.errstate(divide="ignore"):
        return float(skimage.metrics.peak_signal_noise_ratio(original, reconstruction))


def ssim(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """Return the structural similarity of grey levels (Wang et al. 2004), at most 1."""
    return float(skimage.metrics.structural_similarity(original, reconstruction))


def correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return Pearson's correlation, from -1 to 1; NaN if one of the two is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(stats.pearsonr(first.ravel(), second.ravel()).statistic)


def half_size(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the means of blocks of 2 x 2 pixels, ⌈H/2⌉ x ⌈W/2⌉; borders are repeated."""
    even = np.pad(image, [(0, side % 2) for side in image.shape], mode="edge")
    height, width = even.shape
    blocks = even.reshape(height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


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
