"""The rendered book: every figure and table of the paper, no broken link, nothing from outside.

Runs on a book of the notebooks' stored outputs and, which is slow, on one made with tiny
parameters; or on the one that `--book` names.
"""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from numpy.typing import NDArray
from PIL import Image

from reproduce import cli
from reproduce.book import figures, pdf, repeats
from reproduce.book.notebook import Notebook
from reproduce.results import claims
from tests.test_download import RAW

ROOT = Path(__file__).parents[1]

NO_BREAK = "\N{NO-BREAK SPACE}"

CHAPTERS = {
    "dataset": [],
    "model": [6],
    "training": [],
    "results": [7, 8, 9, 10, 11, 12, 13],
    "compression_size": [14],
    "size_ratio": [],
}
PICTURES = [6, 7, 8, 9, 11, 13]
TABLES = {
    10: ["file of the original", "file of the reconstruction", "size ratio"],
    12: ["file of the original", "file of the latent, clip", "file of the latent, stretch"],
    14: ["test images", "mean size ratio", "standard deviation", "95 % interval"],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test look at the books that there are; to make one takes a tenth of `make test`."""
    if "book" in metafunc.fixturenames:
        names = ("stored_book", "tiny_book", "published_book")
        made = [pytest.param(name, marks=pytest.mark.slow) for name in names]
        given = metafunc.config.getoption("--book")
        metafunc.parametrize("book", [given] if given else made, indirect=True, scope="session")


@pytest.fixture(scope="session")
def book(request: pytest.FixtureRequest) -> Path:
    """The folder of the book's pages."""
    if isinstance(request.param, str):
        return request.getfixturevalue(request.param)
    folder = request.param.resolve()
    assert (folder / "index.html").is_file(), f"no book in {folder}"
    return folder


@cache
def read(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def pages(book: Path) -> list[Path]:
    found = sorted(book.rglob("*.html"))
    return [page for page in found if "_static" not in page.relative_to(book).parts]


def content(page: Path) -> Tag:
    article = read(page).find("article")
    assert isinstance(article, Tag), f"{page.name} has no content"
    return article


@cache
def left_out(book: Path) -> set[str]:
    """Ids and names of the cells that the book lacks, for they would repeat the record."""
    cells = [
        cell
        for page in (book / "notebooks").glob("*.html")
        if repeats.NOTE.replace("'", "’") in content(page).get_text()
        for cell in nbformat.read(ROOT / "notebooks" / f"{page.stem}.ipynb", as_version=4).cells
        if repeats.TAG in cell.metadata.get("tags", [])
    ]
    names = {cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in cells}
    return {cell.id for cell in cells} | names


def first(place: Tag, **wanted: Any) -> Tag:
    """The first such tag in a place, which has one."""
    found = place.find(**wanted)
    assert isinstance(found, Tag), f"no {wanted} in {place}"
    return found


def figure(book: Path, number: int) -> Tag:
    """A figure of the paper: a picture, or a table if it shows numbers."""
    chapter = next(name for name, numbers in CHAPTERS.items() if number in numbers)
    kind = "table" if number in TABLES else "figure"
    found = content(book / "notebooks" / f"{chapter}.html").find(kind, id=f"figure-{number}")
    assert isinstance(found, Tag), f"{chapter} has no {kind} with the name figure-{number}"
    return found


def references(book: Path) -> Iterator[tuple[Path, Tag, str]]:
    """Yield each link, picture, script and style sheet of each page, and what it points to."""
    for page in pages(book):
        for tag in read(page).find_all(["a", "img", "link", "script", "source", "iframe"]):
            for attribute in ("href", "src"):
                if tag.get(attribute):
                    yield page, tag, str(tag[attribute])


@pytest.mark.parametrize("number", range(6, 15))
def test_each_figure_of_the_paper_has_a_caption_with_its_number(book: Path, number: int) -> None:
    caption = figure(book, number).find(["figcaption", "caption"])
    assert caption is not None
    assert f"Figure {number} of the paper:" in caption.get_text()
    kind = "Table" if number in TABLES else "Figure"
    assert re.match(rf"{kind} \d+\.\d+", caption.get_text(strip=True)), "not numbered by the book"


@pytest.mark.parametrize("number", PICTURES)
def test_figures_that_are_pictures_show_one(book: Path, number: int) -> None:
    assert figure(book, number).find("img") is not None


@pytest.mark.parametrize("number", TABLES)
def test_figures_that_are_numbers_are_tables_of_paper_record_and_page(
    book: Path, number: int
) -> None:
    table = figure(book, number)
    heads = [cell.get_text(strip=True) for cell in table.find_all("th")]
    runs = [["recorded run", "this page"], ["recorded run and this page"]]
    assert [heads[:2], heads[2:]] in [[["quantity", "the paper"], some] for some in runs]
    rows = [
        [cell.get_text(strip=True) for cell in row.find_all("td")] for row in table.find_all("tr")
    ]
    labels = [row[0].replace(NO_BREAK, " ") for row in rows if row]
    for expected in TABLES[number]:
        assert any(label.startswith(expected) for label in labels), expected
    for row in filter(None, rows):
        for value in row[2:]:
            assert re.fullmatch(r"[-\d.,]+", value), row


def test_the_front_page_sets_reported_beside_reproduced(book: Path) -> None:
    table = content(book / "index.html").find("table")
    assert isinstance(table, Tag)
    rows = [
        [cell.get_text(strip=True) for cell in row.find_all("td")] for row in table.find_all("tr")
    ]
    assert len([row for row in rows if row]) >= 8
    for row in filter(None, rows):
        assert all(row), row
        assert row[3] in (*claims.VERDICTS, "–")


def test_the_front_page_counts_every_verdict(book: Path) -> None:
    cards = content(book / "index.html").select(".verdict-count")
    counted = {
        first(card, class_="sd-badge").get_text(): int(first(card, class_="pasted-text").get_text())
        for card in cards
    }
    assert tuple(counted) == tuple(claims.VERDICTS)
    assert sum(counted.values()) == len(claims.read())


def test_the_front_page_leads_to_the_pdf_where_there_is_one_and_else_says_how_to_make_it(
    book: Path,
) -> None:
    front = content(book / "index.html")
    is_there = (book / pdf.FILE).is_file()
    assert len(front.select(f"a[href='{pdf.FILE}']")) == is_there
    assert ("make pdf" in words(front)) != is_there


def test_pictures_to_be_compared_name_their_parts_and_have_that_many(book: Path) -> None:
    found = [
        (page, picture) for page in pages(book) for picture in read(page).select("img.before-after")
    ]
    assert len(found) >= 3
    for page, picture in found:
        names = str(picture["alt"]).partition(":")[0].split("|")
        with Image.open(page.parent / str(picture["src"])) as image:
            assert len(names) >= 2
            assert image.width == len(names) * image.height


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_says_which_profile_made_it(book: Path, chapter: str) -> None:
    text = content(book / "notebooks" / f"{chapter}.html").get_text(" ", strip=True)
    assert re.search(r"This page shows profile \S+ , seed \d+", text)


def executed_chapters(book: Path) -> list[str]:
    return sorted(page.stem for page in (book / "notebooks").glob("*.html"))


def test_each_chapter_tells_at_its_foot_how_it_was_made(book: Path) -> None:
    for chapter in executed_chapters(book):
        foot = content(book / "notebooks" / f"{chapter}.html").find_all("details")[-1]
        assert foot["id"] == f"provenance-{chapter}".replace("_", "-")
        assert not foot.has_attr("open")
        assert foot.find("a", href=f"{chapter}.provenance.json")
        made = json.loads((book / "notebooks" / f"{chapter}.provenance.json").read_text())
        assert made["notebook"] == f"{chapter}.ipynb"
        told = foot.get_text(" ", strip=True)
        for group in made["cell_groups"]:
            assert group["heading"].replace("'", "’") in told
        for name in [*made["data_fingerprints"], *(used["name"] for used in made["artifacts"])]:
            assert name in told


def test_each_caption_ends_with_links_to_the_foot_and_to_the_source_of_what_it_names(
    book: Path,
) -> None:
    for chapter in executed_chapters(book):
        page = book / "notebooks" / f"{chapter}.html"
        captions = content(page).select("figcaption, table > caption")
        assert captions
        for caption in captions:
            assert caption.get_text(strip=True).endswith("(run,source)#"), caption
            run, source = caption.select("a:not(.headerlink)")[-2:]
            assert run["href"] == f"#provenance-{chapter}".replace("_", "-")
            place, _, name = str(source["href"]).partition("#")
            listing = read((page.parent / place).resolve()).find(id=name)
            assert isinstance(listing, Tag)
            module = ROOT / "src" / "reproduce" / "chapters" / f"{Path(place).stem}.py"
            assert listing.get_text().strip() in module.read_text(encoding="utf-8")
            assert re.search(rf"^(def|class) {name}\b", listing.get_text(), re.MULTILINE)


def test_one_page_lists_all_executions_with_their_times(book: Path) -> None:
    table, artifacts = content(book / "book" / "executions.html").find_all("table")
    listed = [first(row, name="a")["href"] for row in table.find_all("tr")[1:]]
    front = content(book / "index.html").find_all("a")
    chapters = [str(link["href"]) for link in front if str(link["href"]).startswith("notebooks/")]
    in_order = list(dict.fromkeys(chapters[-len(listed) :]))
    assert sorted(in_order) == [f"notebooks/{chapter}.html" for chapter in executed_chapters(book)]
    assert listed == [f"../{href}" for href in in_order]  # as the list of chapters has them
    for row in table.find_all("tr")[1:]:
        seconds = row.find_all("td")[5].get_text(strip=True)
        assert re.fullmatch(r"[\d,]+\.\d", seconds), seconds
    assert len(artifacts.find_all("tr")) > 3  # data, model and scores at least


def test_the_chapter_on_the_ratio_sets_record_and_page_beside_each_other(book: Path) -> None:
    chapter = content(book / "notebooks" / "size_ratio.html")
    for name, told in {
        "ratio-methods": ["autoencoder", "blur, σ = 1", "halved and doubled", "JPEG 95"],
        "png-writers": ["Pillow, default", "Pillow, optimised", "oxipng, level 4"],
        "transmitted": ["raw grey levels", "latent, 32-bit", "latent, PNG (stretch)"],
    }.items():
        table = chapter.find("table", id=name)
        assert isinstance(table, Tag), name
        cells = [cell.get_text(strip=True) for cell in table.find_all("td")]
        runs = [
            run
            for run in ("recorded run", "this page", "recorded run and this page")
            if cells.count(run) == 1
        ]
        assert runs in (["recorded run", "this page"], ["recorded run and this page"])
        assert [cells.count(label) for label in told] == [len(runs)] * len(told)
    plots = {"ratio-against-psnr", "ratio-against-psnr-here", "ratio-pictures"}
    for name in plots - left_out(book):
        picture = chapter.find("figure", id=name)
        assert isinstance(picture, Tag), name
        assert picture.find("img")


def test_the_chapter_on_costs_shows_what_was_measured_and_where(book: Path) -> None:
    chapter = content(book / "notebooks" / "cost.html")
    assert "Measured on beans:" in chapter.get_text(" ", strip=True)
    for name in ("cost-table", "same-losses", "many-files", "at-scale", "book-costs"):
        table = chapter.find("table", id=name)
        assert isinstance(table, Tag), name
        assert len(table.find_all("tr")) > 2
    curves = chapter.find("figure", id="cost-curves")
    assert isinstance(curves, Tag)
    assert curves.find("img")


def test_the_report_gives_each_claim_a_verdict_and_links_to_its_evidence(book: Path) -> None:
    report = content(book / "notebooks" / "reproduction_report.html")
    table = report.find("table", id="verdicts")
    assert isinstance(table, Tag)
    rows = table.find_all("tr")[1:]
    listed = claims.read()
    assert len(rows) == len(listed)
    for row, claim in zip(rows, listed, strict=True):
        said, _, measured, verdict = row.find_all("td")
        assert claim.where in said.get_text(" ", strip=True)
        assert first(verdict, class_="sd-badge").get_text() in claims.VERDICTS
        assert {str(link["href"]).partition("#")[0] for link in verdict.find_all("a")} == {
            f"{claim.shown.chapter}.html"
        }
        assert claim.not_checkable or all(
            check.label.split("'")[0] in measured.get_text() for check in claim.checks
        )
    assert len(table.find_all("circle")) > 20
    for name in ("tolerances", "seed-spread", "repetitions"):
        strips = report.find("table", id=name)
        assert isinstance(strips, Tag), name
        assert len(strips.find_all("tr")) > 5


def downloaded(book: Path, chapter: str) -> Any:
    """The notebook that the download button of a chapter's page leads to."""
    page = book / "notebooks" / f"{chapter}.html"
    (button,) = (
        link
        for link in read(page).select(".dropdown-download-buttons a[href]")
        if str(link["href"]).endswith(".ipynb")
    )
    return nbformat.read(page.parent / str(button["href"]), as_version=4)


def test_a_downloaded_notebook_holds_no_role_or_directive(book: Path) -> None:
    raw = []
    for chapter in executed_chapters(book):
        content = downloaded(book, chapter)
        nbformat.validate(content)
        texts = [cell.source for cell in content.cells if cell.cell_type == "markdown"]
        outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
        texts += [output.get("data", {}).get("text/markdown", "") for output in outputs]
        raw += [f"{chapter}: {found}" for text in texts for found in RAW.findall(text)]
        targets = [found for text in texts for found in re.findall(r"\]\((.*?)\)|href=", text)]
        raw += [f"{chapter}: {found}" for found in targets if not found.startswith("https://")]
    assert raw == []


def with_details(source: str) -> str:
    """A text with what HTML has for MyST's folds."""
    fold = re.compile(r"^(`{3,})\{dropdown\} ([^\n]+)\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
    return fold.sub(r"<details>\n<summary>\2</summary>\n\n\3\n\n</details>", source)


def test_a_downloaded_notebook_has_the_text_of_its_page_with_the_same_numbers(book: Path) -> None:
    for chapter in executed_chapters(book):
        cells = {cell.id: cell for cell in downloaded(book, chapter).cells}
        pasted = content(book / "notebooks" / f"{chapter}.html").select(".pasted-text")
        numbers = (number.get_text().replace(NO_BREAK, " ") for number in pasted)
        for cell in nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4).cells:
            if cell.id in left_out(book):
                continue
            if cell.cell_type == "code":
                assert cells[cell.id].source == cell.source
                assert cells[cell.id].metadata.get("mystnb", {}).keys() == (
                    cell.metadata.get("mystnb", {}).keys()
                )
            else:
                parts = re.split(r"(\{[\w:-]+\}`[^`]+`)", with_details(cell.source))
                expected = [
                    re.escape(next(numbers))
                    if part.startswith("{glue:")
                    else r"[^{}`]+|`[^`]+`|\[`[^`]+`\]\([^)]*\)"
                    if part.startswith("{")
                    else re.escape(part)
                    for part in parts
                ]
                pattern = "".join(f"(?:{part})" for part in expected)
                text = cells[cell.id].source.replace(NO_BREAK, " ")
                assert re.fullmatch(pattern, text), (chapter, cell.source)
        assert list(numbers) == []


def test_a_downloaded_notebook_numbers_its_figures_as_its_page_and_lists_what_it_cites(
    book: Path,
) -> None:
    cited = 0
    for chapter in executed_chapters(book):
        cells = downloaded(book, chapter).cells
        page = content(book / "notebooks" / f"{chapter}.html")
        numbers = [number.get_text(strip=True) for number in page.select("[id] .caption-number")]
        captions = [cell.source for cell in cells if cell.id.startswith("caption-")]
        assert [caption.split("**")[1].rstrip(".") for caption in captions] == numbers
        keys = {str(link["href"]) for link in page.select("a[href*='references.html#']")}
        listed = cells[-1].source.splitlines()[2:] if cells[-1].id == "references" else []
        assert len(listed) == len(keys), chapter
        cited += len(keys)
    assert cited > 8


def test_every_page_of_the_contents_is_there(book: Path) -> None:
    listed = re.findall(r"(?:file|root): *(\S+)", (ROOT / "_toc.yml").read_text())
    assert len(listed) > 14
    assert [name for name in listed if not content(book / f"{name}.html").get_text().strip()] == []


def test_no_pasted_number_is_blank(book: Path) -> None:
    pasted = [
        (page.name, span.get_text(strip=True))
        for page in pages(book)
        for span in read(page).find_all(class_="pasted-text")
    ]
    assert len(pasted) > 40
    assert [entry for entry in pasted if entry[1] in ("", "nan", "None")] == []


def test_every_picture_and_every_internal_link_leads_somewhere(book: Path) -> None:
    broken = []
    checked = 0
    for page, tag, target in references(book):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        checked += 1
        file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not file.is_file():
            broken.append(f"{page.name}: {target}")
        elif parts.fragment and tag.name == "a" and file.suffix == ".html":
            name = unquote(parts.fragment)
            if not read(file).find(id=name) and not read(file).find(None, attrs={"name": name}):
                broken.append(f"{page.name}: {target}")
    assert checked > 100
    assert broken == []


def test_what_is_numbered_as_a_figure_is_a_picture_and_each_table_with_a_caption_is_a_table(
    book: Path,
) -> None:
    drawn = [found for page in pages(book) for found in read(page).find_all("figure", id=True)]
    assert len(drawn) > 20
    assert [found["id"] for found in drawn if not found.find(["img", "svg"])] == []
    captions = [found for page in pages(book) for found in read(page).select("table > caption")]
    assert len(captions) > 20
    assert [
        found.get_text() for found in captions if not found.get_text().startswith("Table")
    ] == []


def test_figures_and_tables_have_the_books_numbers_with_that_of_their_chapter(book: Path) -> None:
    for page in in_order(book):
        for number in content(page).select(".caption-number"):
            assert re.fullmatch(r"(?:Figure|Table) \d+\.\d+", words(number)), page.name


A_NUMBER = re.compile(r"\b(?:figures?|tables?) \d+", re.IGNORECASE)
OF_THE_PAPER = re.compile(r"(?:(?:–|, | and | to )\d+)* of the paper\b")


def test_a_number_that_is_no_link_is_said_to_be_of_the_paper(book: Path) -> None:
    bare, of_the_paper = [], 0
    for page in in_order(book):
        article = BeautifulSoup(str(content(page)), "html.parser")
        for link in article.select("a, .caption-number, pre, code, script, style, title"):
            link.replace_with("…")
        text = " ".join(article.get_text().split())
        for found in A_NUMBER.finditer(text):
            if OF_THE_PAPER.match(text, found.end()):
                of_the_paper += 1
            else:
                bare.append(f"{page.name}: {text[found.start() - 40 : found.end() + 20]}")
    assert bare == []
    assert of_the_paper > 20


def in_order(book: Path) -> list[Path]:
    """The pages in the order of the book, the front page first."""
    contents = (ROOT / "_toc.yml").read_text()
    return [book / f"{name}.html" for name in re.findall(r"(?:file|root): *(\S+)", contents)]


def numbered(book: Path, kind: str) -> Iterator[tuple[Path, Tag]]:
    """Yield each figure, or table, that has a number, with its page."""
    for page in in_order(book):
        for number in content(page).select(".caption-number"):
            found = number.find_parent(["figure", "table"])
            assert isinstance(found, Tag)
            if found.name == kind:
                yield page, found


def listed(book: Path, kind: str) -> list[Tag]:
    """What the page of figures and tables lists of a kind."""
    return content(book / "book" / "figures.html").select(f"section#{kind}s .list-of > li")


def words(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


@pytest.mark.parametrize("kind", ["figure", "table"])
def test_one_page_lists_every_figure_and_table_in_order_by_number_and_caption(
    book: Path, kind: str
) -> None:
    expected = [
        (
            page,
            found["id"],
            words(first(found, class_="caption-number")),
            words(first(found, class_="caption-text")).removesuffix(" (run, source)"),
            words(first(content(page), name="h1")).removesuffix("#"),
        )
        for page, found in numbered(book, kind)
    ]
    entries = []
    for entry in listed(book, kind):
        link, (_, caption) = first(entry, name="a"), entry.find_all("p")
        path, _, name = str(link["href"]).partition("#")
        chapter = entry.find_previous("h3")
        assert isinstance(chapter, Tag)
        page = (book / "book" / path).resolve()
        entries.append((page, name, words(link), words(caption), words(chapter)))
    assert len(expected) > 20
    assert entries == expected


def test_each_figure_is_listed_with_a_small_copy_of_its_picture(book: Path) -> None:
    originals, copies = [], []
    for (page, found), entry in zip(numbered(book, "figure"), listed(book, "figure"), strict=True):
        originals.append(page.parent / str(first(found, name="img")["src"]))
        (small,) = entry.find_all("img")
        assert small["alt"] == first(found, name="img")["alt"]
        copies.append(book / "book" / str(small["src"]))
    for original, copy in zip(originals, copies, strict=True):
        if original.suffix == ".svg":
            assert copy.resolve() == original.resolve()
            continue
        with Image.open(copy) as image:
            assert max(image.size) <= figures.THUMBNAIL
        drawn = [other for other in originals if other.suffix != ".svg"]
        nearest = min(float(np.abs(greys(copy) - greys(other)).mean()) for other in drawn)
        assert float(np.abs(greys(copy) - greys(original)).mean()) == nearest < 3, copy.name
    assert sum(copy.stat().st_size for copy in set(copies)) < 400_000


@cache
def greys(picture: Path) -> NDArray[np.float64]:
    """A picture in 32 x 32 grey levels, on white where it is transparent."""
    with Image.open(picture) as image:
        drawn = image.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    small = Image.alpha_composite(ground, drawn).convert("L").resize((32, 32))
    return np.asarray(small, np.float64)


def test_a_small_copy_of_a_picture_turns_in_the_dark_theme_as_the_picture_does(
    book: Path,
) -> None:
    for (_, found), entry in zip(numbered(book, "figure"), listed(book, "figure"), strict=True):
        of_copy = first(entry, name="img").get_attribute_list("class")
        is_photograph = "photograph" in first(found, name="img").get_attribute_list("class")
        is_of_cell = found.find_parent(class_="cell_output") is not None
        assert ("photograph" in of_copy) == is_photograph
        assert ("plot" in of_copy) == (is_of_cell and not is_photograph)


def glossary(book: Path) -> dict[str, Tag]:
    """The definitions of the glossary's terms."""
    terms = content(book / "book" / "glossary.html").select("dl.glossary > dt")
    return {words(term).removesuffix("#"): term.find_next_sibling("dd") for term in terms}  # type: ignore[misc]


def test_the_glossary_is_sorted_and_each_entry_leads_to_where_its_word_matters(book: Path) -> None:
    terms = glossary(book)
    assert len(terms) > 30
    assert list(terms) == sorted(terms, key=str.casefold)
    for term, definition in terms.items():
        leading = [str(link["href"]) for link in definition.find_all("a")]
        assert [href for href in leading if not href.startswith("#")], term
        assert len(re.findall(r"[.?!](?:\s|$)", words(definition))) <= 2, term


def test_the_book_uses_each_word_of_its_glossary_and_leads_there_from_each_chapter(
    book: Path,
) -> None:
    others = [page for page in in_order(book) if page.stem not in ("glossary", "figures")]
    text = " ".join(words(content(page)) for page in others)
    unused = [
        term
        for term in glossary(book)
        if not re.search(rf"(?<!\w){re.escape(term)}s?(?!\w)", text, re.IGNORECASE)
    ]
    assert unused == []
    without = [
        page.stem
        for page in others
        if page.stem != "references" and not content(page).select('a[href*="glossary.html#term-"]')
    ]
    assert without == []


VERBATIM = "pre, code, script, style, .math"


def prose(page: Path, left_out: str = "") -> Tag | None:
    """A page's article without code, formulas and what else is left out; the search has none."""
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    if not isinstance(article, Tag):
        return None
    for other in article.select(VERBATIM + left_out):
        other.decompose()
    return article


def test_minus_and_times_are_signs_and_no_letters_or_hyphens(book: Path) -> None:
    wrong = re.compile(r"(?:^|[\s(|])-\d|[\w⌉] x [\w⌈]")
    assert [
        f"{page.name}: {text.strip()[:60]}"
        for page in pages(book)
        if (article := prose(page))
        for text in article.find_all(string=wrong)
    ] == []


def texts(page: Path) -> Iterator[str]:
    """Yield the texts of a page's article that are no code and no formula."""
    article = prose(page)
    blocks = "p, li, td, th, caption, figcaption, dd, dt, summary, h1, h2, h3"
    yield from map(words, article.select(blocks) if article else ())


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.])\d[\d.]*[eE][+−-]?\d",  # 2.0e-05 is for machines
        r"\d%",  # 0.5% beside 0.5 %
        r"\d/\d+\.\d",  # a step of 1/1.5
        r"\?\s+[−+–]?\d",  # a question with a bare number for an answer
        r"(?<![\d.])\d+(?:\.\d|\.\d{3,}) dB",  # decibels have two decimals
    ],
)
def test_numbers_are_written_for_people_on_all_pages(book: Path, pattern: str) -> None:
    found = [
        f"{page.name}: {text[max(0, match.start() - 30) : match.end() + 10]}"
        for page in pages(book)
        if page.parent.name != "source"
        for text in texts(page)
        for match in re.finditer(pattern, text)
    ]
    assert found == []


