"""The paper's attention with its map at its mean: how strongly is kept, where is taken away."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("mean-map", "attention by its mean alone", has_map=True, reach=None)
def mean_map(channels: int) -> "keras.Model":
    """Return the attention: the latent times one minus the mean of its map over all places."""
    from reproduce.models.layers import Invert, MeanOverPlaces

    latent = keras.Input((None, None, channels), name="latent")
    sigmoid = {"activation": "sigmoid", "padding": "same"}
    attention_map = keras.layers.Conv2D(channels, 3, name="attention_map", **sigmoid)(latent)
    weight = Invert(name="inverted_attention")(MeanOverPlaces(name="mean")(attention_map))
    weighted = keras.layers.Multiply(name="weighted_latent")([latent, weight])
    return keras.Model(latent, weighted, name="attention")
