"""Does memory stay flat as the number of images grows? Ours alone, on many small files."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from reproduce.data.sources.sample import sample_collection

SIZE = 64
COUNTS = (1000, 5000, 20000)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A function that writes `count` small test images, and a few training images: many(count)."""
    pieces = [
        photograph.decode().convert("RGB")
        for photograph in sample_collection(300, 9).splits["train"]
    ]

    @cache
    def many(count: int) -> Path:
        folder = tmp_path_factory.mktemp("many")
        random = np.random.default_rng(0)
        for split, images in (("train", 8), ("test", count)):
            (folder / split).mkdir()
            for number in range(images):
                image = pieces[random.integers(len(pieces))]
                left, top = random.integers(0, 300 - SIZE, 2).tolist()
                crop = image.crop((left, top, left + SIZE, top + SIZE))
                crop.save(folder / split / f"{number:06d}.jpg", quality=95)
        return folder

    return many


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("thing", ["preparing", "scoring"])
def test_many_images(
    thing: str,
    count: int,
    many: Callable[[int], Path],
    measure: Callable[..., None],
    weights: Path,
    quick: bool,
) -> None:
    if quick:
        count = 50 if count == COUNTS[0] else pytest.skip("the quick form has one small folder")
    settings = {"folder": str(many(count)), "size": SIZE, "count": count}
    measure(
        "ours", thing, settings if thing == "preparing" else {**settings, "weights": str(weights)}
    )
