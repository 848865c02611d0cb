"""The codecs that need no training: each module in this folder holds one, as `CODEC`.

One more module joins all measurements, tables and plots; only its own codec is measured then. From
the least that is of any use to 2 bits per pixel on beans: so much its qualities should span.
"""

import pkgutil
from importlib import import_module

from reproduce.measure.rates.interface import PillowCodec

MODULES: dict[str, PillowCodec] = {
    module.name: import_module(f"{__name__}.{module.name}").CODEC
    for module in pkgutil.iter_modules(__path__)
}
"""By the names of their modules."""

REFERENCES: tuple[PillowCodec, ...] = tuple(
    sorted(MODULES.values(), key=lambda codec: (codec.year, codec.name))
)
"""In the order of their formats' ages."""
