"""The models there are: each an encoder, an attention and a decoder, known by their names.

    image ──> encoder ──> latent ──> attention ──> weighted latent ──> decoder ──> logits
    H x W                 h x w x channels          h x w x channels                H x W

A module in `models/encoders/`, `models/attentions/` or `models/decoders/` with one decorated
function is a part. A part's name is a model's, too: that part among the paper's others. Names
joined by + are a model of several such parts.

    >>> find("no-attention").attention.name, find("no-attention").encoder.name
    ('no-attention', 'paper')

From there on the model trains, is scored, compressed and shown: the parameter `model` names it.
Nothing here loads TensorFlow: a mistyped name is told at once.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import ClassVar, Literal

from reproduce.core.backend import keras
from reproduce.core.errors import ReproduceError

PAPER = "paper"
"""Name of the paper's model, and of each of its parts."""

Kind = Literal["encoder", "attention", "decoder"]
KINDS: tuple[Kind, ...] = ("encoder", "attention", "decoder")

TAKEN = {"codecs", "data"}
"""Names of folders beside those of models, in builds and records."""


@dataclass(frozen=True)
class Encoder:
    """Image to latent.

    Attributes
    ----------
    name, label
        For parameters and folders, and for people.
    build
        Returns a Keras model named `encoder`: N x H x W x 1, in [0, 1], to N x h x w x channels
        with values of 0 or more, where h = ⌈H / stride⌉ and w = ⌈W / stride⌉.
    channels, stride
        Of the latent: values at a place, and pixels from one place to the next.
    reach
        How many latent places away pixels can matter for a place.
    module
        Where it is defined: its source is part of what the trained model depends on.
    """

    kind: ClassVar[Kind] = "encoder"

    name: str
    label: str
    build: "Callable[[], keras.Model]"
    channels: int
    stride: int
    reach: int
    module: str


@dataclass(frozen=True)
class Attention:
    """Latent to weighted latent.

    Attributes
    ----------
    name, label, module
        As of an encoder.
    build
        Takes the number of channels and returns a Keras model named `attention`:
        N x h x w x channels to the same shape.
    has_map
        Whether a layer of that model, named `attention_map`, puts out an attention map,
        N x h x w x channels in (0, 1).
    reach
        How many latent places away values can matter for a place; None if all of them can.
    """

    kind: ClassVar[Kind] = "attention"

    name: str
    label: str
    build: "Callable[[int], keras.Model]"
    has_map: bool
    reach: int | None
    module: str


@dataclass(frozen=True)
class Decoder:
    """Weighted latent to what the last sigmoid takes.

    Attributes
    ----------
    name, label, module
        As of an encoder.
    build
        Takes the number of channels and the stride and returns a Keras model named `decoder`:
        N x h x w x channels to N x (stride h) x (stride w) x 1.
    reach
        How many latent places away values can matter for a pixel.
    strides
        Of the latents that it takes.
    """

    kind: ClassVar[Kind] = "decoder"

    name: str
    label: str
    build: "Callable[[int, int], keras.Model]"
    reach: int
    module: str
    strides: tuple[int, ...] = (2,)


@dataclass(frozen=True)
class Model:
    """An encoder, an attention and a decoder that work together."""

    name: str
    encoder: Encoder
    attention: Attention
    decoder: Decoder

    @property
    def parts(self) -> tuple[Encoder, Attention, Decoder]:
        """All three, in the order of the data."""
        return self.encoder, self.attention, self.decoder

    @property
    def label(self) -> str:
        """What people read: of the parts that are not the paper's."""
        others = [part.label for part in self.parts if part.name != PAPER]
        return " and ".join(others) or "the paper's model"

    @property
    def decoding_reach(self) -> int | None:
        """How many latent places away values can matter for a pixel; None if all of them can."""
        if self.attention.reach is None:
            return None
        return self.attention.reach + self.decoder.reach


_ENCODERS: dict[str, Encoder] = {}
_ATTENTIONS: dict[str, Attention] = {}
_DECODERS: dict[str, Decoder] = {}


