"""The workflow end to end, as `make book` runs it, on tiny parameters."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from reproduce import cli

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TINY = "tests/profiles/tiny.yaml"
PHOTOGRAPHS = "my-photographs"


def of_folder(build: Path) -> tuple[str, ...]:
    """Return the settings of a tiny run on the photographs that lie in its build folder."""
    return (f"profile={TINY}", "source=folder", f"folder={build / PHOTOGRAPHS}")


def snakemake(
    build: Path, *settings: str, targets: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the workflow with the options of the Makefile; output of both streams in `stdout`."""
    return subprocess.run(
        command(*settings, targets=targets),
        cwd=ROOT,
        env=environment(build),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


def command(*settings: str, targets: tuple[str, ...] = ()) -> list[str]:
    """Return the command that `make` types, with other settings and targets."""
    line = re.search(r"^SNAKEMAKE = snakemake (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line is not None
    options = [*line[1].split(), *(settings or (f"profile={TINY}",))]
    return [sys.executable, "-m", "snakemake", *options, *(("--", *targets) if targets else ())]


def environment(build: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "REPRODUCE_BUILD": str(build)}


def artifacts(build: Path) -> set[Path]:
    return {path.parent for path in (build / "tiny").glob("*/manifest.json")}


def test_the_book_is_made_and_made_again_without_executing_anything(
    tiny_book: Path, tiny_build: Path
) -> None:
    assert (tiny_book / "index.html").is_file()
    before = {path: path.stat().st_mtime_ns for path in (tiny_build / "tiny").rglob("*.ipynb")}
    assert len(before) >= 10  # executed, and as the book's source

    again = snakemake(tiny_build, *of_folder(tiny_build))

    assert again.returncode == 0, again.stdout
    after = {path: path.stat().st_mtime_ns for path in (tiny_build / "tiny").rglob("*.ipynb")}
    assert after == before


def test_a_finished_run_leaves_no_partial_artifact_and_no_checkpoint(
    tiny_book: Path, tiny_build: Path
) -> None:
    names = [path.name for path in tiny_build.rglob("*")]
    assert [name for name in names if ".partial" in name or name.startswith("checkpoint")] == []
    assert [name for name in names if "running" in name or "failed" in name] == []


def test_the_book_of_a_folder_of_images_holds_no_machine_path(tiny_book: Path) -> None:
    # The folders of images and of what is made are beneath that of temporary files.
    places = "|".join(re.escape(str(place)) for place in (ROOT, Path.home(), tempfile.gettempdir()))
    path = re.compile(rf"(?:{places})(?![\w-]).*")
    texts = {file: text_of(file) for file in tiny_book.rglob("*") if is_text(file)}
    assert {".html", ".json", ".ipynb", ".js", ".md"} <= {file.suffix for file in texts}
    assert {
        file.name: path.findall(text) for file, text in texts.items() if path.search(text)
    } == {}
    assert (
        'folder = \\"…/my-photographs\\"' in texts[tiny_book / "_sources/notebooks/dataset.ipynb"]
    )


def is_text(file: Path) -> bool:
    return file.suffix in {".html", ".json", ".ipynb", ".js", ".md", ".inv", ".txt", ".svg"}


def text_of(file: Path) -> str:
    """Return a file's text without pictures, whose base64 digits can spell anything."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return re.sub(r"(?:[A-Za-z0-9+/=]|\\n){200,}", "", text)


def planned(
    build: Path, *settings: str, targets: tuple[str, ...], options: tuple[str, ...] = ()
) -> list[list[str]]:
    """Return the commands, word by word and in order, that the workflow would run."""
    line = command(*settings, targets=targets)
    instead = ["--dry-run", "--printshellcmds", *options]
    line[line.index("--quiet") : line.index("--config")] = instead
    done = subprocess.run(
        line, cwd=ROOT, env=environment(build), capture_output=True, text=True, check=True
    )
    # With nothing before them but variables of the environment.
    commands = re.findall(
        r"\( (?:[A-Z_]+=\d+ )*(reproduce (?:make|notebook) .*) 2>&1 1>", done.stdout
    )
    return [shlex.split(words) for words in commands]


@pytest.mark.parametrize("name", ["Trip #1", "it's {x}", "2024_05"])
def test_a_folder_reaches_the_command_as_typed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    settings = ("profile=sample", "source=folder", f"folder={folder}", "seeds=01")
    (words,) = planned(tmp_path / "build", *settings, targets=("data",))
    assert words[words.index("--profile") :] == [
        *("--profile", "sample", "-p", "source=folder", "-p", f"folder={folder}"),
        *("-p", "seeds=01"),
    ]


@pytest.mark.parametrize(("told", "seeds"), [(["seeds=3,4"], {"3", "4"}), ([], {"0"})])
def test_runs_are_made_with_the_seeds_that_are_told_or_else_with_the_one_of_the_chapters(
    tmp_path: Path, told: list[str], seeds: set[str]
) -> None:
    plan = planned(tmp_path, "profile=sample", *told, targets=("scored",))
    trained = [line for line in plan if line[2] == "model"]
    assert {word for line in trained for word in line if word.startswith("seed=")} == {
        f"seed={seed}" for seed in seeds
    }


def test_a_build_folder_may_have_any_name(tmp_path: Path) -> None:
    build = tmp_path / "my réproduction (2026) {x}'s"
    done = snakemake(build, targets=("data",))
    assert done.returncode == 0, done.stdout
    assert [path.name for path in artifacts(build)] == [Path(done.stdout.split()[-1]).name]


@pytest.fixture
def run_here(tiny_build: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """A function that runs such commands, without the start of a process for each.

    It returns the stages of the artifacts that weren't there before.
    """
    monkeypatch.chdir(ROOT)

    def run(commands: list[list[str]], build: Path = tiny_build) -> set[str]:
        monkeypatch.setenv("REPRODUCE_BUILD", str(build))
        before = artifacts(build)
        for words in commands:
            CliRunner().invoke(cli.app, words[1:], catch_exceptions=False)
        return {path.name.rpartition("-")[0] for path in artifacts(build) - before}

    return run


def test_another_seed_trains_anew_but_prepares_nothing(
    tiny_book: Path, tiny_build: Path, run_here: Callable[..., set[str]]
) -> None:
    model = tiny_build / "tiny" / "paper" / "seed-2" / "model.json"
    plan = planned(tiny_build, *of_folder(tiny_build), "seed=2", targets=(str(model),))
    assert run_here(plan) == {"model"}
    assert model.is_file()


def test_seeds_are_trained_and_scored_on_the_same_data_and_then_judged(
    tiny_book: Path, tiny_build: Path, run_here: Callable[..., set[str]]
) -> None:
    report = tiny_build / "tiny" / "notebooks" / "reproduction_report.ipynb"
    assert "profile `paper`, seeds 0, 1, 2, 3 and 4" in report.read_text()  # the committed record

    plan = planned(tiny_build, *of_folder(tiny_build), "seeds=1,3", targets=(str(report),))

    # Of seed 3; those of seed 1 are there, and the codecs without training are the same.
    assert run_here(plan) == {"codec", "example", "model", "rates", "scores", "times"}
    assert "profile `tiny`, seeds 1 and 3" in report.read_text()


def test_a_run_of_a_study_is_made_with_what_its_variant_sets(
    tiny_book: Path, tiny_build: Path, run_here: Callable[..., set[str]]
) -> None:
    settings = (*of_folder(tiny_build), "study=quantisation")
    plan = planned(tiny_build, *settings, targets=("studied",))
    made = [(line[2 : line.index("--profile")], line[-1]) for line in plan if line[2] != "data"]
    variants = ("noise", "none", "straight-through-16", "straight-through-2")
    assert sorted(made) == [
        # No times, which are made with the rates in other runs: the study doesn't ask for them.
        *[(["codec", "rates"], variant) for variant in variants],
        *[(["model"], variant) for variant in variants],
    ]

    (training,) = (line for line in plan if line[2] == "model" and line[-1] == "noise")
    assert run_here([training]) == {"model"}
    note = tiny_build / "tiny" / "paper@noise" / "seed-0" / "model.json"
    artifact = tiny_build / "tiny" / json.loads(note.read_text())["artifact"]
    used = json.loads((artifact / "manifest.json").read_text())["dependencies"]["parameters"]
    assert (used["quantisation"], used["quantisation_step"], used["seed"]) == ("noise", 0.5, 0)
    assert used["epochs"] == 2  # as the profile has it


def test_test_images_scored_in_parts_give_the_table_of_one_part_to_the_byte(
    tiny_build: Path, tmp_path: Path, run_here: Callable[..., set[str]]
) -> None:
    # With the same data and model: only the scores are made.
    for artifact in (tiny_build / "tiny").glob("*-*/manifest.json"):
        if artifact.parent.name.startswith(("data-", "model-")):
            copy = tmp_path / "tiny" / artifact.parent.name
            shutil.copytree(artifact.parent, copy)
    in_two = ("--set-scatter", "scores=2")
    plan = planned(tmp_path, *of_folder(tiny_build), targets=("scored",), options=in_two)
    assert run_here(plan, tmp_path) == {"scores-1-of-2", "scores-2-of-2", "scores", "example"}
    note = tiny_build / "tiny" / "paper" / "seed-1" / "scores.json"
    whole = tiny_build / "tiny" / json.loads(note.read_text())["artifact"]
    gathered = tmp_path / "tiny" / whole.name / "test-images.csv"
    assert gathered.read_bytes() == (whole / "test-images.csv").read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("profile=sampel",), "unknown profile 'sampel'"),
        (("profile=sample", "epochz=3"), "unknown parameter 'epochz'"),
        (("profile=sample", "epochs=many"), "parameter 'epochs'"),
        (("profile=sample", "image_size=0"), "parameter 'image_size'"),
        (("profile=sample", "seeds=4..0"), "parameter 'seeds'"),
        (("profile=sample", "model=nope"), "parameter 'model'"),
        (("profile=sample", "study=nope"), "unknown study 'nope'; known are"),
        (("profile=sample", "source=folder", "folder=/no/such/place"), "/no/such/place"),
        (("profile=sample", "source=folder", "folder=/no/{x} #1"), "folder /no/{x} #1:"),
        (("profile=sample", "epochs=1_0"), "but got '1_0'"),
        (("profile=sample", "--", "nosuch"), "No rule to produce nosuch"),
    ],
)
def test_bad_input_ends_with_one_message_and_nothing_made(
    tmp_path: Path, settings: tuple[str, ...], message: str
) -> None:
    done = snakemake(tmp_path, *settings)
    assert done.returncode != 0
    assert done.stdout.count(message) == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert list(tmp_path.rglob("*.json")) == []


def test_an_error_of_a_stage_is_told_last_and_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    done = snakemake(
        tmp_path / "build",
        *("profile=sample", "source=folder", f"folder={tmp_path / 'images'}", "--", "scored"),
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("error: no image in"), done.stdout


def test_a_second_run_on_the_same_profile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    with FileLock(tmp_path / "tiny" / "workflow.lock"):
        done = snakemake(tmp_path)
    assert done.returncode != 0
    assert "another run is making" in done.stdout
    assert "Traceback" not in done.stdout
    assert list((tmp_path / "tiny").iterdir()) == [tmp_path / "tiny" / "workflow.lock"]


def test_a_build_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o ro none "$0" && exec "$@"', str(disk)]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a read-only disk")
    done = subprocess.run(
        [*mount, *command()],
        cwd=ROOT,
        env=environment(disk),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("error: cannot write to"), done.stderr
    assert "REPRODUCE_BUILD" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = (f"profile={TINY}", "epochs=40")
    model = str(tmp_path / "tiny" / "paper" / "seed-1" / "model.json")
    run = subprocess.Popen(
        command(*settings, targets=(model,)),
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("history.json")):  # written when an epoch counts as finished
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no epoch was finished"
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()

    done = snakemake(tmp_path, *settings, targets=(model,))

    assert done.returncode == 0, done.stdout
    assert "going on after epoch" in done.stdout
    assert "error" not in done.stdout.lower(), done.stdout
