"""What a figure shows, read from what is drawn in it: for tests that hold it against its input."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator


def plain(value: Any) -> Any:
    """Return nested values of one form, so that they compare by ==: lists, and nine digits."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)) and not np.ma.is_masked(value):
        return [plain(one) for one in value]
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return float(f"{float(value):.9g}") + 0.0
    return value


def seen(figure: Figure) -> list[dict[str, Any]]:
    """Return what each plot of a figure shows, colour bars with the plots that they belong to.

    What a plot has not is left out; limits are told where they are set and not found.
    """
    assert figure.get_suptitle() == ""
    figure.draw_without_rendering()
    bars = [image.colorbar.ax for axes in figure.axes for image in _coloured(axes)]
    return [plain(_panel(axes)) for axes in figure.axes if axes not in bars]


def _coloured(axes: Axes) -> list[Any]:
    return [one for one in (*axes.images, *axes.collections) if getattr(one, "colorbar", None)]


def _panel(axes: Axes) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": axes.get_title(),
        "x": axes.get_xlabel(),
        "y": axes.get_ylabel(),
        "scales": [] if _scales(axes) == ("linear", "linear") else _scales(axes),
        "xlim": [] if axes.get_autoscalex_on() or axes.images else axes.get_xlim(),
        "ylim": [] if axes.get_autoscaley_on() or axes.images else axes.get_ylim(),
        "ticks": _ticks(axes),
        "lines": [_line(line) for line in axes.lines if line not in _of_errorbars(axes)],
        "bars": [
            [to_hex(bar.get_facecolor()), bar.get_x(), bar.get_x() + bar.get_width(), height]
            for container in axes.containers
            if isinstance(container, BarContainer)
            for bar in container
            if (height := bar.get_height())
        ],
        "errorbars": [
            _errorbar(container)
            for container in axes.containers
            if isinstance(container, ErrorbarContainer)
        ],
        "spans": _spans(axes),
        "boxes": _boxes(axes),
        "arrows": [
            [list(ends) for ends in arrow._posA_posB]  # type: ignore[attr-defined]
            for arrow in axes.patches
            if type(arrow) is FancyArrowPatch
        ],
        "areas": [
            _area(area) for area in axes.collections if isinstance(area, FillBetweenPolyCollection)
        ],
        "cells": [_cells(one) for one in axes.collections if type(one) is PolyCollection],
        "images": [_image(image) for image in axes.images],
        "colour bar": _colour_bar(axes),
        "texts": [_text(text) for text in axes.texts],
        "legend": _legend(axes.get_legend()),
        "off": not axes.axison,
    }
    assert axes.get_xlim()[0] < axes.get_xlim()[1], "what is greater stands on the right"
    assert axes.images or axes.get_ylim()[0] < axes.get_ylim()[1], "what is greater stands above"
    return {name: value for name, value in found.items() if value}


def _scales(axes: Axes) -> tuple[str, str]:
    return axes.get_xscale(), axes.get_yscale()


def _ticks(axes: Axes) -> dict[str, list[Any]]:
    """Return places and texts of ticks that are set one by one."""
    return {
        name: [[place, text.get_text()] for place, text in zip(places, texts, strict=True)]
        for name, axis in (("x", axes.xaxis), ("y", axes.yaxis))
        if isinstance(axis.get_major_locator(), FixedLocator) and not axes.images
        for places, texts in [(axis.get_majorticklocs(), axis.get_majorticklabels())]
        if any(text.get_text() for text in texts)
    }


def _look(line: Line2D) -> str:
    """Return colour, marker and kind of a line, as in "#0072b2 o -"."""
    marker = "" if line.get_marker() in (None, "None", "none") else str(line.get_marker())
    style = "" if line.get_linestyle() in ("None", "none", "") else line.get_linestyle()
    return " ".join(part for part in (to_hex(line.get_color()), marker, str(style)) if part)


def _label(artist: Any) -> str:
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def _line(line: Line2D) -> list[Any]:
    """Return label and look of a line, and its points; of one across the plot where it stands."""
    xs, ys = (np.asarray(values, float) for values in line.get_data(orig=False))
    axes = line.axes
    assert axes is not None
    if line.get_transform() == axes.get_xaxis_transform(which="grid"):
        return [_label(line), _look(line), {"x": xs[0]}]
    if line.get_transform() == axes.get_yaxis_transform(which="grid"):
        return [_label(line), _look(line), {"y": ys[0]}]
    return [_label(line), _look(line), np.column_stack([xs, ys])]


