"""The workflow on a cluster: the tiny book through a Slurm of one node is the local one."""

import csv
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest

from reproduce.book import workflow_errors
from reproduce.core import study as studies
from reproduce.core.parameters import load_parameters
from reproduce.models.stages import MODEL
from tests import slurm
from tests.test_workflow import ROOT, TINY, environment, of_folder, snakemake

pytestmark = pytest.mark.slow

PROFILE = "cluster/slurm"
CHAPTERS = 6
"""How many of them go to the cluster as one job: each takes seconds."""


def through_slurm(
    build: Path, variables: dict[str, str], *settings: str, rest: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the workflow with the project's profile for Slurm, which asks it each second."""
    options = [
        *("--profile", PROFILE, "--cores", "2"),
        *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
        *("--groups", "notebook=chapters", "--group-components", f"chapters={CHAPTERS}"),
    ]
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *options, "--config", *settings, *rest],
        cwd=ROOT,
        env=environment(build) | {"PATH": f"{variables['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def programs() -> None:
    """The programs of Slurm."""
    if slurm.missing():
        pytest.skip("needs Slurm: apt install slurmctld slurmd slurm-client munge")


@pytest.fixture(scope="module")
def cluster(programs: None) -> Iterator[dict[str, str]]:
    """The environment of a Slurm of one node, which lives as long as these tests."""
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("needs Snakemake's plugin for Slurm: make cluster")
    with slurm.running(4, 16000) as variables:
        yield variables


def artifacts(build: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in (build / "tiny").glob("*/manifest.json")}


def without(path: Path, *columns: str) -> list[dict[str, str]]:
    """Rows of a table, without some of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: value for name, value in row.items() if name not in columns}
            for row in csv.DictReader(file)
        ]


def manifest(path: Path) -> dict[str, Any]:
    """A manifest, without how it was made."""
    content: dict[str, Any] = json.loads(path.read_text())
    return {name: content[name] for name in ("stage", "dependencies", "facts")}


TELL_OF_TIME: dict[str, Callable[[Path], object]] = {
    "manifest.json": manifest,
    "history.json": lambda path: [epoch["loss"] for epoch in json.loads(path.read_text())],
    "times.csv": lambda path: without(path, "encode_seconds", "decode_seconds"),
}
"""Files of artifacts that hold times, and what else is in them."""


def content(folder: Path) -> dict[str, object]:
    """What is in the files of an artifact, but for times."""
    return {
        path.name: TELL_OF_TIME.get(path.name, digest)(path) for path in sorted(folder.iterdir())
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pictures(notebook: Path) -> list[str]:
    """The pictures that an executed notebook shows."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def test_the_book_through_slurm_is_the_local_one(
    tiny_book: Path, tiny_build: Path, cluster: dict[str, str], tmp_path: Path
) -> None:
    done = through_slurm(tmp_path, cluster, *of_folder(tiny_build))
    assert done.returncode == 0, done.stdout
    ours, theirs = artifacts(tiny_build), artifacts(tmp_path)
    assert theirs.keys() <= ours.keys()  # other tests make more there
    assert len(theirs) > 15
    assert {name: content(folder) for name, folder in theirs.items()} == {
        name: content(ours[name]) for name in theirs
    }
    pages = sorted(path.relative_to(tiny_book) for path in tiny_book.rglob("*.html"))
    book = tmp_path / "tiny" / "book"
    assert sorted(path.relative_to(book) for path in book.rglob("*.html")) == pages
    compared = 0
    for notebook in (tiny_build / "tiny" / "notebooks").glob("*.ipynb"):
        if notebook.stem not in WITH_TIMES:
            shown = pictures(notebook)
            assert pictures(tmp_path / "tiny" / "notebooks" / notebook.name) == shown, notebook.name
            compared += len(shown)
    assert compared > 20


WITH_TIMES = {"rate_distortion"}
"""Chapters that draw how long something took."""


