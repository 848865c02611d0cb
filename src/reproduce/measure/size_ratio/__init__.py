"""What the paper's size ratio measures: a stage of its own.

The same ratio is taken of the autoencoder and of what stands beside it (`methods`), with the
quality of the picture that is left, and of the autoencoder by other writers of PNG (`writers`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce.core.parameters import Parameters
from reproduce.data import pixels, preparation
from reproduce.measure import metrics, png
from reproduce.measure.rows import measured as rows_of_images
from reproduce.measure.size_ratio.methods import METHODS, Method
from reproduce.measure.size_ratio.writers import WRITERS, Writer
from reproduce.measure.stages import RATIOS
from reproduce.measure.subject import Subject
from reproduce.models import training

TABLE = "ratios.csv"
WRITERS_TABLE = "png-writers.csv"


def measure(parameters: Parameters) -> pd.DataFrame:
    """Load what each method makes of the chosen test images, or measure it first.

    Returns
    -------
    pandas.DataFrame
        A row for each image and method: image (its place in the test split), method (its name in
        `methods.METHODS`), bytes, size_ratio (bytes ÷ bytes of the original's PNG), bpp (bits per
        pixel), and the metrics of `metrics.METRICS`: psnr_db is infinite where nothing is lost,
        ssim and ms_ssim are NaN for images smaller than their windows.
    """
    return read_table(RATIOS.folder(parameters) / TABLE)


def measure_writers(parameters: Parameters) -> pd.DataFrame:
    """Load the sizes by each writer of PNG of the chosen test images, or measure them first.

    Returns
    -------
    pandas.DataFrame
        A row for each image and writer: image, writer (its name in `writers.WRITERS`),
        original_bytes, reconstruction_bytes, and size_ratio, the second of them ÷ the first.
    """
    return read_table(RATIOS.folder(parameters) / WRITERS_TABLE)


def read_table(path: Path) -> pd.DataFrame:
    """Read one of the two tables."""
    return pd.read_csv(path)


def make(parameters: Parameters, folder: Path) -> dict[str, Any]:
    """Measure the chosen test images, write both tables, and return facts."""
    data = preparation.prepare(parameters)
    trained = training.train(parameters)
    chosen = pixels.spread(data.counts["test"], parameters.rate_images)

    def rows(index: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        (image,) = data.chosen("test", np.array([index]))
        subject = Subject(trained.autoencoder, image)
        return (
            [{"image": index, **of_method(method, subject)} for method in METHODS],
            [{"image": index, **of_writer(writer, subject)} for writer in WRITERS],
        )

    for table in (TABLE, WRITERS_TABLE):  # of a run that was interrupted at the end
        (folder / table).unlink(missing_ok=True)
    measured = rows_of_images(folder, chosen, rows, "measuring size ratios")
    for of_methods, of_writers in measured:
        _append(of_methods, folder / TABLE)
        _append(of_writers, folder / WRITERS_TABLE)
    return {"images": len(chosen)}


def of_method(method: Method, subject: Subject) -> dict[str, Any]:
    """Return what a method makes of an image: a row of `measure`'s table, without the image."""
    size, left = method.apply(subject)
    return {
        "method": method.name,
        "bytes": size,
        "size_ratio": png.size_ratio(size, subject.original_bytes),
        "bpp": 8 * size / subject.original.size,
        **metrics.compare(subject.original, left),
    }


def of_writer(writer: Writer, subject: Subject) -> dict[str, Any]:
    """Return the sizes by a writer: a row of `measure_writers`' table, without the image."""
    original, reconstruction = (
        len(writer.write(image)) for image in (subject.original, subject.reconstructed_levels)
    )
    return {
        "writer": writer.name,
        "original_bytes": original,
        "reconstruction_bytes": reconstruction,
        "size_ratio": png.size_ratio(reconstruction, original),
    }


def _append(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as they come, so that memory doesn't grow with them; six digits are plenty."""
    table = pd.DataFrame(rows)
    table.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.6g")