def test_decibels_have_two_decimals_in_each_table(book: Path) -> None:
    """In columns and in rows that are named as such."""
    number, found, seen = re.compile(r"[+−]?\d+(?:\.(\d+))?"), [], 0
    for page in pages(book):
        for table in read(page).select("article table"):
            heads = [words(head) for head in table.select("thead th")]
            for row in table.select("tbody tr"):
                cells = [words(cell) for cell in row.find_all("td")]
                for head, cell in zip(heads, cells, strict=False):
                    if "dB" in head or "dB" in cells[0]:
                        for value in cell.split(" ± "):
                            if match := number.fullmatch(value):
                                seen += 1
                                found += (
                                    [] if len(match[1] or "") == 2 else [f"{page.name}: {cell}"]
                                )
    assert seen > 50
    assert found == []


def test_no_section_of_a_chapter_is_a_bare_table_or_picture(book: Path) -> None:
    bare = []
    for page in sorted((book / "notebooks").glob("*.html")):
        for section in content(page).find_all("section"):
            said = " ".join(words(text) for text in section.find_all("p", recursive=False))
            shows = section.find(["table", "img"])
            if shows and not section.find("section") and len(said) < 60:
                bare.append(f"{page.name}: {words(first(section, name=re.compile('h[1-6]')))}")
    assert bare == []


