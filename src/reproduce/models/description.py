"""What a model is made of: its layers, their outputs, its parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reproduce.core.backend import keras
from reproduce.models.registry import KINDS


def stock_layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """Return all layers in the order of the data, as the paper names them.

    Two of the model's layers compute what two stock layers of the paper compute; these stand in
    their place here, with copies of their weights.
    """
    return [
        stock
        for layer in autoencoder.layers
        for stock in (layers_of(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def layers_of(part: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a part of the model, as the paper names them."""
    return [
        stock
        for layer in part.layers
        if not isinstance(layer, keras.layers.InputLayer)
        for stock in (layer.stock_layers() if hasattr(layer, "stock_layers") else [layer])
    ]


def counts(autoencoder: keras.Model) -> dict[str, int]:
    """Return the number of parameters, and of layers of each kind in encoder and decoder."""

    def layers(part: str, kind: type[keras.layers.Layer]) -> int:
        return sum(isinstance(layer, kind) for layer in layers_of(autoencoder.get_layer(part)))

    return {
        "parameters": autoencoder.count_params(),
        "encoder_convolutions": layers("encoder", keras.layers.Conv2D),
        "encoder_poolings": layers("encoder", keras.layers.MaxPooling2D),
        "decoder_convolutions": layers("decoder", keras.layers.Conv2D),
        "decoder_upsamplings": layers("decoder", keras.layers.UpSampling2D),
    }


def output_shapes(autoencoder: keras.Model, image_size: int) -> dict[str, tuple[int, ...]]:
    """Return each layer's output shape, height x width x channels, for images of one size."""
    image = keras.KerasTensor((1, image_size, image_size, 1))
    outputs = {"image": image}
    tensor = image
    for name in KINDS:
        part = autoencoder.get_layer(name)
        outputs |= {layer.name: output for layer, _, output in _steps(part, tensor)}
        tensor = part.compute_output_spec(tensor)
    outputs["crop"] = outputs["unit_range"] = image
    return {name: tensor.shape[1:] for name, tensor in outputs.items()}


@dataclass(frozen=True)
class Multiplications:
    """Multiplications with weights, each with an addition, for a pixel of an image (MAC/pixel).

    Attributes
    ----------
    encoding
        From image to latent.
    decoding
        From latent to reconstruction, the attention included.
    """

    encoding: float
    decoding: float


def multiplications(autoencoder: keras.Model) -> Multiplications:
    """Count a model's multiplications, as its stock layers make them.

    What works value by value, as an activation or the product with a map, is not counted.

    Raises
    ------
    TypeError
        A layer has weights, and it is not known how they are used.
    """
    size = 64  # which all strides divide
    tensor = keras.KerasTensor((1, size, size, 1))
    counted = {}
    for name in KINDS:
        part = autoencoder.get_layer(name)
        counted[name] = sum(_of_layer(*step) for step in _steps(part, tensor)) / size**2
        tensor = part.compute_output_spec(tensor)
    return Multiplications(counted["encoder"], counted["attention"] + counted["decoder"])


def _of_layer(layer: keras.layers.Layer, inputs: Any, output: keras.KerasTensor) -> int:
    if not layer.weights:
        return 0
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
        # Each weight of a kernel is used once for each place of the output.
        weights, places = layer.kernel.shape, output.shape[1:-1]
        return math.prod((*weights, *places))
    if hasattr(layer, "multiplications"):
        return int(layer.multiplications(inputs.shape))
    raise TypeError(f"how does layer {layer.name!r} use its weights?")


def _steps(
    part: keras.Model, tensor: keras.KerasTensor
) -> Iterator[tuple[keras.layers.Layer, Any, keras.KerasTensor]]:
    """Yield each stock layer of a part with what it takes and puts out, if the part takes this."""
    taken = tensor
    for layer in part.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        # In a sequence, a layer takes what the one before it puts out.
        if not isinstance(part, keras.Sequential):
            taken = _at(part, layer.input, tensor)
        for stock in layer.stock_layers() if hasattr(layer, "stock_layers") else [layer]:
            output = stock.compute_output_spec(taken)
            yield stock, taken, output
            taken = output


def _at(part: keras.Model, place: Any, tensor: keras.KerasTensor) -> Any:
    """Return what there is at a place of a part's graph, if the part takes this tensor."""
    if place is part.input:
        return tensor
    return keras.Model(part.input, place).compute_output_spec(tensor)
