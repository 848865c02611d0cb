"""The same training again, with other threads and other processors' instructions: what stays.

Each repetition starts from the prepared images, in a process and a build folder of its own. The
instructions of an older processor are emulated: oneDNN is told to use no newer ones, or TensorFlow
to do without oneDNN.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reproduce.core import store
from reproduce.core.parameters import Parameters
from reproduce.core.values import Value
from reproduce.data import preparation
from reproduce.measure import scores as scoring
from reproduce.models import training

FILE = "repetitions.json"
_UNFINISHED = "unfinished.json"


@dataclass(frozen=True)
class Setting:
    """How a training is repeated: kernels, for people and as variables, and number of threads."""

    kernels: str
    variables: Mapping[str, str]
    threads: int


def _settings(kernels: str, variables: Mapping[str, str], *threads: int) -> list[Setting]:
    return [Setting(kernels, variables, number) for number in threads]


_AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
MANY = (
    *_settings("as it is", {}, 2, 1, 3, 4, 8),
    *_settings("AVX2", _AVX2, 2, 2, 4, 8),
    *_settings("without oneDNN", {"TF_ENABLE_ONEDNN_OPTS": "0"}, 2, 4),
)
FEW = (*_settings("as it is", {}, 8), *_settings("AVX2", _AVX2, 2))
"""For the paper's setting, where each takes minutes."""


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


class Repetitions(Value):
    """A run itself, as it is on two threads, and the same training again in other settings."""

    reference: Outcome
    runs: tuple[Repetition, ...]


def make(parameters: Parameters, folder: Path, settings: Sequence[Setting]) -> dict[str, Any]:
    """Train and score with each setting; write what differs from the run itself."""
    reference = training.train(parameters)
    ratios = scoring.score(parameters)["size_ratio"]
    weights = _weights(reference)
    unfinished = folder / _UNFINISHED
    done = json.loads(unfinished.read_text()) if unfinished.is_file() else []
    runs = [Repetition(**run) for run in done]
    for setting in settings[len(runs) :]:
        print(f"{setting.kernels}, {setting.threads} threads", file=sys.stderr)
        runs.append(_repeat(parameters, setting, weights))
        store.write_json(unfinished, [run.model_dump() for run in runs])
    found = Repetitions(reference=_outcome(reference, ratios), runs=tuple(runs))
    store.write_json(folder / FILE, found.model_dump())
    unfinished.unlink()
    return {}


def read(folder: Path) -> Repetitions:
    """Read the repetitions from a folder: an artifact's, or a record's."""
    return Repetitions.model_validate_json((folder / FILE).read_text(encoding="utf-8"))


def _repeat(parameters: Parameters, setting: Setting, weights: NDArray[Any]) -> Repetition:
    """Train and score in another process, and return what came of it."""
    with tempfile.TemporaryDirectory(prefix="repetition-") as name:
        build = Path(name)
        prepared = preparation.prepare(parameters).folder
        of_profile = build / prepared.parent.name
        of_profile.mkdir()
        (of_profile / prepared.name).symlink_to(prepared.resolve())
        variables = {
            "REPRODUCE_BUILD": str(build),
            "TF_NUM_INTRAOP_THREADS": str(setting.threads),
            **setting.variables,
        }
        subprocess.run(
            [sys.executable, "-m", __name__, parameters.model_dump_json()],
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        (model,) = build.glob("*/model-*/")
        (scores,) = build.glob("*/scores-*/")
        trained = training.read(model)
        ratios = scoring.read_table(scores / scoring.TABLE)["size_ratio"]
        return Repetition(
            **dict(_outcome(trained, ratios)),
            kernels=setting.kernels,
            threads=setting.threads,
            greatest_difference=float(np.abs(_weights(trained) - weights).max()),
        )


def _outcome(trained: training.Trained, ratios: "pd.Series[float]") -> Outcome:
    return Outcome(
        last_loss=trained.losses[-1],
        mean_ratio=float(ratios.mean()),
        weights=hashlib.sha256(_weights(trained).tobytes()).hexdigest()[:16],
    )


def _weights(trained: training.Trained) -> NDArray[Any]:
    return np.concatenate([weight.ravel() for weight in trained.autoencoder.get_weights()])


if __name__ == "__main__":
    scoring.score(Parameters(**json.loads(sys.argv[1])))
