"""Ten epochs of the paper's script and of ours: losses that should differ as two seeds do.

    python -m benchmarks.ten_epochs literal 0 FOLDER
    python -m benchmarks.ten_epochs ours 0 FOLDER
    python -m benchmarks.ten_epochs ours 1 FOLDER

FOLDER holds beans in folders <split>/<class>. Both start from the same initial weights; the
order of images is Keras's own in one and ours in the other. Takes minutes for each run on two
cores, so each adds its losses to results/ten-epochs.json as soon as it has them.
"""

import json
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).parents[1] / "results" / "ten-epochs.json"


def literal(seed: int, folder: Path) -> list[float]:
    """Return the loss of each epoch of the paper's own script."""
    from benchmarks import literal as script

    script.keras.utils.set_random_seed(seed)
    autoencoder = script.build((500, 500, 1))
    images = script.load_images(sorted((folder / "train").rglob("*.jpg")), (500, 500))
    history = autoencoder.fit(images, images, epochs=10, batch_size=32, shuffle=True, verbose=2)
    return [float(loss) for loss in history.history["loss"]]


def ours(seed: int, folder: Path) -> list[float]:
    """Return the loss of each epoch of this project's training, in the profile `paper`."""
    from reproduce import artifacts, parameters, preparation, training

    profiles = artifacts.project_root() / "profiles"
    overrides = parameters.parse_overrides([f"seed={seed}", f"folder={folder}"])
    setting = parameters.load_parameters("paper", profiles, overrides)
    return training.train(setting, preparation.prepare(setting)).losses


def main() -> None:
    """Train, and add the losses to the record."""
    subject, seed, folder = sys.argv[1:]
    losses = {"literal": literal, "ours": ours}[subject](int(seed), Path(folder).resolve())
    record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    record.setdefault(subject, {})[seed] = losses
    with tempfile.NamedTemporaryFile("w", dir=RECORD.parent, delete=False) as file:
        json.dump(record, file, indent=2, sort_keys=True)
        file.write("\n")
    Path(file.name).replace(RECORD)


if __name__ == "__main__":
    main()
