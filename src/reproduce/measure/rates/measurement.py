"""Test images through a codec: bytes of each file, and how good the image is that comes back.

    codecs-jpeg-<fingerprint>/rates.csv  of a codec that needs no training: the same for all seeds
    times-jpeg-<fingerprint>/times.csv
    rates-<fingerprint>/rates.csv        of a run's own model (`autoencoder`)
    times-<fingerprint>/times.csv

`rates.csv` has a row for each image, size and quality, `times.csv` one for each quality. Images are
measured at full size and at half, by area averaging: at half size the
traces are gone that a lossy file has left in the photographs.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reproduce.core.parameters import Parameters
from reproduce.data import pixels, preparation
from reproduce.data.pixels import half_size_levels
from reproduce.measure import metrics, stages
from reproduce.measure.rates.interface import Codec
from reproduce.measure.rows import measured as rows_of_images

TABLE = "rates.csv"
TIMES = "times.csv"

TIMED_IMAGES = 8
"""How many images encoding and decoding are timed on, one after the other."""


def references(parameters: Parameters) -> list[Path]:
    """Return the folders of what codecs without training give; measure them first if needed.

    There is one for each codec.
    """
    return [stage.folder(parameters) for stage in stages.CODECS]


def make(parameters: Parameters, folder: Path, codec: Codec) -> dict[str, Any]:
    """Put the chosen test images through a codec, write the table of rates, and return facts."""
    data = preparation.prepare(parameters)
    names = data.names("test")
    places = pixels.spread(len(names), parameters.rate_images)

    def rows(index: int) -> list[dict[str, Any]]:
        (image,) = data.chosen("test", np.array([index]))
        return [{"image": names[index], **row} for row in _rows_of_image(codec, image)]

    measured = rows_of_images(folder, places, rows, f"measuring {codec.name}")
    table = pd.DataFrame([row for of_image in measured for row in of_image])
    table.to_csv(folder / TABLE, index=False, float_format="%.6g")
    return {"codec": codec.name, "settings": codec.settings, "images": len(places)}


def make_times(parameters: Parameters, folder: Path, codec: Codec) -> dict[str, Any]:
    """Time a codec on a few test images, write the table of times, and return facts."""
    data = preparation.prepare(parameters)
    places = pixels.spread(data.counts["test"], TIMED_IMAGES)
    times = pd.DataFrame(_times(codec, data.chosen("test", np.array(places))))
    times.to_csv(folder / TIMES, index=False, float_format="%.3g")
    return {"codec": codec.name, "settings": codec.settings, "images": len(places)}


def _rows_of_image(codec: Codec, image: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    for size, original in (("full", image), ("half", half_size_levels(image))):
        for quality in codec.qualities:
            data = codec.encode(original, quality)
            yield {
                "size": size,
                "codec": codec.name,
                "quality": quality,
                "bytes": len(data),
                "bpp": 8 * len(data) / original.size,
                **metrics.compare(original, codec.decode(data)),
            }


def _times(codec: Codec, images: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    """Yield median times in seconds of each quality, one call at a time."""
    for quality in codec.qualities:
        codec.decode(codec.encode(images[0], quality))  # what is loaded once doesn't count
        encoding, decoding = [], []
        for image in images:
            start = time.perf_counter()
            data = codec.encode(image, quality)
            middle = time.perf_counter()
            codec.decode(data)
            encoding.append(middle - start)
            decoding.append(time.perf_counter() - middle)
        yield {
            "codec": codec.name,
            "quality": quality,
            "encode_seconds": median(encoding),
            "decode_seconds": median(decoding),
        }


def read(folders: Sequence[Path], name: str = TABLE) -> pd.DataFrame:
    """Read a table, `rates.csv` or `times.csv`, of several folders as one."""
    # Names are text even where they look like numbers or missing values.
    texts = {"image": str, "size": str, "codec": str}
    missing = {metric.name: [""] for metric in metrics.METRICS}
    tables = [
        pd.read_csv(folder / name, dtype=texts, keep_default_na=False, na_values=missing)
        for folder in folders
    ]
    return pd.concat(tables, ignore_index=True)
