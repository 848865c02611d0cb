"""CBAM (Woo et al. 2018): channels are weighed, and then places."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("cbam", "channel and spatial attention (CBAM)", has_map=False, reach=None)
def cbam(channels: int) -> "keras.Model":
    """Return the attention: channels by their means and maxima, places by those over channels."""
    from reproduce.models.layers import (
        MaximumOverPlaces,
        MeanAndMaximumOverChannels,
        MeanOverPlaces,
    )

    latent = keras.Input((None, None, channels), name="latent")
    squeeze = keras.layers.Dense(max(1, channels // 2), activation="relu", name="squeeze")
    excite = keras.layers.Dense(channels, name="excitation")
    summed = keras.layers.Add(name="both")(
        [
            excite(squeeze(MeanOverPlaces(name="mean")(latent))),
            excite(squeeze(MaximumOverPlaces(name="maximum")(latent))),
        ]
    )
    weight = keras.layers.Activation("sigmoid", name="channel_weight")(summed)
    by_channel = keras.layers.Multiply(name="weighted_channels")([latent, weight])
    place_weight = keras.layers.Conv2D(
        1, 7, activation="sigmoid", padding="same", name="place_weight"
    )(MeanAndMaximumOverChannels(name="over_channels")(by_channel))
    weighted = keras.layers.Multiply(name="weighted_latent")([by_channel, place_weight])
    return keras.Model(latent, weighted, name="attention")
