"""Models as registrations: each one that is known trains, is scored and writes true files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce import codec
from reproduce.codec import fitting
from reproduce.codec.contexts import CONTEXTS
from reproduce.codec.tokens import TOKENS
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.data.pixels import to_unit_range
from reproduce.measure import scores as scoring
from reproduce.measure.rates import autoencoder
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import description, registry, training

KNOWN = registry.known()
COARSE = sorted({*registry._ENCODERS} - {registry.PAPER} - {*KNOWN})
OF_CHANNELS = ["cbam", "squeeze-excitation"]
EACH = [
    *(f"channels-4+{name}" if name in OF_CHANNELS else name for name in KNOWN),
    *(f"{name}+upsampling" for name in COARSE),
]
"""A model for each part that there is: what weighs channels against each other has four of them."""

QUICK = [
    "paper",
    "no-attention",
    "not-inverted",
    "window-attention",
    "stride-4-channels-8+upsampling",
]


def each(quick: list[str]) -> list[Any]:
    """All these models as parameters of a test; those that are not named are slow."""
    slow = pytest.mark.slow
    return [name if name in quick else pytest.param(name, marks=slow) for name in EACH]


def quick(name: str) -> Parameters:
    """The least that trains on photographs."""
    return Parameters(
        profile="quick", image_size=32, crops_per_photograph=2, epochs=1, rate_images=2, model=name
    )


def test_the_papers_model_is_known_and_two_others_that_say_what_attention_does() -> None:
    assert KNOWN[0] == "paper"
    assert {"no-attention", "not-inverted"} <= set(KNOWN)


@pytest.mark.parametrize(
    ("name", "count"), [("paper", 5404), ("not-inverted", 5404), ("no-attention", 5394)]
)
def test_models_have_as_many_parameters_as_their_parts(name: str, count: int) -> None:
    assert model.build(0, name).count_params() == count


@pytest.mark.parametrize(
    ("name", "encoding", "decoding"),
    [
        # Kernel x channels in x filters, at every pixel, or at one place in four, in sixteen.
        ("paper", 9 * 32 + 9 * 32 * 16 / 4 + 9 * 16 / 4, 9 / 4 + 9 * 16 / 4 + 9 * 16),
        ("no-attention", 9 * 32 + 9 * 32 * 16 / 4 + 9 * 16 / 4, 9 * 16 / 4 + 9 * 16),
        ("channels-4", 9 * 32 + 9 * 32 * 16 / 4 + 9 * 64 / 4, (9 * 16 + 9 * 64) / 4 + 9 * 16),
        ("deeper-decoder", 9 * 32 + 9 * 32 * 16 / 4 + 9 * 16 / 4, 9 / 4 + 9 * (16 + 256) / 4 + 144),
        (
            "stride-4-channels-8+upsampling",
            9 * 32 + 9 * 32 * 32 / 4 + 9 * 32 * 16 / 16 + 9 * 16 * 8 / 16,
            9 * 8 * 8 / 16 + 9 * 8 * 16 / 16 + 9 * 16 * 16 / 4 + 9 * 16,
        ),
        ("gdn-decoder", 9 * 32 + 9 * 32 * 16 / 4 + 9 * 16 / 4, 9 / 4 + 9 * 16 / 4 + 64 + 9 * 16),
        (
            "window-attention",
            9 * 32 + 9 * 32 * 16 / 4 + 9 * 16 / 4,
            (4 * 8 + 2 * 64 * 8) / 4 + 9 * 16 / 4 + 9 * 16,
        ),
    ],
)
def test_multiplications_are_counted_as_by_hand(
    name: str, encoding: float, decoding: float
) -> None:
    counted = description.multiplications(model.build(0, name))
    assert (counted.encoding, counted.decoding) == pytest.approx((encoding, decoding))


def test_a_layer_whose_use_of_weights_is_not_known_is_refused() -> None:
    from reproduce.core.backend import keras

    built = model.build(0)
    latent = keras.Input((None, None, 1))
    normalised = keras.layers.LayerNormalization(name="strange")(latent)
    odd = keras.Model(latent, normalised, name="attention")
    image = keras.Input((None, None, 1))
    decoded = built.get_layer("decoder")(odd(built.get_layer("encoder")(image)))
    with pytest.raises(TypeError, match="'strange'"):
        description.multiplications(keras.Model(image, decoded))


def test_all_models_of_a_seed_share_the_initial_weights_of_the_parts_that_they_share() -> None:
    of_paper = model.build(3).get_layer("encoder").get_weights()
    for name in ("no-attention", "not-inverted", "window-attention", "upsampling"):
        if registry.find(name).encoder.name == "paper":
            weights = model.build(3, name).get_layer("encoder").get_weights()
            assert all(map(np.array_equal, weights, of_paper)), name


@pytest.mark.parametrize("name", each(QUICK))
def test_a_model_is_what_its_registration_says(name: str) -> None:
    registered, autoencoder = registry.find(name), model.build(0, name)
    assert model.has_map(autoencoder) == registered.attention.has_map
    images = np.random.default_rng(0).random((2, 33, 20, 1), dtype=np.float32)
    latents = model.encode(autoencoder, images)
    stride = registered.encoder.stride
    places = [-(-side // stride) for side in (33, 20)]
    assert latents.shape == (2, *places, registered.encoder.channels)
    assert latents.min() >= 0 or "leaky" in name
    shapes = description.output_shapes(autoencoder, 32)
    assert shapes["unit_range"] == (32, 32, 1)
    assert description.multiplications(autoencoder).encoding > 0
    assert model.decode(autoencoder, latents, (33, 20)).shape == images.shape
    if registered.attention.has_map:
        maps = model.attend(autoencoder, latents)
        assert maps.shape == latents.shape
        assert 0 < maps.min() <= maps.max() < 1
    else:
        with pytest.raises(ValueError, match="attention_map"):
            model.attend(autoencoder, latents)


@pytest.mark.parametrize("name", each(QUICK))
def test_what_lies_beyond_its_reach_changes_nothing(name: str) -> None:
    registered, autoencoder = registry.find(name), model.build(1, name)
    latents = np.random.default_rng(0).random((1, 24, 24, registered.encoder.channels), "float32")
    changed = latents.copy()
    changed[:, 12, 12] += 5
    difference = model.decode(autoencoder, changed) != model.decode(autoencoder, latents)
    stride = registered.encoder.stride
    rows = np.flatnonzero(difference.any(axis=(0, 2, 3)))
    assert len(rows)
    reach = registered.decoding_reach
    if reach is None:  # each place can matter for all
        return
    assert rows.min() >= stride * (12 - reach)
    assert rows.max() < stride * (13 + reach)
    image = np.random.default_rng(1).random((1, 48, 48, 1), "float32")
    other = image.copy()
    other[:, 24:26, 24:26] = 1 - other[:, 24:26, 24:26]
    moved = model.encode(autoencoder, other) != model.encode(autoencoder, image)
    places = np.flatnonzero(moved.any(axis=(0, 2, 3)))
    assert np.abs(places - 24 // stride).max() <= registered.encoder.reach


@pytest.mark.parametrize("name", each(QUICK))
def test_each_weight_of_a_model_has_a_gradient(name: str) -> None:
    from reproduce.core.backend import tensorflow

    built = model.build(1, name)
    logits, image = model.logits(built), np.random.default_rng(2).random((1, 33, 20, 1), "float32")
    with tensorflow.GradientTape() as tape:
        loss = tensorflow.reduce_sum(tensorflow.square(logits(image, training=True)))
    for weight, gradient in zip(
        built.trainable_variables, tape.gradient(loss, built.trainable_variables), strict=True
    ):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all(), weight.path
        assert np.any(gradient), weight.path


@pytest.mark.parametrize("name", each(QUICK))
def test_what_a_model_compresses_is_nearly_what_it_reconstructs(name: str) -> None:
    built = model.build(1, name)
    image = np.linspace(0, 255, 41 * 30).reshape(41, 30).astype(np.uint8)
    channels = registry.find(name).encoder.channels
    of_model = codec.of_run(built, fitting.fit([np.zeros((channels, CONTEXTS, TOKENS), np.int64)]))
    decoded = of_model.decompress(of_model.compress(image, 1 / 64)) / 255
    whole = model.reconstruct(built, image[np.newaxis])[0]
    assert np.abs(decoded - whole).max() < 0.02


@pytest.mark.parametrize(
    "name",
    [
        *("paper", "no-attention"),
        # What has several channels, a coarser latent, or layers of its own.
        *(pytest.param(name, marks=pytest.mark.slow) for name in QUICK[3:]),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("channels-4+cbam", "gdn-encoder")
        ),
    ],
)
def test_a_model_trains_is_scored_and_comes_back_from_true_bytes(name: str) -> None:
    parameters = quick(name)
    trained = training.train(parameters)
    assert len(trained.losses) == 1
    assert model.has_map(trained.autoencoder) == registry.find(name).attention.has_map
    scores = scoring.score(parameters)
    assert (scores["size_ratio"] > 0).all()
    if not registry.find(name).attention.has_map:
        assert scores["attention_correlation"].isna().all()
    image = np.linspace(0, 255, 40 * 32).reshape(40, 32).astype(np.uint8)
    codec = autoencoder.codec_of(parameters)
    data = codec.encode(image, 8)
    assert 30 < len(data) < image.size
    whole = model.reconstruct(trained.autoencoder, image[np.newaxis])[0]
    decoded = codec.decode(data).astype(float) / 255
    assert np.abs(decoded - whole).max() < 0.2  # of a step of 1/8


@pytest.mark.parametrize("name", each(QUICK))
def test_the_weights_of_a_model_are_read_back_as_its_own(name: str, tmp_path: Path) -> None:
    built = model.build(5, name)
    model.save(built, tmp_path / "model.keras")
    loaded = model.load(tmp_path / "model.keras")
    assert model.registered(loaded).name == name
    assert model.has_map(loaded) == model.has_map(built)
    assert all(map(np.array_equal, loaded.get_weights(), built.get_weights()))
    images = np.random.default_rng(0).integers(0, 256, (1, 33, 20), dtype=np.uint8)
    assert np.array_equal(model.reconstruct(loaded, images), model.reconstruct(built, images))


@pytest.mark.parametrize("name", ["nope", "paper+no-attention", "no-attention+not-inverted", ""])
def test_a_model_that_is_not_known_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(
        ReproduceError, match=r"'model': .* is no model; known are paper, .*no-attention"
    ):
        registry.find(name)


def test_a_decoder_that_does_not_take_the_latent_is_refused_with_those_that_do() -> None:
    with pytest.raises(ReproduceError, match=r"at every 4th pixel.*'paper'.*by \+: upsampling$"):
        registry.find("stride-4-channels-8")
    with pytest.raises(ReproduceError, match="'deeper-decoder' doesn't take"):
        registry.find("stride-4-channels-8+deeper-decoder")
    assert registry.find("stride-4-channels-8+upsampling").encoder.stride == 4
    assert "stride-4-channels-8" not in KNOWN


def test_parts_of_several_kinds_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    other = registry.find("paper").decoder
    monkeypatch.setitem(registry._DECODERS, "other", other)
    joined = registry.find("no-attention+other")
    assert joined.parts == (
        registry.find("paper").encoder,
        registry.find("no-attention").attention,
        other,
    )
    assert registry.find("no-attention").label == "no attention"
    assert registry.find("paper").label == "the paper's model"


@pytest.fixture
def of_three_channels(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model whose latents have three channels and a stride of 4, registered here."""
    from reproduce.core.backend import keras

    def encode() -> keras.Model:
        image = keras.Input((None, None, 1), name="image")
        latent = keras.layers.Conv2D(3, 5, strides=4, padding="same", name="latent")(image)
        return keras.Model(image, latent, name="encoder")

    def decode(channels: int, stride: int) -> keras.Model:
        latent = keras.Input((None, None, channels), name="weighted_latent")
        upsampled = keras.layers.UpSampling2D(stride)(latent)
        convolved = keras.layers.Conv2D(1, 3, padding="same", name="reconstruction")(upsampled)
        return keras.Model(latent, convolved, name="decoder")

    here = "reproduce.models.encoders.paper"
    wide = registry.Encoder("wide", "three channels", encode, 3, stride=4, reach=1, module=here)
    tall = registry.Decoder("tall", "fourfold upsampling", decode, 1, module=here, strides=(4,))
    monkeypatch.setitem(registry._ENCODERS, "wide", wide)
    monkeypatch.setitem(registry._DECODERS, "tall", tall)
    return "wide+tall"


