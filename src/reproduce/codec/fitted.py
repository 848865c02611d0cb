"""A run's own model as a codec for files: its tables follow from its training images' latents."""

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reproduce import codec
from reproduce.codec import LatentCodec, entropy, fitting, network
from reproduce.codec.entropy import Tables
from reproduce.codec.network import OfKeras
from reproduce.codec.stages import TABLES
from reproduce.core.parallel import map_in_order
from reproduce.core.parameters import Parameters
from reproduce.data import pixels, preparation
from reproduce.models import training

FILE = "tables.npy"

MOST_IMAGES = 128
"""How many training images are counted, spread evenly over the split."""

STEPS = tuple(2.0**-exponent for exponent in range(7))
"""The steps with which their latents are quantised, each with the same weight: 1 to 1/64."""


def fit(parameters: Parameters) -> LatentCodec:
    """Load the codec of a run's trained model, or fit its tables to the training images first."""
    tables = np.load(TABLES.folder(parameters) / FILE, allow_pickle=False)
    return codec.of_run(training.train(parameters).autoencoder, Tables(tables))


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Fit tables to the latents of training images, write them, and return facts."""
    data = preparation.prepare(parameters)
    of_run = OfKeras(training.train(parameters).autoencoder)
    places = pixels.spread(data.counts["train"], MOST_IMAGES)

    def counts(index: int) -> Any:
        (image,) = data.chosen("train", np.array([index]))
        latent = network.latent_of(of_run, image)
        return sum(entropy.count(np.rint(latent / step).astype(np.int64)) for step in STEPS)

    progress = tqdm(
        map_in_order(counts, places), desc="counting tokens", total=len(places), unit="image"
    )
    np.save(folder / FILE, fitting.fit(progress).frequencies)
    return {"images": len(places)}
