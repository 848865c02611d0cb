"""What the book says, it says in one place: elsewhere it leads there."""

import re
from collections import defaultdict

from tests.test_record import CHAPTERS, ROOT, prose_of

WORDS = 10
PAGES = [ROOT / "index.md", *sorted((ROOT / "book").glob("*.md")), *CHAPTERS]


def phrases(prose: str) -> set[str]:
    """All that stands in so many words in a row, in a paragraph and without quotes or numbers."""
    found = set()
    # How long a chapter takes is told alike in each.
    prose = re.sub(r"“[^”]*”|\*\*Before this:.*?\n\s*\n", "", f"{prose}\n\n", flags=re.DOTALL)
    for paragraph in re.split(r"…|\n\s*\n|\n(?:- |\d\. |#+ )", prose):
        words = re.findall(r"[\w’'-]+", paragraph.lower())
        found |= {" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)}
    return found


def test_nothing_is_told_in_the_same_words_on_two_pages() -> None:
    places = defaultdict(list)
    for page in PAGES:
        for phrase in phrases(prose_of(page)):
            places[phrase].append(page.name)
    assert len(places) > 4000
    assert {phrase: pages for phrase, pages in places.items() if len(pages) > 1} == {}


def test_why_a_latent_dies_is_told_in_the_report_alone() -> None:
    telling = [page.name for page in PAGES if re.search(r"ReLU.*initial weights", prose_of(page))]
    assert telling == ["reproduction_report.ipynb"]
