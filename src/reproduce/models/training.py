"""Training as in the paper (section III.C): input = target, shuffled, Adam, binary cross-entropy.

After each epoch the state goes to disk, and the order of images depends on the seed and the epoch
alone, so a run that was killed goes on from its last finished epoch and ends with the weights
that it would have had anyway.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from reproduce.core import store
from reproduce.core.backend import keras, tensorflow
from reproduce.core.errors import DivergedError
from reproduce.core.parameters import Parameters, Quantisation
from reproduce.data import preparation
from reproduce.data.pixels import to_unit_range
from reproduce.data.preparation import PreparedData
from reproduce.models import autoencoder as model
from reproduce.models.regularisation import NONE, Regulariser
from reproduce.models.stages import MODEL

HISTORY = "history.json"
WEIGHTS = "autoencoder.keras"

# Of 1, 2, 4, 8 and 32 images at once, alone or two parts side by side, this was the fastest on two
# cores with images of 500 x 500, if only by a tenth; whole batches take four times the memory.
IMAGES_AT_ONCE = 2
PARTS_SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Trained:
    """A trained autoencoder.

    Attributes
    ----------
    folder
        The artifact's folder.
    losses
        Mean training loss of each epoch, in nats per pixel.
    epoch_seconds
        Wall time of each epoch.
    made
        How it was made, as the manifest says: seconds, peak_memory_bytes, …
    """

    folder: Path
    losses: list[float]
    epoch_seconds: list[float]
    made: dict[str, Any]

    @cached_property
    def autoencoder(self) -> keras.Model:
        """The Keras model, loaded when it is asked for: some want the losses alone."""
        return model.load(self.weights)

    @property
    def weights(self) -> Path:
        """The file of the trained model."""
        return self.folder / WEIGHTS


def train(parameters: Parameters) -> Trained:
    """Load the model trained with these parameters, or train it first.

    Raises
    ------
    ReproduceError
        The loss is no longer a finite number, or there is no model of that name; also what
        `preparation.prepare` raises.
    """
    return read(MODEL.folder(parameters))


def read(folder: Path) -> Trained:
    """Read a trained model from a folder: an artifact's, or a record's."""
    history = _read_history(folder)
    return Trained(
        folder=folder,
        losses=[epoch["loss"] for epoch in history],
        epoch_seconds=[epoch["seconds"] for epoch in history],
        made=store.read_manifest(folder)["made"],
    )


def batches(count: int, batch_size: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Yield which of `count` images make each batch of an epoch; each image comes once.

    Seed and epoch alone say in which order, so that an interrupted training can go on.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count)
    for start in range(0, count, batch_size):
        yield np.sort(order[start : start + batch_size])  # within a batch, in the file's order


def quantised(
    latents: Any, quantisation: Quantisation, width: float, seed: Sequence[Any] = (0, 0)
) -> Any:
    """Return what quantisation by steps of this width makes of latents, for training (a tensor).

    Rounding has no useful gradient, so there are two stand-ins: `noise` adds uniform noise as wide
    as a step (Ballé et al. 2017), drawn from the two integers of `seed` alone; `straight-through`
    rounds, and has the gradient of no rounding (Theis et al. 2017). `none` changes nothing.
    """
    if quantisation == "noise":
        half = width / 2
        shape = tensorflow.shape(latents)
        return latents + tensorflow.random.stateless_uniform(shape, seed, -half, half)
    if quantisation == "straight-through":
        rounded = width * tensorflow.round(latents / width)
        return latents + tensorflow.stop_gradient(rounded - latents)
    return latents


def training_step(
    autoencoder: keras.Model,
    quantisation: Quantisation = "none",
    width: float = 1.0,
    seed: int = 0,
    regulariser: Regulariser = NONE,
) -> Callable[[NDArray[np.uint8]], Any]:
    """Return a function that trains a compiled model on one batch, input = target.

    The gradient is a sum over pixels, so it is taken of a few images at a time and added up: the
    same step, but for rounding, in memory that doesn't grow with the batch. The sum has a fixed
    order, so that a run can be repeated to the bit.

    Parameters
    ----------
    autoencoder
        From `autoencoder.build`, or as it was saved after an epoch.
    quantisation, width
        Of the latents on their way to the decoder, see `quantised`.
    seed
        Of the noise, with the number of the step and the place in the batch.
    regulariser
        What training does besides.

    Returns
    -------
    Callable
        Takes N x H x W grey levels (uint8), returns their mean loss before the step, in nats per
        pixel: the binary cross-entropy, taken from the argument of the last sigmoid, and what
        regularisation adds to it.
    """
    whole = model.logits(autoencoder)
    encoder = autoencoder.get_layer("encoder")
    variables = autoencoder.trainable_variables
    autoencoder.optimizer.weight_decay = regulariser.weight_decay
    # Before the first step, which would else be compiled twice: with the making of Adam's state.
    autoencoder.optimizer.build(variables)

    def logits_and_penalty(batch: Any, place: Any) -> tuple[Any, Any]:
        if quantisation == "none" and not regulariser.of_latents:
            return whole(batch, training=True), 0.0
        steps = tensorflow.cast(autoencoder.optimizer.iterations, tensorflow.int64)
        # No batch is longer than 4096, so no two parts of a training draw the same noise.
        number = steps * 4096 + tensorflow.cast(place, tensorflow.int64)
        latents = encoder(batch, training=True)
        given = quantised(latents, quantisation, width, (seed, number))
        given = regulariser.changed(given, number)
        penalty = regulariser.penalty(latents, number)
        return model.logits_of_latents(autoencoder, given, batch), penalty

    def step(images: Any) -> Any:
        pixels = tensorflow.cast(tensorflow.size(images, tensorflow.int64), tensorflow.float32)

        def part(start: Any) -> Any:
            levels = images[start : start + IMAGES_AT_ONCE, :, :, tensorflow.newaxis]
            batch = tensorflow.cast(levels, tensorflow.float32) / 255
            with tensorflow.GradientTape() as tape:
                logits, penalty = logits_and_penalty(batch, start)
                losses = keras.losses.binary_crossentropy(batch, logits, from_logits=True)
                # Row by row: how a sum over all is split depends on the number of threads.
                rows = tensorflow.reduce_sum(losses, axis=2)
                loss = (tensorflow.reduce_sum(rows) + penalty) / pixels
            return loss, *tape.gradient(loss, variables)

        loss, *gradients = tensorflow.map_fn(
            part,
            tensorflow.range(0, tensorflow.shape(images)[0], IMAGES_AT_ONCE),
            fn_output_signature=(tensorflow.float32,) * (1 + len(variables)),
            parallel_iterations=PARTS_SIDE_BY_SIDE,
        )
        sums = [tensorflow.reduce_sum(gradient, axis=0) for gradient in gradients]
        autoencoder.optimizer.apply(sums, variables)
        return tensorflow.reduce_sum(loss)

    grey_levels = tensorflow.TensorSpec((None, None, None), tensorflow.uint8)
    compiled: Callable[[NDArray[np.uint8]], Any]
    compiled = tensorflow.function(step, input_signature=[grey_levels])
    return compiled


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Train into a folder, on after the last finished epoch that it holds; return facts."""
    data = preparation.prepare(parameters)
    count = data.counts["train"]
    history = _read_history(folder)
    if history and _checkpoint(folder, len(history)).is_file():
        print(f"going on after epoch {len(history)}", file=sys.stderr)
        autoencoder = model.load_checkpoint(_checkpoint(folder, len(history)))
    else:
        history = []
        autoencoder = model.build(parameters.seed, parameters.model)
    steps = math.ceil(count / parameters.batch_size)
    step = training_step(
        autoencoder,
        parameters.quantisation,
        parameters.quantisation_step,
        parameters.seed,
        Regulariser.of(parameters),
    )
    progress = tqdm(
        total=parameters.epochs * steps,
        initial=len(history) * steps,
        desc="training",
        unit="step",
        file=sys.stderr,
    )
    with progress:
        for epoch in range(len(history), parameters.epochs):
            start = time.perf_counter()
            order = batches(count, parameters.batch_size, parameters.seed, epoch)
            loss = _train_epoch(step, data, order, progress)
            if not math.isfinite(loss):
                raise DivergedError(
                    f"training diverged: the loss of epoch {epoch + 1} is {loss}; try another seed"
                )
            history.append({"loss": loss, "seconds": round(time.perf_counter() - start, 2)})
            _keep_epoch(folder, autoencoder, history)
    model.save(autoencoder, folder / WEIGHTS)
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.unlink()
    untrained = model.build(parameters.seed, parameters.model)
    return {
        "optimizer": type(autoencoder.optimizer).__name__,
        "steps_per_epoch": steps,
        "greatest_latent": _greatest_latent(autoencoder, data),
        "greatest_latent_before": _greatest_latent(untrained, data),
    }


