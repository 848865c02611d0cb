"""Evaluation: the table of the test images, the example of the figures, correlation, summaries."""

import io
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import uniform_filter

from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.sources import Tree
from reproduce.data import preparation
from reproduce.data.preparation import PreparedData
from reproduce.measure import parts, rows, shards, stages, statistics
from reproduce.measure import scores as scoring
from reproduce.measure.shards import Part
from reproduce.measure.statistics import summarise
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from tests.conftest import slow

COLUMNS = [
    "name",
    "class",
    "original_bytes",
    "reconstruction_bytes",
    "latent_clip_bytes",
    "latent_stretch_bytes",
    "size_ratio",
    "psnr_db",
    "ssim",
    "attention_correlation",
    "active_latent",
]


@pytest.fixture
def table(small_run: Any) -> pd.DataFrame:
    return scoring.score(small_run.parameters)


def png_bytes(levels: np.ndarray) -> int:
    buffer = io.BytesIO()
    Image.fromarray(levels.astype(np.uint8)).save(buffer, format="PNG")
    return buffer.tell()


# The table


def test_the_table_has_a_row_for_each_test_image_in_order(table, small_run):
    assert list(table.columns) == COLUMNS
    assert table["name"].tolist() == small_run.data.names("test")
    assert table["class"].tolist() == ["leaf", "leaf", "rust", "rust"]


def test_the_numbers_of_an_image_are_those_of_a_computation_by_hand(table, small_run):
    row, autoencoder = table.iloc[2], small_run.trained.autoencoder
    with Image.open(small_run.folder / "test/rust/0.png") as image:
        original = np.asarray(image.convert("L"))
    unit = original[np.newaxis, ..., np.newaxis] / np.float32(255)
    output = np.asarray(autoencoder(unit))[0, ..., 0]
    rounded = np.rint(output * 255)
    latent = np.asarray(autoencoder.get_layer("encoder")(unit))[0, ..., 0]
    stretched = (latent - latent.min()) / (latent.max() - latent.min())

    assert row["name"] == "test/rust/0.png"
    assert row["original_bytes"] == png_bytes(original)
    assert row["reconstruction_bytes"] == png_bytes(rounded)
    assert row["latent_clip_bytes"] == png_bytes(np.rint(np.clip(latent, 0, 1) * 255))
    assert row["latent_stretch_bytes"] == png_bytes(np.rint(stretched * 255))
    assert row["size_ratio"] == pytest.approx(png_bytes(rounded) / png_bytes(original))
    squared_error = np.mean((original.astype(float) - rounded) ** 2)
    assert row["psnr_db"] == pytest.approx(10 * math.log10(255**2 / squared_error))
    assert row["ssim"] == pytest.approx(structural_similarity(original, rounded), abs=1e-6)