def test_a_job_that_fails_on_a_node_is_told_with_its_log(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    settings = ("profile=sample", "source=folder", f"folder={tmp_path / 'images'}")
    done = through_slurm(
        tmp_path / "build", cluster, *settings, rest=("--retries", "0", "--", "data")
    )
    assert done.returncode != 0
    log = tmp_path / "build" / "sample" / "data.log"
    assert "rule data failed: SLURM-job" in done.stdout, done.stdout
    assert str(log) in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("error: no image in"), done.stdout
    assert "Traceback" not in done.stdout


TRAINING = (f"profile={TINY}", "epochs=40")
"""A training that takes some seconds."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with that training, made here."""
    build = tmp_path_factory.mktemp("undisturbed")
    done = snakemake(build, *TRAINING, targets=(model_of(build),))
    assert done.returncode == 0, done.stdout
    return build


@pytest.fixture
def with_data(undisturbed: Path, tmp_path: Path) -> Path:
    """A build folder with the data for that training, and no more."""
    build = tmp_path / "with-data"
    for path in (undisturbed / "tiny").glob("data*"):
        target = build / "tiny" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)
    return build


def model_of(build: Path) -> str:
    return str(build / "tiny" / "paper" / "seed-1" / "model.json")


def asked(variables: dict[str, str], *command: str) -> str:
    """What a client of Slurm answers."""
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


def jobs(variables: dict[str, str], *, after: int = 0) -> list[dict[str, str]]:
    """What Slurm knows of the jobs that it has had after one of that number, in order."""
    told = asked(variables, "scontrol", "show", "jobs", "--oneliner").splitlines()
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in told if "JobId=" in line]
    found.sort(key=lambda job: int(job["JobId"]))
    return [job for job in found if int(job["JobId"]) > after]


def last_job(variables: dict[str, str]) -> int:
    return max((int(job["JobId"]) for job in jobs(variables)), default=0)


def stopped_in_training(build: Path, after: int) -> tuple[int, int]:
    """Stop a training when more epochs than that are finished; return its process and how many."""

    def epochs() -> int:
        (history,) = build.glob("tiny/model-*.partial/history.json")
        return len(json.loads(history.read_text()))

    def trains() -> bool:
        return bool(list(build.glob("tiny/model-*.partial/history.json"))) and epochs() > after

    assert wait_until(trains)
    (process,) = [
        process
        for process in slurm.processes(build)
        if b"make\0model\0" in Path(f"/proc/{process}/cmdline").read_bytes()
    ]
    os.kill(process, signal.SIGSTOP)
    return process, epochs()


def test_a_training_that_ran_out_of_time_or_was_killed_goes_on_with_more_time_and_memory(
    cluster: dict[str, str], undisturbed: Path, with_data: Path
) -> None:
    build, before = with_data, last_job(cluster)
    with ThreadPoolExecutor(1) as beside:
        run = beside.submit(through_slurm, build, cluster, *TRAINING, rest=("--", model_of(build)))
        _, first = stopped_in_training(build, 2)
        job = jobs(cluster, after=before)[-1]
        limits = [job["TimeLimit"]]
        # Slurm looks at the clock twice a minute.
        asked(cluster, "scontrol", "update", f"JobId={job['JobId']}", "EndTime=now")
        process, second = stopped_in_training(build, first + 2)
        os.kill(process, signal.SIGKILL)
        done = run.result()
    assert done.returncode == 0, done.stdout
    of_model = jobs(cluster, after=before)
    assert [job["JobState"] for job in of_model] == ["TIMEOUT", "FAILED", "COMPLETED"]
    once, *more = [int(job["MinMemoryNode"].rstrip("M")) for job in of_model]
    assert more == [2 * once, 3 * once]
    limits += [job["TimeLimit"] for job in of_model[1:]]
    assert limits == ["04:00:00", "08:00:00", "12:00:00"]
    assert "DUE TO TIME LIMIT" in done.stdout
    lines = done.stdout.splitlines()
    told = [line for line in lines if "%|" not in line and not line.startswith("slurmstepd")]
    failed = [number for number, line in enumerate(told) if line.startswith("rule model failed")]
    assert len(failed) == 2, done.stdout
    assert "TIMEOUT" in told[failed[0]]
    assert told[failed[0] + 1] == workflow_errors.AGAIN
    assert told[failed[1] + 1 :][:2] == [f"going on after epoch {first}", workflow_errors.AGAIN]
    assert told[-1] == f"going on after epoch {second}"
    assert told[-1] in Path(model_of(build)).with_suffix(".log").read_text()
    assert trained(build) == trained(undisturbed)


