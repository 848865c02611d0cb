"""Scores of a trained model: one image in detail (figures 7–13), all test images (figure 14)."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from reproduce.core import store
from reproduce.core.backend import keras
from reproduce.core.parallel import map_in_order
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import pixels, preparation
from reproduce.data.preparation import PreparedData
from reproduce.measure import metrics, png, shards
from reproduce.measure.rows import measured as rows_of_images
from reproduce.measure.shards import Part
from reproduce.measure.stages import PNG_SIZES, SCORES
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import training

TABLE = "test-images.csv"
EXAMPLE_FILE = "example.json"
SIZES_TABLE = "png-sizes.csv"

WHOLE = Part(1, 1)
"""All test images at once."""


def example(parameters: Parameters) -> Subject:
    """Return the image that the parameters choose with the model, which is trained if need be.

    Raises
    ------
    ReproduceError
        The split has no image of that index.
    """
    data = preparation.prepare(parameters)
    split, index = parameters.example_split, parameters.example_index
    image = data.image(split, index)
    autoencoder = training.train(parameters).autoencoder
    return Subject(autoencoder, image, data.names(split)[index])


def make_example(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Write the numbers of the image that the parameters choose as JSON."""
    chosen = example(parameters)
    numbers = {"name": chosen.name, **chosen.scores(), **chosen.details()}
    store.write_json(folder / EXAMPLE_FILE, numbers)
    return {}


def score(parameters: Parameters) -> pd.DataFrame:
    """Load the scores of all test images, or compute them first.

    Returns
    -------
    pandas.DataFrame
        A row for each image of the test split, in order: name, class, the sizes of its PNG files
        in bytes, size_ratio, psnr_db, ssim, attention_correlation, active_latent (see `Subject`).
    """
    return read_table(SCORES.folder(parameters) / TABLE)


def score_part(parameters: Parameters, part: Part) -> Path:
    """Return the folder that holds the scores of a part of the test images; compute them if needed.

    Raises
    ------
    ReproduceError
        There are more parts than images.
    """
    return SCORES.make(parameters, part_name(part), partial(_score, part))


def gather(parameters: Parameters, count: int) -> Path:
    """Return the folder that holds the scores of all test images, put together from `count` parts.

    Parts that `score_part` has not computed yet are computed. It is the same table as of one part.

    Raises
    ------
    ReproduceError
        There are more parts than images, or less than one.
    """
    chosen = shards.every(count)

    def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
        facts = _gather([score_part(parameters, part) for part in chosen], folder)
        return facts | _psnr_on_training_images(parameters)

    return SCORES.make(parameters, SCORES.name, make)


def part_name(part: Part) -> str:
    """Return the name of a part in the names of artifacts and notes: `scores-2-of-8`."""
    return f"{SCORES.name}-{part.number}-of-{part.count}"


def make_scores(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Score all test images, write their table, and return facts."""
    return _score(WHOLE, parameters, folder) | _psnr_on_training_images(parameters)


def _score(part: Part, parameters: Parameters, folder: Path) -> dict[str, Any]:
    data = preparation.prepare(parameters)
    return score_images(training.train(parameters).autoencoder, data, folder, part)


def score_images(
    autoencoder: keras.Model, data: PreparedData, folder: Path, part: Part = WHOLE
) -> dict[str, Any]:
    """Score a part of the test images with a model, write their table, and return facts."""
    labels, names = data.labels("test"), data.names("test")
    chosen = part.of(len(names))

    def row(index: int) -> dict[str, Any]:
        (image,) = data.chosen("test", np.array([index]))
        scored = Subject(autoencoder, image, names[index])
        return {"name": names[index], "class": data.classes[labels[index]]} | scored.scores()

    description = "scoring test" if part.count == 1 else f"scoring test, part {part}"
    _write_table(rows_of_images(folder, chosen, row, description), folder / TABLE)
    return {"images": len(chosen)}


def _psnr_on_training_images(parameters: Parameters) -> dict[str, float]:
    """Return the mean PSNR of as many training images as there are test images."""
    data = preparation.prepare(parameters)
    autoencoder = training.train(parameters).autoencoder
    return {"training_psnr_db": mean_psnr(autoencoder, data, "train", data.counts["test"])}


def _write_table(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write rows as they come; what is not a number (NaN) stays empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows):
            if number == 0:
                writer.writerow(row)
            writer.writerow("" if pd.isna(value) else value for value in row.values())


def _gather(folders: Sequence[Path], target: Path) -> dict[str, Any]:
    """Join the tables of all parts, in order, under the head of the first."""
    with (target / TABLE).open("wb") as whole:
        for number, folder in enumerate(folders):
            with (folder / TABLE).open("rb") as part:
                head = part.readline()
                if number == 0:
                    whole.write(head)
                shutil.copyfileobj(part, whole)
    counts = [store.read_manifest(folder)["facts"]["images"] for folder in folders]
    return {"images": sum(counts)}


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of test images that `score` has written."""
    # Names are text even where they look like numbers or missing values: 007, NA, None.
    texts = {"name": str, "class": str}
    numbers = set(pd.read_csv(path, nrows=0).columns) - set(texts)
    missing = {column: [""] for column in numbers}
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=missing)


def mean_psnr(autoencoder: keras.Model, data: PreparedData, split: Split, count: int) -> float:
    """Return the mean PSNR, in dB, of the reconstructions of `count` images of a split.

    They are spread evenly over it, and are all of them if there are no more.
    """
    places = pixels.spread(data.counts[split], count)

    def of_image(index: int) -> float:
        images = data.chosen(split, np.array([index]))
        reconstruction = pixels.to_grey_levels(model.reconstruct(autoencoder, images))
        return metrics.psnr(images, reconstruction)

    return float(np.mean(list(map_in_order(of_image, places))))


def png_sizes(parameters: Parameters) -> pd.DataFrame:
    """Load the sizes of all images as PNG files, or measure them first.

    Returns
    -------
    pandas.DataFrame
        A row for each image of each split: split, name, bytes.
    """
    return read_sizes(PNG_SIZES.folder(parameters) / SIZES_TABLE)


def read_sizes(path: Path) -> pd.DataFrame:
    """Read a table of sizes that `png_sizes` has written."""
    texts = {"split": str, "name": str}
    return pd.read_csv(path, dtype=texts, keep_default_na=False)


def make_png_sizes(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Write the size of each image as a PNG file to a table, and return facts."""
    data = preparation.prepare(parameters)
    sizes = {}
    for split in SPLITS:
        names = data.names(split)
        progress = tqdm(names, desc=f"writing {split} as PNG", unit="image")
        in_order = map_in_order(partial(_png_bytes, data, split), range(len(names)))
        sizes[split] = list(zip(progress, in_order, strict=True))
    rows = [(split, name, size) for split in SPLITS for name, size in sizes[split]]
    table = pd.DataFrame(rows, columns=["split", "name", "bytes"])
    table.to_csv(folder / SIZES_TABLE, index=False)
    return {"images": len(rows)}


def _png_bytes(data: PreparedData, split: Split, index: int) -> int:
    (image,) = data.chosen(split, np.array([index]))
    return len(png.png(image))
