"""The pages in a real browser: what they load, say, show and do, at three widths, light and dark.

    pytest tests/test_browser.py --book build/sample/book

It takes Chromium as the system has it (Debian: `apt install chromium`); without one, or without
`--book`, it is skipped.
"""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests import screenshot

pytestmark = pytest.mark.slow

WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTHS["desktop"], "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def addresses(book: Path) -> list[str]:
    pages = [path for path in book.rglob("*.html") if "_static" not in path.parts]
    return sorted(path.relative_to(book).as_posix() for path in pages)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_loads_whole_from_here_alone_and_fits_its_width(
    browser: Browser, site: str, book: Path, width: str, theme: Any
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    context = browser.new_context(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    # What was still under way when the next page was asked for has not failed.
    page.on(
        "requestfailed",
        lambda request: (
            None
            if "ERR_ABORTED" in str(request.failure)
            else faults.append(f"failed: {request.url}")
        ),
    )
    page.on("request", lambda asked: faults.append(asked.url) if outside(asked.url) else None)

    def outside(url: str) -> bool:
        return not url.startswith((site, "data:", "blob:"))

    for address in addresses(book):
        page.goto(f"{site}/{address}", wait_until="load")
        blank = page.evaluate(
            "[...document.images].filter(i => i.loading !== 'lazy' && i.getClientRects().length"
            " && !i.naturalWidth).map(i => i.src)"
        )
        faults += [f"blank: {source}" for source in blank]
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if beyond > 0:
            faults.append(f"{beyond} pixels beyond the width")
        assert faults == [], address
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_photographs_keep_their_grey_levels_and_plots_turn_light_on_dark(
    browser: Browser, site: str, theme: Any
) -> None:
    page = browser.new_page(color_scheme=theme)
    for address, selector in (
        ("notebooks/results", "img.photograph"),
        ("notebooks/training", ".cell_output img"),
        ("book/figures", "img.photograph"),
        ("book/figures", "img.plot"),
    ):
        page.goto(f"{site}/{address}.html")
        filters = page.evaluate(
            f"[...document.querySelectorAll('.bd-article {selector}')]"
            ".map(i => getComputedStyle(i).filter)"
        )
        assert filters
        turned = theme == "dark" and selector != "img.photograph"
        expected = "invert" if turned else "none"
        assert all(found.startswith(expected) for found in filters), (address, filters)
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_picture_is_stretched(browser: Browser, site: str, book: Path, width: str) -> None:
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 900})
    for address in addresses(book):
        page.goto(f"{site}/{address}")
        forms = page.evaluate(
            "[...document.querySelectorAll('.bd-article img')].filter(i => i.width)"
            ".map(i => [i.width, i.height, ...['width', 'height'].map(n => +i.getAttribute(n))])"
        )
        for wide, high, natural_width, natural_height in forms:
            assert abs(wide * natural_height / natural_width - high) <= 1, address
    page.close()


def test_no_code_of_a_page_is_cut_off_on_a_desktop(page: Page, site: str, book: Path) -> None:
    """What is folded isn't seen, and sources of modules are written for 100 columns."""
    cut: list[str] = []
    for address in addresses(book):
        if not address.startswith("source/"):
            page.goto(f"{site}/{address}")
            cut += page.evaluate(
                "[...document.querySelectorAll('.bd-article pre')]"
                ".filter(code => code.scrollWidth > code.clientWidth + 1)"
                ".map(code => location.pathname + ': ' + code.textContent.slice(0, 60))"
            )
    assert cut == []


def test_a_small_picture_leads_to_the_figure(page: Page, site: str) -> None:
    page.goto(f"{site}/book/figures.html")
    page.locator("li", has_text="Figure 8 of the paper").locator("img").click()
    page.wait_for_url("**/notebooks/results.html#figure-8")


