"""The same training with other threads and other processors' instructions: what stays the same.

    python -m benchmarks.determinism sample
    python -m benchmarks.determinism paper FOLDER

FOLDER holds beans in folders <split>/<class>. Each run starts from nothing, in a process and a
build folder of its own. The instructions of an older processor are emulated: oneDNN is told to use
no newer ones, or TensorFlow to do without oneDNN. All runs of a profile go to
results/determinism.json; the first one is what the others are compared with.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.core import environment, store
from reproduce.measure import scores
from reproduce.models import autoencoder as model
from reproduce.models import training

RESULT = Path(__file__).parents[1] / "results" / "determinism.json"

AS_IT_IS: dict[str, str] = {}
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
WITHOUT_ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "0"}
# A run of the paper's setting takes minutes as it is, and several times as long without oneDNN.
RUNS = {
    "sample": [
        *[("as it is", AS_IT_IS, threads) for threads in (2, 2, 1, 3, 4, 8)],
        *[("AVX2", AVX2, threads) for threads in (2, 2, 4, 8)],
        *[("without oneDNN", WITHOUT_ONEDNN, threads) for threads in (2, 4)],
    ],
    "paper": [("as it is", AS_IT_IS, 2), ("as it is", AS_IT_IS, 8), ("AVX2", AVX2, 2)],
}


def main() -> None:
    """Run all of a profile and put them into the result."""
    profile, *folder = sys.argv[1:]
    runs: list[dict[str, Any]] = []
    weights: list[np.ndarray] = []
    for kernels, settings, threads in RUNS[profile]:
        with tempfile.TemporaryDirectory() as build:
            variables = {"REPRODUCE_BUILD": build, "TF_NUM_INTRAOP_THREADS": str(threads)}
            score(profile, folder, variables | settings)
            weights.append(all_weights(Path(build) / profile))
            runs.append(
                {"kernels": kernels, "threads": threads}
                | measured(Path(build) / profile)
                | {
                    "weights": hashlib.sha256(weights[-1].tobytes()).hexdigest()[:16],
                    "greatest_difference": float(np.abs(weights[-1] - weights[0]).max()),
                }
            )
        print(json.dumps(runs[-1]), flush=True)
    written = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    written[profile] = {
        "machine": environment.machine().model_dump(),
        "versions": environment.versions(),
        "commit": environment.commit(),
        "measured": datetime.now(UTC).date().isoformat(),
        "runs": runs,
    }
    store.write_json(RESULT, written)


def score(profile: str, folder: list[str], variables: dict[str, str]) -> None:
    """Prepare, train and score in a process of its own, seed 0."""
    place = [word for path in folder for word in ("-p", f"folder={path}")]
    command = [
        str(Path(sys.executable).with_name("reproduce")),
        "make",
        "scores",
        "-f",
        profile,
        *place,
    ]
    subprocess.run(command, env=os.environ | variables, stdout=subprocess.DEVNULL, check=True)


def all_weights(build: Path) -> np.ndarray:
    """Return all weights of the one model in a build folder, as one vector."""
    (path,) = build.glob(f"model-*/{training.WEIGHTS}")
    return np.concatenate([weight.ravel() for weight in model.load(path).get_weights()])


def measured(build: Path) -> dict[str, float]:
    """Return the last loss and the mean size ratio of the one run in a build folder."""
    (history,) = build.glob(f"model-*/{training.HISTORY}")
    (table,) = build.glob(f"scores-*/{scores.TABLE}")
    return {
        "last_loss": json.loads(history.read_text())[-1]["loss"],
        "mean_ratio": float(scores.read_table(table)["size_ratio"].mean()),
    }


if __name__ == "__main__":
    main()
