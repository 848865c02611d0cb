"""Settings for all tests, the notebooks' included."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester", "tests.nbval_strict"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of pages look at a book that is already there."""
    parser.addoption(
        "--book",
        type=Path,
        help="folder of a rendered book to test; without it, a tiny one is made",
    )
