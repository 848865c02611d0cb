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
from numpy.typing import NDArray

from reproduce.core import store
from reproduce.core.parameters import Parameters
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


def make(parameters: Parameters, folder: Path, settings: Sequence[Setting]) -> dict[str, Any]:
    """Train and score with each setting; write what differs from the run itself."""
    reference = training.train(parameters)
    ratios = scoring.score(parameters)["size_ratio"]
    weights = _weights(reference)
    unfinished = folder / _UNFINISHED
    runs = json.loads(unfinished.read_text()) if unfinished.is_file() else []
    for setting in settings[len(runs) :]:
        print(f"{setting.kernels}, {setting.threads} threads", file=sys.stderr)
        runs.append(_repeat(parameters, setting, weights))
        store.write_json(unfinished, runs)
    first = {
        "last_loss": reference.losses[-1],
        "mean_ratio": float(ratios.mean()),
        "weights": _digest(weights),
    }
    store.write_json(folder / FILE, {"reference": first, "runs": runs})
    unfinished.unlink()
    return {}


def read(folder: Path) -> dict[str, Any]:
    """Read the repetitions from a folder: an artifact's, or a record's.

    Returns
    -------
    dict
        `reference`: the run itself, last_loss, mean_ratio, and weights, a digest of them all.
        `runs`: the same of each repetition, with kernels, threads, and greatest_difference, of any
        weight from that of the run itself.
    """
    found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return found


def _repeat(parameters: Parameters, setting: Setting, weights: NDArray[Any]) -> dict[str, Any]:
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
    repeated = _weights(trained)
    return {
        "kernels": setting.kernels,
        "threads": setting.threads,
        "last_loss": trained.losses[-1],
        "mean_ratio": float(ratios.mean()),
        "weights": _digest(repeated),
        "greatest_difference": float(np.abs(repeated - weights).max()),
    }


def _weights(trained: training.Trained) -> NDArray[Any]:
    return np.concatenate([weight.ravel() for weight in trained.autoencoder.get_weights()])


def _digest(weights: NDArray[Any]) -> str:
    return hashlib.sha256(weights.tobytes()).hexdigest()[:16]


if __name__ == "__main__":
    scoring.score(Parameters(**json.loads(sys.argv[1])))