def test_a_model_with_several_channels_and_another_stride_writes_files_of_version_2(
    of_three_channels: str,
) -> None:
    parameters = quick(of_three_channels)
    trained = training.train(parameters)
    codec = autoencoder.codec_of(parameters)
    image = np.linspace(0, 255, 41 * 30).reshape(41, 30).astype(np.uint8)
    data = codec.encode(image, 64)
    header, latent = codec.codec.decode_latent(data)
    assert (header.version, header.channels, header.stride) == (2, 3, 4)
    assert latent.shape == (11, 8, 3)
    assert latent.min() < 0  # no ReLU at the end of this encoder
    decoded = codec.decode(data)
    assert decoded.shape == image.shape
    whole = model.reconstruct(trained.autoencoder, image[np.newaxis])[0]
    assert np.abs(decoded / 255 - whole).max() < 0.05
    assert model.registered(trained.autoencoder).name == of_three_channels


def test_a_file_whose_latent_has_another_form_than_the_models_is_refused(
    of_three_channels: str,
) -> None:
    from dataclasses import replace

    from reproduce.codec import fileformat
    from reproduce.core.errors import CodecError

    codec = autoencoder.codec_of(quick(of_three_channels)).codec
    header, payload = fileformat.unpack(codec.compress(np.zeros((8, 8), np.uint8)))
    other = fileformat.pack(replace(header, stride=3, width=6, height=6), payload)
    with pytest.raises(CodecError, match="which this model doesn't have"):
        codec.decompress(other)