def test_each_strip_of_the_report_names_two_values_of_its_axis(book: Path) -> None:
    strips = content(book / "notebooks" / "reproduction_report.html").select("svg.strip")
    assert len(strips) > 10
    for strip in strips:
        low, high = (text.get_text().replace(",", "") for text in strip.find_all("text"))
        assert float(low.replace("−", "-")) < float(high.replace("−", "-"))


def test_thousands_are_set_apart_in_each_table(book: Path) -> None:
    run_together = re.compile(r"[+−]?\d{4,}(?:\.\d+)?")
    cells = [
        f"{page.name}: {cell.get_text(strip=True)}"
        for page in pages(book)
        for cell in read(page).select("article td")
        if run_together.fullmatch(cell.get_text(strip=True))
    ]
    assert cells == []


def test_thousands_are_set_apart_in_prose_but_for_years(book: Path) -> None:
    run_together = re.compile(r"(?<![\w.,/:-])\d{4,}(?![\w/:-]|\.\d)")
    assert [
        (page.name, number)
        for page in pages(book)
        if (article := prose(page, ", .citation, table, details"))
        for number in run_together.findall(article.get_text())
        if not 1900 < int(number) < 2100
    ] == []


def test_each_block_of_code_says_in_which_language_it_is_so_that_no_dump_is_coloured(
    book: Path,
) -> None:
    found = [block for page in pages(book) for block in read(page).select("[class*=highlight-]")]
    assert len(found) > 20
    assert [block.get_text()[:60] for block in found if "highlight-default" in block["class"]] == []


