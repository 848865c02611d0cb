"""A trained model as a list of layers and one file of numbers, for readers that have no Keras.

    NAME.json   the layers in the order of the data, and where their weights stand
    NAME.bin    all weights as float32, then the entropy coder's tables as uint32, little-endian

The first 8 bytes of the SHA-256 of NAME.bin are the model's fingerprint, which compressed files
have in their header: so a reader finds the model of a file, and sees whether it has all of it.

The JSON object has these members:

    version         of this form: 1
    name            of the model with its weights, which the files have, too: "paper-0"
    model           as which it is registered (`models.registry`): "paper"
    number          as compressed files have it; 0 for a model that does not ship with the package
    fingerprint     16 hexadecimal digits
    channels        of the latent
    stride          pixels from one latent value to the next, in both directions
    encoder         a part: grey levels ÷ 255, H x W x 1, to the latent, ⌈H/stride⌉ x ⌈W/stride⌉
                    x channels
    attention       a part: the latent to the weighted latent, of the same shape
    decoder         a part: the weighted latent, h x w x channels, to grey levels ÷ 255,
                    (stride h) x (stride w) x 1, whose left top H x W are the image
    tables          the place of the tables: rows of contexts, columns of tokens; if there are
                    several channels, one such for each

A part has these:

    reach           how many latent places away its input can matter for its output; null if all
                    places can
    input, output   names of tensors
    layers          a list of layers; without any, the output is the input
    map             of the attention alone: the name of the attention map, h x w x channels in
                    (0, 1); null if there is none

A layer takes tensors, height x width x channels, and makes one, which has the layer's name. It
takes what layers before it have made, or its part's input:

    name, kind, inputs   the name, one of the kinds below, and the names of what it takes
    activation           what is applied to each value at the end: linear, relu, leaky_relu (x < 0
                         becomes 0.2 x), softplus (log(1 + exp x)) or sigmoid (1 / (1 + exp -x))
    weights              by their names, each with its place

A place is {"at": A, "shape": [...]}: the array of that shape, whose last index changes fastest,
that begins at byte A of NAME.bin. The kinds:

    convolution                     cross-correlation of stride 1 with kernel, height x width (both
                                    odd) x channels x filters, plus bias; beyond the input's edge
                                    there are zeros, so that height and width stay
    dense                           a convolution of one place, whose kernel is channels x filters
    maximum_pooling                 maximum of each block of 2 x 2, of what there is of it at the
                                    right and the lower edge: h x w becomes ⌈h/2⌉ x ⌈w/2⌉
    upsampling                      each value becomes a block of 2 x 2 of it
    activation                      the activation alone
    invert                          1 - a
    multiply, add                   of two inputs, value by value; one may have a single place, or
                                    a single channel, which then stands for all
    mean_over_places                of each channel: h x w x c becomes 1 x 1 x c
    maximum_over_places             likewise
    mean_and_maximum_over_channels  h x w x c becomes h x w x 2
    divisive_normalisation          each value times 1 / √n, with n = b² + 0.000001 + Σ g² x² over
                                    the channels x of its place; b is the value's of root_beta, g
                                    the value's column of root_gamma, channels x channels
    inverse_divisive_normalisation  the same times √n

So that two readers find the same whatever the order in which they add, a layer calculates in
double precision, and what it makes is rounded to single precision once, after its activation. Only
where a sum comes to lie within its last digits of the middle between two numbers can readers differ
at all, in one value of a thousand million or so.

An attention as trained is its part. At its mean everywhere: the map is replaced by the mean of each
of its channels. None: the decoder takes the latent itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reproduce.core import store
from reproduce.core.errors import CodecError
from reproduce.models import registry

VERSION = 1

KINDS = (
    "convolution",
    "dense",
    "maximum_pooling",
    "upsampling",
    "activation",
    "invert",
    "multiply",
    "add",
    "mean_over_places",
    "maximum_over_places",
    "mean_and_maximum_over_channels",
    "divisive_normalisation",
    "inverse_divisive_normalisation",
)

ACTIVATIONS = ("linear", "relu", "leaky_relu", "softplus", "sigmoid")

FINGERPRINT_BYTES = 8

WEIGHT = np.dtype("<f4")
FREQUENCY = np.dtype("<u4")


@dataclass(frozen=True)
class Place:
    """Where an array stands: the byte at which it begins, and its shape."""

    at: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A layer as the list has it (see above)."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    activation: str
    weights: Mapping[str, Place]


@dataclass(frozen=True)
class Part:
    """Encoder, attention or decoder; `map` is of an attention alone, and None if it has none."""

    reach: int | None
    input: str
    output: str
    layers: tuple[Layer, ...]
    map: str | None = None


@dataclass(frozen=True)
class LayerList:
    """A trained model with its tables; `numbers` is what NAME.bin holds."""

    name: str
    model: str
    number: int
    channels: int
    stride: int
    encoder: Part
    attention: Part
    decoder: Part
    tables: Place
    numbers: bytes

    @property
    def fingerprint(self) -> bytes:
        """The model's fingerprint, as compressed files have it."""
        return hashlib.sha256(self.numbers).digest()[:FINGERPRINT_BYTES]

    @property
    def decoding_reach(self) -> int | None:
        """How many latent places away values can matter for a pixel; None if all of them can."""
        if self.attention.reach is None or self.decoder.reach is None:
            return None
        return self.attention.reach + self.decoder.reach

    @property
    def frequencies(self) -> NDArray[np.uint32]:
        """The frequencies of the entropy coder's tables."""
        return self._array(self.tables, FREQUENCY).astype(np.uint32)

    def weights(self, place: Place) -> NDArray[np.float32]:
        """Return the weights at a place."""
        return self._array(place, WEIGHT).astype(np.float32)

    def _array(self, place: Place, kind: np.dtype[Any]) -> NDArray[Any]:
        flat = np.frombuffer(self.numbers, kind, prod(place.shape), place.at)
        return flat.reshape(place.shape)


