"""The README's picture of the book, taken in a browser.

    python -m tests.screenshot build/sample/book

writes `book/screenshot.png`; tests/test_browser.py compares it with the front page as it is.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from reproduce.book import pdf

PICTURE = Path(__file__).parents[1] / "book" / "screenshot.png"
VIEWPORT = {"width": 1280, "height": 960}


def take(page: Page, address: str) -> bytes:
    """Return the first screen of a front page as a PNG file, when its slider stands."""
    page.set_viewport_size(VIEWPORT)  # type: ignore[arg-type]
    page.goto(address, wait_until="load")
    page.locator(".compare").wait_for()
    return page.screenshot()


def main() -> None:
    """Take the picture of the book in the folder that is named."""
    front = (Path(sys.argv[1]) / "index.html").resolve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=pdf.browser(), args=["--no-sandbox"])
        PICTURE.write_bytes(take(browser.new_page(), front.as_uri()))
        browser.close()


if __name__ == "__main__":
    main()
