"""Preparation: grey arrays on disk, odd and broken images, what identifies the data, batches."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import ExifTags, Image

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters
from reproduce.core.sources import Tree
from reproduce.data import pixels, preparation
from reproduce.data.preparation import PreparedData


@pytest.fixture
def prepare(folder_of_images: Path, parameters_of: Any) -> Any:
    """A function that prepares the folder of images: prepare(image_size=32)."""
    return lambda **changes: preparation.prepare(parameters_of(folder_of_images, **changes))


def grey(file: Path) -> np.ndarray:
    """The grey levels of a file as the paper takes them, by Pillow alone."""
    with Image.open(file) as image:
        return np.asarray(image.convert("L"))


# The arrays


def test_the_images_of_a_split_are_8_bit_arrays_of_the_size_asked_for(prepare):
    data = prepare(image_size=20)
    assert data.counts == {"train": 8, "validation": 2, "test": 4}
    for split in SPLITS:
        images = data.images(split)
        assert images.shape == (data.counts[split], 20, 20)
        assert images.dtype == np.uint8


def test_the_images_stay_on_disk_and_cannot_be_changed(prepare):
    images = prepare().images("train")
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0, 0, 0] = 1


def test_chosen_images_are_a_copy_in_the_order_asked_for(prepare):
    data = prepare()
    chosen = data.chosen("train", np.array([5, 0, 5]))
    assert np.array_equal(chosen, [data.image("train", index) for index in (5, 0, 5)])
    chosen[:] = 0  # not the file's
    assert not np.array_equal(chosen[0], data.image("train", 5))


def test_reading_all_images_bit_by_bit_does_not_hold_them_all(tmp_path):
    images = np.lib.format.open_memmap(tmp_path / "train.npy", "w+", np.uint8, (100, 1000, 1000))
    images[:] = 1
    del images  # 100 MB, now in the file
    read = """
import pathlib, sys
import numpy as np
from reproduce.core import memory
from reproduce.data import preparation
data = preparation.PreparedData(pathlib.Path(sys.argv[1]), (), "", {})
data.chosen("train", np.array([0]))
before = memory.peak()
for index in range(100):
    assert data.chosen("train", np.array([index])).all()
