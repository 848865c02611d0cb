"""The book's page on the file format says what the code does: fields, constants, the example."""

import hashlib
import itertools
import random
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce import codec
from reproduce.codec import contexts, entropy, fileformat, models, tokens
from tests import format_page, reference_decoder
from tests.format_page import PAGE, between, table, value

EXAMPLE = Path(__file__).with_name("golden") / "chelsea-3x5.cae"


def test_the_header_has_the_fields_of_the_page():
    spans = [re.findall(r"\d+", row[0]) for row in table("bytes", "field", "value")]
    ends = [int(span[-1]) + 1 for span in spans[:-1]]
    sizes = np.diff([0, *ends]).tolist()
    letters = {1: "B", 2: "H", 4: "I", 8: "8s"}
    formats = ["4s", *(letters[size] for size in sizes[1:])]
    assert "<" + "".join(formats) == fileformat._FIELDS.format + fileformat._CHECKSUM.format[1:]
    assert [int(span[0]) for span in spans] == [0, *ends]
    assert f"A header of {fileformat.HEADER_BYTES} bytes" in PAGE


def test_the_header_of_version_2_has_the_fields_of_the_page():
    rows = table("bytes of version 2", "field", "value")
    spans = [re.findall(r"\d+", row[0]) for row in rows]
    ends = [int(span[-1]) + 1 for span in spans[:-1]]
    assert [int(span[0]) for span in spans] == [0, *ends]
    letters = {1: "B", 4: "I"}
    added = "".join(letters[size] for size in np.diff(ends).tolist())
    shared = fileformat._FIELDS.format.removesuffix("I")
    assert shared + added == fileformat._FIELDS_2.format + fileformat._CHECKSUM.format[1:]
    assert ends[-1] == fileformat.HEADER_BYTES_2
    assert f"at most {fileformat.LONGEST_PAYLOAD:,};" in rows[3][2]
    assert f"at most {fileformat.MOST_VALUES:,} integers" in PAGE


def test_the_page_has_the_constants_of_the_format():
    values = [row[2] for row in table("bytes", "field", "value")]
    assert bytes.fromhex(values[0].split("`")[1]) == fileformat.MAGIC
    assert values[1] == "1, or 2: see below"
    assert values[2].startswith(f"{models.STANDARD};")
    assert bytes.fromhex(values[3].split("`")[1]) == models.shipped().fingerprint
    assert values[4] == f"1 to {fileformat.LONGEST_SIDE:,}"
    assert values[5].endswith(f"at most {fileformat.MOST_PIXELS:,} pixels in all")
    assert values[6] == f"1 to {fileformat.LARGEST_STEP * fileformat.STEP_UNIT:,}"
    assert values[7].startswith(f"at most {fileformat.LONGEST_PAYLOAD:,};")
    assert "units of $2^{-16}$" in PAGE
    assert fileformat.STEP_UNIT == 2**16


def test_the_page_has_the_constants_of_the_coder():
    assert " ".join(map(str, contexts.ENERGY_BOUNDS)) in " ".join(PAGE.split())
    assert f"these {len(contexts.ENERGY_BOUNDS)} bounds" in PAGE
    assert f"one of {contexts.CONTEXTS}" in PAGE
    assert f"{contexts.CONTEXTS} rows of {tokens.TOKENS} integers" in PAGE
    assert f"out of $2^{{{entropy.PRECISION}}}$" in PAGE
    assert f"\\lfloor n / {entropy.LATENTS_PER_BIT} \\rfloor" in PAGE
    assert f"${entropy.BITS_PER_LATENT} n + {entropy._OVERHEAD_BITS}$" in PAGE
    assert entropy._BOTTOM.tolist() == [0, 1]
    assert f"step={codec.DEFAULT_STEP}" in PAGE


def test_the_page_has_the_weights_of_the_prediction():
    formula = PAGE.split("p = ")[1].split("$$")[0].replace(r"\,", "")
    terms = re.findall(r"([+-]?) ?(\d*)\\mathrm{(\w+)}", formula)
    weights = {name.lower(): int(f"{sign}{value or 1}") for sign, value, name in terms}
    assert weights == contexts.WEIGHTS


# The rules, evaluated


SIZES = [*itertools.product(range(1, 5), repeat=2), (9, 7)]


