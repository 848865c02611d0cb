"""The record of full runs: small files of finished artifacts, each with its manifest.

    results/<profile>/data/                         what was prepared
    results/<profile>/codecs/<codec>/               what a codec that needs no training gives
    results/<profile>/<model>/seed-<seed>/<stage>/  what a trained model gives, and its weights

A manifest says what the artifact depends on and how it was made: by which commit, when, where, with
which versions. `write` copies them, and nothing else ever writes into a record.

`measure` puts the same numbers together of any run, so that a build can be set beside the record;
`quantities` picks from them the single numbers that pages and claims name.
"""

import copy
import hashlib
import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from reproduce import (
    architecture,
    artifacts,
    compression,
    evaluation,
    paper,
    training,
)
from reproduce.artifacts import or_nan
from reproduce.core.stage import Stage
from reproduce.data.stages import DATA
from reproduce.errors import ReproduceError
from reproduce.measure import stages
from reproduce.measure.stages import EXAMPLE, PNG_SIZES, RATES, SCORES
from reproduce.models.registry import PAPER
from reproduce.models.stages import MODEL
from reproduce.parameters import SPLITS, Parameters, parse_seeds
from reproduce.rates import measurement, summary

SUMS = "SHA256SUMS"
"""Of the files in a folder of a record, as `sha256sum -c` reads them: what was edited shows."""

REPETITIONS = "determinism.json"
LOSS_OF_MID_GREY = math.log(2)
"""The loss, in nats per pixel, of a model that answers 0.5 for each pixel of whatever image."""


def measure(parameters: Parameters) -> dict[str, Any]:
    """Make the run with these parameters, as far as it isn't made; return what it has found.

    Returns
    -------
    dict
        JSON-like values: parameters, data, model, training, example, test, learned. What could not
        be measured is None.
    """
    return _found(lambda stage: stage.folder(parameters), parameters.profile)


def run(parameters: Parameters) -> dict[str, Any]:
    """Return the same, with what the run's model reaches as a codec (`rates`)."""
    return measure(parameters) | {"rates": _rates(lambda stage: stage.folder(parameters))}


Folders = Callable[[Stage], Path]
"""Where the artifacts of a run are: in the store, or in a record."""


def _found(folder_of: Folders, profile: str) -> dict[str, Any]:
    """Put together what the artifacts of a run say."""
    manifests = {
        stage.name: artifacts.read_manifest(folder_of(stage))
        for stage in (DATA, MODEL, SCORES, EXAMPLE)
    }
    used: dict[str, Any] = {}
    for manifest in manifests.values():
        used |= manifest["dependencies"]["parameters"]
    prepared = manifests[DATA.name]["facts"]
    splits = prepared["splits"]
    trained = training.read(folder_of(MODEL))
    scores = evaluation.read_table(folder_of(SCORES) / evaluation.TABLE)
    numbers = [column for column in scores if column not in ("name", "class")]
    return {
        "parameters": {"profile": profile, **used},
        "data": {
            "fingerprint": prepared["fingerprint"],
            "images": {split: splits[split]["images"] for split in SPLITS},
            "images_per_class": {split: splits[split]["classes"] for split in SPLITS},
            "sizes": {split: splits[split]["sizes"] for split in SPLITS},
        },
        "model": architecture.counts(trained.autoencoder),
        "training": {
            "losses": trained.losses,
            "loss_floor": training.loss_floor(splits["train"]["histogram"]),
            "epoch_seconds": trained.epoch_seconds,
            "seconds": round(sum(trained.epoch_seconds), 1),
            "peak_memory_bytes": trained.made["peak_memory_bytes"],
            "psnr_db": manifests[SCORES.name]["facts"]["training_psnr_db"],
        },
        "example": _read_json(folder_of(EXAMPLE) / evaluation.EXAMPLE_FILE),
        "test": {name: asdict(evaluation.summarise(scores[name])) for name in numbers},
        "learned": evaluation.learned(scores),
    }


