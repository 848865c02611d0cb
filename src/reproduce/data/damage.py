"""Image files whose pixels are all there although something else in them is missing or broken.

The rule: a file is taken if its pixels are all there, and refused if it ends before the last one.
"""

import re
import struct
import zlib
from collections.abc import Iterator

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
"""What PNG's pixels and their orientation need."""

_END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not part of the entropy-coded data
_RESTART_INTERVAL = b"\xff\xdd"
_FRAMES = (0xC0, 0xC1, 0xC2)
_NOT_HUFFMAN = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
"""Frames that are lossless, hierarchical or coded arithmetically."""


def png_without_metadata(data: bytes) -> bytes | None:
    """Return a PNG file without profiles and texts; None if there are none or it is broken."""
    kept, dropped, place = [PNG], False, len(PNG)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        chunk = data[place : place + 12 + length]
        if name in _KEPT and not (name == b"eXIf" and not _is_sound(chunk)):
            kept.append(chunk)
        elif not name.isalpha() or name[:1].isupper():
            return None  # what a decoder has to understand
        else:
            dropped = True
        place += len(chunk)
    return b"".join(kept) if dropped else None


def _is_sound(chunk: bytes) -> bool:
    return chunk[-4:] == struct.pack(">I", zlib.crc32(chunk[4:-4]))


def jpeg_with_ends(data: bytes) -> list[bytes]:
    """Return a JPEG file with several other ends; none if it lacks whole scans.

    If its pixels are all there, they are the same with each of these ends. Else what is missing is
    decoded from the bits before the end marker, which differ. (With the marker alone, libjpeg
    makes up zeros.)
    """
    try:
        if not {marker for marker, _ in _segments(data)}.isdisjoint(_NOT_HUFFMAN):
            return [data]  # of arithmetic coding, zeros at the end may be left out
        if not _has_all_scans(data):
            return []
    except (IndexError, KeyError, struct.error):  # it ends within a header
        return []
    body = data[: _end_of(data)].rstrip(b"\xff")
    ends = [b"", b"\x55" * 64, b"\xaa" * 64]
    if _RESTART_INTERVAL in data:  # a decoder may wait for one of eight restart markers
        ends += [bytes([0xFF, 0xD0 + number]) + b"\x55" * 64 for number in range(8)]
    return [body + end + _END for end in ends]


def _end_of(data: bytes) -> int:
    """Return where the end marker of the first image in a JPEG file is, or would be."""
    place = 2
    while found := _MARKER.search(data, place):
        if found[0] == _END:
            return found.start()
        place = found.end() + struct.unpack_from(">H", data, found.end())[0]
    return len(data)


def _has_all_scans(data: bytes) -> bool:
    """Return whether a scan of the last bit of each coefficient of each component has begun.

    A progressive JPEG can end between two scans, with an image that lacks but its details.
    """
    missing: dict[int, set[int]] = {}
    for marker, body in _segments(data):
        if marker in _FRAMES:
            missing = {body[6 + 3 * number]: set(range(64)) for number in range(body[5])}
        if marker == 0xDA:
            count = body[0]
            first, last, precision = body[1 + 2 * count : 4 + 2 * count]
            for component in body[1 : 1 + 2 * count : 2]:
                if precision & 15 == 0:
                    missing[component] -= set(range(first, last + 1))
    return bool(missing) and not any(missing.values())


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the contents of each segment of a JPEG file that has some."""
    place, end = 2, _end_of(data)
    while found := _MARKER.search(data, place, end):
        marker, place = data[found.start() + 1], found.end()
        (length,) = struct.unpack_from(">H", data, place)
        yield marker, data[place + 2 : place + length]
        place += length
