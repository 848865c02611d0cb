"""Settings for all tests, the notebooks' included."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.nbval_tolerance"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of pages look at a book that is already there."""
    parser.addoption(
        "--book",
        type=Path,
        help="folder of a rendered book to test; without it, a tiny one is made",
    )


@pytest.fixture(scope="session")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build folder in which the workflow has run on tiny parameters, book and all."""
    from tests.test_workflow import snakemake

    build = tmp_path_factory.mktemp("tiny")
    done = snakemake(build)
    assert done.returncode == 0, done.stdout
    return build


@pytest.fixture(scope="session")
def tiny_book(tiny_build: Path) -> Path:
    """Return the folder of the pages of a book made with tiny parameters."""
    return tiny_build / "tiny" / "book"
