"""The paper's decoder with the inverse of divisive normalisation (Ballé et al. 2016) for ReLU."""

from reproduce.core.backend import keras
from reproduce.models.registry import decoder


@decoder("gdn-decoder", "divisive normalisation in the decoder", reach=2)
def divisive(channels: int, _: int) -> "keras.Model":
    """Return the decoder: h x w x channels to 2h x 2w x 1, without the last sigmoid."""
    from reproduce.models.layers import DivisiveNormalisation, UpsamplingThenConvolution

    same = {"padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, channels), name="weighted_latent"),
            keras.layers.Conv2D(16, 3, name="decoder_conv_1", **same),
            DivisiveNormalisation(inverse=True, name="decoder_gdn_1"),
            UpsamplingThenConvolution(1, 3, activation="linear", name="reconstruction", **same),
        ],
        name="decoder",
    )
