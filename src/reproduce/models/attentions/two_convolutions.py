"""The paper's attention with a map of two convolutions, which see further than one."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("two-convolutions", "attention of two convolutions", has_map=True, reach=2)
def two_convolutions(channels: int) -> "keras.Model":
    """Return the attention: a convolution of 16 filters stands before the one of the map."""
    from reproduce.models.layers import Invert

    latent = keras.Input((None, None, channels), name="latent")
    same = {"padding": "same"}
    wider = keras.layers.Conv2D(16, 3, activation="relu", name="attention_conv", **same)(latent)
    attention_map = keras.layers.Conv2D(
        channels, 3, activation="sigmoid", name="attention_map", **same
    )(wider)
    weight = Invert(name="inverted_attention")(attention_map)
    weighted = keras.layers.Multiply(name="weighted_latent")([latent, weight])
    return keras.Model(latent, weighted, name="attention")