def test_a_slider_compares_pictures_by_keyboard_and_by_mouse(page: Page, site: str) -> None:
    page.goto(f"{site}/index.html")
    slider = page.locator(".compare input")
    place = "getComputedStyle(document.querySelector('.compare')).getPropertyValue('--place')"
    assert page.evaluate(place) == "50%"
    slider.press("ArrowRight")
    assert page.evaluate(place) == "51%"
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    assert 20 <= float(page.evaluate(place).rstrip("%")) <= 30
    page.get_by_role("button", name="JPEG, same bytes").click()
    assert page.locator(".compare .name-after").inner_text() == "JPEG, same bytes"
    assert "JPEG" in str(slider.get_attribute("aria-label"))


def pressed(group: Locator) -> list[str]:
    """The names of those buttons of a group that are said to be pressed."""
    buttons = group.get_by_role("button")
    states = [button.get_attribute("aria-pressed") for button in buttons.all()]
    assert set(states) <= {"true", "false"}
    pairs = zip(buttons.all_inner_texts(), states, strict=True)
    return [name for name, state in pairs if state == "true"]


def test_what_is_compared_is_named_and_is_the_part_of_the_picture_that_has_its_name(
    page: Page, site: str
) -> None:
    for address, others in (
        ("index.html", ["autoencoder", "JPEG, same bytes"]),
        ("notebooks/results.html", ["reconstruction"]),
    ):
        page.goto(f"{site}/{address}")
        box, slider = page.locator(".compare").first, page.locator(".compare input").first
        group = page.get_by_role("group", name="Compare original with")
        assert group.count() == (len(others) > 1), "where there is a choice"
        assert not page.locator("img.before-after").first.is_visible()
        natural = page.locator("img.before-after").first.evaluate(
            "i => i.naturalWidth / i.naturalHeight"
        )
        form = box.evaluate("b => b.clientWidth / b.clientHeight")
        assert form == pytest.approx(natural / (1 + len(others)), rel=0.01)
        for number, name in enumerate(others, 1):
            if number > 1:
                group.get_by_role("button", name=name).click()
            assert box.locator(".name-before").inner_text() == "original"
            assert box.locator(".name-after").inner_text() == name
            said = f"Share of original shown before {name}, in per cent"
            assert slider.get_attribute("aria-label") == said
            place = "layer => parseFloat(getComputedStyle(layer).backgroundPositionX)"
            places = [box.locator(f".{layer}").evaluate(place) for layer in ("before", "after")]
            assert places == [0, 100 * number / len(others)]
            if len(others) > 1:
                assert pressed(group) == [name]


OVERLAYS = ("figure-9", "figure-13")


def test_an_overlay_lets_the_photograph_through_by_mouse_keyboard_and_choice(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/notebooks/results.html")
    for name, what in zip(OVERLAYS, ("difference", "attention map"), strict=True):
        photograph = page.locator(f"#{name} .photograph-over")
        opacity = "photograph => Number(getComputedStyle(photograph).opacity)"
        slider = page.get_by_role("slider", name=f"Opacity of the {what} over the original")
        assert photograph.evaluate(opacity) == 0, "at first the picture is as it was drawn"
        slider.press("Home")
        assert photograph.evaluate(opacity) == 1
        slider.press("ArrowRight")
        assert photograph.evaluate(opacity) == pytest.approx(0.99)
        assert slider.get_attribute("aria-valuetext") == "1 %"
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
        assert photograph.evaluate(opacity) == pytest.approx(0.25, abs=0.06)
        source = "photograph => getComputedStyle(photograph).backgroundImage"
        before = photograph.evaluate(source)
        group = page.locator(f"#{name}").get_by_role("group", name=f"Lay the {what} over")
        assert pressed(group) == ["original"]
        group.get_by_role("button", name="reconstruction").click()
        assert pressed(group) == ["reconstruction"]
        assert photograph.evaluate(source) != before
        assert page.get_by_label(f"Opacity of the {what} over the reconstruction").count() == 1


def pixels_of(part: Locator) -> NDArray[np.int16]:
    """What a part of a page looks like, H x W x 3."""
    return np.asarray(Image.open(io.BytesIO(part.screenshot())).convert("RGB"), np.int16)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_overlay_lies_on_what_it_is_laid_over(browser: Browser, site: str, width: str) -> None:
    """At opacity 0 the photograph alone is seen: none of the colours' rims, and nothing beyond."""
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]
    page.goto(f"{site}/notebooks/results.html")
    for name in OVERLAYS:
        picture = page.locator(f"#{name} .laid-over")

        slider = page.locator(f"#{name} .opacity input")
        slider.press("End")
        drawn = pixels_of(picture)
        slider.press("Home")
        seen = pixels_of(picture)
        moved = np.abs(seen - drawn).max(axis=-1) > 6
        rows, columns = (np.flatnonzero(moved.mean(axis=axis) > 0.2) for axis in (1, 0))
        within = seen[rows[0] + 2 : rows[-1] - 2, columns[0] + 2 : columns[-1] - 2]
        assert np.ptp(within, axis=-1).max() <= 2, f"colours are left in {name}"
        moved[rows[0] - 1 : rows[-1] + 2, columns[0] - 1 : columns[-1] + 2] = False
        assert not moved.any(), f"{name} is covered beyond its image"
    page.close()


