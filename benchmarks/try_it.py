"""Measure how long the page "Try it" takes for photographs of 0.25, 3 and 12 megapixels.

    python -m benchmarks.try_it build/sample/book results/try-it.json

The photographs are the paper's, enlarged, as JPEG files. Each is opened several times, in Chromium,
on the page as a reader opens it from a disk.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright

from reproduce.book import pdf
from reproduce.core import environment, store
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.results.excerpt import PAPERS_IMAGE
from reproduce.results.page_times import PageTimes, Photograph

SIZES = ((500, 500), (2000, 1500), (4000, 3000))
ROUNDS = 3
LONGEST = 600_000
"""Milliseconds that one photograph may take."""


def main() -> None:
    """Write the result and print it."""
    book, result = map(Path, sys.argv[1:])
    commit = environment.commit() or ""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=pdf.browser(), args=["--no-sandbox"])
        page = browser.new_page()
        asked = browser.new_browser_cdp_session()
        page.goto((book / "book" / "try_it.html").resolve().as_uri())
        finished(page, "")
        photographs = [measure(page, asked, size, Path(folder)) for size in SIZES]
        times = PageTimes(
            machine=environment.machine(),
            workers=len(page.workers),
            browser=f"Chromium {browser.version.partition('.')[0]}",
            commit=commit,
            measured=datetime.now(UTC).date().isoformat(),
            photographs=tuple(photographs),
        )
        browser.close()
    store.write_json(result, times.model_dump())
    print(times.model_dump_json(indent=1))


def measure(page: Page, asked: CDPSession, size: tuple[int, int], folder: Path) -> Photograph:
    """Open a photograph of a size several times."""
    file = folder / f"{size[0]}x{size[1]}.jpg"
    with Image.open(EXCERPT / PAPERS_IMAGE) as image:
        image.resize(size, Image.Resampling.BICUBIC).save(file, quality=90)
    clock, processor = [], []
    for _ in range(ROUNDS):
        before = page.locator("#try-program").get_attribute("data-shown") or ""
        start = processor_seconds(asked)
        page.set_input_files(".try-choose input", file)
        clock.append(finished(page, before))
        processor.append(round(processor_seconds(asked) - start, 2))
    return Photograph(
        width=size[0],
        height=size[1],
        milliseconds=tuple(clock),
        processor_seconds=tuple(processor),
    )


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
