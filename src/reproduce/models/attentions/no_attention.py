"""No attention: the latent goes to the decoder as it is."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention


@attention("no-attention", "no attention", has_map=False, reach=0)
def no_attention(channels: int) -> "keras.Model":
    """Return a model that changes nothing."""
    latent = keras.Input((None, None, channels), name="latent")
    return keras.Model(
        latent, keras.layers.Identity(name="weighted_latent")(latent), name="attention"
    )
