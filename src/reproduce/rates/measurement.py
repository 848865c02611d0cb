"""Test images through codecs: bytes of each file, and how good the image is that comes back.

    references-<fingerprint>/   of the codecs that need no training: the same for all seeds
    rates-<fingerprint>/        of a run's own model (`own`)

Each holds two tables: `rates.csv`, a row for each image, size, codec and quality, and `times.csv`,
a row for each codec and quality. Images are measured at full size and at half, by area averaging:
at half size the traces are gone that a lossy file has left in the photographs.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from reproduce import artifacts, metrics, parts
from reproduce.parallel import map_in_order
from reproduce.parameters import Parameters
from reproduce.preparation import PreparedData
from reproduce.rates import codecs
from reproduce.rates.codecs import Codec
from reproduce.stages import SOURCES

STAGE = "references"

TABLE = "rates.csv"
TIMES = "times.csv"

TIMED_IMAGES = 8
"""How many images encoding and decoding are timed on, one after the other."""


def references(parameters: Parameters, data: PreparedData) -> Path:
    """Return the folder of what the codecs without training give; measure it first if needed."""
    packages = ["pillow", "pillow-jxl-plugin", "scikit-image"]
    depends = {"versions": artifacts.library_versions(packages)}
    return measure(STAGE, parameters, data, depends, lambda: codecs.REFERENCES)


def measure(
    stage: str,
    parameters: Parameters,
    data: PreparedData,
    depends: Mapping[str, Any],
    find: Callable[[], Sequence[Codec]],
) -> Path:
    """Return the folder of what some codecs give; put the test images through them first if needed.

    Parameters
    ----------
    stage, parameters, data
        The name of the stage, and what all codecs are measured on.
    depends
        What else these codecs' numbers depend on.
    find
        Returns the codecs; called only if there is something to measure.
    """
    dependencies = {
        "data": data.folder.name,
        "rate_images": parameters.rate_images,
        "source": artifacts.source_digest(SOURCES[stage]),
        **depends,
    }

    def make(folder: Path) -> dict[str, Any]:
        return _make(find(), parameters, data, folder)

    return artifacts.load_or_make(stage, parameters.profile, dependencies, make)


def _make(
    chosen: Sequence[Codec], parameters: Parameters, data: PreparedData, folder: Path
) -> dict[str, Any]:
    names = data.names("test")
    places = parts.spread(len(names), parameters.rate_images)

    def rows(index: int) -> list[dict[str, Any]]:
        (image,) = data.chosen("test", np.array([index]))
        return [{"image": names[index], **row} for row in _rows_of_image(chosen, image)]

    progress = tqdm(
        map_in_order(rows, places), desc="measuring rates", total=len(places), unit="image"
    )
    table = pd.DataFrame([row for of_image in progress for row in of_image])
    table.to_csv(folder / TABLE, index=False, float_format="%.6g")
    timed = data.chosen("test", np.array(parts.spread(len(names), TIMED_IMAGES)))
    pd.DataFrame(_times(chosen, timed)).to_csv(folder / TIMES, index=False, float_format="%.3g")
    return {"images": len(places)}


def half_size(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image at half its size by area averaging: ⌈H/2⌉ x ⌈W/2⌉ grey levels."""
    return np.rint(metrics.half_size(image)).astype(np.uint8)


def _rows_of_image(chosen: Sequence[Codec], image: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    for size, original in (("full", image), ("half", half_size(image))):
        for codec in chosen:
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


def _times(chosen: Sequence[Codec], images: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    """Yield median times in seconds of each codec and quality, one call at a time."""
    for codec in chosen:
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
