"""The paper's own script, trained beside ours for its losses: they should differ as two seeds do.

It starts from the initial weights of the seed. It sees the images in the order that Keras makes of
the seed, or in ours.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.core import store
from reproduce.core.backend import keras
from reproduce.core.parameters import Parameters
from reproduce.data import preparation
from reproduce.models import training

LOSSES = "losses.json"


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Train as the paper does, by Keras's `fit`; write the loss of each epoch."""
    images, autoencoder = _start(parameters)
    from reproduce.models import literal

    said = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: _say(epoch, logs["loss"])
    )
    history = literal.train(
        *(autoencoder, images, parameters.epochs, parameters.batch_size),
        verbose=0,
        callbacks=[said],
    )
    return _write(folder, history.history["loss"])


def make_in_our_order(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Train the same graph by the same `fit`, given our batches; write the loss of each epoch."""
    images, autoencoder = _start(parameters)
    losses: list[float] = []
    for epoch in range(parameters.epochs):
        batches = training.batches(len(images), parameters.batch_size, parameters.seed, epoch)
        in_order = images[np.concatenate([*batches])]
        history = autoencoder.fit(
            in_order, in_order, batch_size=parameters.batch_size, shuffle=False, verbose=0
        )
        losses += history.history["loss"]
        _say(epoch, losses[-1])
    return _write(folder, losses)


def read(folder: Path) -> list[float]:
    """Read the losses from a folder: an artifact's, or a record's."""
    losses: list[float] = json.loads((folder / LOSSES).read_text(encoding="utf-8"))
    return losses


def _start(parameters: Parameters) -> tuple[Any, Any]:
    """Return the training images as the script has them, N x H x W in [0, 1], and its model."""
    data = preparation.prepare(parameters)
    images = np.asarray(data.images("train"), np.float32) / np.float32(255)
    keras.utils.set_random_seed(parameters.seed)
    from reproduce.models import literal  # imports TensorFlow by itself: after it is set up

    return images, literal.build((*images.shape[1:], 1))


def _say(epoch: int, loss: float) -> None:
    print(f"epoch {epoch + 1}: loss {loss:.5f}", file=sys.stderr)


def _write(folder: Path, losses: list[float]) -> dict[str, Any]:
    store.write_json(folder / LOSSES, [float(loss) for loss in losses])
    return {}
