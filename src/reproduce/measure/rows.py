"""What is measured of images one by one: kept as it comes, so that a killed run goes on."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reproduce.core.parallel import map_in_order
from reproduce.measure.shards import Part

FILE = "rows.jsonl"

_PART: ContextVar[Part | None] = ContextVar("part", default=None)


class PartMeasured(Exception):  # noqa: N818  # it is no error
    """The rows of a part are all there: so many images; the others are for other processes."""

    def __init__(self, images: int) -> None:
        super().__init__(images)
        self.images = images


@contextmanager
def only(part: Part) -> Iterator[None]:
    """Have only a part of the images measured, by whatever measures some."""
    token = _PART.set(part)
    try:
        yield
    finally:
        _PART.reset(token)


def measured(
    folder: Path, places: Sequence[int], measure: Callable[[int], Any], description: str
) -> Iterator[Any]:
    """Measure images and yield what was measured of each, in order; what is there is read.

    Parameters
    ----------
    folder
        Holds what an interrupted run has measured, a line of JSON for each image, in the file
        `rows.jsonl`. It is removed when all has been yielded.
    places
        Of the images; the same as in the interrupted run.
    measure
        Called with a place, in several threads at once; returns JSON-like values, numbers that are
        not finite included.
    description
        For the progress bar.

    Raises
    ------
    PartMeasured
        All rows of the part are there that `only` asks for; they stay in the file.
    """
    file = folder / FILE
    part = _PART.get()
    if part:
        chosen = part.of(len(places))
        places = places[chosen.start : chosen.stop]
        description = f"{description}, part {part}"
    done = _cut_to_whole_lines(file)
    rest = places[done:]
    progress = tqdm(
        map_in_order(measure, rest),
        desc=description,
        total=len(places),
        initial=done,
        unit="image",
        disable=not len(rest),
    )
    with file.open("a", encoding="utf-8") as stream:
        for values in progress:
            stream.write(json.dumps(values, default=int) + "\n")
            stream.flush()
    if part:
        raise PartMeasured(len(places))
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)
    file.unlink()


def _cut_to_whole_lines(file: Path) -> int:
    """Drop a line that was being written when a run was killed; return how many are whole."""
    if not file.is_file():
        return 0
    lines, end = 0, 0
    with file.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                lines, end = lines + 1, end + len(line)
    with file.open("rb+") as stream:
        stream.truncate(end)
    return lines
