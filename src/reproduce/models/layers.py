"""The models' own layers: what stock Keras lacks, and two pairs of stock layers in a faster form.

`ConvolutionThenPooling` and `UpsamplingThenConvolution` compute what two stock layers compute one
after the other, with the weights of the one that has some: the same kernel, the same bias, the
same numbers but for rounding. `stock_layers` returns that pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from reproduce.core.backend import keras


@keras.saving.register_keras_serializable(package="reproduce")
class ConvolutionThenPooling(keras.layers.Conv2D):
    """Convolution, then 2 x 2 maximum pooling: N x H x W x C to N x ⌈H/2⌉ x ⌈W/2⌉ x F.

    Adding a bias and a monotonic activation never swap two values, so the maximum may come first:
    max relu(z + b) = relu(max z + b). Three quarters of the values then need no bias, no
    activation and no gradient of either.
    """

    def call(self, inputs: Any) -> Any:
        """Return the pooled features."""
        features = self.convolution_op(inputs, self.kernel)
        pooled = keras.ops.max_pool(features, 2, padding="same")
        return self.activation(pooled + self.bias)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the shape of the pooled features."""
        count, *sides, _ = input_shape
        return (count, *(None if side is None else -(-side // 2) for side in sides), self.filters)

    def stock_layers(self) -> list[keras.layers.Layer]:
        """Return the stock layers that compute the same, with a copy of the weights."""
        pooling = keras.layers.MaxPooling2D(2, padding="same", name=f"{self.name}_pool")
        return [_stock_convolution(self), pooling]


@keras.saving.register_keras_serializable(package="reproduce")
class UpsamplingThenConvolution(keras.layers.Conv2D):
    """Twofold nearest upsampling, then a 3 x 3 convolution: N x h x w x C to N x 2h x 2w x F.

    Upsampled values come in fours, so each of the kernel's nine taps meets a value that another
    tap meets, too. Summing the taps that share one gives a kernel for each of the four positions
    within a 2 x 2 block: a convolution of the small input with four times the filters, whose
    outputs interleave ("sub-pixel convolution", Shi et al. 2016).
    """

    def call(self, inputs: Any) -> Any:
        """Return the convolution of the upsampled inputs."""
        kernel = keras.ops.einsum("yrt,xsu,tucf->rscyxf", _SHARED_TAPS, _SHARED_TAPS, self.kernel)
        kernel = keras.ops.reshape(kernel, (3, 3, self.kernel.shape[2], 4 * self.filters))
        values = keras.ops.depth_to_space(self.convolution_op(inputs, kernel), 2)
        # A row of biases: the gradient of a single one would be a sum over all pixels, whose order
        # depends on the number of threads.
        row = keras.ops.broadcast_to(self.bias, (*keras.ops.shape(values)[2:3], self.filters))
        return self.activation(values + row)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the shape of the upsampled and convolved inputs."""
        count, *sides, _ = input_shape
        return (count, *(None if side is None else 2 * side for side in sides), self.filters)

    def stock_layers(self) -> list[keras.layers.Layer]:
        """Return the stock layers that compute the same, with a copy of the weights."""
        upsampling = keras.layers.UpSampling2D(2, name=f"{self.name}_upsample")
        return [upsampling, _stock_convolution(self)]


# [y, r, t] is 1 if output row 2i + y, by the kernel's tap t (row 2i + y + t - 1 of the upsampled
# input), meets row i + r - 1 of the input before upsampling. The same for columns.
_SHARED_TAPS = np.array(
    [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]], dtype=np.float32
)


def _stock_convolution(layer: keras.layers.Conv2D) -> keras.layers.Conv2D:
    stock = keras.layers.Conv2D.from_config(layer.get_config())
    stock.build((None, None, None, layer.kernel.shape[2]))
    stock.set_weights(layer.get_weights())
    return stock


@keras.saving.register_keras_serializable(package="reproduce")
class Invert(keras.layers.Layer):
    """The paper's inversion of the attention map: a becomes 1 - a."""

    def call(self, attention_map: Any) -> Any:
        """Return 1 − a."""
        return 1.0 - attention_map


@keras.saving.register_keras_serializable(package="reproduce")
class CropToImage(keras.layers.Layer):
    """Cut the row or column that upsampling adds to an image of odd height or width.

    Takes [decoded, image] and returns the left top part of the decoded values that has the
    image's height and width.
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the cut values."""
        decoded, image = inputs
        shape = keras.ops.shape(image)
        return decoded[:, : shape[1], : shape[2], :]


@keras.saving.register_keras_serializable(package="reproduce")
class MeanOverPlaces(keras.layers.Layer):
    """Mean over all places: N x h x w x C to N x 1 x 1 x C."""

    def call(self, inputs: Any) -> Any:
        """Return the means, row by row: how a mean over all is split depends on the threads."""
        return keras.ops.mean(keras.ops.mean(inputs, axis=2, keepdims=True), axis=1, keepdims=True)


@keras.saving.register_keras_serializable(package="reproduce")
class MaximumOverPlaces(keras.layers.Layer):
    """Maximum over all places: N x h x w x C to N x 1 x 1 x C."""

    def call(self, inputs: Any) -> Any:
        """Return the maxima."""
        return keras.ops.max(inputs, axis=(1, 2), keepdims=True)


@keras.saving.register_keras_serializable(package="reproduce")
class MeanAndMaximumOverChannels(keras.layers.Layer):
    """Mean and maximum over the channels: N x h x w x C to N x h x w x 2."""

    def call(self, inputs: Any) -> Any:
        """Return both, the mean first."""
        both = [of(inputs, axis=-1, keepdims=True) for of in (keras.ops.mean, keras.ops.max)]
        return keras.ops.concatenate(both, axis=-1)


@keras.saving.register_keras_serializable(package="reproduce")
class DivisiveNormalisation(keras.layers.Layer):
    """Generalised divisive normalisation (Ballé et al. 2016), or its approximate inverse.

    Each value is divided by √(β + Σ γ x²) over the channels of its place; the inverse multiplies.
    β and γ are kept as squares of what is trained, so that neither can be negative.
    """

    def __init__(self, inverse: bool = False, **of_layer: Any) -> None:
        super().__init__(**of_layer)
        self.inverse = inverse

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make β of ones and γ of a tenth on the diagonal, as Ballé et al. begin."""
        channels = input_shape[-1] or 0  # never unknown
        self.root_beta = self.add_weight(shape=(channels,), initializer="ones", name="root_beta")
        # Zeros off the diagonal would have no gradient, for the gradient of a square is zero there.
        start = np.sqrt(0.1 * np.eye(channels) + 2.0**-18).astype(np.float32)
        self.root_gamma = self.add_weight(
            shape=start.shape, initializer=lambda *_, **__: start, name="root_gamma"
        )

    def call(self, inputs: Any) -> Any:
        """Return the normalised values."""
        kernel = keras.ops.square(self.root_gamma)[None, None]
        norms = keras.ops.conv(keras.ops.square(inputs), kernel)
        # A row of β, as of biases above; kept away from zero, where a root has no gradient.
        row = (*keras.ops.shape(inputs)[2:3], inputs.shape[-1])
        norms = norms + keras.ops.broadcast_to(keras.ops.square(self.root_beta) + 1e-6, row)
        return inputs * (keras.ops.sqrt(norms) if self.inverse else keras.ops.rsqrt(norms))

    def multiplications(self, input_shape: Sequence[int]) -> int:
        """Return how often a weight is multiplied with: γ, at each place."""
        return math.prod(input_shape[1:]) * input_shape[-1]

    def get_config(self) -> dict[str, Any]:
        """Return what the layer was made with."""
        return {**super().get_config(), "inverse": self.inverse}


@keras.saving.register_keras_serializable(package="reproduce")
class WindowAttention(keras.layers.Layer):
    """Self-attention among the places of each window, by one head: the shape stays.

    Parameters
    ----------
    side
        Of a window, in places. What stands beyond the last rows and columns is zero.
    width
        Of keys and queries.
    """

    def __init__(self, side: int, width: int = 8, **of_layer: Any) -> None:
        super().__init__(**of_layer)
        self.side, self.width = side, width
        self.attention = keras.layers.MultiHeadAttention(1, width, name="head")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights of the head."""
        windows = (None, self.side**2, input_shape[-1])
        self.attention.build(windows, windows)

    def call(self, inputs: Any) -> Any:
        """Return what each place takes from its window."""
        side, channels = self.side, inputs.shape[-1]
        count, height, width = keras.ops.shape(inputs)[:3]
        rows, columns = -(-height // side), -(-width // side)
        beyond = [[0, 0], [0, rows * side - height], [0, columns * side - width], [0, 0]]
        padded = keras.ops.pad(inputs, beyond)
        cut = keras.ops.reshape(padded, (count, rows, side, columns, side, channels))
        windows = keras.ops.reshape(
            keras.ops.transpose(cut, (0, 1, 3, 2, 4, 5)),
            (count * rows * columns, side**2, channels),
        )
        attended = self.attention(windows, windows)
        cut = keras.ops.reshape(attended, (count, rows, columns, side, side, channels))
        whole = keras.ops.reshape(
            keras.ops.transpose(cut, (0, 1, 3, 2, 4, 5)),
            (count, rows * side, columns * side, channels),
        )
        return whole[:, :height, :width]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """Return the shape, which stays."""
        return input_shape

    def multiplications(self, input_shape: Sequence[int]) -> int:
        """Return how often queries, keys, values and their products are multiplied."""
        rows, columns = (-(-side // self.side) for side in input_shape[1:3])
        places = rows * columns * self.side**2
        with_weights = 4 * input_shape[-1] * self.width
        return places * (with_weights + 2 * self.side**2 * self.width)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer was made with."""
        return {**super().get_config(), "side": self.side, "width": self.width}


def features_as_in_the_paper() -> list[keras.layers.Layer]:
    """Return new layers as the paper's encoder has before its last, for encoders that vary that.

    They take N x H x W x 1 and put out N x ⌈H/2⌉ x ⌈W/2⌉ x 16.
    """
    relu = {"activation": "relu", "padding": "same"}
    return [
        ConvolutionThenPooling(32, 3, name="encoder_conv_1", **relu),
        keras.layers.Conv2D(16, 3, name="encoder_conv_2", **relu),
    ]
