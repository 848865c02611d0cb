"""The files that `results/` holds, for tests that hold each of them against something."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "results"


def profile_of(file: Path) -> str:
    """The profile that a recorded file belongs to."""
    return file.relative_to(RESULTS).parts[0]


def all_files(name: str) -> list[Path]:
    """All recorded files of this name."""
    return sorted(RESULTS.rglob(name))


def each(*names: str) -> Callable[[Callable[[Path], None]], Callable[[str], None]]:
    """Run a test with each recorded file of these names, with all of a profile in one go.

    The runs of a study are hundreds: a test for each would take longer than what it tests.
    """
    of_profile = defaultdict(list)
    for name in names:
        for file in all_files(name):
            of_profile[profile_of(file)].append(file)

    def of_all(test: Callable[[Path], None]) -> Callable[[str], None]:
        def test_files_of(profile: str) -> None:
            for file in of_profile[profile]:
                try:
                    test(file)
                except Exception as error:
                    error.add_note(f"with {file.relative_to(RESULTS)}")
                    raise

        test_files_of.__name__, test_files_of.__doc__ = test.__name__, test.__doc__
        return pytest.mark.parametrize("profile", sorted(of_profile))(test_files_of)

    return of_all
