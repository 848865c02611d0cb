"""The recorded runs of studies (`studies/`), as chapters show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reproduce.core import store
from reproduce.core import study as studies
from reproduce.core.parameters import parse_seeds
from reproduce.core.values import Value
from reproduce.measure import repetitions as repeating
from reproduce.measure.rates import curves, measurement, summary
from reproduce.measure.stages import FEW_REPETITIONS, MANY_REPETITIONS, RATES, find
from reproduce.models import script, training
from reproduce.models.registry import PAPER
from reproduce.models.stages import MODEL
from reproduce.results import record

QUANTISATION = "quantisation"
TEN_EPOCHS = "ten-epochs"
OURS = "ours"


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


def ten_epochs() -> dict[str, dict[int, Sequence[float]]]:
    """Read the losses of ten epochs of the paper's script and of ours.

    Returns
    -------
    dict
        The loss of each epoch, by seed, of the stages `literal` (the script), and
        `literal-in-our-order` (the script, given our batches), and of `ours`, with one seed more.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    study = studies.read(TEN_EPOCHS, store.project_root() / "studies")
    seeds = parse_seeds(study.seeds)
    losses: dict[str, dict[int, Sequence[float]]] = {
        name: {seed: script.read(record.folder(find(name), study.profile, seed)) for seed in seeds}
        for name in study.stages
    }
    ours = [*seeds, max(seeds) + 1]
    return losses | {
        OURS: {seed: record.read(study.profile, seed).training.losses for seed in ours}
    }


class Outcome(Value):
    """What a training came to.

    Attributes
    ----------
    last_loss
        Mean loss of the last epoch, in nats per pixel.
    mean_ratio
        Mean size ratio of the test images.
    weights
        A digest of all weights.
    """

    last_loss: float
    mean_ratio: float
    weights: str


class Repetition(Outcome):
    """What it came to when it was repeated otherwise.

    Attributes
    ----------
    kernels
        What computed, in words.
    threads
        Of TensorFlow within an operation.
    greatest_difference
        Of any weight from that of the run itself.
    """

    kernels: str
    threads: int
    greatest_difference: float


class Repeated(Value):
    """A run and its repetitions, all on one machine.

    Attributes
    ----------
    reference
        The run itself, as it is on two threads.
    runs
        The same training again, in other settings.
    processor
        Its make.
    """

    reference: Outcome
    runs: tuple[Repetition, ...]
    processor: str


def repetitions() -> dict[str, Repeated]:
    """Read what repeating a training with other threads and other kernels changed, by profile.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    return {
        "sample": _repeated(record.folder(MANY_REPETITIONS, "sample")),
        "paper": _repeated(record.folder(FEW_REPETITIONS, "paper")),
    }


def _repeated(folder: Path) -> Repeated:
    machine = store.read_manifest(folder)["made"]["machine"]
    return Repeated(**repeating.read(folder), processor=machine["processor"])
