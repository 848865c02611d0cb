"""The recorded runs of studies (`studies/`), as chapters show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reproduce.core import store
from reproduce.core import study as studies
from reproduce.core.parameters import parse_seeds
from reproduce.measure.rates import curves, measurement, summary
from reproduce.measure.stages import RATES
from reproduce.models import training
from reproduce.models.registry import PAPER
from reproduce.models.stages import MODEL
from reproduce.results import record

QUANTISATION = "quantisation"


@dataclass(frozen=True)
class Trial:
    """The model after a training that quantised its latent in some way, or not at all.

    Attributes
    ----------
    label
        What was done, in words.
    last_loss
        Mean loss of the last epoch, in nats per pixel.
    greatest_latent, greatest_latent_before
        The greatest value in the latents of the first training images, after and before training.
    points
        `quality`, `bpp` and metrics of the model's own files at each step, means over the images.
    images
        How many test images these are.
    """

    label: str
    last_loss: float
    greatest_latent: float
    greatest_latent_before: float
    points: tuple[Mapping[str, float], ...]
    images: int

    @property
    def best_psnr(self) -> float:
        """The greatest mean PSNR at any step, in dB."""
        return max(point["psnr_db"] for point in self.points)


def quantisation() -> dict[str, Trial]:
    """Read the runs of the study `quantisation`, by the names of its variants.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    study = studies.read(QUANTISATION, store.project_root() / "studies")
    (seed,) = parse_seeds(study.seeds)
    return {
        variant: _trial(study.profile, seed, f"{PAPER}@{variant}") for variant in study.variants
    }


def _trial(profile: str, seed: int, model: str) -> Trial:
    trained, rates = (record.folder(stage, profile, seed, model) for stage in (MODEL, RATES))
    manifest = store.read_manifest(trained)
    table = measurement.read([rates])
    return Trial(
        label=_label(manifest["dependencies"]["parameters"]),
        last_loss=training.read(trained).losses[-1],
        greatest_latent=manifest["facts"]["greatest_latent"],
        greatest_latent_before=manifest["facts"]["greatest_latent_before"],
        points=summary.points_of(curves.means(table)),
        images=table["image"].nunique(),
    )


def _label(parameters: Mapping[str, Any]) -> str:
    if parameters["quantisation"] == "none":
        return "no quantisation, as in the paper"
    return f"{parameters['quantisation']}, step 1/{1 / parameters['quantisation_step']:g}"
