"""The excerpt of beans in the recorded runs: the image that the paper shows, eleven test images."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PIL import Image

from reproduce.codec import fitted
from reproduce.codec.entropy import Tables
from reproduce.codec.models import of_run
from reproduce.codec.stages import TABLES as CODEC
from reproduce.core.backend import keras
from reproduce.data import pixels
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.data.sources.folder import folder_collection
from reproduce.measure import metrics
from reproduce.measure.rates.autoencoder import AutoencoderCodec
from reproduce.measure.subject import Levels, Subject
from reproduce.models import training
from reproduce.models.stages import MODEL
from reproduce.results import record, studies

PAPERS_IMAGE = "train/angular_leaf_spot/angular_leaf_spot_train.0.jpg"
"""Example 0 of beans' training split, which figures 7 to 13 show."""


@cache
def recorded_model(seed: int = 0) -> keras.Model:
    """Return the recorded model of a seed.

    Raises
    ------
    ReproduceError
        There is no record of that seed.
    """
    return training.read(record.folder(MODEL, seed=seed)).autoencoder


def recorded_codec(seed: int = 0) -> AutoencoderCodec:
    """Return the recorded model of a seed as a codec, with its recorded tables.

    Raises
    ------
    ReproduceError
        There is no record of that seed.
    """
    tables = np.load(record.folder(CODEC, seed=seed) / fitted.FILE, allow_pickle=False)
    return AutoencoderCodec(of_run(recorded_model(seed), Tables(tables)))


def names() -> list[str]:
    """Return the names of the images: the paper's, then those of the test split, by class."""
    test = folder_collection(EXCERPT).splits["test"]
    return [PAPERS_IMAGE, *(photograph.name for photograph in test)]


def subject(name: str = PAPERS_IMAGE, seed: int = 0) -> Subject:
    """Return an image of the excerpt, by default the paper's, with the recorded model of a seed.

    Raises
    ------
    ReproduceError
        There is no record of that seed.
    """
    return Subject(recorded_model(seed), original(name), name)


def studied(variant: str) -> list[Subject]:
    """Return all images of the excerpt, at the size of the study `future-work`, with a model of it.

    Raises
    ------
    ReproduceError
        No model of that variant is recorded.
    """
    model, side = studies.future_work_model(variant)
    return [Subject(model, original(name, side), name) for name in names()]


def original(name: str = PAPERS_IMAGE, side: int = 0) -> Levels:
    """Return an image of the excerpt, by default the paper's, as H x W grey levels.

    With a `side`, it is brought to that size as photographs are when they are prepared.
    """
    with Image.open(EXCERPT / name) as image:
        grey = pixels.to_grey(image)
        return np.asarray(grey.resize((side, side)) if side else grey)


def attention_and_image() -> dict[int, float]:
    """Return the correlation of attention map and image, at half size, for seeds that learned."""
    runs = record.read_seeds()
    found = {}
    for seed in (seed for seed, run in runs.items() if run.learned):
        shown = subject(seed=seed)
        half = pixels.half_size(shown.original)
        attention = shown.attention_map
        found[seed] = math.nan if attention is None else metrics.correlation(attention, half)
    return found