print(memory.peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", read, tmp_path], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 30_000_000


def test_each_image_is_the_grey_that_pillow_makes_of_its_file(prepare, folder_of_images):
    data = prepare()
    for split in SPLITS:
        for image, name in zip(data.images(split), data.names(split), strict=True):
            assert np.array_equal(image, grey(folder_of_images / name))


def test_each_image_has_its_name_and_its_class(prepare):
    data = prepare()
    assert data.classes == ("leaf", "rust")
    names = ["test/leaf/0.png", "test/leaf/1.png", "test/rust/0.png", "test/rust/1.png"]
    assert data.names("test") == names
    assert data.labels("test").tolist() == [0, 0, 1, 1]
    assert data.labels("test").dtype == np.int64


def test_one_image_is_taken_by_its_place(prepare):
    data = prepare()
    assert np.array_equal(data.image("test", 3), data.images("test")[3])


def test_a_place_beyond_the_split_is_refused_naming_the_parameter_and_its_range(prepare):
    expected = "'example_index': the test split has 4 images, so the index must be from 0 to 3"
    with pytest.raises(ReproduceError, match=expected):
        prepare().image("test", 4)


def test_the_sample_is_prepared_like_any_other_source():
    data = preparation.prepare(Parameters(image_size=16, crops_per_photograph=2))
    assert data.counts == {"train": 16, "validation": 6, "test": 6}
    assert data.images("test").std() > 10


def test_a_folder_without_validation_images_gives_an_empty_array(tmp_path, noise, parameters_of):
    for file in ("train/1.png", "test/2.png"):
        (tmp_path / "images" / file).parent.mkdir(parents=True)
        noise(1).save(tmp_path / "images" / file)
    data = preparation.prepare(parameters_of(tmp_path / "images"))
    assert data.images("validation").shape == (0, 16, 16)
    assert data.labels("validation").shape == (0,)
    assert data.names("validation") == []


@pytest.mark.parametrize("side", [16, 8, 24])
def test_the_histogram_counts_the_pixels_of_each_grey_level_as_the_model_sees_them(prepare, side):
    data = prepare(image_size=side)
    for split in SPLITS:
        images = data.images(split)
        assert data.histogram(split).tolist() == np.bincount(images.ravel(), minlength=256).tolist()
        assert data.histogram(split).sum() == images.size


def test_the_number_of_threads_changes_nothing(folder_of_images, parameters_of, monkeypatch):
    prepared = []
    for threads in ("1", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        prepared.append(preparation.prepare(parameters_of(folder_of_images, profile=f"p{threads}")))
    for split in SPLITS:
        assert np.array_equal(prepared[0].images(split), prepared[1].images(split))
        assert prepared[0].names(split) == prepared[1].names(split)
        assert prepared[0].facts["splits"] == prepared[1].facts["splits"]
    assert prepared[0].fingerprint == prepared[1].fingerprint


# Images of other sizes and of all kinds


@pytest.fixture
def prepared_first(folder_of_images: Path, prepare: Any) -> Any:
    """A function that puts an image at the head of the training split and returns it prepared."""

    def prepare_first(image: Image.Image, name: str = "0.png", **changes: Any) -> np.ndarray:
        (folder_of_images / "train/leaf/0.png").unlink()
        image.save(folder_of_images / "train/leaf" / name)
        data: PreparedData = prepare(**changes)
        assert data.names("train")[0] == f"train/leaf/{name}"
        return data.image("train", 0)

    return prepare_first


@pytest.mark.parametrize(("width", "height"), [(24, 20), (11, 9), (150, 90)])
def test_an_image_of_another_size_is_resized_as_in_the_paper(prepared_first, noise, width, height):
    image = noise(1, width=width, height=height)
    expected = np.asarray(image.convert("L").resize((16, 16)))  # section III.A
    assert np.array_equal(prepared_first(image), expected)


def test_an_image_of_another_size_is_refused_on_demand_with_its_name_and_size(
    prepared_first, noise
):
    image = noise(1, width=24, height=20)
    expected = r"train/leaf/0\.png is 24x20, not 16x16; set parameter image_size"
    with pytest.raises(ReproduceError, match=expected):
        prepared_first(image, other_sizes="refuse")


def test_images_of_the_right_size_are_not_refused(prepare):
    assert prepare(other_sizes="refuse").counts["train"] == 8


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("1", "0.png"),
        ("L", "0.png"),
        ("P", "0.png"),
        ("LA", "0.png"),
        ("RGBA", "0.png"),
        ("PA", "0.tif"),
        ("CMYK", "0.jpg"),
        ("CMYK", "0.tif"),
        ("YCbCr", "0.tif"),
    ],
)
def test_an_image_of_another_mode_becomes_the_grey_that_pillow_makes_of_it(
    prepared_first, noise, folder_of_images, mode, name
):
    rgb = noise(1)
    image = rgb.convert("P").convert(mode) if mode == "PA" else rgb.convert(mode)
    prepared = prepared_first(image, name)
    with Image.open(folder_of_images / "train/leaf" / name) as stored:
        assert stored.mode == mode
        expected = np.asarray(stored.convert("L"))
    assert np.array_equal(prepared, expected)
    assert np.ptp(expected) > 50


@pytest.mark.parametrize("name", ["0.png", "0.tif"])
def test_an_image_of_16_bits_is_scaled_and_not_clipped(prepared_first, name):
    levels = np.random.default_rng(0).integers(0, 65536, (16, 16)).astype(np.uint16)
    levels[0, :2] = (0, 65535)
    prepared = prepared_first(Image.fromarray(levels), name)
    assert np.array_equal(prepared, np.rint(levels / 257))
    assert (prepared.min(), prepared.max()) == (0, 255)


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_an_image_whose_grey_is_not_defined_is_refused_by_name(prepared_first, mode):
    with pytest.raises(ReproduceError, match=r"train/leaf/0\.tif"):
        prepared_first(Image.new(mode, (16, 16)), "0.tif")


