r"""The file around the payload: a header, little-endian, then the entropy-coded latent.

    bytes   field
    0–3     magic: 89 43 41 45 in hexadecimal, "\x89CAE"
    4       version of the format: 1 or 2
    5       number of the model; 0 for one that does not come with this package
    6–13    the model's fingerprint: of its weights and tables
    14–15   width in pixels
    16–17   height in pixels
    18–21   step of the quantisation, in units of 2^-16
    22–25   length of the payload in bytes
    26–29   CRC-32 (as in PNG and zip) of bytes 0–25 and the payload
    30–     payload

Version 1 is of latents with one channel and a stride of two pixels, as the paper's model has them,
and is written for these for ever. Version 2 has two more fields, for all others:

    22      channels of the latent
    23      its stride: pixels from one value to the next, in both directions
    24–27   length of the payload in bytes
    28–31   CRC-32 of bytes 0–27 and the payload
    32–     payload

All that is read here is bounded, and nothing is decoded before the checksum agrees.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction

from reproduce.core.errors import CodecError

MAGIC = b"\x89CAE"
VERSIONS = (1, 2)
SUFFIX = ".cae"

STEP_UNIT = 1 << 16
LARGEST_STEP = 1 << 15
LONGEST_SIDE = (1 << 16) - 1
MOST_PIXELS = 1 << 26
"""67 million: what a file may claim, and what an image may have, to be coded."""
MOST_VALUES = 1 << 26
"""What a file may claim that its latent has, all channels together."""
LONGEST_PAYLOAD = 1 << 27
"""In bytes: more than the paper's latent of that many pixels can take."""

_FIELDS = struct.Struct("<4sBB8sHHII")
_FIELDS_2 = struct.Struct("<4sBB8sHHIBBI")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
HEADER_BYTES_2 = _FIELDS_2.size + _CHECKSUM.size

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
    channels, stride
        Of the latent, from 1 to 255; the stride in pixels.
    """

    model: int
    fingerprint: bytes
    width: int
    height: int
    step_units: int
    channels: int = 1
    stride: int = 2

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if not 1 <= self.channels <= 255 or not 1 <= self.stride <= 255:
            raise CodecError(
                f"a latent of {self.channels} channels with a stride of {self.stride} pixels: "
                "out of range"
            )
        if math.prod(self.latent_shape) > MOST_VALUES:
            raise CodecError(
                f"{self.width}x{self.height} pixels have more than {MOST_VALUES:,} latent values "
                f"with {self.channels} channels and a stride of {self.stride}"
            )
        if not 1 <= self.step_units <= LARGEST_STEP * STEP_UNIT:
            raise CodecError(f"a step of {self.step_units} / 65536 is out of range")

    @property
    def step(self) -> float:
        """The step of the quantisation."""
        return self.step_units / STEP_UNIT

    @property
    def version(self) -> int:
        """The version of the format that has these fields: the first that can."""
        return 1 if (self.channels, self.stride) == (1, 2) else 2

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the latent."""
        return -(-self.height // self.stride), -(-self.width // self.stride), self.channels


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
    both = (MAGIC, header.version, header.model, header.fingerprint)
    size = (header.width, header.height, header.step_units)
    if header.version == 1:
        fields = _FIELDS.pack(*both, *size, len(payload))
    else:
        fields = _FIELDS_2.pack(*both, *size, header.channels, header.stride, len(payload))
    return fields + _CHECKSUM.pack(_checksum(fields, payload)) + payload


def check_start(start: bytes, size: int) -> None:
    """Check what can be told of a file before all of it is read.

    Parameters
    ----------
    start
        The first HEADER_BYTES_2 bytes, or all if there are fewer.
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
    if len(start) > len(MAGIC) and start[len(MAGIC)] not in VERSIONS:
        raise CodecError(
            f"of version {start[len(MAGIC)]} of the format; this is a reader of versions "
            f"{' and '.join(map(str, VERSIONS))}"
        )
    layout = _layout(start)
    header_bytes = layout.size + _CHECKSUM.size
    if len(start) < header_bytes:
        raise CodecError(f"truncated: {len(start)} bytes, and the header has {header_bytes}")
    *_, length = layout.unpack_from(start)
    follow = size - header_bytes
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
    check_start(data[:HEADER_BYTES_2], len(data))
    layout = _layout(data)
    _, _, *fields, _ = layout.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, layout.size)
    payload = data[layout.size + _CHECKSUM.size :]
    if checksum != _checksum(data[: layout.size], payload):
        raise CodecError("damaged: the checksum does not agree")
    return Header(*fields), payload


def _layout(start: bytes) -> struct.Struct:
    """Return the fields of a header up to its checksum, by the version that it tells, if any."""
    return _FIELDS_2 if start[len(MAGIC) : len(MAGIC) + 1] == b"\2" else _FIELDS


def _checksum(fields: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(fields))


def _kind(data: bytes) -> str:
    for start, kind in _IMAGES.items():
        if data.startswith(start):
            return f"; it looks like {kind}"
    return ""
