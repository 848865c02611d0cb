"""The bibliography agrees with itself, and with what the project says elsewhere of the paper.

A work's key names its first author and its year; volumes and conferences count years; an arXiv
number begins with the year and the month of its first version.
"""

import re
from pathlib import Path

import pytest
import yaml
from pybtex.database import Entry, parse_string

from reproduce.results import reported

ROOT = Path(__file__).parents[1]
BIB = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
WORKS = dict(parse_string(BIB, "bibtex").entries.items())
PAPER = WORKS["wibowo2023"]

BEGAN = {
    "Bell System Technical Journal": 1921,
    "Proceedings of the IRE": 1912,
    "IEEE Transactions on Information Theory": 1954,
    "IEEE Transactions on Consumer Electronics": 1954,
    "IEEE Transactions on Image Processing": 1991,
    "PeerJ": 2012,
    "Journal of Machine Learning Research": 1999,
    "Advances in Neural Information Processing Systems": 1987,
    "Proceedings of the th International Conference on Machine Learning": 1983,
    "Conference Record of the th Asilomar Conference on Signals, Systems and Computers": 1966,
}
"""The year before the first volume of each journal, or before the first of each conference."""

AUTHORS = {
    "wibowo2023": 1, "oshea2015": 2, "bank2020": 3, "vaswani2017": 8, "shannon1948": 1,
    "huffman1952": 1, "golomb1966": 1, "wallace1992": 1, "png2003": 1, "vincent2008": 4,
    "balle2017": 3, "woo2018": 4, "wang2004": 4, "kingma2015": 2, "vanderwalt2014": 9,
    "beans2020": 1, "shi2016": 8, "balle2018": 5, "minnen2018": 3, "theis2017": 4, "wang2003": 3,
    "bjontegaard2001": 1, "duda2013": 1, "bamler2022": 1, "loshchilov2019": 2,
    "srivastava2014": 5, "hu2018": 3, "cheng2020": 4, "zou2022": 3,
}  # fmt: skip

PREPRINTS = {
    "oshea2015": "1511.08458", "bank2020": "2003.05991", "vaswani2017": "1706.03762",
    "balle2017": "1611.01704", "woo2018": "1807.06521", "kingma2015": "1412.6980",
    "shi2016": "1609.05158", "balle2018": "1802.01436", "minnen2018": "1809.02736",
    "theis2017": "1703.00395", "duda2013": "1311.2540", "bamler2022": "2201.01741",
    "hu2018": "1709.01507", "cheng2020": "2001.01568", "zou2022": "2203.08450",
}  # fmt: skip
"""As arXiv lists them: looked up once, for nothing else in an entry tells them."""


@pytest.fixture(params=WORKS, ids=str)
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def plain(text: str) -> str:
    """A text of the bibliography without LaTeX's marks."""
    return re.sub(r"\\[^a-zA-Z]|\\[a-zA-Z](?![a-zA-Z])|[{}]", "", text)


def first_author(work: Entry) -> str:
    first = work.persons["author"][0]
    names = [*first.prelast_names, *first.last_names]
    return re.sub(r"[^a-z]", "", plain("".join(names)).lower())


def test_its_key_is_its_first_author_and_its_year(key: str) -> None:
    work = WORKS[key]
    if key in ("png2003", "beans2020"):  # by what is meant: the authors are institutions
        assert key[:-4].rstrip("s") in plain(work.fields["title"] + work.fields["url"]).lower()
    else:
        assert first_author(work) == key[:-4].replace("bjontegaard", "bjntegaard")
    assert work.fields["year"] == key[-4:]
    assert len(work.persons["author"]) == AUTHORS[key]


def test_its_volume_is_that_of_its_year(key: str) -> None:
    fields = WORKS[key].fields
    place = fields.get("journal") or fields.get("booktitle") or ""
    counted = re.search(r"\d+", place)
    began = BEGAN.get(re.sub(r"\d+", "", place))
    if began is not None and (counted or "volume" in fields):
        number = int(counted[0] if counted else fields["volume"])
        assert int(fields["year"]) - number == began
    else:
        assert "volume" not in fields


def test_its_pages_rise(key: str) -> None:
    for low, high in re.findall(r"(\d+)--(\d+)", WORKS[key].fields.get("pages", "")):
        assert int(low) < int(high)


def test_its_preprint_is_of_its_year_or_of_the_one_before(key: str) -> None:
    number = WORKS[key].fields.get("eprint")
    assert number == PREPRINTS.get(key)
    if number:
        assert WORKS[key].fields["archiveprefix"] == "arXiv"
        assert 0 <= int(key[-4:]) - 2000 - int(number[:2]) <= 1
        assert 1 <= int(number[2:4]) <= 12


def test_the_paper_is_the_one_that_the_code_names_and_the_citation_too() -> None:
    title, year = re.findall(r'"(.+)", (\d{4})\.', str(reported.__doc__))[0]
    (author,) = PAPER.persons["author"]
    assert f"{author.first_names[0][0]}. {author.middle_names[0][0]}. Wibowo" in str(
        reported.__doc__
    )
    assert (plain(PAPER.fields["title"]), PAPER.fields["year"]) == (title, year)
    assert PAPER.fields["note"] == f"19 December {year}"
    assert PAPER.fields["month"] == "December"
    (cited,) = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    (person,) = cited["authors"]
    assert f"{person['family-names']}, {person['given-names']}" == str(author)
    assert (cited["title"], str(cited["year"]), cited["month"]) == (title, year, 12)
    assert cited["notes"] + ", " + cited["institution"]["name"] == PAPER.fields["howpublished"]


def test_the_readme_names_author_and_year_of_the_paper() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "I. P. Wibowo's [course paper of 2023](book/references.bib)" in readme
    assert PAPER.fields["year"] == "2023"


def test_the_book_itself_is_cited_with_the_year_of_its_last_version() -> None:
    page = (ROOT / "book" / "references.md").read_text()
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    (year,) = re.findall(r"year += \{(\d+)\}", page)
    assert f"@misc{{reproduced{year}," in page
    assert config["copyright"] == year
    licence = (ROOT / "LICENSE").read_text()
    assert f"Copyright (c) {year}" in licence
    assert config["author"] in licence


def test_the_citation_says_how_many_seeds_are_recorded() -> None:
    abstract = yaml.safe_load((ROOT / "CITATION.cff").read_text())["abstract"]
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    folders = list((ROOT / "results" / "paper" / "paper").glob("seed-*"))
    assert f"runs it with {words[len(folders)]} seeds" in abstract
