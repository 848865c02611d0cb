"""Ten epochs of the paper's script and of ours: losses that should differ as two seeds do.

    python -m benchmarks.ten_epochs literal 0 FOLDER
    python -m benchmarks.ten_epochs ours 0 FOLDER
    python -m benchmarks.ten_epochs literal-in-our-order 0 FOLDER

FOLDER holds beans in folders <split>/<class>. All start from the initial weights of the seed. The
script sees the images in the order that Keras makes of the seed, or in ours. Each run takes
minutes on two cores, so each adds its losses to results/ten-epochs.json as soon as it has them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parents[1] / "results" / "ten-epochs.json"


def literal(seed: int, folder: Path) -> list[float]:
    """Return the loss of each epoch of the paper's own script."""
    from reproduce.models import literal as script

    script.keras.utils.set_random_seed(seed)
    autoencoder = script.build((500, 500, 1))
    images = script.load_images(sorted((folder / "train").rglob("*.jpg")), (500, 500))
    history = autoencoder.fit(images, images, epochs=10, batch_size=32, shuffle=True, verbose=2)
    return [float(loss) for loss in history.history["loss"]]


def literal_in_our_order(seed: int, folder: Path) -> list[float]:
    """Return the loss of each epoch of the paper's graph and `fit`, given our batches."""
    from reproduce.data import preparation
    from reproduce.models import training

    data = preparation.prepare(_setting(seed, folder))
    from reproduce.models import literal as script

    script.keras.utils.set_random_seed(seed)
    autoencoder = script.build((500, 500, 1))
    images = script.load_images([folder / name for name in data.names("train")], (500, 500))
    losses = []
    for epoch in range(10):
        order = np.concatenate([*training.batches(len(images), 32, seed, epoch)])
        in_order = images[order]
        history = autoencoder.fit(in_order, in_order, batch_size=32, shuffle=False, verbose=2)
        losses += [float(loss) for loss in history.history["loss"]]
    return losses


def ours(seed: int, folder: Path) -> list[float]:
    """Return the loss of each epoch of this project's training, in the profile `paper`."""
    from reproduce.models import training

    setting = _setting(seed, folder)
    return training.train(setting).losses


def _setting(seed: int, folder: Path) -> Any:
    from reproduce.core import parameters, store

    profiles = store.project_root() / "profiles"
    overrides = parameters.parse_overrides([f"seed={seed}", f"folder={folder}"])
    return parameters.load_parameters("paper", profiles, overrides)


def main() -> None:
    """Train, and add the losses to the record."""
    subject, seed, folder = sys.argv[1:]
    train = {"literal": literal, "literal-in-our-order": literal_in_our_order, "ours": ours}
    losses = train[subject](int(seed), Path(folder).resolve())
    from reproduce.core import store

    record = json.loads(RECORD.read_text()) if RECORD.is_file() else {}
    record.setdefault(subject, {})[seed] = losses
    store.write_json(RECORD, record)


if __name__ == "__main__":
    main()
