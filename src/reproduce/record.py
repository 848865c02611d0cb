"""The record of a full run: small files that say what it found, and its trained weights.

    results/<profile>/seed-<seed>/record.json        parameters, data, losses, sizes, machine
    results/<profile>/seed-<seed>/test-images.csv    the table of the test split, a row per image
    results/<profile>/seed-<seed>/autoencoder.keras  the trained model
    results/<profile>/seed-<seed>/rates.csv, …       what it gives as a codec, for each test image
    results/<profile>/references/rates.csv, …        what other codecs give, the same for all seeds

`measure` gives the same numbers for any run, so that a build can be set beside the record;
`quantities` picks from them the single numbers that pages and claims name.
"""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from reproduce import (
    architecture,
    artifacts,
    compression,
    environment,
    evaluation,
    paper,
    preparation,
    size_ratios,
    training,
)
from reproduce.errors import ReproduceError
from reproduce.evaluation import Example
from reproduce.parameters import SPLITS, Parameters, parse_seeds
from reproduce.preparation import PreparedData
from reproduce.rates import measurement, own, summary
from reproduce.training import Trained

RECORD = "record.json"
REFERENCES = "references"
REPETITIONS = "determinism.json"
LOSS_OF_MID_GREY = math.log(2)
"""The loss, in nats per pixel, of a model that answers 0.5 for each pixel of whatever image."""


def measure(
    parameters: Parameters,
    data: PreparedData,
    trained: Trained,
    example: Example,
    scores: pd.DataFrame,
) -> dict[str, Any]:
    """Return all that a run has found, as JSON-like values.

    The parameter `folder` is left out: it is a path on one machine. What was in it is told by
    the data's fingerprint.
    """
    metrics = [column for column in scores if column not in ("name", "class")]
    return {
        "parameters": parameters.model_dump(exclude={"folder", "seeds"}),
        "data": {
            "fingerprint": data.fingerprint,
            "images": data.counts,
            "images_per_class": {split: data.class_counts(split) for split in SPLITS},
            "sizes": {split: data.sizes(split) for split in SPLITS},
        },
        "model": architecture.counts(trained.autoencoder),
        "training": {
            "losses": trained.losses,
            "loss_floor": training.loss_floor(data.histogram("train")),
            "epoch_seconds": trained.epoch_seconds,
            "seconds": round(sum(trained.epoch_seconds), 1),
            "peak_memory_bytes": trained.facts["peak_memory_bytes"],
            "psnr_db": evaluation.mean_psnr(trained.autoencoder, data, "train", len(scores)),
        },
        "example": {"name": example.name, **example.scores(), **example.details()},
        "test": {name: asdict(evaluation.summarise(scores[name])) for name in metrics},
        "learned": evaluation.learned(scores),
    }


