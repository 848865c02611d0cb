"""A trained autoencoder with its tables: what it takes to write files and to read them.

Models that ship with the package have a number in `models.json`, for ever: a file says by number
and fingerprint what it was written with. They run by NumPy, from their lists of layers; a run's
own model runs by Keras, as the run has trained it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reproduce.codec import entropy, fileformat, layer_list, network
from reproduce.codec.entropy import Tables
from reproduce.codec.fileformat import Header
from reproduce.codec.layer_list import FINGERPRINT_BYTES
from reproduce.codec.network import Network, OfKeras
from reproduce.codec.numpy_network import NumpyNetwork
from reproduce.core.backend import keras
from reproduce.core.errors import CodecError
from reproduce.models import autoencoder as model

SHIPPED = Path(__file__).with_name("shipped")
LIST = "models.json"

STANDARD = 1
"""Number of the model that files are written with: a run in the paper's setting, seed 0."""

DEFAULT_STEP = 0.25

_LOADING = Lock()

ImageLike: TypeAlias = NDArray[np.uint8] | Image.Image | Sequence[Sequence[int]]
Buffer: TypeAlias = bytes | bytearray | memoryview


@dataclass(frozen=True)
class LatentCodec:
    """Writes and reads files with one trained model.

    Attributes
    ----------
    number
        As files have it; 0 for a model that does not ship with the package.
    name
        For people.
    fingerprint
        As files have it, see `fingerprint_of`.
    tables
        Of the entropy coder.
    load
        Returns the network; called once, when it is first needed.
    """

    number: int
    name: str
    fingerprint: bytes
    tables: Tables
    load: Callable[[], Network]

    @property
    def network(self) -> Network:
        """The network; several threads may ask for it at once."""
        with _LOADING:
            return self._loaded

    @cached_property
    def _loaded(self) -> Network:
        return self.load()

    @property
    def latent_form(self) -> tuple[int, int]:
        """Channels and stride of the model's latents."""
        return self.network.channels, self.network.stride

    def quantise(self, image: NDArray[np.uint8], step: float) -> NDArray[np.int32]:
        """Return an image's latent in whole steps, in the form of `network.latent_of`."""
        units = fileformat.step_units(step)
        scaled = network.latent_of(self.network, image) * np.float32(fileformat.STEP_UNIT / units)
        # A latent has no bounds; the coder's are 32 bits.
        most = 2**31 - 256
        steps: NDArray[np.int32] = np.rint(np.clip(scaled, -most, most)).astype(np.int32)
        return steps

    def compress(self, image: ImageLike, step: float = DEFAULT_STEP) -> bytes:
        """Return an image as the bytes of a file.

        Parameters
        ----------
        image
            H x W grey levels: an array, nested lists, or an image of Pillow of mode L.
        step
            Of the quantisation, from 2^-16 to 2^15: a greater one gives fewer bytes and a worse
            image. Rounded to a multiple of 2^-16.

        Raises
        ------
        CodecError
            The image is none of these, or image or step are out of range.
        """
        image = _levels_of(image)
        height, width = image.shape
        fileformat.check_size(width, height)
        units = fileformat.step_units(step)
        channels, stride = self.latent_form
        header = Header(
            self.number, self.fingerprint, width, height, units, channels=channels, stride=stride
        )
        return fileformat.pack(header, entropy.encode(self.quantise(image, step), self.tables))

    def decompress(self, data: Buffer) -> NDArray[np.uint8]:
        """Return the image, H x W grey levels, of a file's bytes.

        Raises
        ------
        CodecError
            They are no file of this model, or a damaged one.
        """
        header, latent = self.decode_latent(data)
        if (header.channels, header.stride) != self.latent_form:
            raise CodecError(
                f"damaged: a latent of {header.channels} channels with a stride of "
                f"{header.stride}, which this model doesn't have"
            )
        values = latent.astype(np.float32) * np.float32(header.step)
        return network.image_of(self.network, values, (header.height, header.width))

    def decode_latent(self, data: Buffer) -> tuple[Header, NDArray[np.int32]]:
        """Return a file's header and its latent in whole steps, the same on each machine.

        The latent is h x w, or h x w x channels if there are several.

        Raises
        ------
        CodecError
            As `decompress`.
        """
        header, payload = fileformat.unpack(bytes_of(data))
        if (header.model, header.fingerprint) != (self.number, self.fingerprint):
            raise CodecError(
                f"made by model {header.model} with fingerprint {header.fingerprint.hex()}, and "
                f"this is model {self.number} ({self.name}) with {self.fingerprint.hex()}"
            )
        height, width, channels = header.latent_shape
        shape = (height, width) if channels == 1 else (height, width, channels)
        return header, entropy.decode(payload, shape, self.tables)


