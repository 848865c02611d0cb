"""A stage in parts, side by side: what is measured of images one by one, and then put together.

A part is an artifact of its own, `scores-2-of-8-<fingerprint>`, of the rows of its images. Put
together, these are what an interrupted run would have left, and the stage goes on from there: what
it writes is the same, to the byte.
"""

from functools import partial
from pathlib import Path
from typing import Any

from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.core.stage import Stage
from reproduce.measure import rows, shards
from reproduce.measure.shards import Part


def name_of(stage: Stage, part: Part) -> str:
    """Return the name of a part in the names of artifacts and notes: `scores-2-of-8`."""
    return f"{stage.name}-{part.number}-of-{part.count}"


def measure(stage: Stage, parameters: Parameters, part: Part) -> Path:
    """Return the folder that holds the rows of a part of the images; measure them if needed.

    Raises
    ------
    ReproduceError
        There are more parts than images, or the stage has no parts.
    """
    if not stage.in_parts:
        raise ReproduceError(f"stage {stage.name!r} has no parts")
    return stage.make(parameters, name_of(stage, part), partial(_measure, stage, part))


def _measure(stage: Stage, part: Part, parameters: Parameters, folder: Path) -> dict[str, Any]:
    images = 0
    with rows.only(part):
        try:
            stage.make_whole(parameters, folder)
        except rows.PartMeasured as measured:
            images = measured.images
    for file in folder.iterdir():  # tables that were begun
        if file.name != rows.FILE:
            file.unlink()
    return {"images": images}


def gather(stage: Stage, parameters: Parameters, count: int) -> Path:
    """Return the folder of a stage's artifact, put together from `count` parts.

    Parts that are missing are measured. It is the same artifact as one that is made as a whole.

    Raises
    ------
    ReproduceError
        There are more parts than images, or less than one, or the stage has no parts.
    """
    chosen = shards.every(count)

    def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
        folders = [measure(stage, parameters, part) for part in chosen]
        store.write_whole(
            folder / rows.FILE, b"".join((one / rows.FILE).read_bytes() for one in folders)
        )
        return dict(stage.make_whole(parameters, folder))

    return stage.make(parameters, stage.name, make)
