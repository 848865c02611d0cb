"""Settings for all tests, the notebooks' included."""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["pytester", "tests.nbval_strict"]


# Tests that share what is made once for all of them, and so belong to one process. These take
# longest, so they come first.
TOGETHER = {
    "workflow": ("tests/test_workflow.py", "tests/test_pages.py", "tests/test_slurm.py"),
    "notebooks": ("notebooks/",),
    "records": (
        "tests/test_record.py",
        "tests/test_report.py",
        "tests/test_statements.py",
        "tests/test_claims.py",
    ),
}


def group_of(nodeid: str) -> str:
    """Return the group of a test: those of a file stay together, at least."""
    file = nodeid.partition("::")[0]
    found = (name for name, starts in TOGETHER.items() if file.startswith(starts))
    return next(found, file)


class Together(LoadFileScheduling):
    """Gives each process of `pytest -n` whole groups of tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Tell `pytest -n` which tests stay together."""
    return Together(config, log)


SLOW_NOTEBOOKS = ("future_work", "gallery", "rate_distortion", "reproduction_report")
"""They take more processor time than all others together: `make slow` runs them."""


@pytest.hookimpl(tryfirst=True)  # before what is slow is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark slow notebooks; with several processes, begin with what takes longest."""
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.stem in SLOW_NOTEBOOKS:
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):
        ranks = {name: rank for rank, name in enumerate(TOGETHER)}
        items.sort(key=lambda item: ranks.get(group_of(item.nodeid), len(ranks)))


def pytest_configure(config: Any) -> None:
    """Begin the list of what is left out."""
    config.deselected = []


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Keep what is left out, for the test that holds what is run against what there is."""
    config: Any = items[0].config
    config.deselected += items


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of pages look at a book that is already there."""
    parser.addoption(
        "--book",
        type=Path,
        help="folder of a rendered book to test; without it, a tiny one is made",
    )
