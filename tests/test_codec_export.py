"""Models as lists of layers: all of a model is in its two files, and what can't be is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reproduce.codec import export, fitted, fitting, layer_list, models
from reproduce.codec.contexts import CONTEXTS
from reproduce.codec.entropy import Tables
from reproduce.codec.layer_list import LayerList
from reproduce.codec.tokens import TOKENS
from reproduce.core.backend import keras
from reproduce.core.errors import CodecError
from reproduce.core.parameters import Parameters
from reproduce.models import autoencoder as model
from tests.test_models import EACH, each

REFUSED = {"window-attention"}
"""Models of a part that has a layer of no kind that a list has."""


def each_exported(quick: list[str]) -> list[Any]:
    """Return the other models as parameters of a test; those that are not named are slow."""
    return [one for one in each(quick) if getattr(one, "values", [one])[0] not in REFUSED]


def even_tables(channels: int) -> Tables:
    """Return tables for so many channels in which all tokens are about as likely."""
    return fitting.fit([np.zeros((channels, CONTEXTS, TOKENS), np.int64)])


@pytest.fixture(scope="module")
def of_paper() -> LayerList:
    return export.of_shipped()


def test_the_shipped_export_is_what_the_shipped_model_is_exported_to(
    of_paper: LayerList, tmp_path: Path
) -> None:
    for made in layer_list.write(of_paper, tmp_path):
        assert made.read_bytes() == (models.SHIPPED / made.name).read_bytes()
    assert layer_list.read(tmp_path, "paper-0") == of_paper


def test_a_fingerprint_is_that_of_compressed_files(of_paper: LayerList) -> None:
    assert of_paper.fingerprint == models.shipped().fingerprint
    assert np.array_equal(of_paper.frequencies, models.shipped().tables.frequencies)


def test_the_papers_layers_are_in_the_list_as_the_paper_has_them(
    of_paper: LayerList, tmp_path: Path
) -> None:
    described = json.loads(layer_list.write(of_paper, tmp_path)[0].read_text())
    kinds = [
        [(layer["kind"], layer["activation"]) for layer in described[part]["layers"]]
        for part in ("encoder", "attention", "decoder")
    ]
    assert kinds == [
        [
            ("convolution", "relu"),
            ("maximum_pooling", "linear"),
            ("convolution", "relu"),
            ("convolution", "relu"),
        ],
        [("convolution", "sigmoid"), ("invert", "linear"), ("multiply", "linear")],
        [
            ("convolution", "relu"),
            ("upsampling", "linear"),
            ("convolution", "linear"),
            ("activation", "sigmoid"),
        ],
    ]
    assert described["attention"]["map"] == described["attention"]["layers"][0]["name"]
    assert described["attention"]["layers"][2]["inputs"] == ["latent", "inverted_attention"]
    assert {name: described[name] for name in ("version", "name", "model", "number")} == {
        "version": 1,
        "name": "paper-0",
        "model": "paper",
        "number": 1,
    }


@pytest.mark.parametrize("name", each_exported(["paper", "channels-4+cbam"]))
def test_weights_stand_where_the_list_says(name: str) -> None:
    built = model.build(0, name)
    layers = export.layers_of(built, even_tables(model.registered(built).encoder.channels), name="")
    seen = []
    for part in ("encoder", "attention", "decoder"):
        for layer in getattr(layers, part).layers:
            # A layer that is called again has its number behind its name.
            of_keras = layer.name.replace("squeeze_2", "squeeze").replace("tion_2", "tion")
            for weight, place in layer.weights.items():
                expected = getattr(built.get_layer(part).get_layer(of_keras), weight)
                assert np.array_equal(layers.weights(place), expected.numpy()), layer.name
                seen.append(place.at)
    assert len(set(seen)) == len(built.weights)


@pytest.mark.parametrize("name", each_exported(["paper", "no-attention", "channels-4+cbam"]))
def test_each_layer_takes_what_is_there(name: str) -> None:
    built = model.build(0, name)
    layers = export.layers_of(built, even_tables(model.registered(built).encoder.channels), name="")
    for part in (layers.encoder, layers.attention, layers.decoder):
        there = {part.input}
        for layer in part.layers:
            assert set(layer.inputs) <= there
            assert layer.name not in there
            there.add(layer.name)
        assert {part.output, part.map or part.input} <= there
    assert (layers.attention.map is not None) == model.has_map(built)


# What has no place in the list


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_layer_of_no_known_kind_is_named_before_anything_is_trained(
    tmp_path: Path, name: str
) -> None:
    assert name in EACH
    with pytest.raises(CodecError, match=r"^layer '\w+' \(\w+\) is of no kind"):
        export.export(tmp_path, Parameters(model=name, source="folder", folder="/-"))
    assert list(tmp_path.iterdir()) == []


def convolution(**settings: Any) -> Callable[[], Any]:
    return lambda: keras.layers.Conv2D(1, **{"kernel_size": 3, "padding": "same"} | settings)


@pytest.mark.parametrize(
    "strange",
    [
        convolution(strides=2),
        convolution(padding="valid"),
        convolution(dilation_rate=2),
        convolution(use_bias=False),
        convolution(kernel_size=2),
        convolution(activation="tanh"),
        convolution(activation=lambda x: x),
        lambda: keras.layers.MaxPooling2D(3, strides=2, padding="same"),
        lambda: keras.layers.MaxPooling2D(2),
        lambda: keras.layers.Dense(1, use_bias=False),
        lambda: keras.layers.Activation("gelu"),
        lambda: keras.layers.ReLU(max_value=6),
    ],
)
def test_a_setting_that_the_list_cannot_say_is_refused(strange: Callable[[], Any]) -> None:
    layer = strange()
    layer.name = "strange"
    keras.Sequential([keras.Input((None, None, 1)), layer])
    with pytest.raises(CodecError, match="layer 'strange'"):
        export._entries(layer, "strange", ("image",), {})


# Files


def test_files_that_exist_are_left_unless_it_is_forced(of_paper: LayerList, tmp_path: Path) -> None:
    (tmp_path / "paper-0.bin").write_bytes(b"mine")
    with pytest.raises(CodecError, match=r"paper-0\.bin exists already: --force"):
        layer_list.write(of_paper, tmp_path)
    assert (tmp_path / "paper-0.bin").read_bytes() == b"mine"
    layer_list.write(of_paper, tmp_path, force=True)
    assert layer_list.read(tmp_path, "paper-0") == of_paper


def test_a_place_that_cannot_be_written_to_is_told(of_paper: LayerList, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CodecError, match=r"cannot write to .*file"):
        layer_list.write(of_paper, tmp_path / "file")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda described: described.update(version=2), "of version 2"),
        (lambda described: described.update(fingerprint="00"), "is damaged"),
        (lambda described: described.pop("encoder"), "no readable list"),
        (lambda described: described.update(mine=1), "no readable list"),
        (lambda described: described["decoder"]["layers"][0].update(kind="pool"), "'pool'"),
        (lambda described: described["decoder"]["layers"][0].update(activation="tanh"), "'tanh'"),
        (lambda described: described["decoder"]["layers"][0].pop("weights"), "no readable list"),
    ],
)
def test_a_list_that_is_not_understood_is_refused(
    of_paper: LayerList, tmp_path: Path, harm: Callable[[Any], object], message: str
) -> None:
    path, _ = layer_list.write(of_paper, tmp_path)
    described = json.loads(path.read_text())
    harm(described)
    path.write_text(json.dumps(described))
    with pytest.raises(CodecError, match=message):
        layer_list.read(tmp_path, "paper-0")


def test_missing_cut_and_altered_numbers_are_noticed(of_paper: LayerList, tmp_path: Path) -> None:
    _, path = layer_list.write(of_paper, tmp_path)
    whole = path.read_bytes()
    for numbers in (whole[:-1], whole[:9] + b"\0" + whole[10:]):
        path.write_bytes(numbers)
        with pytest.raises(CodecError, match="is damaged"):
            layer_list.read(tmp_path, "paper-0")
    path.unlink()
    with pytest.raises(CodecError, match="no readable list"):
        layer_list.read(tmp_path, "paper-0")


def test_a_runs_model_is_exported_with_its_own_tables(
    small_run: SimpleNamespace, tmp_path: Path
) -> None:
    made, _ = export.export(tmp_path / "new", small_run.parameters)
    assert made.name == "paper-0.json"
    layers = layer_list.read(tmp_path / "new", "paper-0")
    assert layers.number == 0
    own = fitted.fit(small_run.parameters)
    assert layers.fingerprint == own.fingerprint != models.shipped().fingerprint
