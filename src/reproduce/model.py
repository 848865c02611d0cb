"""The paper's CNN-attention autoencoder (section III.B, figure 6).

                 encoder              attention              decoder
    image ──> Conv 32, pool, ──> latent ─┬─> 1 - map ─┐
    H x W     Conv 16, Conv 1      e     │            × ──> Conv 16, upsample, ──> reconstruction
                               H/2 x W/2 └────────────┘     Conv 1                 H x W

One Keras model, trained as a whole, made of parts that also work alone: `encode`, `attend` and
`decode` for arrays, the nested models `encoder`, `attention` and `decoder` for Keras. It is fully
convolutional: an image of any H x W from 2 x 2 up comes back with its own size.

The same mathematics as the paper's graph, in a faster form; tests compare outputs and gradients
with the literal graph. The paper upsamples the inverted attention map twofold (nearest) and
resizes it back (bilinear). That is the identity, for each output pixel averages copies of one
value, so it is left out here; chapter 2 shows it numerically. The first convolution with its
pooling, and the last upsampling with its convolution, are one layer each (see `layers`). The last
sigmoid stands alone, behind the crop, so that training can take the loss from its argument.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.backend import keras, tensorflow
from reproduce.layers import (
    ConvolutionThenPooling,
    CropToImage,
    Invert,
    UpsamplingThenConvolution,
)
from reproduce.preparation import to_unit_range

Array = NDArray[np.float32]


def build(seed: int) -> keras.Model:
    """Build the untrained autoencoder, compiled with Adam and binary cross-entropy.

    Parameters
    ----------
    seed
        Of the initial weights (Glorot uniform, Keras's default). Sets Keras's global seed.

    Returns
    -------
    keras.Model
        Maps N x H x W x 1, float32 in [0, 1], to reconstructions of the same shape and range.
    """
    keras.utils.set_random_seed(seed)
    encoder, attention, decoder = _encoder(), _attention(), _decoder()
    image = keras.Input((None, None, 1), name="image")
    latent = encoder(image)
    attention_map = attention(latent)
    weight = Invert(name="inverted_attention")(attention_map)
    weighted_latent = keras.layers.Multiply(name="weighted_latent")([latent, weight])
    decoded = CropToImage(name="crop")([decoder(weighted_latent), image])
    reconstruction = keras.layers.Activation("sigmoid", name="unit_range")(decoded)
    autoencoder = keras.Model(image, reconstruction, name="autoencoder")
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    return autoencoder


def _encoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((None, None, 1), name="image"),
            _convolution(32, "relu", "encoder_conv_1", ConvolutionThenPooling),
            _convolution(16, "relu", "encoder_conv_2"),
            _convolution(1, "relu", "latent"),
        ],
        name="encoder",
    )


def _attention() -> keras.Model:
    return keras.Sequential(
        [keras.Input((None, None, 1), name="latent"), _convolution(1, "sigmoid", "attention_map")],
        name="attention",
    )


def _decoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((None, None, 1), name="weighted_latent"),
            _convolution(16, "relu", "decoder_conv_1"),
            _convolution(1, "linear", "reconstruction", UpsamplingThenConvolution),
        ],
        name="decoder",
    )


def _convolution(
    filters: int, activation: str, name: str, kind: type[keras.layers.Layer] = keras.layers.Conv2D
) -> keras.layers.Layer:
    return kind(filters, 3, activation=activation, padding="same", name=name)


def logits(autoencoder: keras.Model) -> keras.Model:
    """Return the model without its last sigmoid, on the same weights."""
    return keras.Model(autoencoder.input, autoencoder.get_layer("crop").output, name="logits")


def logits_of_latents(autoencoder: keras.Model, latents: Any, images: Any) -> Any:
    """Return what the last sigmoid takes, from latents instead of images, as tensors.

    The images, N x H x W x 1, give their size alone.
    """
    weighted = latents * (1 - autoencoder.get_layer("attention")(latents))
    return autoencoder.get_layer("crop")([autoencoder.get_layer("decoder")(weighted), images])


def encode(autoencoder: keras.Model, images: Array) -> Array:
    """Return the latents of images: N x H x W x 1 in [0, 1] to N x ⌈H/2⌉ x ⌈W/2⌉ x 1, 0 or more."""
    return _run(autoencoder.get_layer("encoder"), images)


def attend(autoencoder: keras.Model, latents: Array) -> Array:
    """Return the attention maps of latents: the same shape, in (0, 1), before the inversion."""
    return _run(autoencoder.get_layer("attention"), latents)


def decode(autoencoder: keras.Model, latents: Array, shape: tuple[int, int] | None = None) -> Array:
    """Return the reconstructions of latents, weighted by the inverted attention on the way.

    Parameters
    ----------
    autoencoder
        From `build` or `load`.
    latents
        N x h x w x 1, as `encode` returns them.
    shape
        Height and width of the images, at most 2h and 2w; by default 2h x 2w.

    Returns
    -------
    N x H x W x 1, float32 in (0, 1).
    """
    weighted = latents * (1 - attend(autoencoder, latents))
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
    images = tensorflow.TensorSpec((None, None, None, 1), tensorflow.float32)
    compiled: Callable[[Array], Any]
    compiled = tensorflow.function(partial(part, training=False), input_signature=[images])
    return compiled


def save(autoencoder: keras.Model, path: Path) -> None:
    """Write graph and weights, without the optimiser, in Keras's own format (`.keras`)."""
    # The same layers in a model that was never compiled: `include_optimizer=False` is not heeded
    # for this format, and Adam's state is twice as large as the weights.
    bare = keras.Model(autoencoder.input, autoencoder.output, name=autoencoder.name)
    bare.save(path)


def load(path: Path) -> keras.Model:
    """Read a model that `save` has written; code stored in the file is never run (safe mode)."""
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """Return all layers in the order of the data, those of the nested parts included."""
    order: list[keras.layers.Layer] = []
    for layer in autoencoder.layers:
        order += layer.layers if isinstance(layer, keras.Model) else [layer]
    return order