def test_a_finger_moves_the_opacity(browser: Browser, site: str) -> None:
    viewport = {"width": WIDTHS["phone"], "height": 900}
    context = browser.new_context(viewport=viewport, has_touch=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site}/notebooks/results.html")
    slider = page.locator("#figure-9 .opacity input")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert 15 <= int(slider.input_value()) <= 35
    context.close()


def test_without_javascript_and_in_print_an_overlay_is_its_picture_alone(
    plain: Page, page: Page, site: str
) -> None:
    plain.goto(f"{site}/notebooks/results.html")
    page.goto(f"{site}/notebooks/results.html")
    for name in OVERLAYS:
        assert plain.locator(f"#{name} img").is_visible()
        page.locator(f"#{name} .opacity input").press("Home")
    assert plain.locator(".opacity").count() == 0
    page.emulate_media(media="print")
    for name in OVERLAYS:
        assert page.locator(f"#{name} img").is_visible()
        for part in (".photograph-over", ".opacity", ".compare-with"):
            assert not page.locator(f"#{name} {part}").is_visible(), part


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_the_strips_of_the_report_stand_below_their_numbers_and_can_be_read(
    browser: Browser, site: str, width: str, theme: Any
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{site}/notebooks/reproduction_report.html")
    strips = page.evaluate(
        """[...document.querySelectorAll('svg.strip')].map(strip => {
            const cell = strip.closest('td');
            const style = getComputedStyle(cell);
            const numbers = [...strip.querySelectorAll('text')];
            const [own, all] = [strip.getBoundingClientRect(), cell.getBoundingClientRect()];
            return {
                indent: own.left - all.left - parseFloat(style.paddingLeft),
                beyond: own.right - all.right,
                heights: numbers.map(text => text.getBoundingClientRect().height),
                colours: numbers.map(text => getComputedStyle(text).fill),
                text: style.color,
            };
        })"""
    )
    assert len(strips) > 10
    for strip in strips:
        assert abs(strip["indent"]) < 2, "beside its number"
        assert strip["beyond"] <= 0
        assert min(strip["heights"]) > 11
        assert set(strip["colours"]) == {strip["text"]}
    page.close()


def test_code_is_folded_until_it_is_asked_for(page: Page, site: str) -> None:
    page.goto(f"{site}/notebooks/results.html")
    cell = page.locator(".bd-article .cell_input").first
    assert not cell.is_visible()
    page.get_by_role("button", name="Show code").click()
    assert cell.is_visible()
    page.get_by_role("button", name="Hide code").click()
    assert not cell.is_visible()


def test_the_page_is_folded_before_it_is_seen_and_its_parts_have_names(
    page: Page, site: str
) -> None:
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { globalThis.folded ="
        " document.documentElement.classList.contains('code-hidden'); }, { capture: true })"
    )
    for address, count in (("notebooks/results", 1), ("book/glossary", 0)):
        page.goto(f"{site}/{address}.html")
        assert page.evaluate("folded")
        assert page.locator("button.code-toggle + h1").count() == count, "where there is code"
        assert page.locator("button.code-toggle").count() == count
        assert page.get_by_role("navigation", name="Book", exact=True).count() == 1


def test_a_head_of_the_gallery_sorts_its_table(page: Page, site: str) -> None:
    page.goto(f"{site}/notebooks/gallery.html")
    table = page.locator("table#gallery-ratio")

    def ratios() -> list[float]:
        return [float(cell) for cell in table.locator("tbody td:nth-child(2)").all_inner_texts()]

    def arrow() -> str:
        """What stands after the head's words."""
        found: str = head.evaluate("head => getComputedStyle(head, '::after').content")
        return found.strip('" ')

    before = ratios()
    assert before != sorted(before)
    head = table.get_by_role("button").nth(1)
    assert arrow() == "↕"
    head.click()
    assert (ratios(), arrow()) == (sorted(before), "↑")
    head.click()
    assert (ratios(), arrow()) == (sorted(before, reverse=True), "↓")
    table.get_by_role("button").nth(2).click()
    assert table.locator("th[aria-sort]").count() == 1


def test_what_is_no_number_sorts_last_and_infinity_above_all_numbers(page: Page, site: str) -> None:
    page.goto(f"{site}/notebooks/gallery.html")
    cells = page.locator("table#gallery-ratio tbody td:nth-child(2)")
    for place, text in [(0, "–"), (2, "∞"), (4, "–")]:
        cells.nth(place).evaluate("(cell, text) => { cell.textContent = text; }", text)
    head = page.locator("table#gallery-ratio").get_by_role("button").nth(1)
    for last in (["∞", "–", "–"], ["–", "–"]):
        head.click()
        shown = cells.all_inner_texts()
        assert shown[-len(last) :] == last
        numbers = [float(cell.replace("∞", "inf")) for cell in shown[:-2]]
        assert numbers == sorted(numbers, reverse=len(last) == 2)


def test_a_picture_opens_large_by_mouse_and_keyboard_and_closes_again(
    page: Page, site: str
) -> None:
    for address, selector, times in (
        ("results", "#figure-7 img", 3),
        ("training", "figure img:not(.photograph)", 1),
    ):
        page.goto(f"{site}/notebooks/{address}.html")
        picture = page.locator(selector).first
        natural = picture.evaluate("picture => picture.naturalWidth")
        picture.click()
        large = page.locator("dialog.zoomed img")
        assert large.evaluate("picture => picture.clientWidth") == times * natural
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)  # the page is told a moment later
        picture.press("Enter")
        assert large.is_visible()
        page.get_by_role("button", name="Close").click()
        expect(page.locator("dialog")).to_have_count(0)


