"""A run's own model as a codec for files: its tables follow from its training images' latents."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reproduce import artifacts, codec, parts
from reproduce.codec import LatentCodec, entropy, fitting, network
from reproduce.codec.entropy import Tables
from reproduce.parallel import map_in_order
from reproduce.parameters import Parameters
from reproduce.preparation import PreparedData
from reproduce.stages import SOURCES
from reproduce.training import Trained

STAGE = "codec"

TABLES = "tables.npy"

MOST_IMAGES = 128
"""How many training images are counted, spread evenly over the split."""

STEPS = tuple(2.0**-exponent for exponent in range(7))
"""The steps with which their latents are quantised, each with the same weight: 1 to 1/64."""


def fit(parameters: Parameters, data: PreparedData, trained: Trained) -> LatentCodec:
    """Load the codec of a trained model, or fit its tables to the training images first."""
    tables = np.load(fit_folder(parameters, data, trained) / TABLES, allow_pickle=False)
    return codec.of_run(trained.autoencoder, Tables(tables))


def fit_folder(parameters: Parameters, data: PreparedData, trained: Trained) -> Path:
    """Return the folder that holds the tables of a trained model; fit them first if needed."""
    dependencies = {
        "data": data.folder.name,
        "model": trained.folder.name,
        "source": artifacts.source_digest(SOURCES[STAGE]),
    }
    make = partial(_make, data, trained)
    return artifacts.load_or_make(STAGE, parameters.profile, dependencies, make)


def _make(data: PreparedData, trained: Trained, folder: Path) -> dict[str, Any]:
    places = parts.spread(data.counts["train"], MOST_IMAGES)

    def counts(index: int) -> Any:
        (image,) = data.chosen("train", np.array([index]))
        latent = network.latent_of(trained.autoencoder, image)
        return sum(entropy.count(np.rint(latent / step).astype(np.int64)) for step in STEPS)

    progress = tqdm(
        map_in_order(counts, places), desc="counting tokens", total=len(places), unit="image"
    )
    np.save(folder / TABLES, fitting.fit(progress).frequencies)
    return {"images": len(places)}
