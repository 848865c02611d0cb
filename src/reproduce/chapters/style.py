"""The one style of the book's plots: matplotlib's defaults, and colours."""

from pathlib import Path

from matplotlib import style

STYLE = Path(__file__).with_name("reproduce.mplstyle")
# Okabe and Ito's colours, which people with each kind of colour vision tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"


def use_style() -> None:
    """Set matplotlib's defaults to the book's style (`reproduce.mplstyle`)."""
    style.use(STYLE)
