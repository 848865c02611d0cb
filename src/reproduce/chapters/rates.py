"""Rate and distortion: curves, crops at equal rates, and tables."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from reproduce.chapters.crops import Crops, setting, step
from reproduce.chapters.drawings import Drawing
from reproduce.chapters.pictures import middle
from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from reproduce.chapters.text import listed, rounded
from reproduce.core.markdown import table
from reproduce.core.parameters import Parameters
from reproduce.measure import metrics
from reproduce.measure.metrics import Metric
from reproduce.measure.rates import curves, interface
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.measure.rates.interface import Codec
from reproduce.results.studies import Trial

MOST_BPP = 2.0

_TICKS = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999])

# With a marker for those who see no colours. Codecs that are not named here take the next.
_STYLES = {
    AUTOENCODER: (VERMILION, "o"),
    "JPEG": (BLACK, "s"),
    "WebP": (BLUE, "^"),
    "JPEG 2000": (GREEN, "v"),
    "AVIF": (PURPLE, "D"),
    "AVIF for PSNR": ("#882255", "d"),
    "JPEG XL": (SKY, "P"),
}
_OTHERS = ((ORANGE, "X"), ("#7F7F7F", "*"), ("#B79F00", "<"))

SMALL = 200
"""Side in pixels; below, a header of hundreds of bytes is a tenth of a bit per pixel and more."""


def rate_distortion(
    points: pd.DataFrame, codec_names: Sequence[str] | None = None, crops: Crops | None = None
) -> Plot:
    """Plot quality against rate for each codec and metric, with 95 % bands of the mean.

    Takes what `curves.means` returns; by default all its codecs are shown. SSIM and MS-SSIM are on
    a scale of 1 - value, turned around: near 1 equal steps are not equal. A page shows the crops of
    an image, if there are some, where a reader clicks a point.
    """
    # The first metric above, over the whole width, the others below it, two in a row.
    first, *others = metrics.METRICS
    rows = -(-len(others) // 2)
    figure = Plot(figsize=(7.0, 4.4 + 2.8 * rows))
    figure.crops = crops
    grid = figure.add_gridspec(1 + rows, 2, height_ratios=(1.6, *[1] * rows))
    places = [grid[0, :], *(grid[1 + place // 2, place % 2] for place in range(len(others)))]
    names = codec_names or curves.names(points)
    for metric, place in zip((first, *others), places, strict=True):
        axes = figure.add_subplot(place)
        for name, style in zip(names, _styles(names), strict=True):
            _draw_curve(figure, axes, points[points["codec"] == name], metric, name, style)
        axes.set(xlabel="bits per pixel", ylabel=metric.label, xlim=(0, MOST_BPP))
    figure.axes[0].legend(ncols=2)
    figure.alt = f"{len(figure.axes)} plots of quality against rate. {_best(points)}"
    return figure


def _best(points: pd.DataFrame) -> str:
    """Say how far the first curve gets, the model's, and what others give back at that rate."""
    first, *others = curves.names(points)
    own = points[points["codec"] == first]
    best = own.iloc[int(own["psnr_db"].to_numpy().argmax())]
    there = {name: curves.quality_at(points, name, "psnr_db", best["bpp"]) for name in others}
    told = [f"{name} has {value:.2f}" for name, value in there.items() if not math.isnan(value)]
    return (
        f"The best of {first} is {best['psnr_db']:.2f} dB PSNR, at {best['bpp']:.2f} bits per "
        f"pixel{f', where {listed(told)}' if told else ''}."
    )


def _styles(names: Sequence[str]) -> list[tuple[str, str]]:
    others = iter(_OTHERS * len(names))
    return [_STYLES[name] if name in _STYLES else next(others) for name in names]


def _draw_curve(
    figure: Plot,
    axes: Axes,
    points: pd.DataFrame,
    metric: Metric,
    name: str,
    style: tuple[str, str],
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
    (line,) = axes.plot(
        rates, middle, marker=marker, color=colour, label=name, ms=5 if main else 3.5,
        lw=2.2 if main else 1.1, zorder=3 if main else 2,
    )  # fmt: skip
    of = f", {axes.get_title()}" if axes.get_title() else ""
    texts = [
        f"{setting(name, quality)}{of}: {_rate(rate)}, {_quality(value, metric)}"
        for quality, rate, value in zip(shown["quality"], rates, shown[metric.name], strict=True)
    ]
    crops = figure.crops.nearest(name, [*shown["quality"]]) if figure.crops else ()
    figure.tell(line, name, texts, crops)
    if metric.is_share:
        axes.yaxis.set_major_locator(FixedLocator(metric.in_decibels(_TICKS).tolist()))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda decibels, _: _unscaled(decibels)))


