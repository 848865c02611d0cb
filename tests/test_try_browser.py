"""The page "Try it" in a real browser, opened from a disk: what it computes, says, and takes.

pytest tests/test_try_browser.py --book build/sample/book
"""

import base64
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.try_it import WITHOUT_WEBASSEMBLY
from reproduce import codec
from reproduce.book import try_it
from reproduce.codec import images
from reproduce.core.errors import CodecError
from reproduce.data.sources.excerpt import EXCERPT
from tests.test_browser import WIDTHS
from tests.test_codec_golden import FOLDER

pytestmark = pytest.mark.slow

PHOTOGRAPH = EXCERPT / list(try_it.EXAMPLES)[1]
GOLDEN = FOLDER / "chelsea-97x61.cae"

SHOWN = "document.querySelector('#try-program').dataset.shown"


@contextmanager
def opened(
    browser: Browser, book: Path, width: str = "desktop", device_scale_factor: float = 1
) -> Iterator[Page]:
    """The page with the example that is there from the start, and nothing else measured yet."""
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 900}, device_scale_factor=device_scale_factor
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.querySelector('#try-program')"
        ".addEventListener('coded', ({ detail }) => { globalThis.coded = detail; }))"
    )
    page.goto((book / f"{try_it.PAGE}.html").as_uri())
    page.wait_for_function(SHOWN)
    yield page
    assert faults == []
    context.close()


@pytest.fixture
def page(browser: Browser, book: Path) -> Iterator[Page]:
    with opened(browser, book) as page:
        yield page


def show(page: Page, file: Path | dict[str, Any]) -> None:
    """Open a file, and wait until what comes back is shown."""
    before = page.evaluate(SHOWN)
    page.set_input_files(".try-choose input", file)  # type: ignore[arg-type]
    page.wait_for_function(f"before => {SHOWN} !== before", arg=before)


def file_of(name: str, content: bytes) -> dict[str, Any]:
    """A file that a test makes up."""
    return {"name": name, "mimeType": "", "buffer": content}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def saved(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


def alert(page: Page, told: str) -> str:
    """What the page says is wrong, once that has these words in it."""
    place = page.get_by_role("alert")
    expect(place).to_contain_text(told)
    # And nothing goes on.
    assert page.locator("#try-program").get_attribute("aria-busy") is None
    for part in ("progress", ".try-cancel"):
        assert not page.locator(f"#try-program {part}").is_visible()
    return str(place.inner_text())


def coded(page: Page, what: str) -> Any:
    """What the page has made of its file."""
    return page.evaluate(f"(({{ file, latent, header }}) => Array.from({what}))(globalThis.coded)")


def levels(data: bytes) -> NDArray[np.int16]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).astype(np.int16)


def test_a_photograph_becomes_the_bytes_of_the_command_line(page: Page) -> None:
    show(page, PHOTOGRAPH)
    image = images.read_grey(PHOTOGRAPH)
    assert saved(page, "Save the file") == codec.compress(image)
    decoded = levels(saved(page, "as PNG"))
    assert np.abs(decoded - codec.decompress(codec.compress(image))).max() <= 1
    page.locator("#try-step").press("ArrowRight")
    page.wait_for_function("globalThis.coded.header.units === 32768")
    assert saved(page, "Save the file") == codec.compress(image, 0.5)


def profile_of_other_colours() -> bytes:
    """A colour profile by which red is shown as green, and green as red."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, green = plain.index(b"rXYZ"), plain.index(b"gXYZ")
    swapped = bytearray(plain)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(swapped)


def drawn(page: Page, place: str) -> NDArray[np.int16]:
    """What is painted on the canvas of a part of the page, H x W x 4."""
    found = page.locator(f".try-{place} canvas").evaluate(
        "c => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(found[2:], np.int16).reshape(found[0], found[1], 4)


def test_each_example_is_shown_and_saved_as_the_photograph_that_it_names(page: Page) -> None:
    for name, title in reversed(try_it.EXAMPLES.items()):
        before = page.evaluate(SHOWN)
        page.get_by_role("button", name=title).click()
        page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
        file = EXCERPT / name
        assert np.array_equal(drawn(page, "left")[..., 0], images.read_grey(file))
        assert f"reproduce compress {file.name} " in page.locator(".try-command").inner_text()
        for button, suffix in (("Save the file", ".cae"), ("as PNG", ".png")):
            with page.expect_download() as download:
                page.get_by_role("button", name=button).click()
            assert download.value.suggested_filename == f"{file.stem}{suffix}"
    page.get_by_label("none", exact=True).check()
    trained = levels(Path(download.value.path()).read_bytes())
    expect(page.locator(".try-status")).not_to_have_text("Decoding …")
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    without = levels(saved(page, "as PNG"))
    assert np.abs(without - trained).mean() > 10, "saved is what is shown"
    assert np.array_equal(drawn(page, "right")[..., 0], without)


FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG, with a profile": ("jpg", "RGB", {"icc_profile": profile_of_other_colours()}),
    "PNG, with a profile": ("png", "RGB", {"icc_profile": profile_of_other_colours()}),
    "JPEG, 4:2:0": ("jpg", "RGB", {"quality": 80, "subsampling": "4:2:0"}),
    "JPEG, 4:4:4": ("jpg", "RGB", {"quality": 95, "subsampling": "4:4:4"}),
    "JPEG, progressive": ("jpg", "RGB", {"quality": 60, "progressive": True}),
    "JPEG, grey": ("jpg", "L", {"quality": 70}),
    "JPEG, CMYK": ("jpg", "CMYK", {"quality": 90}),
    "PNG": ("png", "RGB", {}),
    "PNG, grey": ("png", "L", {}),
    "PNG, palette": ("png", "P", {}),
    "PNG, transparent": ("png", "RGBA", {}),
    "PNG, grey and transparent": ("png", "LA", {}),
    "WebP, transparent": ("webp", "RGBA", {"lossless": True}),
    "GIF": ("gif", "P", {}),
    "WebP": ("webp", "RGB", {"quality": 80}),
    "WebP, lossless": ("webp", "RGB", {"lossless": True}),
    "AVIF": ("avif", "RGB", {"quality": 80}),
}
"""How a photograph is saved: a file's ending, the colours, and what Pillow is told."""


