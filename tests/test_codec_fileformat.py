"""The header: what is packed comes back, and each way to be something else is told."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.codec import fileformat
from reproduce.codec.fileformat import HEADER_BYTES, LONGEST_SIDE, MOST_PIXELS, Header
from reproduce.core.errors import CodecError

HEADER = Header(1, bytes.fromhex("0123456789abcdef"), 640, 480, 1 << 14)
FILE = fileformat.pack(HEADER, b"sixteen bytes...")

sides = st.integers(1, LONGEST_SIDE)


def with_checksum(file: bytes) -> bytes:
    """A file whose checksum is made to agree with the rest."""
    return file[:26] + struct.pack("<I", zlib.crc32(file[:26] + file[30:])) + file[30:]


def refusal(file: bytes) -> str:
    with pytest.raises(CodecError) as error:
        fileformat.unpack(file)
    return str(error.value)


@given(
    st.integers(0, 255),
    st.binary(min_size=8, max_size=8),
    st.tuples(sides, sides).filter(lambda size: size[0] * size[1] <= MOST_PIXELS),
    st.integers(1, 1 << 31),
    st.binary(max_size=50),
)
def test_what_is_packed_comes_back(model, fingerprint, size, units, payload):
    width, height = size
    header = Header(model, fingerprint, width, height, units)
    file = fileformat.pack(header, payload)
    assert len(file) == HEADER_BYTES + len(payload)
    assert fileformat.unpack(file) == (header, payload)


def test_the_latent_has_half_the_sides_rounded_up():
    assert Header(1, bytes(8), 97, 60, 1).latent_shape == (30, 49, 1)
    assert Header(1, bytes(8), 1, 1, 1).latent_shape == (1, 1, 1)
    assert Header(1, bytes(8), 97, 60, 1, channels=5, stride=16).latent_shape == (4, 7, 5)


@pytest.mark.parametrize("form", [(1, 1), (2, 2), (1, 16), (192, 16), (255, 255)])
def test_latents_of_another_form_are_of_version_2(form):
    channels, stride = form
    header = Header(1, bytes(range(8)), 640, 480, 1 << 14, channels=channels, stride=stride)
    file = fileformat.pack(header, b"sixteen bytes...")
    assert header.version == file[4] == 2
    assert len(file) == fileformat.HEADER_BYTES_2 + 16
    assert fileformat.unpack(file) == (header, b"sixteen bytes...")
    for place in range(len(file)):
        altered = bytearray(file)
        altered[place] ^= 1
        with pytest.raises(CodecError):
            fileformat.unpack(bytes(altered))
    for length in range(len(file)):
        with pytest.raises(CodecError):
            fileformat.unpack(file[:length])


def test_the_papers_latents_are_of_version_1_for_ever():
    assert HEADER.version == FILE[4] == 1
    assert len(FILE) == HEADER_BYTES + 16 == 46


@pytest.mark.parametrize("form", [(0, 2), (1, 0), (256, 2), (1, 256)])
def test_a_latent_of_a_form_out_of_range_is_refused(form):
    with pytest.raises(CodecError, match="out of range"):
        Header(1, bytes(8), 8, 8, 1, channels=form[0], stride=form[1])


def test_a_header_that_claims_too_many_values_is_refused():
    fields = struct.pack("<4sBB8sHHIBBI", fileformat.MAGIC, 2, 0, bytes(8), 8000, 8000, 1, 2, 1, 0)
    file = fields + struct.pack("<I", zlib.crc32(fields))
    assert "more than 67,108,864 latent values" in refusal(file)


def test_the_step_is_in_units_of_a_65536th():
    assert HEADER.step == 0.25
    assert fileformat.step_units(0.25) == 1 << 14
    assert fileformat.step_units(np.float32(0.25)) == 1 << 14  # type: ignore[arg-type]
    assert fileformat.step_units(1 / 3) == 21845  # the third above it is left out
    assert fileformat.step_units(0.1) == 6554  # 6553.6
    assert fileformat.step_units(2**-16) == 1
    assert fileformat.step_units(2**15) == 1 << 31


@pytest.mark.parametrize("step", [0, -1, 2**-17, 2**15 + 1, float("nan"), float("inf")])
def test_a_step_out_of_range_is_refused(step):
    with pytest.raises(CodecError, match="choose one from"):
        fileformat.step_units(step)


@pytest.mark.parametrize("length", range(len(FILE)))
def test_a_file_that_is_cut_is_refused(length):
    message = refusal(FILE[:length])
    assert "truncated" in message or length == 0
    assert "empty" in message or length > 0


def test_a_file_with_more_behind_it_is_refused():
    assert "damaged" in refusal(FILE + b"\0")


def test_each_byte_that_is_altered_is_noticed():
    for place in range(len(FILE)):
        for change in range(1, 256):
            altered = bytearray(FILE)
            altered[place] ^= change
            with pytest.raises(CodecError):
                fileformat.unpack(bytes(altered))


@given(st.binary(max_size=100))
def test_other_bytes_are_refused(data):
    with pytest.raises(CodecError):
        fileformat.unpack(data)


@given(st.binary(max_size=100))
def test_other_bytes_behind_the_magic_are_refused(data):
    with pytest.raises(CodecError):
        for version in fileformat.VERSIONS:
            fileformat.unpack(fileformat.MAGIC + bytes([version]) + data)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"II*\0", "a TIFF image"),
        (b"RIFF????WEBP", "a WebP image"),
    ],
)
def test_an_image_is_told_by_its_kind(start, kind):
    assert kind in refusal(start + bytes(100))


def test_another_version_is_told():
    assert "version 3" in refusal(with_checksum(FILE[:4] + b"\3" + FILE[5:]))
    assert "versions 1 and 2" in refusal(with_checksum(FILE[:4] + b"\0" + FILE[5:]))


@pytest.mark.parametrize(
    ("width", "height"), [(0, 5), (5, 0), (0, 0), (31623, 31623), (65535, 65535)]
)
def test_a_header_that_claims_an_absurd_size_is_refused(width, height):
    claim = FILE[:14] + struct.pack("<HH", width, height) + FILE[18:]
    assert f"{width}x{height} pixels" in refusal(with_checksum(claim))


@pytest.mark.parametrize("units", [0, (1 << 31) + 1, (1 << 32) - 1])
def test_a_header_with_a_step_out_of_range_is_refused(units):
    claim = FILE[:18] + struct.pack("<I", units) + FILE[22:]
    assert "step" in refusal(with_checksum(claim))


def test_a_file_is_judged_by_its_start_before_the_rest_is_read():
    start = FILE[:HEADER_BYTES]
    fileformat.check_start(start, len(FILE))
    for size in (len(FILE) - 1, len(FILE) + 1, 1 << 40):
        with pytest.raises(CodecError, match="payload"):
            fileformat.check_start(start, size)
    longest = start[:22] + struct.pack("<I", (1 << 32) - 1) + start[26:]
    with pytest.raises(CodecError, match="2\\^27"):
        fileformat.check_start(longest, HEADER_BYTES + (1 << 32) - 1)
