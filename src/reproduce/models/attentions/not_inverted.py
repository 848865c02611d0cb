"""The paper's attention without its inversion: the latent times the map itself."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("not-inverted", "attention that is not inverted", has_map=True, reach=1)
def not_inverted(channels: int) -> "keras.Model":
    """Return the attention: a sigmoid of a convolution weighs the latent."""
    latent = keras.Input((None, None, channels), name="latent")
    sigmoid = {"activation": "sigmoid", "padding": "same"}
    attention_map = keras.layers.Conv2D(channels, 3, name="attention_map", **sigmoid)(latent)
    weighted = keras.layers.Multiply(name="weighted_latent")([latent, attention_map])
    return keras.Model(latent, weighted, name="attention")
