"""Measure how long the page "Try it" takes for photographs of 0.25, 3 and 12 megapixels.

    python -m benchmarks.try_it build/sample/book results/try-it.json

The photographs are the paper's, enlarged, as JPEG files. Each is opened several times, in Chromium,
on the page as a reader opens it from a disk: in turn on one that computes in WebAssembly and on one
that finds none and does it in JavaScript.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, Playwright, sync_playwright

from reproduce.book import pdf
from reproduce.core import environment, store
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.results.excerpt import PAPERS_IMAGE
from reproduce.results.page_times import PageTimes, Photograph, Way

SIZES = ((500, 500), (2000, 1500), (4000, 3000))
ROUNDS = 3
LONGEST = 600_000
"""Milliseconds that one photograph may take."""


WITHOUT_WEBASSEMBLY = """
delete globalThis.WebAssembly;
globalThis.Blob = class extends Blob {
    constructor(parts, options) {
        const isProgram = options?.type === "text/javascript";
        super(isProgram ? ["delete globalThis.WebAssembly;", ...parts] : parts, options);
    }
};
"""
"""What a page runs first to be as in a browser that has none, and so its workers."""


class Opened:
    """The page in a browser of its own, which computes in one way."""

    def __init__(self, playwright: Playwright, address: str, way: Way) -> None:
        self.way = way
        self.browser: Browser = playwright.chromium.launch(
            executable_path=pdf.browser(), args=["--no-sandbox"]
        )
        self.page = self.browser.new_page()
        if way == "JavaScript":
            self.page.add_init_script(WITHOUT_WEBASSEMBLY)
        self.asked = self.browser.new_browser_cdp_session()
        self.page.goto(address)
        finished(self.page, "")
        found = self.page.locator("#try-program").get_attribute("data-compiled")
        assert found == {"WebAssembly": "true", "JavaScript": "false"}[way]


def main() -> None:
    """Write the result and print it."""
    book, result = map(Path, sys.argv[1:])
    commit = environment.commit() or ""
    address = (book / "book" / "try_it.html").resolve().as_uri()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        ways = [Opened(playwright, address, way) for way in get_args(Way)]
        photographs = [one for size in SIZES for one in measure(ways, size, Path(folder))]
        times = PageTimes(
            machine=environment.machine(),
            workers=len(ways[0].page.workers),
            browser=f"Chromium {ways[0].browser.version.partition('.')[0]}",
            commit=commit,
            measured=datetime.now(UTC).date().isoformat(),
            photographs=tuple(photographs),
        )
        for one in ways:
            one.browser.close()
    store.write_json(result, times.model_dump())
    print(times.model_dump_json(indent=1))


def measure(ways: list[Opened], size: tuple[int, int], folder: Path) -> list[Photograph]:
    """Open a photograph of a size several times, in each way in turn."""
    file = folder / f"{size[0]}x{size[1]}.jpg"
    with Image.open(EXCERPT / PAPERS_IMAGE) as image:
        image.resize(size, Image.Resampling.BICUBIC).save(file, quality=90)
    took = [[opened(one, file) for one in ways] for _ in range(ROUNDS)]
    return [
        Photograph(
            width=size[0],
            height=size[1],
            milliseconds=tuple(clock for clock, _ in rounds),
            processor_seconds=tuple(processor for _, processor in rounds),
            way=one.way,
        )
        for one, rounds in zip(ways, zip(*took, strict=True), strict=True)
    ]


def opened(one: Opened, file: Path) -> tuple[float, float]:
    """Open a photograph, and return milliseconds on the clock and seconds of the processor."""
    before = one.page.locator("#try-program").get_attribute("data-shown") or ""
    start = processor_seconds(one.asked)
    one.page.set_input_files(".try-choose input", file)
    clock = finished(one.page, before)
    return clock, round(processor_seconds(one.asked) - start, 2)


def processor_seconds(asked: CDPSession) -> float:
    """Return what the pages' processes have taken so far."""
    processes = asked.send("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(one["cpuTime"] for one in processes if one["type"] == "renderer"))


def finished(page: Page, before: str) -> float:
    """Wait until another photograph is shown, and return how long it took, in milliseconds."""
    page.wait_for_function(
        "before => (document.querySelector('#try-program').dataset.shown ?? '') !== before",
        arg=before,
        timeout=LONGEST,
    )
    return round(float(page.evaluate("document.querySelector('#try-program').dataset.took")), 1)


if __name__ == "__main__":
    main()
