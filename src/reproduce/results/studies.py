"""The recorded runs of studies (`studies/`), as chapters show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from reproduce.core import store
from reproduce.core import study as studies
from reproduce.core.backend import keras
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import load_parameters, parse_seeds
from reproduce.measure import repetitions as repeating
from reproduce.measure import scores as scoring
from reproduce.measure import statistics
from reproduce.measure.rates import curves, measurement, summary
from reproduce.measure.repetitions import Repetitions
from reproduce.measure.stages import CODECS, RATES, SCORES, find
from reproduce.models import script, training
from reproduce.models.registry import PAPER
from reproduce.models.stages import MODEL
from reproduce.results import findings, record
from reproduce.results.findings import Findings

QUANTISATION = "quantisation"
TEN_EPOCHS = "ten-epochs"
EXERCISES = "exercises"
FUTURE_WORK = "future-work"
PLANNED = "534a32d3"
"""The commit that has the questions of that study, before any of its runs."""
REPETITIONS = ("sample-repetitions", "repetitions")
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


def _study(name: str) -> studies.Study:
    folder = store.project_root() / "studies"
    store.note_use(folder / f"{name}.yaml")
    return studies.read(name, folder)


def quantisation() -> dict[str, Trial]:
    """Read the runs of the study `quantisation`, by the names of its variants.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    study = _study(QUANTISATION)
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


@dataclass(frozen=True)
class Measured:
    """A trained model by the paper's measure, and by true files.

    Attributes
    ----------
    learned
        Whether it has, see `statistics.learned`.
    size_ratio, psnr_db
        Of the reconstructions: means over all test images.
    curve
        A row for each step of its own files, see `curves.means`.
    """

    learned: bool
    size_ratio: float
    psnr_db: float
    curve: pd.DataFrame


@dataclass(frozen=True)
class AttentionStudy:
    """The same trainings with the attention and without it, each by its seed.

    Attributes
    ----------
    profile
        Whose setting they have.
    commit, started
        Of the first of them.
    """

    with_it: Mapping[int, Measured]
    without: Mapping[int, Measured]
    profile: str
    commit: str
    started: str


def attention() -> AttentionStudy:
    """Read the runs of the study `exercises`.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    study = _study(EXERCISES)
    seeds = parse_seeds(study.seeds)
    with_it, without = (
        {seed: _measured(study.profile, seed, f"{model}@{variant}") for seed in seeds}
        for variant, model in (("with-attention", PAPER), ("without-attention", "no-attention"))
    )
    first = record.folder(MODEL, study.profile, seeds[0], f"{PAPER}@with-attention")
    made = store.read_manifest(first)["made"]
    return AttentionStudy(with_it, without, study.profile, made["commit"], made["started"])


def _measured(profile: str, seed: int, model: str) -> Measured:
    scored, rates = (record.folder(stage, profile, seed, model) for stage in (SCORES, RATES))
    scores = scoring.read_table(scored / scoring.TABLE)
    return Measured(
        learned=statistics.learned(scores),
        size_ratio=float(scores["size_ratio"].mean()),
        psnr_db=float(scores["psnr_db"].mean()),
        curve=curves.means(measurement.read([rates])),
    )


@cache
def future_work() -> Findings:
    """Read the runs of the study `future-work`, as far as they are recorded, and compare them.

    It takes seconds, for the many draws of the comparisons' intervals.

    Raises
    ------
    ReproduceError
        None is recorded.
    """
    study = _study(FUTURE_WORK)
    profiles = store.project_root() / "profiles"
    return findings.read(study, load_parameters(study.profile, profiles))


def future_work_codecs() -> pd.DataFrame:
    """Read the mean curves of the codecs that the study `future-work` measures beside its models.

    Returns
    -------
    pandas.DataFrame
        From `curves.means`.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    study = _study(FUTURE_WORK)
    measured = [find(name) for name in study.stages if find(name) in CODECS]
    tables = [record.folder(stage, study.profile) for stage in measured]
    return curves.means(measurement.read(tables))


def future_work_model(variant: str) -> tuple[keras.Model, int]:
    """Return a model of the study `future-work`, and the side in pixels of its images.

    Raises
    ------
    ReproduceError
        The study keeps no model of that variant, or it isn't recorded.
    """
    study = _study(FUTURE_WORK)
    parameters = load_parameters(study.profile, store.project_root() / "profiles")
    for run in study.runs(parameters):
        if run.variant == variant and study.keeps_weights(run):
            place = record.folder(MODEL, study.profile, run.parameters.seed, run.model)
            return training.read(place).autoencoder, parameters.image_size
    raise ReproduceError(f"study {FUTURE_WORK!r} keeps no model of variant {variant!r}")


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
    study = _study(TEN_EPOCHS)
    seeds = parse_seeds(study.seeds)
    losses: dict[str, dict[int, Sequence[float]]] = {
        name: {seed: script.read(record.folder(find(name), study.profile, seed)) for seed in seeds}
        for name in study.stages
    }
    ours = [*seeds, max(seeds) + 1]
    return losses | {
        OURS: {
            seed: training.read(record.folder(MODEL, study.profile, seed)).losses for seed in ours
        }
    }


@dataclass(frozen=True)
class Repeated:
    """A run and its repetitions, and the make of the processor, which is the same for all."""

    repetitions: Repetitions
    processor: str


def repetitions() -> dict[str, Repeated]:
    """Read what repeating a training with other threads and other kernels changed, by profile.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    found = {}
    for name in REPETITIONS:
        study = _study(name)
        (stage,), (seed,) = study.stages, parse_seeds(study.seeds)
        folder = record.folder(find(stage), study.profile, seed)
        machine = store.read_manifest(folder)["made"]["machine"]
        found[study.profile] = Repeated(repeating.read(folder), machine["processor"])
    return found
