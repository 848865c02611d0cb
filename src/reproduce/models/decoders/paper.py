"""The paper's decoder (section III.B): a convolution, upsampling, and another convolution."""

from reproduce.core.backend import keras
from reproduce.models.registry import decoder


@decoder("paper", "the paper's decoder", reach=2)
def paper(channels: int, stride: int) -> "keras.Model":
    """Return the decoder: h x w x channels to 2h x 2w x 1, without the last sigmoid.

    Raises
    ------
    ValueError
        The latent's stride is not 2: the paper's decoder upsamples once.
    """
    from reproduce.models.layers import UpsamplingThenConvolution

    if stride != 2:
        raise ValueError(f"the paper's decoder upsamples twofold, and the stride is {stride}")
    same = {"padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, channels), name="weighted_latent"),
            keras.layers.Conv2D(16, 3, activation="relu", name="decoder_conv_1", **same),
            UpsamplingThenConvolution(1, 3, activation="linear", name="reconstruction", **same),
        ],
        name="decoder",
    )
