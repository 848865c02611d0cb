"""A decoder for latents of any stride that is a power of two: it upsamples that many times."""

from reproduce.core.backend import keras
from reproduce.models.registry import decoder


@decoder("upsampling", "upsampling as often as the encoder halves", reach=3, strides=(2, 4, 8, 16))
def upsampling(channels: int, stride: int) -> "keras.Model":
    """Return the decoder: h x w x channels to (stride h) x (stride w) x 1, without the sigmoid.

    At a stride of 2 it is the paper's.
    """
    from reproduce.models.layers import UpsamplingThenConvolution

    doublings = stride.bit_length() - 1
    same = {"padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, channels), name="weighted_latent"),
            keras.layers.Conv2D(16, 3, activation="relu", name="decoder_conv_1", **same),
            *(
                UpsamplingThenConvolution(
                    16, 3, activation="relu", name=f"decoder_conv_{number}", **same
                )
                for number in range(2, doublings + 1)
            ),
            UpsamplingThenConvolution(1, 3, activation="linear", name="reconstruction", **same),
        ],
        name="decoder",
    )
