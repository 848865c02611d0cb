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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell the processes of `pytest -n` which tests stay together: those of a file, at least."""
    if not config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return

    def group(item: pytest.Item) -> str:
        file = item.nodeid.partition("::")[0]
        found = (name for name, starts in TOGETHER.items() if file.startswith(starts))
        return next(found, file)

    order = list(TOGETHER)
    items.sort(key=lambda item: order.index(group(item)) if group(item) in order else len(order))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of pages look at a book that is already there."""
    parser.addoption(
        "--book",
        type=Path,
        help="folder of a rendered book to test; without it, a tiny one is made",
    )