def _rates(folder_of: Folders) -> dict[str, Any]:
    """Return what a run's model reaches as a codec, beside those that need no training."""
    folders = [folder_of(stage) for stage in (*stages.CODECS, RATES)]
    scores = evaluation.read_table(folder_of(SCORES) / evaluation.TABLE)
    return summary.of_tables(measurement.read(folders), scores)


def _read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def quantities(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the single numbers of a run, from `measure` or `read`, that pages and claims name.

    What a run could not measure, such as a correlation with a constant, is NaN. Those of its rates
    are there if the run has them, as `run` and `read` return it.
    """
    data, training, example, test = (run[part] for part in ("data", "training", "example", "test"))
    losses, floor = training["losses"], training["loss_floor"]
    original, reconstruction = example["original_bytes"], example["reconstruction_bytes"]
    clip, stretch = example["latent_clip_bytes"], example["latent_stretch_bytes"]
    images = sum(data["images"].values())
    size = "{0}x{0}".format(run["parameters"]["image_size"])
    of_size = sum(sizes.get(size, 0) for sizes in data["sizes"].values())
    training_psnr, test_psnr = or_nan(training["psnr_db"]), or_nan(test["psnr_db"]["mean"])
    numbers = {
        "training_images": data["images"]["train"],
        "images_of_all_splits": images,
        "share_of_image_size": of_size / images,
        **{f"model_{name}": count for name, count in run["model"].items()},
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "loss_floor": floor,
        "removed_excess": (LOSS_OF_MID_GREY - losses[-1]) / (LOSS_OF_MID_GREY - floor),
        "original_bytes": original,
        "reconstruction_bytes": reconstruction,
        "reconstruction_ratio": example["size_ratio"],
        "latent_clip_bytes": clip,
        "latent_stretch_bytes": stretch,
        "latent_clip_ratio": compression.size_ratio(clip, original),
        "latent_stretch_ratio": compression.size_ratio(stretch, original),
        "latent_clip_to_output": clip / reconstruction,
        "latent_stretch_to_output": stretch / reconstruction,
        "latent_similarity": example["latent_similarity"],
        "difference_contrast": example["difference_contrast"],
        "correlation": example["attention_correlation"],
        "signed_correlation": example["signed_attention_correlation"],
        "test_images": test["size_ratio"]["images"],
        "mean_ratio": test["size_ratio"]["mean"],
        "mean_psnr": test_psnr,
        "psnr_lost_on_test": training_psnr - test_psnr,
        "mean_correlation": test["attention_correlation"]["mean"],
        "active_latent": test["active_latent"]["mean"],
    } | (summary.quantities(run["rates"]) if "rates" in run else {})
    return {name: or_nan(value) for name, value in numbers.items()}


def write(parameters: Parameters, results: Path) -> list[Path]:
    """Write the record of the run with these parameters, which is made as far as it isn't.

    Parameters
    ----------
    parameters
        Of one run: one model, one seed.
    results
        The folder of records. What it holds of the same run is replaced, stage by stage, each
        whole or not at all; what it holds of other seeds and models stays.

    Returns
    -------
    list of Path
        The folders that were written.

    Raises
    ------
    ReproduceError
        An artifact was made by no commit, or by one with uncommitted changes: nobody could make it
        again. Nothing is written then.
    """
    folders = {stage: stage.folder(parameters) for stage in stages.ALL}
    for folder in folders.values():
        made = artifacts.read_manifest(folder)["made"]
        if made["commit"] is None or made["uncommitted_changes"]:
            raise ReproduceError(
                f"{folder.name} cannot be recorded: it was made by "
                f"{'a commit with uncommitted changes' if made['commit'] else 'no commit'}; remove "
                f"it ({folder}) and record again from a clean checkout"
            )
    with artifacts.clear_disk_errors(results):
        return [
            _write_stage(
                stage,
                folder,
                results / parameters.profile / stage.place(parameters.model, parameters.seed),
            )
            for stage, folder in folders.items()
        ]


def _write_stage(stage: Stage, folder: Path, place: Path) -> Path:
    """Copy an artifact's manifest and the files that are recorded of it, in place of older ones."""
    new, old = (place.with_name(f".{place.name}.{word}") for word in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    new.mkdir(parents=True)
    sums = []
    for name in (artifacts.MANIFEST, *stage.recorded):
        shutil.copyfile(folder / name, new / name)
        sums.append(f"{hashlib.sha256((new / name).read_bytes()).hexdigest()}  {name}\n")
    (new / SUMS).write_text("".join(sums), encoding="utf-8")
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
    return place


def read(profile: str = "paper", seed: int = 0, model: str = PAPER) -> dict[str, Any]:
    """Read the committed record of a profile's full run with a model and a seed.

    Returns
    -------
    dict
        As `run`; also `made`: how each stage was made, by its name, and
        `images_of_reported_size`: the names of all images whose PNG file has the size that the
        paper reports.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    return copy.deepcopy(_read(artifacts.project_root() / "results", profile, seed, model))


@cache
def _read(results: Path, profile: str, seed: int, model: str) -> dict[str, Any]:
    def folder_of(stage: Stage) -> Path:
        return _recorded(stage, results, profile, seed, model)

    sizes = evaluation.read_sizes(folder_of(PNG_SIZES) / evaluation.SIZES_TABLE)
    of_size = sizes[sizes["bytes"] == paper.ORIGINAL_BYTES]["name"]
    return _found(folder_of, profile) | {
        "rates": _rates(folder_of),
        "images_of_reported_size": of_size.tolist(),
        "made": {
            stage.name: artifacts.read_manifest(folder_of(stage))["made"] for stage in stages.ALL
        },
    }


def folder(stage: Stage, profile: str = "paper", seed: int = 0, model: str = PAPER) -> Path:
    """Return the folder of the committed record that holds a stage.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    return _recorded(stage, artifacts.project_root() / "results", profile, seed, model)


def _recorded(stage: Stage, results: Path, profile: str, seed: int, model: str) -> Path:
    place = results / profile / stage.place(model, seed)
    if not (place / artifacts.MANIFEST).is_file():
        raise ReproduceError(
            f"no record {place}; make one of profile paper with: make record SEEDS={seed}"
        )
    return place


def folders(
    of_codecs: Sequence[Stage],
    of_model: Stage,
    profile: str = "paper",
    seed: int = 0,
    model: str = PAPER,
) -> list[Path]:
    """Return the recorded folders of codecs without training, and that of a model's own.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    return [folder(stage, profile, seed, model) for stage in (*of_codecs, of_model)]


def read_seeds(profile: str = "paper", model: str = PAPER) -> dict[int, dict[str, Any]]:
    """Read the committed records of a profile's full runs with a model, by their seeds.

    Raises
    ------
    ReproduceError
        There is none.
    """
    places = (artifacts.project_root() / "results" / profile / model).glob("seed-*")
    seeds = sorted(int(place.name.removeprefix("seed-")) for place in places)
    return {seed: read(profile, seed, model) for seed in seeds or [0]}


def read_repetitions() -> dict[str, Any]:
    """Read what repeating a training with other threads and other kernels changed, by profile.

    Raises
    ------
    ReproduceError
        There is no such result.
    """
    return artifacts.read_result(REPETITIONS, "python -m benchmarks.determinism")


def run_seeds(parameters: Parameters) -> dict[int, dict[str, Any]]:
    """Measure the runs with the seeds that the parameters list, which are made if need be.

    Without such a list, read the committed records of the paper's setting.
    """
    if not parameters.seeds:
        return read_seeds()
    return {
        seed: run(parameters.model_copy(update={"seed": seed}))
        for seed in parse_seeds(parameters.seeds)
    }
