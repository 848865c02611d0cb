"""Size ratios: what each method sends and leaves, the writers of PNG, the two tables."""

import io
import math
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from reproduce.measure import metrics, size_ratio, stages
from reproduce.measure import png as png_files
from reproduce.measure import scores as scoring
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.size_ratio.writers import WRITERS
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model

METHOD = {method.name: method for method in METHODS}
WRITER = {writer.name: writer for writer in WRITERS}

UNTRAINED = model.build(0)

sides = st.integers(2, 24)
images = arrays.arrays(np.uint8, st.tuples(sides, sides))
latents = arrays.arrays(np.float32, st.tuples(sides, sides), elements=st.floats(0, 100, width=32))


def outcome(name: str, image: np.ndarray) -> tuple[int, np.ndarray]:
    return METHOD[name].apply(Subject(UNTRAINED, image))


def subject_of(latent: np.ndarray) -> Subject:
    """What stands for an image with this latent; its decoder returns what it is given."""
    return cast(Subject, SimpleNamespace(latent=latent, decode=lambda sent: sent))


def received(name: str, latent: np.ndarray) -> np.ndarray:
    """The latent that the decoder is given, after a method has sent it."""
    _, read = METHOD[name].apply(subject_of(latent))
    return np.asarray(read, dtype=np.float64)


# Methods


@settings(max_examples=20)
@given(images)
@pytest.mark.parametrize("name", METHOD)
def test_each_method_leaves_a_picture_of_the_same_size(name, image):
    size, left = outcome(name, image)
    assert left.shape == image.shape
    assert left.dtype == np.uint8
    assert size > 0


@given(images)
def test_of_pictures_it_is_the_png_that_counts(image):
    for method in METHODS:
        if method.kind == "picture" and method.name != "autoencoder":
            size, left = method.apply(Subject(UNTRAINED, image))
            assert size == len(png_files.png(left))


@given(sides, sides, st.integers(0, 255))
def test_blurring_and_halving_change_no_plain_area(height, width, level):
    plain = np.full((height, width), level, np.uint8)
    for name in METHOD:
        if name.startswith("blur-") or name in ("halved-doubled", "halved", "raw"):
            np.testing.assert_array_equal(outcome(name, plain)[1], plain)


def test_the_wider_the_blur_the_fewer_bytes_and_the_worse_the_picture(noise):
    image = np.asarray(noise(1, 64, 64).convert("L"))
    found = [outcome(name, image) for name in METHOD if name.startswith("blur-")]
    sizes = [size for size, _ in found]
    quality = [metrics.psnr(image, left) for _, left in found]
    assert sizes == sorted(sizes, reverse=True)
    assert quality == sorted(quality, reverse=True)


def test_a_blur_is_as_wide_as_its_name_says():
    image = np.zeros((41, 41), np.uint8)
    image[20, 20] = 255
    _, left = outcome("blur-2", image)
    # Far from the borders, a point becomes the bell curve itself.
    bell = np.exp(-(np.arange(-20, 21) ** 2) / (2 * 2**2))
    expected = 255 * np.outer(bell, bell) / bell.sum() ** 2
    np.testing.assert_allclose(left, expected, atol=0.51)


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_the_halved_image_holds_the_means_of_2_x_2_pixels(half):
    size, _ = outcome("halved", half.repeat(2, axis=0).repeat(2, axis=1))
    assert size == len(png_files.png(half))


def test_a_ramp_comes_back_from_half_its_size_by_straight_lines():
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (8, 1))
    _, left = outcome("halved-doubled", ramp)
    np.testing.assert_allclose(left[:, 1:-1].astype(float), ramp[:, 1:-1], atol=1)


def test_jpeg_counts_the_file_that_one_would_send(noise):
    image = np.asarray(noise(2, 48, 32).convert("L"))
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=95)
    size, left = outcome("jpeg", image)
    assert size == buffer.tell()
    np.testing.assert_array_equal(left, np.asarray(Image.open(buffer)))
    np.testing.assert_array_equal(outcome("jpeg-as-png", image)[1], left)


# What is transmitted of a latent


@given(st.integers(1, 12), st.integers(1, 12))
def test_of_even_sides_the_latent_in_32_bits_is_as_large_as_the_raw_image(height, width):
    image = np.zeros((2 * height, 2 * width), np.uint8)
    raw, _ = outcome("raw", image)
    assert outcome("latent-float32", image)[0] == raw == image.size
    assert outcome("latent-float16", image)[0] == raw / 2


def test_from_the_latent_in_32_bits_comes_the_very_reconstruction(small_run):
    subject = Subject(small_run.trained.autoencoder, small_run.data.image("test", 1))
    _, left = METHOD["latent-float32"].apply(subject)
    np.testing.assert_array_equal(left, METHOD["autoencoder"].apply(subject)[1])


@given(latents)
def test_a_clipped_latent_comes_back_up_to_1_and_no_further(latent):
    read = received("latent-clip", latent)
    np.testing.assert_allclose(read, np.minimum(latent, 1), atol=0.501 / 255)


@given(latents)
def test_a_stretched_latent_comes_back_to_half_a_step(latent):
    step = np.ptp(latent) / 255
    read = received("latent-stretch", latent)
    np.testing.assert_allclose(read, latent, atol=0.501 * step + 1e-5)