def test_photographs_of_all_formats_are_read_as_pillow_reads_them(
    page: Page, tmp_path: Path
) -> None:
    page.locator("#try-step").press("Home")  # so fine that a grey level more shows in the bytes
    with Image.open(PHOTOGRAPH) as image:
        photograph = image.convert("RGB").crop((100, 100, 173, 161))
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    differing = []
    for name, (ending, mode, told) in {
        **FORMATS,
        "JPEG, on its side": ("jpg", "RGB", {"quality": 80, "exif": turned}),
    }.items():
        file = tmp_path / f"photograph.{ending}"
        saved_as, is_clear = photograph.convert(mode), mode.endswith("A")
        if is_clear:  # wholly, and half of it: what is half transparent comes to other levels
            saved_as.putalpha(saved_as.getchannel(0).point(lambda level: 255 * (level > 143)))
        saved_as.save(file, **told)
        show(page, file)
        if saved(page, "Save the file") != codec.compress(images.read_grey(file), 1 / 64):
            differing.append(name)
        assert page.locator(".try-notes").is_visible() == is_clear
    assert differing == []


def test_nothing_shows_through_what_is_transparent_far_down(page: Page, tmp_path: Path) -> None:
    """A photograph is read in strips of 256 rows: white is behind each."""
    tall = Image.new("RGBA", (20, 600), (10, 20, 30, 255))
    tall.paste((0, 0, 0, 0), (0, 256, 20, 600))
    tall.save(tmp_path / "tall.png")
    show(page, tmp_path / "tall.png")
    expected = codec.compress(images.read_grey(tmp_path / "tall.png"))
    assert saved(page, "Save the file") == expected


def test_what_is_asked_for_while_another_step_is_decoded_waits_for_it(page: Page) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 1000), dtype=np.uint8)
    show(page, file_of("large.png", png(Image.fromarray(noise))))
    before = page.evaluate(SHOWN)
    page.evaluate("""() => {
        const slider = document.querySelector("#try-step");
        slider.value = "0";
        slider.dispatchEvent(new Event("change"));
    }""")
    button = page.get_by_role("button", name="as PNG")
    page.wait_for_function("document.querySelector('.try-save-picture').disabled")
    page.get_by_label("latent", exact=True).check()
    page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
    expect(page.locator(".try-name-right")).to_have_text("latent")
    expect(button).to_be_enabled()


def test_it_computes_in_webassembly_and_without_any_to_the_same(
    browser: Browser, book: Path, page: Page
) -> None:
    with browser.new_context() as context:
        other = context.new_page()
        other.add_init_script(WITHOUT_WEBASSEMBLY)
        other.goto((book / f"{try_it.PAGE}.html").as_uri())
        other.wait_for_function(SHOWN)
        for one, is_compiled in ((page, "true"), (other, "false")):
            show(one, PHOTOGRAPH)
            assert one.locator("#try-program").get_attribute("data-compiled") == is_compiled
            told = one.locator(".try-status").inner_text()
            assert told.endswith("s without WebAssembly.") == (is_compiled == "false")
            image = images.read_grey(PHOTOGRAPH)
            assert saved(one, "Save the file") == codec.compress(image)
        assert saved(page, "as PNG") == saved(other, "as PNG")


def test_a_file_of_the_command_line_has_the_same_latent_here(page: Page) -> None:
    show(page, GOLDEN)
    header, latent = codec.shipped().decode_latent(GOLDEN.read_bytes())
    found = np.array(coded(page, "latent.values")).reshape(latent.shape)
    assert np.array_equal(found / header.step, latent)
    assert saved(page, "Save the file") == GOLDEN.read_bytes()
    expected = levels(GOLDEN.with_suffix(".png").read_bytes())
    assert np.abs(levels(saved(page, "as PNG")) - expected).max() <= 1
    assert page.locator("#try-step").is_disabled()
    assert "needs the original" in page.locator(".try-table").inner_text()


OPEN = """() => {
    const part = (selector) => document.querySelector(`#try-program ${selector}`);
    const off = (value) => part(`[name=try-against][value=${value}]`).disabled;
    return {
        step: [part("#try-step").disabled, part("#try-step").value],
        stepSaid: part(".try-step output").value,
        against: part("[name=try-against]:checked").value,
        off: ["model", "jpeg", "difference", "latent"].filter(off),
        left: [part(".try-name-left").textContent, part(".try-left canvas").ariaLabel],
        seen: [".try-notes", ".try-plot", ".try-attention", ".try-opacity", "progress",
            ".try-cancel", ".try-measure"].filter((name) => part(name).getClientRects().length),
        form: part(".try-frame").style.aspectRatio,
        movable: part(".try-frame").classList.contains("try-movable"),
    };
}"""
"""What the page has to see and to set, after a file is opened."""


