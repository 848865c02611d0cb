"""Golden files: written once, and decoded to the same latents by every version on every machine.

Each `*.cae` in `golden/` stands beside its latent as text, a row per line, and the image that it
gave. They are crops of photographs inside scikit-image; only `extremes` has values of all
magnitudes, which no image gives. To write them anew would defeat their purpose.
"""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reproduce import codec
from reproduce.codec import entropy, fileformat, models
from reproduce.codec.entropy import Tables
from reproduce.codec.fileformat import HEADER_BYTES
from reproduce.core.errors import CodecError
from tests import reference_decoder

FOLDER = Path(__file__).with_name("golden")
FILES = sorted(FOLDER.glob("*.cae"))
NAMES = [file.stem for file in FILES]

golden = pytest.mark.parametrize("file", FILES, ids=NAMES)


def latent_of(file: Path) -> np.ndarray:
    return np.loadtxt(file.with_suffix(".txt"), np.int64, ndmin=2)


def test_they_are_all_there():
    assert NAMES == [
        "camera-1x1",
        "camera-64x48",
        "camera-97x61-coarse",
        "chelsea-3x5",
        "chelsea-97x61",
        "extremes",
    ]


@golden
def test_a_golden_file_decodes_to_its_latent_bit_for_bit(file):
    _, latent = models.shipped().decode_latent(file.read_bytes())
    assert np.array_equal(latent, latent_of(file))


@golden
def test_a_decoder_written_from_the_books_page_finds_the_same(file):
    tables = reference_decoder.read_tables(models.SHIPPED / "paper-0-tables.npy")
    assert reference_decoder.read_file(file.read_bytes(), tables) == latent_of(file).tolist()


@golden
def test_its_latent_is_encoded_to_the_same_bytes(file):
    header, payload = fileformat.unpack(file.read_bytes())
    assert entropy.encode(latent_of(file), models.shipped().tables) == payload
    assert fileformat.pack(header, payload) == file.read_bytes()


@pytest.mark.parametrize("file", FILES[:-1], ids=NAMES[:-1])
def test_its_image_is_the_same_within_a_grey_level(file):
    with Image.open(file.with_suffix(".png")) as image:
        expected = np.asarray(image).astype(int)
    assert np.abs(codec.decompress(file.read_bytes()) - expected).max() <= 1


def test_they_use_nearly_all_tokens():
    used = np.sum([entropy.count(latent_of(file)) for file in FILES], axis=0).sum(axis=0)
    assert np.count_nonzero(used) >= 58
    assert used[-1] > 0  # the escape


# Version 2 of the format: latents of another form than the paper's

OF_TWO_CHANNELS = FOLDER / "version-2" / "two-channels.cae"


def tables_of_two_channels() -> Tables:
    """The tables of the shipped model, and the same upside down."""
    shipped = models.shipped().tables.frequencies
    return Tables(np.stack([shipped, shipped[::-1]]))


def two_channels() -> np.ndarray:
    """The latent in that file, 13 x 9 x 2: the rows of one channel, then those of the other."""
    return np.moveaxis(latent_of(OF_TWO_CHANNELS).reshape(2, 13, 9), 0, -1)


def test_a_golden_file_of_version_2_decodes_to_its_latent_bit_for_bit():
    header, payload = fileformat.unpack(OF_TWO_CHANNELS.read_bytes())
    assert (header.version, header.channels, header.stride) == (2, 2, 4)
    assert (header.height, header.width) == (50, 33)
    assert header.latent_shape == (13, 9, 2)
    decoded = entropy.decode(payload, header.latent_shape, tables_of_two_channels())
    assert np.array_equal(decoded, two_channels())


def test_its_latent_of_two_channels_is_encoded_to_the_same_bytes():
    header, payload = fileformat.unpack(OF_TWO_CHANNELS.read_bytes())
    assert entropy.encode(two_channels(), tables_of_two_channels()) == payload
    assert fileformat.pack(header, payload) == OF_TWO_CHANNELS.read_bytes()


def test_a_decoder_written_from_the_books_page_finds_both_channels():
    tables = [table.tolist() for table in tables_of_two_channels().frequencies]
    found = reference_decoder.read_file_of_version_2(OF_TWO_CHANNELS.read_bytes(), tables)
    assert np.array_equal(np.moveaxis(np.array(found), 0, -1), two_channels())


# Damage behind a checksum that agrees, as nobody but an attacker makes it

files = st.sampled_from([file.read_bytes() for file in FILES])
SIZE = 14  # where width, height, step and, after length and checksum, the payload begin


@settings(max_examples=500)
@given(files, st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255))))
def test_a_mutated_file_gives_a_latent_or_a_codec_error(file, changes):
    mutated = bytearray(file)
    for place, change in changes:
        mutated[SIZE + int(place * (len(file) - SIZE))] ^= change
    assert_a_latent_or_a_codec_error(bytes(mutated))


@settings(max_examples=500)
@given(files, st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40))
def test_so_does_a_file_with_bytes_taken_out_and_put_in(file, place, count, inserted):
    place = HEADER_BYTES + int(place * (len(file) - HEADER_BYTES))
    assert_a_latent_or_a_codec_error(file[:place] + inserted + file[place + count :])


def assert_a_latent_or_a_codec_error(file: bytes) -> None:
    """Decode a file whose length and checksum are made to agree."""
    start, payload = file[:22], file[HEADER_BYTES:]
    start += struct.pack("<I", len(payload))
    file = start + struct.pack("<I", zlib.crc32(start + payload)) + payload
    try:
        header, latent = models.shipped().decode_latent(file)
    except CodecError:
        return
    assert latent.shape == header.latent_shape[:2]


# Threads

ENCODE = """
import sys
from skimage import data
from reproduce import codec
for step in (2**-6, 0.25):
    sys.stdout.buffer.write(codec.compress(data.camera()[:301, 100:377], step))
"""


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_threads(start: Callable[..., "Popen[bytes]"]):
    files = []
    for threads in (1, 8):
        environment = os.environ | {"TF_NUM_INTRAOP_THREADS": str(threads)}
        output, _ = start(ENCODE, env=environment, text=False).communicate(timeout=300)
        files.append(output)
    assert len(files[0]) > 2000
    assert files[0] == files[1]
