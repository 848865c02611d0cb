"""Scores of a trained model: one image in detail (figures 7–13), all test images (figure 14)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce.core import store
from reproduce.core.backend import keras
from reproduce.core.parallel import map_in_order
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import pixels, preparation
from reproduce.data.preparation import PreparedData
from reproduce.measure import metrics, png
from reproduce.measure.rows import measured as rows_of_images
from reproduce.measure.stages import PNG_SIZES, SCORES
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import training

TABLE = "test-images.csv"
EXAMPLE_FILE = "example.json"
SIZES_TABLE = "png-sizes.csv"


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


def make_scores(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Score all test images, write their table, and return facts."""
    data = preparation.prepare(parameters)
    facts = score_images(training.train(parameters).autoencoder, data, folder)
    return facts | _psnr_on_training_images(parameters)


def score_images(autoencoder: keras.Model, data: PreparedData, folder: Path) -> dict[str, Any]:
    """Score all test images with a model, write their table, and return facts."""
    labels, names = data.labels("test"), data.names("test")

    def row(index: int) -> dict[str, Any]:
        (image,) = data.chosen("test", np.array([index]))
        scored = Subject(autoencoder, image, names[index])
        return {"name": names[index], "class": data.classes[labels[index]]} | scored.scores()

    places = range(len(names))
    _write_table(rows_of_images(folder, places, row, "scoring test"), folder / TABLE)
    return {"images": len(names)}


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
    images = [(split, index) for split in SPLITS for index in range(data.counts[split])]
    names = {split: data.names(split) for split in SPLITS}

    def row(place: int) -> tuple[str, str, int]:
        split, index = images[place]
        return split, names[split][index], _png_bytes(data, split, index)

    rows = rows_of_images(folder, range(len(images)), row, "writing as PNG")
    table = pd.DataFrame(rows, columns=["split", "name", "bytes"])
    table.to_csv(folder / SIZES_TABLE, index=False)
    return {"images": len(images)}


def _png_bytes(data: PreparedData, split: Split, index: int) -> int:
    (image,) = data.chosen(split, np.array([index]))
    return len(png.png(image))
