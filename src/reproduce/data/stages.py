"""The stage of this room: photographs become grey arrays."""

import hashlib
import os
from pathlib import Path
from typing import Any

from reproduce.core.parameters import Parameters
from reproduce.core.stage import Stage
from reproduce.data import sources
from reproduce.data.sources.folder import walk


def listing_digest(folder: Path) -> str:
    """Return a hash of a folder's file names, sizes and times, which changes with the files.

    Of what is no regular file, only the name counts.
    """
    digest = hashlib.sha256()
    start = len(os.path.join(folder, ""))  # noqa: PTH118  # paths are slow by the thousand
    for file, status in walk(folder):
        digest.update(os.fsencode(file[start:]))
        told = f"{status.st_size}\0{status.st_mtime_ns}" if status else ""
        digest.update(f"\0{told}\n".encode())
    return digest.hexdigest()[:16]


def _contents(parameters: Parameters) -> dict[str, Any]:
    """Return what tells one folder's images from another's; beans on the hub is pinned."""
    if not parameters.folder:
        return {}
    return {"listing": listing_digest(Path(parameters.folder))}


def _source(parameters: Parameters) -> list[str]:
    """Return the module that opens the source."""
    return [sources.module_of(parameters.source)]


DATA = Stage(
    name="data",
    title="Decode the images, turn them grey and store them as arrays",
    made_by="reproduce.data.preparation:make",
    reads=("source", "image_size", "other_sizes", "bad_images", "crops_per_photograph"),
    packages=("numpy", "pillow", "pillow-jxl-plugin", "scikit-image"),
    of_seed=False,
    modules=_source,
    contents=_contents,
)
