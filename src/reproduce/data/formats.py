"""Which files of a folder count as images, by their suffixes: the same for training and codec."""

from collections import Counter
from collections.abc import Iterable
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

_NAMED = 8
"""So many suffixes are named one by one of those that are left out."""


def is_image(name: str) -> bool:
    """Return whether a file of that name counts as an image."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def left_out(names: Iterable[str]) -> str:
    """Say in one line which files are left out, counted by suffix, with an example of each.

    >>> left_out(["a/1.heic", "a/2.HEIC", "notes"])
    '3 files are left out: 2 of .heic (a/1.heic, …), 1 without suffix (notes)'
    """
    examples: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name in names:
        suffix = _printable(PurePath(name).suffix.lower())
        examples.setdefault(suffix, _printable(name))
        counts[suffix] += 1
    parts = [
        f"{count} {f'of {suffix}' if suffix else 'without suffix'} "
        f"({examples[suffix]}{', …' if count > 1 else ''})"
        for suffix, count in counts.most_common(_NAMED)
    ]
    total, told = counts.total(), sum(count for _, count in counts.most_common(_NAMED))
    if total > told:
        parts.append(f"{total - told} of other suffixes")
    return f"{total} file{' is' if total == 1 else 's are'} left out: {', '.join(parts)}"


def _printable(name: str) -> str:
    """Return a name as a part of one line, whatever it consists of."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )
