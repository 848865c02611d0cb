"""The book's page on the file format says what the code does: fields, constants, the example."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from reproduce import codec
from reproduce.codec import contexts, entropy, fileformat, models, tokens
from tests import reference_decoder

PAGE = (Path(__file__).parents[1] / "book" / "file_format.md").read_text(encoding="utf-8")
EXAMPLE = Path(__file__).with_name("golden") / "chelsea-3x5.cae"


def table(*head: str) -> list[list[str]]:
    """The rows of the table whose first columns have these names."""
    rows = PAGE.split("| " + " | ".join(head))[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


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
