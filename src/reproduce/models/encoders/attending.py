"""The paper's encoder with the paper's attention at its end, before anything is quantised."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


@encoder("attending-encoder", "attention in the encoder", channels=1, stride=2, reach=4)
def attending() -> "keras.Model":
    """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1."""
    from reproduce.models.layers import Invert, features_as_in_the_paper

    relu = {"activation": "relu", "padding": "same"}
    image = keras.Input((None, None, 1), name="image")
    features = image
    for layer in features_as_in_the_paper():
        features = layer(features)
    unweighted = keras.layers.Conv2D(1, 3, name="unweighted_latent", **relu)(features)
    map_layer = keras.layers.Conv2D(
        1, 3, activation="sigmoid", padding="same", name="encoder_attention_map"
    )
    weight = Invert(name="inverted_attention")(map_layer(unweighted))
    latent = keras.layers.Multiply(name="latent")([unweighted, weight])
    return keras.Model(image, latent, name="encoder")
