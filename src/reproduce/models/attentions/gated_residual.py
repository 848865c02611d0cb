"""A gated residual, after the attention of Cheng et al. (2020), made simpler.

Theirs has three residual blocks in the trunk and three in the mask, of 128 channels and more. Here
each is two convolutions of 16 filters.
"""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("gated-residual", "gated residual attention", has_map=True, reach=2)
def gated_residual(channels: int) -> "keras.Model":
    """Return the attention: what is added to the latent is weighed by a map in (0, 1)."""
    latent = keras.Input((None, None, channels), name="latent")

    def two_convolutions(name: str, last: str, activation: str) -> "keras.KerasTensor":
        same = {"padding": "same"}
        first = keras.layers.Conv2D(16, 3, activation="relu", name=name, **same)(latent)
        return keras.layers.Conv2D(channels, 3, activation=activation, name=last, **same)(first)

    trunk = two_convolutions("trunk_conv", "trunk", "linear")
    attention_map = two_convolutions("attention_conv", "attention_map", "sigmoid")
    gated = keras.layers.Multiply(name="gated")([trunk, attention_map])
    weighted = keras.layers.Add(name="weighted_latent")([latent, gated])
    return keras.Model(latent, weighted, name="attention")
