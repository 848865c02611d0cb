"""The network in NumPy: what Keras finds, whatever the model, and without loading TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data as photographs

from reproduce.codec import export, fileformat, layer_list, models, network, numpy_network
from reproduce.codec.layer_list import LayerList
from reproduce.codec.network import OfKeras
from reproduce.codec.numpy_network import NumpyNetwork
from reproduce.core.backend import keras
from reproduce.data.pixels import to_grey_levels
from reproduce.models import autoencoder as model
from tests.test_codec_export import each_exported, even_tables
from tests.test_models import EACH

GOLDEN = Path(__file__).with_name("golden")


def with_other_weights(name: str) -> keras.Model:
    """Return a model whose weights are all random, its biases too, as if it were trained."""
    built = model.build(1, name)
    random = np.random.default_rng(0)
    changed = [one + random.normal(0, 0.1, one.shape) for one in built.get_weights()]
    built.set_weights(changed)
    return built


def exported(built: keras.Model) -> LayerList:
    channels = model.registered(built).encoder.channels
    return export.layers_of(built, even_tables(channels), name="")


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize(
    "name", each_exported(["paper", "no-attention", "stride-4-channels-8+upsampling"])
)
def test_each_model_that_is_exported_gives_what_keras_gives(name: str) -> None:
    built = with_other_weights(name)
    of_keras, of_numpy = OfKeras(built), NumpyNetwork(exported(built))
    for size in ((1, 1), (2, 5), (33, 50)):
        image = noise(*size)
        latent = network.latent_of(of_keras, image)
        same = network.latent_of(of_numpy, image)
        assert (same.shape, same.dtype) == (latent.shape, np.dtype(np.float32))
        assert np.allclose(same, latent, rtol=1e-5, atol=1e-5)
        pixels = of_keras.decode(latent.reshape(*latent.shape[:2], -1))
        assert np.allclose(
            of_numpy.decode(latent.reshape(*latent.shape[:2], -1)), pixels, atol=1e-5
        )
        levels = network.image_of(of_numpy, latent, size).astype(int)
        assert np.abs(levels - network.image_of(of_keras, latent, size)).max() <= 1
        assert levels.std() > 0 or size == (1, 1)


def test_each_kind_and_each_activation_of_the_form_is_one_that_numpy_runs() -> None:
    assert set(numpy_network._KINDS) == set(layer_list.KINDS)
    assert set(numpy_network._ACTIVATIONS) == set(layer_list.ACTIVATIONS)


def test_each_kind_and_each_activation_is_one_of_a_model_that_is_compared_above() -> None:
    names = ["gdn-encoder", "gdn-decoder", "channels-4+cbam", "leaky-latent", "softplus-latent"]
    assert set(names) <= set(EACH)
    layers = [
        layer
        for name in names
        for part in ("encoder", "attention", "decoder")
        for layer in getattr(exported(model.build(0, name)), part).layers
    ]
    assert {layer.kind for layer in layers} == set(layer_list.KINDS)
    assert {layer.activation for layer in layers} == set(layer_list.ACTIVATIONS)


# The order in which sums are made shows nowhere


def test_a_convolution_is_its_exact_sum_rounded_once() -> None:
    random = np.random.default_rng(0)
    planes = random.normal(0, 30, (16, 12, 13)).astype(np.float32)
    kernel = random.normal(0, 1, (3, 3, 16, 4)).astype(np.float32)
    bias = random.normal(0, 1, 4).astype(np.float32)
    weights = {"kernel": kernel, "bias": bias}
    found = numpy_network._convolution(numpy_network._linear, weights)([planes])
    padded = np.pad(planes, [(0, 0), (1, 1), (1, 1)]).astype(np.longdouble)
    exact = np.zeros((4, 12, 13), np.longdouble) + bias[:, np.newaxis, np.newaxis]
    for y in reversed(range(3)):
        for x in reversed(range(3)):
            for channel in reversed(range(16)):
                part = padded[channel, y : y + 12, x : x + 13]
                exact += kernel[y, x, channel][:, np.newaxis, np.newaxis] * part
    assert np.array_equal(found, exact.astype(np.float32))


@pytest.mark.parametrize("limit", ["_BAND_VALUES", "_PRODUCT"])
def test_neither_bands_nor_small_products_show(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    of_numpy, image = NumpyNetwork(layer_list.read(models.SHIPPED, "paper-0")), noise(45, 62)
    latent = of_numpy.encode(image)
    pixels = of_numpy.decode(latent)
    for size in (1, 1 << 10, 1 << 30):
        monkeypatch.setattr(numpy_network, limit, size)
        assert np.array_equal(of_numpy.encode(image), latent)
        assert np.array_equal(of_numpy.decode(latent), pixels)


# Files


@pytest.mark.parametrize("step", [0.25, 1 / 64])
def test_few_whole_steps_differ_from_what_keras_finds_and_none_by_more_than_one(
    step: float,
) -> None:
    of_numpy = models.shipped()
    of_keras = models.of_run(models.shipped_autoencoder(), of_numpy.tables)
    image = photographs.camera()[:301, 100:377]
    differences = of_numpy.quantise(image, step) - of_keras.quantise(image, step)
    assert np.abs(differences).max() <= 1
    assert np.mean(differences != 0) < 1e-4


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.cae")), ids=lambda file: file.stem)
def test_a_file_becomes_the_same_image_within_a_grey_level(file: Path) -> None:
    of_keras = OfKeras(models.shipped_autoencoder())
    header, latent = models.shipped().decode_latent(file.read_bytes())
    values = latent.astype(np.float32) * np.float32(header.step)
    expected = to_grey_levels(of_keras.decode(values[..., np.newaxis]))[: header.height]
    found = models.shipped().decompress(file.read_bytes()).astype(int)
    assert np.abs(found - expected[:, : header.width]).max() <= 1


def test_values_as_large_as_a_file_can_hold_overflow_nowhere() -> None:
    of_numpy = models.shipped().network
    latent = np.full((5, 4), 2.0**31 * fileformat.LARGEST_STEP, np.float32)
    image = network.image_of(of_numpy, latent, (10, 8))
    of_keras = OfKeras(models.shipped_autoencoder())
    assert np.array_equal(image, network.image_of(of_keras, latent, (10, 8)))


WITHOUT_TENSORFLOW = """
import sys
from pathlib import Path
from reproduce.codec import files
photograph, made, back = map(Path, sys.argv[1:])
files.compress(photograph, made)
files.decompress(made, back)
print(*({"tensorflow", "keras", "h5py"} & set(sys.modules)))
"""


def test_neither_compress_nor_decompress_loads_tensorflow(
    tmp_path: Path, start: Callable[..., "Popen[str]"]
) -> None:
    photograph = GOLDEN / "camera-64x48.png"
    process = start(WITHOUT_TENSORFLOW, photograph, tmp_path / "made.cae", tmp_path / "back.png")
    loaded, messages = process.communicate(timeout=60)
    assert (loaded.strip(), process.returncode) == ("", 0), messages
    assert (tmp_path / "back.png").exists()