def _of_errorbars(axes: Axes) -> list[Any]:
    return [
        container.lines[0]
        for container in axes.containers
        if isinstance(container, ErrorbarContainer)
    ]


def _errorbar(container: ErrorbarContainer) -> list[Any]:
    """Return label and look of points, and of each its place and both ends of both its bars."""
    points, _, bars = container.lines
    across, up = (np.array(bar.get_segments()) for bar in bars)
    places = np.column_stack(points.get_data(orig=False))
    ends = [[*place, *across[n][:, 0], *up[n][:, 1]] for n, place in enumerate(places)]
    return [_label(container), _look(points), ends]


def _spans(axes: Axes) -> list[Any]:
    """Return label, colour and both ends of what is shaded from top to bottom."""
    bars = [bar for one in axes.containers if isinstance(one, BarContainer) for bar in one]
    return [
        [_label(patch), to_hex(patch.get_facecolor()), *_from_to(patch)]
        for patch in axes.patches
        if isinstance(patch, Rectangle) and patch not in bars
    ]


def _from_to(patch: Any) -> tuple[float, float]:
    return patch.get_x(), patch.get_x() + patch.get_width()


def _boxes(axes: Axes) -> list[Any]:
    """Return colour and middle of boxes."""
    return [
        [
            to_hex(box.get_facecolor()),
            box.get_x() + box.get_width() / 2,
            box.get_y() + box.get_height() / 2,
        ]
        for box in axes.patches
        if isinstance(box, FancyBboxPatch)
    ]


def _text(text: Text) -> Any:
    """Return a text with the place that it is of, if it has one among the data."""
    axes = text.axes
    assert axes is not None
    if isinstance(text, Annotation):
        return [text.get_text(), *text.xy]
    if text.get_transform() == axes.transData:
        return [text.get_text(), *text.get_position()]
    return text.get_text()


def _area(area: FillBetweenPolyCollection) -> list[Any]:
    """Return the colour of a band, and its least and greatest y at each x."""
    (path,) = area.get_paths()
    ends: dict[float, list[float]] = {}
    for x, y in np.asarray(path.vertices):
        ends.setdefault(float(x), []).append(float(y))
    return [
        to_hex(np.asarray(area.get_facecolor())[0]),
        [[x, min(ys), max(ys)] for x, ys in sorted(ends.items())],
    ]


def _cells(cells: PolyCollection) -> list[Any]:
    """Return where cells of a density lie, and how many points are in each; and its colours."""
    counts = np.asarray(cells.get_array())
    places = np.asarray(cells.get_offsets())
    return [
        cells.get_cmap().name,
        [[*place, count] for place, count in zip(places, counts, strict=True)],
    ]


def _image(image: AxesImage) -> list[Any]:
    """Return an image's pixels, colour map and the values at both ends of that."""
    axes = image.axes
    assert axes is not None
    pixels = np.asarray(image.get_array())
    first, last = axes.transData.transform([(0, 0), (pixels.shape[1] - 1, pixels.shape[0] - 1)])
    assert first[0] <= last[0], "an image is not mirrored"
    assert first[1] >= last[1], "an image is not upside down"
    assert list(image.get_extent()) == [-0.5, pixels.shape[1] - 0.5, pixels.shape[0] - 0.5, -0.5]
    return [image.get_cmap().name, *image.get_clim(), pixels]


def _colour_bar(axes: Axes) -> list[Any]:
    """Return what a colour bar says, the values at its lower and upper end, and what is beyond."""
    return [
        part
        for image in _coloured(axes)
        for part in (
            image.colorbar.ax.get_ylabel(),
            *image.colorbar.ax.get_ylim(),
            image.colorbar.extend,
            image.colorbar.cmap.name,
        )
    ]


def _legend(legend: Legend | None) -> list[Any]:
    """Return each text of a legend with the look of what stands beside it."""
    if legend is None:
        return []
    return [
        [text.get_text(), _look_of(handle)]
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
    ]


def _look_of(handle: Any) -> str:
    if isinstance(handle, Line2D):
        return _look(handle)
    if isinstance(handle, Patch):
        return to_hex(handle.get_facecolor())
    return to_hex(handle.get_color()[0])  # of points with bars: that of the bars


def legend_of_figure(figure: Figure) -> list[Any]:
    """Return each text of the one legend that a figure has beside its plots."""
    (legend,) = figure.legends
    return _legend(legend)


def cells_of(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table row by row, the head first."""
    lines = [line for number, line in enumerate(table.splitlines()) if number != 1]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
