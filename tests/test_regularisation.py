"""What training may do besides lowering the cross-entropy: each kind against its definition."""

import math
from functools import cache

import numpy as np
import pytest

from reproduce.core.backend import tensorflow
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.data.pixels import to_unit_range
from reproduce.measure.rates import autoencoder as files
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.models.regularisation import NONE, Regulariser, bits
from reproduce.models.stages import MODEL

LATENTS = np.random.default_rng(0).gamma(2, 1, (2, 6, 5, 3)).astype(np.float32)
IMAGES = np.random.default_rng(1).integers(0, 256, (3, 12, 10), dtype=np.uint8)


@cache
def after_a_step(regulariser: Regulariser) -> tuple[list[np.ndarray], float]:
    """The weights after one step on the images, and the loss before it."""
    built = model.build(0)
    step = training.training_step(built, "noise", 0.25, 0, regulariser)
    loss = float(step(IMAGES))
    return built.get_weights(), loss


def test_weights_decay_by_their_share_of_the_learning_rate() -> None:
    before = model.build(0).get_weights()
    without, loss = after_a_step(NONE)
    with_it, same_loss = after_a_step(Regulariser("weight-decay", 5.0))
    assert same_loss == loss
    for start, plain, decayed in zip(before, without, with_it, strict=True):
        assert np.allclose(decayed, plain - 0.001 * 5.0 * start, atol=1e-7)


def test_dropout_makes_its_share_of_latents_zero_and_the_others_as_much_greater() -> None:
    dropped, again, other = (
        np.asarray(Regulariser("latent-dropout", 0.25, seed=3).changed(np.ones((4, 50, 50, 2)), n))
        for n in (7, 7, 8)
    )
    assert np.array_equal(dropped, again)
    assert not np.array_equal(dropped, other)
    assert set(np.unique(dropped)) == {0, 1 / 0.75}
    assert np.mean(dropped == 0) == pytest.approx(0.25, abs=0.01)


def test_l1_is_the_sum_of_magnitudes() -> None:
    signed = LATENTS - 2
    assert float(Regulariser("latent-l1", 0.5).penalty(signed, 0)) == pytest.approx(
        0.5 * np.abs(signed).sum(), rel=1e-5
    )


@pytest.mark.parametrize("kind", ["none", "weight-decay", "latent-dropout"])
def test_other_kinds_add_nothing_to_the_loss(kind) -> None:
    assert Regulariser(kind, 0.5).penalty(LATENTS, 0) == 0


@pytest.mark.parametrize("kind", ["none", "weight-decay", "latent-l1", "rate"])
def test_other_kinds_leave_the_latents_as_they_are(kind) -> None:
    assert Regulariser(kind, 0.5).changed(LATENTS, 0) is LATENTS


