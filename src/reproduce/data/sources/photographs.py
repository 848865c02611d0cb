"""What a source of images gives: photographs in order, decoded only when asked to."""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from reproduce.core.parameters import Split


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
    """All photographs of a source: class names, and the photographs of each split in order."""

    classes: tuple[str, ...]
    splits: Mapping[Split, Sequence[Photograph]]


def decode(source: str | Path | io.BytesIO) -> Image.Image:
    """Decode an image file, or raise OSError whatever is wrong with it.

    Safe to call in several threads at once.
    """
    try:
        with Image.open(source) as image:
            # Of an image that unpacks to an absurd size Pillow only warns. To turn the warning into
            # an error would change the filters of all threads.
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                raise OSError(f"{image.width}x{image.height} pixels, could be a decompression bomb")
            image.load()
            return image
    except UnidentifiedImageError:
        raise OSError("not an image, or of an unknown format") from None
    except OSError:
        raise
    except Exception as error:  # Pillow's decoders raise many types for broken files
        raise OSError(f"{type(error).__name__}: {error}") from error
