"""Integer latents to bytes and back: asymmetric numeral systems with tables of integers.

A value is coded as a token of its residual, by the table of its context (`contexts`), and as raw
bits for what the token leaves open (`tokens`). No floating-point number takes part in decoding: the
tables hold integer frequencies, which `constriction` is given in a form that it takes as they are.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import constriction
import numpy as np
from numpy.typing import NDArray

from reproduce.codec import progress, tokens
from reproduce.codec.contexts import CONTEXTS, UNIT, Plane, predict, waves
from reproduce.codec.tokens import SIZES, TOKENS, Coded, Integers
from reproduce.core.errors import CodecError

Latent = NDArray[np.int32]

PRECISION = 24
"""The frequencies of a table add up to 2 to the power of this."""

LATENTS_PER_BIT = 2048
"""At the least, a payload has one bit for that many values, whatever they are."""

BITS_PER_LATENT = 58
"""At the most: 24 for a token of frequency 1, and the 34 raw bits of an escape."""

# What is left on the coder's stack when all is decoded. Not an empty stack: on that, a likely token
# would cost nothing at all.
_BOTTOM = np.array([0, 1], np.uint32)

_WORD = np.dtype("<u4")

# How many values are described at once, or a few more.
_RUN = 1 << 16

# What a payload has beyond its values: the bottom, and what fills the last word.
_OVERHEAD_BITS = 96


@dataclass(frozen=True)
class Tables:
    """How often each token comes in each context.

    Attributes
    ----------
    frequencies
        CONTEXTS x TOKENS, of a latent with several channels channels x CONTEXTS x TOKENS, each 1
        or more; a row adds up to 2^24, of which no token has all but 2^13 or less: so each costs a
        little.
    """

    frequencies: NDArray[np.uint32]

    def __post_init__(self) -> None:
        table = self.frequencies
        if (
            table.shape[-2:] != (CONTEXTS, TOKENS)
            or table.ndim not in (2, 3)
            or table.dtype != np.uint32
            or not (table >= 1).all()
            or not (table.sum(axis=-1, dtype=np.int64) == 1 << PRECISION).all()
            or not (table <= (1 << PRECISION) - (1 << 13)).all()
        ):
            raise ValueError("these are no tables of frequencies")

    @cached_property
    def of_channels(self) -> "list[Tables]":
        """The tables of each channel."""
        return [self] if self.frequencies.ndim == 2 else [Tables(one) for one in self.frequencies]

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """The frequencies as `constriction` takes them without rounding.

        It gives each token a frequency of 1 and hands out the rest of 2^24 in proportion to the
        weights. These add up to just that rest, so the proportion is 1; and float32 holds every
        integer up to 2^24.
        """
        return (self.frequencies - 1).astype(np.float32)

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """What each token costs in each context, raw bits included, in bits: CONTEXTS x TOKENS."""
        raw = np.log2(SIZES).sum(axis=1)
        return np.asarray(PRECISION - np.log2(self.frequencies) + raw)


# Without `perfect`, frequencies follow from the weights by additions and one multiplication.
_TOKEN = constriction.stream.model.Categorical(perfect=False)
_DRAW = constriction.stream.model.Uniform()


@dataclass(frozen=True)
class _Described:
    """A latent in the order of the file: contexts and tokens of all values, where waves begin.

    Contexts and tokens have a byte each, and draws four: of a large image there are many.
    """

    contexts: NDArray[np.uint8]
    tokens: NDArray[np.uint8]
    draws: NDArray[np.int32]
    bounds: list[int]


def _describe(latent: NDArray[np.integer]) -> _Described:
    values = _checked(latent)
    shape = (values.shape[0], values.shape[1])
    plane = Plane(shape)
    described = _Described(
        contexts=np.empty(values.size, np.uint8),
        tokens=np.empty(values.size, np.uint8),
        draws=np.empty((values.size, 2), np.int32),
        bounds=[0, *accumulate(len(y) for y, _ in waves(shape))],
    )
    start = 0
    for y, x in progress.steps("prediction", _runs(shape), values.size // _RUN + 1):
        known, run = values[y, x].astype(np.int64), slice(start, start + len(y))
        plane.set_values(y, x, known)
        beside = plane.neighbours(y, x)
        predicted = predict(beside)
        plane.set_errors(y, x, known, predicted)
        described.contexts[run] = plane.contexts(beside, predicted, y, x)
        coded = tokens.from_residuals(known - predicted // UNIT)
        described.tokens[run], described.draws[run] = coded
        start = run.stop
    return described


def _runs(shape: tuple[int, int]) -> Iterator[Integers]:
    """Yield the places of some waves at once, y and x: enough for speed, and few, for memory."""
    run, places = [], 0
    for wave in waves(shape):
        run.append(wave)
        places += len(wave[0])
        if places > _RUN:
            yield np.concatenate(run, axis=1)
            run, places = [], 0
    if run:
        yield np.concatenate(run, axis=1)


def _checked(values: NDArray[np.integer]) -> NDArray[np.integer]:
    limits = np.iinfo(np.int32)
    if values.min() < limits.min or values.max() > limits.max:
        raise CodecError("a latent's values must fit into 32 bits; choose a greater step")
    return values


def planes(latent: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Return the channels of a latent, h x w or h x w x channels, each h x w.

    Raises
    ------
    CodecError
        The latent is no such array of integers.
    """
    if latent.ndim not in (2, 3) or latent.size == 0 or latent.dtype.kind not in "iu":
        raise CodecError(
            "a latent is h x w integers, or h x w x channels, not "
            f"{latent.dtype} of shape {latent.shape}"
        )
    return [latent] if latent.ndim == 2 else list(np.moveaxis(latent, -1, 0))


