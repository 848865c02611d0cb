"""Trained models as codecs: the shipped one never changes, and every size of image comes back."""

import hashlib
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs

from reproduce import codec
from reproduce.codec import entropy, export, fileformat, layer_list, models
from reproduce.codec.fileformat import HEADER_BYTES, Header
from reproduce.core.errors import CodecError
from reproduce.models import autoencoder as model

CAMERA = photographs.camera()[100:228, 150:310]


def psnr(image: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((image.astype(float) - other) ** 2)))


# The shipped model


def test_model_1_is_the_one_that_files_were_written_with_for_ever():
    assert models.known()[1]["fingerprint"] == "67db20c4dad6a9db"
    assert models.shipped(1).fingerprint.hex() == "67db20c4dad6a9db"


def test_the_fingerprint_is_that_of_the_shipped_weights_and_tables():
    writer, autoencoder = models.shipped(1), models.shipped_autoencoder(1)
    assert models.fingerprint_of(autoencoder.get_weights(), writer.tables).hex() == (
        "67db20c4dad6a9db"
    )


def test_the_fingerprint_covers_all_weights_in_order_then_the_tables():
    writer, autoencoder = models.shipped(1), models.shipped_autoencoder(1)
    digest = hashlib.sha256()
    for layer in ("encoder_conv_1", "encoder_conv_2", "latent", "attention_map"):
        part = "attention" if layer == "attention_map" else "encoder"
        for array in autoencoder.get_layer(part).get_layer(layer).get_weights():
            digest.update(array.tobytes())
    for layer in ("decoder_conv_1", "reconstruction"):
        for array in autoencoder.get_layer("decoder").get_layer(layer).get_weights():
            digest.update(array.tobytes())
    digest.update(writer.tables.frequencies.tobytes())
    assert digest.digest()[:8] == writer.fingerprint


@pytest.fixture
def own_copy(tmp_path, monkeypatch):
    """The folder of the shipped models' files, to be harmed."""
    shipped = shutil.copytree(models.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(models, "SHIPPED", shipped)
    models.shipped.cache_clear()
    yield shipped
    models.shipped.cache_clear()


@pytest.mark.parametrize("place", [0, 20_000, 21_616, -1])
def test_damaged_weights_and_tables_are_noticed(own_copy, place):
    numbers = bytearray((own_copy / "paper-0.bin").read_bytes())
    numbers[place] ^= 1
    (own_copy / "paper-0.bin").write_bytes(numbers)
    with pytest.raises(CodecError, match="install anew"):
        models.shipped().compress(CAMERA)


def test_another_model_and_other_tables_in_their_place_are_noticed(own_copy):
    other, tables = model.build(seed=3), models.shipped().tables
    of_shipped = layer_list.read(own_copy, "paper-0")
    model.save(other, own_copy / "paper-0.keras")
    with pytest.raises(CodecError, match="install anew"):
        models.shipped_autoencoder()
    layer_list.write(export.layers_of(other, tables, name="paper-0"), own_copy, force=True)
    with pytest.raises(CodecError, match="install anew"):
        models.shipped().compress(CAMERA)
    layer_list.write(of_shipped, own_copy, force=True)
    assert models.shipped().compress(CAMERA)
    models.shipped.cache_clear()
    np.save(own_copy / "paper-0-tables.npy", tables.frequencies[::-1])
    with pytest.raises(CodecError, match="install anew"):
        models.shipped().compress(CAMERA)


@pytest.mark.parametrize("name", ["paper-0.json", "paper-0.bin"])
def test_a_missing_file_is_noticed(own_copy, name):
    (own_copy / name).unlink()
    with pytest.raises(CodecError, match="install anew"):
        models.shipped().compress(CAMERA)


def test_a_model_that_this_version_lacks_is_told():
    with pytest.raises(
        CodecError, match=r"model 7, which this version lacks; it has 1 \(paper-0\)"
    ):
        models.shipped(7)


def test_the_list_of_models_says_where_each_comes_from():
    entries = json.loads((models.SHIPPED / models.LIST).read_text())
    assert set(entries["1"]) == {"name", "fingerprint", "origin"}


# Images


@pytest.mark.parametrize("step", [1 / 64, 0.25, 1])
def test_images_of_every_size_come_back_with_their_size(step):
    for height, width in product((1, 2, 3, 4, 7), (1, 2, 3, 5, 8)):
        image = CAMERA[:height, :width]
        back = codec.decompress(codec.compress(image, step))
        assert (back.shape, back.dtype) == (image.shape, np.dtype(np.uint8))


def test_a_photograph_comes_back_nearly_as_the_model_gives_it_without_quantisation():
    back = codec.decompress(codec.compress(CAMERA, 2**-10))
    best = model.reconstruct(models.shipped_autoencoder(), CAMERA[np.newaxis])[0]
    assert np.abs(back / 255 - best).max() < 0.01


def test_a_greater_step_gives_fewer_bytes_and_a_worse_image():
    files = [codec.compress(CAMERA, step) for step in (2**-6, 2**-4, 2**-2, 1)]
    sizes = [len(file) for file in files]
    quality = [psnr(CAMERA, codec.decompress(file)) for file in files]
    assert sizes == sorted(sizes, reverse=True)
    assert quality == sorted(quality, reverse=True)


def test_the_latent_in_the_file_is_the_quantised_one():
    writer = models.shipped()
    header, latent = writer.decode_latent(writer.compress(CAMERA, 0.1))
    assert np.array_equal(latent, writer.quantise(CAMERA, 0.1))
    assert latent.min() >= 0
    assert header == Header(1, writer.fingerprint, 160, 128, fileformat.step_units(0.1))


@pytest.mark.parametrize("step", [2**-16, 2**-6, 0.25, 100])
def test_a_file_has_the_ideal_length_within_1_percent_and_40_bytes(step):
    writer = models.shipped()
    ideal = entropy.code_length(writer.quantise(CAMERA, step), writer.tables) / 8
    assert ideal < len(codec.compress(CAMERA, step)) <= 1.01 * ideal + 40


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), "grey levels"),
        (np.zeros((4, 4), np.float32), "grey levels"),
        (np.zeros((0, 4), np.uint8), "4x0 pixels"),
        (np.broadcast_to(np.uint8(0), (1, 1 << 16)), "65536x1 pixels"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000)), "10000x10000 pixels"),
    ],
)
def test_what_is_no_image_for_the_codec_is_refused(image, message):
    with pytest.raises(CodecError, match=message):
        codec.compress(image)


