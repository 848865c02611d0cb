"""Datasets: the three sources of photographs, their splits, their order, and what is refused."""

import io
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data import sources
from reproduce.data.sources import Collection
from reproduce.data.sources import beans as beans_source
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.data.sources.folder import SPLIT_NAMES, folder_collection
from reproduce.data.sources.sample import sample_collection

BEANS_CLASSES = ("angular_leaf_spot", "bean_rust", "healthy")
BEANS_COUNTS = {"train": (345, 348, 341), "validation": (44, 45, 44), "test": (43, 43, 42)}


def names(collection: Collection, split: Split) -> list[str]:
    return [photograph.name for photograph in collection.splits[split]]


def counts(collection: Collection) -> dict[str, int]:
    return {split: len(collection.splits[split]) for split in SPLITS}


def touch(folder: Path, *files: str) -> Path:
    """Make empty files, which is enough where images are listed and not decoded."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


# Source `sample`: crops of the photographs inside scikit-image


def photograph_and_corner(name: str) -> tuple[str, int, int]:
    file, corner = name.split(" at ")
    left, top = corner.strip("()").split(", ")
    return file, int(left), int(top)


def test_sample_is_opened_by_its_parameters():
    opened = sources.open_collection(Parameters(image_size=64, crops_per_photograph=4))
    expected = sample_collection(64, 4)
    assert all(names(opened, split) == names(expected, split) for split in SPLITS)


def test_no_sample_photograph_is_in_two_splits():
    sample = sample_collection(128, 4)
    files = {split: {photograph_and_corner(n)[0] for n in names(sample, split)} for split in SPLITS}
    assert sum(len(of_split) for of_split in files.values()) == len(set().union(*files.values()))


@pytest.mark.parametrize("crops", [1, 3, 25])
def test_each_sample_photograph_gives_as_many_crops_as_asked_for(crops):
    sample = sample_collection(64, crops)
    for split in SPLITS:
        per_file = Counter(photograph_and_corner(name)[0] for name in names(sample, split))
        assert set(per_file.values()) == {crops}
    assert counts(sample) == {"train": 8 * crops, "validation": 3 * crops, "test": 3 * crops}


def test_each_split_of_the_sample_holds_all_classes():
    sample = sample_collection(64, 1)
    assert sample.classes == ("everyday", "science", "texture")
    for split in SPLITS:
        labels = [photograph.label for photograph in sample.splits[split]]
        assert labels == sorted(labels)
        assert set(labels) == {0, 1, 2}


@pytest.mark.parametrize("size", [16, 127, 300])
def test_a_sample_crop_has_the_size_asked_for(size):
    sample = sample_collection(size, 2)
    for split in SPLITS:
        assert {photo.decode().size for photo in sample.splits[split]} == {(size, size)}


def test_a_sample_crop_is_that_part_of_the_photograph_that_its_name_says():
    for photograph in sample_collection(40, 9).splits["test"]:
        file, left, top = photograph_and_corner(photograph.name)
        with Image.open(Path(skimage.data.__file__).parent / file) as whole:
            expected = np.asarray(whole)[top : top + 40, left : left + 40]
        assert np.array_equal(np.asarray(photograph.decode()), expected)


def test_the_sample_is_the_same_each_time():
    first, second = sample_collection(32, 2), sample_collection(32, 2)
    for split in SPLITS:
        assert names(first, split) == names(second, split)
        for one, other in zip(first.splits[split], second.splits[split], strict=True):
            assert one.decode().tobytes() == other.decode().tobytes()


@pytest.mark.parametrize("size", [64, 128, 299, 300])
def test_no_two_crops_of_the_sample_are_the_same(size):
    sample = sample_collection(size, 25)
    for split in SPLITS:
        repeated = [name for name, n in Counter(names(sample, split)).items() if n > 1]
        assert repeated == []


@pytest.mark.parametrize("crops", [1, 9, 25])
def test_the_first_crop_of_a_sample_photograph_is_its_centre(crops):
    for photograph in sample_collection(128, crops).splits["train"][::crops]:
        file, left, top = photograph_and_corner(photograph.name)
        with Image.open(Path(skimage.data.__file__).parent / file) as whole:
            width, height = whole.size
        assert left == pytest.approx((width - 128) / 2, abs=1)
        assert top == pytest.approx((height - 128) / 2, abs=1)


def test_the_crops_of_a_sample_photograph_go_outwards_from_the_centre():
    crops = sample_collection(128, 20).splits["test"][:20]
    corners = [photograph_and_corner(photograph.name) for photograph in crops]
    with Image.open(Path(skimage.data.__file__).parent / corners[0][0]) as whole:
        centre = (np.array(whole.size) - 128) / 2
    distances = [np.hypot(left - centre[0], top - centre[1]) for _, left, top in corners]
    assert distances == sorted(distances)
    assert distances[-1] > 100


def test_a_crop_larger_than_a_sample_photograph_is_refused_naming_the_parameter():
    with pytest.raises(ReproduceError, match=r"'image_size'.* 301 pixels.* at most 300"):
        sample_collection(301, 1)


def test_the_sample_needs_no_network(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the sample source asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    sample = sample_collection(16, 1)
    assert all(photo.decode().size == (16, 16) for s in SPLITS for photo in sample.splits[s])


# Source `folder`


def test_a_folder_keeps_its_splits_and_classes(folder_of_images):
    collection = folder_collection(folder_of_images)
    assert collection.classes == ("leaf", "rust")
    assert counts(collection) == {"train": 8, "validation": 2, "test": 4}
    assert names(collection, "test") == [
        "test/leaf/0.png",
        "test/leaf/1.png",
        "test/rust/0.png",
        "test/rust/1.png",
    ]
    assert [photograph.label for photograph in collection.splits["test"]] == [0, 0, 1, 1]


def test_a_folder_is_opened_by_its_parameters(folder_of_images, parameters_of):
    opened = sources.open_collection(parameters_of(folder_of_images))
    assert names(opened, "train") == names(folder_collection(folder_of_images), "train")


def test_a_photograph_of_a_folder_decodes_to_its_file(folder_of_images):
    for photograph in folder_collection(folder_of_images).splits["test"]:
        with Image.open(folder_of_images / photograph.name) as expected:
            assert photograph.decode().tobytes() == expected.tobytes()


def test_the_folders_of_splits_have_the_names_that_imagefolder_takes():
    from datasets.data_files import SPLIT_KEYWORDS

    ours = {split: set(names) for split, names in SPLIT_NAMES.items()}
    assert ours == {str(split): set(names) for split, names in SPLIT_KEYWORDS.items()}


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("split", "name"), [(split, name) for split in SPLITS for name in SPLIT_NAMES[split]]
)
def test_each_name_of_a_split_is_known_in_any_case(tmp_path, split, name, change):
    tops = {one: one for one in SPLITS} | {split: change(name)}
    folder = touch(tmp_path / "images", *(f"{top}/cat/1.png" for top in tops.values()))
    collection = folder_collection(folder)
    assert {one: names(collection, one) for one in SPLITS} == {
        one: [f"{top}/cat/1.png"] for one, top in tops.items()
    }
    assert collection.classes == ("cat",)


@pytest.mark.parametrize(
    "tops",
    [
        ("train_images", "test_images"),
        ("TrainSet", "TestSet"),
        ("train", "test", "val2"),
        ("train", "test", "test-2024"),
        ("my data/train", "my data/test"),
        ("cats/train", "cats/test", "dogs/train"),
        ("cats/Training",),
        ("archive/photographs/train", "archive/photographs/test"),
    ],
)
def test_folders_that_look_like_splits_and_are_none_are_refused_by_name(tmp_path, tops):
    files = [f"{top}/{number}.png" for top in tops for number in range(10)]
    folder = touch(tmp_path / "images", *files)
    with pytest.raises(ReproduceError, match="looks like that of a split") as caught:
        folder_collection(folder)
    assert any(f"a folder {top}," in str(caught.value) for top in tops)


@pytest.mark.parametrize(
    ("names_of_files", "told"),
    [(("train_{}.png", "test-{}.png"), True), (("train_{}.png", "trainer_{}.png"), False)],
)
def test_splits_in_names_of_files_are_told_to_count_for_nothing(
    tmp_path, capsys, names_of_files, told
):
    files = [name.format(number) for name in names_of_files for number in range(10)]
    folder_collection(touch(tmp_path / "images", *files))
    assert ("begin with test and train" in capsys.readouterr().err) == told


def test_one_class_that_is_named_like_a_split_stays_a_class_and_is_told(tmp_path, capsys):
    files = [f"{top}/{number}.png" for top in ("beaker", "test_tube") for number in range(10)]
    assert folder_collection(touch(tmp_path / "images", *files)).classes == ("beaker", "test_tube")
    assert "test_tube is taken for a class" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["latest", "contrail", "training wheels", "develop", "testament"])
def test_a_class_whose_name_only_holds_such_letters_is_a_class(tmp_path, name):
    files = [f"{top}/{number}.png" for top in ("beaker", name) for number in range(10)]
    assert name in folder_collection(touch(tmp_path / "images", *files)).classes


def test_files_that_are_not_taken_are_counted_and_told(tmp_path, capsys):
    taken = ["train/a/1.png", "train/a/2.JPG", "test/a/1.avif", "test/a/2.gif"]
    others = ["train/a/3.heic", "train/4.HEIC", "test/a/notes", "readme.txt", "extra/5.png"]
    collection = folder_collection(touch(tmp_path / "images", *taken, *others, ".hidden.heic"))
    assert [name for split in SPLITS for name in names(collection, split)] == taken
    assert collection.left_out == {"": 1, ".heic": 2, ".png": 1, ".txt": 1}
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "5 files are left out: 2 of .heic" in told


def test_what_is_no_file_is_not_taken_but_told(tmp_path, capsys):
    folder = touch(tmp_path / "images", "train/a/1.png", "test/a/1.png")
    for place in ("train/a/2.png", "3.png"):
        (folder / place).symlink_to("nowhere")
    os.mkfifo(folder / "test/a/4.png")
    (folder / "test/a/5.png").symlink_to(folder / "train/a/1.png")
    collection = folder_collection(folder)
    assert names(collection, "test") == ["test/a/1.png", "test/a/5.png"]
    assert collection.left_out == {".png": 3}
    told = capsys.readouterr().err
    assert "3 files are left out: 3 no regular file, or leading to none (3.png, …)" in told


def test_of_a_folder_all_of_which_is_taken_nothing_is_told(folder_of_images, capsys):
    assert folder_collection(folder_of_images).left_out == {}
    assert capsys.readouterr().err == ""


def test_two_folders_that_both_mean_validation_lose_no_image(tmp_path):
    folder = touch(tmp_path / "images", "train/1.png", "test/1.png", "val/1.png", "dev/2.png")
    try:
        collection = folder_collection(folder)
    except ReproduceError:
        return  # to refuse them is as good
    assert sum(counts(collection).values()) == 4


def test_a_folder_without_validation_images_has_an_empty_validation_split(tmp_path):
    folder = touch(tmp_path / "images", "train/1.png", "test/2.png")
    assert counts(folder_collection(folder)) == {"train": 1, "validation": 0, "test": 1}


def test_a_class_has_the_same_label_in_all_splits(tmp_path):
    folder = touch(tmp_path / "images", "train/a/1.png", "train/c/1.png", "test/b/1.png")
    touch(folder, "test/c/1.png")
    collection = folder_collection(folder)
    assert collection.classes == ("a", "b", "c")
    assert [photograph.label for photograph in collection.splits["train"]] == [0, 2]
    assert [photograph.label for photograph in collection.splits["test"]] == [1, 2]


def test_linked_folders_are_followed_and_a_link_in_a_circle_ends(tmp_path):
    folder = touch(tmp_path / "images", "train/a/1.png", "test/a/1.png")
    (folder / "train/b").symlink_to(touch(tmp_path / "elsewhere", "2.png"))
    (folder / "train/b/circle").symlink_to(folder / "train")
    listed = names(folder_collection(folder), "train")
    assert listed == ["train/a/1.png", "train/b/2.png"]


def test_images_without_class_folders_are_of_one_class(tmp_path):
    folder = touch(tmp_path / "images", "train/1.png", "test/2.png")
    assert len(folder_collection(folder).classes) == 1


def test_images_are_ordered_class_by_class_and_by_the_numbers_in_their_names(tmp_path):
    files = ["b/img.1.jpg", "a/img.10.jpg", "a/img.9.jpg", "a/img.0.jpg", "a/img.100.jpg"]
    folder = touch(tmp_path / "images", *(f"train/{file}" for file in files), "test/a/0.jpg")
    assert names(folder_collection(folder), "train") == [
        "train/a/img.0.jpg",
        "train/a/img.9.jpg",
        "train/a/img.10.jpg",
        "train/a/img.100.jpg",
        "train/b/img.1.jpg",
    ]


@given(st.sets(st.integers(0, 10**12), min_size=1, max_size=12))
def test_any_numbered_images_come_in_the_order_of_their_numbers(numbers):
    with tempfile.TemporaryDirectory() as place:
        folder = touch(Path(place), *(f"train/leaf-{n}.png" for n in numbers), "test/0.png")
        ordered = names(folder_collection(folder), "train")
    assert ordered == [f"train/leaf-{n}.png" for n in sorted(numbers)]


class BackwardScandir:
    """What os.scandir returns, backwards: file systems differ in order."""

    original = os.scandir

    def __init__(self, place: str = ".") -> None:
        with BackwardScandir.original(place) as entries:
            self.entries = reversed(list(entries))

    def __iter__(self) -> "BackwardScandir":
        return self

    def __next__(self) -> "os.DirEntry[str]":
        return next(self.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize("files", [("1.png", "01.png", "001.png"), ("x/1.png", "y/1.png")])
def test_the_order_of_images_does_not_depend_on_the_file_system(tmp_path, monkeypatch, files):
    folder = touch(tmp_path / "images", *(f"train/a/{file}" for file in files), "test/a/1.png")
    one_way = names(folder_collection(folder), "train")
    monkeypatch.setattr(os, "scandir", BackwardScandir)
    monkeypatch.setattr(os, "listdir", lambda place: [entry.name for entry in os.scandir(place)])
    assert names(folder_collection(folder), "train") == one_way


@pytest.mark.parametrize("name", ["x².png", "²1.png", "\u0661.png", "ä.png", "1.2.3.png"])
def test_unusual_file_names_are_listed_too(tmp_path, name):
    folder = touch(tmp_path / "images", f"train/{name}", "train/2.png", "test/3.png")
    assert f"train/{name}" in names(folder_collection(folder), "train")


@pytest.mark.parametrize(
    "name", ["1.jpg", "1.jpeg", "1.png", "1.webp", "1.tif", "1.tiff", "1.JPG", "1.Png"]
)
def test_jpeg_png_webp_and_tiff_are_decoded_whatever_the_case_of_their_suffix(
    folder_of_images, noise, name
):
    for file in (folder_of_images / "test").rglob("*.png"):
        file.unlink()
    image = noise(7, width=20, height=12)
    image.save(folder_of_images / "test" / name)
    (photograph,) = folder_collection(folder_of_images).splits["test"]
    decoded = photograph.decode()
    assert (decoded.mode, decoded.size) == ("RGB", (20, 12))
    if Path(name).suffix.lower() in (".png", ".tif", ".tiff"):
        assert decoded.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "other",
    [
        ".hidden.png",
        "._1.png",
        "notes.txt",
        "1.heic",
        "png",
        ".ipynb_checkpoints/1.png",
        ".thumbnails/rust/1.png",
    ],
)
def test_hidden_files_and_files_of_other_kinds_are_no_images(tmp_path, other):
    folder = touch(tmp_path / "images", "train/leaf/1.png", "test/leaf/2.png", f"train/{other}")
    collection = folder_collection(folder)
    assert counts(collection) == {"train": 1, "validation": 0, "test": 1}
    assert collection.classes == ("leaf",)


def test_a_directory_that_is_named_like_an_image_is_no_image(tmp_path):
    folder = touch(tmp_path / "images", "train/a/1.png", "test/a/2.png", "train/a.png/notes.txt")
    assert names(folder_collection(folder), "train") == ["train/a/1.png"]


def test_listing_a_folder_decodes_nothing(tmp_path):
    folder = touch(tmp_path / "images", "train/1.png", "test/2.png")
    collection = folder_collection(folder)  # the files are empty, so no images
    with pytest.raises(OSError, match="not an image"):
        collection.splits["train"][0].decode()


# A folder without split folders


@pytest.mark.parametrize("below", ["", "leaf/"])
def test_of_ten_images_without_splits_one_is_held_out_for_test_and_one_for_validation(
    tmp_path, below
):
    folder = touch(tmp_path / "images", *(f"{below}{n}.png" for n in range(10)))
    assert counts(folder_collection(folder)) == {"train": 8, "validation": 1, "test": 1}


@given(st.lists(st.integers(10, 45), min_size=1, max_size=3))
@settings(max_examples=15)
def test_splits_held_out_of_a_flat_folder_are_8_1_1_in_each_class_and_share_no_image(sizes):
    with tempfile.TemporaryDirectory() as place:
        files = [f"class-{c}/{n}.png" for c, size in enumerate(sizes) for n in range(size)]
        collection = folder_collection(touch(Path(place), *files))
    listed = [name for split in SPLITS for name in names(collection, split)]
    assert sorted(listed) == sorted(files)
    for label, size in enumerate(sizes):
        of_class = {s: [p.label for p in collection.splits[s]].count(label) for s in SPLITS}
        assert size // 10 <= of_class["test"] <= -(-size // 10)
        assert size // 10 <= of_class["validation"] <= -(-size // 10)


def test_images_are_held_out_by_their_place_in_their_own_class(tmp_path):
    sizes = {"a": 13, "b": 9, "c": 28}
    files = [f"{name}/{n}.png" for name, size in sizes.items() for n in range(size)]
    collection = folder_collection(touch(tmp_path / "images", *files))
    places = {names(collection, split)[0].split("/")[1]: split for split in SPLITS[1:]}
    for name, size in sizes.items():  # the same places of each, counted from its own first image
        for split in SPLITS[1:]:
            (place,) = (int(stem.split(".")[0]) for stem, of in places.items() if of == split)
            expected = [f"{name}/{n}.png" for n in range(place, size, 10)]
            assert [n for n in names(collection, split) if n.startswith(name)] == expected


def test_the_labels_of_held_out_images_fit_their_folders(tmp_path):
    files = [f"{name}/{n}.png" for name in ("leaf", "rust") for n in range(12)]
    collection = folder_collection(touch(tmp_path / "images", *files))
    for split in SPLITS:
        for photograph in collection.splits[split]:
            assert photograph.name.startswith(collection.classes[photograph.label] + "/")


# Folders that are refused


def test_a_missing_folder_is_refused_by_name(tmp_path):
    with pytest.raises(ReproduceError, match=r"parameter 'folder': .*/nowhere is not a directory"):
        folder_collection(tmp_path / "nowhere")


def test_a_file_in_the_place_of_the_folder_is_refused_by_name(tmp_path):
    (tmp_path / "file.png").touch()
    with pytest.raises(ReproduceError, match=r"parameter 'folder': .*/file\.png is not a dir"):
        folder_collection(tmp_path / "file.png")


@pytest.mark.parametrize("file", [None, "notes.txt", "train/notes.txt"])
def test_a_folder_without_images_is_refused_by_name_with_what_it_needs(tmp_path, file):
    folder = tmp_path / "empty"
    folder.mkdir()
    touch(folder, *([file] if file else []))
    with pytest.raises(ReproduceError, match=r"no image in .*/empty.*\.jpg.*<split>/<class>"):
        folder_collection(folder)


@pytest.mark.parametrize("mode", [0o000, 0o444], ids=["not-listed", "listed-but-no-more"])
def test_a_folder_that_may_not_be_read_is_not_passed_over(shared_folder, as_ordinary_user, mode):
    folder = touch(shared_folder, "train/a/1.png", "train/b/1.png", "test/a/1.png")
    (folder / "train/b").chmod(mode)
    with as_ordinary_user(), pytest.raises(ReproduceError, match=r"cannot read .*train/b"):
        folder_collection(folder)


@pytest.mark.parametrize(("present", "lacking"), [("train", "test"), ("test", "train")])
def test_a_folder_that_lacks_a_split_has_too_few_images(tmp_path, present, lacking):
    folder = touch(tmp_path / "images", *(f"{present}/{n}.png" for n in range(20)))
    with pytest.raises(ReproduceError, match=f"too few images in .*/images.*{lacking} split"):
        folder_collection(folder)


def test_a_flat_folder_of_nine_images_has_too_few_for_a_test_split(tmp_path):
    folder = touch(tmp_path / "images", *(f"{n}.png" for n in range(9)))
    with pytest.raises(ReproduceError, match=r"too few images in .*test split"):
        folder_collection(folder)


# Damaged files


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


PIXELS = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
ENCODED = {
    ".jpg": encoded(Image.fromarray(PIXELS), "JPEG"),
    ".png": encoded(Image.fromarray(PIXELS), "PNG"),
    ".webp": encoded(Image.fromarray(PIXELS), "WEBP"),
    ".tif": encoded(Image.fromarray(PIXELS), "TIFF", compression="tiff_lzw"),
}


def decode(suffix: str, data: bytes) -> Image.Image:
    """Decode these bytes as a photograph in a folder."""
    with tempfile.TemporaryDirectory() as place:
        folder = touch(Path(place), f"train/image{suffix}", "test/other.png")
        (folder / f"train/image{suffix}").write_bytes(data)
        (photograph,) = folder_collection(folder).splits["train"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata before it gives up
            return photograph.decode()


@pytest.mark.parametrize("suffix", ENCODED)
def test_the_files_to_be_damaged_are_whole(suffix):
    assert decode(suffix, ENCODED[suffix]).size == (32, 32)


@pytest.mark.parametrize("suffix", ENCODED)
@pytest.mark.parametrize("part", [0.9, 0.5, 0.1])
def test_a_truncated_file_fails_to_decode_with_an_oserror(suffix, part):
    data = ENCODED[suffix]
    with pytest.raises(OSError, match=r".+"):
        decode(suffix, data[: int(len(data) * part)])


@pytest.mark.parametrize("suffix", ENCODED)
@pytest.mark.parametrize("data", [b"", b"no image but text", b"<html><body>404</body></html>"])
def test_a_file_that_is_no_image_fails_to_decode_with_an_oserror(suffix, data):
    with pytest.raises(OSError, match="not an image"):
        decode(suffix, data)


@given(
    suffix=st.sampled_from(list(ENCODED)),
    part=st.floats(0.5, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
@settings(max_examples=150)
def test_any_damage_is_either_survived_or_an_oserror(suffix, part, changes):
    data = bytearray(ENCODED[suffix][: int(len(ENCODED[suffix]) * part)])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        image = decode(suffix, bytes(data))
    except OSError:
        return
    assert image.width > 0


@pytest.mark.parametrize(
    ("tag", "kind"),
    [(273, 2), (273, 5), (273, 7), (273, 11), (320, 8)],
    ids=["offset-text", "offset-rational", "offset-bytes", "offset-float", "palette-negative"],
)
def test_a_tiff_whose_directory_is_damaged_fails_to_decode_with_an_oserror(tag, kind):
    data = bytearray(encoded(Image.fromarray(PIXELS).quantize(16), "TIFF"))
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    places = [directory + 2 + 12 * entry for entry in range(entries)]
    (place,) = (place for place in places if struct.unpack_from("<H", data, place) == (tag,))
    struct.pack_into("<H", data, place + 2, kind)  # the entry's type of number
    with pytest.raises(OSError, match=r".+"):
        decode(".tif", bytes(data))


def test_a_png_with_a_broken_part_in_its_middle_fails_to_decode_with_an_oserror():
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(pixels), "PNG")
    assert data.count(b"IDAT") > 1  # pixels in several parts
    with pytest.raises(OSError, match="broken PNG"):
        decode(".png", data[:100] + data[100:].replace(b"IDAT", b"\0\0\0\0", 1))


@pytest.mark.parametrize("limit", [400, 800], ids=["an-error-to-pillow", "a-warning-to-pillow"])
def test_an_image_that_unpacks_to_an_absurd_size_fails_to_decode_with_an_oserror(
    monkeypatch, limit
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(OSError, match="decompression bomb"):
        decode(".png", ENCODED[".png"])


# Source `beans`


@pytest.fixture
def beans_lookalike(tmp_path: Path) -> Path:
    """A folder with as many files as beans, under names like those of beans, all empty."""
    folder = tmp_path / "lookalike"
    for split, in_split in BEANS_COUNTS.items():
        for name, number in zip(BEANS_CLASSES, in_split, strict=True):
            (folder / split / name).mkdir(parents=True)
            for n in range(number):
                (folder / split / name / f"{name}_{split}.{n}.jpg").touch()
    return folder


def open_beans(folder: Path) -> Collection:
    return sources.open_collection(Parameters(source="beans", folder=str(folder)))


def test_a_folder_with_the_classes_and_counts_of_beans_is_taken_for_beans(beans_lookalike):
    assert counts(open_beans(beans_lookalike)) == {"train": 1034, "validation": 133, "test": 128}


@pytest.mark.parametrize("split", SPLITS)
def test_beans_with_an_image_missing_is_refused_with_the_split_and_the_counts(
    beans_lookalike, split
):
    next((beans_lookalike / split / "healthy").iterdir()).unlink()
    found = (*BEANS_COUNTS[split][:2], BEANS_COUNTS[split][2] - 1)
    with pytest.raises(ReproduceError) as caught:
        open_beans(beans_lookalike)
    assert str(beans_lookalike) in str(caught.value)
    assert f"{split} holds {found}" in str(caught.value)
    assert f"expected {BEANS_COUNTS[split]}" in str(caught.value)


def test_beans_with_an_image_of_a_wrong_class_is_refused(beans_lookalike):
    test = beans_lookalike / "test"
    (test / "healthy" / "healthy_test.0.jpg").rename(test / "bean_rust" / "moved.jpg")
    with pytest.raises(ReproduceError, match=r"test holds \(43, 44, 41\)"):
        open_beans(beans_lookalike)


def test_another_folder_is_not_taken_for_beans(folder_of_images):
    with pytest.raises(ReproduceError, match=r"is not beans: classes .*leaf.*source 'folder'"):
        open_beans(folder_of_images)


@pytest.fixture(scope="module", name="collection")
def collection_of_beans(beans: Path) -> Collection:
    """The real photographs."""
    return open_beans(beans)


def test_beans_has_1034_133_and_128_images_in_three_classes(collection):
    assert collection.classes == BEANS_CLASSES
    for split, expected in BEANS_COUNTS.items():
        labels = [photograph.label for photograph in collection.splits[split]]
        assert tuple(labels.count(label) for label in range(3)) == expected


def test_beans_in_all_three_splits_are_the_1295_training_images_of_the_paper(collection):
    assert sum(counts(collection).values()) == 1295


def test_beans_are_in_the_order_of_the_hub(collection):
    train = names(collection, "train")
    folder = "train/angular_leaf_spot/angular_leaf_spot_train"
    assert train[:3] == [f"{folder}.0.jpg", f"{folder}.1.jpg", f"{folder}.2.jpg"]
    assert train[344:346] == [f"{folder}.344.jpg", "train/bean_rust/bean_rust_train.0.jpg"]


def test_the_papers_test_image_is_train_example_0_of_beans(collection):
    grey = collection.splits["train"][0].decode().convert("L")
    assert grey.size == (500, 500)
    assert len(encoded(grey, "PNG")) == 205_111  # figures 10 and 12, to the byte


# Source `excerpt`


@pytest.fixture(name="excerpt")
def collection_of_excerpt() -> Collection:
    return sources.open_collection(Parameters(source="excerpt"))


def test_the_excerpt_is_the_papers_image_and_eleven_test_images_of_all_classes(excerpt):
    assert excerpt.classes == BEANS_CLASSES
    assert counts(excerpt) == {"train": 1, "validation": 0, "test": 11}
    assert names(excerpt, "train") == ["train/angular_leaf_spot/angular_leaf_spot_train.0.jpg"]
    labels = [photograph.label for photograph in excerpt.splits["test"]]
    assert [labels.count(label) for label in range(3)] == [4, 4, 3]


def test_each_image_of_the_excerpt_has_the_size_that_is_recorded_of_it(excerpt):
    table = store.project_root() / "results" / "paper" / "png-sizes" / "png-sizes.csv"
    recorded = pd.read_csv(table).set_index("name")["bytes"]
    for split in ("train", "test"):
        for photograph in excerpt.splits[split]:
            grey = photograph.decode().convert("L")
            assert len(encoded(grey, "PNG")) == recorded[photograph.name], photograph.name


def test_the_excerpt_holds_the_least_and_the_greatest_size_ratio_of_each_class(excerpt):
    of_seed_0 = store.project_root() / "results" / "paper" / "paper" / "seed-0"
    scores = pd.read_csv(of_seed_0 / "scores" / "test-images.csv").set_index("name")["size_ratio"]
    for name in BEANS_CLASSES:
        of_class = scores[[f"/{name}/" in image for image in scores.index]]
        assert {of_class.idxmin(), of_class.idxmax()} <= set(names(excerpt, "test"))


def test_the_excerpt_has_its_licence_and_its_attribution_beside_it():
    assert "Copyright (c) 2020 AIR Lab Makerere University" in (EXCERPT / "LICENSE").read_text()
    about = (EXCERPT / "README.md").read_text()
    assert "Makerere AI Lab" in about and "AI-Lab-Makerere/beans" in about
    size = sum(file.stat().st_size for file in EXCERPT.rglob("*.jpg"))
    assert size < 2_000_000


# Beans from the hub


def test_without_network_the_hub_is_refused_quickly_with_the_way_out(tmp_path):
    try:
        socket.create_connection(("huggingface.co", 443), timeout=5).close()
    except OSError:
        pass
    else:
        pytest.skip("the hub answers")
    code = (
        "from reproduce.core import errors\n"
        "from reproduce.data.sources import beans\n"
        "try: beans.hub_collection()\n"
        "except errors.ReproduceError as error: print(error)\n"
    )
    start = time.monotonic()
    environment = os.environ | {"HF_HOME": str(tmp_path)}  # a cache with nothing in it
    words = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    assert words.startswith("cannot load AI-Lab-Makerere/beans from the hub (")
    assert "connect to the internet" in words
    assert "BEANS=" in words
    assert time.monotonic() - start < 20


def test_rows_of_the_hub_become_photographs_in_the_order_of_the_hub(monkeypatch, noise):
    import datasets as hub

    features = hub.Features({"image": hub.Image(), "labels": hub.ClassLabel(names=["b", "a"])})
    images = {split: [noise(10 * n + m) for m in range(3)] for n, split in enumerate(SPLITS)}
    stored = hub.DatasetDict(
        {
            split: hub.Dataset.from_dict({"image": images[split], "labels": [0, 0, 1]}, features)
            for split in SPLITS
        }
    )
    # The hub itself is out of reach of a test, so what it would send stands in for it.
    monkeypatch.setattr(beans_source, "_load_from_hub", lambda _: stored)
    collection = beans_source.hub_collection()
    assert collection.classes == ("b", "a")
    for split in SPLITS:
        assert names(collection, split) == [f"{split}[0]", f"{split}[1]", f"{split}[2]"]
        assert [photograph.label for photograph in collection.splits[split]] == [0, 0, 1]
        for photograph, image in zip(collection.splits[split], images[split], strict=True):
            assert photograph.decode().tobytes() == image.tobytes()