def test_no_reference_gives_the_same_address_twice(book: Path) -> None:
    entries = content(book / "book" / "references.html").select(".citation")
    assert len(entries) > 15
    for entry in entries:
        targets = [str(link["href"]) for link in entry.select("a[href^='https:']")]
        assert len(targets) == len(set(targets)), entry.get_text()


def test_references_are_labelled_and_sorted_as_the_text_cites_them(book: Path) -> None:
    page = book / "book" / "references.html"
    entries = content(page).select(".citation")
    labels = {
        str(entry["id"]): words(first(entry, class_="label")).strip("[]") for entry in entries
    }
    assert len(set(labels.values())) == len(entries) > 15
    assert list(labels.values()) == sorted(labels.values(), key=str.casefold)
    cited = set()
    for other in in_order(book):
        for link in content(other).select("a[href*='references.html#']"):
            name = str(link["href"]).partition("#")[2]
            assert words(link).replace("’", "'") == labels[name], other.name
            cited.add(name)
    assert cited == labels.keys()


def test_a_page_that_shows_a_recorded_run_lists_its_record_at_the_foot(book: Path) -> None:
    showing = 0
    for chapter in executed_chapters(book):
        article = content(book / "notebooks" / f"{chapter}.html")
        foot = article.find_all("details")[-1].get_text()
        if "The recorded run is of" in " ".join(article.get_text().split()):
            showing += 1
            assert "results/paper/paper/seed-0" in foot, chapter
    assert showing > 4


