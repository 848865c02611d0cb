"""Settings for all tests, the notebooks' included."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester", "tests.nbval_strict"]


# Tests that share what is made once for all of them, and so belong to one process. These take
# longest, so they come first.
TOGETHER = {
    "workflow": ("tests/test_workflow.py", "tests/test_pages.py"),
    "notebooks": ("notebooks/",),
}


def group_of(item: pytest.Item) -> str:
    """Return the group of a test: those of a file stay together, at least."""
    file = item.nodeid.partition("::")[0]
    found = (name for name, starts in TOGETHER.items() if file.startswith(starts))
    return next(found, file)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell the processes of `pytest -n` which tests stay together."""
    item.add_marker(pytest.mark.xdist_group(group_of(item)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several processes, begin with what takes longest."""
    if hasattr(config, "workerinput"):
        order = list(TOGETHER)
        rank = {item: group_of(item).partition("@")[0] for item in items}
        items.sort(key=lambda item: order.index(rank[item]) if rank[item] in order else len(order))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of pages look at a book that is already there."""
    parser.addoption(
        "--book",
        type=Path,
        help="folder of a rendered book to test; without it, a tiny one is made",
    )
