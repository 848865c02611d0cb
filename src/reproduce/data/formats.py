"""Which files of a folder count as images, by their suffixes: the same for training and codec."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePath

IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    *(".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".avif", ".jxl"),
    *(".jp2", ".j2k", ".jpx", ".pgm", ".ppm", ".pbm", ".pnm", ".tga"),
)
"""Of files that are taken; others are left out, and said to be: see `left_out`."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
HEIF_STARTS = tuple(
    bytes([0, 0, 0, size]) + b"ftyp" + brand for brand in _HEIF_BRANDS for size in range(16, 64, 4)
)
"""First bytes of HEIC photographs, which Pillow doesn't read."""

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFF and BigTIFF files, of which there are kinds that Pillow doesn't read."""

NO_FILE = "no regular file, or leading to none"

_NAMED = 8
"""So many suffixes are named one by one of those that are left out."""


def is_image(name: str) -> bool:
    """Return whether a file of that name counts as an image."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def left_out(files: Mapping[str, bool]) -> str:
    """Say in one line what is left out of a folder, counted by suffix, with an example of each.

    Takes names, each with whether it is that of a regular file.

    >>> left_out({"a/1.heic": True, "a/2.HEIC": True, "notes": True, "b/3.jpg": False})
    '4 files are left out: 2 of .heic (a/1.heic, …), 1 without suffix (notes), \
1 no regular file, or leading to none (b/3.jpg)'
    """
    names = defaultdict(list)
    for name, is_file in files.items():
        suffix = _printable(PurePath(name).suffix.lower())
        what = f"of {suffix}" if suffix else "without suffix"
        names[what if is_file else NO_FILE].append(_printable(name))
    named = sorted(names, key=lambda what: -len(names[what]))[:_NAMED]
    parts = [
        f"{len(names[what])} {what} ({names[what][0]}{', …' if len(names[what]) > 1 else ''})"
        for what in named
    ]
    others = len(files) - sum(len(names[what]) for what in named)
    if others:
        parts.append(f"{others} of other suffixes")
    return f"{len(files)} file{' is' if len(files) == 1 else 's are'} left out: {', '.join(parts)}"


def _printable(name: str) -> str:
    """Return a name as a part of one line, whatever it consists of."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )
