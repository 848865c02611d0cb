"""Encoders that halve the image two and three times, to more channels at fewer places."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


def _register(halvings: int, channels: int) -> None:
    stride = 2**halvings

    # The latent sees one place around it, the convolution before it another, and so on inwards.
    @encoder(
        f"stride-{stride}-channels-{channels}",
        f"a latent of {channels} channels at every {stride}th place",
        channels=channels,
        stride=stride,
        reach=3,
    )
    def coarser() -> "keras.Model":
        """Return the encoder: H x W x 1 to ⌈H/stride⌉ x ⌈W/stride⌉ x channels."""
        from reproduce.models.layers import ConvolutionThenPooling

        relu = {"activation": "relu", "padding": "same"}
        return keras.Sequential(
            [
                keras.Input((None, None, 1), name="image"),
                *(
                    ConvolutionThenPooling(32, 3, name=f"encoder_conv_{number}", **relu)
                    for number in range(1, halvings + 1)
                ),
                keras.layers.Conv2D(16, 3, name=f"encoder_conv_{halvings + 1}", **relu),
                keras.layers.Conv2D(channels, 3, name="latent", **relu),
            ],
            name="encoder",
        )


for _halvings, _channels in ((2, 8), (2, 16), (3, 32)):
    _register(_halvings, _channels)
