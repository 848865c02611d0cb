"""What the numbers in an image file mean: which is black, which is white, what is transparent.

Pillow hands on the integers of a file with more than 8 bits as they are stored. Here they come to
mean the same in all formats, 0 for black and 65,535 for white, or the image is refused.
"""

import numpy as np
from PIL import Image, TiffTags

from reproduce.data.pixels import UndefinedGreyError

_BITS, _PHOTOMETRIC, _PLANES, _SAMPLE_FORMAT = 258, 262, 284, 339  # tags, as in TIFF 6.0
_WHITE_IS_ZERO = 0
_UNSIGNED, _SIGNED = 1, 2
_SEPARATE = 2

# Formats of which Pillow gives integers from 0 to 65,535, whatever their own depth is.
_OF_16_BITS = ("PNG", "PPM", "JPEG2000", "JXL")


def stored_bits(image: Image.Image) -> int | None:
    """Return the bits per value of a PNG file, which Pillow forgets when it decodes."""
    if image.format != "PNG" or not image.tile:  # type: ignore[attr-defined]
        return None
    raw_mode = str(image.tile[0].args)  # type: ignore[attr-defined]  # as in "L;4", "RGB;16B"
    depth = raw_mode.partition(";")[2].rstrip("B")
    return int(depth) if depth.isdecimal() else 8


def in_full_range(image: Image.Image, bits: int | None = None) -> Image.Image:
    """Return a decoded image whose integers run from 0 for black to the greatest for white.

    Parameters
    ----------
    image
        As Pillow has decoded it, with its format and tags.
    bits
        What `stored_bits` has returned for it before it was decoded.

    Raises
    ------
    UndefinedGreyError
        The file doesn't say which of its numbers are black and white.
    """
    if image.format == "TIFF":
        return _of_tiff(image)
    if image.mode.startswith("I") and image.format not in _OF_16_BITS:
        raise UndefinedGreyError(f"its pixels are integers whose range {image.format} doesn't tell")
    if bits and "transparency" in image.info:
        _scale_transparency(image, bits)
    return image


def _of_tiff(image: Image.Image) -> Image.Image:
    """Bring 12 and 16 bits to the full range; refuse signs, 32 bits, and a missing black."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    kinds = set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)))
    bits = max(tags.get(_BITS, (1,)))
    if _SIGNED in kinds:
        raise UndefinedGreyError("its pixels are integers with a sign, whose range is not known")
    if image.mode == "F":
        return image  # refused as such, whatever the format
    if _PHOTOMETRIC not in tags:
        raise UndefinedGreyError(
            f"it doesn't say whether 0 is black or white (tag {_PHOTOMETRIC}, "
            f"{TiffTags.lookup(_PHOTOMETRIC).name})"
        )
    if bits > 8 and tags.get(_PLANES) == _SEPARATE:
        raise UndefinedGreyError(f"its colours of {bits} bits lie in planes of their own")
    if not image.mode.startswith("I"):
        return image
    if bits > 16:
        raise UndefinedGreyError(f"its pixels are integers of {bits} bits: their range isn't known")
    levels = np.asarray(image).astype(np.uint32)
    levels = levels * 65_535 // ((1 << bits) - 1)
    if tags[_PHOTOMETRIC] == _WHITE_IS_ZERO:
        levels = 65_535 - levels
    return Image.fromarray(levels.astype(np.uint16))


def _scale_transparency(image: Image.Image, bits: int) -> None:
    """Let the grey that stands for transparency be on the scale of the pixels, as Pillow doesn't.

    Of 2 and 4 bits Pillow scales the pixels alone; 16 bits of each colour it cuts to 8.
    """
    stands = image.info["transparency"]
    if image.mode == "L" and bits < 8 and isinstance(stands, int):
        image.info["transparency"] = stands * 255 // ((1 << bits) - 1)
    if image.mode == "RGB" and bits == 16:
        raise UndefinedGreyError("one of its colours of 48 bits stands for transparency")
