"""The record of a full run: small files that say what it found, and its trained weights.

    results/<profile>/record.json        parameters, data, losses, figures 10, 12 and 14, machine
    results/<profile>/test-images.csv    the table of the test split, a row per image
    results/<profile>/autoencoder.keras  the trained model

`measure` gives the same numbers for any run, so that a build can be set beside the record.
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

from reproduce import artifacts, compression, environment, evaluation, paper, preparation, training
from reproduce.errors import ReproduceError
from reproduce.evaluation import Example
from reproduce.parameters import SPLITS, Parameters
from reproduce.preparation import PreparedData
from reproduce.training import Trained

RECORD = "record.json"


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
        "parameters": parameters.model_dump(exclude={"folder"}),
        "data": {
            "fingerprint": data.fingerprint,
            "images": data.counts,
            "images_per_class": {split: data.class_counts(split) for split in SPLITS},
        },
        "training": {
            "losses": trained.losses,
            "loss_floor": training.loss_floor(data.histogram("train")),
            "epoch_seconds": trained.epoch_seconds,
            "seconds": round(sum(trained.epoch_seconds), 1),
            "peak_memory_bytes": trained.facts["peak_memory_bytes"],
        },
        "example": {"name": example.name, **example.scores()},
        "test": {name: asdict(evaluation.summarise(scores[name])) for name in metrics},
    }


def headline(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the few numbers of a run, from `measure` or `read`, that the front page shows."""
    losses, example, test = run["training"]["losses"], run["example"], run["test"]
    original = example["original_bytes"]
    return {
        "training_images": run["data"]["images"]["train"],
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "loss_floor": run["training"]["loss_floor"],
        "original_bytes": original,
        "reconstruction_ratio": example["size_ratio"],
        "latent_clip_ratio": compression.size_ratio(example["latent_clip_bytes"], original),
        "latent_stretch_ratio": compression.size_ratio(example["latent_stretch_bytes"], original),
        "test_images": test["size_ratio"]["images"],
        "mean_ratio": test["size_ratio"]["mean"],
        "mean_psnr": test["psnr_db"]["mean"],
        "correlation": example["attention_correlation"],
    }


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
        artifacts.write_json(folder / RECORD, _with_nulls(values))
    return folder / RECORD


def _with_nulls(values: Any) -> Any:
    """Put None in place of NaN and infinity (from a dead latent), which JSON lacks."""
    if isinstance(values, dict):
        return {name: _with_nulls(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_with_nulls(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def read(profile: str = "paper") -> dict[str, Any]:
    """Read the committed record of a profile's full run.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    path = artifacts.project_root() / "results" / profile / RECORD
    if not path.is_file():
        raise ReproduceError(f"no record {path}; make one with: make record PROFILE={profile}")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record