def write(layers: LayerList, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the two files of a model to a folder, and return their paths.

    Raises
    ------
    CodecError
        The folder can't be written to, or they exist already and `force` isn't set.
    """
    members = asdict(layers)
    numbers = members.pop("numbers")
    for part in ("encoder", "decoder"):
        del members[part]["map"]
    described = {"version": VERSION, "fingerprint": layers.fingerprint.hex(), **members}
    files = {
        folder / f"{layers.name}.json": (json.dumps(described, indent=1) + "\n").encode(),
        folder / f"{layers.name}.bin": numbers,
    }
    found = [path for path in files if os.path.lexists(path)]
    if found and not force:
        raise CodecError(f"{found[0]} exists already: --force writes over it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            store.write_whole(path, content)
    except OSError as error:
        raise CodecError(
            f"cannot write to {folder}: {error.strerror}; choose a folder with room that you may "
            "write to"
        ) from error
    return list(files)


def read(folder: Path, name: str) -> LayerList:
    """Read the two files of a model.

    Raises
    ------
    CodecError
        They are missing, damaged, of another version, or do not belong together.
    """
    path = folder / f"{name}.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        numbers = path.with_suffix(".bin").read_bytes()
        version, fingerprint = described.pop("version"), described.pop("fingerprint")
        if version != VERSION:
            raise CodecError(f"{path}: of version {version}, and this reads version {VERSION}")
        layers = _read(described, numbers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CodecError(f"{path}: no readable list of layers ({error})") from error
    if layers.fingerprint.hex() != fingerprint:
        raise CodecError(f"{path.with_suffix('.bin')} is damaged, or not what {path.name} lists")
    return layers


def _read(described: dict[str, Any], numbers: bytes) -> LayerList:
    read: dict[str, Any] = {part: _part(described.pop(part)) for part in registry.KINDS}
    read["tables"] = _place(described.pop("tables"))
    return LayerList(**described, **read, numbers=numbers)


def _part(described: dict[str, Any]) -> Part:
    layers = tuple(_layer(layer) for layer in described.pop("layers"))
    return Part(**described, layers=layers)


def _layer(described: dict[str, Any]) -> Layer:
    kind, activation = described["kind"], described["activation"]
    if kind not in KINDS or activation not in ACTIVATIONS:
        raise ValueError(f"layer {described['name']!r} is of kind {kind!r} with {activation!r}")
    inputs = tuple(described.pop("inputs"))
    weights = {name: _place(place) for name, place in described.pop("weights").items()}
    return Layer(**described, inputs=inputs, weights=weights)


def _place(described: dict[str, Any]) -> Place:
    return Place(described["at"], tuple(described["shape"]))