def test_a_file_and_a_photograph_each_have_what_can_be_seen_and_set_of_them(page: Page) -> None:
    photograph: dict[str, Any] = {
        "step": [False, "-1"],
        "stepSaid": "1/2",
        "against": "difference",
        "off": [],
        "left": ["original", "The original"],
        "seen": [".try-notes", ".try-plot", ".try-attention", ".try-opacity"],
        "form": "60 / 80",
        "movable": False,
    }
    compressed = {
        "step": [True, "-6"],
        "stepSaid": "1/64",
        "against": "latent",
        "off": ["jpeg", "difference"],
        "left": ["model", "What the model gives back"],
        "seen": [".try-attention", ".try-opacity"],
        "form": "97 / 61",
        "movable": False,
    }
    page.get_by_label("|difference|").check()
    page.locator(".try-frame").press("+")
    page.locator("#try-step").press("ArrowRight")
    page.wait_for_function("globalThis.coded.header.units === 32768")
    assert page.evaluate(OPEN)["movable"], "of the same photograph the same part stays in sight"
    clear = file_of("clear.png", png(Image.new("RGBA", (60, 80), (10, 200, 30, 128))))
    for file, expected in (
        (clear, photograph),
        (GOLDEN, compressed),
        (GOLDEN, {**compressed, "movable": True}),
        (clear, photograph),
    ):
        show(page, file)
        assert page.evaluate(OPEN) == expected
        assert page.locator(".try-choose input").input_value() == "", "so it can be chosen again"
        page.locator(".try-frame").press("+")


def test_what_is_chosen_between_two_photographs_stays_chosen(page: Page) -> None:
    one, other = (file_of(f"{grey}.png", png(Image.new("L", (20, 16), grey))) for grey in (90, 160))
    show(page, GOLDEN)
    show(page, one)
    page.get_by_label("|difference|").check()
    before = page.evaluate(SHOWN)
    page.locator("#try-step").press("ArrowLeft")
    page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
    step = page.locator("#try-step").input_value()
    assert step == "-3"
    show(page, other)
    assert page.locator("#try-step").input_value() == step
    assert page.get_by_label("|difference|").is_checked()


def test_the_header_is_shown_byte_by_byte(page: Page) -> None:
    show(page, GOLDEN)
    shown = "".join(page.locator(".try-header code").all_inner_texts()).replace(" ", "")
    assert bytes.fromhex(shown) == GOLDEN.read_bytes()[:30]
    assert "97" in page.locator(".try-header").inner_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-3],
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: data[:5] + b"\7" + data[6:],
        lambda data: b"\x89CAE\5" + data[5:],
    ],
)
def test_a_damaged_file_is_refused_in_the_words_of_the_command_line(page: Page, damage) -> None:
    data = damage(GOLDEN.read_bytes())
    page.set_input_files(".try-choose input", file_of("damaged.cae", data))  # type: ignore[arg-type]
    with pytest.raises(CodecError) as told:
        codec.decompress(data)
    assert alert(page, str(told.value)) == f"Not possible: {told.value}."
    show(page, GOLDEN)  # and the page goes on
    assert not page.locator(".try-error").is_visible()


def test_what_is_no_photograph_and_what_is_too_large_is_told(page: Page) -> None:
    large = file_of("large.png", png(Image.new("L", (6001, 4000))))
    for file, told in (
        (
            file_of("words.txt", b"words"),
            "neither a compressed image nor one that this browser can",
        ),
        (file_of("nothing.jpg", b""), "the file is empty"),
        (large, "6001x4000 pixels: this page takes at most 24,000,000 in all"),
    ):
        page.set_input_files(".try-choose input", file)  # type: ignore[arg-type]
        assert alert(page, told).startswith("Not possible: ")


def test_what_goes_wrong_otherwise_is_told_too(page: Page) -> None:
    page.evaluate("""() => {
        CanvasRenderingContext2D.prototype.getImageData = () => { throw new Error("no memory"); };
    }""")
    page.set_input_files(".try-choose input", PHOTOGRAPH)
    assert alert(page, "no memory") == "Something went wrong: no memory."


def test_the_smallest_image_comes_through(page: Page) -> None:
    page.get_by_label("|difference|").check()
    show(page, file_of("dot.png", png(Image.new("L", (1, 1), 200))))
    expect(page.locator(".try-status")).to_contain_text("1 × 1 pixels")
    table = page.locator(".try-table")
    expect(table).to_contain_text("no JPEG is that small")
    # Neither name nor colours of the picture before stay with one that isn't there.
    expect(page.locator(".try-legend-name")).to_have_text("|difference|")
    page.get_by_label("JPEG, same bytes").check()
    expect(page.locator(".try-name-right")).to_have_text("JPEG: none")
    expect(page.locator(".try-right canvas")).to_have_attribute("aria-label", "JPEG: none")
    expect(page.locator(".try-legend")).to_be_hidden()


