"""The model: equal to the paper's literal graph, any size of image, its parts, its file."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce import model
from reproduce.backend import keras, tensorflow

WEIGHTED_LAYERS = (
    "encoder_conv_1",
    "encoder_conv_2",
    "latent",
    "attention_map",
    "decoder_conv_1",
    "reconstruction",
)


def literal_graph(height: int, width: int) -> tuple[keras.Model, list[keras.layers.Layer]]:
    """The graph of section III.B, statement by statement, and its layers that have weights."""
    layers = keras.layers
    weighted: list[keras.layers.Layer] = []

    def conv(filters: int, activation: str) -> keras.layers.Layer:
        weighted.append(layers.Conv2D(filters, (3, 3), activation=activation, padding="same"))
        return weighted[-1]

    input_img = layers.Input(shape=(height, width, 1))
    x = conv(32, "relu")(input_img)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = conv(16, "relu")(x)
    encoded = conv(1, "relu")(x)

    attention = conv(1, "sigmoid")(encoded)
    attention = layers.UpSampling2D((2, 2))(attention)
    inverted_attention = layers.Lambda(lambda x: 1 - x)(attention)
    resized_attention = layers.Lambda(
        lambda x: tensorflow.image.resize(x, (encoded.shape[1], encoded.shape[2]))
    )(inverted_attention)
    encoded_attention = layers.Multiply()([encoded, resized_attention])

    x = conv(16, "relu")(encoded_attention)
    x = layers.UpSampling2D((2, 2))(x)
    decoded = conv(1, "sigmoid")(x)
    return keras.Model(input_img, decoded), weighted


def weighted_layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """The model's layers that have weights, in the order of the paper's statements."""
    by_name = {layer.name: layer for layer in model.layers(autoencoder)}
    return [by_name[name] for name in WEIGHTED_LAYERS]


@pytest.fixture(scope="module")
def autoencoder() -> keras.Model:
    """A model whose weights and biases are all at work: nothing is 0, nothing saturates."""
    autoencoder = model.build(seed=1)
    random = np.random.default_rng(1)
    for layer in weighted_layers(autoencoder):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * 1.5, random.uniform(0.05, 0.3, bias.shape)])
    return autoencoder


def images(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, height, width, 1), dtype=np.float32)


# The literal graph


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (10, 14), (32, 8), (3, 3), (5, 8), (17, 31)])
def test_the_model_computes_what_the_literal_graph_computes(autoencoder, size):
    height, width = size
    literal, layers = literal_graph(height, width)
    for layer, counterpart in zip(layers, weighted_layers(autoencoder), strict=True):
        layer.set_weights(counterpart.get_weights())
    batch = images(3, height, width)
    # For an odd height or width the literal output is one larger than the image.
    expected = np.asarray(literal(batch))[:, :height, :width]
    assert np.asarray(autoencoder(batch)).shape == batch.shape
    assert np.allclose(autoencoder(batch), expected, rtol=0, atol=1e-6)
    assert size == (2, 2) or np.std(expected) > 0.01


def gradients(graph: keras.Model, layers: list[keras.layers.Layer]) -> list[np.ndarray]:
    batch = images(2, 12, 16)
    with tensorflow.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.binary_crossentropy(batch, graph(batch)))
    variables = [variable.value for layer in layers for variable in layer.trainable_variables]
    return [np.asarray(gradient) for gradient in tape.gradient(loss, variables)]


def test_the_model_learns_as_the_literal_graph_learns(autoencoder):
    literal, layers = literal_graph(12, 16)
    for layer, counterpart in zip(layers, weighted_layers(autoencoder), strict=True):
        layer.set_weights(counterpart.get_weights())
    ours, theirs = gradients(autoencoder, weighted_layers(autoencoder)), gradients(literal, layers)
    assert len(ours) == len(theirs) == 12
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-7)
        assert np.any(one != 0)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 4), (16, 16), (250, 250)])
def test_upsampling_the_attention_map_and_resizing_it_back_changes_nothing(size):
    height, width = size
    inverted = 1 - images(1, height, width)
    upsampled = keras.layers.UpSampling2D((2, 2))(inverted)
    resized = tensorflow.image.resize(upsampled, size)
    assert np.max(np.abs(np.asarray(resized) - inverted)) == 0.0


def test_the_model_has_the_parameters_of_the_paper(autoencoder):
    per_layer = [layer.count_params() for layer in weighted_layers(autoencoder)]
    assert per_layer == [320, 4624, 145, 10, 160, 145]
    assert autoencoder.count_params() == 5404


def test_the_model_is_trained_by_adam_with_keras_defaults_and_binary_crossentropy():
    built = model.build(seed=0)
    ours, defaults = built.optimizer.get_config(), keras.optimizers.Adam().get_config()
    assert type(built.optimizer) is keras.optimizers.Adam
    assert ours | {"name": ""} == defaults | {"name": ""}
    assert built.loss == "binary_crossentropy"


# Sizes, ranges, parts


@given(st.integers(1, 2), st.integers(2, 40), st.integers(2, 40))
@settings(max_examples=25)
def test_an_image_of_any_size_comes_back_with_its_own(autoencoder, count, height, width):
    latents = model.encode(autoencoder, images(count, height, width))
    assert latents.shape == (count, -(-height // 2), -(-width // 2), 1)
    assert model.attend(autoencoder, latents).shape == latents.shape
    assert model.decode(autoencoder, latents, (height, width)).shape == (count, height, width, 1)
    grey = np.zeros((count, height, width), dtype=np.uint8)
    assert model.reconstruct(autoencoder, grey).shape == grey.shape


@pytest.mark.parametrize("size", [(16, 16), (9, 12)])
def test_the_parts_one_after_the_other_are_the_whole(autoencoder, size):
    batch = images(2, *size)
    latents = model.encode(autoencoder, batch)
    whole = np.asarray(autoencoder(batch))
    assert np.allclose(model.decode(autoencoder, latents, size), whole, rtol=0, atol=1e-6)
    weighted = latents * (1 - model.attend(autoencoder, latents))
    decoded = np.asarray(autoencoder.get_layer("decoder")(weighted))[:, : size[0], : size[1]]
    assert np.allclose(decoded, whole, rtol=0, atol=1e-6)


def test_without_a_shape_a_latent_decodes_to_twice_its_size(autoencoder):
    latents = model.encode(autoencoder, images(1, 9, 12))
    assert model.decode(autoencoder, latents).shape == (1, 10, 12, 1)


def test_grey_images_are_reconstructed_from_the_unit_range(autoencoder):
    grey = np.random.default_rng(0).integers(0, 256, (2, 8, 10), dtype=np.uint8)
    expected = np.asarray(autoencoder(grey[..., np.newaxis] / np.float32(255)))[..., 0]
    assert np.allclose(model.reconstruct(autoencoder, grey), expected, rtol=0, atol=1e-6)


def test_latents_are_not_negative_and_attention_and_reconstruction_lie_between_0_and_1(autoencoder):
    batch = images(4, 16, 16)
    latents = model.encode(autoencoder, batch)
    assert latents.min() >= 0
    assert latents.max() > 0
    for values in (model.attend(autoencoder, latents), model.decode(autoencoder, latents)):
        assert values.dtype == np.float32
        assert 0 < values.min() < values.max() < 1


def test_more_attention_means_less_of_the_latent(autoencoder):
    # The paper inverts the map: where the attention is 1, nothing of the latent is left.
    attention = autoencoder.get_layer("attention").get_layer("attention_map")
    kernel, bias = attention.get_weights()
    latents = model.encode(autoencoder, images(1, 16, 16))
    attention.set_weights([np.zeros_like(kernel), np.full_like(bias, 50)])
    try:
        closed = model.decode(autoencoder, latents)
    finally:
        attention.set_weights([kernel, bias])
    nothing = np.asarray(autoencoder.get_layer("decoder")(np.zeros_like(latents)))
    assert np.allclose(closed, nothing, rtol=0, atol=1e-6)
    assert not np.allclose(model.decode(autoencoder, latents), nothing, rtol=0, atol=1e-3)


def test_the_layers_are_listed_in_the_order_of_the_data(autoencoder):
    names = [layer.name for layer in model.layers(autoencoder)]
    assert [name for name in names if name in WEIGHTED_LAYERS] == list(WEIGHTED_LAYERS)
    order = ["encoder_pool", "attention_map", "inverted_attention", "weighted_latent", "crop"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)


# Seeds and files


def same_weights(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def test_the_same_seed_gives_the_same_initial_weights():
    assert same_weights(model.build(seed=7), model.build(seed=7))


def test_another_seed_gives_other_initial_weights():
    assert not same_weights(model.build(seed=7), model.build(seed=8))


@pytest.fixture(scope="module")
def saved(autoencoder: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the model."""
    path = tmp_path_factory.mktemp("model") / "autoencoder.keras"
    autoencoder.optimizer.build(autoencoder.trainable_variables)  # as after a training
    model.save(autoencoder, path)
    return path


