"""Measure what each stage takes of more and more images, and the workflow of more and more jobs.

    python -m benchmarks.growth results/growth.json

The images are crops of the excerpt's photographs, as JPEG files. What would take too long by what
was measured before is left out. It takes a quarter of an hour of one processor.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from reproduce.core import environment, store
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.measure import stages
from reproduce.results import growth
from reproduce.results.growth import Growth, OfImages, OfJobs

SIZE = 32
IMAGES = (100, 1_000, 10_000, 100_000)
FEW = 8
"""Images of the split that a stage doesn't work on."""

JOBS = (10, 100, 1_000)
RUN = (10, 100)
"""So many jobs are run, too."""

LONGEST = 150.0
"""Processor seconds that one measurement may take, as far as the ones before tell."""

OF_TRAINING = ("model", "codec")
"""What works on the images of the training split, and not on those for tests."""

MEASURED = {
    **{name: [name] for name in ("data", "model", "png-sizes", "scores", "ratios")},
    **{name: [name] for name in ("codec", "rates")},
    "codecs": [stage.name for stage in stages.CODECS],
}
"""Stages that one process makes, by the name that they have together."""


class Taken(NamedTuple):
    """What a process took, with the processes that it has started: seconds and bytes."""

    processor_seconds: float
    peak_bytes: int
    printed: str


class Place:
    """A folder with images and a build of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def images(self, train: int, test: int) -> Path:
        """Return a folder of so many images."""
        folder = self.folder / f"{train}-{test}"
        if not folder.is_dir():
            for split, count in (("train", train), ("test", test)):
                write_images(folder / split, count)
        return folder

    def run(self, *command: str) -> Taken:
        """Run a Python program to its end."""
        variables = environment.own() | {"REPRODUCE_BUILD": str(self.folder / "build")}
        taken = self.folder / "taken.json"
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.taken", taken, sys.executable, "-m", *command],
            cwd=store.project_root(),
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            sys.exit(f"error: {' '.join(command)}:\n{ended.stderr[-2000:]}")
        return Taken(**json.loads(taken.read_text(encoding="utf-8")), printed=ended.stdout)

    def measure(self, name: str, images: int) -> OfImages:
        """Make stages of so many images by one process; what they need is made before."""
        made = [stages.find(one) for one in MEASURED[name]]
        folder = self.images(images, FEW) if name in OF_TRAINING else self.images(FEW, images)
        options = ["--profile", "sample"]
        for setting in [*settings(folder), f"rate_images={images}"]:
            options += ["-p", setting]
        needed = [one.name for one in made[0].all_needs()]
        if needed:
            self.run("reproduce", "make", *needed, *options)
        taken = self.run("reproduce", "make", *(one.name for one in made), *options)
        artifact = Path(taken.printed.splitlines()[-1])
        peak = store.read_manifest(artifact)["made"]["peak_memory_bytes"]
        return OfImages(
            stage=name,
            images=images,
            processor_seconds=taken.processor_seconds,
            peak_bytes=peak,
        )

    def measure_jobs(self, jobs: int) -> OfJobs:
        """Plan so many jobs, and run as many that do next to nothing."""
        # Each seed has two: its training, and its scores.
        planned = self.run(
            *workflow("--dry-run"), "profile=sample", f"seeds=1..{jobs // 2}", "--", "scored"
        )
        running = None
        if jobs in RUN:
            chosen = ["profile=sample", *settings(self.images(FEW, jobs))]
            self.run(*workflow(), *chosen, "--", "data")
            parts = workflow("--set-scatter", f"png_sizes={jobs}")
            running = self.run(*parts, *chosen, "--", "png_sizes").processor_seconds
        return OfJobs(
            jobs=jobs,
            planning_seconds=planned.processor_seconds,
            planning_bytes=planned.peak_bytes,
            running_seconds=running,
        )


def settings(folder: Path) -> list[str]:
    """Return the parameters of a run on the images of a folder."""
    own = [f"image_size={SIZE}", "batch_size=32", "epochs=1"]
    return ["source=folder", f"folder={folder}", *own]


def workflow(*options: str) -> list[str]:
    """Return the words that run the workflow as `make` does, on one core."""
    own = ["--cores", "1", "--nolock", "--rerun-incomplete", "--quiet", "all"]
    return ["snakemake", *own, *options, "--config"]


def write_images(folder: Path, count: int) -> None:
    """Write so many crops of the excerpt's photographs, each of which is a quarter of its size."""
    folder.mkdir(parents=True)
    photographs = []
    for file in sorted(EXCERPT.rglob("*.jpg")):
        with Image.open(file) as image:
            photographs.append(image.convert("RGB").reduce(4))
    random = np.random.default_rng(0)
    for number in range(count):
        chosen = photographs[random.integers(len(photographs))]
        left = int(random.integers(chosen.width - SIZE))
        top = int(random.integers(chosen.height - SIZE))
        crop = chosen.crop((left, top, left + SIZE, top + SIZE))
        crop.save(folder / f"{number:06d}.jpg", quality=95)


def affordable(
    counts: Sequence[int], measure: Callable[[int], OfImages], longest: float
) -> list[OfImages]:
    """Measure rising numbers of images until the next would take longer than that."""
    found = [measure(counts[0])]
    for count in counts[1:]:
        if growth.seconds_at(found, count) > longest:
            break
        found.append(measure(count))
        print(found[-1], file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Write the result and print it."""
    (result,) = map(Path, sys.argv[1:])
    commit = environment.commit() or ""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        images = [
            one
            for name in MEASURED
            for one in affordable(IMAGES, partial(place.measure, name), LONGEST)
        ]
        jobs = [place.measure_jobs(count) for count in JOBS]
    measured = Growth(
        machine=environment.machine(),
        versions=environment.versions(),
        commit=commit,
        measured=datetime.now(UTC).date().isoformat(),
        image_size=SIZE,
        longest=LONGEST,
        images=tuple(images),
        jobs=tuple(jobs),
    )
    store.write_json(result, measured.model_dump())
    print(measured.model_dump_json(indent=1))


if __name__ == "__main__":
    main()
