"""How the workflow grows: what is measured, and what pages make of it."""

import json
import resource
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from PIL import Image

from benchmarks import growth as benchmark
from benchmarks import taken
from reproduce.core import store
from reproduce.core.parameters import parse_seeds
from reproduce.measure import stages
from reproduce.results import growth
from reproduce.results.growth import OfImages, OfJobs
from tests.made_up import growth_result


def of_images(images: int, seconds: float) -> OfImages:
    return OfImages(stage="s", images=images, processor_seconds=seconds, peak_bytes=1)


def of_jobs(jobs: int, seconds: float | None) -> OfJobs:
    return OfJobs(jobs=jobs, planning_seconds=1, planning_bytes=1, running_seconds=seconds)


def test_what_was_not_measured_lies_on_the_line_through_the_two_largest_numbers() -> None:
    measured = [of_images(10, 99.0), of_images(100, 7.0), of_images(300, 11.0)]
    assert growth.seconds_at(measured, 1300) == pytest.approx(31.0)
    assert growth.seconds_at(measured, 300) == pytest.approx(11.0)
    assert growth.seconds_at(measured[:1], 30) == pytest.approx(297.0)
    jobs = [of_jobs(1, 99.0), of_jobs(10, 25.0), of_jobs(100, 205.0), of_jobs(1000, None)]
    assert growth.running_seconds_at(jobs, 1000) == pytest.approx(2005.0)
    assert growth.running_seconds_at(jobs, 0) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("longest", "measured"),
    [(1.0, [1]), (29.9, [1]), (30.0, [1, 10]), (200.9, [1, 10]), (201.0, [1, 10, 100])],
)
def test_what_would_take_too_long_is_not_measured(longest: float, measured: list[int]) -> None:
    # One image takes 3 s, so ten could take 30 s; they take 21 s, so a hundred would take 201 s.
    found = benchmark.affordable(
        [1, 10, 100], lambda images: of_images(images, 1.0 + 2 * images), longest
    )
    assert [one.images for one in found] == measured


def test_the_images_are_many_different_ones_of_one_size(tmp_path: Path) -> None:
    benchmark.write_images(tmp_path / "test", 40)
    files = sorted((tmp_path / "test").glob("*.jpg"))
    assert len(files) == 40
    assert len({file.read_bytes() for file in files}) > 35
    for file in files:
        with Image.open(file) as image:
            assert image.size == (benchmark.SIZE, benchmark.SIZE)


def test_every_stage_of_a_run_is_measured_but_for_times_and_one_image() -> None:
    measured = {name for made in benchmark.MEASURED.values() for name in made}
    of_few = {stage.name for stage in (*stages.CODEC_TIMES, stages.TIMES, stages.EXAMPLE)}
    assert measured == {stage.name for stage in stages.ALL} - of_few


@pytest.mark.slow
def test_a_stage_is_measured_in_a_process_of_its_own_and_jobs_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = benchmark.Place(tmp_path)
    found = place.measure("data", 12)
    assert (found.stage, found.images) == ("data", 12)
    assert 0.1 < found.processor_seconds < 30
    assert 2e7 < found.peak_bytes < 5e8
    (manifest,) = tmp_path.glob("build/sample/data-*/manifest.json")
    splits = json.loads(manifest.read_text())["facts"]["splits"]
    assert (splits["train"]["images"], splits["test"]["images"]) == (benchmark.FEW, 12)
    monkeypatch.setattr(benchmark, "RUN", (2,))
    jobs = place.measure_jobs(2)
    assert jobs.running_seconds is not None
    assert jobs.running_seconds > jobs.planning_seconds > 0.3
    assert len(list(tmp_path.glob("build/sample/png-sizes-[12]-of-2-*/manifest.json"))) == 2


@pytest.mark.parametrize("jobs", benchmark.JOBS)
def test_as_many_jobs_are_planned_as_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    planned: list[tuple[str, ...]] = []

    def note(_: benchmark.Place, *command: str) -> benchmark.Taken:
        planned.append(command)
        return benchmark.Taken(processor_seconds=1.0, peak_bytes=1, printed="")

    monkeypatch.setattr(benchmark.Place, "run", note)
    monkeypatch.setattr(benchmark, "RUN", ())
    assert benchmark.Place(tmp_path).measure_jobs(jobs).jobs == jobs
    (command,) = planned
    (seeds,) = (word for word in command if word.startswith("seeds="))
    # Of each seed the training and the scores.
    assert 2 * len(parse_seeds(seeds.removeprefix("seeds="))) == jobs
    assert command[-2:] == ("--", "scored")


