"""The one style of the book's plots: matplotlib's defaults, and colours."""

from pathlib import Path

from matplotlib import style

STYLE = Path(__file__).with_name("reproduce.mplstyle")
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"


def use_style() -> None:
    """Set matplotlib's defaults to the book's style (`reproduce.mplstyle`)."""
    style.use(STYLE)
