"""How far the codec is with a large image, for the one who waits for it.

The parts of the codec say what they go through, and nobody hears it unless a command asks.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from tqdm import tqdm

Step = TypeVar("Step")

SECONDS = 2
"""What takes less shows no bar."""

# Of this thread alone: files of a folder, done side by side, have one bar together.
_shown: ContextVar[bool] = ContextVar("shown", default=False)


@contextmanager
def shown() -> Iterator[None]:
    """Show a bar on stderr for each part that takes longer than a moment."""
    token = _shown.set(True)
    try:
        yield
    finally:
        _shown.reset(token)


def steps(what: str, parts: Iterable[Step], count: int) -> Iterable[Step]:
    """Return the parts of a piece of work, so many or a few less, which are taken one by one."""
    if not _shown.get():
        return parts
    bar: Iterable[Step] = tqdm(
        parts, desc=what, total=count, delay=SECONDS, leave=False, file=sys.stderr
    )
    return bar