def test_a_subject_of_a_model_with_several_channels_has_them_side_by_side(
    of_three_channels: str,
) -> None:
    built = model.build(0, of_three_channels)
    image = np.random.default_rng(0).integers(0, 256, (41, 30), dtype=np.uint8)
    subject = Subject(built, image)
    latents = model.encode(built, to_unit_range(image[np.newaxis]))
    assert subject.latent.shape == (11, 8 * 3)
    assert np.array_equal(subject.latent[:, 8:16], latents[0, ..., 1])
    whole = model.reconstruct(built, image[np.newaxis])[0]
    assert np.allclose(subject.reconstruction, whole, atol=1e-6)
    assert np.isnan(subject.latent_similarity)
    assert subject.attention_map is not None  # the paper's attention, on three channels
    assert subject.attention_map.shape == subject.latent.shape
    assert subject.full_size_attention.shape == image.shape
    assert -1 <= subject.attention_correlation <= 1


def test_attention_that_is_not_inverted_weighs_by_the_map_itself() -> None:
    built = model.build(2, "not-inverted")
    latents = np.random.default_rng(0).random((1, 9, 7, 1), dtype=np.float32)
    weighted = np.asarray(built.get_layer("attention")(latents))
    assert np.allclose(weighted, latents * model.attend(built, latents), atol=1e-7)
    of_paper = np.asarray(model.build(2).get_layer("attention")(latents))
    assert np.allclose(of_paper, latents - weighted, atol=1e-6)  # with the same map


def test_attention_by_its_mean_weighs_all_places_alike() -> None:
    built = model.build(2, "mean-map")
    latents = np.random.default_rng(0).random((2, 9, 7, 1), dtype=np.float32) + 0.1
    weighted = np.asarray(built.get_layer("attention")(latents))
    weights = 1 - model.attend(built, latents).mean(axis=(1, 2), keepdims=True)
    assert np.allclose(weighted, latents * weights, atol=1e-6)
    assert weights[0] != weights[1]


def test_no_attention_leaves_the_latent_as_it_is() -> None:
    latents = np.random.default_rng(0).random((1, 9, 7, 1), dtype=np.float32)
    left = model.build(2, "no-attention").get_layer("attention")(latents)
    assert np.array_equal(np.asarray(left), latents)


@pytest.mark.parametrize("name", ["data", "codecs", "no-attention"])
def test_a_parts_name_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(registry._DECODERS, name, registry.find("paper").decoder)
    with pytest.raises(ValueError, match=f"the name '{name}' of a part is taken"):
        registry._load_parts.__wrapped__()