@given(latents)
def test_a_stretched_latent_needs_its_range_as_well(latent):
    size, _ = METHOD["latent-stretch"].apply(subject_of(latent))
    png = len(png_files.png(png_files.latent_image(latent, "stretch")))
    assert size == png + np.float32().nbytes + np.float32().nbytes


# Writers of PNG


@given(images)
@pytest.mark.parametrize("name", WRITER)
def test_each_writer_loses_nothing(name, image):
    with Image.open(io.BytesIO(WRITER[name].write(image))) as written:
        assert written.format == "PNG"
        np.testing.assert_array_equal(np.asarray(written.convert("L")), image)


def test_the_first_writer_is_the_papers_and_the_others_find_smaller_files():
    photograph = skimage.data.camera()[:128, :128]
    sizes = [len(writer.write(photograph)) for writer in WRITERS]
    assert sizes[0] == len(png_files.png(photograph))
    assert max(sizes[1:]) < sizes[0]


# The tables


@pytest.fixture
def folder(small_run):
    return stages.RATIOS.folder(small_run.parameters)


@pytest.fixture
def table(folder):
    return size_ratio.read_table(folder / size_ratio.TABLE)


@pytest.fixture
def writers(folder):
    return size_ratio.read_table(folder / size_ratio.WRITERS_TABLE)


def test_there_is_a_row_for_each_image_and_method_and_writer_in_order(table, writers):
    numbers = ["bytes", "size_ratio", "bpp", *(metric.name for metric in metrics.METRICS)]
    assert list(table.columns) == ["image", "method", *numbers]
    assert table["image"].tolist() == [image for image in range(4) for _ in METHODS]
    assert table["method"].tolist() == 4 * [method.name for method in METHODS]
    assert writers["image"].tolist() == [image for image in range(4) for _ in WRITERS]
    assert writers["writer"].tolist() == 4 * [writer.name for writer in WRITERS]


def test_the_autoencoders_numbers_are_those_of_chapter_5(table, writers, small_run):
    scores = scoring.score(small_run.parameters)
    ours = table[table["method"] == "autoencoder"]
    for column in ("size_ratio", "psnr_db", "ssim"):
        np.testing.assert_allclose(ours[column], scores[column], rtol=1e-5)
    papers = writers[writers["writer"] == "pillow"]
    for column in ("original_bytes", "reconstruction_bytes", "size_ratio"):
        np.testing.assert_allclose(papers[column], scores[column], rtol=1e-5)


def test_the_ratio_by_a_writer_is_of_two_files_of_that_writer(writers, small_run):
    original = small_run.data.image("test", 2)
    row = writers[(writers["image"] == 2) & (writers["writer"] == "oxipng")].iloc[0]
    assert row["original_bytes"] == len(WRITER["oxipng"].write(original))
    ratios = writers["reconstruction_bytes"] / writers["original_bytes"]
    np.testing.assert_allclose(writers["size_ratio"], ratios, rtol=1e-5)


def test_ratio_and_rate_follow_from_the_bytes(table, small_run):
    originals = [len(png_files.png(image)) for image in small_run.data.images("test")]
    of_image = table["image"].map(dict(enumerate(originals)))
    np.testing.assert_allclose(table["size_ratio"], table["bytes"] / of_image, rtol=1e-5)
    np.testing.assert_allclose(table["bpp"], table["bytes"] * 8 / 16**2, rtol=1e-5)


def test_what_loses_nothing_has_an_infinite_psnr(table):
    raw = table[table["method"] == "raw"]
    assert raw["psnr_db"].tolist() == [math.inf] * 4
    assert raw["ssim"].tolist() == [1] * 4


def test_what_is_missing_is_read_as_missing(tmp_path):
    (tmp_path / "ratios.csv").write_text("image,method,bytes,psnr_db,ms_ssim\n0,raw,16,inf,\n")
    (row,) = size_ratio.read_table(tmp_path / "ratios.csv").to_dict("records")
    assert row["psnr_db"] == math.inf
    assert math.isnan(row["ms_ssim"])


def test_at_most_so_many_images_are_measured_spread_over_the_split(small_run):
    for most, expected in ((1, [0]), (2, [0, 3]), (3, [0, 2, 3]), (9, [0, 1, 2, 3])):
        parameters = small_run.parameters.model_copy(update={"rate_images": most})
        found = size_ratio.measure(parameters)
        assert found["image"].drop_duplicates().tolist() == expected


def test_both_tables_are_measured_once_and_then_loaded(small_run, capsys):
    given = small_run.parameters
    first = size_ratio.measure(given)
    assert "measuring size ratios" in capsys.readouterr().err
    pd.testing.assert_frame_equal(first, size_ratio.measure(given))
    assert len(size_ratio.measure_writers(given)) == 4 * len(WRITERS)
    assert capsys.readouterr().err == ""


def test_tables_that_a_killed_run_has_left_are_begun_anew(small_run, tmp_path):
    for table in (size_ratio.TABLE, size_ratio.WRITERS_TABLE):
        (tmp_path / table).write_text("image,method\n0,left\n")
    size_ratio.make(small_run.parameters, tmp_path)
    found = size_ratio.read_table(tmp_path / size_ratio.TABLE)
    assert len(found) == 4 * len(METHODS)
    assert "left" not in set(found["method"])
    assert len(size_ratio.read_table(tmp_path / size_ratio.WRITERS_TABLE)) == 4 * len(WRITERS)
