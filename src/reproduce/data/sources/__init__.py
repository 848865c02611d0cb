"""Three sources of photographs behind one interface.

A source opens as a `Collection`: class names and, per split, a sequence of `Photograph`s in a
fixed order. A photograph decodes its pixels only when asked to, so that a collection of any
length can be listed without holding an image in memory.
"""

from pathlib import Path

from reproduce.core.parameters import Parameters
from reproduce.data.sources.beans import (
    BEANS_CLASSES,
    BEANS_COUNTS,
    BEANS_REPOSITORY,
    check_beans,
    hub_collection,
)
from reproduce.data.sources.folder import folder_collection, walk
from reproduce.data.sources.photographs import Collection, Photograph
from reproduce.data.sources.sample import sample_collection

__all__ = [
    "BEANS_CLASSES",
    "BEANS_COUNTS",
    "Collection",
    "Photograph",
    "folder_collection",
    "hub_collection",
    "open_collection",
    "sample_collection",
    "walk",
]


def open_collection(parameters: Parameters) -> Collection:
    """Open the source that the parameters name.

    Raises
    ------
    ReproduceError
        The hub can't be reached, the folder is missing, empty or has too few images for a
        split, or beans is not what it is known to be.
    """
    if parameters.source == "sample":
        return sample_collection(parameters.image_size, parameters.crops_per_photograph)
    if parameters.source == "folder":
        return folder_collection(Path(parameters.folder))
    folder = parameters.folder
    collection = folder_collection(Path(folder)) if folder else hub_collection()
    check_beans(collection, folder or f"{BEANS_REPOSITORY} on the hub")
    return collection