def test_each_chapter_folds_its_parameters_into_the_command_that_repeats_it(book: Path) -> None:
    for page in sorted((book / "notebooks").glob("*.html")):
        article = content(page)
        folded = article.find("details", class_="sd-dropdown")
        assert isinstance(folded, Tag), page.name
        assert "Parameters of this run: profile" in folded.get_text()
        words = folded.find("pre").get_text().replace("\\\n", " ").split()  # type: ignore[union-attr]
        assert words[:3] == ["papermill", f"notebooks/{page.stem}.ipynb", "mine.ipynb"]
        declared = Notebook(ROOT / "notebooks" / f"{page.stem}.ipynb").parameters
        assert words[4::3] == declared
        assert "# Parameters" not in article.get_text()


def test_every_picture_in_the_text_has_an_alternative_text(book: Path) -> None:
    pictures = [(page.name, image) for page in pages(book) for image in content_images(page)]
    assert len(pictures) >= 15
    assert [name for name, image in pictures if not str(image.get("alt", "")).strip()] == []


def test_alternative_texts_say_what_is_found_with_numbers_of_the_run(book: Path) -> None:
    """Numbers that the caption doesn't say already; and no text says only that it is a picture."""
    figure_of = re.compile(
        r"(?:(?:an?|the) )?(?:figure|image|picture|photo\w*|plot) of\b", re.IGNORECASE
    )
    number = re.compile(r"\d[\d,]*(?:\.\d+)?")
    without = []
    for page, found in numbered(book, "figure"):
        caption = words(first(found, class_="caption-text"))
        for image in found.find_all("img"):
            alt = str(image["alt"])
            assert not figure_of.match(alt), alt
            assert alt.strip(". ") not in caption, alt
            if page.parent.name == "notebooks" and not (
                set(number.findall(alt)) - set(number.findall(caption))
            ):
                without.append(f"{found['id']}: {alt}")
    assert without == []