# Images that cannot be read


@pytest.fixture
def broken_images(folder_of_images: Path) -> list[str]:
    """The names of two images that are now broken, one of train and one of test."""
    names = ["train/leaf/1.png", "test/rust/0.png"]
    for name in names:
        file = folder_of_images / name
        file.write_bytes(file.read_bytes()[:100])
    return names


@pytest.mark.usefixtures("broken_images")
def test_an_unreadable_image_is_refused_with_its_path_and_the_way_out(prepare):
    with pytest.raises(ReproduceError, match=r"train/leaf/1\.png: .*bad_images=skip"):
        prepare()


def test_unreadable_images_are_skipped_on_demand_and_all_else_stays_in_step(
    prepare, broken_images, folder_of_images
):
    data = prepare(bad_images="skip")
    assert data.counts == {"train": 7, "validation": 2, "test": 3}
    for split in SPLITS:
        names = data.names(split)
        assert not set(names) & set(broken_images)
        assert data.images(split).shape == (len(names), 16, 16)
        for image, name in zip(data.images(split), names, strict=True):
            assert np.array_equal(image, grey(folder_of_images / name))
        classes = [data.classes[label] for label in data.labels(split)]
        assert classes == [name.split("/")[1] for name in names]
        assert data.histogram(split).sum() == data.images(split).size


