"""Tables and numbers of chapter 6: means over the images that `size_ratios` has measured.

`here` is what this page's run has measured, `recorded` what the recorded run has.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reproduce import metrics
from reproduce.markdown import table as markdown
from reproduce.size_ratios.methods import METHODS, Method
from reproduce.size_ratios.writers import WRITERS

_COLUMNS = {
    "size_ratio": "size ratio",
    "bpp": "bits per pixel",
    **{metric.name: metric.label for metric in metrics.METRICS},
}
_TWO_DECIMALS = ("bpp", "psnr_db")


def methods(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the means of what needs no latent: pictures as PNG, as the paper counts, and files."""
    return _of_runs(here, recorded, ("picture", "file"))


def transmitted(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the means of what a receiver can rebuild an image from: files and latents."""
    return _of_runs(here, recorded, ("file", "latent"))


def _of_runs(here: pd.DataFrame, recorded: pd.DataFrame, kinds: Sequence[str]) -> str:
    rows = []
    for run, ratios in (("recorded run", recorded), ("this page", here)):
        found = means(ratios)
        for place, method in enumerate(measured(found, kinds)):
            values = {
                label: number(found[column][method.name], 2 if column in _TWO_DECIMALS else 3)
                for column, label in _COLUMNS.items()
            }
            rows.append({"run": run if place == 0 else "", "method": method.label, **values})
    return markdown(rows, right=list(_COLUMNS.values()))


def means(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each number over the images: a row for each method, by its name."""
    return ratios.groupby("method", sort=False)[list(_COLUMNS)].mean()


def measured(found: pd.DataFrame, kinds: Sequence[str]) -> list[Method]:
    """Return the methods of these kinds that have a row in `means`, in the order of `METHODS`."""
    return [method for method in METHODS if method.kind in kinds and method.name in found.index]


def png_writers(here: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Return the mean bytes of original and reconstruction by each writer of PNG, and the ratio."""
    rows = []
    for run, sizes in (("recorded run", recorded), ("this page", here)):
        found = sizes.groupby("writer").mean()
        rows += [
            {
                "run": run if place == 0 else "",
                "PNG writer": writer.label,
                "originals (mean bytes)": f"{found['original_bytes'][writer.name]:,.0f}",
                "reconstructions": f"{found['reconstruction_bytes'][writer.name]:,.0f}",
                "size ratio": number(found["size_ratio"][writer.name], 3),
            }
            for place, writer in enumerate(WRITERS)
        ]
    return markdown(rows, right=["originals (mean bytes)", "reconstructions", "size ratio"])


def number(value: float, decimals: int) -> str:
    """Return a number for a table: ∞ for the PSNR of equal images, "–" for what is missing."""
    if np.isnan(value):
        return "–"
    return "∞" if np.isinf(value) else f"{value:.{decimals}f}"


def quantities(ratios: pd.DataFrame, writers: pd.DataFrame) -> dict[str, float]:
    """Return the single numbers that the text names.

    `<method>_<column>` is a mean, such as `jpeg_size_ratio`; `blur_size_ratio_at_psnr` the size
    ratio of a blur with the autoencoder's mean PSNR, by interpolation (NaN where no blur has it);
    `least_writer_size_ratio`, `greatest_…` and `writer_span` the extremes of the mean ratio over
    the PNG writers, and how far they lie apart.
    """
    found = means(ratios)
    by_writer = writers.groupby("writer")["size_ratio"].mean()
    blurs = found[found.index.str.startswith("blur-")].sort_values("psnr_db")
    psnr = found["psnr_db"]["autoencoder"]
    at_psnr = np.interp(psnr, blurs["psnr_db"], blurs["size_ratio"], left=np.nan, right=np.nan)
    return {
        **{
            f"{method}_{column}".replace("-", "_").replace(".", "_"): float(value)
            for method, row in found.iterrows()
            for column, value in row.items()
        },
        "blur_size_ratio_at_psnr": float(at_psnr),
        "least_writer_size_ratio": float(by_writer.min()),
        "greatest_writer_size_ratio": float(by_writer.max()),
        "writer_span": float(np.ptp(by_writer)),
    }