def content_images(page: Path) -> list[Tag]:
    article = read(page).find("article")
    return article.find_all("img") if isinstance(article, Tag) else []


PLOTS = {
    "rate_distortion": ["rd-beans", "rd-sizes", "rd-page", "quantised-training", "rd-elsewhere"],
    "training": ["training-curve"],
    "size_ratio": ["ratio-against-psnr", "ratio-against-psnr-here"],
    "cost": ["cost-curves"],
    "reproduction_report": ["seed-losses"],
    "future_work": ["future-forest", "future-cost", "future-curves"],
}


def told(book: Path) -> Iterator[tuple[Tag, dict[str, Any]]]:
    """Yield each figure whose points are told, and what is told."""
    for page in pages(book):
        for script in read(page).select("script.points"):
            assert isinstance(script.parent, Tag)
            yield script.parent, json.loads(script.get_text())


def said(book: Path, name: str) -> list[str]:
    """What the points of a figure say."""
    (found,) = (curves for figure, curves in told(book) if figure["id"] == name)
    return [point["text"] for curve in found["curves"] for point in curve["points"]]


def cells_of(book: Path, chapter: str, name: str) -> list[list[str]]:
    """The rows of a table, without its head."""
    table = first(content(book / "notebooks" / f"{chapter}.html"), name="table", id=name)
    rows = [[cell.get_text(strip=True) for cell in row("td")] for row in table("tr")]
    return [row for row in rows if row]


def test_every_plot_of_curves_tells_its_points_and_each_lies_within_its_picture(
    book: Path,
) -> None:
    found = {figure["id"]: curves for figure, curves in told(book)}
    expected = {name for names in PLOTS.values() for name in names}
    assert set(found) == expected - left_out(book)
    for chapter in ("rate_distortion", "training"):
        figures = content(book / "notebooks" / f"{chapter}.html").select("figure:has(img)")
        plots = [figure["id"] for figure in figures if not figure.select("img.photograph")]
        assert plots == [name for name in PLOTS[chapter] if name not in left_out(book)]
    for name, curves in found.items():
        assert curves["curves"], name
        for curve in curves["curves"]:
            for point in curve["points"]:
                assert 0 < point["x"] < 1, (name, point)
                assert 0 < point["y"] < 1, (name, point)
                assert re.search(r"\d", point["text"]), (name, point)
                assert "nan" not in point["text"], (name, point)


def test_points_say_the_numbers_of_the_tables_beside_them(book: Path) -> None:
    of_beans = said(book, "rd-beans")
    for step, bits, psnr, ssim, ms_ssim in cells_of(book, "rate_distortion", "quantisation-steps"):
        start = f"autoencoder, step {step}: {bits} bits per pixel, "
        for end in (f"{psnr} dB PSNR", f"SSIM {ssim}", f"MS-SSIM {ms_ssim}"):
            assert start + end in of_beans
    rows = cells_of(book, "training", "loss-table")
    assert said(book, "training-curve") == [
        *(f"epoch {epoch}: loss {loss}" for epoch, loss, _ in rows),
        *(f"epoch {epoch}: {above} above the floor" for epoch, _, above in rows),
    ]


