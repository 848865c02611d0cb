"""A list of layers run by NumPy alone, in a tenth of the time that it takes to load TensorFlow.

What a layer makes is what `layer_list` defines, channels x height x width here: each calculates in
double precision and rounds once, so that neither tiles nor the order of additions show.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reproduce.codec.layer_list import Layer, LayerList, Part
from reproduce.data.pixels import to_unit_range

Planes: TypeAlias = NDArray[np.float32]
"""Values of a layer: channels x height x width."""

Doubles: TypeAlias = NDArray[np.float64]

Apply: TypeAlias = Callable[[Sequence[Planes]], Planes]
"""Returns what a layer makes of its inputs."""

_BAND_VALUES = 1 << 17
"""How many values of windows are laid out at once, or a few more: a megabyte, which stays near."""

_PRODUCT = 1 << 18
"""Most multiplications of one product: OpenBLAS gives larger ones to threads, which cost more."""


class NumpyNetwork:
    """A network from its list of layers (see `network.Network`)."""

    tile = 128

    def __init__(self, layers: LayerList) -> None:
        self.channels, self.stride = layers.channels, layers.stride
        self.encoding_reach = layers.encoder.reach
        self.decoding_reach = layers.decoding_reach
        self._encoder = _PartOfNumpy(layers.encoder, layers)
        self._attention = _PartOfNumpy(layers.attention, layers)
        self._decoder = _PartOfNumpy(layers.decoder, layers)

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the latent of an image."""
        return np.moveaxis(self._encoder(to_unit_range(image)[..., 0][np.newaxis]), 0, -1)

    def decode(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the pixels of a latent."""
        planes = np.moveaxis(np.asarray(latent, np.float32), -1, 0)
        (pixels,) = self._decoder(self._attention(planes))
        return np.asarray(pixels)


class _PartOfNumpy:
    """Encoder, attention or decoder: a function of planes."""

    def __init__(self, part: Part, layers: LayerList) -> None:
        self._part = part
        self._steps = [(layer, _apply(layer, layers)) for layer in part.layers]

    def __call__(self, planes: Planes) -> Planes:
        made = {self._part.input: planes}
        for number, (layer, apply) in enumerate(self._steps):
            made[layer.name] = apply([made[name] for name in layer.inputs])
            # What nobody takes any more would only fill memory.
            later = {name for other, _ in self._steps[number + 1 :] for name in other.inputs}
            made = {name: made[name] for name in made if name in later | {self._part.output}}
        return made[self._part.output]


def _apply(layer: Layer, layers: LayerList) -> Apply:
    """Return the function of a layer, with its weights made ready."""
    weights = {name: layers.weights(place) for name, place in layer.weights.items()}
    return _KINDS[layer.kind](_ACTIVATIONS[layer.activation], weights)


# Activations


def _linear(values: Doubles) -> Doubles:
    return values


def _sigmoid(values: Doubles) -> Doubles:
    with np.errstate(over="ignore"):  # of e^-x, whose reciprocal is 0 then, as it should be
        return np.asarray(1 / (1 + np.exp(-values)))


Activation: TypeAlias = Callable[[Doubles], Doubles]

_ACTIVATIONS: Mapping[str, Activation] = {
    "linear": _linear,
    "relu": lambda values: np.maximum(values, 0),
    "leaky_relu": lambda values: np.maximum(values, 0.2 * values),
    "softplus": lambda values: np.logaddexp(values, 0),
    "sigmoid": _sigmoid,
}


# Kinds of layers: each takes activation and weights, and returns the function of planes

Weights: TypeAlias = Mapping[str, NDArray[np.float32]]
Kind: TypeAlias = Callable[[Activation, Weights], Apply]


def _of_doubles(function: Callable[..., Doubles]) -> Kind:
    """Return a kind without weights, whose function takes the layer's inputs as doubles."""

    def kind(activation: Activation, _: Weights) -> Apply:
        def apply(inputs: Sequence[Planes]) -> Planes:
            values = function(*(one.astype(np.float64) for one in inputs))
            return activation(values).astype(np.float32)

        return apply

    return kind


def _of_planes(function: Callable[[Planes], Planes]) -> Kind:
    """Return a kind that only chooses among its input's values: there is nothing to round."""

    def kind(activation: Activation, _: Weights) -> Apply:
        def apply(inputs: Sequence[Planes]) -> Planes:
            values = function(*inputs)
            if activation is _linear:
                return values
            return activation(values.astype(np.float64)).astype(np.float32)

        return apply

    return kind


def _convolution(activation: Activation, weights: Weights) -> Apply:
    kernel = weights["kernel"]
    height, width, _, filters = kernel.shape
    matrix = kernel.transpose(3, 2, 0, 1).reshape(filters, -1).astype(np.float64)
    bias = weights["bias"].astype(np.float64)[:, np.newaxis]

    def apply(inputs: Sequence[Planes]) -> Planes:
        (planes,) = inputs
        beyond = [(0, 0), (height // 2, height // 2), (width // 2, width // 2)]
        # channels x H x W x height x width, of which nothing is copied yet
        windows = sliding_window_view(np.pad(planes, beyond), (height, width), axis=(1, 2))
        made = np.empty((filters, *planes.shape[1:]), np.float32)
        rows = 1 + _BAND_VALUES // (matrix.shape[1] * planes.shape[2])
        for top in range(0, planes.shape[1], rows):
            band = windows[:, top : top + rows].transpose(0, 3, 4, 1, 2)
            columns = band.astype(np.float64, order="C").reshape(matrix.shape[1], -1)
            values = _product(matrix, columns)
            values += bias
            made[:, top : top + rows] = activation(values).reshape(filters, -1, planes.shape[2])
        return made

    return apply


def _product(matrix: Doubles, columns: Doubles) -> Doubles:
    """Return a matrix times columns, in products so small that one thread makes them."""
    product = np.empty((len(matrix), columns.shape[1]))
    count = max(1, _PRODUCT // matrix.size)
    for start in range(0, columns.shape[1], count):
        some = slice(start, start + count)
        np.matmul(matrix, columns[:, some], out=product[:, some])
    return product


def _dense(activation: Activation, weights: Weights) -> Apply:
    of_one_place = weights["kernel"][np.newaxis, np.newaxis]
    return _convolution(activation, {"kernel": of_one_place, "bias": weights["bias"]})


def _pooled(planes: Planes) -> Planes:
    # Of an odd side, the last row or column is a block with its own copy.
    beyond = [(0, side % 2) for side in planes.shape]
    even = np.pad(planes, [(0, 0), *beyond[1:]], mode="edge")
    rows = np.maximum(even[:, ::2], even[:, 1::2])
    return np.maximum(rows[:, :, ::2], rows[:, :, 1::2])


def _upsampled(planes: Planes) -> Planes:
    return planes.repeat(2, axis=1).repeat(2, axis=2)


def _mean(planes: Doubles) -> Doubles:
    return np.asarray(planes.mean(axis=(1, 2), keepdims=True))


def _maximum(planes: Doubles) -> Doubles:
    return np.asarray(planes.max(axis=(1, 2), keepdims=True))


def _over_channels(planes: Doubles) -> Doubles:
    return np.stack([planes.mean(axis=0), planes.max(axis=0)])


def _normalisation(inverse: bool) -> Kind:
    def kind(activation: Activation, weights: Weights) -> Apply:
        gamma = np.square(weights["root_gamma"].astype(np.float64)).T
        beta = np.square(weights["root_beta"].astype(np.float64))[:, np.newaxis] + 1e-6

        def apply(inputs: Sequence[Planes]) -> Planes:
            (planes,) = inputs
            values = planes.reshape(len(planes), -1).astype(np.float64)
            roots = np.sqrt(_product(gamma, np.square(values)) + beta)
            made = activation(values * roots if inverse else values / roots)
            return made.reshape(planes.shape).astype(np.float32)

        return apply

    return kind


_KINDS: Mapping[str, Kind] = {
    "convolution": _convolution,
    "dense": _dense,
    "maximum_pooling": _of_planes(_pooled),
    "upsampling": _of_planes(_upsampled),
    "activation": _of_doubles(_linear),
    "invert": _of_doubles(lambda values: 1 - values),
    "multiply": _of_doubles(np.multiply),
    "add": _of_doubles(np.add),
    "mean_over_places": _of_doubles(_mean),
    "maximum_over_places": _of_doubles(_maximum),
    "mean_and_maximum_over_channels": _of_doubles(_over_channels),
    "divisive_normalisation": _normalisation(inverse=False),
    "inverse_divisive_normalisation": _normalisation(inverse=True),
}