def latents(seed: int = 0) -> list[list[list[int]]]:
    """Latents of several sizes, of small and of great integers."""
    chance = random.Random(seed)  # noqa: S311
    return [
        [
            [chance.choice([0, 1, 7, 60, 900]) + chance.randrange(9) for _ in range(w)]
            for _ in range(h)
        ]
        for h, w in SIZES
    ]


def test_neighbours_predictions_errors_and_tables_are_those_of_the_page():
    for latent in latents():
        height, width = len(latent), len(latent[0])
        errors = [[0] * width for _ in range(height)]
        for wave in reference_decoder.waves(height, width):
            for y, x in wave:
                beside = format_page.neighbours(latent, y, x)
                expected = reference_decoder.neighbours(latent, y, x)
                assert tuple(beside.values()) == expected
                predicted = format_page.prediction(beside)
                assert predicted == reference_decoder.predict(*expected)
                chosen = format_page.number_of_table(errors, beside, y, x, predicted)
                assert chosen == reference_decoder.context(latent, errors, y, x, predicted)
                errors[y][x] = format_page.error(latent[y][x], predicted)
                assert errors[y][x] == abs(16 * latent[y][x] - predicted)
    assert len(format_page.bounds()) == len(reference_decoder.BOUNDS)
    assert value(between("The integer itself is ", " plus a residual"), p=35) == 35 // 16


def test_the_waves_are_those_of_the_page():
    for height, width in SIZES:
        expected = [[(x, y) for y, x in wave] for wave in reference_decoder.waves(height, width)]
        assert list(format_page.waves(width, height)) == expected