def test_each_crop_at_a_point_is_of_its_codec_and_lies_in_a_sheet_on_the_page(book: Path) -> None:
    with_crops = [(figure, curves) for figure, curves in told(book) if "crops" in curves]
    assert {figure["id"] for figure, _ in with_crops} == {"rd-beans", "rd-page"} - left_out(book)
    page = book / "notebooks" / "rate_distortion.html"
    for _, curves in with_crops:
        sheet = first(content(page), name="figure", id=curves["crops"]["figure"])
        picture = page.parent / str(first(sheet, name="img")["src"])
        side, crops = curves["crops"]["side"], curves["crops"]["crops"]
        with Image.open(picture) as image:
            width, height = image.size
        assert max(crop["left"] for crop in crops) + side <= width
        assert max(crop["top"] for crop in crops) + side == height
        for curve in curves["curves"]:
            for point in curve["points"]:
                crop = crops[point["crop"]]["text"]
                assert crop.startswith(f"{curve['name']}, ")
                assert re.search(r": [\d,]+ bytes, .+ dB PSNR$", crop)


def test_each_picture_has_its_size_and_all_but_the_first_and_sliders_can_wait(book: Path) -> None:
    for page in pages(book):
        for place, image in enumerate(content_images(page)):
            assert int(str(image["width"])) > 0, (page.name, image)
            assert int(str(image["height"])) > 0, (page.name, image)
            waits = image.get("loading") == "lazy"
            assert waits == (
                place > 0 and "before-after" not in image.get_attribute_list("class")
            ), image


def test_what_a_page_needs_before_it_shows_is_light(book: Path) -> None:
    """As a server sends it, compressed: 200 KB are a second of slow 4G."""
    for page in pages(book):
        needed = [
            page.parent / unquote(urlsplit(str(tag.get("href") or tag.get("src"))).path)
            for tag in read(page).find_all(["link", "script"])
            if tag.get("rel") == ["stylesheet"] or (tag.get("src") and not tag.has_attr("defer"))
        ]
        assert len(needed) > 5
        sent = sum(len(gzip.compress(file.read_bytes())) for file in (page, *needed))
        assert sent < 200_000, page.name


def test_formulas_are_typeset_where_there_are_some_and_nowhere_else(book: Path) -> None:
    with_formulas = {page.name for page in pages(book) if read(page).find(class_="math")}
    typeset = {
        page.name for page in pages(book) if read(page).find("script", src=re.compile("mathjax"))
    }
    assert with_formulas == typeset
    assert {"background.html", "model.html"} <= typeset


def test_each_page_has_one_title_one_viewport_and_a_description_of_its_own(book: Path) -> None:
    descriptions = []
    for page in pages(book):
        head = first(read(page), name="head")
        (title,) = head.find_all("title")
        parts = re.split(r" [—-] ", title.get_text())
        assert len(parts) == len(set(parts)), page.name
        assert len(head.find_all("meta", attrs={"name": "viewport"})) == 1, page.name
        found = head.find_all("meta", attrs={"name": "description"})
        descriptions += [str(meta["content"]) for meta in found]
        if page.parent.name == "notebooks" or page.stem in ("index", "background", "conclusion"):
            assert len(found) == 1, page.name
    assert all(60 <= len(text) <= 200 for text in descriptions)
    assert len(set(descriptions)) == len(descriptions)


def test_the_conclusion_says_how_to_report_a_number_by_a_command_that_there_is(book: Path) -> None:
    conclusion = content(book / "book" / "conclusion.html")
    assert "Report a number that you can’t reproduce" in words(conclusion)
    command = first(conclusion, name="pre").get_text().split()
    assert command[0] == ".venv/bin/reproduce"
    assert callable(getattr(cli, command[1]))
    links = conclusion.select("a[href*='/issues/new?template=']")
    assert len(links) == bool(read(book / "index.html").select("a[href*='/issues/new?title=']"))


def test_each_page_of_a_published_book_is_on_the_map_and_of_another_there_is_none(
    book: Path,
) -> None:
    canonical = read(book / "index.html").select("link[rel=canonical]")
    site = str(canonical[0]["href"]).removesuffix("index.html") if canonical else ""
    paths = [page.relative_to(book).as_posix() for page in in_order(book)]
    said = [
        str(tag["content"])
        for page in in_order(book)
        for tag in read(page).select("[property='og:url']")
    ]
    assert said == ([f"{site}{path}" for path in paths] if site else [])
    assert (book / "sitemap.xml").is_file() == bool(site)
    if site:
        listed = re.findall(r"<loc>(.*?)</loc>", (book / "sitemap.xml").read_text())
        assert set(said) <= set(listed)


def test_no_page_loads_anything_from_outside(book: Path) -> None:
    outside = [
        f"{page.name}: {target}"
        for page, tag, target in references(book)
        if tag.name != "a" and urlsplit(target).netloc and tag.get("rel") != ["canonical"]
    ]
    assert outside == []


def test_no_style_sheet_loads_anything_from_outside(book: Path) -> None:
    sheets = list(book.rglob("*.css"))
    assert sheets
    loading = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])\s*(?:https?:)?//[^)'"\s]+""")
    outside = [
        f"{sheet.name}: {found}"
        for sheet in sheets
        for found in loading.findall(sheet.read_text(encoding="utf-8"))
    ]
    assert outside == []


# The book's settings

CONTENTS = {
    "First": ["book/background"],
    "The paper, reproduced": [
        "notebooks/dataset", "notebooks/model", "notebooks/training", "notebooks/results",
        "notebooks/compression_size",
    ],
    "What it means": [
        "notebooks/gallery", "notebooks/size_ratio", "notebooks/rate_distortion",
        "book/try_it", "notebooks/exercises", "notebooks/future_work",
    ],
    "The verdict": ["notebooks/reproduction_report", "book/conclusion"],
    "Appendices": [
        "notebooks/cost", "book/file_format", "book/architecture", "book/cluster",
        "book/executions", "book/glossary", "book/figures", "book/references",
    ],
}  # fmt: skip
"""The story: what is known, what comes out, what it means, the verdict, and what is looked up."""


