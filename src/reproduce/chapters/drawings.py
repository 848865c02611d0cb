"""Figures that say what is seen in them: to a notebook, and through it to a page."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from PIL import Image

from reproduce.core.outputs import ALT, OVERLAY


class Drawing(Figure):
    """A figure with an alternative text, made from the numbers that it is drawn from.

    A notebook keeps it as metadata of the picture, and a page takes it from there. The picture
    itself is that of any figure.

    Attributes
    ----------
    alt
        What is seen, and what it shows.
    """

    alt: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._over: tuple[Axes, str, Mapping[str, str]] | None = None

    def lay_over(self, photographs: Mapping[str, str], axes: Axes, what: str) -> None:
        """Have a page lay what is drawn in some axes over a photograph, with an opacity.

        Parameters
        ----------
        photographs
            What each is called, and the name of the figure of the same page that shows it. They
            are of the same place as what fills the axes.
        axes
            Filled by an image.
        what
            What the image shows.
        """
        self._over = (axes, what, photographs)

    def metadata(self) -> dict[str, Any]:
        """Return what a notebook stores of the picture, for pages."""
        return {ALT: self.alt} | ({} if self._over is None else {OVERLAY: self._laid_over()})

    def _laid_over(self) -> dict[str, Any]:
        """Return what is laid over which figures, and its box: shares of the picture.

        The box is left, top, width and height.
        """
        assert self._over is not None  # noqa: S101  # for mypy: the caller has seen to it
        axes, what, photographs = self._over
        picture = self.picture()
        image = axes.get_window_extent()
        shares = (
            (image.x0 - picture.x0) / picture.width,
            (picture.y1 - image.y1) / picture.height,
            image.width / picture.width,
            image.height / picture.height,
        )
        box = [round(float(share), 4) for share in shares]
        return {"what": what, "over": dict(photographs), "box": box}

    def picture(self) -> Bbox:
        """Return the part of the figure that a notebook shows, in pixels: drawn, with a margin.

        The layout settles, and stays.
        """
        self.draw_without_rendering()
        self.set_layout_engine("none")
        box = self.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])
        return Bbox(self.dpi_scale_trans.transform(box.get_points()))

    def reduce(self, colours: str) -> None:
        """Have the picture made of the colours of a colour map, and greys: 256 in all.

        What is full of noise takes a third of the bytes then, and looks the same.
        """
        _FewColours(self, _palette(colours))

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a notebook stores besides the picture: metadata of that."""
        return {}, {"image/png": self.metadata()}


class _FewColours(FigureCanvasAgg):
    """Writes a figure as a PNG file that has the colours of a palette alone."""

    def __init__(self, figure: Figure, palette: NDArray[np.uint8]) -> None:
        super().__init__(figure)
        self._palette = palette

    def print_png(self, filename_or_obj: Any, **_: Any) -> None:
        """Draw the figure and write it, as matplotlib asks a canvas to."""
        self.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(self.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
        _with_palette(pixels, self._palette).save(filename_or_obj, format="PNG", optimize=True)


def _with_palette(pixels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> Image.Image:
    """Return a picture, H x W x 3, with the nearest colours of a palette, 256 x 3.

    Pillow's own search for them is a rough one, which makes white grey.
    """
    found, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    distances = ((found[:, np.newaxis].astype(np.int32) - palette) ** 2).sum(axis=-1)
    nearest = distances.argmin(axis=1).astype(np.uint8)
    picture = Image.fromarray(nearest[places.ravel()].reshape(pixels.shape[:2]), "P")
    picture.putpalette(palette.tobytes())
    return picture


def _palette(colours: str) -> NDArray[np.uint8]:
    """Return 208 colours of a colour map and 48 greys, for frames and letters: 256 x 3."""
    of_map = mpl.colormaps[colours](np.linspace(0, 1, 208), bytes=True)[:, :3]
    greys = np.linspace(0, 255, 48).round().astype(np.uint8)
    return np.concatenate([of_map, np.repeat(greys[:, np.newaxis], 3, axis=1)])