def encode(latent: NDArray[np.integer], tables: Tables) -> bytes:
    """Return the bytes of a latent, h x w or h x w x channels integers that fit into 32 bits.

    Raises
    ------
    CodecError
        The latent is something else, or has another number of channels than the tables.
    """
    channels = _with_tables(planes(np.asarray(latent)), tables)
    coder = constriction.stream.stack.AnsCoder(_BOTTOM)
    # The coder is a stack, so what is to be decoded first comes last.
    for plane, of_channel in reversed(channels):
        _encode_plane(coder, plane, of_channel)
    return bytes(coder.get_compressed().astype(_WORD).tobytes())


def _with_tables(
    channels: list[NDArray[np.integer]], tables: Tables
) -> list[tuple[NDArray[np.integer], Tables]]:
    if len(channels) != len(tables.of_channels):
        raise CodecError(
            f"a latent of {len(channels)} channels, and tables of {len(tables.of_channels)}"
        )
    return list(zip(channels, tables.of_channels, strict=True))


def _encode_plane(
    coder: "constriction.stream.stack.AnsCoder", plane: NDArray[np.integer], tables: Tables
) -> None:
    described = _describe(plane)
    spans = list(pairwise(described.bounds))[::-1]
    for start, end in progress.steps("entropy coder", spans, len(spans)):
        wave = slice(start, end)
        sizes = SIZES[described.tokens[wave]]
        drawn = sizes > 1
        if drawn.any():
            values = described.draws[wave][drawn]
            coder.encode_reverse(values, _DRAW, sizes[drawn].astype(np.int32))
        weights = tables.weights[described.contexts[wave]]
        coder.encode_reverse(described.tokens[wave].astype(np.int32), _TOKEN, weights)


def decode(payload: bytes, shape: tuple[int, ...], tables: Tables) -> Latent:
    """Return the latent, h x w or h x w x channels, of bytes that `encode` has written.

    Takes time and memory in proportion to the number of values, and refuses at once what is too
    short or too long for that number.

    Raises
    ------
    CodecError
        The bytes are no latent of that shape.
    """
    height, width, count = shape if len(shape) == 3 else (*shape, 1)
    if count != len(tables.of_channels):
        raise CodecError(f"a latent of {count} channels, and tables of {len(tables.of_channels)}")
    if len(payload) % _WORD.itemsize:
        raise CodecError(f"damaged: a payload of {len(payload)} bytes is no row of 4-byte words")
    values, bits = height * width * count, 8 * len(payload)
    if not values // LATENTS_PER_BIT <= bits <= BITS_PER_LATENT * values + _OVERHEAD_BITS:
        raise CodecError(
            f"damaged: a payload of {len(payload)} bytes does not fit {height} x {width} x {count} "
            "values"
        )
    try:
        words = np.frombuffer(payload, _WORD).astype(np.uint32)
        coder = constriction.stream.stack.AnsCoder(words)
    except ValueError as error:
        raise CodecError(
            f"damaged: the payload is no output of the entropy coder ({error})"
        ) from None
    decoded = [_decode_waves(coder, (height, width), one) for one in tables.of_channels]
    if not np.array_equal(coder.get_compressed(), _BOTTOM):
        raise CodecError("damaged: the payload does not end where the latent does")
    return decoded[0] if len(shape) == 2 else np.stack(decoded, axis=-1)


def _decode_waves(
    coder: "constriction.stream.stack.AnsCoder", shape: tuple[int, int], tables: Tables
) -> Latent:
    plane = Plane(shape)
    latent = np.empty(shape, np.int32)
    limits = np.iinfo(np.int32)
    count = shape[1] + 2 * (shape[0] - 1)
    for y, x in progress.steps("entropy coder", waves(shape), count):
        beside = plane.neighbours(y, x)
        predicted = predict(beside)
        contexts = plane.contexts(beside, predicted, y, x)
        found = coder.decode(_TOKEN, tables.weights[contexts]).astype(np.int64)
        sizes = SIZES[found]
        draws = np.zeros_like(sizes)
        drawn = sizes > 1
        if drawn.any():
            draws[drawn] = coder.decode(_DRAW, sizes[drawn].astype(np.int32))
        values = predicted // UNIT + tokens.to_residuals(Coded(found, draws))
        if values.min() < limits.min or values.max() > limits.max:
            raise CodecError("damaged: a value does not fit into 32 bits")
        plane.set_values(y, x, values)
        plane.set_errors(y, x, values, predicted)
        latent[y, x] = values
        if coder.num_words() < len(_BOTTOM):  # else a short payload could claim a large image
            raise CodecError("damaged: the payload ends before the latent does")
    return latent


def code_length(latent: NDArray[np.integer], tables: Tables) -> float:
    """Return the ideal length of a latent's code, in bits: what the tables say of its tokens.

    Raises
    ------
    CodecError
        As `encode`.
    """
    channels = _with_tables(planes(np.asarray(latent)), tables)
    described = [(_describe(plane), one.lengths) for plane, one in channels]
    return math.fsum(
        length for one, lengths in described for length in lengths[one.contexts, one.tokens]
    )


def count(latent: NDArray[np.integer]) -> Integers:
    """Return how often each token comes in each context of a latent.

    CONTEXTS x TOKENS, of a latent h x w x channels channels x CONTEXTS x TOKENS.
    """
    counts = np.stack([_count(plane) for plane in planes(np.asarray(latent))])
    return counts if np.ndim(latent) == 3 else counts[0]


def _count(plane: NDArray[np.integer]) -> Integers:
    described = _describe(plane)
    places = described.contexts.astype(np.int64) * TOKENS + described.tokens
    return np.bincount(places, minlength=CONTEXTS * TOKENS).reshape(CONTEXTS, TOKENS)