def test_an_enlarged_picture_is_the_one_that_was_chosen_and_gives_the_focus_back(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/notebooks/results.html")
    picture = page.locator("#figure-7 img")
    alt, address = str(picture.get_attribute("alt")), page.url
    dialog = page.get_by_role("dialog", name=f"Enlarged: {alt}")
    source = "picture => picture.src"
    assert picture.evaluate("picture => getComputedStyle(picture).cursor") == "zoom-in"
    assert page.get_by_role("button", name=f"Enlarge: {alt}").count() == 1
    page.evaluate("addEventListener('keydown', (e) => { globalThis.taken = e.defaultPrevented; })")
    for key in ("Enter", " "):
        picture.focus()
        page.keyboard.press("x")
        assert dialog.count() == 0
        page.keyboard.press(key)
        assert page.evaluate("taken"), "else the page would scroll as well"
        large = dialog.locator("img")
        assert large.evaluate(source) == picture.evaluate(source)
        assert large.get_attribute("alt") == alt
        assert "photograph" in str(large.get_attribute("class"))
        frame = dialog.locator("div")
        assert frame.get_attribute("tabindex") == "0"
        frame.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('dialog div').scrollLeft > 0")
        if key == "Enter":
            page.keyboard.press("Escape")
        else:
            large.click(position={"x": 200, "y": 100})
        expect(dialog).to_have_count(0)
        assert picture.evaluate("picture => picture === document.activeElement")
        assert page.url == address


def test_a_table_is_a_stop_of_the_tab_key_while_it_is_wider_than_its_page(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/notebooks/gallery.html")
    wide = (
        "[...document.querySelectorAll('.pst-scrollable-table-container')]"
        ".map(frame => frame.scrollWidth > frame.clientWidth)"
    )
    stops = wide.replace("frame.scrollWidth > frame.clientWidth", "frame.tabIndex === 0")
    seen = set()
    for width in (1280, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"String({stops}) === String({wide})")
        seen |= {(width, is_wide) for is_wide in page.evaluate(wide)}
    assert {(390, True), (1280, False)} <= seen
    # Heads are buttons where the caption says so, and nowhere else.
    page.goto(f"{site}/notebooks/results.html")
    assert page.locator("table").count() > 0
    assert page.locator("table button.sort").count() == 0


RATES = "notebooks/rate_distortion.html"


def curves_of(page: Page, name: str) -> list[dict[str, Any]]:
    """The curves that a plot tells of."""
    told = json.loads(page.locator(f"#{name} script.points").text_content() or "")
    curves: list[dict[str, Any]] = told["curves"]
    return curves


def place_of(page: Page, name: str, point: dict[str, Any]) -> tuple[float, float]:
    """Where a point of a plot is on the screen."""
    picture = page.locator(f"#{name} .plot img")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    return box["x"] + point["x"] * box["width"], box["y"] + point["y"] * box["height"]


def alone(curves: list[dict[str, Any]]) -> dict[str, Any]:
    """The point of a plot that is farthest from all others."""
    points = [point for curve in curves for point in curve["points"]]
    places = np.array([(point["x"], point["y"]) for point in points])
    distances = np.hypot(*(places[:, np.newaxis] - places).transpose(2, 0, 1))
    np.fill_diagonal(distances, np.inf)
    found: dict[str, Any] = points[int(distances.min(axis=1).argmax())]
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_plot_says_what_the_point_near_the_pointer_is(
    browser: Browser, site: str, width: str, theme: Any
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    for address, name in ((RATES, "rd-beans"), ("notebooks/training.html", "training-curve")):
        page.goto(f"{site}/{address}")
        label, mark = (page.locator(f"#{name} .plot-{part}") for part in ("label", "mark"))
        assert not label.is_visible()
        point = alone(curves_of(page, name))
        x, y = place_of(page, name, point)
        page.mouse.move(x + 4, y - 3)
        assert label.inner_text() == point["text"]
        box, marked = label.bounding_box(), mark.bounding_box()
        assert box is not None
        assert marked is not None
        assert marked["x"] + marked["width"] / 2 == pytest.approx(x, abs=1)
        assert marked["y"] + marked["height"] / 2 == pytest.approx(y, abs=1)
        assert 0 <= box["x"] <= box["x"] + box["width"] <= WIDTHS[width]
        assert not box["y"] <= y <= box["y"] + box["height"], "the label hides its point"
        # All of the picture is its image: padding would move the points.
        assert page.locator(f"#{name} .plot img").evaluate(
            "i => ['padding', 'borderWidth'].map(n => getComputedStyle(i)[n])"
        ) == ["0px", "0px"]
        page.keyboard.press("Escape")
        assert not label.is_visible()
        page.mouse.move(x + 5, y)
        assert label.is_visible()
        page.mouse.move(2, 2)
        assert not label.is_visible()
    page.close()


@pytest.mark.parametrize("name", ["rate_distortion/rd-beans", "training/training-curve"])
def test_each_point_of_a_plot_says_what_it_is_where_it_is(page: Page, site: str, name: str) -> None:
    chapter, figure = name.split("/")
    page.goto(f"{site}/notebooks/{chapter}.html")
    points = [point for curve in curves_of(page, figure) for point in curve["points"]]
    places = np.array([place_of(page, figure, point) for point in points])
    label = page.locator(f"#{figure} .plot-label")
    for place in places:
        page.mouse.move(*place)
        here = np.flatnonzero(np.hypot(*(places - place).T) < 1)
        assert label.inner_text() in {points[number]["text"] for number in here}


def test_a_click_on_a_point_shows_its_crop_and_elsewhere_opens_the_plot_large(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/{RATES}")
    curves = curves_of(page, "rd-beans")
    shown, dialog = page.locator("#rd-beans .plot-crop"), page.locator("dialog.zoomed")
    point = alone(curves)
    page.mouse.click(*place_of(page, "rd-beans", point))
    assert shown.count() == 2
    original, crop = shown.all_inner_texts()
    assert original == "original"
    assert re.fullmatch(r"(nearest crop: )?[^:]+: [\d,]+ bytes, .* dB PSNR", crop)
    assert point["text"].partition(",")[0] in crop
    page.wait_for_function(
        "[...document.querySelectorAll('#rd-beans canvas')].every(c => c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 < 3 && v))"
    )
    drawn = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()"
    pixels = [canvas.evaluate(drawn) for canvas in page.locator("#rd-beans canvas").all()]
    assert pixels[0] != pixels[1]
    assert dialog.count() == 0
    page.mouse.click(*place_of(page, "rd-beans", {"x": 0.01, "y": 0.01}))
    assert dialog.count() == 1
    page.keyboard.press("Escape")
    page.goto(f"{site}/notebooks/training.html")  # whose points have no crops
    page.mouse.click(*place_of(page, "training-curve", alone(curves_of(page, "training-curve"))))
    assert dialog.count() == 1


def test_the_points_of_a_plot_are_one_stop_of_the_tab_key_and_arrows_go_along_a_curve(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/{RATES}")
    first, second, *_ = (curve["points"] for curve in curves_of(page, "rd-beans"))
    label, slider = page.locator("#rd-beans .plot-label"), page.locator("#rd-beans .plot-slider")
    page.locator("#rd-beans .plot img").focus()
    page.keyboard.press("Tab")
    for key, point in (
        ("", first[0]),
        ("ArrowRight", first[1]),
        ("ArrowDown", second[1]),
        ("ArrowRight", second[2]),
        ("ArrowLeft", second[1]),
        ("ArrowUp", first[1]),
        ("End", first[-1]),
    ):
        if key:
            page.keyboard.press(key)
        assert slider.evaluate("slider => slider === document.activeElement")
        assert label.inner_text() == slider.get_attribute("aria-valuetext") == point["text"]
    crop = page.locator("#rd-beans .plot-crop").nth(1)
    page.keyboard.press("Home")
    for point, text in ((first[0], "autoencoder, step 1:"), (first[1], "nearest crop: autoenc")):
        assert label.inner_text() == point["text"]
        page.keyboard.press("Enter")
        assert crop.inner_text().startswith(text)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert not page.locator("#rd-beans").evaluate(
        "figure => figure.querySelector('.plot').contains(document.activeElement)"
    )
    assert not label.is_visible()


def test_each_curve_of_a_plot_is_reached_by_keyboard_to_its_last_point(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/{RATES}")
    curves = [curve["points"] for curve in curves_of(page, "rd-beans")]
    slider = page.locator("#rd-beans .plot-slider")
    slider.focus()
    page.keyboard.press("ArrowUp")  # from the first to the last
    assert slider.get_attribute("aria-valuetext") == curves[-1][0]["text"]
    for points in curves:
        page.keyboard.press("ArrowDown")
        page.keyboard.press("End")
        assert slider.get_attribute("aria-valuetext") == points[-1]["text"]
    page.keyboard.press(" ")
    crops = page.locator("#rd-beans .plot-crops")
    assert crops.get_attribute("aria-live") == "polite"
    texts = crops.locator("p").all_inner_texts()
    for text in texts:
        assert crops.get_by_role("img", name=f"Crop: {text}").count() == 1
    assert len(texts) == 2


def test_arrow_keys_go_on_from_the_point_that_was_pointed_at(page: Page, site: str) -> None:
    page.goto(f"{site}/{RATES}")
    curves = [curve["points"] for curve in curves_of(page, "rd-beans")]
    longest = max(curves, key=len)
    assert len(longest) > len(curves[0]), "at which the slider stands from the start"
    page.mouse.move(*place_of(page, "rd-beans", longest[-1]))
    slider = page.locator("#rd-beans .plot-slider")
    assert slider.input_value() == str(len(longest) - 1)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == longest[-2]["text"]


def test_a_plot_shows_nothing_once_the_pointer_leaves_its_points(page: Page, site: str) -> None:
    for address, name, has_crops in (
        (RATES, "rd-beans", True),
        ("notebooks/training.html", "training-curve", False),
    ):
        page.goto(f"{site}/{address}")
        hint = page.locator(f"#{name} .plot-hint").inner_text()
        assert hint.startswith("Point at a curve, or tap it, for its numbers")
        assert ("click a point to see a photograph" in hint) == has_crops
        parts = [page.locator(f"#{name} .plot-{part}") for part in ("label", "mark")]
        box = page.locator(f"#{name} .plot")
        for away in ({"x": 0.01, "y": 0.01}, {"x": -1, "y": -1}):
            page.mouse.move(*place_of(page, name, alone(curves_of(page, name))))
            assert [part.is_visible() for part in parts] == [True, True]
            marked = "plot-shows-crop" in str(box.get_attribute("class"))
            assert marked == has_crops, "the pointer says whether there is a crop"
            page.mouse.move(*place_of(page, name, away))
            assert [part.is_visible() for part in parts] == [False, False]
            assert "plot-shows-crop" not in str(box.get_attribute("class"))


def test_a_finger_sees_what_a_point_is_first_and_then_opens_the_plot(
    browser: Browser, site: str
) -> None:
    viewport = {"width": WIDTHS["phone"], "height": 900}
    context = browser.new_context(viewport=viewport, has_touch=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site}/notebooks/training.html")
    point = alone(curves_of(page, "training-curve"))
    x, y = place_of(page, "training-curve", point)
    label = page.locator("#training-curve .plot-label")
    for _ in range(2):
        page.touchscreen.tap(x, y)
        assert label.is_visible()
        assert label.inner_text() == point["text"]
        assert page.locator("dialog").count() == 0
        # A tap elsewhere takes it away, so that the next one shows it anew.
        page.locator("#training-curve .plot-hint").tap()
        assert not label.is_visible()
    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    assert page.locator("dialog.zoomed").count() == 1
    assert not label.is_visible()
    context.close()


@pytest.mark.parametrize(("width", "theme"), [("phone", "dark"), ("desktop", "light")])
def test_axe_finds_no_fault_in_a_plot_that_shows_a_point_and_a_crop(
    browser: Browser, site: str, width: str, theme: Any
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{site}/{RATES}")
    page.locator("#rd-beans .plot-slider").focus()
    page.keyboard.press("Enter")
    assert page.locator("#rd-beans .plot-label").is_visible()
    page.locator("#rd-beans .plot-crop").nth(1).wait_for()
    page.wait_for_timeout(500)
    faults = Axe().run(page, context="#rd-beans").response["violations"]
    assert [(fault["id"], fault["nodes"][0]["target"]) for fault in faults] == []
    page.close()


def test_without_javascript_and_in_print_a_plot_is_its_picture_alone(
    plain: Page, page: Page, site: str
) -> None:
    plain.goto(f"{site}/{RATES}")
    assert plain.locator("#rd-beans img").is_visible()
    assert "bits per pixel, " not in plain.locator("#rd-beans").inner_text()
    page.goto(f"{site}/{RATES}")
    page.locator("#rd-beans .plot-slider").focus()
    page.keyboard.press("Enter")
    page.emulate_media(media="print")
    assert page.locator("#rd-beans img").is_visible()
    for part in ("label", "mark", "hint", "crops", "slider"):
        assert not page.locator(f"#rd-beans .plot-{part}").is_visible(), part


def test_the_first_screen_of_each_chapter_shows_content(page: Page, site: str, book: Path) -> None:
    for address in addresses(book / "notebooks"):
        page.goto(f"{site}/notebooks/{address}")
        heading = page.locator(".bd-article h2").first.bounding_box()
        assert heading is not None
        assert heading["y"] < 800, address


def test_the_search_finds_a_page(page: Page, site: str) -> None:
    page.goto(f"{site}/search.html?q=mid-grey")
    page.locator("#search-results li").nth(2).wait_for(timeout=10_000)


@pytest.mark.parametrize("number", ["1295", "1,295"])
def test_the_search_finds_a_number_with_and_without_its_comma(
    page: Page, site: str, number: str
) -> None:
    page.goto(f"{site}/search.html?q={number}")
    # The results come one after the other.
    page.locator("#search-results li", has_text="The dataset").first.wait_for(timeout=10_000)


def test_the_search_quotes_the_page_and_not_the_menu_beside_it(page: Page, site: str) -> None:
    page.goto(f"{site}/search.html?q=mid-grey")
    page.locator("#search-results .context").nth(2).wait_for(timeout=10_000)
    quoted = page.locator("#search-results .context").all_inner_texts()
    assert not [text for text in quoted if "The paper, reproduced" in text]


def test_a_printed_page_has_its_pictures_side_by_side_and_no_buttons(page: Page, site: str) -> None:
    page.goto(f"{site}/index.html")
    page.locator(".compare").wait_for()
    page.emulate_media(media="print")
    assert page.locator("img.before-after").is_visible()
    assert not page.locator(".compare").is_visible()
    assert not page.locator(".compare-with").is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_the_picture_in_the_readme_is_that_of_the_front_page(page: Page, site: str) -> None:
    """Roughly: fonts and the smoothing of edges differ from one machine to the next."""
    now, committed = (
        np.asarray(Image.open(file).convert("L").resize((64, 48)), np.float64)
        for file in (io.BytesIO(screenshot.take(page, f"{site}/index.html")), screenshot.PICTURE)
    )
    difference = float(np.sqrt(np.mean((now - committed) ** 2)))
    assert difference < 12, "run: python -m tests.screenshot build/sample/book"


@pytest.mark.parametrize(("width", "theme"), [("phone", "light"), ("desktop", "dark")])
def test_no_page_has_a_fault_that_axe_finds(
    browser: Browser, site: str, book: Path, width: str, theme: Any
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for address in addresses(book):
        page.goto(f"{site}/{address}", wait_until="load")
        faults = Axe().run(page).response["violations"]
        if faults:  # what is still being laid out or faded in is none
            page.wait_for_timeout(1500)
            faults = Axe().run(page).response["violations"]
        for fault in faults:
            places = [node["target"] for node in fault["nodes"]]
            found.setdefault(fault["id"], []).append(f"{address}: {len(places)}, {places[0]}")
    page.close()
    assert found == {}