def trained(build: Path) -> dict[str, dict[str, object]]:
    """What is in the files of each model, of its network the weights.

    Keras describes a network in other words if it was read from a checkpoint, or isn't the first.
    """
    return {
        manifest.parent.name: content(manifest.parent) | {"autoencoder.keras": weights(manifest)}
        for manifest in build.glob("tiny/model-*/manifest.json")
    }


def weights(manifest: Path) -> str:
    with zipfile.ZipFile(manifest.with_name("autoencoder.keras")) as model:
        return hashlib.sha256(model.read("model.weights.h5")).hexdigest()


def test_a_training_that_ran_out_of_memory_is_given_more(
    cluster: dict[str, str], undisturbed: Path, with_data: Path
) -> None:
    before = last_job(cluster)
    rest = ("--set-resources", "model:mem_mb=600*attempt", "--", model_of(with_data))
    done = through_slurm(with_data, cluster, *TRAINING, rest=rest)
    assert done.returncode == 0, done.stdout
    assert workflow_errors.AGAIN in done.stdout
    of_model = jobs(cluster, after=before)
    assert [job["MinMemoryNode"] for job in of_model] == ["600M", "1200M"]
    assert [job["JobState"] for job in of_model] == ["FAILED", "COMPLETED"]
    assert trained(with_data) == trained(undisturbed)
    assert re.search("[Ee]xceeded (job )?memory limit", done.stdout), done.stdout


STUDY = f"""
profile: {TINY}
seeds: "0..3"
stages: [model]
variants:
  with-attention: {{model: paper}}
  without-attention: {{model: no-attention}}
"""
IN_A_JOB = 4
"""So many of its trainings are sent together."""


def test_a_study_of_eight_runs_goes_in_three_jobs_and_is_the_local_one(
    cluster: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "eight.yaml").write_text(STUDY)
    build, here, before = tmp_path / "build", tmp_path / "here", last_job(cluster)
    groups = ("--groups", "model=trained", "--group-components", f"trained={IN_A_JOB}")
    study = f"study={tmp_path / 'eight.yaml'}"
    done = through_slurm(build, cluster, study, rest=(*groups, "--", "studied"))
    assert done.returncode == 0, done.stdout
    data, *models = jobs(cluster, after=before)
    assert data["Comment"] == "rule_data"
    assert [job["JobState"] for job in models] == ["COMPLETED"] * (8 // IN_A_JOB)
    assert {job["TimeLimit"] for job in models} == {"16:00:00"}  # four hours for each

    monkeypatch.setenv("REPRODUCE_BUILD", str(here))
    parameters = load_parameters(TINY, ROOT / "profiles")
    for run in studies.read("eight", tmp_path).runs(parameters):
        MODEL.folder(run.parameters)
    assert len(trained(here)) == 8
    assert trained(build) == trained(here)


def by_timeout(process: int) -> None:
    """What the program `timeout` does: it tells the process, and then its group."""
    os.kill(process, signal.SIGTERM)
    os.killpg(process, signal.SIGTERM)


def by_force(process: int) -> None:
    os.kill(process, signal.SIGKILL)


USER = """
trap '' TERM
command -v sbatch
sbatch --output /dev/null --wrap 'trap "" TERM; srun sh -c "touch $0; sleep 600"'
sleep 600
"""
"""Sends a job and waits, as Snakemake does, which doesn't end either as long as its jobs run."""


@pytest.mark.parametrize("end", [by_timeout, by_force])
def test_nothing_stays_behind_of_a_slurm_that_is_ended(
    programs: None, tmp_path: Path, end: Callable[[int], None]
) -> None:
    running = tmp_path / "running"
    user = ["sh", "-c", USER.replace("$0", str(running))]
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.slurm", *user],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert holder.stdout is not None
    with holder.stdout as said:
        folder = Path(said.readline().strip()).parents[1]
    assert wait_until(running.exists)
    before = slurm.processes(folder)
    end(holder.pid)
    holder.wait(timeout=60)
    # The guard of what was killed takes a moment more.
    assert wait_until(lambda: not (slurm.processes(folder) or folder.exists()))
    assert len(before) > 8  # servers, steps, the user, the job and the guard


def wait_until(condition: Callable[[], bool], seconds: float = 300) -> bool:
    """Wait for at most so long, and return whether it has come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
