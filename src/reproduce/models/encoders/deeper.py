"""The paper's encoder with one convolution more, before that of the latent."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


@encoder("deeper-encoder", "one convolution more in the encoder", channels=1, stride=2, reach=4)
def deeper() -> "keras.Model":
    """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1."""
    from reproduce.models.layers import features_as_in_the_paper

    relu = {"activation": "relu", "padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, 1), name="image"),
            *features_as_in_the_paper(),
            keras.layers.Conv2D(16, 3, name="encoder_conv_3", **relu),
            keras.layers.Conv2D(1, 3, name="latent", **relu),
        ],
        name="encoder",
    )