def quantities(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the single numbers of a run, from `measure` or `read`, that pages and claims name.

    What a run could not measure, such as a correlation with a constant, is NaN. Those of its rates
    are there if the run has them, as `run` and `read` return it.
    """
    data, training, example, test = (run[part] for part in ("data", "training", "example", "test"))
    losses, floor, size = (
        training["losses"],
        training["loss_floor"],
        run["parameters"]["image_size"],
    )
    original, reconstruction = example["original_bytes"], example["reconstruction_bytes"]
    clip, stretch = example["latent_clip_bytes"], example["latent_stretch_bytes"]
    images = sum(data["images"].values())
    size = "{0}x{0}".format(run["parameters"]["image_size"])
    of_size = sum(sizes.get(size, 0) for sizes in data["sizes"].values())
    training_psnr, test_psnr = _or_nan(training["psnr_db"]), _or_nan(test["psnr_db"]["mean"])
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
    return {name: _or_nan(value) for name, value in numbers.items()}


def _or_nan(value: float | None) -> float:
    """Return NaN for what a record holds as None, which JSON has instead (see `_with_nulls`)."""
    return math.nan if value is None else value


def write(parameters: Parameters, folder: Path) -> Path:
    """Write the record of the run with these parameters, which must be finished, into a folder.

    Returns
    -------
    Path
        The record's JSON file, written last.
    """
    data = preparation.prepare(parameters)
    trained = training.train(parameters, data)
    example = evaluation.example(parameters, data, trained)
    scores = evaluation.score(parameters, data, trained)
    values = measure(parameters, data, trained, example, scores) | {
        "rates": summary.summarise(parameters, data, trained, scores),
        "images_of_reported_size": evaluation.images_of_size(data, paper.ORIGINAL_BYTES),
        "machine": environment.machine(),
        "versions": environment.versions(),
        "commit": environment.commit(),
        "recorded": datetime.now(UTC).date().isoformat(),
    }
    with artifacts.clear_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        scores.to_csv(folder / evaluation.TABLE, index=False)
        shutil.copyfile(trained.weights, folder / training.WEIGHTS)
        _copy_rates(own.rates(parameters, data, trained), folder)
        ratios = size_ratios.measure_folder(parameters, data, trained)
        for table in (size_ratios.TABLE, size_ratios.WRITERS_TABLE):
            shutil.copyfile(ratios / table, folder / table)
        artifacts.write_json(folder / RECORD, _with_nulls(values))
    return folder / RECORD


def write_references(parameters: Parameters, folder: Path) -> Path:
    """Write the record of what codecs without training give into a folder, which is returned."""
    references = measurement.references(parameters, preparation.prepare(parameters))
    with artifacts.clear_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _copy_rates(references, folder)
    return folder


def _copy_rates(measured: Path, folder: Path) -> None:
    for table in (measurement.TABLE, measurement.TIMES):
        shutil.copyfile(measured / table, folder / table)


def _with_nulls(values: Any) -> Any:
    """Put None in place of NaN and infinity (from a dead latent), which JSON lacks."""
    if isinstance(values, dict):
        return {name: _with_nulls(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_with_nulls(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def read(profile: str = "paper", seed: int = 0) -> dict[str, Any]:
    """Read the committed record of a profile's full run with a seed.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    path = path_of(RECORD, profile, seed)
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def path_of(name: str, profile: str = "paper", seed: int = 0) -> Path:
    """Return a file of the committed record of a profile's full run with a seed.

    Raises
    ------
    ReproduceError
        There is no such file.
    """
    path = _recorded(profile) / f"seed-{seed}" / name
    if not path.is_file():
        raise ReproduceError(
            f"no record {path}; make one of profile paper with: make record SEEDS={seed}"
        )
    return path


def rate_folders(profile: str = "paper", seed: int = 0) -> list[Path]:
    """Return the folders of the recorded rates, of codecs without training and of a seed's model.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    references = _recorded(profile) / REFERENCES
    if not references.is_dir():
        raise ReproduceError(f"no record {references}; make one with: make record SEEDS={seed}")
    return [references, path_of(measurement.TABLE, profile, seed).parent]


def read_seeds(profile: str = "paper") -> dict[int, dict[str, Any]]:
    """Read the committed records of a profile's full runs, by their seeds.

    Raises
    ------
    ReproduceError
        There is none.
    """
    folders = _recorded(profile).glob("seed-*")
    seeds = sorted(int(folder.name.removeprefix("seed-")) for folder in folders)
    return {seed: read(profile, seed) for seed in seeds or [0]}


def _recorded(profile: str) -> Path:
    return artifacts.project_root() / "results" / profile


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


def run(parameters: Parameters) -> dict[str, Any]:
    """Make the run with these parameters, as far as it isn't made, and measure it."""
    data = preparation.prepare(parameters)
    trained = training.train(parameters, data)
    example = evaluation.example(parameters, data, trained)
    scores = evaluation.score(parameters, data, trained)
    return measure(parameters, data, trained, example, scores) | {
        "rates": summary.summarise(parameters, data, trained, scores)
    }
