"""What a source of images gives: photographs in order, decoded only when asked to."""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pillow_jxl  # noqa: F401  # makes JPEG XL known to Pillow
from PIL import Image, UnidentifiedImageError

from reproduce.core.parameters import Split
from reproduce.data import damage, formats, levels
from reproduce.data.pixels import UndefinedGreyError


@dataclass(frozen=True, slots=True)
class Photograph:
    """One image of a collection.

    Attributes
    ----------
    name
        Says where it comes from: a path below the folder, a hub example, a crop's place.
    label
        Its class, as an index into the collection's `classes`.
    decode
        Returns the decoded image; raises OSError if that can't be done.
    """

    name: str
    label: int
    decode: Callable[[], Image.Image]


@dataclass(frozen=True)
class Collection:
    """All photographs of a source: class names, and the photographs of each split in order.

    `left_out` counts the files beside them that aren't taken, by suffix.
    """

    classes: tuple[str, ...]
    splits: Mapping[Split, Sequence[Photograph]]
    left_out: Mapping[str, int] = field(default_factory=dict)


def decode(source: str | Path | io.BytesIO, *, thorough: bool = False) -> Image.Image:
    """Decode an image file; safe to call in several threads at once.

    Its integers run from 0 for black to the greatest for white (see `levels`). What is missing or
    broken beside the pixels doesn't matter (see `damage`).

    Parameters
    ----------
    source
        A file, or its bytes.
    thorough
        Look whether a JPEG file that has an end marker has the pixels before it, too, which takes
        three times as long: libjpeg makes up those that are missing.

    Raises
    ------
    OSError
        Whatever is wrong with the file.
    UndefinedGreyError
        It doesn't tell the range of its numbers.
    """
    try:
        image = _decode(source)
        if thorough and image.format in ("JPEG", "MPO") and _lacks_pixels(source):
            raise OSError("its data end before its last pixel")
        return image
    except UndefinedGreyError:
        raise
    except Exception as error:  # Pillow's decoders raise many types for broken files
        rescued = _rescue(source)
        if rescued is not None:
            return rescued
        raise _as_os_error(error, source) from error


def _decode(source: str | Path | BinaryIO) -> Image.Image:
    if isinstance(source, (str, Path)):
        # Of a file that it opens itself, Pillow maps a TIFF to memory, and gets one that lies on
        # its side wrong.
        with Path(source).open("rb") as file:
            return _decode(file)
    with Image.open(source) as image:
        # Of an image that unpacks to an absurd size Pillow only warns. To turn the warning into
        # an error would change the filters of all threads.
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise OSError(f"{image.width}x{image.height} pixels, could be a decompression bomb")
        bits = levels.stored_bits(image)
        image.load()
        if image.format == "JXL" and not image.jpeg:  # type: ignore[attr-defined]
            # Its decoder has turned it: what EXIF says of that counts no more (ISO/IEC 18181-2).
            image.info.pop("exif", None)
        return levels.in_full_range(image, bits)


def _lacks_pixels(source: str | Path | io.BytesIO) -> bool:
    """Return whether a JPEG file's pixels depend on what is put behind its data."""
    ends = damage.jpeg_with_ends(_bytes_of_kind(source, (damage.JPEG,)))
    return len({_decode(io.BytesIO(whole)).tobytes() for whole in ends}) != 1


def _rescue(source: str | Path | io.BytesIO) -> Image.Image | None:
    """Return the image of a file whose pixels are all there, though Pillow refuses it."""
    try:
        data = _bytes_of_kind(source, (damage.PNG, damage.JPEG))
        if data.startswith(damage.PNG):
            plain = damage.png_without_metadata(data)
            return _decode(io.BytesIO(plain)) if plain else None
        images = [_decode(io.BytesIO(whole)) for whole in damage.jpeg_with_ends(data)]
        same = len({image.tobytes() for image in images}) == 1
    except Exception:  # noqa: BLE001  # as above; what is told is why the file itself failed
        return None
    return images[0] if same else None


def _bytes_of_kind(source: str | Path | io.BytesIO, starts: tuple[bytes, ...]) -> bytes:
    """Return the bytes of a file that starts as one of these; of any other none."""
    if isinstance(source, io.BytesIO):
        data = source.getvalue()
        return data if data.startswith(starts) else b""
    with Path(source).open("rb") as file:
        start = file.read(max(map(len, starts)))
        return start + file.read() if start.startswith(starts) else b""


_UNREADABLE = {
    "HEIC, which can't be read here": formats.HEIF_STARTS,
    "a TIFF that is damaged, or of a kind that can't be read here": formats.TIFF_STARTS,
}
"""What a file is by its first bytes if Pillow doesn't know it."""


def _as_os_error(error: Exception, source: str | Path | io.BytesIO) -> OSError:
    """Return what is wrong with a file in words, without names of classes."""
    if isinstance(error, UnidentifiedImageError):
        for what, starts in _UNREADABLE.items():
            with suppress(OSError):
                if _bytes_of_kind(source, starts):
                    return OSError(f"{what}: save it as PNG first")
        return OSError("not an image, or of an unknown format")
    if isinstance(error, OSError):
        return error
    if isinstance(error, MemoryError):
        return OSError("there is too little memory to decode it")
    if isinstance(error, Image.DecompressionBombError):
        return OSError(str(error))
    # The rest of Pillow's errors tell of structures in the file; JPEG XL's library gives advice
    # for who builds it.
    told = "" if "Generic Error" in str(error) else str(error)
    return OSError(f"damaged ({told})" if told else "damaged")
