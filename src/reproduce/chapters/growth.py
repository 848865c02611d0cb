"""How the workflow grows with images and with jobs: tables of the page "On a cluster"."""

from collections.abc import Callable

from reproduce.core.markdown import table as markdown
from reproduce.results import growth
from reproduce.results.growth import Growth


def growth_of_images(result: Growth) -> str:
    """Return processor seconds and peak memory of each stage: a column for each number of images.

    What was not measured has "≈" before the seconds that it would take, and no memory.
    """
    of_stages = result.of_stages()
    counts = sorted({one.images for one in result.images})
    rows = []
    for stage, measured in of_stages.items():
        row = {"stage": f"`{stage}`"}
        there = {one.images: one for one in measured}
        for count in counts:
            if count in there:
                one = there[count]
                told = f"{_seconds(one.processor_seconds)}, {one.peak_bytes / 1e6:,.0f} MB"
            else:
                told = f"≈ {_seconds(growth.seconds_at(measured, count))}"
            row[f"{count:,} images"] = told
        rows.append(row)
    return markdown(rows, right=list(rows[0])[1:])


def growth_of_jobs(result: Growth) -> str:
    """Return what planning and running of more and more jobs takes; "≈" as with images."""
    rows = []
    for one in result.jobs:
        running = one.running_seconds
        told = "" if running is not None else "≈ "
        seconds = running or growth.running_seconds_at(result.jobs, one.jobs)
        rows.append(
            {
                "jobs": f"{one.jobs:,}",
                "planning": _seconds(one.planning_seconds),
                "memory of planning": f"{one.planning_bytes / 1e6:,.0f} MB",
                "running": told + _seconds(seconds),
            }
        )
    return markdown(rows, right=list(rows[0]))


def growth_in_words(result: Growth) -> str:
    """Say what a job costs that does next to nothing, and where all of this was measured."""
    first, *_ = result.jobs
    each = growth.running_seconds_at(result.jobs, 1_000) - growth.running_seconds_at(result.jobs, 0)
    where, versions = result.machine, result.versions
    return (
        f"So a job costs {_seconds(each / 1_000)} whatever it does; on a cluster Snakemake starts "
        f"twice in each job besides, and a start with its plan takes "
        f"{_seconds(first.planning_seconds)}. All of this is processor time of all threads "
        f"together, measured on {where.processor}, {where.cores} cores, with Python "
        f"{versions['python']} and TensorFlow {versions['tensorflow']}, {result.measured}, commit "
        f"{(result.commit or 'unknown')[:8]}. What would have taken more than "
        f"{result.longest:g} s was not measured: ≈ stands before what it would take, on the line "
        "through the two largest numbers that were, or in proportion to the only one."
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


SAYS: dict[str, Callable[[Growth], str]] = {
    "images": growth_of_images,
    "jobs": growth_of_jobs,
    "words": growth_in_words,
}
"""What the page's directive `growth` shows, by its argument."""