def structural_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM by its definition (Wang et al. 2004): windows of 7x7, grey levels up to 255."""
    one, other = one.astype(float), other.astype(float)
    mean_1, mean_2 = uniform_filter(one, 7), uniform_filter(other, 7)
    unbiased = 49 / 48
    variance_1 = unbiased * (uniform_filter(one * one, 7) - mean_1**2)
    variance_2 = unbiased * (uniform_filter(other * other, 7) - mean_2**2)
    covariance = unbiased * (uniform_filter(one * other, 7) - mean_1 * mean_2)
    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ssim = (2 * mean_1 * mean_2 + c_1) * (2 * covariance + c_2)
    ssim /= (mean_1**2 + mean_2**2 + c_1) * (variance_1 + variance_2 + c_2)
    return float(ssim[3:-3, 3:-3].mean())


def test_the_table_is_computed_once_and_then_loaded(small_run, capsys):
    first = scoring.score(small_run.parameters)
    assert "scoring test" in capsys.readouterr().err
    second = scoring.score(small_run.parameters)
    assert capsys.readouterr().err == ""
    pd.testing.assert_frame_equal(first, second)


def test_the_table_is_written_as_pandas_writes_it_the_infinite_and_the_missing_included(
    small_run, monkeypatch
):
    black, map_ = np.zeros((16, 16)), np.full((8, 8), 0.5)
    monkeypatch.setattr(scoring, "Subject", lambda *_: made_up(black, black, map_))
    with np.errstate(all="ignore"):
        folder = stages.SCORES.folder(small_run.parameters)
    table = scoring.read_table(folder / scoring.TABLE)
    assert table["psnr_db"].tolist() == [math.inf] * 4
    assert table["attention_correlation"].isna().all()
    assert (folder / scoring.TABLE).read_bytes() == table.to_csv(index=False).encode()


def test_the_number_of_threads_changes_no_number(small_run, build_folder, monkeypatch, tmp_path):
    tables = []
    for threads in ("1", "5"):
        build = shutil.copytree(build_folder, tmp_path / threads)
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        monkeypatch.setenv("REPRODUCE_BUILD", str(build))
        folder = stages.SCORES.folder(small_run.parameters)
        tables.append((folder / scoring.TABLE).read_bytes())
    assert tables[0] == tables[1]


def test_the_figures_parameters_compute_no_new_table(small_run, parameters_of, capsys):
    scoring.score(small_run.parameters)
    capsys.readouterr()
    other = parameters_of(small_run.folder, example_index=2, latent_reading="stretch")
    scoring.score(other)
    assert capsys.readouterr().err == ""


@pytest.fixture
def scored(made_small_run: Any, tmp_path: Path) -> Callable[[PreparedData], pd.DataFrame]:
    """A function that scores other test images with the model of the small run."""

    def score(data: PreparedData) -> pd.DataFrame:
        scoring.score_images(made_small_run.trained.autoencoder, data, tmp_path)
        return scoring.read_table(tmp_path / scoring.TABLE)

    return score


@pytest.mark.parametrize("classes", [("007", "08"), ("None", "nan"), ("leaf, green", "naïve")])
def test_any_class_name_is_read_back_from_the_table_as_it_was_written(
    folder_of_images, parameters_of, scored, classes
):
    for split in ("train", "validation", "test"):
        for old, new in zip(("leaf", "rust"), classes, strict=True):
            (folder_of_images / split / old).rename(folder_of_images / split / new)
    table = scored(preparation.prepare(parameters_of(folder_of_images)))
    assert table["class"].tolist() == [name for name in classes for _ in range(2)]


@pytest.mark.parametrize("named", ["leaf", "leaf/0.png"])
def test_a_class_or_file_name_in_an_unknown_encoding_stops_nothing(
    folder_of_images, parameters_of, scored, named
):
    for split in ("train", "validation", "test"):
        old = folder_of_images / split / named
        try:
            old.rename(old.with_name(os.fsdecode(b"caf\xe9") + old.suffix))
        except OSError:
            pytest.skip("this file system has no such names")
    data = preparation.prepare(parameters_of(folder_of_images))
    table = scored(data)
    assert table["name"].tolist() == data.names("test")
    assert set(table["class"]) == set(data.classes)


# The table in parts


@pytest.fixture
def in_one_go(
    small_run: Any, build_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The folder of the table computed as a whole, in a build folder of its own."""
    whole = shutil.copytree(build_folder, tmp_path / "whole")
    with monkeypatch.context() as environment:
        environment.setenv("REPRODUCE_BUILD", str(whole))
        return stages.SCORES.folder(small_run.parameters)


@pytest.mark.parametrize("count", [2, *slow(3, 4)])
def test_a_table_gathered_from_parts_has_the_name_and_the_bytes_of_one_computed_in_one_go(
    small_run, in_one_go, count, capsys
):
    for part in reversed(shards.every(count)):
        parts.measure(stages.SCORES, small_run.parameters, part)
    capsys.readouterr()

    gathered = parts.gather(stages.SCORES, small_run.parameters, count)

    assert capsys.readouterr().err == ""  # nothing was computed twice
    assert gathered.name == in_one_go.name
    table, whole = gathered / scoring.TABLE, in_one_go / scoring.TABLE
    assert table.read_bytes() == whole.read_bytes()
    assert store.read_manifest(gathered)["facts"]["images"] == 4


def test_a_part_holds_its_images_alone(small_run):
    folder = parts.measure(stages.SCORES, small_run.parameters, Part(2, 3))
    assert [path.name for path in folder.iterdir() if path.name != store.MANIFEST] == [rows.FILE]
    (row,) = (json.loads(line) for line in (folder / rows.FILE).read_text().splitlines())
    assert row["name"] == small_run.data.names("test")[1]
    assert store.read_manifest(folder)["facts"] == {"images": 1}


def test_a_part_that_is_missing_is_computed_when_the_parts_are_gathered(
    small_run, in_one_go, capsys
):
    parts.measure(stages.SCORES, small_run.parameters, Part(1, 2))
    capsys.readouterr()
    gathered = parts.gather(stages.SCORES, small_run.parameters, 2)
    words = capsys.readouterr().err
    assert "scoring test, part 2/2" in words
    assert "part 1/2" not in words
    table, whole = gathered / scoring.TABLE, in_one_go / scoring.TABLE
    assert table.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("other", ["model", *slow("data", "source")])
