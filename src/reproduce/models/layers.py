"""The model's own layers: what stock Keras lacks, and two pairs of stock layers in a faster form.

`ConvolutionThenPooling` and `UpsamplingThenConvolution` compute what two stock layers compute one
after the other, with the weights of the one that has some: the same kernel, the same bias, the
same numbers but for rounding. `stock_layers` returns that pair.
"""

from __future__ import annotations

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
