"""What training with quantised latents does to the model as a codec: curves on beans.

    python -m benchmarks.quantisation FOLDER

FOLDER holds beans in folders <split>/<class>. Trains with each of the settings below (in build/,
so what is there already is not trained again), puts some test images through each model's own codec
and writes results/quantisation.json.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.core import environment, store
from reproduce.core.parameters import load_parameters
from reproduce.data import preparation
from reproduce.data.pixels import to_unit_range
from reproduce.data.preparation import PreparedData
from reproduce.measure.rates import autoencoder, curves, measurement
from reproduce.models import autoencoder as model
from reproduce.models import training

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "results" / "quantisation.json"

SETTINGS: list[dict[str, Any]] = [
    {"quantisation": "none"},
    {"quantisation": "noise", "quantisation_step": 0.5},
    {"quantisation": "straight-through", "quantisation_step": 0.5},
    {"quantisation": "straight-through", "quantisation_step": 1 / 16},
]
IMAGES = 32
"""Test images that each model is measured on, spread evenly over the split."""


def main() -> None:
    """Train and measure with all settings."""
    (folder,) = sys.argv[1:]
    runs = [measure(folder, settings) for settings in SETTINGS]
    result = {
        "runs": runs,
        "images": IMAGES,
        "machine": environment.machine().model_dump(),
        "versions": environment.versions(),
        "commit": environment.commit(),
        "measured": datetime.now(UTC).date().isoformat(),
    }
    store.write_json(RESULT, result)


def measure(folder: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Train with these settings and return the curve of the model's codec."""
    overrides = {"folder": folder, "rate_images": IMAGES, **settings}
    parameters = load_parameters("paper", ROOT / "profiles", overrides)
    data = preparation.prepare(parameters)
    trained = training.train(parameters)
    table = measurement.read([autoencoder.rates(parameters)])
    points = curves.means(table)[["quality", "bpp", "psnr_db"]]
    run = {
        **settings,
        "seed": parameters.seed,
        "epochs": parameters.epochs,
        "last_loss": trained.losses[-1],
        "greatest_latent": greatest_latent(trained.autoencoder, data),
        "greatest_latent_before_training": greatest_latent(model.build(parameters.seed), data),
        "points": points.to_dict("records"),
    }
    print(json.dumps(run), flush=True)
    return run


def greatest_latent(autoencoder: Any, data: PreparedData) -> float:
    """Return the greatest value in the latents of the first training images."""
    images = to_unit_range(data.chosen("train", np.arange(4)))
    return float(model.encode(autoencoder, images).max())


if __name__ == "__main__":
    main()
