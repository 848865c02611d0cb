"""Training as in the paper (section III.C): input = target, shuffled, Adam, binary cross-entropy.

After each epoch the state goes to disk, and the order of images depends on the seed and the epoch
alone, so a run that was killed goes on from its last finished epoch and ends with the weights
that it would have had anyway.
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from tqdm import tqdm

from reproduce import artifacts, model
from reproduce.backend import keras, tensorflow
from reproduce.errors import ReproduceError
from reproduce.parameters import Parameters
from reproduce.preparation import PreparedData, to_unit_range
from reproduce.stages import SOURCES

STAGE = "model"

HISTORY = "history.json"
WEIGHTS = "autoencoder.keras"


@dataclass(frozen=True)
class Trained:
    """A trained autoencoder.

    Attributes
    ----------
    folder
        The artifact's folder.
    autoencoder
        The Keras model.
    losses
        Mean training loss of each epoch, in nats per pixel.
    epoch_seconds
        Wall time of each epoch.
    facts
        What the manifest says of the training: seconds, peak_memory_bytes, …
    """

    folder: Path
    autoencoder: keras.Model
    losses: list[float]
    epoch_seconds: list[float]
    facts: dict[str, Any]

    @property
    def weights(self) -> Path:
        """The file of the trained model."""
        return self.folder / WEIGHTS


def train(parameters: Parameters, data: PreparedData) -> Trained:
    """Load the model trained with these parameters on these data, or train it first.

    Raises
    ------
    ReproduceError
        The loss is no longer a finite number.
    """
    folder = artifacts.load_or_make(
        STAGE,
        parameters.profile,
        dependencies(parameters, data),
        lambda folder: _make(parameters, data, folder),
        resumable=True,
    )
    history = _read_history(folder)
    return Trained(
        folder=folder,
        autoencoder=model.load(folder / WEIGHTS),
        losses=[epoch["loss"] for epoch in history],
        epoch_seconds=[epoch["seconds"] for epoch in history],
        facts=artifacts.read_manifest(folder)["facts"],
    )


def dependencies(parameters: Parameters, data: PreparedData) -> dict[str, Any]:
    """Return all that the trained model depends on."""
    return {
        "parameters": parameters.model_dump(include={"epochs", "batch_size", "seed"}),
        "data": data.folder.name,
        "pixels": data.fingerprint,
        "source": artifacts.source_digest(SOURCES[STAGE]),
        "versions": {
            # Its distribution has different names on different platforms.
            "tensorflow": tensorflow.__version__,
            **artifacts.library_versions(["keras", "numpy"]),
        },
    }


class Batches(keras.utils.PyDataset):
    """The training images of one epoch, shuffled, as (input, target) batches.

    Reads the images of a batch from the memory-mapped file when they are asked for.
    """

    def __init__(self, images: NDArray[np.uint8], batch_size: int, seed: int, epoch: int) -> None:
        super().__init__()
        self.images = images
        self.batch_size = batch_size
        self.order = np.random.default_rng([seed, epoch]).permutation(len(images))

    def __len__(self) -> int:
        return math.ceil(len(self.images) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        batch = to_unit_range(self.images[np.sort(chosen)])
        return batch, batch


class ProgressBar(keras.callbacks.Callback):
    """One bar over all steps of all epochs, with the time left and the running loss."""

    def __init__(self, total: int, done: int) -> None:
        super().__init__()
        self.bar = tqdm(total=total, initial=done, desc="training", unit="step", file=sys.stderr)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Advance by one step."""
        self.bar.set_postfix(loss=f"{(logs or {}).get('loss', math.nan):.4f}", refresh=False)
        self.bar.update()


def _make(parameters: Parameters, data: PreparedData, folder: Path) -> dict[str, Any]:
    images = data.images("train")
    history = _read_history(folder)
    if history and _checkpoint(folder, len(history)).is_file():
        print(f"going on after epoch {len(history)}", file=sys.stderr)
        autoencoder = keras.saving.load_model(_checkpoint(folder, len(history)), safe_mode=True)
    else:
        history = []
        autoencoder = model.build(parameters.seed)
    steps = math.ceil(len(images) / parameters.batch_size)
    progress = ProgressBar(parameters.epochs * steps, len(history) * steps)
    with progress.bar:
        for epoch in range(len(history), parameters.epochs):
            start = time.perf_counter()
            batches = Batches(images, parameters.batch_size, parameters.seed, epoch)
            fit = autoencoder.fit(batches, shuffle=False, verbose=0, callbacks=[progress])
            loss = float(fit.history["loss"][0])
            if not math.isfinite(loss):
                raise ReproduceError(
                    f"training diverged: the loss of epoch {epoch + 1} is {loss}; try another seed"
                )
            history.append({"loss": loss, "seconds": round(time.perf_counter() - start, 2)})
            _keep_epoch(folder, autoencoder, history)
    model.save(autoencoder, folder / WEIGHTS)
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.unlink()
    return {"optimizer": type(autoencoder.optimizer).__name__, "steps_per_epoch": steps}


def _checkpoint(folder: Path, epochs: int) -> Path:
    return folder / f"checkpoint-{epochs:05d}.keras"


def _keep_epoch(
    folder: Path, autoencoder: keras.Model, history: Sequence[dict[str, float]]
) -> None:
    """Write model and optimiser, then the history, which makes them count; drop older ones."""
    autoencoder.save(_checkpoint(folder, len(history)))
    artifacts.write_json(folder / HISTORY, list(history))
    _checkpoint(folder, len(history) - 1).unlink(missing_ok=True)


def _read_history(folder: Path) -> list[dict[str, float]]:
    path = folder / HISTORY
    history: list[dict[str, float]] = json.loads(path.read_text()) if path.is_file() else []
    return history


def loss_floor(histogram: NDArray[np.int64]) -> float:
    """Return the least binary cross-entropy that any reconstruction of these pixels can have.

    For a target p and a prediction q the loss is -p ln q - (1 - p) ln(1 - q); at q = p it is the
    binary entropy of p, which is 0 only for black and white. The floor is its mean over all pixels.

    Parameters
    ----------
    histogram
        How many pixels have each of the 256 grey levels.

    Returns
    -------
    float
        In nats per pixel, from 0 to ln 2.
    """
    levels = np.arange(len(histogram)) / (len(histogram) - 1)
    entropy = -(xlogy(levels, levels) + xlogy(1 - levels, 1 - levels))
    return float(np.average(entropy, weights=histogram))
