"""From a trained model to its list of layers (`layer_list`), if all are of known kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reproduce.codec import fitted, layer_list, models
from reproduce.codec.entropy import Tables
from reproduce.codec.layer_list import (
    ACTIVATIONS,
    FREQUENCY,
    WEIGHT,
    Layer,
    LayerList,
    Part,
    Place,
)
from reproduce.core.backend import keras
from reproduce.core.errors import CodecError
from reproduce.core.parameters import Parameters
from reproduce.models import autoencoder as model
from reproduce.models import training


def export(
    folder: Path, parameters: Parameters | None = None, *, force: bool = False
) -> list[Path]:
    """Write a run's model, or by default the one that files are written with, to a folder.

    Parameters
    ----------
    folder
        Made if needed. It gets two files, named after the model and its seed, as `paper-0`.
    parameters
        Of the run, whose model is trained first if needed.
    force
        Write over files that exist.

    Raises
    ------
    CodecError
        A layer is of no kind that the list has, which is told before anything is trained; or the
        files exist already, or can't be written.
    """
    layers = of_run(parameters) if parameters else of_shipped()
    return layer_list.write(layers, folder, force=force)


def of_shipped(number: int = models.STANDARD) -> LayerList:
    """Return a model that ships with the package, from its Keras file."""
    of_number, autoencoder = models.shipped(number), models.shipped_autoencoder(number)
    return layers_of(autoencoder, of_number.tables, name=of_number.name, number=number)


def of_run(parameters: Parameters) -> LayerList:
    """Return a run's model; make it first if needed.

    Raises
    ------
    CodecError
        As `layers_of`, and before anything is made.
    """
    _parts(model.build(parameters.seed, parameters.model))
    tables = fitted.fit(parameters).tables
    name = f"{parameters.model}-{parameters.seed}"
    return layers_of(training.train(parameters).autoencoder, tables, name=name)


def layers_of(autoencoder: keras.Model, tables: Tables, *, name: str, number: int = 0) -> LayerList:
    """Return a trained model as a list of layers.

    Parameters
    ----------
    autoencoder, tables
        As `models.autoencoder` builds or loads it, and the tables of its entropy coder.
    name, number
        See `layer_list`.

    Raises
    ------
    CodecError
        A layer is of no kind that such a list has; the message names it.
    """
    registered = model.registered(autoencoder)
    encoder, attention, decoder = _parts(autoencoder)
    weights = b"".join(array.astype(WEIGHT).tobytes() for array in autoencoder.get_weights())
    table = tables.frequencies.astype(FREQUENCY)
    return LayerList(
        name=name,
        model=registered.name,
        number=number,
        channels=registered.encoder.channels,
        stride=registered.encoder.stride,
        encoder=encoder,
        attention=attention,
        decoder=decoder,
        tables=Place(len(weights), table.shape),
        numbers=weights + table.tobytes(),
    )


def _parts(autoencoder: keras.Model) -> tuple[Part, Part, Part]:
    registered = model.registered(autoencoder)
    places = _places(autoencoder)
    encoder, attention, decoder = (
        _part(autoencoder.get_layer(part.kind), part.reach, places) for part in registered.parts
    )
    if registered.attention.has_map:
        attention = replace(attention, map="attention_map")
    # What the model does behind its decoder; the crop between them changes no value.
    last = Layer("unit_range", "activation", (decoder.output,), "sigmoid", {})
    decoder = replace(decoder, output=last.name, layers=(*decoder.layers, last))
    return encoder, attention, decoder


Places = dict[str, Place]
"""Where weights stand, by Keras's paths of them."""


def _places(autoencoder: keras.Model) -> Places:
    places, at = {}, 0
    for weight in autoencoder.weights:
        places[weight.path] = Place(at, tuple(weight.shape))
        at += WEIGHT.itemsize * weight.numpy().size
    return places


# The graph: which layer takes what

Call = tuple["keras.layers.Layer", str, tuple[str, ...]]
"""A layer, the name of what it makes, and the names of what it takes."""


def _part(part: keras.Model, reach: int | None, places: Places) -> Part:
    calls = list(_in_sequence(part) if isinstance(part, keras.Sequential) else _in_graph(part))
    (start,) = calls[0][2]
    layers: list[Layer] = []
    made = {start: start}
    for layer, name, taken in calls:
        inputs = tuple(made[one] for one in taken)
        entries = _entries(layer, name, inputs, places)
        layers += entries
        made[name] = entries[-1].name if entries else inputs[0]
    return Part(reach, start, made[calls[-1][1]], tuple(layers))


def _in_sequence(part: keras.Model) -> Iterator[Call]:
    taken = part.inputs[0].name
    for layer in part.layers:
        yield layer, layer.name, (taken,)
        taken = layer.name


def _in_graph(part: keras.Model) -> Iterator[Call]:
    """Yield the calls of a graph, each after those whose outputs it takes."""
    config = part.get_config()
    nodes = {layer["name"]: layer["inbound_nodes"] for layer in config["layers"]}
    reached = set()

    def up_to(name: str, number: int) -> Iterator[Call]:
        if (name, number) in reached or not nodes[name]:
            return
        reached.add((name, number))
        taken = list(_tensors(nodes[name][number]))
        for one in taken:
            yield from up_to(*one)
        yield part.get_layer(name), _of_call(name, number), tuple(_of_call(*one) for one in taken)

    name, number, _ = config["output_layers"]
    yield from up_to(name, number)