def test_the_latent_has_the_size_that_the_page_says():
    two, strides = between("In version 1, ", ". Column"), between("There ", ", and a file may")
    for side, stride in ((1, 1), (5, 2), (8, 3), (9, 4)):
        for text, by in ((two, 2), (strides, stride)):
            width, height = (part.partition("= ")[2] for part in text.split(" and "))
            assert value(width, W=side, S=stride) == value(height, H=side, S=stride)
            assert value(width, W=side, S=stride) == -(-side // by)
    shape = between("into a {term}`latent` of ", " values, none")
    assert shape == r"$\lceil W/2 \rceil \times \lceil H/2 \rceil$"


def test_tokens_and_raw_bits_are_those_of_the_page():
    residuals = [*range(-70, 70), *range(-2049, -2040), *range(2040, 2052), 2**31, -(2**33)]
    for residual in residuals:
        u = format_page.folded(residual)
        token, pieces = format_page.token(u)
        drawn = iter(pieces)

        class Stack:
            def bits(self, count: int) -> int:
                value, bits = next(drawn)  # noqa: B023  # used in this turn alone
                assert bits == count
                return value

        stack: Any = Stack()
        assert reference_decoder.residual(token, stack) == residual
        assert next(drawn, None) is None
        if abs(residual) < 2**31:
            found, _ = (part[0] for part in tokens.from_residuals(np.array([residual])))
            assert found == token


def test_the_entropy_coder_is_that_of_the_page():
    chance = random.Random(0)  # noqa: S311
    words = [chance.randrange(1, 2**32) for _ in range(40)]
    expected = reference_decoder.Stack(struct.pack("<40I", *words))
    take, state = format_page.decoder()(list(words))
    tables = [[2**24 - 7, 3, 4], [2**20] * 16, [1, 2**24 - 1]]
    count, share = re.findall(r"take\((.*?) tokens of frequency (.*?) each\)", PAGE)[0]
    for turn in range(90):
        if turn % 4 == 3:
            n = 1 + turn % 17
            raw = [value(share, n=n)] * value(count, n=n)
            assert take(raw) == expected.bits(n)
        else:
            assert take(tables[turn % 3]) == expected.token(tables[turn % 3])
        assert state() == expected.state
    assert value(between("the two words 0 and 1, a state of ", ". At the end")) == 2**32


def test_the_checksums_are_of_the_bytes_that_the_page_says():
    for head, name, size in (
        (("bytes", "field", "value"), "chelsea-3x5.cae", fileformat.HEADER_BYTES),
        (("bytes of version 2", "field"), "version-2", fileformat.HEADER_BYTES_2),
    ):
        golden = EXAMPLE.with_name(name)
        file = next(golden.glob("*.cae")) if golden.is_dir() else golden
        (row,) = [row for row in table(*head) if "CRC-32" in row[1]]
        place, covered = (list(map(int, re.findall(r"\d+", text))) for text in row[:2])
        first, last = covered[1:]
        data = file.read_bytes()
        assert place[1] + 1 == size
        (stored,) = struct.unpack_from("<I", data, place[0])
        assert zlib.crc32(data[first : last + 1] + data[size:]) == stored


def test_the_fingerprint_is_of_what_the_page_says_in_that_order():
    names = re.findall("kernel|bias", between("The weights come layer by layer, ", ": the enc"))
    parts = re.findall(r"the (\w+)'s ?(\w*)", between("layer by layer, ", ", as {doc}"))
    autoencoder, digest = models.shipped_autoencoder(1), hashlib.sha256()
    for part, count in parts:
        layers = [layer for layer in autoencoder.get_layer(part).layers if layer.weights]
        assert len(layers) == {"three": 3, "": 1, "two": 2}[count]
        for layer, name in itertools.product(layers, names):
            digest.update(getattr(layer, name).numpy().astype("<f4").tobytes())
    digest.update(models.shipped(1).tables.frequencies.astype("<u4").tobytes())
    assert (
        digest.digest()[: int(between("is the first ", " bytes"))] == models.shipped(1).fingerprint
    )
    axes = between("the kernel (", ")").split(", ")
    assert dict(zip(axes, layers[0].kernel.shape, strict=True)) == {
        "height": 3, "width": 3, "channels in": 1, "filters": 16
    }  # fmt: skip


def test_the_form_of_the_latent_stands_where_the_page_says():
    file = next(EXAMPLE.with_name("version-2").glob("*.cae")).read_bytes()
    rows = {row[1]: row for row in table("bytes of version 2", "field")}
    channels = file[int(rows["channels $C$ of the latent"][0])]
    stride = file[int(rows["its stride $S$ in pixels"][0])]
    read, _ = fileformat.unpack(file)
    assert (channels, stride) == (read.channels, read.stride)


# The example


def test_the_example_is_the_golden_file():
    dump = re.search(r"```text\n(89 43 .*?)```", PAGE, re.DOTALL)
    assert dump is not None
    assert bytes.fromhex(dump[1]) == EXAMPLE.read_bytes()
    payload = EXAMPLE.read_bytes()[fileformat.HEADER_BYTES :]
    below, low, high = struct.unpack("<3I", payload)
    assert f"{high:08x} {low:08x} in hexadecimal, and {below:08x} waits" in PAGE


def test_the_example_is_decoded_step_by_step():
    latent = np.loadtxt(EXAMPLE.with_suffix(".txt"), np.int64, ndmin=2).tolist()
    errors = np.zeros_like(latent).tolist()
    steps = []
    for number, wave in enumerate(reference_decoder.waves(len(latent), len(latent[0]))):
        for y, x in wave:
            beside = reference_decoder.neighbours(latent, y, x)
            predicted = reference_decoder.predict(*beside)
            chosen = reference_decoder.context(latent, errors, y, x, predicted)
            residual = latent[y][x] - predicted // 16
            errors[y][x] = abs(16 * latent[y][x] - predicted)
            token, draws = (part[0] for part in tokens.from_residuals(np.array([residual])))
            place, neighbours = f"{x}, {y}", ", ".join(map(str, beside))
            numbers = (predicted, chosen, token, draws[0], residual, latent[y][x])
            steps.append([str(number), place, neighbours, *map(str, numbers)])
    assert table("wave", "$x$, $y$") == steps


@pytest.mark.parametrize("row", table("size", "grey level"), ids=lambda row: f"{row[0]} {row[1]}")
def test_small_images_come_back_as_badly_as_the_page_says(row):
    side, level = int(row[0].split(" x ")[0]), int(row[1])
    image = codec.decompress(codec.compress(np.full((side, side), level, np.uint8), 1 / 64))
    found = np.array([image.min(), image.max(), image[side // 2, side // 2]], int)
    assert np.abs(found - [int(cell) for cell in row[2:]]).max() <= 1


def test_a_single_pixel_comes_back_as_the_same_grey_whatever_it_was():
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    found = {int(codec.decompress(codec.compress(level.reshape(1, 1)))[0, 0]) for level in levels}
    assert len(found) == 1
