"""Hashes of the data that is committed; made anew by: python -m tests.committed.

What nobody writes by hand is listed in `committed.sha256`: photographs, weights, golden files,
curves that others have published, the benchmark's result, what is compiled for a page with its
source, and of each record the list of its own hashes. `sha256sum -c tests/committed.sha256` checks
it, too.
"""

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".sha256")

COMMITTED = (
    "src/reproduce/data/sources/beans-excerpt/**/*",
    "src/reproduce/codec/shipped/*",
    "tests/golden/**/*",
    "book/try_it/*.c",
    "book/try_it/*.wasm",
    "results/*.json",
    "results/elsewhere/*",
    "results/**/SHA256SUMS",
)


def files() -> list[str]:
    """Return the files that count, by their paths in the project."""
    found = {path for pattern in COMMITTED for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def lines() -> list[str]:
    """Return a line for each file, as sha256sum writes and reads it."""
    return [f"{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}  {name}" for name in files()]


if __name__ == "__main__":
    LIST.write_text("\n".join(lines()) + "\n", encoding="utf-8")
