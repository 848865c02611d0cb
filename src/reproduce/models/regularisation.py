"""What training may do besides lowering the cross-entropy, so that a model learns something else.

The paper names regularisation as future work, and no kind of it. Here are the plain ones, and one
that asks for short files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from reproduce.core.backend import tensorflow
from reproduce.core.parameters import Parameters, Regularisation


@dataclass(frozen=True)
class Regulariser:
    """One kind of regularisation, and how much of it.

    Attributes
    ----------
    kind
        `weight-decay`: after each step, weights lose this share of themselves times the learning
        rate (Loshchilov & Hutter 2019). `latent-dropout`: this share of latent values is zero in
        each step, and the others grow by as much (Srivastava et al. 2014). `latent-l1`: this times
        the mean of a pixel's share of the latents' magnitudes is added to the loss. `rate`: so is
        this times the estimated bits of a pixel (`bits`).
    weight
        How much; of `latent-dropout` below 1.
    width
        Step of the quantisation that bits are estimated for.
    seed
        Of what is drawn.
    """

    kind: Regularisation = "none"
    weight: float = 0.0
    width: float = 1.0
    seed: int = 0

    @classmethod
    def of(cls, parameters: Parameters) -> Regulariser:
        """Return what the parameters of a run say."""
        return cls(
            parameters.regularisation,
            parameters.regularisation_weight,
            parameters.quantisation_step,
            parameters.seed,
        )

    @property
    def weight_decay(self) -> float | None:
        """The optimiser's, if there is to be one."""
        return self.weight if self.kind == "weight-decay" else None

    @property
    def of_latents(self) -> bool:
        """Whether it does anything to latents."""
        return self.kind.startswith("latent") or self.kind == "rate"

    def changed(self, latents: Any, number: Any) -> Any:
        """Return the latents that the decoder is to get; `number` is of the draw."""
        if self.kind == "latent-dropout":
            return tensorflow.nn.experimental.stateless_dropout(
                latents, self.weight, seed=self._stream(0, number)
            )
        return latents

    def penalty(self, latents: Any, number: Any) -> Any:
        """Return what a batch of latents adds to the loss, in nats, summed over its pixels."""
        if self.kind == "latent-l1":
            return self.weight * _sum(tensorflow.abs(latents))
        if self.kind == "rate":
            steps = latents / self.width
            half = tensorflow.random.stateless_uniform(
                tensorflow.shape(steps), self._stream(1, number), -0.5, 0.5
            )
            return self.weight * _sum(bits(steps, half))
        return 0.0

    def _stream(self, stream: int, number: Any) -> tuple[int, Any]:
        """Return two integers that draw something else than the noise of quantisation does."""
        return self.seed + (stream + 1) * 2**32, number


NONE = Regulariser()


_LEAST_SPREAD, _SPREAD_OF_DIFFERENCES = 0.3, 0.3
"""Fitted to latents of two recorded models, at steps from 1/4 to 1/64."""


def bits(latents: Any, noise: Any) -> Any:
    """Return an estimate of the bits that each value of quantised latents costs.

    The codec codes a value by a prediction from its neighbours above and to the left, and by how
    much these differ (`codec.contexts`). So does this, in a form that has gradients: values are
    rounded where they are neighbours (straight through), and carry noise where they are coded; the
    prediction is the one of LOCO-I (Weinberger et al. 2000), what misses it a logistic variable
    whose spread rises with the differences.

    Parameters
    ----------
    latents, noise
        Tensors N x h x w x channels: values in steps of the quantisation, and what stands for
        their rounding, uniform from -1/2 to 1/2.

    Returns
    -------
    N x h x w x channels, above 0, in bits.
    """
    rounded = latents + tensorflow.stop_gradient(tensorflow.round(latents) - latents)
    left, above, left_above, right_above = _neighbours(rounded)
    least, greatest = tensorflow.minimum(left, above), tensorflow.maximum(left, above)
    predicted = tensorflow.clip_by_value(left + above - left_above, least, greatest)
    differences = [left - left_above, above - left_above, above - right_above]
    varied = tensorflow.add_n([tensorflow.abs(one) for one in differences]) / 3
    spread = _LEAST_SPREAD + _SPREAD_OF_DIFFERENCES * varied
    missed = tensorflow.abs(latents + noise - predicted)
    # Of a logistic variable, the probability from half a step below to half a step above.
    probability = tensorflow.sigmoid((0.5 - missed) / spread) - tensorflow.sigmoid(
        (-0.5 - missed) / spread
    )
    return -tensorflow.math.log(tensorflow.maximum(probability, 2.0**-24)) / math.log(2)


def _neighbours(values: Any) -> tuple[Any, Any, Any, Any]:
    """Return what is to the left of each value, above it, and above to the left and right.

    As for the codec, what is above stands beyond the left and the right border, and what is to the
    left beyond the upper one; beside the first value stands 0.
    """
    first_column = tensorflow.pad(values[:, :-1, :1], [[0, 0], [1, 0], [0, 0], [0, 0]])
    left = tensorflow.concat([first_column, values[:, :, :-1]], axis=2)
    above = tensorflow.concat([left[:, :1], values[:, :-1]], axis=1)
    left_above = tensorflow.concat([above[:, :, :1], above[:, :, :-1]], axis=2)
    below_first = tensorflow.concat([values[:, :-1, 1:], above[:, 1:, -1:]], axis=2)
    right_above = tensorflow.concat([above[:, :1], below_first], axis=1)
    return left, above, left_above, right_above


def _sum(values: Any) -> Any:
    """Return a sum, row by row: how a sum over all is split depends on the number of threads."""
    return tensorflow.reduce_sum(tensorflow.reduce_sum(values, axis=2))
