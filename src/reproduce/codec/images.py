"""Image files as grey levels, and grey levels as image files: what Pillow reads and writes."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from reproduce.codec import fileformat
from reproduce.core.errors import CodecError
from reproduce.data.pixels import UndefinedGreyError, to_grey, upright
from reproduce.data.sources.photographs import decode

_GREY_MODES = ("1", "L", "I", "I;16", "I;16L", "I;16B", "I;16N")


def read_grey(source: Path, *, strict: bool = False) -> NDArray[np.uint8]:
    """Return an image file as H x W grey levels, turned upright as its metadata says.

    Parameters
    ----------
    source
        Any format that Pillow reads. Colours become grey as in the paper, on a white ground.
    strict
        Refuse colours and transparency instead.

    Raises
    ------
    CodecError
        The file can't be read, the image is too large, or `strict` refuses it.
    """
    try:
        image = decode(source, thorough=True)
    except UndefinedGreyError as error:
        raise CodecError(f"cannot be made grey: {error}") from error
    except OSError as error:
        raise CodecError(f"no readable image: {error.strerror or error}{_hint(source)}") from error
    fileformat.check_size(image.width, image.height)
    if strict and (image.mode not in _GREY_MODES or image.has_transparency_data):
        raise CodecError(
            f"not a grey image without transparency (its mode is {image.mode}): leave out --strict "
            "to have it converted"
        )
    try:
        return np.asarray(to_grey(upright(image)))
    except ValueError as error:
        raise CodecError(f"cannot be made grey: {error}") from error


def _hint(source: Path) -> str:
    """Return what to do instead, if the file is a compressed image."""
    try:
        with source.open("rb") as file:
            compressed = file.read(len(fileformat.MAGIC)) == fileformat.MAGIC
    except OSError:
        return ""
    return "; it is compressed already: see `reproduce decompress`" if compressed else ""


def format_of(output: Path) -> str:
    """Return the format that an image file of that name gets.

    Raises
    ------
    CodecError
        Pillow can't write grey images in it, or knows none of that name.
    """
    Image.init()
    form = Image.registered_extensions().get(output.suffix.lower())
    try:
        # Some formats take no grey, some need a library that is not there: one pixel tells.
        Image.new("L", (1, 1)).save(io.BytesIO(), form or "of no known suffix")
    except Exception as error:
        raise CodecError(
            f"{output}: cannot write grey images to files named *{output.suffix}; choose a name "
            "that ends in .png"
        ) from error
    return str(form)


def to_bytes(image: NDArray[np.uint8], form: str) -> bytes:
    """Return H x W grey levels as an image file.

    Raises
    ------
    CodecError
        The format does not hold an image of that size.
    """
    buffer = io.BytesIO()
    height, width = image.shape
    try:
        Image.fromarray(image).save(buffer, form)
        held = _size_of(buffer)
    except Exception as error:  # each of Pillow's encoders raises a type of its own
        raise CodecError(
            f"{width}x{height} pixels cannot be written as {form} ({error}); choose a name that "
            "ends in .png"
        ) from error
    if held and held != (width, height):
        raise CodecError(
            f"{width}x{height} pixels cannot be written as {form}, which would make {held[0]}x"
            f"{held[1]} of them; choose a name that ends in .png"
        )
    return buffer.getvalue()


def _size_of(file: io.BytesIO) -> tuple[int, int] | None:
    """Return the size of an image as a reader sees it: icons come in a few sizes only.

    None if the format is one that Pillow only writes, as PDF.
    """
    try:
        with Image.open(file) as image:
            return image.size
    except UnidentifiedImageError:
        return None