def test_processor_seconds_are_those_of_the_program_and_of_the_system_for_it() -> None:
    used = resource.struct_rusage((1.25, 0.5, 3, *[0] * 13))
    assert taken.costs(used) == {"processor_seconds": 1.75, "peak_bytes": 3072}


def test_what_is_measured_is_the_command_and_what_it_starts_not_who_measures(
    tmp_path: Path,
) -> None:
    held = b"1" * 240_000_000
    small = benchmark.Place(tmp_path).run("this")
    assert small.printed.startswith("The Zen of Python")
    assert 5e6 < small.peak_bytes < 1e8 < len(held)
    # timeit runs the statement in its own process, which starts another.
    large = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(150_000_000)'])"
    )
    of_another = benchmark.Place(tmp_path).run("timeit", "-n", "1", "-r", "1", large)
    assert 1.5e8 < of_another.peak_bytes < 2e8


@pytest.mark.slow
def test_a_study_of_a_thousand_runs_is_planned_in_seconds_and_little_memory(tmp_path: Path) -> None:
    study = {
        "profile": "sample",
        "seeds": "0..19",
        "stages": ["scores"],
        "variants": {f"epochs-{epochs}": {"epochs": epochs} for epochs in range(1, 51)},
    }
    (tmp_path / "thousand.yaml").write_text(yaml.safe_dump(study))
    chosen = [f"study={tmp_path / 'thousand.yaml'}", "--", "studied"]
    planned = benchmark.Place(tmp_path).run(*benchmark.workflow("--dry-run"), *chosen)
    assert planned.peak_bytes < 283e6
    # Eight seconds, where nothing else runs.
    assert 2 < planned.processor_seconds < 24


def test_a_measurement_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"error: reproduce make none:\nerror: unknown stage"):
        benchmark.Place(tmp_path).run("reproduce", "make", "none")


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = growth_result()
    store.write_json(tmp_path / "growth.json", written.model_dump())
    assert growth.read(tmp_path / "growth.json") == written


# ------------------------------------------------------------------------------------- the record


RECORD = growth.read()


def test_the_record_is_of_a_checkout_without_changes_and_of_what_is_measured_now() -> None:
    assert len(RECORD.commit) == 40
    assert RECORD.of_stages().keys() == benchmark.MEASURED.keys()
    assert (RECORD.image_size, RECORD.longest) == (benchmark.SIZE, benchmark.LONGEST)
    assert tuple(one.jobs for one in RECORD.jobs) == benchmark.JOBS
    run = tuple(one.jobs for one in RECORD.jobs if one.running_seconds is not None)
    assert run == benchmark.RUN


@pytest.mark.parametrize("stage", RECORD.of_stages())
def test_time_grows_with_images_and_memory_hardly(stage: str) -> None:
    measured = RECORD.of_stages()[stage]
    counts = [one.images for one in measured]
    assert counts == list(benchmark.IMAGES[: len(counts)])
    assert measured[-1].processor_seconds > measured[0].processor_seconds or len(counts) == 1
    for before, after in pairwise(measured):
        assert growth.seconds_at(measured[: measured.index(after)], after.images) <= RECORD.longest
        # Ten times the images take at most ten times the time, but for what varies.
        assert after.processor_seconds < 12 * before.processor_seconds
    # Names and labels are held, images are not: 1,024 bytes each.
    added = measured[-1].peak_bytes - measured[0].peak_bytes
    assert added < 0.25 * measured[0].peak_bytes + 1500 * counts[-1]


def test_planning_grows_with_the_jobs_and_running_costs_more_than_it() -> None:
    # The first plan finds nothing in the memory of the system, and takes longer than the next.
    first, *_, last = RECORD.jobs
    assert last.planning_seconds > first.planning_seconds
    assert last.planning_bytes > first.planning_bytes
    for one in RECORD.jobs:
        if one.running_seconds is not None:
            assert one.running_seconds > one.planning_seconds
    each = [growth.running_seconds_at(RECORD.jobs, count) for count in (0, 1_000)]
    assert 0 < each[0] < each[1]
