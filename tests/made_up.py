"""Numbers made up for tests, all of them different, and what they come to by the shortest way."""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from reproduce.chapters import gallery
from reproduce.core.environment import Machine
from reproduce.core.study import Study
from reproduce.measure.comparison import Comparison
from reproduce.measure.subject import Subject
from reproduce.results.costs import AS_IT_IS, WITHOUT_AVX512, Benchmark, Measurement
from reproduce.results.findings import Finding, Findings, Outcome
from reproduce.results.growth import Growth, OfImages, OfJobs


def psnr(original: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of grey levels, by its definition."""
    return 10 * math.log10(255**2 / np.mean((original.astype(float) - other) ** 2))


def png_bytes(levels: np.ndarray) -> int:
    """Bytes of grey levels as Pillow writes a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format="PNG")
    return buffer.tell()


STUDENTS_T = {2: 12.706204736, 3: 4.302652730, 5: 2.776445105, 6: 2.570581836}
"""Of 97.5 %, by the number of values: from tables, with one degree of freedom less."""


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean."""
    margin = STUDENTS_T[len(values)] * np.std(values, ddof=1) / math.sqrt(len(values))
    return float(np.mean(values) - margin), float(np.mean(values) + margin)


def levels(seed: int, height: int = 6, width: int = 8) -> np.ndarray:
    """Grey levels that all differ."""
    return (
        np.random.default_rng(seed)
        .permutation(256)[: height * width]
        .astype(np.uint8)
        .reshape(height, width)
    )


def gallery_rows() -> tuple[list[gallery.Row], dict[str, dict[str, np.ndarray]]]:
    """Two images with all that is made of them, every picture another.

    The blur and the two codecs beat the autoencoder's picture more often than that of its file.
    """
    rows, shown = [], {}
    for number, name in enumerate(
        ("train/rust/rust_train.0.jpg", "test/healthy/healthy_test.7.jpg")
    ):
        made = {
            key: levels(207 + 10 * number + place)
            for place, key in enumerate(
                ("original", "autoencoder", "blur-1", "mid-grey", "file", "jpeg", "avif")
            )
        }
        labels = {"autoencoder": "autoencoder", "blur-1": "blur, σ = 1", "mid-grey": "mid-grey"}
        files = {"autoencoder": "autoencoder", "jpeg": "JPEG", "avif": "AVIF"}
        rows.append(
            gallery.Row(
                Subject(None, made["original"], name),
                {
                    key: gallery.Result(label, 100 * n + 7 + number, made[key])
                    for n, (key, label) in enumerate(labels.items(), 1)
                },
                {
                    key: gallery.Result(
                        label, 1000 * n + 3 + number, made["file" if n == 1 else key]
                    )
                    for n, (key, label) in enumerate(files.items(), 1)
                },
            )
        )
        shown[name] = made
    return rows, shown


# --------------------------------------------------------------------------------- the benchmark

THINGS: dict[str, dict[str, tuple[int, ...]]] = {
    "training": {"size": (250, 500, 1000), "count": (32,)},
    "loading": {"size": (500,), "count": (64, 512)},
    "memory": {"size": (500,), "count": (64, 512)},
    "reconstruction": {"size": (500,), "count": (128,)},
    "preparing": {"size": (64,), "count": (1000, 5000)},
    "scoring": {"size": (64,), "count": (1000, 5000)},
}
_NUMBERS = {"seconds": 0.01, "warm_seconds": 0.003, "peak_bytes": 3.1e7}
_PROCESSORS = {AS_IT_IS: 1.0, WITHOUT_AVX512: 1.37}
_ROUNDS = {"literal": (2.0, 5.0, 2.9), "ours": (1.0, 3.7, 1.2)}
"""The median of each is the last, its mean another, and the median of the ratios the first."""


def one_round(
    thing: str, subject: str, number: str, at: int, round_: int, processor: str = AS_IT_IS
) -> float:
    """A number of one round: no two are the same."""
    return (
        _NUMBERS[number]
        * (1 + list(THINGS).index(thing) * 0.43)
        * math.sqrt(at)
        * _ROUNDS[subject][round_]
        * _PROCESSORS[processor]
    )


def median_of_rounds(
    thing: str, subject: str, number: str, at: int, processor: str = AS_IT_IS
) -> float:
    """The middle one of all rounds."""
    return one_round(thing, subject, number, at, 2, processor)


def benchmark_result() -> Benchmark:
    """A result of the benchmark with all that pages take from one."""
    measurements: list[dict[str, Any]] = [
        {
            "thing": thing,
            "subject": subject,
            "processor": processor,
            "settings": {"size": size, "count": count},
            "measured": {
                number: one_round(
                    thing,
                    subject,
                    number,
                    size if thing == "training" else count,
                    round_,
                    processor,
                )
                for number in _NUMBERS
            },
        }
        for round_ in range(3)
        for thing, settings in THINGS.items()
        for subject in _ROUNDS
        for processor in _PROCESSORS
        for size in settings["size"]
        for count in settings["count"]
    ]
    book = {"install": 61.23, "fresh": 243.71, "nothing": 5.34, "sentence": 17.82, "caption": 29.14}
    measurements.append(
        {
            "thing": "book",
            "subject": "ours",
            "processor": AS_IT_IS,
            "settings": {},
            "measured": book,
        }
    )
    return Benchmark(
        machine=Machine(processor="P9", cores=7, memory_bytes=24 * 10**9, system="Linux 9"),
        versions={"python": "3.1", "tensorflow": "2.2", "keras": "3.3", "pillow": "4.4"},
        commit="0123456789abcdef",
        measured="2026-01-02",
        images="photographs of noise",
        settings={
            "training": {"size": 500, "count": 32},
            "training_by_size": {"count": 32},
            "loading": {"size": 500, "count": 512},
            "memory": {"size": 500, "count": 512},
            "reconstruction": {"size": 500, "count": 128},
        },
        measurements=tuple(Measurement(**one) for one in measurements),
    )


def growth_result() -> Growth:
    """A result of how the workflow grows: two stages, one of which was not measured to the end."""
    images = [("data", 100, 1.25, 81), ("data", 1_000, 17.5, 92), ("rates", 100, 40.5, 703)]
    jobs = [(10, 3.25, 213, 27.5), (100, 4.5, 224, 207.5), (1_000, 9.75, 285, None)]
    return Growth(
        machine=Machine(processor="P8", cores=6, memory_bytes=23 * 10**9, system="Linux 8"),
        versions={"python": "3.2", "tensorflow": "2.3"},
        commit="fedcba9876543210",
        measured="2031-02-03",
        image_size=48,
        longest=77.0,
        images=tuple(
            OfImages(
                stage=stage, images=count, processor_seconds=seconds, peak_bytes=memory * 10**6
            )
            for stage, count, seconds, memory in images
        ),
        jobs=tuple(
            OfJobs(
                jobs=count,
                planning_seconds=planning,
                planning_bytes=memory * 10**6,
                running_seconds=running,
            )
            for count, planning, memory, running in jobs
        ),
    )


def rates(
    factor: float = 1.0,
    images: int = 6,
    seed: int = 0,
    spread: float = 0.0,
    psnr_db: Sequence[float] = (20, 23, 26, 29, 32),
) -> pd.DataFrame:
    """A model's own files: each image's bytes for a PSNR, times a factor that scatters over images.

    Each image has one decibel more than the one before it.
    """
    random = np.random.default_rng(seed)
    rows = [
        {
            "image": image,
            "size": "full",
            "codec": "autoencoder",
            "quality": quality,
            "bpp": 0.1 * (1 + image) * factor * scatter * 2**quality,
            "psnr_db": image + value,
        }
        for image, scatter in enumerate(np.exp(spread * random.standard_normal(images)))
        for quality, value in enumerate(psnr_db)
    ]
    return pd.DataFrame(rows)


def study_findings() -> Findings:
    """What a study of two questions found: of each verdict one, and runs that came to nothing.

    A run's files have 0.1 (place + 1) bits per pixel at quality 1 and twice that at quality 2,
    where place is that of the run among all; its PSNR rises by 2 dB.
    """
    said = {"expects": "No.", "refuted_by": "A better one."}
    plan = Study.model_validate(
        {
            "profile": "quarter",
            "stages": ["own-files"],
            "questions": {
                "first-thing": {
                    **said,
                    "asks": "Is it of use?",
                    "reference": "paper",
                    "seeds": "0..2",
                    "variants": {
                        "paper": {"model": "paper"},
                        "none": {"model": "no-attention"},
                        "l1": {"regularisation": "latent-l1", "regularisation_weight": 0.01},
                    },
                },
                "second": {
                    **said,
                    "asks": "And more?",
                    "reference": "none",
                    "seeds": "1",
                    "variants": {
                        "noise-20": {"quantisation": "noise", "epochs": 20},
                        "deeper": {"model": "deeper-encoder+residual-decoder"},
                        "lost": {"model": "softplus-latent"},
                    },
                },
            },
        }
    )
    runs: dict[str, dict[int, float | None]] = {
        "paper": {0: 24.0, 1: 25.5, 2: None},
        "none": {0: 26.5, 1: 23.5, 2: 24.5},
        "l1": {0: 27.5, 1: 22.5, 2: 21.0},
        "noise-20": {1: 28.5},
        "deeper": {1: 29.5},
        "lost": {1: 19.0},
    }
    dead = {("l1", 2), ("lost", 1)}
    outcomes: dict[str, dict[int, Outcome]] = {}
    place = 0
    for variant, of_seeds in runs.items():
        for seed, best in of_seeds.items():
            place += 1
            if best is None:
                outcomes.setdefault(variant, {})[seed] = Outcome("diverged")
                continue
            outcomes.setdefault(variant, {})[seed] = Outcome(
                "dead" if (variant, seed) in dead else "learned",
                _own_files(0.1 * place, best),
                best_psnr_db=best,
                weights=1000 + 100 * len(outcomes),
                encoding_multiplications=200 * len(outcomes) ** 2,
                decoding_multiplications=50,
            )
    nan = math.nan
    return Findings(
        plan,
        outcomes,
        (
            Finding("first-thing", "none", Comparison(-20, -30, -12.5, 0.01, {0: -25, 1: -14}, 2),
                    0.04, "fewer bytes"),
            Finding("first-thing", "l1", Comparison(2, -3, 4, 0.3, {0: 5, 1: -1}, 2), 0.6,
                    "no difference"),
            Finding("second", "noise-20", Comparison(60, math.nan, math.nan, math.nan, {1: 60}, 1),
                    math.nan, "undecided"),
            Finding("second", "deeper", Comparison(33, 31, 36, 0.001, {1: 33}, 1), 0.003,
                    "more bytes"),
            Finding("second", "lost", Comparison(nan, nan, nan, nan, {}, 0), math.nan,
                    "not comparable"),
        ),
        frozenset({"c0ffee"}),
    )  # fmt: skip


def unfinished_findings() -> Findings:
    """The same while its last run isn't made."""
    whole = study_findings()
    *others, last = whole.findings
    return replace(
        whole,
        outcomes={**whole.outcomes, "lost": {1: Outcome("not made")}},
        findings=(*others, replace(last, verdict="unfinished")),
    )


def _own_files(rate: float, best: float) -> pd.DataFrame:
    """Two images by two steps; their means are that rate and twice it, and up to that PSNR."""
    return pd.DataFrame(
        [
            {"image": image, "quality": quality, "bpp": rate * quality * factor,
             "psnr_db": best - 4 + 2 * quality + shift}
            for image, factor, shift in (("a", 0.8, 0.5), ("b", 1.2, -0.5))
            for quality in (1, 2)
        ]
    )  # fmt: skip
