"""The Sphinx extension: minus signs, pictures of notebooks for prose, and what becomes of a page.

What it does to whole pages, such as tables that are called tables, is tested in test_pages.py.
"""

import base64
import json
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from PIL import Image

from reproduce.book import extension, figures, pages


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-0.006", "−0.006"),
        ("from -3 to -1.5 dB (-2)", "from −3 to −1.5 dB (−2)"),
        ("8-bit, AVX-512, 2026-11-26, 1e-05, seed-0", "8-bit, AVX-512, 2026-11-26, 1e-05, seed-0"),
        ("0.4–-0.2", "0.4–-0.2"),
    ],
)
def test_a_hyphen_before_a_number_of_its_own_is_a_minus(text: str, written: str) -> None:
    assert extension.NEGATIVE.sub("−", text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("images of 500 x 500 pixels", "images of 500 × 500 pixels"),
        ("N x H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉", "N × H × W × 1 to ⌈H/2⌉ × ⌈W/2⌉"),
        ("the unknown x is 3, x 64 bits", "the unknown x is 3, x 64 bits"),
    ],
)
def test_an_x_between_sizes_is_a_sign_of_times(text: str, written: str) -> None:
    assert extension.TIMES.sub(" × ", text) == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the 1,295 images", ["the", "1", "295", "images", "1295"]),
        ("10,000,000 of them", ["10", "000", "000", "of", "them", "10000000"]),
        ("seeds 1,2 or 3,1415", ["seeds", "1", "2", "or", "3", "1415"]),
    ],
)
def test_numbers_with_thousands_apart_are_found_as_they_are_typed(
    text: str, words: list[str]
) -> None:
    assert extension.WholeNumbers({}).split(text) == words


def test_named_pictures_of_notebooks_are_written_for_prose(tmp_path: Path) -> None:
    picture = base64.b64encode(b"\x89PNG, of a leaf").decode()
    cells = [nbformat.v4.new_code_cell("show()") for _ in range(3)]
    about = {"image/png": {"alt": "A leaf, -0.5 dB, in 52% of 3 x 3"}}
    for cell in cells[:2]:
        output = nbformat.v4.new_output("display_data", {"image/png": picture}, metadata=about)
        cell.outputs = [output]
    for cell, name in ((cells[0], "leaf"), (cells[2], "a-table")):
        cell.metadata["mystnb"] = {"figure": {"name": name, "caption": "What is seen."}}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "one.ipynb")
    extension.write_pictures(tmp_path)
    written = tmp_path / extension.PICTURES
    assert sorted(file.name for file in written.iterdir()) == ["leaf.alt", "leaf.png"]
    assert (written / "leaf.png").read_bytes() == b"\x89PNG, of a leaf"
    # A page that shows it has its alternative text, with true signs.
    document = new_document(str(tmp_path / "index.md"), get_default_settings(Parser))
    image = nodes.image(uri="pictures/leaf.png", alt="leaf.png")
    other = nodes.image(uri="drawings/leaf.png", alt="drawn")
    document += [nodes.figure("", image), nodes.figure("", other)]
    extension.ToldPictures(document).apply()
    assert image["alt"] == "A leaf, −0.5 dB, in 52\N{NO-BREAK SPACE}% of 3 × 3"
    assert other["alt"] == "drawn"


def test_a_small_picture_has_the_form_of_the_large_one_and_its_transparent_ground(
    tmp_path: Path,
) -> None:
    plot = Image.new("RGBA", (600, 300))  # transparent
    plot.paste("black", (300, 0, 600, 300))
    plot.save(tmp_path / "plot.png")
    figures.write_thumbnail(tmp_path / "plot.png", tmp_path / "small.webp")
    with Image.open(tmp_path / "small.webp") as small:
        assert small.size == (figures.THUMBNAIL, figures.THUMBNAIL // 2)
        left, right = (small.getpixel((place, 60)) for place in (30, 210))
    assert left[3] == 0  # type: ignore[index]
    assert right == (0, 0, 0, 255)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("52% of 0.5 %", "52\N{NO-BREAK SPACE}% of 0.5\N{NO-BREAK SPACE}%"),
        ("%matplotlib, %d%s", "%matplotlib, %d%s"),
    ],
)
def test_a_number_stands_apart_from_its_per_cent(text: str, written: str) -> None:
    assert extension.with_signs(text) == written


