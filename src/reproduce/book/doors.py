"""Doors to the project and to where its book is published, each open if its setting is set.

`book_repository` (https://github.com/owner/name) opens those to the project: links to it, to its
issues and to the source of a page, the buttons of Binder and Colab. `book_site` opens those to the
published book: the address that a page gives as its own, what others show of it when they link to
it (Open Graph), and a map of the site for search engines.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxRole

PREVIEW = "book/screenshot.png"
"""What others show who link to the book: the picture of its front page, which the README has."""

PREVIEW_SIZE = (1280, 960)

ISSUE_TEMPLATE = "number.md"
"""For a number that can't be reproduced, in `.github/ISSUE_TEMPLATE/`."""


def open_doors(app: Sphinx, config: Config) -> None:
    """Set what the two settings ask for: nothing if both are empty."""
    if config.book_repository:
        _lead_to_project(config)
    if config.book_site:
        _publish(app, config)


def _lead_to_project(config: Config) -> None:
    config.html_theme_options = config.html_theme_options | {
        "repository_url": config.book_repository,
        "repository_branch": "main",
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }


def _publish(app: Sphinx, config: Config) -> None:
    """Have Sphinx's extensions, loaded only here, write addresses, previews and the map."""
    site = f"{config.book_site.rstrip('/')}/"
    config.html_baseurl = site
    app.setup_extension("sphinx_sitemap")
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = ["search.html", "genindex.html"]
    app.setup_extension("sphinxext.opengraph")
    config.html_static_path = [*config.html_static_path, PREVIEW]
    width, height = PREVIEW_SIZE
    config.ogp_site_url = site
    config.ogp_site_name = config.html_title
    config.ogp_image = f"_static/{PREVIEW.rpartition('/')[2]}"
    config.ogp_image_alt = "The front page of the book."
    config.ogp_custom_meta_tags = [
        f'<meta property="og:image:width" content="{width}" />',
        f'<meta property="og:image:height" content="{height}" />',
        '<meta name="twitter:card" content="summary_large_image" />',
    ]


class NewIssue(SphinxRole):
    """The role `new-issue`: a text that leads to where issues are opened, if there is such a place.

    What is asked for there is in the template for a number that can't be reproduced.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text, as a link or alone."""
        repository = self.config.book_repository
        if not repository:
            return [nodes.Text(self.text)], []
        address = f"{repository.rstrip('/')}/issues/new?template={ISSUE_TEMPLATE}"
        return [nodes.reference("", self.text, refuri=address)], []


def setup(app: Sphinx) -> None:
    """Register the settings, and the role."""
    # With another one all pages are read anew: the role has put it in them.
    app.add_config_value("book_repository", "", "env")
    app.add_config_value("book_site", "", "env")
    app.add_role("new-issue", NewIssue())
