"""Time and memory of the paper's script and of ours, in turn, each in a process of its own.

`make bench` runs this and writes results/benchmark.json; `reproduce.results.costs` reads it.
Nothing here asserts a speed: a test fails only if a subject does.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.conftest import AVX512
from reproduce.results.costs import AS_IT_IS, WITHOUT_AVX512

# The last decorator's values change slowest, so the subjects alternate.
in_turn = pytest.mark.parametrize("subject", ["literal", "ours"])

Some = Callable[[int, int], Path]
Measure = Callable[..., None]

# The paper's own setting, and one that is done in seconds.
FULL = {
    "training": {"size": 500, "count": 64, "batch_size": 32},
    "memory": {"size": 500, "count": 1034, "batch_size": 32},
    "loading": {"size": 500, "count": 1034},
    "reconstruction": {"size": 500, "count": 128},
}
QUICK = {
    "training": {"size": 64, "count": 8, "batch_size": 4},
    "memory": {"size": 64, "count": 16, "batch_size": 4},
    "loading": {"size": 64, "count": 16},
    "reconstruction": {"size": 64, "count": 8},
}

# Batches of 4: with the paper's 32, the literal script would take some 66 GB at 2,000 pixels. And
# 126 pixels, not 125: it cannot train on images of an odd side, for it returns larger ones.
BY_SIZE = {"count": 8, "batch_size": 4}
SIZES = [126, 250, 500, 1000, 2000]


@in_turn
@pytest.mark.parametrize("processor", [AS_IT_IS, WITHOUT_AVX512])
def test_training(
    subject: str, processor: str, round_number: int, some: Some, measure: Measure, quick: bool
) -> None:
    if processor != AS_IT_IS and (quick or not AVX512):
        pytest.skip("in the quick form, or this processor is one without AVX-512")
    settings = (QUICK if quick else FULL)["training"]
    folder = some(settings["count"], 1)
    measure(subject, "training", {"folder": str(folder), **settings}, processor)


@in_turn
def test_memory(subject: str, round_number: int, some: Some, measure: Measure, quick: bool) -> None:
    settings = (QUICK if quick else FULL)["memory"]
    measure(subject, "memory", {"folder": str(some(settings["count"], 1)), **settings})


@in_turn
def test_loading(
    subject: str, round_number: int, some: Some, measure: Measure, quick: bool
) -> None:
    settings = (QUICK if quick else FULL)["loading"]
    measure(subject, "loading", {"folder": str(some(settings["count"], 1)), **settings})


@in_turn
@pytest.mark.parametrize("processor", [AS_IT_IS, WITHOUT_AVX512])
def test_reconstruction(
    subject: str,
    processor: str,
    round_number: int,
    some: Some,
    measure: Measure,
    weights: Path,
    quick: bool,
) -> None:
    if processor != AS_IT_IS and (quick or not AVX512):
        pytest.skip("in the quick form, or this processor is one without AVX-512")
    settings = (QUICK if quick else FULL)["reconstruction"]
    files = {"folder": str(some(1, settings["count"])), "weights": str(weights)}
    measure(subject, "reconstruction", {**files, **settings}, processor)


@in_turn
@pytest.mark.parametrize("size", SIZES)
def test_training_by_size(
    subject: str, size: int, round_number: int, some: Some, measure: Measure, quick: bool
) -> None:
    if quick and size > SIZES[0]:
        pytest.skip("the quick form has one size")
    folder = some(BY_SIZE["count"], 1)
    measure(subject, "training", {"folder": str(folder), "size": size, **BY_SIZE})


@in_turn
@pytest.mark.parametrize("count", [128, 256, 512])
@pytest.mark.parametrize("thing", ["memory", "loading"])
def test_number_of_images(
    subject: str,
    thing: str,
    count: int,
    round_number: int,
    some: Some,
    measure: Measure,
    quick: bool,
) -> None:
    if quick or round_number > 0:
        pytest.skip("once, and not in the quick form, which has one number of images")
    settings = {**FULL[thing], "count": count}
    measure(subject, thing, {"folder": str(some(count, 1)), **settings})
