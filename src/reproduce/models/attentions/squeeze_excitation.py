"""Squeeze-and-excitation (Hu et al. 2018): each channel is weighed by what all places hold."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("squeeze-excitation", "squeeze-and-excitation", has_map=False, reach=None)
def squeeze_excitation(channels: int) -> "keras.Model":
    """Return the attention: the channels' means, through two dense layers, weigh the channels."""
    from reproduce.models.layers import MeanOverPlaces

    latent = keras.Input((None, None, channels), name="latent")
    squeezed = keras.layers.Dense(max(1, channels // 2), activation="relu", name="squeeze")(
        MeanOverPlaces(name="mean")(latent)
    )
    weight = keras.layers.Dense(channels, activation="sigmoid", name="excitation")(squeezed)
    weighted = keras.layers.Multiply(name="weighted_latent")([latent, weight])
    return keras.Model(latent, weighted, name="attention")
