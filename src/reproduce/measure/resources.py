"""What a job of the workflow asks a cluster for: memory and time, from what runs have measured.

The peaks are those of the records' manifests, from 128 to 500 pixels a side (`results/`); to them
comes what Snakemake itself takes, which starts twice in each job.
"""

import math
from collections.abc import Sequence

from reproduce.core.parameters import Parameters
from reproduce.core.stage import Stage
from reproduce.models.stages import LITERAL, LITERAL_IN_OUR_ORDER, MODEL

MEGABYTES = 1200
"""0.7 GB of a process with TensorFlow, and 0.2 GB of each of two of Snakemake."""

IMAGES_IN_TRAINING = 4
"""Two parts of two images each, whatever the batch (`models.training`)."""

BYTES_OF_A_PIXEL = 700
"""Of an image that is worked on, for all that is computed of it at once."""

BYTES_OF_A_PIXEL_IN_THE_SCRIPT = 1400
"""The same in the paper's own script, which takes a batch as a whole."""

MINUTES = 240
"""More than any stage of the paper's setting takes, by the records on two cores."""


def megabytes(made: Sequence[Stage], parameters: Parameters, threads: int) -> int:
    """Return the memory for stages that one process makes, one after the other, in MB."""
    pixels = parameters.image_size**2
    largest = max(_bytes_of_a_pixel(stage, parameters, threads) for stage in made)
    return MEGABYTES + math.ceil(largest * pixels / 1e6)


def _bytes_of_a_pixel(stage: Stage, parameters: Parameters, threads: int) -> int:
    """Return the bytes that a stage holds for each pixel of an image."""
    if stage in (LITERAL, LITERAL_IN_OUR_ORDER):
        return BYTES_OF_A_PIXEL_IN_THE_SCRIPT * parameters.batch_size
    if stage is MODEL:
        return BYTES_OF_A_PIXEL * IMAGES_IN_TRAINING
    return BYTES_OF_A_PIXEL * threads


def of_notebook(parameters: Parameters) -> int:
    """Return the memory for a chapter: its kernel, and papermill beside it, in MB."""
    return (
        MEGABYTES
        + 600
        + math.ceil(BYTES_OF_A_PIXEL * IMAGES_IN_TRAINING * parameters.image_size**2 / 1e6)
    )
