"""How long the page "Try it" takes for photographs of some sizes, as last measured.

`python -m benchmarks.try_it` measures and writes results/try-it.json; this reads it.
"""

from pathlib import Path
from typing import Literal

from reproduce.core import store
from reproduce.core.environment import Machine
from reproduce.core.values import Value

RESULT = "try-it.json"

Way = Literal["WebAssembly", "JavaScript"]
"""In which of its two ways the page computes: see `book/try_it/wasm.js`."""


class Photograph(Value):
    """A photograph, and what each opening of it took, in one of the two ways.

    From the file to what comes back on the screen: read, encoded, written, and decoded.

    Attributes
    ----------
    width, height
        In pixels.
    milliseconds
        On the clock: the more, the busier the machine is besides.
    processor_seconds
        Of all of the page's threads together.
    way
        The one that each browser has is JavaScript.
    """

    width: int
    height: int
    milliseconds: tuple[float, ...]
    processor_seconds: tuple[float, ...]
    way: Way = "JavaScript"


class PageTimes(Value):
    """What was measured.

    Attributes
    ----------
    machine
        It may be busy besides: of several openings, the shortest counts.
    workers
        Threads that share the work.
    browser
        Name and version.
    commit
        Ends in `-dirty` if the checkout had uncommitted changes; "" outside of git.
    measured
        The day.
    photographs
        By rising size, in each way.
    """

    machine: Machine
    workers: int
    browser: str
    commit: str
    measured: str
    photographs: tuple[Photograph, ...]

    def by(self, way: Way) -> tuple[Photograph, ...]:
        """Return what was measured in one way, by rising size."""
        return tuple(one for one in self.photographs if one.way == way)


def read(path: Path | None = None) -> PageTimes:
    """Read what was measured last, by default what is committed."""
    path = path or store.project_root() / "results" / RESULT
    return PageTimes.model_validate_json(path.read_text(encoding="utf-8"))
