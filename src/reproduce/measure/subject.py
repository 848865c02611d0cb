"""An image and all that a model makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reproduce.core.backend import keras
from reproduce.core.parameters import LatentReading
from reproduce.data import pixels
from reproduce.data.pixels import to_unit_range
from reproduce.measure import metrics, png
from reproduce.models import autoencoder as model

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Subject:
    """One image with a trained model: what comes out is computed when it is asked for.

    Attributes
    ----------
    autoencoder
        The trained model.
    original
        H x W grey levels.
    name
        Where the image comes from.
    """

    autoencoder: keras.Model
    original: Levels
    name: str = ""

    @cached_property
    def latent(self) -> NDArray[np.float32]:
        """The encoder's output, h x w; of several channels, side by side, h x (w channels).

        Of the paper's model h = ⌈H/2⌉, w = ⌈W/2⌉ and no value is below 0.
        """
        return _side_by_side(model.encode(self.autoencoder, to_unit_range(self.original[None])))

    @cached_property
    def attention_map(self) -> NDArray[np.float32] | None:
        """The attention map, in (0, 1), before the inversion, in the form of the latent.

        None of a model without a map.
        """
        if not model.has_map(self.autoencoder):
            return None
        return _side_by_side(model.attend(self.autoencoder, self._batch(self.latent)))

    @cached_property
    def reconstruction(self) -> NDArray[np.float32]:
        """What the decoder makes of the latent as it is: H x W, in (0, 1)."""
        return self._decoded(self.latent)

    @cached_property
    def reconstructed_levels(self) -> Levels:
        """The reconstruction as H x W grey levels."""
        return pixels.to_grey_levels(self.reconstruction)

    def decode(self, latent: NDArray[np.floating]) -> Levels:
        """Return what the decoder makes of a latent of that form: H x W grey levels."""
        return pixels.to_grey_levels(self._decoded(latent.astype(np.float32)))

    def _decoded(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        return model.decode(self.autoencoder, self._batch(latent), self.original.shape)[0, ..., 0]

    def _batch(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a latent as the model takes it, 1 x h x w x channels."""
        channels = model.registered(self.autoencoder).encoder.channels
        return np.stack(np.split(latent, channels, axis=1), axis=-1)[np.newaxis]

    @cached_property
    def difference(self) -> NDArray[np.float32]:
        """Original − reconstruction (figure 9): H x W, in (-1, 1)."""
        return to_unit_range(self.original)[..., 0] - self.reconstruction

    @cached_property
    def original_bytes(self) -> int:
        """Size of the original as a PNG file."""
        return len(png.png(self.original))

    @cached_property
    def reconstruction_bytes(self) -> int:
        """Size of the reconstruction as a PNG file."""
        return len(png.png(self.reconstructed_levels))

    def latent_bytes(self, reading: LatentReading) -> int:
        """Return the size of the latent as a PNG file, by one of the two readings."""
        return len(png.png(png.latent_image(self.latent, reading)))

    @cached_property
    def full_size_attention(self) -> NDArray[np.float32]:
        """The attention map at the image's size, H x W, of several channels their mean.

        It is brought there as the decoder brings its features: each value again for each pixel.

        Raises
        ------
        ValueError
            The model has no map.
        """
        if self.attention_map is None:
            raise ValueError("the model has no attention map")
        encoder = model.registered(self.autoencoder).encoder
        mean = np.mean(np.split(self.attention_map, encoder.channels, axis=1), axis=0)
        height, width = self.original.shape
        stride = encoder.stride
        return np.asarray(mean.repeat(stride, axis=0).repeat(stride, axis=1)[:height, :width])

    @cached_property
    def attention_correlation(self) -> float:
        """Pearson's correlation of attention and |difference|, from -1 to 1.

        NaN if one of the two is constant, or there is no map.
        """
        return self._correlation_with_attention(np.abs(self.difference))

    def _correlation_with_attention(self, values: NDArray[np.float32]) -> float:
        if self.attention_map is None:
            return math.nan
        return metrics.correlation(self.full_size_attention, values)

    @cached_property
    def active_latent(self) -> float:
        """Share of the latent that is above 0, from 0 to 1; the rest carries nothing."""
        return float(np.mean(self.latent > 0))

    @cached_property
    def latent_similarity(self) -> float:
        """Pearson's correlation of the latent and the image at half size.

        NaN of a latent of another form: it is no picture of half the size.
        """
        half = pixels.half_size(self.original)
        if half.shape != self.latent.shape:
            return math.nan
        return metrics.correlation(self.latent, half)

    def scores(self) -> dict[str, float]:
        """Return the numbers of this image, as in the table of the test split."""
        return {
            "original_bytes": self.original_bytes,
            "reconstruction_bytes": self.reconstruction_bytes,
            "latent_clip_bytes": self.latent_bytes("clip"),
            "latent_stretch_bytes": self.latent_bytes("stretch"),
            "size_ratio": png.size_ratio(self.reconstruction_bytes, self.original_bytes),
            "psnr_db": metrics.psnr(self.original, self.reconstructed_levels),
            "ssim": metrics.ssim(self.original, self.reconstructed_levels),
            "attention_correlation": self.attention_correlation,
            "active_latent": self.active_latent,
        }

    def details(self) -> dict[str, float]:
        """Return further numbers of this image, for the paper's claims about its one image."""
        return {
            "signed_attention_correlation": self._correlation_with_attention(self.difference),
            "latent_similarity": self.latent_similarity,
            "difference_contrast": metrics.contrast_of_areas(np.abs(self.difference)),
        }


def _side_by_side(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the channels of a batch of one, 1 x h x w x channels, as one picture."""
    return np.concatenate(list(np.moveaxis(batch[0], -1, 0)), axis=1)
