"""The paper's decoder with one and two convolutions more, at the latent's places."""

from reproduce.core.backend import keras
from reproduce.models.registry import decoder


def _register(name: str, label: str, more: int) -> None:
    @decoder(name, label, reach=2 + more)
    def deeper(channels: int, _: int) -> "keras.Model":
        """Return the decoder: h x w x channels to 2h x 2w x 1, without the last sigmoid."""
        from reproduce.models.layers import UpsamplingThenConvolution

        same = {"padding": "same"}
        return keras.Sequential(
            [
                keras.Input((None, None, channels), name="weighted_latent"),
                *(
                    keras.layers.Conv2D(
                        16, 3, activation="relu", name=f"decoder_conv_{number}", **same
                    )
                    for number in range(1, 2 + more)
                ),
                UpsamplingThenConvolution(1, 3, activation="linear", name="reconstruction", **same),
            ],
            name="decoder",
        )


_register("deeper-decoder", "one convolution more in the decoder", 1)
_register("deepest-decoder", "two convolutions more in the decoder", 2)
