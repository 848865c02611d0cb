"""Models as registrations: each one that is known trains, is scored and writes true files."""

import numpy as np
import pytest

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.data.pixels import to_unit_range
from reproduce.measure import scores as scoring
from reproduce.measure.rates import autoencoder
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import registry, training

KNOWN = registry.known()


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


def test_all_models_of_a_seed_share_the_initial_weights_of_the_parts_that_they_share() -> None:
    of_paper = model.build(3).get_layer("encoder").get_weights()
    for name in KNOWN:
        if registry.find(name).encoder.name == "paper":
            weights = model.build(3, name).get_layer("encoder").get_weights()
            assert all(map(np.array_equal, weights, of_paper)), name


@pytest.mark.parametrize("name", KNOWN)
def test_a_model_is_what_its_registration_says(name: str) -> None:
    registered, autoencoder = registry.find(name), model.build(0, name)
    assert model.has_map(autoencoder) == registered.attention.has_map
    images = np.random.default_rng(0).random((2, 33, 20, 1), dtype=np.float32)
    latents = model.encode(autoencoder, images)
    stride = registered.encoder.stride
    places = [-(-side // stride) for side in (33, 20)]
    assert latents.shape == (2, *places, registered.encoder.channels)
    assert latents.min() >= 0
    assert model.decode(autoencoder, latents, (33, 20)).shape == images.shape
    if registered.attention.has_map:
        maps = model.attend(autoencoder, latents)
        assert maps.shape == latents.shape
        assert 0 < maps.min() <= maps.max() < 1
    else:
        with pytest.raises(ValueError, match="attention_map"):
            model.attend(autoencoder, latents)


@pytest.mark.parametrize("name", KNOWN)
def test_what_lies_beyond_its_reach_changes_nothing(name: str) -> None:
    registered, autoencoder = registry.find(name), model.build(1, name)
    latents = np.random.default_rng(0).random((1, 24, 24, registered.encoder.channels), "float32")
    changed = latents.copy()
    changed[:, 12, 12] += 5
    difference = model.decode(autoencoder, changed) != model.decode(autoencoder, latents)
    stride = registered.encoder.stride
    rows = np.flatnonzero(difference.any(axis=(0, 2, 3)))
    assert len(rows)
    reach = registered.attention.reach + registered.decoder.reach
    assert rows.min() >= stride * (12 - reach)
    assert rows.max() < stride * (13 + reach)
    image = np.random.default_rng(1).random((1, 48, 48, 1), "float32")
    other = image.copy()
    other[:, 24:26, 24:26] = 1 - other[:, 24:26, 24:26]
    moved = model.encode(autoencoder, other) != model.encode(autoencoder, image)
    places = np.flatnonzero(moved.any(axis=(0, 2, 3)))
    assert np.abs(places - 24 // stride).max() <= registered.encoder.reach


@pytest.mark.parametrize("name", KNOWN)
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


def test_the_weights_of_a_model_are_read_back_as_its_own(tmp_path) -> None:
    for name in KNOWN:
        built = model.build(5, name)
        model.save(built, tmp_path / f"{name}.keras")
        loaded = model.load(tmp_path / f"{name}.keras")
        assert model.has_map(loaded) == model.has_map(built)
        assert all(map(np.array_equal, loaded.get_weights(), built.get_weights()))


@pytest.mark.parametrize("name", ["nope", "paper+no-attention", "no-attention+not-inverted", ""])
def test_a_model_that_is_not_known_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ReproduceError, match=r"'model': .* is no model; known are paper, no-att"):
        registry.find(name)


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

    here = {"module": "reproduce.models.encoders.paper"}
    wide = registry.Encoder("wide", "three channels", encode, channels=3, stride=4, reach=1, **here)
    tall = registry.Decoder("tall", "fourfold upsampling", decode, reach=1, **here)
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


def test_no_attention_leaves_the_latent_as_it_is() -> None:
    latents = np.random.default_rng(0).random((1, 9, 7, 1), dtype=np.float32)
    left = model.build(2, "no-attention").get_layer("attention")(latents)
    assert np.array_equal(np.asarray(left), latents)


@pytest.mark.parametrize("name", ["data", "codecs", "no-attention"])
def test_a_parts_name_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(registry._DECODERS, name, registry.find("paper").decoder)
    with pytest.raises(ValueError, match=f"the name '{name}' of a part is taken"):
        registry._load_parts.__wrapped__()