def _of_call(name: str, number: int) -> str:
    """Return the name of what a layer makes, which is another each time that it is called."""
    return name if number == 0 else f"{name}_{number + 1}"


def _tensors(node: Any) -> Iterator[tuple[str, int]]:
    """Yield what a call takes, as Keras's configuration tells it: outputs of which calls."""
    if isinstance(node, (list, tuple)):
        for one in node:
            yield from _tensors(one)
    elif isinstance(node, dict) and "keras_history" in node:
        name, number, _ = node["keras_history"]
        yield name, number
    elif isinstance(node, dict):
        yield from _tensors([*node.values()])


# The layers: what each is in the list

Entry = tuple[str, str, str, Mapping[str, Any]]
"""What a Keras layer, or a half of one, is in the list: suffix, kind, activation, weights."""


def _entries(
    layer: keras.layers.Layer, name: str, inputs: tuple[str, ...], places: Places
) -> list[Layer]:
    """Return a layer as the list has it; nothing for one that changes nothing.

    Raises
    ------
    CodecError
        It is of no known kind.
    """
    translate = _known().get(type(layer))
    found = translate(layer) if translate else None
    if found is None:
        raise CodecError(
            f"layer {layer.name!r} ({type(layer).__name__}) is of no kind that an exported model "
            "can have; these are listed in reproduce.codec.layer_list"
        )
    entries: list[Layer] = []
    for suffix, kind, activation, weights in found:
        taken = (entries[-1].name,) if entries else inputs
        known = {of: places[weight.path] for of, weight in weights.items()}
        entries.append(Layer(name + suffix, kind, taken, activation, known))
    return entries


Translate = Callable[[Any], list[Entry] | None]
"""Returns what a layer is in the list; None if it has a setting that the list can't say."""


@cache
def _known() -> dict[type[keras.layers.Layer], Translate]:
    """Return how layers become entries, by their classes."""
    from reproduce.models import layers

    return {
        keras.layers.Conv2D: _convolution,
        layers.ConvolutionThenPooling: _convolution_then_pooling,
        layers.UpsamplingThenConvolution: _upsampling_then_convolution,
        keras.layers.Dense: _dense,
        keras.layers.MaxPooling2D: _pooling,
        keras.layers.Activation: _activation,
        keras.layers.Identity: lambda _: [],
        keras.layers.Multiply: _plain("multiply"),
        keras.layers.Add: _plain("add"),
        layers.Invert: _plain("invert"),
        layers.MeanOverPlaces: _plain("mean_over_places"),
        layers.MaximumOverPlaces: _plain("maximum_over_places"),
        layers.MeanAndMaximumOverChannels: _plain("mean_and_maximum_over_channels"),
        layers.DivisiveNormalisation: _divisive_normalisation,
    }


def _plain(kind: str) -> Translate:
    return lambda _: [("", kind, "linear", {})]


def _convolution(layer: Any) -> list[Entry] | None:
    """Of stride 1, with a bias and zeros beyond the edges, which are as far on all sides."""
    settings = (layer.padding, layer.strides, layer.dilation_rate, layer.groups, layer.use_bias)
    if settings != ("same", (1, 1), (1, 1), 1, True) or not all(n % 2 for n in layer.kernel_size):
        return None
    return _with_activation(layer, "convolution", kernel=layer.kernel, bias=layer.bias)


def _convolution_then_pooling(layer: Any) -> list[Entry] | None:
    convolution = _convolution(layer)
    return convolution and [*convolution, ("_pool", "maximum_pooling", "linear", {})]


def _upsampling_then_convolution(layer: Any) -> list[Entry] | None:
    convolution = _convolution(layer)
    return convolution and [("_upsample", "upsampling", "linear", {}), *convolution]


def _pooling(layer: Any) -> list[Entry] | None:
    settings = (layer.padding, layer.pool_size, layer.strides)
    return _plain("maximum_pooling")(layer) if settings == ("same", (2, 2), (2, 2)) else None


def _dense(layer: Any) -> list[Entry] | None:
    if not layer.use_bias:
        return None
    return _with_activation(layer, "dense", kernel=layer.kernel, bias=layer.bias)


def _divisive_normalisation(layer: Any) -> list[Entry]:
    kind = "inverse_divisive_normalisation" if layer.inverse else "divisive_normalisation"
    weights = {"root_beta": layer.root_beta, "root_gamma": layer.root_gamma}
    return [("", kind, "linear", weights)]


def _activation(layer: Any) -> list[Entry] | None:
    return _with_activation(layer, "activation")


def _with_activation(layer: Any, kind: str, **weights: Any) -> list[Entry] | None:
    """Return an entry with a layer's activation, if it is one of those that a list has."""
    for name in ACTIVATIONS:
        if layer.activation is keras.activations.get(name):
            return [("", kind, name, weights)]
    return None