def test_a_part_of_another_model_other_data_or_an_older_module_is_never_gathered(
    small_run, monkeypatch, other
):
    parameters = small_run.parameters
    with monkeypatch.context() as before:
        if other == "source":
            before.setattr(Tree, "digest", lambda *_: "older")
        if other == "model":
            parameters = parameters.model_copy(update={"seed": 5, "epochs": 1})
        if other == "data":
            parameters = parameters.model_copy(update={"image_size": 8, "epochs": 1})
        parts.measure(stages.SCORES, parameters, Part(1, 2))
    computed = []

    def examine(_: object, image: np.ndarray, name: str) -> Subject:
        computed.append(name)
        return made_up(image, image / 255, np.eye(8))

    monkeypatch.setattr(scoring, "Subject", examine)
    with np.errstate(all="ignore"):
        parts.gather(stages.SCORES, small_run.parameters, 2)
    assert sorted(computed) == small_run.data.names("test")


def test_more_parts_than_images_are_refused_and_leave_nothing_behind(small_run, build_folder):
    before = sorted(path for path in build_folder.rglob("*") if path.is_dir())
    with pytest.raises(ReproduceError, match="4 images make at most 4 parts"):
        parts.measure(stages.SCORES, small_run.parameters, Part(5, 5))
    with pytest.raises(ReproduceError, match="4 images make at most 4 parts"):
        parts.gather(stages.SCORES, small_run.parameters, 5)
    left = {path for path in build_folder.rglob("*") if path.is_dir()} - set(before)
    assert [path for path in left if not path.name.endswith(".partial")] == []


# The example


@pytest.mark.parametrize(("split", "index"), [("train", 0), ("train", 7), ("test", 2)])
def test_the_example_is_the_image_that_the_parameters_choose(
    small_run, parameters_of, split, index
):
    parameters = parameters_of(small_run.folder, example_split=split, example_index=index)
    example = scoring.example(parameters)
    assert example.name == small_run.data.names(split)[index]
    with Image.open(Path(small_run.folder, example.name)) as image:
        assert np.array_equal(example.original, np.asarray(image.convert("L")))


def test_an_example_beyond_its_split_is_refused_naming_the_parameter(small_run, parameters_of):
    parameters = parameters_of(small_run.folder, example_split="test", example_index=4)
    with pytest.raises(ReproduceError, match=r"'example_index': the test split has 4 images"):
        scoring.example(parameters)


