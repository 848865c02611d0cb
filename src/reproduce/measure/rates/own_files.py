"""A model's own files of test images, bytes and PSNR alone: what a study of many runs compares.

    own-files-<fingerprint>/own-files.csv   a row for each image, two columns for each step

The whole of what is measured of a codec (`measurement`) takes four times as long, and ten times as
much room: a study has hundreds of runs, and names each image once in each.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce.core.parameters import Parameters
from reproduce.data import pixels, preparation
from reproduce.measure import metrics
from reproduce.measure.rates import autoencoder
from reproduce.measure.rows import measured
from reproduce.models import description, training

TABLE = "own-files.csv"
_OF_FILES = ("bytes", "psnr_db")
"""Columns of the table, each for every quality: `bytes@1.5`."""


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Write and read the files of test images at each step, write the table, and return facts.

    The facts say what else a study asks of a run: the last loss, in nats per pixel; the number of
    weights, and of multiplications for a pixel; and the mean PSNR, in dB, of images that are grey
    all over, each as its original is on average. A model that isn't far above that is dead.
    """
    data = preparation.prepare(parameters)
    trained = training.train(parameters)
    codec = autoencoder.codec_of(parameters)
    names = data.names("test")
    places = pixels.spread(len(names), parameters.rate_images)

    def rows(index: int) -> list[dict[str, Any]]:
        (image,) = data.chosen("test", np.array([index]))
        flat = np.full_like(image, round(float(image.mean())))
        files = [(quality, codec.encode(image, quality)) for quality in codec.qualities]
        return [
            {
                "image": names[index],
                "quality": quality,
                "bytes": len(file),
                "pixels": image.size,
                "psnr_db": metrics.psnr(image, codec.decode(file)),
                "flat_psnr_db": metrics.psnr(image, flat),
            }
            for quality, file in files
        ]

    found = measured(folder, places, rows, "measuring own files")
    table = pd.DataFrame([row for of_image in found for row in of_image])
    # Of an image that is even itself it is infinite.
    flat = table.groupby("image")["flat_psnr_db"].first().replace(math.inf, math.nan).mean()
    columns = [
        table.pivot_table(column, ["image", "pixels"], "quality", aggfunc="first").rename(
            columns=f"{column}@{{:g}}".format
        )
        for column in _OF_FILES
    ]
    pd.concat(columns, axis="columns").to_csv(folder / TABLE, float_format="%.6g")
    counted = description.multiplications(trained.autoencoder)
    return {
        "images": len(places),
        "last_loss": trained.losses[-1],
        "weights": trained.autoencoder.count_params(),
        "encoding_multiplications": counted.encoding,
        "decoding_multiplications": counted.decoding,
        "flat_psnr_db": float(flat),
    }


def read(folder: Path) -> pd.DataFrame:
    """Read the table of a run.

    Returns
    -------
    pandas.DataFrame
        Columns image, codec, size, quality, bytes, bpp and psnr_db, as `curves` takes them.
    """
    wide = pd.read_csv(folder / TABLE, dtype={"image": str}, keep_default_na=False)
    table = pd.wide_to_long(
        wide, [*_OF_FILES], i=["image", "pixels"], j="quality", sep="@", suffix=r"[\d.]+"
    ).reset_index()
    rates = 8 * table["bytes"] / table["pixels"]
    return table.assign(codec=autoencoder.AUTOENCODER, size="full", bpp=rates)


LEAST_GAIN_DB = 3.0
"""A model whose best files are less than this above plain grey, on average, has not learned."""


def learned(table: pd.DataFrame, flat_psnr_db: float) -> bool:
    """Say whether a model has learned: whether its best files say more than a grey of their own.

    Takes what `read` returns, and what the stage's facts say of plain grey.
    """
    best = table.groupby("image")["psnr_db"].max().mean()
    return bool(best >= flat_psnr_db + LEAST_GAIN_DB)
