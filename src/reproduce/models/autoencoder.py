"""Autoencoders as Keras models: built from their parts, run on arrays, saved and read.

                 encoder              attention                 decoder
    image ──> Conv 32, pool, ──> latent ─┬─> 1 - map ─┐
    H x W     Conv 16, Conv 1      e     │            × ──> Conv 16, upsample, ──> reconstruction
                               H/2 x W/2 └────────────┘     Conv 1                 H x W

This is the paper's (its section III.B, figure 6), whose parts stand in `models/*/paper.py`; others
are put together from the parts that are registered (`models.registry`). One Keras model, trained as
a whole, made of parts that also work alone: `encode`, `attend` and `decode` for arrays, the nested
models `encoder`, `attention` and `decoder` for Keras. It is fully convolutional: an image of any
H x W from 2 x 2 up comes back with its own size.

The same mathematics as the paper's graph, in a faster form; tests compare outputs and gradients
with the literal graph. The paper upsamples the inverted attention map twofold (nearest) and
resizes it back (bilinear). That is the identity, for each output pixel averages copies of one
value, so it is left out here; the chapter on the model shows it numerically. The first convolution
with its pooling, and the last upsampling with its convolution, are one layer each (see `layers`).
The last sigmoid stands alone, behind the crop, so that training can take the loss from its
argument.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.core.backend import keras, tensorflow
from reproduce.data.pixels import to_unit_range
from reproduce.models import registry
from reproduce.models.registry import PAPER

Array = NDArray[np.float32]


def build(seed: int, name: str = PAPER) -> keras.Model:
    """Build an untrained autoencoder, compiled with Adam and binary cross-entropy.

    Parameters
    ----------
    seed
        Of the initial weights (Glorot uniform, Keras's default). Sets Keras's global seed.
    name
        Of the model, see `models.registry`; by default the paper's.

    Returns
    -------
    keras.Model
        Maps N x H x W x 1, float32 in [0, 1], to reconstructions of the same shape and range.

    Raises
    ------
    ReproduceError
        There is no model of that name.
    """
    from reproduce.models.layers import CropToImage

    chosen = registry.find(name)
    keras.utils.set_random_seed(seed)
    channels, stride = chosen.encoder.channels, chosen.encoder.stride
    encoder = chosen.encoder.build()
    attention = chosen.attention.build(channels)
    decoder = chosen.decoder.build(channels, stride)
    image = keras.Input((None, None, 1), name="image")
    decoded = CropToImage(name="crop")([decoder(attention(encoder(image))), image])
    reconstruction = keras.layers.Activation("sigmoid", name="unit_range")(decoded)
    autoencoder = keras.Model(image, reconstruction, name=name.replace("+", "."))
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    return autoencoder


def registered(autoencoder: keras.Model) -> registry.Model:
    """Return what is registered of a model that `build` or `load` has returned.

    Raises
    ------
    ReproduceError
        There is no model of its name any more.
    """
    # Keras's name of the model is ours, but for the sign that it doesn't allow.
    return registry.find(autoencoder.name.replace(".", "+"))


def logits(autoencoder: keras.Model) -> keras.Model:
    """Return the model without its last sigmoid, on the same weights."""
    return keras.Model(autoencoder.input, autoencoder.get_layer("crop").output, name="logits")


def logits_of_latents(autoencoder: keras.Model, latents: Any, images: Any) -> Any:
    """Return what the last sigmoid takes, from latents instead of images, as tensors.

    The images, N x H x W x 1, give their size alone.
    """
    weighted = autoencoder.get_layer("attention")(latents)
    return autoencoder.get_layer("crop")([autoencoder.get_layer("decoder")(weighted), images])


def encode(autoencoder: keras.Model, images: Array) -> Array:
    """Return the latents of images: N x H x W x 1 in [0, 1] to N x h x w x channels, 0 or more.

    Of the paper's model, h = ⌈H/2⌉, w = ⌈W/2⌉, and there is one channel.
    """
    return _run(autoencoder.get_layer("encoder"), images)


def has_map(autoencoder: keras.Model) -> bool:
    """Say whether the model has an attention map."""
    layers = autoencoder.get_layer("attention").layers
    return any(layer.name == "attention_map" for layer in layers)


def attend(autoencoder: keras.Model, latents: Array) -> Array:
    """Return the attention maps of latents: the same shape, in (0, 1), before the inversion.

    Raises
    ------
    ValueError
        The model has no map.
    """
    return _run(_attention_map(autoencoder.get_layer("attention")), latents)


@lru_cache(maxsize=32)
def _attention_map(attention: keras.Model) -> keras.Model:
    """Return the part of an attention that ends with its map, on the same weights."""
    return keras.Model(attention.input, attention.get_layer("attention_map").output)


def decode(autoencoder: keras.Model, latents: Array, shape: tuple[int, int] | None = None) -> Array:
    """Return the reconstructions of latents, weighted by the attention on the way.

    Parameters
    ----------
    autoencoder
        From `build` or `load`.
    latents
        N x h x w x channels, as `encode` returns them.
    shape
        Height and width of the images, at most what the decoder puts out, which is the default.

    Returns
    -------
    N x H x W x 1, float32 in (0, 1).
    """
    weighted = _run(autoencoder.get_layer("attention"), latents)
    decoded = _run(autoencoder.get_layer("decoder"), weighted)
    height, width = shape or decoded.shape[1:3]
    return np.asarray(keras.ops.sigmoid(decoded[:, :height, :width]))


def reconstruct(autoencoder: keras.Model, images: NDArray[np.uint8]) -> Array:
    """Return the reconstructions of grey images: N x H x W uint8 to N x H x W float32 in (0, 1)."""
    return _run(autoencoder, to_unit_range(images))[..., 0]


def _run(part: keras.Model, inputs: Array) -> Array:
    return np.asarray(_compiled(part)(inputs))


@lru_cache(maxsize=32)
def _compiled(part: keras.Model) -> Callable[[Array], Any]:
    # Once for images of all sizes; `predict` would compile anew for each size.
    inputs = tensorflow.TensorSpec((None, None, None, part.input_shape[-1]), tensorflow.float32)
    compiled: Callable[[Array], Any]
    compiled = tensorflow.function(partial(part, training=False), input_signature=[inputs])
    return compiled


def save(autoencoder: keras.Model, path: Path) -> None:
    """Write graph and weights, without the optimiser, in Keras's own format (`.keras`).

    Of equal models the files are equal, byte for byte, whenever and wherever they are written.
    """
    # The same layers in a model that was never compiled: `include_optimizer=False` is not heeded
    # for this format, and Adam's state is twice as large as the weights.
    bare = keras.Model(autoencoder.input, autoencoder.output, name=autoencoder.name)
    bare.save(path)
    _rewrite(path)


def _rewrite(path: Path) -> None:
    """Take out of a `.keras` file what differs from run to run.

    It is a ZIP archive with the time of its making, here and in its metadata, and Keras tells apart
    what layers share by addresses in memory, here numbered in their order.
    """
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(parts["metadata.json"])
    parts["metadata.json"] = json.dumps({**metadata, "date_saved": ""}).encode()
    numbers: dict[bytes, bytes] = {}
    parts["config.json"] = re.sub(
        rb'(?<="shared_object_id": )\d+',
        lambda address: numbers.setdefault(address[0], b"%d" % len(numbers)),
        parts["config.json"],
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def load(path: Path) -> keras.Model:
    """Read a model that `save` has written; code stored in the file is never run (safe mode)."""
    loaded = _read(path)
    if loaded.name != "autoencoder":
        return loaded
    # The paper's model as it was saved before there were others.
    of_paper = build(0)
    of_paper.set_weights(loaded.get_weights())
    return of_paper


def load_checkpoint(path: Path) -> keras.Model:
    """Read a model with its optimiser, to train on; code stored in the file is never run."""
    return _read(path, with_optimiser=True)


def _read(path: Path, with_optimiser: bool = False) -> keras.Model:
    from reproduce.models import layers  # noqa: F401  # which registers them with Keras

    return keras.saving.load_model(path, compile=with_optimiser, safe_mode=True)
