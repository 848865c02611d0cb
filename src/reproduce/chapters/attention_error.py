"""Where the error of a model with an attention goes, and that of one without (`future-work`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reproduce.chapters.drawings import Drawing
from reproduce.measure.subject import Subject

_BLOCK = 10
"""Side in pixels of the places that changes of the error are averaged over."""


def error_facts(pairs: Sequence[tuple[Subject, Subject]]) -> dict[str, float]:
    """Return what prose says of the errors of images, each with a model with a map and one without.

    `error_photographs` is their number. The others are means over the images: of each model's share
    in the brighter half of the map (`error_shares`), and of its mean squared error in grey levels
    squared.
    """
    shares = [error_shares(*pair) for pair in pairs]
    errors = [[float(((255 * one.difference) ** 2).mean()) for one in pair] for pair in pairs]
    means = np.mean(errors, axis=0)
    return {
        "error_photographs": len(pairs),
        "bright_share_with": float(np.mean([one["with"] for one in shares])),
        "bright_share_without": float(np.mean([one["without"] for one in shares])),
        "squared_error_with": float(means[0]),
        "squared_error_without": float(means[1]),
    }


def error_shares(with_it: Subject, without: Subject) -> dict[str, float]:
    """Return the share of each model's squared error in the brighter half of the attention map.

    Takes an image with two models, of which the first has a map. Half of the places are as bright
    as its median or brighter; an error that takes no notice of the map has half of it there.
    """
    attention = with_it.full_size_attention
    bright = attention >= np.median(attention)
    errors = {"with": with_it.difference**2, "without": without.difference**2}
    return {name: float(one[bright].sum() / one.sum()) for name, one in errors.items()}


def error_change(with_it: Subject, without: Subject) -> Drawing:
    """Show an attention map, the error of its model, and how the error is another without it.

    The change is that of the mean squared error in squares of ten pixels, in grey levels squared,
    on a scale symmetric about 0: above 0 the model without attention is worse there.
    """
    errors = [(255 * subject.difference) ** 2 for subject in (with_it, without)]
    change = _in_blocks(errors[1]) - _in_blocks(errors[0])
    bound = float(np.quantile(np.abs(change), 0.99)) or 1.0
    figure = Drawing(figsize=(9.0, 3.3))
    size = np.abs(255 * with_it.difference)
    # A few pixels, or places, would make the rest pale.
    most = float(np.quantile(size, 0.995)) or 1.0
    panels = (
        ("attention map", with_it.full_size_attention, "cividis", None, None, "neither"),
        ("|difference| with it", size, "cividis", 0, most, "max"),
        ("squared error: without − with", change, "PuOr_r", -bound, bound, "both"),
    )
    for axes, (title, values, colours, low, high, extend) in zip(
        figure.subplots(1, 3), panels, strict=True
    ):
        shown = axes.imshow(values, cmap=colours, vmin=low, vmax=high)
        axes.set(title=title)
        axes.set_axis_off()
        figure.colorbar(shown, ax=axes, shrink=0.8, extend=extend)
    means = [float(one.mean()) for one in errors]
    worse = float((change > 0).mean())
    figure.alt = (
        f"Attention map, error, and change of the error. Mean squared error {means[0]:.1f} with "
        f"the attention and {means[1]:.1f} without it, greater without it in {worse:.0%} of the "
        "places."
    )
    return figure


def _in_blocks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return means over squares of pixels; those at the lower and right border may be smaller."""
    starts = [np.arange(0, side, _BLOCK) for side in values.shape]
    sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    heights, widths = (
        np.diff(np.append(start, side)) for start, side in zip(starts, values.shape, strict=True)
    )
    return np.asarray(sums / np.outer(heights, widths), np.float64)
