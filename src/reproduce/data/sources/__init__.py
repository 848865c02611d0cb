"""Sources of photographs behind one interface: a module each, named as in `Parameters.source`.

A source opens as a `Collection`: class names and, per split, a sequence of `Photograph`s in a
fixed order. A photograph decodes its pixels only when asked to, so that a collection of any
length can be listed without holding an image in memory.
"""

from importlib import import_module

from reproduce.core.parameters import Parameters
from reproduce.data.sources.photographs import Collection, Photograph

__all__ = ["Collection", "Photograph", "module_of", "open_collection"]


def module_of(source: str) -> str:
    """Return the name of a source's module, whose function `open_collection` opens it."""
    return f"{__name__}.{source}"


def open_collection(parameters: Parameters) -> Collection:
    """Open the source that the parameters name.

    Raises
    ------
    ReproduceError
        The hub can't be reached, the folder is missing, empty or has too few images for a
        split, or beans is not what it is known to be.
    """
    # By its name alone: what is prepared from one source does not depend on the code of another.
    collection: Collection = import_module(module_of(parameters.source)).open_collection(parameters)
    return collection
