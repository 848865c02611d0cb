"""The paper's encoder with divisive normalisation (Ballé et al. 2016) in the place of ReLU."""

from reproduce.core.backend import keras
from reproduce.models.registry import encoder


@encoder("gdn-encoder", "divisive normalisation in the encoder", channels=1, stride=2, reach=3)
def divisive() -> "keras.Model":
    """Return the encoder: H x W x 1 to ⌈H/2⌉ x ⌈W/2⌉ x 1; its latent has a ReLU as the paper's."""
    from reproduce.models.layers import DivisiveNormalisation

    same = {"padding": "same"}
    return keras.Sequential(
        [
            keras.Input((None, None, 1), name="image"),
            keras.layers.Conv2D(32, 3, name="encoder_conv_1", **same),
            keras.layers.MaxPooling2D(2, name="encoder_conv_1_pool", **same),
            DivisiveNormalisation(name="encoder_gdn_1"),
            keras.layers.Conv2D(16, 3, name="encoder_conv_2", **same),
            DivisiveNormalisation(name="encoder_gdn_2"),
            keras.layers.Conv2D(1, 3, name="latent", activation="relu", **same),
        ],
        name="encoder",
    )
