"""Latents to bytes and back: any integers come back, in about as many bytes as the tables say."""

import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from reproduce.codec import contexts, entropy, fitting, models, tokens
from reproduce.codec.contexts import CONTEXTS, Plane
from reproduce.codec.entropy import Tables
from reproduce.codec.tokens import SIZES, TOKENS
from reproduce.core.errors import CodecError
from tests import reference_decoder

INT32 = np.iinfo(np.int32)

shapes = array_shapes(min_dims=2, max_dims=2, max_side=12)
values = st.one_of(st.integers(0, 9), st.integers(-300, 300), st.integers(INT32.min, INT32.max))
latents = arrays(np.int32, shapes, elements=values, fill=st.nothing() | st.integers(0, 9))
residuals = st.one_of(
    st.integers(-70, 70), st.integers(-(2**13), 2**13), st.integers(-(2**33), 2**33 - 1)
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return models.shipped().tables


REFERENCE_TABLES = reference_decoder.read_tables(models.SHIPPED / "paper-0-tables.npy")


def one_sided() -> Tables:
    """Tables in which one token is as likely as it may be."""
    frequencies = np.ones((CONTEXTS, TOKENS), np.int64)
    frequencies[:, 0] = 2**24 - 2**13
    frequencies[:, 1] += 2**24 - frequencies.sum(axis=1)
    return Tables(frequencies.astype(np.uint32))


def photograph_like(shape: tuple[int, int]) -> np.ndarray:
    """A latent of soft waves, in whole steps."""
    y, x = np.indices(shape)
    noise = np.random.default_rng(0).normal(0, 1, shape)
    return np.rint(20 + 9 * np.sin(x / 7) + 6 * np.cos(y / 5) + noise).astype(np.int32)


# Tokens


@given(arrays(np.int64, st.integers(1, 30), elements=residuals))
def test_residuals_come_back_from_their_tokens(these):
    coded = tokens.from_residuals(these)
    assert np.array_equal(tokens.to_residuals(coded), these)
    assert np.all((coded.draws >= 0) & (coded.draws < SIZES[coded.tokens]))


@pytest.mark.parametrize(
    ("residual", "token", "draws"),
    [
        (0, 0, (0, 0)),
        (-1, 1, (0, 0)),
        (1, 2, (0, 0)),
        (-16, 31, (0, 0)),
        (16, 32, (0, 0)),  # u = 32: the first that shares its token
        (-20, 32, (7, 0)),
        (20, 33, (0, 0)),
        (-2048, 59, (511, 0)),  # u = 4095
        (2048, 60, (0, 4096)),
        (-(2**33), 60, (2**17 - 1, 2**17 - 1)),
    ],
)
def test_tokens_are_those_of_the_books_table(residual, token, draws):
    coded = tokens.from_residuals(np.array([residual]))
    assert (coded.tokens.tolist(), coded.draws.tolist()) == ([token], [list(draws)])


# Contexts


@given(st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_waves_hold_each_place_once_and_its_neighbours_earlier(shape):
    wave_of = np.full(shape, -1)
    for number, (y, x) in enumerate(contexts.waves(shape)):
        assert np.all(wave_of[y, x] == -1)
        wave_of[y, x] = number
    assert wave_of.min() >= 0
    assert np.all(wave_of[:, 1:] > wave_of[:, :-1])  # W
    assert np.all(wave_of[1:, :-1] > wave_of[:-1, 1:])  # NE, the latest of those above


def test_beyond_a_border_stands_the_nearest_that_is_known():
    plane = Plane((3, 3))
    y, x = (index.ravel() for index in np.indices((3, 3)))
    plane.set_values(y, x, np.arange(1, 10))  # 1 2 3 / 4 5 6 / 7 8 9
    beside = plane.neighbours(y, x)
    assert beside.w.tolist() == [0, 1, 2, 1, 4, 5, 4, 7, 8]
    assert beside.n.tolist() == [0, 1, 2, 1, 2, 3, 4, 5, 6]
    assert beside.nw.tolist() == [0, 1, 2, 1, 1, 2, 4, 4, 5]
    assert beside.ne.tolist() == [0, 1, 2, 2, 3, 3, 5, 6, 6]
    assert beside.ww.tolist() == [0, 1, 1, 1, 4, 4, 4, 7, 7]
    assert beside.nn.tolist() == [0, 1, 2, 1, 2, 3, 1, 2, 3]


@given(arrays(np.int64, (6, 5), elements=st.integers(INT32.min, INT32.max)))
def test_a_prediction_lies_between_its_neighbours_w_n_and_ne(rows):
    w, n, nw, ne, ww, nn = rows
    predicted = contexts.predict(contexts.Neighbours(w, n, nw, ne, ww, nn))
    near = np.stack([w, n, ne])
    assert np.all(16 * near.min(axis=0) <= predicted)
    assert np.all(predicted <= 16 * near.max(axis=0))


@given(latents)
def test_a_flat_latent_is_predicted_exactly_but_for_its_first_value(latent):
    flat = np.full(latent.shape, latent[0, 0])
    counts = entropy.count(flat)
    assert counts.sum() == flat.size
    assert counts[:, 0].sum() >= flat.size - 1


# Bytes


@given(latents)
def test_any_integer_latent_comes_back(tables, latent):
    payload = entropy.encode(latent, tables)
    back = entropy.decode(payload, latent.shape, tables)
    assert back.dtype == np.int32
    assert np.array_equal(back, latent)


@given(latents)
def test_a_decoder_written_from_the_books_page_finds_the_same_latent(tables, latent):
    payload = entropy.encode(latent, tables)
    height, width = latent.shape
    found = reference_decoder.decode(payload, height, width, REFERENCE_TABLES)
    assert found == latent.tolist()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (200, 150)])
