"""What the paper's script costs and what this project costs, from the benchmark's last result.

`make bench` measures (`benchmarks/`) and writes results/benchmark.json; this reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from reproduce.core import store
from reproduce.core.environment import Machine
from reproduce.core.errors import ReproduceError
from reproduce.core.values import Value

RESULT = "benchmark.json"

AS_IT_IS = "as it is"
WITHOUT_AVX512 = "without AVX-512"


class Measurement(Value):
    """One measurement of the benchmark.

    Attributes
    ----------
    thing
        What was measured: training, memory, loading, …
    subject
        The paper's script, or what this project does in its place.
    processor
        `as it is`, or with what a processor without AVX-512 would use.
    settings
        Of images and batches: size, count, batch_size.
    measured
        Seconds and bytes, by name.
    """

    thing: str
    subject: Literal["literal", "ours"]
    processor: str
    settings: dict[str, int]
    measured: dict[str, float]


class Benchmark(Value):
    """The benchmark's result.

    Attributes
    ----------
    commit
        Ends in `-dirty` if the checkout had uncommitted changes; "" outside of git.
    measured
        The day.
    images
        Which photographs were taken.
    settings
        Those of each thing in the paper's own setting.
    """

    machine: Machine
    versions: dict[str, str]
    commit: str
    measured: str
    images: str
    settings: dict[str, dict[str, int]]
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Quantity:
    """What is compared.

    Attributes
    ----------
    label
        For people.
    thing, processor
        Of the measurements.
    literal, ours
        Which number of each subject's measurement counts, in seconds or bytes: less is better.
    """

    label: str
    thing: str
    literal: str
    ours: str
    processor: str = AS_IT_IS


QUANTITIES = (
    Quantity("training, one image", "training", "seconds", "seconds"),
    Quantity("training, one image", "training", "seconds", "seconds", WITHOUT_AVX512),
    Quantity("peak memory of training", "memory", "peak_bytes", "peak_bytes"),
    Quantity("files to first step, cold", "loading", "seconds", "seconds"),
    Quantity("files to first step, warm", "loading", "seconds", "warm_seconds"),
    Quantity("test images with PNG sizes", "reconstruction", "seconds", "seconds"),
    Quantity("test images with PNG sizes", "reconstruction", "seconds", "seconds", WITHOUT_AVX512),
)
"""The rows of the benchmark's table."""


@dataclass(frozen=True)
class Comparison:
    """The rounds of one quantity: numbers of the paper's script and of ours, taken in turn."""

    quantity: Quantity
    literal: Sequence[float]
    ours: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Literal ÷ ours, round by round: above 1 is better."""
        return [one / other for one, other in zip(self.literal, self.ours, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)


def read(path: Path | None = None) -> Benchmark:
    """Read the benchmark's result, by default the committed one.

    Raises
    ------
    ReproduceError
        There is none.
    """
    path = path or store.project_root() / "results" / RESULT
    if not path.is_file():
        raise ReproduceError(f"no result of the benchmark, {path}; make one with: make bench")
    return Benchmark.model_validate_json(path.read_text(encoding="utf-8"))


def numbers(
    result: Benchmark,
    thing: str,
    subject: str,
    number: str,
    settings: Mapping[str, int],
    processor: str = AS_IT_IS,
) -> list[float]:
    """Return one number of a measurement, round by round, where all these settings hold."""
    return [
        measurement.measured[number]
        for measurement in result.measurements
        if (measurement.thing, measurement.subject, measurement.processor)
        == (thing, subject, processor)
        and settings.items() <= measurement.settings.items()
    ]


def comparisons(result: Benchmark) -> list[Comparison]:
    """Return the quantities that the result has measurements of, in the paper's own setting."""
    found = []
    for quantity in QUANTITIES:
        settings = result.settings[quantity.thing]
        literal, ours = (
            numbers(result, quantity.thing, subject, number, settings, quantity.processor)
            for subject, number in (("literal", quantity.literal), ("ours", quantity.ours))
        )
        if literal:
            found.append(Comparison(quantity, literal, ours))
    return found


def by_setting(
    result: Benchmark, thing: str, number: str, setting: str, fixed: Mapping[str, int]
) -> dict[str, dict[int, float]]:
    """Return medians for plotting: for each subject, from the setting's values to the numbers.

    `fixed` are the other settings that a measurement must have.
    """
    curves: dict[str, dict[int, float]] = {}
    for subject in ("literal", "ours"):
        values = {
            measurement.settings[setting]
            for measurement in result.measurements
            if measurement.thing == thing
            and measurement.subject == subject
            and setting in measurement.settings
        }
        curves[subject] = {
            value: median(found)
            for value in sorted(values)
            if (found := numbers(result, thing, subject, number, {**fixed, setting: value}))
        }
    return curves


@dataclass(frozen=True)
class Scale:
    """What a number of images of 500 x 500 pixels costs on the benchmark's machine.

    Calculated from what was measured with fewer: times grow in proportion, memory by the measured
    slope. Times in seconds, memory and disk in bytes.
    """

    images: int
    preparing: float
    epoch: float
    scoring: float
    disk: float
    training_memory: float
    preparing_memory: float
    scoring_memory: float
    literal_memory: float


def at_scale(result: Benchmark, images: int) -> Scale:
    """Return what this many images cost, calculated from the benchmark's result."""
    of = result.settings

    def time_per_image(thing: str) -> float:
        seconds = median(numbers(result, thing, "ours", "seconds", of[thing]))
        return seconds / float(of[thing]["count"])

    def memory(thing: str, subject: str, fixed: Mapping[str, int]) -> float:
        """Extrapolate a line through the fewest and the most images that were measured."""
        curve = by_setting(result, thing, "peak_bytes", "count", fixed)[subject]
        (few, at_few), *_, (many, at_many) = curve.items()
        slope = max(0.0, (at_many - at_few) / (many - few))  # else it is noise
        return at_few + slope * (images - few)

    side = of["training"]["size"]
    return Scale(
        images=images,
        preparing=images * time_per_image("loading"),
        epoch=images * median(numbers(result, "training", "ours", "seconds", of["training"])),
        scoring=images * time_per_image("reconstruction"),
        disk=images * side * side,
        training_memory=memory("memory", "ours", {"size": side}),
        preparing_memory=memory("preparing", "ours", {}),
        scoring_memory=memory("scoring", "ours", {}),
        literal_memory=memory("memory", "literal", {"size": side}),
    )


def images_that_fit(result: Benchmark) -> int:
    """Return with how many images the paper's script fills the benchmark machine's memory."""
    one, two = (at_scale(result, images).literal_memory for images in (0, 1))
    return int((result.machine.memory_bytes - one) / (two - one))
