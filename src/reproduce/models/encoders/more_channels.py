"""The paper's encoder with several channels in the latent, where the paper's has one."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


def _register(channels: int) -> None:
    @encoder(
        f"channels-{channels}", f"{channels} latent channels", channels=channels, stride=2, reach=3
    )
    def more_channels() -> "keras.Model":
        """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x channels."""
        from reproduce.models.layers import features_as_in_the_paper

        relu = {"activation": "relu", "padding": "same"}
        return keras.Sequential(
            [
                keras.Input((None, None, 1), name="image"),
                *features_as_in_the_paper(),
                keras.layers.Conv2D(channels, 3, name="latent", **relu),
            ],
            name="encoder",
        )


for _channels in (2, 4, 8):
    _register(_channels)