# Other models


def test_a_run_s_own_model_reads_its_own_files_alone():
    own = codec.of_run(model.build(seed=5), models.shipped().tables)
    file = own.compress(CAMERA)
    assert own.decompress(file).shape == CAMERA.shape
    with pytest.raises(CodecError, match="model 0, which this version lacks"):
        codec.decompress(file)
    with pytest.raises(CodecError, match="made by model 1 with fingerprint 67db20c4dad6a9db"):
        own.decompress(codec.compress(CAMERA))


def test_a_file_of_another_fingerprint_is_refused():
    header = Header(1, bytes(8), 4, 4, 1)
    payload = codec.compress(CAMERA[:4, :4])[HEADER_BYTES:]
    with pytest.raises(CodecError, match="fingerprint 0000000000000000, and this is model 1"):
        codec.decompress(fileformat.pack(header, payload))


# What is given from Python


LEVELS = np.arange(48, dtype=np.uint8).reshape(6, 8)


@pytest.mark.parametrize(
    "image",
    [
        *(Image.fromarray(LEVELS), LEVELS.tolist(), tuple(map(tuple, LEVELS.tolist()))),
        *(LEVELS[:, ::-1], np.asfortranarray(LEVELS)),
    ],
    ids=["pillow", "lists", "tuples", "view", "columns-first"],
)
def test_grey_levels_may_come_in_several_forms(image):
    assert codec.compress(image) == codec.compress(np.array(image, np.uint8))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        *((Image.new(mode, (4, 4)), f"mode {mode} is not") for mode in ("1", "P", "RGB", "I;16")),
        *(([[0, 256]], "not int64"), ([[-1, 0]], "not int64"), ([[0.5]], "not float64")),
        *(([[1, 2], [3]], "no array"), ([], "not float64"), ("photo.jpg", "not <U9")),
        *((None, "not object"), (LEVELS.astype(float), "not float64"), (LEVELS[0], "shape (8,)")),
        *((Path("photo.jpg"), "not object"), (b"bytes", "not |S5")),
    ],
)
def test_what_is_no_image_of_grey_levels_is_refused(image, message):
    with pytest.raises(CodecError) as error:
        codec.compress(image)
    assert message in str(error.value)


def test_the_bytes_of_a_file_may_come_in_several_forms():
    data = codec.compress(LEVELS)
    image = codec.decompress(data)
    for form in (bytearray(data), memoryview(data), memoryview(bytearray(b"x" + data))[1:]):
        assert np.array_equal(codec.decompress(form), image)
    others: tuple[Any, ...] = ("text", None, Path("made.cae"), np.frombuffer(data, np.uint8))
    for other in others:
        with pytest.raises(CodecError, match="a compressed image is bytes, not"):
            codec.decompress(other)