def test_of_several_unreadable_images_the_first_in_order_is_named(
    prepare, folder_of_images, noise, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    noise(1, width=2000, height=2000).save(folder_of_images / "train/leaf/1.png")
    large = (folder_of_images / "train/leaf/1.png").read_bytes()
    (folder_of_images / "train/leaf/1.png").write_bytes(
        large[:-100_000]
    )  # fails late, but is first
    (folder_of_images / "train/leaf/2.png").write_text("no image")  # fails at once
    with pytest.raises(ReproduceError, match=r"train/leaf/1\.png"):
        prepare()


def test_an_image_of_an_absurd_size_is_refused_by_name_without_a_warning_of_pillows(
    prepare, monkeypatch, recwarn
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with pytest.raises(ReproduceError, match=r"train/leaf/0\.png.*decompression bomb"):
        prepare()
    assert [str(warning.message) for warning in recwarn] == []


def test_what_is_left_out_of_a_folder_is_on_record(prepare, folder_of_images):
    assert (prepare().left_out, "left_out" in prepare().facts) == ({}, False)
    (folder_of_images / "train" / "leaf" / "9.heic").touch()
    assert prepare().left_out == {".heic": 1}


# What makes a stored image of an upright one: the inverse of what a viewer does.
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_photograph_is_turned_as_its_exif_says(prepare, folder_of_images, orientation, suffix):
    # Like a letter of which no turn and no mirror image is the same.
    letter = np.kron([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 0]], np.full((4, 4), 255))
    upright = Image.fromarray(letter.astype(np.uint8))
    turn = TURNS[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for file in folder_of_images.glob("train/leaf/*"):
        file.unlink()
    place = folder_of_images / "train" / "leaf" / f"0.{suffix}"
    stored.convert("RGB").save(place, exif=exif, quality=100)
    data = prepare()
    expected = np.asarray(upright.resize((16, 16)), dtype=int)
    assert np.abs(data.image("train", 0) - expected).max() < 60
    assert data.sizes("train") == {"12x16": 1, "16x16": 4}


def test_skipped_images_are_on_record(prepare, broken_images):
    assert prepare(bad_images="skip").skipped == len(broken_images)
    splits = prepare(bad_images="skip").facts["splits"]
    assert {split: splits[split]["skipped"] for split in SPLITS} == {
        "train": broken_images[:1],
        "validation": [],
        "test": broken_images[1:],
    }


def test_skipping_leaves_no_other_files_than_not_skipping(
    prepare, broken_images, folder_of_images, noise
):
    skipped = {file.name for file in prepare(bad_images="skip").folder.iterdir()}
    for file in broken_images:
        noise(1).save(folder_of_images / file)
    assert skipped == {file.name for file in prepare().folder.iterdir()}


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_of_unreadable_images_alone_has_too_few(prepare, folder_of_images, split):
    for file in (folder_of_images / split).rglob("*.png"):
        file.write_text("no image")
    with pytest.raises(ReproduceError, match=f"too few images for the {split} split"):
        prepare(bad_images="skip")


def test_a_validation_split_of_unreadable_images_alone_is_empty(prepare, folder_of_images):
    for file in (folder_of_images / "validation").rglob("*.png"):
        file.write_text("no image")
    data = prepare(bad_images="skip")
    assert data.counts["validation"] == 0
    assert data.images("validation").shape == (0, 16, 16)


# Loaded again, or made anew


def test_prepared_data_is_loaded_and_not_prepared_again(prepare, capsys):
    first = prepare()
    assert "preparing train" in capsys.readouterr().err
    second = prepare(epochs=1, batch_size=1, seed=1, example_index=1, latent_reading="stretch")
    assert capsys.readouterr().err == ""
    assert first == second


@pytest.mark.parametrize(
    "change", [{"image_size": 17}, {"other_sizes": "refuse"}, {"bad_images": "skip"}]
)
def test_another_preparation_makes_other_data(prepare, change):
    assert prepare(**change).folder != prepare().folder


def test_an_older_source_makes_other_data(prepare, monkeypatch):
    now = prepare().folder
    monkeypatch.setattr(Tree, "digest", lambda *_: "older")
    assert prepare().folder != now


def test_a_changed_image_makes_new_data(prepare, folder_of_images, noise):
    before = prepare()
    noise(99).save(folder_of_images / "train/leaf/2.png")
    after = prepare()
    assert after.folder != before.folder
    assert after.fingerprint != before.fingerprint
    assert np.array_equal(after.image("train", 2), np.asarray(noise(99).convert("L")))


def test_an_added_image_makes_new_data(prepare, folder_of_images, noise):
    assert prepare().counts["train"] == 8
    noise(99).save(folder_of_images / "train/leaf/99.png")
    assert prepare().counts["train"] == 9


def test_an_image_written_anew_at_once_with_as_many_bytes_makes_new_data(prepare, folder_of_images):
    image = folder_of_images / "train" / "leaf" / "0.bmp"
    folders = []
    for later, grey_level in enumerate((90, 91)):
        Image.new("L", (16, 16), grey_level).save(image)
        os.utime(image, ns=(10**18 + later, 10**18 + later))
        folders.append(prepare().folder)
    assert folders[0] != folders[1]


def test_a_changed_image_behind_a_linked_split_folder_makes_new_data(
    prepare, folder_of_images, noise, tmp_path
):
    (folder_of_images / "train").rename(tmp_path / "elsewhere")
    (folder_of_images / "train").symlink_to(tmp_path / "elsewhere")
    prepare()
    noise(99).save(tmp_path / "elsewhere/leaf/2.png")
    assert np.array_equal(prepare().image("train", 2), np.asarray(noise(99).convert("L")))


def test_the_fingerprint_does_not_depend_on_the_size_that_the_images_are_prepared_in(prepare):
    assert prepare(image_size=16).fingerprint == prepare(image_size=20).fingerprint


def test_the_fingerprint_does_not_depend_on_the_kind_of_file(prepare, folder_of_images):
    before = prepare().fingerprint
    file = folder_of_images / "train/leaf/2.png"
    with Image.open(file) as image:
        image.save(file.with_suffix(".tif"))
    file.unlink()
    assert prepare().fingerprint == before


def test_the_fingerprint_depends_on_each_pixel(prepare, folder_of_images):
    before = prepare().fingerprint
    file = folder_of_images / "test/rust/1.png"
    with Image.open(file) as image:
        pixel = image.getpixel((15, 15))
        assert isinstance(pixel, tuple)
        red, *others = pixel
        image.putpixel((15, 15), (red ^ 1, *others))
        image.save(file)
    assert prepare().fingerprint != before


def test_the_fingerprint_depends_on_the_order_of_the_images(prepare, folder_of_images, tmp_path):
    before = prepare().fingerprint
    first, second = folder_of_images / "train/leaf/0.png", folder_of_images / "train/leaf/1.png"
    first.rename(tmp_path / "kept")
    second.rename(first)
    (tmp_path / "kept").rename(second)
    assert prepare().fingerprint != before


def test_the_fingerprint_depends_on_the_colours_of_a_palette(prepare, folder_of_images, noise):
    image = noise(1).quantize(16)
    image.save(folder_of_images / "train/leaf/0.png")
    before = prepare()
    image.putpalette([255 - value for value in image.getpalette()])
    image.save(folder_of_images / "train/leaf/0.png")
    after = prepare()
    assert not np.array_equal(before.image("train", 0), after.image("train", 0))
    assert before.fingerprint != after.fingerprint


# Odd things in folders


@pytest.mark.parametrize("place", ["train/leaf/.#1.png", "notes"])
def test_a_link_that_leads_nowhere_is_no_image(prepare, folder_of_images, place):
    (folder_of_images / place).symlink_to("nowhere")
    assert prepare().counts["train"] == 8


@pytest.mark.parametrize("name", ["a\u2028b.png", "a\nb.png", "a\x85b.png", "ä b.png"])
def test_a_line_break_in_a_file_name_keeps_names_and_images_in_step(
    prepare, folder_of_images, noise, name
):
    noise(5).save(folder_of_images / "train/leaf" / name)
    data = prepare()
    assert len(data.names("train")) == len(data.images("train")) == 9
    assert data.names("train")[-1] == "train/rust/3.png"


def test_a_file_name_in_an_unknown_encoding_stops_nothing(prepare, folder_of_images):
    file = folder_of_images / "train/leaf/0.png"
    try:
        file.rename(file.with_name(os.fsdecode(b"caf\xe9.png")))
    except OSError:
        pytest.skip("this file system has no such names")
    assert prepare().counts["train"] == 8


def test_a_full_disk_stops_the_preparation_with_the_way_out(run_on_a_small_disk):
    code = """
import os, sys
os.environ["REPRODUCE_BUILD"] = sys.argv[1]
from reproduce.core import errors, parameters
from reproduce.data import preparation
try:
    preparation.prepare(parameters.Parameters(image_size=64, crops_per_photograph=25))
except errors.ReproduceError as error:
    print(error)
"""
    finished = run_on_a_small_disk(300, code)
    assert finished.returncode == 0, f"ended by signal {-finished.returncode}"
    assert "no space left on the disk" in finished.stdout


# Reading it back


def test_threads_open_a_split_one_at_a_time(
    small_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    load = np.load

    def slow_load(*arguments: Any, **options: Any) -> Any:
        opened.append("begun")
        time.sleep(0.01)  # for another thread to come in between
        loaded = load(*arguments, **options)
        opened.append("done")
        return loaded

    monkeypatch.setattr(np, "load", slow_load)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda place: small_run.data.image("test", place), range(4)))
    assert opened == ["begun", "done"] * 4


# The unit range


images = arrays(np.uint8, st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(1, 4)))


@given(images)
def test_the_unit_range_is_grey_levels_over_255_with_a_channel_axis(images):
    unit = pixels.to_unit_range(images)
    assert unit.dtype == np.float32
    assert unit.shape == (*images.shape, 1)
    assert np.allclose(unit[..., 0], images / 255, rtol=0, atol=1e-7)


def test_the_unit_range_goes_from_0_for_black_to_1_for_white_in_256_steps():
    unit = pixels.to_unit_range(np.arange(256, dtype=np.uint8))[:, 0]
    assert (unit[0], unit[255]) == (0, 1)
    assert np.all(np.diff(unit) > 0)