def _rate(bits: float) -> str:
    return f"{bits:.3f} bits per pixel"


def _quality(value: float, metric: Metric) -> str:
    """Say how good something is, as "24.12 dB PSNR" or "SSIM 0.9012"."""
    if metric.is_share:
        return f"{metric.label} {rounded(value, 4)}"
    name, _, unit = metric.label.removesuffix(")").partition(" (")
    return f"{rounded(value, 2)} {unit} {name}"


def _tell_psnr(
    figure: Plot, line: Line2D, name: str, rates: Sequence[float], psnr: Sequence[float]
) -> None:
    """Have a plot tell of a curve of PSNR."""
    pairs = zip(rates, psnr, strict=True)
    figure.tell(
        line, name, [f"{name}: {_rate(rate)}, {value:.2f} dB PSNR" for rate, value in pairs]
    )


def _scaled(values: "pd.Series[float]", metric: Metric) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    if not metric.is_share:
        return numbers
    # An interval of the mean may reach beyond 1.
    return metric.in_decibels(np.minimum(numbers, 1 - 1e-4))


def _unscaled(decibels: float) -> str:
    return f"{1 - 10 ** (-decibels / 10):.4g}"


def at_both_sizes(full: pd.DataFrame, half: pd.DataFrame) -> Plot:
    """Plot PSNR against rate at full and at half size side by side (from `curves.means`)."""
    figure = Plot(figsize=(7.0, 3.6))
    names = curves.names(full)
    for axes, points, title in zip(
        figure.subplots(1, 2, sharey=True), (full, half), ("full size", "half size"), strict=True
    ):
        axes.set(xlabel="bits per pixel", xlim=(0, MOST_BPP), title=title)
        for name, style in zip(names, _styles(names), strict=True):
            own = points[points["codec"] == name]
            _draw_curve(figure, axes, own, metrics.METRICS[0], name, style)
    figure.axes[0].set_ylabel(metrics.METRICS[0].label)
    figure.axes[0].legend(fontsize=7)
    figure.alt = f"At full size: {_best(full)} At half size: {_best(half)}"
    return figure


def trained_with_quantisation(trials: Iterable[Trial]) -> Plot:
    """Plot PSNR against rate of the model after each kind of training (`results.studies`)."""
    figure = Plot()
    axes = figure.subplots()
    for trial, marker in zip(trials, "osD^vPX", strict=False):
        rates, values = ([point[name] for point in trial.points] for name in ("bpp", "psnr_db"))
        (line,) = axes.plot(rates, values, marker=marker, label=trial.label, ms=4)
        _tell_psnr(figure, line, trial.label, rates, values)
    axes.set(xlabel="bits per pixel", ylabel="PSNR (dB)", xlim=(0, None))
    axes.legend()
    figure.alt = _greatest(figure)
    return figure


def _greatest(figure: Plot) -> str:
    """Say how high each curve of a plot of PSNR goes, and where."""
    told = []
    for line in figure.axes[0].lines:
        rate, psnr = max(np.asarray(line.get_xydata()).tolist(), key=lambda point: point[1])
        told.append(f"{line.get_label()}, {psnr:.2f} dB at {rate:.2f} bits per pixel")
    return f"Curves of PSNR against rate. The best of each: {'; '.join(told)}."


def elsewhere_curves(published: Sequence[curves.PublishedCurve]) -> Plot:
    """Plot curves that others have published (`curves.read_elsewhere`)."""
    figure = Plot()
    axes = figure.subplots()
    styles = _styles([curve.name for curve in published])
    for curve, (colour, marker) in zip(published, styles, strict=True):
        (line,) = axes.plot(
            curve.bpp, curve.psnr_db, marker=marker, color=colour, label=curve.name, ms=4
        )
        _tell_psnr(figure, line, curve.name, curve.bpp, curve.psnr_db)
    axes.set(xlabel="bits per pixel", ylabel="PSNR over RGB (dB)", xlim=(0, MOST_BPP))
    axes.legend()
    figure.alt = _greatest(figure)
    return figure


