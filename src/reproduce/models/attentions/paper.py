"""The paper's attention (section III.B): the latent times one minus a map that is made of it."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("paper", "the paper's attention", has_map=True, reach=1)
def paper(channels: int) -> "keras.Model":
    """Return the attention: a sigmoid of a convolution, inverted, weighs the latent."""
    from reproduce.models.layers import Invert

    latent = keras.Input((None, None, channels), name="latent")
    sigmoid = {"activation": "sigmoid", "padding": "same"}
    attention_map = keras.layers.Conv2D(channels, 3, name="attention_map", **sigmoid)(latent)
    weight = Invert(name="inverted_attention")(attention_map)
    weighted = keras.layers.Multiply(name="weighted_latent")([latent, weight])
    return keras.Model(latent, weighted, name="attention")