def encoder(
    name: str, label: str, *, channels: int, stride: int, reach: int
) -> "Callable[[Callable[[], keras.Model]], Callable[[], keras.Model]]":
    """Register the function below as the build function of an encoder (see `Encoder`)."""

    def register(build: "Callable[[], keras.Model]") -> "Callable[[], keras.Model]":
        _ENCODERS[name] = Encoder(name, label, build, channels, stride, reach, build.__module__)
        return build

    return register


def attention(
    name: str, label: str, *, has_map: bool, reach: int | None
) -> "Callable[[Callable[[int], keras.Model]], Callable[[int], keras.Model]]":
    """Register the function below as the build function of an attention (see `Attention`)."""

    def register(build: "Callable[[int], keras.Model]") -> "Callable[[int], keras.Model]":
        _ATTENTIONS[name] = Attention(name, label, build, has_map, reach, build.__module__)
        return build

    return register


def decoder(
    name: str, label: str, *, reach: int, strides: tuple[int, ...] = (2,)
) -> "Callable[[Callable[[int, int], keras.Model]], Callable[[int, int], keras.Model]]":
    """Register the function below as the build function of a decoder (see `Decoder`)."""

    def register(build: "Callable[[int, int], keras.Model]") -> "Callable[[int, int], keras.Model]":
        _DECODERS[name] = Decoder(name, label, build, reach, build.__module__, strides)
        return build

    return register


def find(name: str) -> Model:
    """Return the model of that name.

    Raises
    ------
    ReproduceError
        There is none; the message names those that there are. Or its decoder doesn't take what its
        encoder makes.
    """
    _load_parts()
    chosen: dict[Kind, str] = {}
    for word in [] if name == PAPER else name.split("+"):
        kinds = [kind for kind in KINDS if word != PAPER and word in _names(kind)]
        if not kinds or kinds[0] in chosen:
            raise ReproduceError(
                f"parameter 'model': {name!r} is no model; known are {PAPER}, and of others, "
                f"alone or one of each kind joined by +, the {_parts()}"
            )
        chosen[kinds[0]] = word
    model = Model(
        name,
        _ENCODERS[chosen.get("encoder", PAPER)],
        _ATTENTIONS[chosen.get("attention", PAPER)],
        _DECODERS[chosen.get("decoder", PAPER)],
    )
    if not _fits(model.encoder, model.decoder):
        fitting = [one.name for one in _DECODERS.values() if _fits(model.encoder, one)]
        raise ReproduceError(
            f"parameter 'model': {name!r} has a latent value at every {model.encoder.stride}th "
            f"pixel, which the decoder {model.decoder.name!r} doesn't take; join one that does by "
            f"+: {', '.join(fitting) or 'there is none'}"
        )
    return model


def known() -> list[str]:
    """Return the names of the models that have at most one part which isn't the paper's."""
    _load_parts()
    names = sorted(name for kind in KINDS for name in _names(kind) if name != PAPER)
    unfit = {one.name for one in _ENCODERS.values() if not _fits(one, _DECODERS[PAPER])}
    return [PAPER, *(name for name in names if name not in unfit)]


def _parts() -> str:
    """Return the names of all parts but the paper's, as an error tells them."""
    return "; ".join(
        f"{kind}s {', '.join(sorted(name for name in _names(kind) if name != PAPER))}"
        for kind in KINDS
    )


def _fits(of_encoder: Encoder, of_decoder: Decoder) -> bool:
    return of_encoder.stride in of_decoder.strides


def _names(kind: Kind) -> list[str]:
    names = {"encoder": [*_ENCODERS], "attention": [*_ATTENTIONS], "decoder": [*_DECODERS]}
    return names[kind]


@cache
def _load_parts() -> None:
    """Import every module in the folders of parts, which registers them.

    Raises
    ------
    ValueError
        Two parts share a name, or one has a name that stands for something else.
    """
    for kind in KINDS:
        package = import_module(f"{__package__}.{kind}s")
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    names = [name for kind in KINDS for name in _names(kind) if name != PAPER]
    for name in names:
        if names.count(name) > 1 or name in TAKEN:
            raise ValueError(f"the name {name!r} of a part is taken")
