"""What the page "On a cluster" tells of the workflow's growth, for Sphinx.

    ```{growth} images
    ```

stands where the table of images comes, `{growth} jobs` where that of jobs does, and `{growth}
words` where it is said in words. All of it is of the last measurement, see `results.growth`.
"""

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from reproduce.chapters import growth as chapter
from reproduce.results import growth


class GrowthOf(SphinxDirective):
    """The directive `growth`: takes `images`, `jobs` or `words`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what the Markdown becomes, as if it stood on the page."""
        what = directives.choice(self.arguments[0], tuple(chapter.SAYS))
        text = chapter.SAYS[what](growth.read())
        holder = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines()), self.content_offset, holder)
        children: list[nodes.Node] = holder.children
        return children


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("growth", GrowthOf)