def test_latents_of_any_shape_come_back(tables, shape):
    latent = photograph_like(shape)
    assert np.array_equal(entropy.decode(entropy.encode(latent, tables), shape, tables), latent)


@given(latents)
def test_a_payload_has_the_ideal_length_within_1_percent_and_10_bytes(tables, latent):
    ideal = entropy.code_length(latent, tables) / 8
    assert ideal <= len(entropy.encode(latent, tables)) <= 1.01 * ideal + 10


@pytest.mark.parametrize("tables_of", [lambda: models.shipped().tables, one_sided])
@pytest.mark.parametrize("latent", [photograph_like((250, 200)), np.zeros((700, 700), np.int32)])
def test_so_has_a_long_payload(tables_of, latent):
    tables = tables_of()
    ideal = entropy.code_length(latent, tables) / 8
    assert ideal <= len(entropy.encode(latent, tables)) <= 1.001 * ideal + 10


def test_the_cheapest_payload_is_not_taken_for_one_that_is_too_short():
    latent = np.zeros((1500, 1500), np.int32)
    payload = entropy.encode(latent, one_sided())
    assert 8 * len(payload) < latent.size / 1000
    assert np.array_equal(entropy.decode(payload, latent.shape, one_sided()), latent)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (30, 30)])
def test_the_dearest_payload_is_not_taken_for_one_that_is_too_long(shape):
    latent = np.random.default_rng(0).choice([INT32.min, INT32.max], shape)
    payload = entropy.encode(latent, one_sided())
    assert np.array_equal(entropy.decode(payload, shape, one_sided()), latent)


def test_coding_takes_memory_for_few_numbers_for_each_value(tables):
    latent = photograph_like((800, 700))
    tracemalloc.start()
    try:
        entropy.decode(entropy.encode(latent, tables), latent.shape, tables)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A plane has 8, a description 10; the rest is of the values that are under way.
    assert peak < 60 * latent.size


def test_lengths_are_those_of_the_frequencies_and_raw_bits(tables):
    context, token = 17, 59
    share = tables.frequencies[context, token] / 2**24
    assert tables.lengths[context, token] == pytest.approx(-math.log2(share) + 9)
    assert tables.lengths.shape == (CONTEXTS, TOKENS)


@pytest.mark.parametrize(
    "latent",
    [
        np.zeros((0, 3), np.int32),
        np.zeros(3, np.int32),
        np.zeros((2, 2, 2), np.int32),
        np.zeros((2, 2), np.float32),
        np.array([[2**31]]),
        np.array([[-(2**31) - 1]]),
    ],
)
def test_what_is_no_latent_is_refused(tables, latent):
    with pytest.raises(CodecError, match="a latent"):
        entropy.encode(latent, tables)


# Damage


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 8, 40])
def test_a_payload_that_is_cut_is_refused(tables, cut):
    payload = entropy.encode(photograph_like((20, 30)), tables)
    with pytest.raises(CodecError, match="damaged"):
        entropy.decode(payload[:-cut], (20, 30), tables)
    with pytest.raises(CodecError, match="damaged"):
        entropy.decode(payload[cut:], (20, 30), tables)


def test_a_payload_with_bytes_to_spare_is_refused(tables):
    payload = entropy.encode(photograph_like((20, 30)), tables)
    with pytest.raises(CodecError, match="damaged"):
        entropy.decode(bytes(4) + payload, (20, 30), tables)
    with pytest.raises(CodecError, match="does not fit"):
        entropy.decode(bytes(20_000) + payload, (20, 30), tables)


def test_a_payload_that_is_too_short_for_so_many_values_is_refused_before_any_is_decoded(tables):
    # 2,048 values to the bit at most: 64 bits are 8 bytes.
    for side, fits in ((364, True), (366, False)):
        with pytest.raises(CodecError) as told:
            entropy.decode(bytes(8), (side, side), tables)
        assert ("does not fit" not in str(told.value)) == fits


@pytest.mark.parametrize(
    "payload", [b"", bytes(4), bytes(8), b"\1\0\0\0", b"\0\0\0\0\0\0\0\0\1\0\0\0"]
)
def test_a_payload_without_a_bottom_is_refused(tables, payload):
    with pytest.raises(CodecError, match="damaged"):
        entropy.decode(payload, (2, 2), tables)