def test_a_saved_model_comes_back_the_same(autoencoder, saved):
    loaded = model.load(saved)
    assert same_weights(loaded, autoencoder)
    batch = images(2, 9, 12)
    assert np.array_equal(np.asarray(loaded(batch)), np.asarray(autoencoder(batch)))
    latents = model.encode(loaded, batch)
    assert np.array_equal(latents, model.encode(autoencoder, batch))
    assert np.array_equal(model.attend(loaded, latents), model.attend(autoencoder, latents))


@pytest.mark.filterwarnings("error:The structure of:UserWarning")
def test_a_loaded_model_runs_without_a_warning_that_would_land_in_a_notebook(saved):
    grey = np.zeros((1, 8, 8), dtype=np.uint8)
    assert model.reconstruct(model.load(saved), grey).shape == grey.shape


def test_the_file_holds_no_code_and_no_optimizer(saved):
    with zipfile.ZipFile(saved) as parts:
        graph = parts.read("config.json").decode()
        weights = parts.read("model.weights.h5")
    assert '"encoder_conv_1"' in graph
    assert "lambda" not in graph.lower()
    assert b"optimizer" not in weights
    assert saved.stat().st_size < 120_000  # 5,404 weights of 4 bytes, and 60 kB of file format


def test_a_file_with_code_in_it_is_not_loaded(tmp_path):
    harmful = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Lambda(lambda x: 1 - x)])
    harmful.save(tmp_path / "harmful.keras")
    with pytest.raises(ValueError, match=r"[Ll]ambda"):
        model.load(tmp_path / "harmful.keras")