def test_nothing_leaves_the_page(browser: Browser, site: str) -> None:
    """Once it is there, it asks for nothing: not even of the server that it came from."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(f"{site}/{try_it.PAGE}.html", wait_until="networkidle")
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    assert all(url.startswith((f"{site}/", "blob:", "data:")) for url in asked)
    asked.clear()
    show(page, PHOTOGRAPH)
    saved(page, "as PNG")
    page.get_by_label("none", exact=True).check()
    page.wait_for_timeout(500)
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == []
    page.close()


def test_all_of_it_can_be_done_by_keyboard_alone(page: Page) -> None:
    focus = "document.activeElement.closest('label, button, .try-frame')?.textContent.trim()"
    reached: list[str] = []

    def tab_to(text: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.append(str(page.evaluate(focus)))
            if text in reached[-1]:
                return
        raise AssertionError(f"{text} is not reached: {reached}")

    page.locator(".bd-article h1").click()
    tab_to("Choose a photograph")
    tab_to("A leaf with rust")
    before = page.evaluate(SHOWN)
    page.keyboard.press("Enter")
    page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "try-step":
            break
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("globalThis.coded.header.units === 8192")
    tab_to("as trained")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("its mean everywhere").is_checked()
    tab_to("model")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("JPEG, same bytes").is_checked()
    tab_to("original")
    page.keyboard.press("+")
    moved = page.locator(".try-left canvas").get_attribute("style")
    page.keyboard.press("ArrowRight")
    assert page.locator(".try-left canvas").get_attribute("style") != moved
    tab_to("Divider")
    page.keyboard.press("End")
    place = "getComputedStyle(document.querySelector('.try-frame')).getPropertyValue('--try-place')"
    assert page.evaluate(place) == "100%"
    tab_to("Attention map")
    page.keyboard.press("End")
    assert page.locator(".try-map").evaluate("map => map.style.opacity") == "1"
    tab_to("Save the file")


def test_each_slider_says_what_it_stands_for(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    sliders = page.locator("#try-program input[type=range]:visible")
    heard = set()
    for number in range(sliders.count()):
        slider = sliders.nth(number)
        for key in ("Home", "ArrowRight", "End"):
            slider.press(key)
            name, place = slider.get_attribute("aria-valuetext"), slider.input_value()
            assert name not in (None, "", place)
            heard.add((number, name))
            if slider.get_attribute("id") == "try-step":
                assert name == page.locator(".try-step output").inner_text()
    assert len(heard) == 3 * sliders.count() > 3


def test_the_legend_is_of_the_colours_that_are_seen(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    legend, opacity = page.locator(".try-legend"), page.locator(".try-opacity input")

    def ends() -> list[float]:
        parts = ("least", "greatest")
        return [float(page.locator(f".try-legend-{part}").inner_text()) for part in parts]

    found = {}
    for value, name in (("difference", "|difference|"), ("latent", "latent"), ("jpeg", "")):
        page.locator(f"[name=try-against][value={value}]").check()
        opacity.press("Home")
        if not name:  # in grey, which needs none
            expect(legend).to_be_hidden()
        else:
            expect(page.locator(".try-legend-name")).to_have_text(name)
            found[name] = ends()
        opacity.press("End")
        expect(page.locator(".try-legend-name")).to_have_text("attention map")
        found["attention map"] = ends()
    assert found["attention map"][1] <= 1 < found["latent"][1] < found["|difference|"][1]
    assert found["|difference|"][0] == found["latent"][0] == 0


def test_each_picture_is_what_its_names_say(page: Page) -> None:
    show(page, PHOTOGRAPH)
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    canvas, image = page.locator(".try-right canvas"), images.read_grey(PHOTOGRAPH)
    back = np.array(coded(page, "file"), np.uint8).tobytes()
    _, latent = codec.shipped().decode_latent(back)
    off = {}
    for value, name, label, size in (
        ("model", "model", "What the model gives back", image.shape),
        ("jpeg", "JPEG", "JPEG of no more bytes", image.shape),
        ("difference", "|difference|", r"The difference in colours, to \d+\.\d", image.shape),
        ("latent", "latent", r"The latent in colours, to \d+\.\d", latent.shape[:2]),
    ):
        page.locator(f"[name=try-against][value={value}]").check()
        assert page.locator(".try-name-right").inner_text() == name
        assert re.fullmatch(label, str(canvas.get_attribute("aria-label")))
        painted = drawn(page, "right")
        assert painted.shape[:2] == size
        is_grey = np.ptp(painted[..., :3], axis=-1).max() == 0
        assert is_grey == (value in ("model", "jpeg"))
        if is_grey:
            off[value] = painted[..., 0] - image
    assert np.abs(off["model"] - (codec.decompress(back).astype(int) - image)).max() <= 1
    assert np.square(off["jpeg"]).mean() > 0
    assert not np.array_equal(off["jpeg"], off["model"])
    map_over, scale = drawn(page, "map"), drawn(page, "legend")
    assert map_over.shape == (*latent.shape[:2], 4)
    colours = np.frombuffer(base64.b64decode(try_it.data()["colours"]), np.uint8).reshape(-1, 3)
    assert np.array_equal(scale[0, :, :3], colours)
    ends = [(map_over[..., :3] == colour).all(axis=-1).any() for colour in colours[[0, -1]]]
    assert ends == [True, True], "from its least to its greatest"


def test_what_is_dragged_over_the_page_is_awaited_and_never_opened_by_the_browser(
    page: Page,
) -> None:
    program = page.locator("#try-program")
    for event, is_over, is_taken in (
        ("dragover", True, True),
        ("dragleave", False, False),
        ("dragover", True, True),
        ("drop", False, True),
    ):
        taken = program.evaluate(
            "(root, name) => !root.dispatchEvent(new DragEvent(name, { cancelable: true,"
            " dataTransfer: new DataTransfer() }))",
            event,
        )
        is_marked = "try-over" in str(program.get_attribute("class"))
        assert (event, is_marked, taken) == (event, is_over, is_taken)


def test_a_photograph_can_be_dropped_and_pasted(page: Page) -> None:
    transfer = """() => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(globalThis.given), (c) => c.charCodeAt(0));
        data.items.add(new File([bytes], 'given.png', { type: 'image/png' }));
        return data;
    }"""
    drop = "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"
    paste = "new ClipboardEvent('paste', { clipboardData: data, bubbles: true })"
    # What is pasted comes wherever the reader is on the page.
    for width, place, event in ((30, "#try-program", drop), (40, "body", paste)):
        content = try_it.text_of(png(Image.new("L", (width, 20), 90)))
        page.evaluate(f"globalThis.given = '{content}'")
        page.evaluate(
            f"() => {{ const data = ({transfer})();"
            f" document.querySelector('{place}').dispatchEvent({event}); }}"
        )
        expect(page.locator(".try-status")).to_contain_text(f"{width} × 20 pixels")
        assert page.locator(".try-command").inner_text().startswith("reproduce compress given.")


def test_both_pictures_are_enlarged_and_moved_as_one(page: Page) -> None:
    # What is said of the attention moves the pictures down when it comes.
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    frame = page.locator(".try-frame")
    frame.scroll_into_view_if_needed()
    page.get_by_role("button", name="Larger").click()
    box = frame.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, box["y"] + 150)
    page.mouse.up()
    places = page.evaluate(
        "[...document.querySelectorAll('.try-frame canvas')].map(c => c.style.cssText)"
    )
    assert len(places) == 3
    assert len(set(places)) == 1
    assert "translate(0px, 0px)" not in places[0]
    page.get_by_role("button", name="Whole").click()
    assert "translate(0px, 0px)" in str(page.locator(".try-left canvas").get_attribute("style"))


def sight(page: Page) -> NDArray[np.float64]:
    """How many pixels of the screen a pixel takes, and where the pictures' corner is, x and y."""
    found = page.locator(".try-left canvas").evaluate(
        "c => { const { e, f } = new DOMMatrix(c.style.transform);"
        " return [parseFloat(c.style.width) / c.width, e, f]; }"
    )
    return np.array(found)