def test_parts_and_chapters_stand_in_the_order_of_the_story_with_their_numbers(book: Path) -> None:
    every = [page for pages in CONTENTS.values() for page in pages]
    front = book / "index.html"
    for place in (first(read(front), class_="bd-links"), content(front)):
        parts = {
            words(caption): [
                (words(link).partition(". ")[0], str(link["href"]))
                for link in caption.find_next_sibling("ul").select("a")  # type: ignore[union-attr]
                if "#" not in str(link["href"])
            ]
            for caption in place.select("p.caption")
        }
        numbers = iter(range(1, len(every) + 1))
        assert parts == {
            part: [(str(next(numbers)), f"{page}.html") for page in pages]
            for part, pages in CONTENTS.items()
        }


def test_a_reader_who_turns_the_pages_reads_them_in_that_order(book: Path) -> None:
    every = [book / f"{page}.html" for pages in CONTENTS.values() for page in pages]
    for place, page in enumerate(every):
        (following,) = read(page).select("a.right-next") or [None]
        if following is None:
            assert page == every[-1]
        else:
            assert (page.parent / str(following["href"])).resolve() == every[place + 1].resolve()


def test_each_figure_and_table_of_a_chapter_is_counted_under_the_chapters_number(
    book: Path,
) -> None:
    for number, page in enumerate((p for pages in CONTENTS.values() for p in pages), 1):
        for kind in ("Figure", "Table"):
            found = content(book / f"{page}.html").select(".caption-number")
            told = [words(one) for one in found if words(one).startswith(kind)]
            assert told == [f"{kind} {number}.{place}" for place in range(1, len(told) + 1)]


def test_every_figure_in_the_text_has_a_number_and_a_caption(book: Path) -> None:
    for page in in_order(book)[1:]:  # the front page has a picture of a chapter
        for figure in content(page).select("figure"):
            assert figure.select(".caption-number"), (page.name, figure.get("id"))
            assert words(first(figure, class_="caption-text")), (page.name, figure.get("id"))


def leaves(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting of _config.yml with its place."""
    if isinstance(settings, dict):
        for name, value in settings.items():
            yield from leaves(value, f"{path}.{name}".strip("."))
    else:
        yield path, settings


def loaded(book: Path, kind: str) -> set[str]:
    """The files that tags of a kind load, on any page."""
    return {
        Path(urlsplit(str(tag.get("src") or tag.get("href"))).path).name
        for page in in_order(book)
        for tag in read(page).select(kind)
    }


def shows(book: Path, setting: str, value: Any) -> bool:
    """Whether a setting of _config.yml has the effect that it is there for."""
    front = read(book / "index.html")
    footer = " ".join(words(footer) for footer in front.select("footer"))
    match setting:
        case "title":
            heads = [first(read(page), name="title").get_text() for page in in_order(book)]
            return {head.rpartition("— ")[2] for head in heads} == {value}
        case "author":
            return f"By {value}" in footer
        case "copyright":
            return f"© Copyright {value}." in footer
        case "only_build_toc_files" | "exclude_patterns":
            ours = {*book.glob("book/*.html"), *book.glob("notebooks/*.html")}
            return ours == set(in_order(book)[1:])
        case "execute.execute_notebooks":
            # There is no such kernel as the notebooks of this book name: conftest.py.
            return value == "off"
        case "execute.stderr_output":
            return not any(read(page).select(".stderr") for page in pages(book))
        case "parse.myst_enable_extensions":
            return bool(read(book / "book" / "background.html").select("div.math"))
        case "bibtex_bibfiles":
            return len(content(book / "book" / "references.html").select(".citation")) > 20
    match setting.removeprefix("sphinx.config."):
        case "extensions":
            text = str(front)
            return all(
                mark in text
                for mark in ("togglebutton", "copybutton", "sphinx-design", "sphinx-book-theme")
            ) and not re.search("thebe|intersphinx|cdn", text)
        case "html_theme_options.search_bar_text":
            return first(front, id="search-input")["placeholder"] == value
        case "html_theme_options.show_navbar_depth":
            return not front.select("nav.bd-links li.toctree-l2")
        case "bibtex_reference_style":
            link = read(book / "book" / "background.html").select("a[href*='references.html#']")[0]
            return words(link) == "Wibowo, 2023"
        case "bibtex_default_style":
            labels = content(book / "book" / "references.html").select(".citation .label")
            return "Wibowo, 2023" in [words(label).strip("[]") for label in labels]
        case "language":
            return all(first(read(page), name="html")["lang"] == value for page in in_order(book))
        case "book_repository" | "book_site":
            return value == ""  # tests/test_render.py has them set
        case "html_static_path":
            return (book / "_static" / "book.css").is_file()
        case "html_favicon":
            (icon,) = front.select("link[rel=icon]")
            return Path(str(icon["href"])).name == Path(value).name
        case "html_context.default_mode":
            return first(front, name="html")["data-theme"] == value
        case "html_css_files":
            return set(value) <= loaded(book, "link[rel=stylesheet]")
        case "html_js_files":
            names = {path.name for path in (ROOT / "book" / "static").glob("*.js")}
            waiting = {one[0] for one in value if not isinstance(one, str)}
            at_once = {one for one in value if isinstance(one, str)}
            deferred = loaded(book, "script[defer]") & names
            return (deferred, loaded(book, "script[src]") & names) == (waiting, names) and (
                waiting | at_once == names
            )
        case "numfig_format.figure" | "numfig_format.table":
            within = {"table": "table > caption", "figure": "figcaption"}[setting.split(".")[-1]]
            numbers = {words(number).rpartition(" ")[0] for page in pages(book)
                for number in read(page).select(f"{within} .caption-number")}  # fmt: skip
            return numbers == {value.removesuffix(" %s")}
        case "nb_render_markdown_format":
            return bool(content(book / "notebooks" / "cost.html").select("table#cost-table a"))
    raise ValueError(f"say here what {setting} is for")


def test_each_setting_of_the_book_shows_in_its_pages(book: Path) -> None:
    settings = dict(leaves(yaml.safe_load((ROOT / "_config.yml").read_text())))
    assert len(settings) > 20
    assert [name for name, value in settings.items() if not shows(book, name, value)] == []
