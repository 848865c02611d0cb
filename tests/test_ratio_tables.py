"""Tables and numbers of size ratios: means over images, each in its place."""

import math

import pandas as pd
import pytest

from reproduce.chapters import size_ratio
from reproduce.measure.size_ratio.methods import METHODS


def ratios(**of_methods: list[tuple[float, float]]) -> pd.DataFrame:
    """A table of `size_ratio.measure`, from size ratio and PSNR of each image."""
    rows = [
        {
            "image": image,
            "method": method.replace("_", "-").replace("-5", ".5"),
            "bytes": 100,
            "size_ratio": ratio,
            "bpp": 2 * ratio,
            "psnr_db": psnr,
            "ssim": 0.5,
            "ms_ssim": math.nan,
        }
        for method, pairs in of_methods.items()
        for image, (ratio, psnr) in enumerate(pairs)
    ]
    return pd.DataFrame(rows)


HERE = ratios(
    autoencoder=[(0.7, 30.0), (0.8, 32.0)],
    blur_1=[(0.6, 28.0), (0.6, 28.0)],
    raw=[(1.5, math.inf), (1.6, math.inf)],
)
RECORDED = ratios(autoencoder=[(0.6, 25.0)], jpeg=[(0.9, 58.0)], latent_clip=[(0.1, 15.0)])
WRITERS = pd.DataFrame(
    {
        "image": [0, 0, 0, 1, 1, 1],
        "writer": ["pillow", "pillow-optimised", "oxipng"] * 2,
        "original_bytes": [2000, 1900, 1800, 4000, 3900, 3800],
        "reconstruction_bytes": [1000] * 6,
        "size_ratio": [0.5, 0.6, 0.7, 0.3, 0.2, 0.4],
    }
)


def rows_of(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]


def test_the_means_of_both_runs_stand_below_each_other() -> None:
    head, _, *rows = rows_of(size_ratio.methods(HERE, RECORDED))
    assert head[:5] == ["run", "method", "size ratio", "bits per pixel", "PSNR (dB)"]
    assert rows[0][:5] == ["recorded run", "autoencoder", "0.600", "1.20", "25.00"]
    assert rows[1][:3] == ["", "JPEG 95", "0.900"]
    assert rows[2][:5] == ["this page", "autoencoder", "0.750", "1.50", "31.00"]
    assert len(rows) == 5


def test_nothing_lost_is_infinite_and_what_is_missing_a_dash() -> None:
    *_, raw = rows_of(size_ratio.transmitted(HERE, RECORDED))
    assert raw[1] == "raw grey levels"
    assert raw[4] == "∞"
    assert raw[6] == "–"


def test_what_is_transmitted_are_files_and_latents_not_pictures() -> None:
    _, _, *rows = rows_of(size_ratio.transmitted(HERE, RECORDED))
    assert [row[1] for row in rows] == ["JPEG 95", "latent, PNG (clip)", "raw grey levels"]


def test_each_method_is_in_one_of_the_tables() -> None:
    measured = ratios(**{method.name: [(1.0, 30.0)] for method in METHODS})
    told = size_ratio.methods(measured, measured) + size_ratio.transmitted(measured, measured)
    for method in METHODS:
        assert f"| {method.label} " in told


def test_each_writer_has_its_mean_bytes_and_its_mean_ratio() -> None:
    _, _, *rows = rows_of(size_ratio.png_writers(WRITERS.assign(size_ratio=0.25), WRITERS))
    assert rows[0] == ["recorded run", "Pillow, default", "3,000", "1,000", "0.400"]
    assert [row[0] for row in rows] == ["recorded run", "", "", "this page", "", ""]
    assert [row[4] for row in rows] == ["0.400", "0.400", "0.550", *["0.250"] * 3]


def test_what_both_runs_have_stands_there_once() -> None:
    _, _, *rows = rows_of(size_ratio.png_writers(WRITERS, WRITERS))
    assert [row[0] for row in rows] == ["recorded run and this page", "", ""]
    _, _, *rows = rows_of(size_ratio.methods(RECORDED, RECORDED))
    assert [row[:2] for row in rows] == [
        ["recorded run and this page", "autoencoder"],
        ["", "JPEG 95"],
    ]


def test_the_text_names_means_by_method_and_column() -> None:
    named = size_ratio.quantities(HERE, WRITERS)
    assert named["autoencoder_size_ratio"] == pytest.approx(0.75)
    assert named["autoencoder_psnr_db"] == 31
    assert named["least_writer_size_ratio"] == pytest.approx(0.4)
    assert named["greatest_writer_size_ratio"] == pytest.approx(0.55)
    assert named["writer_span"] == pytest.approx(0.15)


@pytest.mark.parametrize(("psnr", "ratio"), [(28.0, 0.75), (26.0, 0.6), (29.0, 0.825)])
def test_the_blur_of_a_psnr_lies_between_those_measured(psnr: float, ratio: float) -> None:
    measured = ratios(
        autoencoder=[(0.7, psnr)], blur_0_5=[(0.9, 30.0)], blur_1=[(0.6, 26.0)], jpeg=[(0.5, 28.0)]
    )
    found = size_ratio.quantities(measured, WRITERS)
    assert found["blur_size_ratio_at_psnr"] == pytest.approx(ratio)


@pytest.mark.parametrize("psnr", [25.0, 31.0])
def test_beyond_the_blurs_that_were_measured_there_is_none(psnr: float) -> None:
    measured = ratios(autoencoder=[(0.7, psnr)], blur_0_5=[(0.9, 30.0)], blur_1=[(0.6, 26.0)])
    found = size_ratio.quantities(measured, WRITERS)
    assert math.isnan(found["blur_size_ratio_at_psnr"])
