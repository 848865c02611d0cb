"""Notebooks as they are downloaded: MyST's Markdown made plain.

What becomes of the book's own notebooks is tested in test_pages.py.
"""

import re

import pytest
from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

from reproduce.book import download

# Roles and directives, which Jupyter shows as they are written.
RAW = re.compile(r"\{[\w:+.-]+\}`|^\s*(?:`{3,}|~{3,}|:{3,})\{", re.MULTILINE)
SITE = "https://example.org/"
TEXTS = {
    ("glue:text", "mean:.2f"): "−0.68",
    ("numref", "curve"): "Figure 4.2",
    ("doc", "the results <results>"): f"[the results]({SITE}results.html)",
}


def published(target: str) -> str | None:
    return target if target.startswith("https:") else f"{SITE}{target}"


def unpublished(target: str) -> str | None:
    return target if target.startswith("https:") else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A mean of {glue:text}`mean:.2f`.", "A mean of −0.68."),
        ("**{numref}`curve`** and {doc}`the\nresults <results>`.",
         f"**Figure 4.2** and [the results]({SITE}results.html)."),
        ("Write ``{numref}`curve` `` or `{numref}`.", "Write ``{numref}`curve` `` or `{numref}`."),
        ("```python\n{numref}`curve`\n```\n", "```python\n{numref}`curve`\n```\n"),
        ("(here)=\n% A comment.\n## Heading", "## Heading"),
        ('0.5 <svg aria-label="seed 0: 0.5"><title>0.5</title></svg>', "0.5 (seed 0: 0.5)"),
    ],
)  # fmt: skip
def test_roles_become_what_the_page_shows_and_code_stays(text: str, expected: str) -> None:
    assert download.plain(text, TEXTS, published) == expected


def test_links_are_absolute_or_no_links() -> None:
    text = 'See [{numref}`curve`](curve.html), <a href="a.json">data</a>, [it](https://else.org/).'
    assert download.plain(text, TEXTS, published) == (
        f"See [Figure 4.2]({SITE}curve.html), [data]({SITE}a.json), [it](https://else.org/)."
    )
    assert download.plain(text, TEXTS, unpublished) == (
        "See Figure 4.2, data, [it](https://else.org/)."
    )


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("````{dropdown} More\n:name: more\n\n{numref}`curve`.\n\n```bash\nls\n```\n````",
         "<details>\n<summary>More</summary>\n\nFigure 4.2.\n\n```bash\nls\n```\n\n</details>"),
        ("```{note}\nIt is {glue:text}`mean:.2f`.\n\nSo.\n```",
         "> **Note**\n> \n> It is −0.68.\n> \n> So."),
        ("```{admonition} Mind\n:class: tip\nIt.\n```", "> **Mind**\n> \n> It."),
        ("```{math}\n:label: sum\na + b\n```", "$$\na + b\n$$"),
        ("- Item\n\n  ```{tip}\n  It.\n  ```\n", "- Item\n\n  > **Tip**\n  > \n  > It.\n"),
    ],
)  # fmt: skip
def test_directives_become_plain_markdown(directive: str, expected: str) -> None:
    assert download.plain(directive, TEXTS, unpublished) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{numref}`another`", "numref"),
        ("```{figure} a.svg\n```", "figure"),
        ("![A leaf](leaf.png)", "leaf"),
    ],
)
def test_what_has_no_plain_form_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ExtensionError, match=fault):
        download.plain(text, TEXTS, published)


@pytest.mark.parametrize(
    ("text", "is_raw"),
    [
        ("{glue:text}`mean:.2f`", True),
        ("- {bdg-success}`yes`", True),
        ("~~~{note}\nIt.\n~~~", True),
        ("  ```{figure} a.svg\n  ```", True),
        ("`code` and {braces} and $\\frac{a}{b}$", False),
    ],
)
def test_raw_is_known_when_it_is_seen(text: str, is_raw: bool) -> None:
    assert bool(RAW.search(text)) == is_raw


def test_nodes_are_written_as_markdown() -> None:
    def address(target: str) -> str | None:
        return None if target.startswith("#") else f"{SITE}{target.lstrip('/')}"

    node = nodes.inline(
        "",
        "",
        nodes.Text("a*b in a_b.jpg costs $1, "),
        nodes.emphasis("", "et al."),
        nodes.Text(" "),
        nodes.literal("", "x_y"),
        nodes.math("", "a_1"),
        nodes.inline("", "good", classes=["sd-badge"]),
        nodes.reference("", "there", refuri="x.html"),
        nodes.reference("", "here", refid="x"),
        addnodes.download_reference("", "file", filename="1/file"),
    )
    assert download.written(node, address) == (
        rf"a\*b in a_b.jpg costs \$1, *et al.* `x_y`$a_1$**good**[there]({SITE}x.html)here"
        f"[file]({SITE}_downloads/1/file)"
    )
