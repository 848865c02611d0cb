"""Source `beans`: the paper's dataset, from the Hugging Face hub, and what is known of it."""

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, Split
from reproduce.data.sources.folder import folder_collection
from reproduce.data.sources.photographs import Collection, Photograph, decode

BEANS_REPOSITORY = "AI-Lab-Makerere/beans"
BEANS_REVISION = "27aa014ce09b193e1a6f58112d4a66e0eddb69c5"
BEANS_CLASSES = ("angular_leaf_spot", "bean_rust", "healthy")
BEANS_COUNTS: Mapping[Split, tuple[int, ...]] = {
    "train": (345, 348, 341),
    "validation": (44, 45, 44),
    "test": (43, 43, 42),
}
"""Images per class in each split of beans: 1034, 133 and 128 in all."""


def open_collection(parameters: Parameters) -> Collection:
    """Open beans: a local copy, if the parameters name its folder, or the hub's.

    Raises
    ------
    ReproduceError
        The hub can't be reached, or what is there is not the whole of beans.
    """
    folder = parameters.folder
    collection = folder_collection(Path(folder)) if folder else hub_collection()
    check_beans(collection, folder or f"{BEANS_REPOSITORY} on the hub")
    return collection


def hub_collection() -> Collection:
    """Load beans from the hub (or from its cache), at a pinned revision and in the hub's order.

    Raises
    ------
    ReproduceError
        The hub can't be reached and the cache does not hold the dataset.
    """
    import datasets

    data = _load_from_hub(datasets)
    labels = data["train"].features["labels"]
    splits = {}
    for split in SPLITS:
        # Undecoded, so that listing costs no pixels; each photograph decodes its own bytes.
        rows = data[split].cast_column("image", datasets.Image(decode=False))
        splits[split] = [
            Photograph(f"{split}[{index}]", label, partial(_decode_row, rows, index))
            for index, label in enumerate(rows["labels"])
        ]
    return Collection(tuple(labels.names), splits)


def _load_from_hub(datasets: Any) -> Any:
    import huggingface_hub

    advice = "connect to the internet, or use a local copy: make paper BEANS=DIR"
    try:
        # One quick question first: load_dataset itself retries for half a minute.
        huggingface_hub.HfApi().dataset_info(BEANS_REPOSITORY, revision=BEANS_REVISION, timeout=10)
    except Exception as error:  # noqa: BLE001  # "no network" comes as many unrelated types
        datasets.config.HF_HUB_OFFLINE = True
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
    else:
        cause = ""
    try:
        return datasets.load_dataset(BEANS_REPOSITORY, revision=BEANS_REVISION)
    except Exception as error:
        reason = cause or f"{type(error).__name__}: {error}".splitlines()[0]
        raise ReproduceError(
            f"cannot load {BEANS_REPOSITORY} from the hub ({reason}); {advice}"
        ) from error


def _decode_row(rows: Any, index: int) -> Image.Image:
    stored = rows[index]["image"]
    return decode(Path(stored["path"]) if stored["bytes"] is None else io.BytesIO(stored["bytes"]))


def check_beans(collection: Collection, where: str) -> None:
    """Check the known facts: class names, 1034/133/128 images, images per class."""
    if collection.classes != BEANS_CLASSES:
        raise ReproduceError(
            f"{where} is not beans: classes {collection.classes}, expected {BEANS_CLASSES}; "
            "use source 'folder' for other images"
        )
    for split, expected in BEANS_COUNTS.items():
        labels = [photograph.label for photograph in collection.splits[split]]
        found = tuple(labels.count(label) for label in range(len(BEANS_CLASSES)))
        if found != expected:
            raise ReproduceError(
                f"{where} is not the whole of beans: {split} holds {found} images of "
                f"{BEANS_CLASSES}, expected {expected}; fetch it anew, or use source 'folder'"
            )
