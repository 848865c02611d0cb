"""How the workflow grows with images and with jobs, as last measured.

`python -m benchmarks.growth` measures and writes results/growth.json; this reads it. Time is that
of processors, of all threads together: on a machine that is busy besides, a clock tells little.
"""

from collections.abc import Sequence
from pathlib import Path

from reproduce.core import store
from reproduce.core.environment import Machine
from reproduce.core.values import Value

RESULT = "growth.json"


class OfImages(Value):
    """A stage, made of so many images by one process, from its start to its end.

    Attributes
    ----------
    stage
        Its name.
    images
        Their number, in the split that the stage works on.
    processor_seconds
        Of the process, imports included.
    peak_bytes
        The most memory that it held.
    """

    stage: str
    images: int
    processor_seconds: float
    peak_bytes: int


class OfJobs(Value):
    """So many jobs: what the workflow takes to plan them, and to run ones that do next to nothing.

    Attributes
    ----------
    jobs
        Their number.
    planning_seconds
        Of the processor, for a dry run.
    planning_bytes
        The most memory that the dry run held.
    running_seconds
        Of the processor, for the workflow with all its jobs; None where it wasn't measured.
    """

    jobs: int
    planning_seconds: float
    planning_bytes: int
    running_seconds: float | None


class Growth(Value):
    """What was measured.

    Attributes
    ----------
    machine
        It may be busy besides.
    versions
        Of Python and of packages.
    commit
        Ends in `-dirty` if the checkout had uncommitted changes; "" outside of git.
    measured
        The day.
    image_size
        Pixels a side of the images.
    longest
        Processor seconds: what would have taken longer was not measured.
    images
        By stage, and for each by rising number.
    jobs
        By rising number.
    """

    machine: Machine
    versions: dict[str, str]
    commit: str
    measured: str
    image_size: int
    longest: float
    images: tuple[OfImages, ...]
    jobs: tuple[OfJobs, ...]

    def of_stages(self) -> dict[str, list[OfImages]]:
        """Return what was measured of each stage, by its name."""
        found: dict[str, list[OfImages]] = {}
        for one in self.images:
            found.setdefault(one.stage, []).append(one)
        return found


def seconds_at(measured: Sequence[OfImages], images: int) -> float:
    """Return the processor seconds for so many images: on the line through the two largest numbers.

    Of one number alone, all of its time is taken to grow with the images: that is too much, not
    too little.
    """
    *_, last = measured
    if len(measured) == 1:
        return last.processor_seconds * images / last.images
    before = measured[-2]
    each = (last.processor_seconds - before.processor_seconds) / (last.images - before.images)
    return last.processor_seconds + each * (images - last.images)


def running_seconds_at(measured: Sequence[OfJobs], jobs: int) -> float:
    """Return the processor seconds of a workflow of so many jobs, in the same way."""
    *_, before, last = [one for one in measured if one.running_seconds is not None]
    first, second = before.running_seconds or 0.0, last.running_seconds or 0.0
    return second + (second - first) / (last.jobs - before.jobs) * (jobs - last.jobs)


def read(path: Path | None = None) -> Growth:
    """Read what was measured last, by default what is committed."""
    path = path or store.project_root() / "results" / RESULT
    return Growth.model_validate_json(path.read_text(encoding="utf-8"))