def test_a_picture_of_a_notebook_has_the_alternative_text_and_the_overlay_that_it_tells(
    tmp_path: Path,
) -> None:
    overlay = {"what": "difference", "over": {"original": "leaf"}, "box": [0.1, 0.2, 0.3, 0.4]}
    cell = nbformat.v4.new_code_cell("show()", metadata={"mystnb": {"figure": {"name": "map"}}})
    about = {"image/png": {"alt": "from -1 to 1", "overlay": overlay}}
    cell.outputs = [nbformat.v4.new_output("display_data", {"image/png": ""}, metadata=about)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "one.ipynb")
    document = new_document(str(tmp_path / "one.ipynb"), get_default_settings(Parser))
    image = nodes.image()
    document += nodes.figure("", image, names=["map"])
    extension.ToldPictures(document).apply()
    assert image["alt"] == "from −1 to 1"
    (script,) = document.findall(nodes.raw)
    assert script.astext().startswith('<script type="application/json" class="overlay">')
    assert json.loads(script.astext().partition(">")[2].removesuffix("</script>")) == overlay


def test_what_a_plot_tells_of_its_points_stands_in_its_figure_alone(tmp_path: Path) -> None:
    told = {"curves": [{"name": "a</script>", "points": [{"x": 0.1, "y": 0.2, "text": "1 < 2"}]}]}
    cells = [nbformat.v4.new_code_cell("plot()") for _ in range(2)]
    for cell, name, metadata in zip(
        cells, ("rates", "leaf"), ({"image/png": {"points": told}}, {}), strict=True
    ):
        output = nbformat.v4.new_output("execute_result", {"image/png": ""}, metadata=metadata)
        cell.outputs = [output]
        cell.metadata["mystnb"] = {"figure": {"name": name, "caption": "What is seen."}}
    file = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    assert extension.told_by(file) == {"rates": {"points": told}}
    document = new_document(str(file), get_default_settings(Parser))
    figures = [nodes.figure("", nodes.image(), names=[name]) for name in ("rates", "leaf")]
    document += figures
    extension.ToldPictures(document).apply()
    (script,) = document.findall(nodes.raw)
    assert script.parent is figures[0]
    text = script.astext().removeprefix('<script type="application/json" class="points">')
    assert "<" not in text.removesuffix("</script>")
    assert json.loads(text.removesuffix("</script>")) == told


PAGE = """
<title>The book &#8212; The book</title><meta name="viewport" content="a" /><meta name="viewport"
 content="b" /><link rel="preload" as="font" href="fa-brands.woff2" />
<script src="../_static/vendor/fontawesome/6/js/all.min.js?digest=1"></script>
<script defer="defer" src="../_static/mathjax/tex-chtml.js"></script>
<img alt="one" src="one.png" /><img alt="two" src="two.svg" /><img alt="other" src="no.png" />
<img alt="a | b" class="before-after" src="one.png" /><img alt="c" src="before-after.png" />
"""


def test_a_page_is_written_without_what_it_has_no_need_of(tmp_path: Path) -> None:
    Image.new("L", (30, 20)).save(tmp_path / "one.png")
    Image.new("L", (4, 3)).save(tmp_path / "before-after.png")
    (tmp_path / "two.svg").write_text('<svg viewBox="0 0 8.4 5"></svg>')
    written = pages.lighten(PAGE, tmp_path)
    assert "<title>The book</title>" in written
    assert written.count('name="viewport"') == 1
    assert "<script" not in written
    assert "preload" not in written
    assert '<img width="30" height="20" alt="one"' in written
    assert '<img width="8" height="5" loading="lazy" alt="two"' in written
    assert '<img alt="other"' in written
    assert '<img width="30" height="20" alt="a | b"' in written
    assert '<img width="4" height="3" loading="lazy" alt="c"' in written


def test_a_page_with_formulas_has_them_typeset(tmp_path: Path) -> None:
    written = pages.lighten(f'{PAGE}<span class="math">x</span>', tmp_path)
    assert written.count("<script") == 1
    assert "mathjax" in written


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("Purpose. " + "See it. " * 10, ("See it. " * 10).strip()),
        ("word " * 100, "word " * 38 + "word…"),
        ("Too short.", ""),
    ],
)
def test_a_page_is_described_by_its_first_paragraph(text: str, described: str) -> None:
    document = new_document("page")
    document += nodes.paragraph(text=text.strip())
    assert pages.description(document) == described


def test_a_page_is_described_by_prose_not_by_a_list_or_a_table() -> None:
    document = new_document("page")
    prose = "This paragraph is long enough to say what the page is about, in short."
    item = nodes.list_item("", nodes.paragraph(text=f"An entry. {prose}"))
    document += [nodes.bullet_list("", item), nodes.paragraph(text=prose)]
    assert pages.description(document) == prose
