"""The list of references, under the labels that stand in the text: Ballé et al., 2017."""

from collections.abc import Iterable, Iterator

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle
from sphinxcontrib.bibtex.style.referencing.basic_author_year import (
    BasicAuthorYearParentheticalReferenceStyle,
)
from sphinxcontrib.bibtex.style.template import join, year

STYLE = "author-year"
"""What `bibtex_default_style` is set to in `_config.yml`."""


def label(entry: Entry) -> str:
    """Return names and year of an entry, by the templates that write citations in the text."""
    cited = BasicAuthorYearParentheticalReferenceStyle()
    names = cited.person.author_or_editor_or_title(full=False)
    whole = join(sep=cited.author_year_sep)[names, year]
    text: str = whole.format_data({"entry": entry, "style": cited}).render_as("text")
    return text


class Labels(BaseLabelStyle):
    """Labels the entries."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        """Yield the label of each entry."""
        return map(label, sorted_entries)


class ByLabel(BaseSortingStyle):
    """Sorts the entries as a reader looks for them."""

    def sort(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries in the order of their labels."""
        return sorted(entries, key=lambda entry: label(entry).casefold())


class References(Style):
    """Entries as pybtex writes them, with such labels."""

    default_label_style = Labels
    default_sorting_style = ByLabel


def register() -> None:
    """Make the style known to Sphinx's extension for BibTeX."""
    register_plugin("pybtex.style.formatting", STYLE, References)
