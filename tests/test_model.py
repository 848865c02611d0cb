"""The model: equal to the paper's literal graph, any size of image, its parts, its file."""

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce.core.backend import keras, tensorflow
from reproduce.models import autoencoder as model
from reproduce.models import training
from tests.conftest import slow

WEIGHTED_LAYERS = {
    "encoder_conv_1": "encoder",
    "encoder_conv_2": "encoder",
    "latent": "encoder",
    "attention_map": "attention",
    "decoder_conv_1": "decoder",
    "reconstruction": "decoder",
}


def weighted_layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """The model's layers that have weights, in the order of the paper's statements."""
    return [autoencoder.get_layer(part).get_layer(name) for name, part in WEIGHTED_LAYERS.items()]


def literal_graph(height: int, width: int, autoencoder: keras.Model) -> keras.Model:
    """The graph of section III.B, statement by statement, with the weights of our model."""
    from reproduce.models import literal  # imports TensorFlow: only after `backend` has set it up

    graph = literal.build((height, width, 1))
    layers = [layer for layer in graph.layers if layer.weights]
    for layer, counterpart in zip(layers, weighted_layers(autoencoder), strict=True):
        layer.set_weights(counterpart.get_weights())
    return graph


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


SIZES = [(2, 2), (16, 16), (10, 14), (32, 8), (3, 3), (5, 8), (17, 31)]


@pytest.mark.parametrize("size", SIZES)
def test_the_model_computes_what_the_literal_graph_computes(autoencoder, size):
    height, width = size
    batch = images(3, height, width)
    # For an odd height or width the literal output is one larger than the image.
    expected = np.asarray(literal_graph(height, width, autoencoder)(batch))[:, :height, :width]
    assert np.asarray(autoencoder(batch)).shape == batch.shape
    assert np.allclose(autoencoder(batch), expected, rtol=0, atol=1e-6)
    assert size == (2, 2) or np.std(expected) > 0.01


def literal_gradients(
    graph: keras.Model, batch: np.ndarray
) -> tuple[float, list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]]:
    """Loss and gradients of the whole batch, by Keras's own loss of the reconstruction."""
    height, width = batch.shape[1:3]
    with tensorflow.GradientTape() as tape:
        reconstruction = graph(batch)[:, :height, :width]
        loss = keras.ops.mean(keras.losses.binary_crossentropy(batch, reconstruction))
    gradients = tape.gradient(loss, [variable.value for variable in graph.trainable_variables])
    return float(loss), [np.asarray(gradient) for gradient in gradients]


def our_gradients(
    autoencoder: keras.Model, levels: np.ndarray
) -> tuple[float, list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]]:
    """Loss and gradients of the training step, read off a step of gradient descent at rate 1."""
    trained = keras.models.clone_model(autoencoder)
    trained.set_weights(autoencoder.get_weights())
    trained.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    loss = float(training.training_step(trained)(levels))
    before = [v for layer in weighted_layers(autoencoder) for v in layer.get_weights()]
    after = [v for layer in weighted_layers(trained) for v in layer.get_weights()]
    return loss, [one - other for one, other in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    ("count", "size"),  # of images less than, as many as, more than a part of a batch has
    [
        *((5, (16, 16)), (1, (3, 3)), (5, (17, 31))),
        *slow(*((count, size) for size in SIZES[1:] for count in (1, 2, 5))),
    ],
)
def test_the_model_learns_as_the_literal_graph_learns(autoencoder, size, count):
    levels = np.random.default_rng(0).integers(0, 256, (count, *size), dtype=np.uint8)
    batch = levels[..., np.newaxis] / np.float32(255)
    height, width = size
    loss, theirs = literal_gradients(literal_graph(height, width, autoencoder), batch)
    our_loss, ours = our_gradients(autoencoder, levels)
    assert our_loss == pytest.approx(loss, rel=1e-6)
    assert len(ours) == len(theirs) == 12
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-6)
        assert np.any(other != 0)


def test_an_epoch_ends_where_the_literal_fit_ends(autoencoder):
    levels = np.random.default_rng(0).integers(0, 256, (12, 20, 24), dtype=np.uint8)
    graph = literal_graph(20, 24, autoencoder)
    ours = keras.models.clone_model(autoencoder)
    ours.set_weights(autoencoder.get_weights())
    ours.compile("adam", "binary_crossentropy")
    step = training.training_step(ours)
    batch = levels[..., np.newaxis] / np.float32(255)
    history = graph.fit(batch, batch, epochs=3, batch_size=5, shuffle=False, verbose=0).history
    losses = [[float(step(levels[i : i + 5])) for i in range(0, 12, 5)] for _ in range(3)]
    means = [np.average(epoch, weights=[5, 5, 2]) for epoch in losses]
    assert means == pytest.approx(history["loss"], rel=1e-6)
    for layer, counterpart in zip(
        [layer for layer in graph.layers if layer.weights], weighted_layers(ours), strict=True
    ):
        for one, other in zip(layer.get_weights(), counterpart.get_weights(), strict=True):
            assert np.allclose(one, other, rtol=0, atol=2e-5)


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (8, 10)])
def test_a_layer_for_two_computes_what_the_two_stock_layers_compute(autoencoder, size):
    random = np.random.default_rng(0)
    first, *_, last = weighted_layers(autoencoder)
    for layer, channels in ((first, 1), (last, 16)):
        inputs = random.normal(size=(2, *size, channels)).astype(np.float32)
        expected = inputs
        for stock in layer.stock_layers():
            assert type(stock).__module__.startswith("keras.")
            expected = stock(expected)
        assert np.allclose(layer(inputs), expected, rtol=1e-5, atol=1e-5)
        assert layer.compute_output_shape(inputs.shape) == expected.shape


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
    assert np.allclose(decoded, np.asarray(model.logits(autoencoder)(batch)), rtol=0, atol=1e-5)
    assert np.allclose(1 / (1 + np.exp(-decoded)), whole, rtol=0, atol=1e-6)


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
    nothing = model.decode(autoencoder, np.zeros_like(latents))
    assert np.allclose(closed, nothing, rtol=0, atol=1e-6)
    assert not np.allclose(model.decode(autoencoder, latents), nothing, rtol=0, atol=1e-3)


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


def test_equal_models_give_equal_files_whenever_and_wherever_they_are_written(
    tmp_path, monkeypatch
):
    files = []
    for number, hour in enumerate((10, 11)):
        # Other objects, at other addresses in memory, an hour later.
        built = model.build(seed=7), model.build(seed=number)
        zone = f"ABC{hour}"
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        files.append(tmp_path / f"{number}.keras")
        model.save(built[0], files[-1])
    monkeypatch.undo()
    time.tzset()
    assert files[0].read_bytes() == files[1].read_bytes()
    assert same_weights(model.load(files[0]), model.load(files[1]))


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
