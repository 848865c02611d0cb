"""What a run has trained, as a codec that is measured as others are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.codec import LatentCodec, fitted
from reproduce.core.parameters import Parameters
from reproduce.measure.rates import measurement
from reproduce.measure.rates.interface import Grey
from reproduce.measure.stages import RATES

AUTOENCODER = "autoencoder"


@dataclass(frozen=True)
class AutoencoderCodec:
    """The paper's autoencoder with the bitstream of `reproduce.codec`."""

    codec: LatentCodec
    name: str = AUTOENCODER
    settings: str = "this book's bitstream: 1/step of the latent's quantisation"
    qualities: Sequence[float] = (1, 1.5, 2, 3, 4, 6, 8, 16, 32, 64)

    def encode(self, image: Grey, quality: float) -> bytes:
        """Return the bytes of a file with an image, H x W grey levels."""
        return self.codec.compress(image, 1 / quality)

    def decode(self, data: bytes) -> Grey:
        """Return the image in the bytes of a file."""
        return self.codec.decompress(data)


def codec_of(parameters: Parameters) -> AutoencoderCodec:
    """Return the codec that a run has trained."""
    return AutoencoderCodec(fitted.fit(parameters))


def rates(parameters: Parameters) -> Path:
    """Return the folder of what a run's own codec gives; measure it first if needed."""
    return RATES.folder(parameters)


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Put test images through a run's own codec, write the table of rates, and return facts."""
    return measurement.make(parameters, folder, codec_of(parameters))


def make_times(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Time a run's own codec, write the table of times, and return facts."""
    return measurement.make_times(parameters, folder, codec_of(parameters))