@pytest.fixture(scope="module")
def phone(browser: Browser, book: Path) -> Iterator[Page]:
    """The page at a width at which a photograph is smaller than its pixels are many."""
    with opened(browser, book, "phone") as page:
        # What is said of the attention moves the pictures down when it comes.
        page.wait_for_function("document.querySelector('#try-program').dataset.all", timeout=90_000)
        yield page


@pytest.fixture
def frame(phone: Page) -> Locator:
    """The frame of the pictures, which are shown whole."""
    phone.keyboard.up("Control")  # as a test may leave it that fails
    frame = phone.locator(".try-frame")
    frame.scroll_into_view_if_needed()
    frame.press("0")
    return frame


def box_of(part: Locator) -> tuple[float, float, float, float]:
    box = part.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_buttons_and_keys_set_the_size_of_the_pictures(phone: Page, frame: Locator) -> None:
    whole = sight(phone)[0]
    assert whole == pytest.approx(box_of(frame)[2] / 500, abs=0.01)
    steps = (
        ("Pixel by pixel", "1", [1.0]),
        ("Larger", "+", [2.0, 4.0]),
        ("Smaller", "-", [2.0]),
        ("Whole", "0", [whole]),
        ("Larger", "=", [min(32, whole * 2**times) for times in range(1, 8)]),
        ("Smaller", "-", [max(whole, 32 / 2**times) for times in range(1, 8)]),
    )
    for by_key in (False, True):
        for button, key, expected in steps:
            for zoom in expected:
                if by_key:
                    frame.press(key)
                else:
                    phone.get_by_role("button", name=button).click()
                assert sight(phone)[0] == pytest.approx(zoom), (button, by_key)
                assert phone.locator(".try-zoom-said").inner_text() == f"{round(100 * zoom)} %"
                assert ("try-movable" in str(frame.get_attribute("class"))) == (zoom > whole)
                enlarged = phone.locator(".try-frame canvas.try-enlarged").count()
                assert enlarged == (3 if zoom > 1.5 else 0)
                if zoom == 32:  # at which it stays, and so does what is seen
                    there = sight(phone)
                    frame.press("+")
                    assert sight(phone).tolist() == there.tolist()


def test_pixel_by_pixel_means_those_of_the_screen(browser: Browser, book: Path) -> None:
    with opened(browser, book, "phone", device_scale_factor=1.25) as page:
        page.get_by_role("button", name="Pixel by pixel").click()
        assert sight(page)[0] == pytest.approx(1 / 1.25)
        assert page.locator(".try-zoom-said").inner_text() == "100 %"


def test_arrow_keys_move_the_pictures_as_far_as_they_go_and_then_the_page(
    phone: Page, frame: Locator
) -> None:
    frame.press("1")
    frame.press("+")
    place = phone.evaluate("scrollY")
    for key, moved in (
        ("ArrowRight", (-40, 0)),
        ("ArrowDown", (0, -40)),
        ("ArrowLeft", (40, 0)),
        ("ArrowUp", (0, 40)),
        ("Control+ArrowRight", (0, 0)),
        ("Control+1", (0, 0)),
    ):
        before = sight(phone)
        frame.press(key)
        assert tuple(sight(phone) - before) == pytest.approx((0, *moved), abs=0.1), key
    for key, ends in (("ArrowRight", 1), ("ArrowDown", 2)):
        for _ in range(20):
            frame.press(key)
        side = frame.evaluate("f => [f.clientWidth, f.clientHeight]")[ends - 1]
        assert sight(phone)[ends] == pytest.approx(side - 1000, abs=0.1)
    for _ in range(30):
        frame.press("ArrowUp")
    assert sight(phone)[2] == 0
    assert phone.evaluate("scrollY") == place
    frame.press("0")
    frame.press("ArrowDown")
    phone.wait_for_function("place => scrollY > place", arg=place)