def _greatest_latent(autoencoder: keras.Model, data: PreparedData) -> float:
    """Return the greatest value in the latents of the first training images, four at most."""
    images = data.chosen("train", np.arange(min(4, data.counts["train"])))
    return float(model.encode(autoencoder, to_unit_range(images)).max())


def _train_epoch(
    step: Callable[[NDArray[np.uint8]], Any],
    data: PreparedData,
    order: Iterable[NDArray[np.int64]],
    progress: tqdm[NoReturn],
) -> float:
    """Train on the batches of an epoch, in this order, and return the mean loss of an image."""
    total, images = 0.0, 0
    for batch in order:
        loss = float(step(data.chosen("train", batch)))
        total += loss * len(batch)
        images += len(batch)
        progress.set_postfix(loss=f"{loss:.4f}", refresh=False)
        progress.update()
    return total / images


def _checkpoint(folder: Path, epochs: int) -> Path:
    return folder / f"checkpoint-{epochs:05d}.keras"


def _keep_epoch(
    folder: Path, autoencoder: keras.Model, history: Sequence[dict[str, float]]
) -> None:
    """Write model and optimiser, then the history, which makes them count; drop older ones."""
    autoencoder.save(_checkpoint(folder, len(history)))
    store.write_json(folder / HISTORY, list(history))
    _checkpoint(folder, len(history) - 1).unlink(missing_ok=True)


def _read_history(folder: Path) -> list[dict[str, float]]:
    path = folder / HISTORY
    history: list[dict[str, float]] = json.loads(path.read_text()) if path.is_file() else []
    return history
