"""The model as a codec: photographs to small files and back.

    image ──> latent ──> whole steps ──> tokens ──> payload ──> file
    H x W     network    quantisation    contexts   entropy     fileformat

    >>> from reproduce import codec
    >>> data = codec.compress(image, step=0.25)      # H x W grey levels (uint8) to bytes
    >>> image = codec.decompress(data)

The latent is decoded by integer arithmetic alone, so it is the same on every machine; what the
network makes of it may differ in its last digits from one processor to the next. The book's page
"The file format" says all that another decoder needs to know. `files` works on files and folders.
"""

import numpy as np
from numpy.typing import NDArray

from reproduce.codec.models import (
    DEFAULT_STEP,
    Buffer,
    ImageLike,
    LatentCodec,
    of_run,
    shipped,
    writer_of,
)

__all__ = ["DEFAULT_STEP", "LatentCodec", "compress", "decompress", "of_run", "shipped"]


def compress(image: ImageLike, step: float = DEFAULT_STEP) -> bytes:
    """Return an image, H x W grey levels, as the bytes of a file (see `LatentCodec.compress`)."""
    return shipped().compress(image, step)


def decompress(data: Buffer) -> NDArray[np.uint8]:
    """Return the image, H x W grey levels, of a file's bytes.

    Raises
    ------
    CodecError
        They are no compressed image, a damaged one, or one of a model that this version lacks.
    """
    return writer_of(data).decompress(data)