def test_what_is_pointed_at_stays_where_it_is_when_it_is_enlarged(
    phone: Page, frame: Locator
) -> None:
    left, top, wide, high = box_of(frame)
    x, y = 0.3 * wide, 0.6 * high
    phone.mouse.move(left + x, top + y)

    def act(deed: Callable[[], None], times: float) -> None:
        zoom, *corner = sight(phone)
        deed()
        phone.wait_for_function(
            "was => parseFloat(document.querySelector('.try-left canvas').style.width) !== was",
            arg=500 * zoom,
        )
        now, *moved = sight(phone)
        assert now / zoom == pytest.approx(times, rel=1e-3)
        before, after = ((np.array((x, y)) - at) / by for at, by in ((corner, zoom), (moved, now)))
        np.testing.assert_allclose(after, before, atol=1.5)

    act(lambda: phone.mouse.dblclick(left + x, top + y), 2)
    act(lambda: phone.mouse.dblclick(left + x, top + y), 2)
    phone.keyboard.down("Control")
    act(lambda: phone.mouse.wheel(0, -50), 1.2)
    act(lambda: phone.mouse.wheel(0, 50), 1 / 1.2)
    phone.keyboard.up("Control")


def test_the_divider_follows_the_pointer_until_it_is_let_go(phone: Page, frame: Locator) -> None:
    left, top, wide, high = box_of(frame)
    slider = phone.locator(".try-divider input")

    def to(share: float) -> tuple[float, float]:
        return left + share * wide, top + high / 2

    def assert_at(share: float) -> None:
        place = frame.evaluate("f => parseFloat(f.style.getPropertyValue('--try-place'))")
        assert place == pytest.approx(100 * share, abs=1)
        assert slider.get_attribute("aria-valuetext") == f"{round(place)} % of the width"

    mouse = phone.mouse
    mouse.move(*to(0.25))
    mouse.down()
    assert_at(0.25)
    mouse.move(*to(0.6))
    assert_at(0.6)
    mouse.move(*to(1.01))  # beyond the pictures
    assert_at(1)
    mouse.up()
    mouse.move(*to(0.3))
    assert_at(1)
    mouse.down(button="right")
    mouse.move(*to(0.4))
    assert_at(1)
    mouse.up(button="right")
    mouse.down()
    frame.dispatch_event("pointercancel")  # a browser's own gesture
    mouse.move(*to(0.7))
    assert_at(0.4)
    mouse.up()
    frame.press("+")
    before = tuple(sight(phone))
    mouse.move(*to(0.4))  # at the divider, which is moved as before
    mouse.down()
    mouse.move(*to(0.5))
    mouse.up()
    assert_at(0.5)
    assert tuple(sight(phone)) == before


def test_pictures_that_are_shown_whole_stay_so_when_the_window_changes(
    phone: Page, frame: Locator
) -> None:
    before = sight(phone)[0]
    phone.set_viewport_size({"width": 330, "height": 900})
    phone.wait_for_function(
        "was => parseFloat(document.querySelector('.try-left canvas').style.width) < was",
        arg=500 * before - 20,
    )
    assert sight(phone)[0] == pytest.approx(box_of(frame)[2] / 500, abs=0.01)
    phone.set_viewport_size({"width": WIDTHS["phone"], "height": 900})


