"""The page "Try it": its program and what the program is given, for Sphinx.

    ```{try-it}
    ```

stands where it comes. The program's modules, its HTML and its style sheet are in `book/try_it/`; it
is given the model as exported, its costly layers as WebAssembly, photographs to begin with, the
colours of the book's false-colour pictures and the mean curves of the chapter on rate and
distortion, all within one script.
"""

import base64
import json
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import matplotlib as mpl
import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from reproduce.book import bundle
from reproduce.codec import models
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.measure import stages
from reproduce.measure.rates import curves, measurement
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.results import page_times, record
from reproduce.results.excerpt import PAPERS_IMAGE

PAGE = "book/try_it"
FOLDER = Path("book") / "try_it"
SCRIPT, STYLE = "try-it.js", "try-it.css"

PROGRAM = "layers.wasm"
"""The costly layers in WebAssembly: see `wasm`."""

COLOURS = "cividis"
"""Of the book's attention maps, differences and latents."""

EXAMPLES = {
    PAPERS_IMAGE: "The paper’s photograph",
    "test/bean_rust/bean_rust_test.3.jpg": "A leaf with rust",
}
"""Photographs of the excerpt, the first of which is there from the start, with what they show."""

_FOOT = "<!-- foot -->"


class TryIt(SphinxDirective):
    """The directive `try-it`."""

    def run(self) -> list[nodes.Node]:
        """Return the page's controls and places, which the program fills."""
        folder = Path(self.env.srcdir) / FOLDER
        content = (folder / "page.html").read_text(encoding="utf-8")
        return [nodes.raw("", content.replace(_FOOT, foot(folder)), format="html")]


def foot(folder: Path) -> str:
    """Return what the page says of its own size and times, in HTML."""
    parts = [(folder / name).read_bytes() for name in ("page.html", "page.css")]
    size = len(script(folder).encode()) + sum(map(len, parts))
    times = page_times.read()
    openings = min(len(one.milliseconds) for one in times.photographs)
    measured = [
        f"{_told(times.by(way))} in {way}" for way in get_args(page_times.Way) if times.by(way)
    ]
    return (
        f"Program, model and examples are {size:,} bytes. From a photograph to what comes back it "
        f"takes {'; '.join(measured)} (by the clock, the shortest of {openings} openings each, "
        f"with {times.workers} workers in {times.browser} on {times.machine.processor}, "
        f"{times.measured})."
    )


def _told(photographs: Iterable[page_times.Photograph]) -> str:
    each = [
        f"{float(f'{min(one.milliseconds):.2g}'):,.0f} ms for "
        f"{one.width * one.height / 1e6:.3g} megapixels"
        for one in photographs
    ]
    return ", ".join(each)


def script(folder: Path) -> str:
    """Return the page's script, from the folder of its modules."""
    program = text_of((folder / PROGRAM).read_bytes())
    return bundle.bundle(folder / "main.js", {**data(), "program": program})


@cache
def data() -> dict[str, Any]:
    """Return what the program is given besides `PROGRAM`: see `Data` in `book/try_it/page.js`."""
    return {
        "models": [_exported(entry["name"]) for entry in models.known().values()],
        "examples": [_example(name, title) for name, title in EXAMPLES.items()],
        "colours": text_of(mpl.colormaps[COLOURS](np.arange(256), bytes=True)[:, :3].tobytes()),
        "curves": _curves(),
    }


def text_of(content: bytes) -> str:
    """Return bytes in base64, as scripts hold them."""
    return base64.b64encode(content).decode()


def _exported(name: str) -> dict[str, Any]:
    numbers = (models.SHIPPED / f"{name}.bin").read_bytes()
    listed = json.loads((models.SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    return {"list": listed, "numbers": text_of(numbers)}


def _example(name: str, title: str) -> dict[str, str]:
    file = EXCERPT / name
    return {"name": file.name, "title": title, "data": text_of(file.read_bytes())}


def _curves() -> dict[str, list[dict[str, float]]]:
    """Return rates and PSNR of the means over the recorded images: of the model, and of JPEG."""
    recorded = measurement.read(record.folders(stages.CODECS, stages.RATES))
    means = curves.means(recorded)
    found = {}
    for name, codec in (("model", AUTOENCODER), ("jpeg", curves.ANCHOR)):
        rates, values = curves.rising(means, codec, "psnr_db")
        found[name] = [
            {"bpp": round(float(rate), 4), "psnr": round(float(value), 2)}
            for rate, value in zip(rates, values, strict=True)
        ]
    return found


def add_files(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.Node | None
) -> None:
    """Have the page, and no other, load its script and its style sheet."""
    if page == PAGE:
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)


def write_files(app: Sphinx) -> None:
    """Write script and style sheet where pages load such from, for a book that has the page."""
    folder = Path(app.srcdir) / FOLDER
    if app.builder.format == "html" and folder.is_dir():
        static = Path(app.outdir) / "_static"
        static.mkdir(parents=True, exist_ok=True)
        (static / SCRIPT).write_text(script(folder), encoding="utf-8")
        shutil.copyfile(folder / "page.css", static / STYLE)


def setup(app: Sphinx) -> None:
    """Register the directive, and what the page loads."""
    app.add_directive("try-it", TryIt)
    # Before pages are written: each names the checksums of what it loads.
    app.connect("builder-inited", write_files)
    app.connect("html-page-context", add_files)
