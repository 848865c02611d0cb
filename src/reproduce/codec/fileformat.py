r"""The file around the payload: a header of 30 bytes, little-endian, then the entropy-coded latent.

    bytes   field
    0–3     magic: 89 43 41 45 in hexadecimal, "\x89CAE"
    4       version of the format: 1
    5       number of the model; 0 for one that does not come with this package
    6–13    the model's fingerprint: of its weights and tables
    14–15   width in pixels
    16–17   height in pixels
    18–21   step of the quantisation, in units of 2^-16
    22–25   length of the payload in bytes
    26–29   CRC-32 (as in PNG and zip) of bytes 0–25 and the payload
    30–     payload

All that is read here is bounded, and nothing is decoded before the checksum agrees.
"""

import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction

from reproduce.core.errors import CodecError

MAGIC = b"\x89CAE"
VERSION = 1
SUFFIX = ".cae"

STEP_UNIT = 1 << 16
LARGEST_STEP = 1 << 15
LONGEST_SIDE = (1 << 16) - 1
MOST_PIXELS = 1 << 26
"""67 million: what a file may claim, and what an image may have, to be coded."""
LONGEST_PAYLOAD = 1 << 27
"""In bytes: more than the latent of that many pixels can take."""

_FIELDS = struct.Struct("<4sBB8sHHII")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size

# First bytes of image files, for a message that says what a file is instead.
_IMAGES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"BM": "a BMP image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"RIFF": "a WebP image, or another RIFF file",
}


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes
    ----------
    model
        Number of the model, from 0 to 255.
    fingerprint
        Of the model's weights and tables, 8 bytes.
    width, height
        Of the image, in pixels.
    step_units
        Step of the quantisation, in units of 2^-16.
    """

    model: int
    fingerprint: bytes
    width: int
    height: int
    step_units: int

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if not 1 <= self.step_units <= LARGEST_STEP * STEP_UNIT:
            raise CodecError(f"a step of {self.step_units} / 65536 is out of range")

    @property
    def step(self) -> float:
        """The step of the quantisation."""
        return self.step_units / STEP_UNIT

    @property
    def latent_shape(self) -> tuple[int, int]:
        """Height and width of the latent."""
        return -(-self.height // 2), -(-self.width // 2)


def check_size(width: int, height: int) -> None:
    """Check that an image of that size can be coded.

    Raises
    ------
    CodecError
        It is empty or too large.
    """
    sides = 1 <= width <= LONGEST_SIDE and 1 <= height <= LONGEST_SIDE
    if not sides or width * height > MOST_PIXELS:
        raise CodecError(
            f"{width}x{height} pixels: the format holds sides from 1 to {LONGEST_SIDE:,} and "
            f"at most {MOST_PIXELS:,} pixels in all"
        )


def step_units(step: float) -> int:
    """Return a step of the quantisation in the format's units, the nearest there is.

    Raises
    ------
    CodecError
        It is out of range.
    """
    if not 1 / STEP_UNIT <= step <= LARGEST_STEP:  # nor is it a number that is none
        raise CodecError(f"step {step}: choose one from 2^-16 to {LARGEST_STEP:,}")
    return round(Fraction(float(step)) * STEP_UNIT)


def pack(header: Header, payload: bytes) -> bytes:
    """Return a file."""
    fields = _FIELDS.pack(
        MAGIC,
        VERSION,
        header.model,
        header.fingerprint,
        header.width,
        header.height,
        header.step_units,
        len(payload),
    )
    return fields + _CHECKSUM.pack(_checksum(fields, payload)) + payload


def check_start(start: bytes, size: int) -> None:
    """Check what can be told of a file before all of it is read.

    Parameters
    ----------
    start
        The first HEADER_BYTES bytes, or all if there are fewer.
    size
        Of the whole file, in bytes.

    Raises
    ------
    CodecError
        It is no such file, of another version, truncated, or longer than its header says.
    """
    if not start:
        raise CodecError("the file is empty")
    if not start.startswith(MAGIC[: len(start)]):
        raise CodecError(f"no compressed image: it does not begin with {MAGIC!r}{_kind(start)}")
    if len(start) > len(MAGIC) and start[len(MAGIC)] != VERSION:
        raise CodecError(
            f"of version {start[len(MAGIC)]} of the format; this is a reader of version {VERSION}"
        )
    if len(start) < HEADER_BYTES:
        raise CodecError(f"truncated: {len(start)} bytes, and the header has {HEADER_BYTES}")
    *_, length = _FIELDS.unpack_from(start)
    follow = size - HEADER_BYTES
    if follow != length:
        word = "truncated" if follow < length else "damaged"
        raise CodecError(f"{word}: a payload of {follow} bytes, and the header says {length}")
    if length > LONGEST_PAYLOAD:
        raise CodecError(f"a payload of {length} bytes, and no image takes more than 2^27")


def unpack(data: bytes) -> tuple[Header, bytes]:
    """Return a file's header and payload.

    Raises
    ------
    CodecError
        As `check_start`; also: it is damaged, or claims an absurd size.
    """
    check_start(data[:HEADER_BYTES], len(data))
    *_, model, fingerprint, width, height, units, _ = _FIELDS.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _FIELDS.size)
    payload = data[HEADER_BYTES:]
    if checksum != _checksum(data[: _FIELDS.size], payload):
        raise CodecError("damaged: the checksum does not agree")
    return Header(model, fingerprint, width, height, units), payload


def _checksum(fields: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(fields))


def _kind(data: bytes) -> str:
    for start, kind in _IMAGES.items():
        if data.startswith(start):
            return f"; it looks like {kind}"
    return ""