@pytest.mark.parametrize("size", [(16, 16), (15, 18), (9, 11)])
def test_an_example_holds_what_the_model_makes_of_an_image_of_any_size(small_run, size):
    autoencoder = small_run.trained.autoencoder
    image = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    example = Subject(autoencoder, image, "noise")
    assert example.attention_map is not None
    half = (-(-size[0] // 2), -(-size[1] // 2))
    assert (example.latent.shape, example.attention_map.shape) == (half, half)
    whole = model.reconstruct(autoencoder, image[np.newaxis])[0]
    assert np.allclose(example.reconstruction, whole, rtol=0, atol=1e-6)
    unit = image[np.newaxis, ..., np.newaxis] / np.float32(255)
    latents = model.encode(autoencoder, unit)
    assert np.array_equal(example.latent, latents[0, ..., 0])
    assert np.array_equal(example.attention_map, model.attend(autoencoder, latents)[0, ..., 0])


def made_up(original: np.ndarray, reconstruction: np.ndarray, attention: np.ndarray) -> Subject:
    """A subject with what no model made of it."""
    return with_outputs(original, reconstruction, np.zeros_like(attention), attention)


PAPERS = model.build(0)


def with_outputs(
    original: np.ndarray, reconstruction: np.ndarray, latent: np.ndarray, attention: np.ndarray
) -> Subject:
    """A subject that is not asked of the model: these are its outputs."""
    subject = Subject(PAPERS, original.astype(np.uint8), "made up")
    vars(subject).update(reconstruction=reconstruction, latent=latent, attention_map=attention)
    return subject


def test_the_difference_is_the_original_minus_the_reconstruction():
    example = made_up(np.array([[255, 0]]), np.array([[0.25, 0.75]]), np.zeros((1, 1)))
    assert example.difference.tolist() == [[0.75, -0.75]]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_perfect_reconstruction_has_ssim_1_and_the_size_ratio_1():
    original = np.random.default_rng(0).integers(0, 256, (16, 16))
    reconstruction = original / 255 + np.where(np.arange(16) == 3, 0.001, -0.001)
    scores = made_up(original, reconstruction, np.eye(8)).scores()
    assert (scores["ssim"], scores["size_ratio"]) == (1, 1)
    assert scores["psnr_db"] == math.inf


def test_the_latent_has_a_size_for_each_of_its_two_readings():
    # Clipped, it is white all over.
    latent = np.random.default_rng(0).uniform(1, 5, (20, 20)).astype(np.float32)
    reconstruction = np.eye(40, dtype=np.float32)
    example = with_outputs(np.zeros((40, 40)), reconstruction, latent, latent)
    white = png_bytes(np.full((20, 20), 255))
    stretched = png_bytes(np.rint((latent - latent.min()) / np.ptp(latent) * 255))
    assert white < stretched
    assert (example.latent_bytes("clip"), example.latent_bytes("stretch")) == (white, stretched)
    scores = example.scores()
    assert scores["latent_clip_bytes"] == white
    assert scores["latent_stretch_bytes"] == stretched


def test_images_are_found_by_the_exact_size_of_their_png_file(small_run):
    sizes = {}
    for split in ("train", "validation", "test"):
        for name, image in zip(
            small_run.data.names(split), small_run.data.images(split), strict=True
        ):
            sizes[name] = png_bytes(np.asarray(image))
    wanted = sizes["validation/rust/0.png"]
    expected = [name for name, size in sizes.items() if size == wanted]
    found = scoring.png_sizes(small_run.parameters)
    assert found[found["bytes"] == wanted]["name"].tolist() == expected
    assert dict(zip(found["name"], found["bytes"], strict=True)) == sizes


# The correlation of the attention map with the difference


@pytest.mark.parametrize("size", [(8, 6), (7, 5)])
def test_the_attention_correlation_is_pearsons_of_map_and_absolute_difference(size):
    random = np.random.default_rng(3)
    attention = random.random(((size[0] + 1) // 2, (size[1] + 1) // 2))
    original, reconstruction = random.integers(0, 256, size), random.random(size)
    example = made_up(original, reconstruction, attention)
    enlarged = [[attention[y // 2, x // 2] for x in range(size[1])] for y in range(size[0])]
    errors = np.abs(original / 255 - reconstruction)
    expected = np.corrcoef(np.ravel(enlarged), errors.ravel())[0, 1]
    assert example.attention_correlation == pytest.approx(expected, abs=1e-6)
    assert abs(expected) > 0.01


@pytest.mark.parametrize(("sign", "correlation"), [(1, 1), (-1, -1)])
def test_an_attention_map_that_is_the_error_correlates_fully(sign, correlation):
    errors = np.array([[0.1, 0.2], [0.3, 0.5]])
    black = np.zeros((4, 4))
    example = made_up(black, errors.repeat(2, 0).repeat(2, 1), 0.5 + sign * errors / 2)
    assert example.attention_correlation == pytest.approx(correlation, abs=1e-6)


def test_the_sign_of_an_error_does_not_matter_to_the_correlation():
    errors = np.array([[0.1, 0.2], [0.3, 0.4]])
    original = np.full((4, 4), 153)  # 0.6
    signs = np.where(np.indices((4, 4)).sum(0) % 2, 1, -1)
    example = made_up(original, 0.6 + signs * errors.repeat(2, 0).repeat(2, 1), errors)
    assert example.attention_correlation == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("reconstruction", "attention"),
    [
        (np.linspace(0, 1, 16).reshape(4, 4), np.full((2, 2), 0.3)),
        (np.full((4, 4), 0.25), np.array([[0.1, 0.2], [0.3, 0.4]])),
        (np.tile([0.25, 0.75], (4, 2)), np.array([[0.1, 0.2], [0.3, 0.4]])),
    ],
    ids=["constant-map", "constant-difference", "constant-but-for-the-sign"],
)
@pytest.mark.filterwarnings("error")
def test_there_is_no_correlation_with_what_is_constant(reconstruction, attention):
    original = np.where(reconstruction > 0.5, 255, 0)
    assert math.isnan(made_up(original, reconstruction, attention).attention_correlation)


# What the claims about the one image are checked with


def test_the_signed_correlation_heeds_the_sign_of_an_error():
    errors = np.array([[0.1, -0.2], [0.3, -0.4]])
    original = np.full((4, 4), 153)  # 0.6
    example = made_up(original, 0.6 - errors.repeat(2, 0).repeat(2, 1), errors)
    assert example.details()["signed_attention_correlation"] == pytest.approx(1, abs=1e-5)
    assert abs(example.attention_correlation) < 0.9


@pytest.mark.parametrize(("height", "width"), [(6, 8), (5, 7)])
def test_a_latent_that_is_the_image_at_half_size_is_fully_similar_a_negative_of_it_fully_opposite(
    height, width
):
    image = np.random.default_rng(0).integers(0, 256, (height, width))
    rows, columns = np.arange(0, height, 2), np.arange(0, width, 2)
    half = np.array([[image[y : y + 2, x : x + 2].mean() for x in columns] for y in rows])

    def similarity(latent: np.ndarray) -> float:
        return with_outputs(image, image / 255, latent, half).details()["latent_similarity"]

    assert similarity(half) == pytest.approx(1, abs=1e-9)
    assert similarity(-half) == pytest.approx(-1)
    assert math.isnan(similarity(np.zeros_like(half)))
    assert math.isnan(similarity(half[:-1]))  # no picture of half the size


def test_the_contrast_of_the_difference_compares_areas():
    errors = np.full((100, 100), 0.1)
    errors[:, 50:] = 0.4
    contrast = made_up(np.zeros((100, 100)), errors, np.eye(50)).details()["difference_contrast"]
    assert contrast == pytest.approx(4, rel=1e-4)
    even = made_up(np.zeros((9, 33)), np.full((9, 33), 0.1), np.eye(5)).details()
    assert even["difference_contrast"] == pytest.approx(1, rel=1e-4)


def test_the_active_latent_is_the_share_above_zero():
    example = made_up(np.zeros((4, 4)), np.eye(4), np.eye(2))
    assert example.active_latent == 0
    some = with_outputs(np.zeros((4, 4)), np.eye(4), np.array([[0, 1], [2, 3]]), np.eye(2))
    assert some.active_latent == 0.75


def test_a_model_has_not_learned_if_its_latent_is_zero_nearly_everywhere():
    shares = pd.DataFrame({"active_latent": [0.9, 0.0, 0.3]})
    assert statistics.learned(shares)
    assert not statistics.learned(shares / 100)


def test_the_mean_psnr_is_that_of_images_spread_over_the_split(small_run):
    every = []
    for image in small_run.data.images("train"):
        example = Subject(small_run.trained.autoencoder, image, "")
        every.append(example.scores()["psnr_db"])
    autoencoder, data = small_run.trained.autoencoder, small_run.data
    assert scoring.mean_psnr(autoencoder, data, "train", 99) == pytest.approx(np.mean(every))
    ends = (every[0] + every[-1]) / 2
    assert scoring.mean_psnr(autoencoder, data, "train", 2) == pytest.approx(ends)


# Summaries


def test_a_summary_is_mean_deviation_and_students_interval():
    summary = summarise(pd.Series([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (summary.images, summary.mean) == (5, 3)
    assert summary.standard_deviation == pytest.approx(math.sqrt(2.5))
    margin = 2.7764451052 * math.sqrt(2.5 / 5)  # t of 97.5 % at 4 degrees of freedom
    assert (summary.low, summary.high) == pytest.approx((3 - margin, 3 + margin))


def test_one_value_has_a_mean_and_no_interval():
    summary = summarise(pd.Series([0.7]))
    assert (summary.images, summary.mean) == (1, 0.7)
    assert all(map(math.isnan, (summary.standard_deviation, summary.low, summary.high)))


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_no_value_has_no_mean(values):
    summary = summarise(pd.Series(values, dtype=float))
    assert summary.images == 0
    assert all(map(math.isnan, (summary.mean, summary.standard_deviation, summary.low)))


def test_values_that_are_missing_do_not_count():
    assert summarise(pd.Series([1.0, math.nan, 2.0, 3.0])) == summarise(pd.Series([1.0, 2.0, 3.0]))


def test_the_numbers_of_a_summary_are_plain_so_that_pages_can_show_them():
    summary = summarise(pd.Series([1.0, 2.0, 4.0]))
    numbers = (summary.mean, summary.standard_deviation, summary.low, summary.high)
    assert [type(number) for number in numbers] == [float] * 4


scores = st.lists(st.floats(0, 1), min_size=2, max_size=20).map(pd.Series)


@given(scores)
def test_the_mean_lies_in_the_middle_of_its_interval(values):
    summary = summarise(values)
    assert summary.low <= summary.mean <= summary.high
    assert summary.mean - summary.low == pytest.approx(summary.high - summary.mean, abs=1e-9)


@given(scores, st.floats(0.5, 3), st.floats(-2, 2))
def test_a_summary_follows_the_unit_of_the_values(values, scale, shift):
    before, after = summarise(values), summarise(values * scale + shift)
    for name in ("mean", "low", "high"):
        expected = getattr(before, name) * scale + shift
        assert getattr(after, name) == pytest.approx(expected, abs=1e-6)
    assert after.standard_deviation == pytest.approx(before.standard_deviation * scale, abs=1e-6)