def test_a_short_payload_that_claims_a_large_latent_is_refused_before_it_is_done(tables):
    payload = entropy.encode(photograph_like((200, 150)), tables)
    shape = (30_000, 500)
    decoded = 0

    class Counting(Plane):
        def set_values(self, y, x, values):
            nonlocal decoded
            decoded += len(y)
            super().set_values(y, x, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "Plane", Counting)
        with pytest.raises(CodecError, match="damaged"):
            entropy.decode(payload, shape, tables)
    assert decoded < 3_000_000


@given(st.binary(max_size=64), st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_any_bytes_are_a_latent_or_refused(tables, payload, shape):
    try:
        latent = entropy.decode(payload, shape, tables)
    except CodecError:
        return
    assert latent.shape == shape


def test_numbers_of_contexts_and_tokens_fit_into_a_byte():
    assert max(CONTEXTS, TOKENS) <= 256


# Tables


def test_tables_are_checked():
    frequencies = models.shipped().tables.frequencies
    for wrong in (
        frequencies[:-1],
        frequencies.astype(np.int64),
        np.where(frequencies == frequencies.min(), 0, frequencies).astype(np.uint32),
        frequencies * np.uint32(2),
    ):
        with pytest.raises(ValueError, match="no tables"):
            Tables(wrong)  # type: ignore[arg-type]


def test_fitted_tables_make_latents_like_those_counted_shorter(tables):
    latent = photograph_like((120, 90))
    fitted = fitting.fit([entropy.count(latent)])
    assert entropy.code_length(latent, fitted) < entropy.code_length(latent, tables)
    strange = np.array([[INT32.max, INT32.min]])
    payload = entropy.encode(strange, fitted)
    assert np.array_equal(entropy.decode(payload, (1, 2), fitted), strange)


def test_a_context_that_never_came_has_the_tokens_of_those_of_its_energy():
    seen = np.zeros((CONTEXTS, TOKENS), np.int64)
    energies = np.arange(CONTEXTS // contexts.PHASES)
    seen[contexts.PHASES * energies + 1, energies] = 1000  # another token for each energy
    of_others = np.delete(fitting.fit([seen]).frequencies, contexts.PHASES * energies + 1, axis=0)
    others = np.repeat(energies, contexts.PHASES - 1)
    assert of_others.argmax(axis=1).tolist() == others.tolist()


def test_without_any_latent_tables_are_even():
    frequencies = fitting.fit([]).frequencies
    assert frequencies.max() - frequencies.min() <= 1


def test_tables_lie_beside_the_package_as_the_book_says():
    file = Path(models.SHIPPED) / "paper-0-tables.npy"
    assert models.shipped().tables.frequencies.tolist() == reference_decoder.read_tables(file)


# Latents of several channels


of_channels = array_shapes(min_dims=3, max_dims=3, max_side=6).filter(lambda shape: shape[2] <= 4)


def tables_of(channels: int) -> Tables:
    """Tables for that many channels, each another one's."""
    one = models.shipped().tables.frequencies
    return Tables(np.stack([np.roll(one, channel, axis=0) for channel in range(channels)]))


@given(arrays(np.int32, of_channels, elements=values, fill=st.nothing() | st.integers(0, 9)))
def test_latents_of_several_channels_come_back(latent):
    several = tables_of(latent.shape[2])
    payload = entropy.encode(latent, several)
    assert np.array_equal(entropy.decode(payload, latent.shape, several), latent)


def test_a_latent_of_one_channel_has_the_same_bytes_in_either_form(tables):
    latent = photograph_like((20, 30))
    of_one = Tables(tables.frequencies[np.newaxis])
    assert entropy.encode(latent[..., np.newaxis], of_one) == entropy.encode(latent, tables)
    assert np.array_equal(entropy.count(latent[..., np.newaxis])[0], entropy.count(latent))


def test_each_channel_is_counted_and_coded_by_tables_of_its_own():
    latent = np.stack([photograph_like((40, 40)), 30 * photograph_like((40, 40))], axis=-1)
    fitted = fitting.fit([entropy.count(latent)])
    for channel in range(2):
        alone = fitting.fit([entropy.count(latent[..., channel])])
        assert np.array_equal(fitted.frequencies[channel], alone.frequencies)
    bits = 8 * len(entropy.encode(latent, fitted))
    assert entropy.code_length(latent, fitted) <= bits < entropy.code_length(latent, fitted) + 128
    swapped = Tables(fitted.frequencies[::-1])
    assert len(entropy.encode(latent, swapped)) > 1.2 * bits / 8


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 3)])
def test_a_latent_of_another_number_of_channels_than_its_tables_is_refused(shape):
    with pytest.raises(CodecError, match="channels, and tables of 2"):
        entropy.encode(np.zeros(shape, np.int32), tables_of(2))
    with pytest.raises(CodecError, match="channels, and tables of 2"):
        entropy.decode(bytes(8), shape, tables_of(2))
