"""The network on images of any size: tiles with margins give what the whole image gives."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reproduce.codec import layer_list, models, network
from reproduce.codec.network import Network, OfKeras
from reproduce.codec.numpy_network import NumpyNetwork
from reproduce.core.backend import keras
from reproduce.data.pixels import to_grey_levels
from reproduce.models import autoencoder as model

SIZES = [(1, 1), (1, 7), (9, 1), (2, 2), (5, 3), (16, 24), (33, 50), (61, 97)]


@pytest.fixture(scope="module")
def autoencoder() -> keras.Model:
    return models.shipped_autoencoder()


@pytest.fixture(params=["keras", "numpy"])
def either(request: pytest.FixtureRequest, autoencoder: keras.Model) -> Network:
    """The shipped model as Keras runs it, and as NumPy does."""
    if request.param == "keras":
        return OfKeras(autoencoder)
    return NumpyNetwork(layer_list.read(models.SHIPPED, "paper-0"))


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_latents_are_those_of_the_model(autoencoder, size):
    image = noise(*size)
    unit = image[np.newaxis, ..., np.newaxis].astype(np.float32) / np.float32(255)
    whole = model.encode(autoencoder, unit)
    latent = network.latent_of(OfKeras(autoencoder), image)
    assert latent.shape == tuple(-(-side // 2) for side in size)
    assert np.array_equal(latent, whole[0, ..., 0])


@pytest.mark.parametrize("size", SIZES)
def test_images_are_those_of_the_model(autoencoder, size):
    latent = network.latent_of(OfKeras(autoencoder), noise(*size))
    whole = model.decode(autoencoder, latent[np.newaxis, ..., np.newaxis], size)
    image = network.image_of(OfKeras(autoencoder), latent, size)
    assert image.shape == size
    assert np.array_equal(image, to_grey_levels(whole[0, ..., 0]))


@pytest.mark.parametrize("tile", [3, 8, 16])
@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_what_the_whole_gives(either, monkeypatch, size, tile):
    image = noise(*size)
    latent = network.latent_of(either, image)
    decoded = network.image_of(either, latent, size)
    monkeypatch.setattr(either, "tile", tile)
    of_tiles = network.latent_of(either, image)
    levels = network.image_of(either, latent, size).astype(int)
    if isinstance(either, NumpyNetwork):  # which rounds what doesn't depend on the order of sums
        assert np.array_equal(of_tiles, latent)
        assert np.array_equal(levels, decoded)
    assert np.allclose(of_tiles, latent, rtol=0, atol=1e-5)
    assert np.abs(levels - decoded).max() <= 1
    assert np.mean(levels != decoded) < 0.01


@pytest.mark.parametrize("name", ["mean-map", "window-attention"])
def test_what_looks_at_all_places_is_decoded_as_a_whole(monkeypatch, name):
    built, size = model.build(0, name), (41, 30)
    of_keras = OfKeras(built)
    monkeypatch.setattr(of_keras, "tile", 4)
    latent = 9 * network.latent_of(of_keras, noise(*size))
    whole = model.decode(built, latent[np.newaxis, ..., np.newaxis], size)[0, ..., 0]
    # Such that parts, each by itself, would come out otherwise.
    part = model.decode(built, latent[np.newaxis, :4, :4, np.newaxis])[0, ..., 0]
    assert not np.array_equal(to_grey_levels(part), to_grey_levels(whole[:8, :8]))
    assert np.array_equal(network.image_of(of_keras, latent, size), to_grey_levels(whole))


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (20, 17)])
def test_each_value_is_in_one_tile(shape):
    seen = np.zeros(shape, int)
    for tile, wide, inner in network._tiles(shape, 4, 4):
        seen[tile] += 1
        places = np.arange(seen.size).reshape(shape)
        assert np.array_equal(places[wide][inner], places[tile])
    assert np.all(seen == 1)