def test_the_wheel_scrolls_the_page_and_enlarges_the_pictures_only_with_ctrl(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    zoom = page.locator(".try-zoom-said")
    page.locator(".try-frame").hover()
    whole, place = zoom.inner_text(), page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    page.wait_for_function("place => scrollY > place", arg=place)
    assert zoom.inner_text() == whole
    page.locator(".try-frame").hover()
    place = page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    expect(zoom).not_to_have_text(whole)
    assert page.evaluate("scrollY") == place


def test_what_is_said_twice_is_the_same(page: Page) -> None:
    all_of_it = f"document.querySelector('#try-program').dataset.all === {SHOWN}"

    def said() -> list[str]:
        """Bytes, bits per pixel and PSNR, as they stand above and in the table."""
        page.wait_for_function(all_of_it)
        above = [page.locator(f".try-{part}").inner_text() for part in ("bytes", "bpp", "psnr")]
        assert page.locator(".try-table tbody tr").first.locator("td").all_inner_texts() == above
        return above

    told = [said()]
    for name in ("its mean everywhere", "none", "as trained"):
        before = page.evaluate(SHOWN)
        page.locator(".try-attention").get_by_label(name, exact=True).check()
        page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
        told.append(said())
    assert told[0] == told[-1]
    assert len({psnr for _, _, psnr in told}) == 3
    page.locator("#try-step").press("ArrowRight")
    page.wait_for_function("globalThis.coded.header.units === 32768")
    assert said()[0] != told[0][0]
    assert "--step 0.5" in page.locator(".try-command").inner_text()


def test_the_jpeg_files_and_all_that_is_said_of_them_belong_to_the_step(page: Page) -> None:
    found = []
    for step, key in (("1/4", ""), ("1/2", "ArrowRight")):
        if key:
            before = page.evaluate(SHOWN)
            page.locator("#try-step").press(key)
            page.wait_for_function(f"before => {SHOWN} !== before", arg=before)
        page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
        rows = page.locator(".try-table tbody tr").all()
        names = [row.get_by_role("rowheader").inner_text() for row in rows]
        assert names[0] == "the model’s .cae file"
        for name, kind in zip(names[1:], ("of no more bytes", "of no lower PSNR"), strict=True):
            assert re.fullmatch(rf"JPEG {kind} \(quality \d+\)", name)
        cells = [row.locator("td").all_inner_texts() for row in rows]
        (size, own), (less, gained), (small, least) = (
            (int(cell[0].replace(",", "")), float(cell[2])) for cell in cells
        )
        assert less <= size
        assert least >= own
        found.append((less, small))
        verdict = page.locator(".try-verdict").inner_text()
        said = re.search(r"JPEG is ([\d.]+) dB (better|worse)", verdict)
        assert said is not None
        assert float(said[1]) == pytest.approx(abs(gained - own), abs=0.011)
        assert (said[2] == "better") == (gained > own)
        plot = str(page.locator(".try-plot svg").get_attribute("aria-label"))
        now = f"At step {step}: {cells[0][1]} bits per pixel, {cells[0][2]} dB. "
        assert plot.startswith(f"PSNR against bits per pixel. {now}The model on this photograph f")
        assert " JPEG on it from " in plot
        at = "dot => ['cx', 'cy'].map((name) => dot.getAttribute(name)).join()"
        dots = [dot.evaluate(at) for dot in page.locator(".try-plot .try-dot.try-of-model").all()]
        assert page.locator(".try-plot .try-now").evaluate(at) in dots
    assert found[0] != found[1]
    page.get_by_label("none", exact=True).check()
    expect(page.locator(".try-verdict")).to_have_text("")  # it is about what was trained


def places_of(page: Page, points: list[tuple[float, float]]) -> list[list[float]]:
    """Where the plot has points of so many bits per pixel and so much PSNR, by its own ticks."""
    ticks = page.locator(".try-plot .try-tick").evaluate_all(
        "all => all.map(t => [t.getAttribute('text-anchor'), +t.textContent, +t.getAttribute('x'),"
        " +t.getAttribute('y') - 4])"
    )
    rates = np.array(
        [[np.log(text), x] for kind, text, x, _ in ticks if kind == "middle" and text > 0]
    )
    values = np.array([[text, y] for kind, text, _, y in ticks if kind == "end"])
    to_x, at_x = np.polyfit(rates[:, 0], rates[:, 1], 1)
    to_y, at_y = np.polyfit(values[:, 0], values[:, 1], 1)
    shown = sorted(point for point in points if 0.05 <= point[0] <= 8)
    return [[to_x * np.log(rate) + at_x, to_y * psnr + at_y] for rate, psnr in shown]


def test_each_curve_of_the_plot_is_drawn_where_its_numbers_are(page: Page) -> None:
    show(page, PHOTOGRAPH)
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    image = images.read_grey(PHOTOGRAPH)
    own = []
    for step in (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2):
        file = codec.compress(image, step)
        error = np.mean((codec.decompress(file).astype(float) - image) ** 2)
        own.append((8 * len(file) / image.size, 10 * np.log10(255**2 / error)))
    means = {
        name: [(point["bpp"], point["psnr"]) for point in points]
        for name, points in try_it.data()["curves"].items()
    }
    for curve, expected in (
        (".try-of-model.try-mean", means["model"]),
        (".try-of-jpeg.try-mean", means["jpeg"]),
        (".try-of-model:not(.try-mean)", own),
    ):
        drawn = page.locator(f".try-plot polyline{curve}").get_attribute("points")
        found = np.array([float(number) for number in re.split(r"[ ,]", str(drawn))]).reshape(-1, 2)
        # A level more or less of what comes back is a tenth of a pixel.
        np.testing.assert_allclose(found, places_of(page, expected), atol=0.3, err_msg=curve)
    told = str(page.locator(".try-plot svg").get_attribute("aria-label"))
    (ends,) = re.findall(
        r"The model on this photograph from ([\d.]+) bits per pixel and \S+ dB to ([\d.]+) and",
        told,
    )
    assert ends == tuple(f"{rate:.3f}" for rate, _ in (min(own), max(own)))


def test_a_point_of_the_photograph_before_is_none_of_the_next_one(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000), dtype=np.uint8)
    show(
        page, file_of("large.png", png(Image.fromarray(noise)))
    )  # not all of it is measured unasked
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    assert page.locator(".try-plot circle.try-of-model").count() == 1
    assert page.locator(".try-plot circle.try-of-jpeg").count() == 0


def test_a_large_photograph_is_measured_when_it_is_asked_for(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    button, cancel = page.locator(".try-measure"), page.locator(".try-cancel")
    assert not button.is_visible()
    noise = np.random.default_rng(0).integers(0, 256, (1001, 1200), dtype=np.uint8)
    show(page, file_of("large.png", png(Image.fromarray(noise))))
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    assert "Without any" not in page.locator(".try-finding").inner_text()
    button.click()
    expect(page.locator(".try-status")).to_have_text("Measuring …")
    assert cancel.is_visible()
    expect(cancel).to_be_hidden(timeout=60_000)
    assert "Without any" in page.locator(".try-finding").inner_text()
    assert page.locator(".try-plot .try-dot.try-of-jpeg").count() > 3
    assert not button.is_visible()


def test_what_is_said_of_the_attention_is_what_was_measured(page: Page) -> None:
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    psnrs = []
    for name in ("as trained", "its mean everywhere", "none"):
        page.locator(".try-attention").get_by_label(name, exact=True).check()
        psnrs.append(page.locator(".try-psnr").inner_text())
    finding = page.locator(".try-finding").inner_text()
    assert f"gives {psnrs[1]} dB, the map {psnrs[0]} dB" in finding
    # The difference is that of the numbers before they are rounded.
    worth = re.search(r"is worth (−?[\d.]+) dB", finding)
    assert worth is not None
    difference = float(psnrs[0]) - float(psnrs[1])
    assert abs(float(worth[1].replace("−", "-")) - difference) < 0.011
    assert f"Without any, {psnrs[2]} dB" in finding


def test_another_attention_in_between_keeps_no_comparison_from_being_made(page: Page) -> None:
    show(page, PHOTOGRAPH)
    for name in ("none", "as trained"):
        page.locator(".try-attention").get_by_label(name, exact=True).check()
    page.wait_for_function(f"document.querySelector('#try-program').dataset.all === {SHOWN}")
    assert "no lower PSNR" in page.locator(".try-table").inner_text()
    assert page.locator(".try-plot circle.try-of-model").count() == 8


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_axe_finds_no_fault_whatever_is_shown(
    browser: Browser,
    book: Path,
    width: str,
    theme: Any,
) -> None:
    viewport = {"width": WIDTHS[width], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page.goto((book / f"{try_it.PAGE}.html").as_uri())
    page.wait_for_function("document.querySelector('#try-program').dataset.all")
    page.get_by_label("|difference|").check()
    page.locator(".try-opacity input").press("End")
    assert page.locator(".try-legend").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    faults = Axe().run(page).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["target"]) for fault in faults] == []
    page.close()


