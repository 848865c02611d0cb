"""What a run has trained, among the codecs that are measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce import artifacts
from reproduce.codec import LatentCodec
from reproduce.parameters import Parameters
from reproduce.preparation import PreparedData
from reproduce.rates import fitted, measurement
from reproduce.rates.codecs import Codec, Grey
from reproduce.training import Trained

STAGE = "rates"

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


def of_run(parameters: Parameters, data: PreparedData, trained: Trained) -> tuple[Codec, ...]:
    """Return the codecs that a run has trained."""
    return (AutoencoderCodec(fitted.fit(parameters, data, trained)),)


def rates(parameters: Parameters, data: PreparedData, trained: Trained) -> Path:
    """Return the folder of what a run's codecs give; measure it first if needed."""
    depends = {
        "codec": fitted.fit_folder(parameters, data, trained).name,
        "versions": artifacts.library_versions(["constriction", "scikit-image"]),
    }
    return measurement.measure(
        STAGE, parameters, data, depends, lambda: of_run(parameters, data, trained)
    )