def _levels_of(image: ImageLike) -> NDArray[np.uint8]:
    """Return an image as an array of grey levels, if that is what it holds."""
    if isinstance(image, Image.Image) and image.mode != "L":
        # An array of it would hold numbers of a palette, colours, or truth values.
        raise CodecError(
            f"an image of Pillow of mode {image.mode} is not one of grey levels: see "
            'image.convert("L"), or `reproduce compress` on its file'
        )
    try:
        levels = np.asarray(image)
    except (TypeError, ValueError) as error:
        raise CodecError(f"an image is H x W grey levels, and this is no array: {error}") from error
    if (
        isinstance(image, (list, tuple))
        and np.issubdtype(levels.dtype, np.integer)
        and levels.size
        and 0 <= levels.min() <= levels.max() <= 255
    ):
        levels = levels.astype(np.uint8)
    if levels.dtype != np.uint8 or levels.ndim != 2:
        raise CodecError(
            f"an image is H x W grey levels (uint8), not {levels.dtype} of shape {levels.shape}"
        )
    return levels


def bytes_of(data: Buffer) -> bytes:
    """Return what is given as a file's bytes as such.

    Raises
    ------
    CodecError
        It holds no bytes.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise CodecError(f"a compressed image is bytes, not {type(data).__name__}")
    return bytes(data)


def of_run(autoencoder: keras.Model, tables: Tables) -> LatentCodec:
    """Return the codec of a model that does not ship with the package."""
    fingerprint = fingerprint_of(autoencoder.get_weights(), tables)
    return LatentCodec(0, "of a run", fingerprint, tables, lambda: OfKeras(autoencoder))


def fingerprint_of(weights: list[NDArray[Any]], tables: Tables) -> bytes:
    """Return the first 8 bytes of the SHA-256 of all weights, then the tables, little-endian."""
    digest = hashlib.sha256()
    for array in weights:
        digest.update(array.astype("<f4").tobytes())
    digest.update(tables.frequencies.astype("<u4").tobytes())
    return digest.digest()[:FINGERPRINT_BYTES]


@cache
def shipped(number: int = STANDARD) -> LatentCodec:
    """Return the codec of a model that ships with the package.

    Raises
    ------
    CodecError
        There is none of that number.
    """
    models = known()
    if number not in models:
        numbers = ", ".join(f"{known} ({entry['name']})" for known, entry in models.items())
        raise CodecError(f"made by model {number}, which this version lacks; it has {numbers}")
    entry = models[number]
    fingerprint = bytes.fromhex(entry["fingerprint"])
    tables = Tables(np.load(SHIPPED / f"{entry['name']}-tables.npy", allow_pickle=False))

    def load() -> Network:
        try:
            layers = layer_list.read(SHIPPED, entry["name"])
        except CodecError as error:
            raise _damaged(number) from error
        same_tables = np.array_equal(layers.frequencies, tables.frequencies)
        if layers.fingerprint != fingerprint or not same_tables:
            raise _damaged(number)
        return NumpyNetwork(layers)

    return LatentCodec(number, entry["name"], fingerprint, tables, load)


def shipped_autoencoder(number: int = STANDARD) -> keras.Model:
    """Return the Keras model from which the list of layers of a model that ships was made.

    Raises
    ------
    CodecError
        There is none of that number, or it is another one by its fingerprint.
    """
    of_number = shipped(number)
    autoencoder = model.load(SHIPPED / f"{of_number.name}.keras")
    if fingerprint_of(autoencoder.get_weights(), of_number.tables) != of_number.fingerprint:
        raise _damaged(number)
    return autoencoder


def _damaged(number: int) -> CodecError:
    return CodecError(f"the files of model {number} in {SHIPPED} are damaged: install anew")


def known() -> dict[int, dict[str, str]]:
    """Return the models that ship with the package, by number: name, fingerprint, origin."""
    entries: dict[str, dict[str, str]] = json.loads((SHIPPED / LIST).read_text(encoding="utf-8"))
    return {int(number): entry for number, entry in entries.items()}


def writer_of(data: Buffer) -> LatentCodec:
    """Return the codec that a file was written with, among those that ship with the package.

    Raises
    ------
    CodecError
        It is no such file, or a damaged one, or of a model that this version lacks.
    """
    header, _ = fileformat.unpack(bytes_of(data))
    return shipped(header.model)
