"""The workflow on a cluster: the tiny book through a Slurm of one node is the local one."""

import csv
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests import slurm
from tests.test_workflow import ROOT, environment, of_folder

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


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait for at most so long, and return whether it has come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