def crops(
    chosen: Sequence[Codec], image: NDArray[np.uint8], bits_per_pixel: float, side: int = 96
) -> Drawing:
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
        facts = f"{8 * len(data) / image.size:.2f} bpp, {metrics.psnr(image, decoded):.2f} dB"
        pictures.append((f"{codec.name}\n{facts}", decoded))
    columns = -(-len(pictures) // 2)
    figure = Drawing(figsize=(7.0, 7.0 / columns * 2 * 1.16))
    titles = [title.replace("\n", ", ") for title, _ in pictures]
    figure.alt = f"The same detail {len(pictures)} times: {'; '.join(titles)}."
    places = figure.subplots(2, columns).ravel()
    for axes in places:
        axes.set_axis_off()
    for axes, (title, picture) in zip(places, pictures, strict=False):
        axes.imshow(middle(picture, side), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=7)
    return figure


def settings(chosen: Sequence[Codec]) -> str:
    """Return what is set for each codec, and which qualities are measured."""
    return table(
        [
            {
                "codec": codec.name,
                "settings": codec.settings,
                "qualities": ", ".join(f"{quality:g}" for quality in codec.qualities),
            }
            for codec in chosen
        ]
    )


def bd_rates(points: pd.DataFrame) -> str:
    """Return the BD-rate of each codec over the anchor, for each metric, with its overlap.

    Takes what `curves.means` returns. A number whose curves overlap too little has a warning sign.
    """
    rows = []
    for name in curves.names(points):
        if name == curves.ANCHOR:
            continue
        found = {
            metric.label: curves.bd_rate(points, name, metric.name) for metric in metrics.METRICS
        }
        rows.append({"codec": name} | {label: _bd_rate(one) for label, one in found.items()})
    return table(rows, right=[metric.label for metric in metrics.METRICS])


def bd_rates_of_images(table_of_images: pd.DataFrame, size: str = "full") -> str:
    """Return for each codec and metric the mean over images of each image's own BD-rate.

    Takes what `measurement.read` returns; where not all images have one, their number is told.
    """
    images = table_of_images["image"].nunique()
    rows = []
    for name in curves.names(table_of_images):
        if name == curves.ANCHOR:
            continue
        found = {
            metric.label: curves.bd_rate_of_images(table_of_images, name, metric.name, size)
            for metric in metrics.METRICS
        }
        rows.append(
            {"codec": name} | {label: _of_images(one, images) for label, one in found.items()}
        )
    return table(rows, right=[metric.label for metric in metrics.METRICS])


def _of_images(found: curves.BDRateOfImages, images: int) -> str:
    if not found.images:
        return "–, no overlap"
    part = "" if found.images == images else f", {found.images} of {images} images"
    return f"{found.percent:+.1f} %{part}"


def on_headers(parameters: Parameters) -> str:
    """Say what small images do to a comparison of files, of a page that has such images."""
    side = parameters.image_size
    if side > SMALL:
        return ""
    return (
        f"Images of {side} × {side} pixels are small, and headers weigh more: those of JPEG and "
        "AVIF take some hundreds of bytes, ours some 30. That alone moves the model ahead of JPEG "
        "at the lowest rates, where a file is hardly more than its header."
    )


def order_at_both_sizes(full: pd.DataFrame, half: pd.DataFrame) -> str:
    """Say, as the end of a sentence, whether all stand in the same order by BD-rate of PSNR.

    Takes what `curves.means` returns of the same codecs.
    """
    orders = [_order(points) for points in (full, half)]
    moved = [name for name, other in zip(*orders, strict=True) if name != other]
    if not moved:
        return "the order stays"
    return f"{listed(moved)} change places, and the others stay"


def leads_at_both_sizes(full: pd.DataFrame, half: pd.DataFrame) -> str:
    """Say for each metric who needs fewer bytes than JPEG, or more, than at full size, as a list.

    Takes what `curves.means` returns of the same codecs.
    """
    lines = []
    for metric in metrics.METRICS:
        moves: dict[str, list[str]] = {"fewer bytes": [], "more": []}
        for name in curves.names(full):
            if name != curves.ANCHOR:
                one, other = (
                    curves.bd_rate(points, name, metric.name).percent for points in (full, half)
                )
                place = "fewer bytes" if other < one else "more"
                moves[place].append(f"{name} ({one:+.0f} → {other:+.0f})")
        parts = [f"{place}: {listed(some)}" for place, some in moves.items() if some]
        lines.append(f"- **{metric.label}:** {'; '.join(parts)}.")
    return "\n".join(lines)


def _order(points: pd.DataFrame) -> list[str]:
    """Return the names of the codecs beside JPEG, those of the fewest bytes first."""
    percent = {
        name: curves.bd_rate(points, name, "psnr_db").percent
        for name in curves.names(points)
        if name != curves.ANCHOR
    }
    # What has no BD-rate, since the curves don't overlap, comes last.
    return sorted(percent, key=lambda name: (math.isnan(percent[name]), percent[name]))


def signed(percent: float) -> str:
    """Return a number for prose, whole and with its sign; "–" for none."""
    return "–" if math.isnan(percent) else f"{percent:+.0f}"


def _bd_rate(found: curves.BDRate) -> str:
    if math.isnan(found.percent):
        return "–, no overlap"
    sign = "⚠ " if found.doubtful else ""
    return f"{sign}{found.percent:+.1f} %, overlap {100 * found.overlap:.0f} %"


def at_rates(points: pd.DataFrame, rates: Sequence[float]) -> str:
    """Return the PSNR of each codec at some rates, in bits per pixel, between measured points."""
    rows = []
    for name in curves.names(points):
        values = (curves.quality_at(points, name, "psnr_db", rate) for rate in rates)
        columns = {
            f"{rate:g} bpp": rounded(value, 2) for rate, value in zip(rates, values, strict=True)
        }
        rows.append({"PSNR (dB)": name} | columns)
    return table(rows, right=[f"{rate:g} bpp" for rate in rates])


def steps(points: pd.DataFrame) -> str:
    """Return rate and quality of the autoencoder for each step of the quantisation."""
    own = points[points["codec"] == AUTOENCODER].sort_values("quality")
    rows = [
        {
            "step": step(point["quality"]),
            "bits per pixel": f"{point['bpp']:.3f}",
            "PSNR (dB)": f"{point['psnr_db']:.2f}",
            "SSIM": rounded(point["ssim"], 4),
            "MS-SSIM": rounded(point["ms_ssim"], 4),
        }
        for _, point in own.iterrows()
    ]
    return table(rows, right=list(rows[0]))


def times(measured: pd.DataFrame, points: pd.DataFrame, rate: float) -> str:
    """Return each codec's time to encode and decode an image, at the quality nearest to a rate.

    Parameters
    ----------
    measured
        `times.csv` of the same run as the points.
    points
        From `curves.means`.
    rate
        In bits per pixel.
    """
    rows = [
        {
            "codec": name,
            "bits per pixel": f"{bits:.2f}",
            "encode (ms)": f"{encode:.1f}",
            "decode (ms)": f"{decode:.1f}",
        }
        for name, (bits, encode, decode) in _times(measured, points, rate).items()
    ]
    return table(rows, right=[column for column in rows[0] if column != "codec"])


def _times(
    measured: pd.DataFrame, points: pd.DataFrame, rate: float
) -> dict[str, tuple[float, float, float]]:
    """Return of each codec bits per pixel and the milliseconds of both ways, as `times` says."""
    found = {}
    for name in curves.names(points):
        own = points[points["codec"] == name]
        nearest = own.iloc[int(np.abs(np.log(own["bpp"].to_numpy() / rate)).argmin())]
        is_row = (measured["codec"] == name) & (measured["quality"] == nearest["quality"])
        (row,) = measured[is_row].to_dict("records")
        encode, decode = (1000 * float(row[f"{way}_seconds"]) for way in ("encode", "decode"))
        found[name] = (float(nearest["bpp"]), encode, decode)
    return found


def slower_than_the_model(measured: pd.DataFrame, points: pd.DataFrame, rate: float) -> str:
    """Say in sentences how the model's times stand beside the others'; takes what `times` does."""
    found = _times(measured, points, rate)
    ways = []
    for place, way in ((1, "encode"), (2, "decode")):
        own = found[AUTOENCODER][place]
        slower = [name for name, row in found.items() if row[place] > own]
        ways.append(
            f"To {way} an image the model takes {own:.1f} ms and {curves.ANCHOR} "
            f"{found[curves.ANCHOR][place]:.1f} ms; {listed(slower) if slower else 'none'} "
            f"{'take' if len(slower) > 1 else 'takes'} longer than the model."
        )
    return " ".join(ways)


def elsewhere_table(published: Sequence[curves.PublishedCurve]) -> str:
    """Return where each curve comes from that others have published."""
    return table(
        [
            {"curve": curve.name, "images": curve.images, "source": curve.source}
            for curve in published
        ]
    )
