"""The paper's encoder with another activation, or other initial weights, in the latent's layer.

With some seeds the paper's latent is zero from the start, and never lives: its ReLU passes no
gradient where its argument is negative.
"""

from typing import Any

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


def _register(name: str, label: str, **of_latent: Any) -> None:
    @encoder(name, label, channels=1, stride=2, reach=3)
    def latent_layer() -> "keras.Model":
        """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1."""
        from reproduce.models.layers import features_as_in_the_paper

        relu = {"activation": "relu", "padding": "same"}
        return keras.Sequential(
            [
                keras.Input((None, None, 1), name="image"),
                *features_as_in_the_paper(),
                keras.layers.Conv2D(1, 3, name="latent", **relu | of_latent),
            ],
            name="encoder",
        )


_register("leaky-latent", "a leaky ReLU at the latent", activation="leaky_relu")
_register("softplus-latent", "softplus at the latent", activation="softplus")
_register("he-latent", "He initialisation of the latent's layer", kernel_initializer="he_uniform")
