"""The paper's encoder with a residual block (He et al. 2016) before the latent."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


@encoder("residual-encoder", "a residual block in the encoder", channels=1, stride=2, reach=5)
def residual() -> "keras.Model":
    """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1."""
    from reproduce.models.layers import features_as_in_the_paper

    relu = {"activation": "relu", "padding": "same"}
    image = keras.Input((None, None, 1), name="image")
    features = image
    for layer in features_as_in_the_paper():
        features = layer(features)
    inner = keras.layers.Conv2D(16, 3, name="block_conv_1", **relu)(features)
    inner = keras.layers.Conv2D(16, 3, name="block_conv_2", padding="same")(inner)
    features = keras.layers.Add(name="block")([features, inner])
    latent = keras.layers.Conv2D(1, 3, name="latent", **relu)(features)
    return keras.Model(image, latent, name="encoder")
