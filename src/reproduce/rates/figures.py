"""Plots of chapter 7: curves of rate against distortion, and crops at equal rates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from reproduce import metrics
from reproduce.metrics import Metric
from reproduce.rates import curves, interface
from reproduce.rates.interface import Codec
from reproduce.rates.own import AUTOENCODER

MOST_BPP = 2.0

_TICKS = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999])

# Okabe and Ito's colours, with a marker for those who see no colours. Codecs that are not named
# here take the next.
_STYLES = {
    AUTOENCODER: ("#D55E00", "o"),
    "JPEG": ("#000000", "s"),
    "WebP": ("#0072B2", "^"),
    "JPEG 2000": ("#009E73", "v"),
    "AVIF": ("#CC79A7", "D"),
    "AVIF for PSNR": ("#882255", "d"),
    "JPEG XL": ("#56B4E9", "P"),
}
_OTHERS = (("#E69F00", "X"), ("#7F7F7F", "*"), ("#B79F00", "<"))


def rate_distortion(points: pd.DataFrame, codec_names: Sequence[str] | None = None) -> Figure:
    """Plot quality against rate for each codec and metric, with 95 % bands of the mean.

    Takes what `curves.means` returns; by default all its codecs are shown. SSIM and MS-SSIM are on
    a scale of 1 - value, turned around: near 1 equal steps are not equal.
    """
    # The first metric above, over the whole width, the others below it, two in a row.
    first, *others = metrics.METRICS
    rows = -(-len(others) // 2)
    figure = Figure(figsize=(7.0, 4.4 + 2.8 * rows))
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=(1.6, *[1] * rows))
    places = [grid[0, :], *(grid[1 + place // 2, place % 2] for place in range(len(others)))]
    names = codec_names or curves.names(points)
    for metric, place in zip((first, *others), places, strict=True):
        axes = figure.add_subplot(place)
        for name, style in zip(names, _styles(names), strict=True):
            _draw_curve(axes, points[points["codec"] == name], metric, name, style)
        axes.set(xlabel="bits per pixel", ylabel=metric.label, xlim=(0, MOST_BPP))
    figure.axes[0].legend(ncols=2)
    return figure


def _styles(names: Sequence[str]) -> list[tuple[str, str]]:
    others = iter(_OTHERS * len(names))
    return [_STYLES[name] if name in _STYLES else next(others) for name in names]


def _draw_curve(
    axes: Axes, points: pd.DataFrame, metric: Metric, name: str, style: tuple[str, str]
) -> None:
    """Draw a codec's curve over its band, as far as the plot reaches."""
    shown = points.sort_values("bpp")
    colour, marker = style
    rates = shown["bpp"]
    low, middle, high = (
        _scaled(shown[f"{metric.name}{end}"], metric) for end in ("_low", "", "_high")
    )
    main = name == AUTOENCODER
    axes.fill_between(rates, low, high, color=colour, alpha=0.12, lw=0)
    axes.plot(
        rates, middle, marker=marker, color=colour, label=name, ms=5 if main else 3.5,
        lw=2.2 if main else 1.1, zorder=3 if main else 2,
    )  # fmt: skip
    if metric.is_share:
        axes.yaxis.set_major_locator(FixedLocator(metric.in_decibels(_TICKS).tolist()))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda decibels, _: _unscaled(decibels)))


def _scaled(values: "pd.Series[float]", metric: Metric) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    if not metric.is_share:
        return numbers
    # An interval of the mean may reach beyond 1.
    return metric.in_decibels(np.minimum(numbers, 1 - 1e-4))


def _unscaled(decibels: float) -> str:
    return f"{1 - 10 ** (-decibels / 10):.4g}"


def at_both_sizes(full: pd.DataFrame, half: pd.DataFrame) -> Figure:
    """Plot PSNR against rate at full and at half size side by side (from `curves.means`)."""
    figure = Figure(figsize=(7.0, 3.6))
    names = curves.names(full)
    for axes, points, title in zip(
        figure.subplots(1, 2, sharey=True), (full, half), ("full size", "half size"), strict=True
    ):
        for name, style in zip(names, _styles(names), strict=True):
            _draw_curve(axes, points[points["codec"] == name], metrics.METRICS[0], name, style)
        axes.set(xlabel="bits per pixel", xlim=(0, MOST_BPP), title=title)
    figure.axes[0].set_ylabel(metrics.METRICS[0].label)
    figure.axes[0].legend(fontsize=7)
    return figure


def trained_with_quantisation(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Plot PSNR against rate of the model after each kind of training: label to points."""
    figure = Figure()
    axes = figure.subplots()
    for (label, points), marker in zip(runs.items(), "osD^vPX", strict=False):
        rates, values = ([point[name] for point in points] for name in ("bpp", "psnr_db"))
        axes.plot(rates, values, marker=marker, label=label, ms=4)
    axes.set(xlabel="bits per pixel", ylabel="PSNR (dB)", xlim=(0, None))
    axes.legend()
    return figure


def elsewhere(references: Sequence[Mapping[str, Any]]) -> Figure:
    """Plot curves that others have published (`curves.read_elsewhere`)."""
    figure = Figure()
    axes = figure.subplots()
    names = [reference["name"] for reference in references]
    for reference, (colour, marker) in zip(references, _styles(names), strict=True):
        rates, values, name = reference["bpp"], reference["psnr_db"], reference["name"]
        axes.plot(rates, values, marker=marker, color=colour, label=name, ms=4)
    axes.set(xlabel="bits per pixel", ylabel="PSNR over RGB (dB)", xlim=(0, MOST_BPP))
    axes.legend()
    return figure


def crops(
    chosen: Sequence[Codec], image: NDArray[np.uint8], bits_per_pixel: float, side: int = 96
) -> Figure:
    """Show the middle of an image as each codec gives it back at about the same rate.

    Parameters
    ----------
    chosen
        The codecs; of each, the measured quality is taken whose file is nearest to the rate.
    image
        H x W grey levels; all of it is coded.
    bits_per_pixel, side
        The rate, and the side of the crop in pixels.
    """
    pictures = [("original", image)]
    for codec in chosen:
        _, data = interface.nearest(codec, image, bits_per_pixel)
        decoded = codec.decode(data)
        facts = f"{8 * len(data) / image.size:.2f} bpp, {metrics.psnr(image, decoded):.1f} dB"
        pictures.append((f"{codec.name}\n{facts}", decoded))
    columns = -(-len(pictures) // 2)
    figure = Figure(figsize=(7.0, 7.0 / columns * 2 * 1.16))
    places = figure.subplots(2, columns).ravel()
    top, left = ((length - min(side, length)) // 2 for length in image.shape)
    for axes in places:
        axes.set_axis_off()
    for axes, (title, picture) in zip(places, pictures, strict=False):
        crop = picture[top : top + side, left : left + side]
        axes.imshow(crop, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=7)
    return figure
