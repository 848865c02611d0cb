"""The one style of the book's plots: matplotlib's defaults, and colours."""

import sys
from pathlib import Path

import matplotlib
from matplotlib import style

STYLE = Path(__file__).with_name("reproduce.mplstyle")
# Okabe and Ito's colours, which people with each kind of colour vision tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"


def use_style() -> None:
    """Set matplotlib to its own defaults and the book's style (`reproduce.mplstyle`).

    A user's matplotlibrc counts no more, nor does what an IPython profile says of figures.
    """
    matplotlib.rcdefaults()
    style.use(STYLE)
    inline = sys.modules.get("matplotlib_inline.config")
    if inline is not None and inline.InlineBackend.initialized():
        backend = inline.InlineBackend.instance()
        for name in ("rc", "figure_formats", "print_figure_kwargs"):
            setattr(backend, name, backend.traits()[name].default())
