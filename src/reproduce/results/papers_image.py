"""The one image that the paper shows, in the recorded runs: figures 7 to 13."""

import math
from functools import cache

import numpy as np
from PIL import Image

from reproduce.core.backend import keras
from reproduce.data import pixels
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.measure import metrics
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.models.stages import MODEL
from reproduce.results import record

NAME = "train/angular_leaf_spot/angular_leaf_spot_train.0.jpg"
"""Example 0 of beans' training split."""


@cache
def recorded_model(seed: int = 0) -> keras.Model:
    """Return the recorded model of a seed.

    Raises
    ------
    ReproduceError
        There is no record of that seed.
    """
    return model.load(record.folder(MODEL, seed=seed) / training.WEIGHTS)


def papers_image(seed: int = 0) -> Subject:
    """Return the paper's image with the recorded model of a seed.

    Raises
    ------
    ReproduceError
        There is no record of that seed.
    """
    with Image.open(EXCERPT / NAME) as image:
        return Subject(recorded_model(seed), np.asarray(pixels.to_grey(image)), NAME)


def attention_and_image() -> dict[int, float]:
    """Return the correlation of attention map and image, at half size, for seeds that learned."""
    runs = record.read_seeds()
    found = {}
    for seed in (seed for seed, run in runs.items() if run.learned):
        shown = papers_image(seed)
        half = pixels.half_size(shown.original)
        attention = shown.attention_map
        found[seed] = math.nan if attention is None else metrics.correlation(attention, half)
    return found
