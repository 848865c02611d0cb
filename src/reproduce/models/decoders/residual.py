"""The paper's decoder with a residual block (He et al. 2016) after its first convolution."""

from reproduce.core.backend import keras
from reproduce.models.registry import decoder


@decoder("residual-decoder", "a residual block in the decoder", reach=4)
def residual(channels: int, _: int) -> "keras.Model":
    """Return the decoder: h x w x channels to 2h x 2w x 1, without the last sigmoid."""
    from reproduce.models.layers import UpsamplingThenConvolution

    relu = {"activation": "relu", "padding": "same"}
    weighted = keras.Input((None, None, channels), name="weighted_latent")
    features = keras.layers.Conv2D(16, 3, name="decoder_conv_1", **relu)(weighted)
    inner = keras.layers.Conv2D(16, 3, name="block_conv_1", **relu)(features)
    inner = keras.layers.Conv2D(16, 3, name="block_conv_2", padding="same")(inner)
    features = keras.layers.Add(name="block")([features, inner])
    reconstruction = UpsamplingThenConvolution(
        1, 3, activation="linear", padding="same", name="reconstruction"
    )(features)
    return keras.Model(weighted, reconstruction, name="decoder")
