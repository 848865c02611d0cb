"""The record as it was kept before each stage had a manifest of its own.

    results/<profile>/seed-<seed>/record.json, test-images.csv, rates.csv, …
    results/<profile>/references/rates.csv, times.csv

It is read as long as it is there, and goes when the record is made anew (`make record`). Its
`record.json` was patched when stages were added: commit and machine are those of the training, and
what it says of rates was measured later.
"""

import json
from pathlib import Path
from typing import Any

from reproduce.core.stage import Stage
from reproduce.measure import scores as scoring
from reproduce.measure.rates import measurement, summary
from reproduce.measure.stages import CODEC_TIMES, CODECS

RECORD = "record.json"
REFERENCES = "references"


def is_there(results: Path, profile: str, seed: int) -> bool:
    """Say whether a seed's run is recorded in this form."""
    return (results / profile / f"seed-{seed}" / RECORD).is_file()


def seeds(results: Path, profile: str) -> list[int]:
    """Return the seeds whose runs are recorded in this form."""
    places = (results / profile).glob(f"seed-*/{RECORD}")
    return sorted(int(place.parent.name.removeprefix("seed-")) for place in places)


def folder(results: Path, profile: str, seed: int, stage: Stage) -> Path:
    """Return the folder with the files of a stage: of codecs without training, one for all."""
    shared = stage in (*CODECS, *CODEC_TIMES)
    return results / profile / (REFERENCES if shared else f"seed-{seed}")


def read(results: Path, profile: str, seed: int) -> dict[str, Any]:
    """Return a run in the form of `record.read`."""
    own = results / profile / f"seed-{seed}"
    values: dict[str, Any] = json.loads((own / RECORD).read_text(encoding="utf-8"))
    rates = measurement.read([results / profile / REFERENCES, own])
    scores = scoring.read_table(own / scoring.TABLE)
    trained = {
        "started": values["recorded"],
        "commit": values["commit"],
        "versions": values["versions"],
        "machine": values["machine"],
    }
    return values | {"rates": summary.of_tables(rates, scores), "made": {"model": trained}}
