"""The exercise "Add a rate term": train for short files, too, and see what comes of it.

    python examples/rate_term.py              # without the term, and with it
    python examples/rate_term.py 0.0003 0.01  # and with weights of your own

Trains in the setting of the profile `sample`. For each weight it prints the mean bytes of files and
the mean PSNR of what they give back, of the test images and of the excerpt of beans.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce import codec
from reproduce.codec import LatentCodec, entropy, fitting, network
from reproduce.core import store
from reproduce.core.backend import keras, tensorflow
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.data import pixels, preparation
from reproduce.data.preparation import PreparedData
from reproduce.measure import metrics
from reproduce.measure.subject import Levels
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.results import excerpt

STEP = 0.25
"""Of the latent's quantisation, in training and in files."""

WEIGHT = 0.001
"""Of the bits of a latent value, against nats per pixel."""


def bits(latents: Any) -> Any:
    """Estimate the bits of a value from how far its neighbours miss it."""
    left, above = latents[:, 1:, :-1], latents[:, :-1, 1:]
    missed = tensorflow.abs(latents[:, 1:, 1:] - (left + above) / 2)
    # Of a Laplace distribution; 1 is added so that it ends at no bits.
    levels = 1 + 2 * math.e * tensorflow.reduce_mean(missed) / STEP
    return tensorflow.math.log(levels) / math.log(2)


def training_step(autoencoder: keras.Model, weight: float) -> Any:
    """Return a function that makes one step of training with the term."""
    encoder = autoencoder.get_layer("encoder")
    variables = autoencoder.trainable_variables
    autoencoder.optimizer.build(variables)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def step(images: Any, number: Any) -> Any:
        with tensorflow.GradientTape() as tape:
            latents = encoder(images, training=True)
            noisy = training.quantised(latents, "noise", STEP, (0, number))
            logits = model.logits_of_latents(autoencoder, noisy, images)
            loss = cross_entropy(images, logits) + weight * bits(latents)
        gradients = tape.gradient(loss, variables)
        autoencoder.optimizer.apply(gradients, variables)
        return loss

    return tensorflow.function(step, reduce_retracing=True)


def train(parameters: Parameters, data: PreparedData, weight: float) -> keras.Model:
    """Train a run's model with the rate term, as `training.make` does without it."""
    autoencoder = model.build(parameters.seed, parameters.model)
    step = training_step(autoencoder, weight)
    count, size = data.counts["train"], parameters.batch_size
    for epoch in range(parameters.epochs):
        for batch in training.batches(count, size, parameters.seed, epoch):
            images = pixels.to_unit_range(data.chosen("train", batch))
            step(images, autoencoder.optimizer.iterations.value)
    return autoencoder


def codec_of(autoencoder: keras.Model, data: PreparedData) -> LatentCodec:
    """Return the model as a codec, whose tables are fitted to the latents of training images."""

    def counts() -> Iterator[NDArray[np.integer]]:
        for place in pixels.spread(data.counts["train"], 128):
            latent = network.latent_of(network.OfKeras(autoencoder), data.image("train", place))
            yield entropy.count(np.rint(latent / STEP).astype(np.int64))

    return codec.of_run(autoencoder, fitting.fit(counts()))


def measure(files: LatentCodec, originals: Sequence[Levels]) -> tuple[float, float]:
    """Return the mean bytes of the images' files, and the mean PSNR of what they give back."""
    written = [files.compress(original, STEP) for original in originals]
    back = [files.decompress(file) for file in written]
    psnr = [metrics.psnr(*pair) for pair in zip(originals, back, strict=True)]
    return float(np.mean([len(file) for file in written])), float(np.mean(psnr))


def main(weights: Sequence[float]) -> None:
    """Train with each weight, and print what comes of it."""
    parameters = load_parameters("sample", store.project_root() / "profiles")
    data = preparation.prepare(parameters)
    shown = {
        "test images": [data.image("test", place) for place in range(data.counts["test"])],
        "photographs of beans": [excerpt.original(name) for name in excerpt.names()],
    }
    for weight in weights:
        files = codec_of(train(parameters, data, weight), data)
        for name, originals in shown.items():
            size, psnr = measure(files, originals)
            print(f"weight {weight:g}, {name}: {size:,.0f} bytes, {psnr:.2f} dB", flush=True)


if __name__ == "__main__":
    main([float(word) for word in sys.argv[1:]] or [0, WEIGHT])