@pytest.mark.parametrize("part", [".try-command", ".try-frame"])
def test_what_scrolls_keeps_its_tab_stop_from_before_it_has_anything_to_scroll(
    page: Page, part: str
) -> None:
    # The theme's script asks at the start, and again whenever the window changes its size.
    page.locator(f"{part}").evaluate("element => { element.replaceChildren(); }")
    page.evaluate("dispatchEvent(new Event('resize'))")
    page.wait_for_timeout(500)
    assert page.locator(part).get_attribute("tabindex") == "0"


def test_what_may_differ_from_the_command_line_is_told(page: Page) -> None:
    clear = Image.new("RGBA", (20, 20), (10, 200, 30, 128))
    deep = Image.fromarray(np.full((20, 20), 30_000, np.uint16))
    for image, told in ((clear, "stands on white"), (deep, "16 bits")):
        show(page, file_of("some.png", png(image)))
        expect(page.locator(".try-notes")).to_contain_text(told)
    show(page, PHOTOGRAPH)
    assert not page.locator(".try-notes").is_visible()


def test_a_browser_that_adds_noise_to_what_is_read_is_found_out(page: Page) -> None:
    page.evaluate("""() => {
        const read = CanvasRenderingContext2D.prototype.getImageData;
        CanvasRenderingContext2D.prototype.getImageData = function (...told) {
            const found = read.apply(this, told);
            found.data[4] ^= 1;
            return found;
        };
    }""")
    show(page, PHOTOGRAPH)
    expect(page.locator(".try-notes")).to_contain_text("changes pixels that pages read")


def test_a_browser_without_workers_is_told_of(browser: Browser, book: Path) -> None:
    page = browser.new_page()
    page.add_init_script(
        "globalThis.Worker = class { constructor() { throw new Error('none'); } };"
    )
    page.goto((book / f"{try_it.PAGE}.html").as_uri())
    assert alert(page, "starts none").startswith("This page computes in workers")
    page.close()


def test_a_long_work_shows_how_far_it_is_and_can_be_cancelled(page: Page) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000), dtype=np.uint8)
    large = file_of("large.png", png(Image.fromarray(noise)))
    page.set_input_files(".try-choose input", large)  # type: ignore[arg-type]
    # Its value may still be that of the example.
    expect(page.locator("#try-program progress")).to_be_visible()
    page.wait_for_function("document.querySelector('#try-program progress').value > 0")
    program = page.locator("#try-program")
    expect(program).to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".try-status")).to_have_text("Cancelled.")
    assert program.get_attribute("aria-busy") is None
    assert not page.locator("#try-program progress").is_visible()
    assert page.locator(".try-result").evaluate("result => result.inert"), "it is of the last one"
    show(page, GOLDEN)
    expect(page.locator(".try-status")).to_contain_text("97 × 61")
    assert program.get_attribute("aria-busy") is None


def test_a_step_that_is_cancelled_leaves_no_file_to_save_beside_the_numbers_of_another(
    page: Page,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000), dtype=np.uint8)
    show(page, file_of("large.png", png(Image.fromarray(noise))))
    result = page.locator(".try-result")
    page.evaluate("""() => {
        const slider = document.querySelector('#try-step');
        slider.value = -1;
        slider.dispatchEvent(new Event('change'));
    }""")
    expect(page.locator(".try-status")).to_have_text("Decoding …")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".try-status")).to_have_text("Cancelled.")
    assert result.evaluate("result => result.inert")
    show(page, PHOTOGRAPH)
    assert not result.evaluate("result => result.inert")


def test_without_javascript_and_in_print_there_are_a_picture_and_the_command_line(
    browser: Browser,
    book: Path,
    page: Page,
) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto((book / f"{try_it.PAGE}.html").as_uri())
    assert not page.locator(".try-static").is_visible()
    page.emulate_media(media="print")
    for one in (plain, page):
        assert one.locator(".try-static img").is_visible()
        assert "reproduce compress" in one.locator(".try-static pre").inner_text()
        assert not one.locator("#try-program").is_visible()
    context.close()


def test_memory_stays_flat_over_twenty_photographs(page: Page) -> None:
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        session.send("HeapProfiler.collectGarbage")
        return float(session.send("Runtime.getHeapUsage")["usedSize"])

    used = []
    for number in range(20):
        levels = np.random.default_rng(number).integers(0, 256, (300, 400), dtype=np.uint8)
        show(page, file_of(f"{number}.png", png(Image.fromarray(levels))))
        used.append(heap())
    assert max(used[10:]) < max(used[:10]) + 3e6
    assert len(page.workers) <= 4