def bits_one_by_one(latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """What `bits` documents, value by value."""
    rounded, costs = np.rint(latents).astype(float), np.empty(latents.shape)
    for image, y, x, channel in np.ndindex(latents.shape):
        plane = rounded[image, :, :, channel]
        # Beside the first value stands 0; beyond the left border what is above, and so on.
        left = plane[y, x - 1] if x else plane[y - 1, x] if y else 0.0
        above = plane[y - 1, x] if y else left
        left_above = (plane[y - 1, x - 1] if y else plane[0, max(x - 2, 0)]) if x else above
        if not y and x < 2:
            left_above = 0.0
        right_above = plane[y - 1, x + 1] if y and x + 1 < plane.shape[1] else above
        predicted = min(max(left + above - left_above, min(left, above)), max(left, above))
        varied = (abs(left - left_above) + abs(above - left_above) + abs(above - right_above)) / 3
        spread = 0.3 + 0.3 * varied
        missed = float(latents[image, y, x, channel] + noise[image, y, x, channel]) - predicted
        ends = [1 / (1 + math.exp(-(missed + half) / spread)) for half in (0.5, -0.5)]
        costs[image, y, x, channel] = -math.log2(max(ends[0] - ends[1], 2**-24))
    return costs


def test_bits_are_those_of_a_logistic_variable_about_a_prediction_from_neighbours() -> None:
    noise = np.random.default_rng(2).uniform(-0.5, 0.5, LATENTS.shape).astype(np.float32)
    estimated = np.asarray(bits(3 * LATENTS, noise))
    assert np.allclose(estimated, bits_one_by_one(3 * LATENTS, noise), rtol=1e-3, atol=1e-4)


def test_what_lies_even_costs_less_than_what_varies() -> None:
    even, varied = np.full((1, 20, 20, 1), 5, np.float32), 4 * LATENTS[:1, :, :, :1]
    assert np.mean(bits(even, 0 * even)) < 1
    assert np.mean(bits(varied, 0 * varied)) > 2


def test_the_loss_holds_the_bits_of_a_pixel_times_their_weight() -> None:
    _, without = after_a_step(NONE)
    _, with_them = after_a_step(Regulariser("rate", 0.5, width=0.25))
    latents = model.encode(model.build(0), to_unit_range(IMAGES)) / 0.25
    # Of the noise that is drawn we know no more than that it is even: the mean over it is close.
    means = [
        np.sum(bits(latents, np.random.default_rng(n).uniform(-0.5, 0.5, latents.shape)))
        for n in range(20)
    ]
    assert with_them - without == pytest.approx(0.5 * np.mean(means) / IMAGES.size, rel=0.05)


@pytest.mark.parametrize(
    ("kind", "weight"), [("rate", 0.5), ("latent-l1", 0.1), ("latent-dropout", 0.3)]
)
def test_regularisation_gives_other_weights(kind, weight) -> None:
    changed, _ = after_a_step(Regulariser(kind, weight, 0.25))
    without, _ = after_a_step(NONE)
    assert all(np.isfinite(values).all() for values in changed)
    assert not all(map(np.array_equal, changed, without))


def test_what_is_drawn_is_the_same_again() -> None:
    rate = Regulariser("rate", 0.5, 0.25)
    first, again = after_a_step(rate), after_a_step.__wrapped__(rate)
    assert first[1] == again[1]
    assert all(map(np.array_equal, first[0], again[0]))


def test_no_draw_is_that_of_the_noise_of_quantisation() -> None:
    seeds = [(4, 9), Regulariser(seed=4)._stream(0, 9), Regulariser(seed=4)._stream(1, 9)]
    drawn = [tensorflow.random.stateless_uniform((100,), seed) for seed in seeds]
    assert len({np.asarray(one).tobytes() for one in drawn}) == 3


@pytest.mark.slow
def test_a_model_that_is_trained_for_short_files_writes_shorter_ones() -> None:
    def mean_bytes(**changes) -> float:
        parameters = Parameters(
            profile="quick",
            **{"image_size": 64, "crops_per_photograph": 4, "epochs": 8, "seed": 2, **changes},
            quantisation="noise",
            quantisation_step=0.125,
        )
        codec = files.codec_of(parameters)
        image = np.random.default_rng(0).integers(0, 200, (8, 8)).astype(np.uint8)
        image = np.kron(image, np.ones((8, 8), np.uint8))
        return len(codec.encode(image, 8))

    plain = mean_bytes()
    short = mean_bytes(regularisation="rate", regularisation_weight=0.03)
    assert short < 0.9 * plain


def test_regularisation_counts_only_where_there_is_some() -> None:
    none = MODEL.own_dependencies(Parameters())
    assert not any("regularisation" in name for name in none["parameters"])
    assert MODEL.own_dependencies(Parameters(regularisation_weight=0.5)) == none
    decay = MODEL.own_dependencies(Parameters(regularisation="weight-decay"))
    stronger = Parameters(regularisation="weight-decay", regularisation_weight=0.5)
    assert none != decay != MODEL.own_dependencies(stronger)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"regularisation": "rate"}, "set quantisation: noise, or straight-through"),
        ({"regularisation": "latent-dropout", "regularisation_weight": 1.0}, "below 1"),
        ({"regularisation": "dropout"}, "'latent-dropout'"),
        ({"regularisation_weight": 0.0}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(values, message) -> None:
    with pytest.raises(ReproduceError, match=message):
        Parameters(**values)
