"""The paper's encoder (section III.B): two convolutions with pooling between them, and a third."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


@encoder("paper", "the paper's encoder", channels=1, stride=2, reach=3)
def paper() -> "keras.Model":
    """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1."""
    from reproduce.models.layers import ConvolutionThenPooling

    relu = {"activation": "relu", "padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, 1), name="image"),
            ConvolutionThenPooling(32, 3, name="encoder_conv_1", **relu),
            keras.layers.Conv2D(16, 3, name="encoder_conv_2", **relu),
            keras.layers.Conv2D(1, 3, name="latent", **relu),
        ],
        name="encoder",
    )
