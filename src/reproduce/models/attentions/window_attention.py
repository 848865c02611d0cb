"""Self-attention within windows of the latent, after Zou et al. (2022), with one head."""

from reproduce.core.backend import keras
from reproduce.models.registry import attention

SIDE = 8
"""Side of a window, in places of the latent."""


@attention("window-attention", "self-attention within windows", has_map=False, reach=None)
def window_attention(channels: int) -> "keras.Model":
    """Return the attention: each place adds a mean of its window's, weighed by similarity.

    The windows start at the left upper corner of what is decoded, so that must be the whole.
    """
    from reproduce.models.layers import WindowAttention

    latent = keras.Input((None, None, channels), name="latent")
    attended = WindowAttention(SIDE, name="window_attention")(latent)
    weighted = keras.layers.Add(name="weighted_latent")([latent, attended])
    return keras.Model(latent, weighted, name="attention")
