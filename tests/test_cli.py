"""The command line: one message for a user's mistake, exit status 1, nothing written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reproduce import cli
from reproduce.core.errors import ReproduceError

REPRODUCE = Path(sys.executable).with_name("reproduce")


def reproduce(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [str(REPRODUCE), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["make", "data", "--profile", "nope"], "unknown profile 'nope'"),
        (["make", "model", "-p", "epochz=1"], "unknown parameter 'epochz'"),
        (["make", "scores", "-p", "epochs"], "write it as name=value"),
        (["make", "nope"], "unknown stage 'nope'; known are data, model, scores"),
        (["make", "model", "-p", "model=nope"], "'nope' is no model; known are paper"),
        (["make", "data", "--part", "1/2"], "only some stages have parts; name one: scores"),
        (["make", "scores", "--part", "0/2"], "part '0/2': write it as NUMBER/COUNT"),
        (["make", "scores", "--part", "3/2"], "part '3/2': write it as NUMBER/COUNT"),
        (["make", "scores", "--part", "x"], "part 'x': write it as NUMBER/COUNT"),
        (["make", "scores", "--gather", "0"], "number of parts: 0; choose 1 or more"),
        (["make", "scores", "--part", "1/2", "--gather", "2"], "--part and --gather: choose one"),
        (["make", "data", "-p", "source=folder", "-p", "folder=/no/such/place"], "/no/such/place"),
        (["book", "--profile", "sample"], "is not executed yet"),
        (["compress", "", "out.cae"], "the name of a file or folder is empty"),
        (["compress", "photo.jpg", ""], "the name of a file or folder is empty"),
        (["decompress", "", "out.png"], "the name of a file or folder is empty"),
        (["inspect", ""], "the name of a file or folder is empty"),
        (["notebook", "", "out.ipynb"], "the name of a file or folder is empty"),
        (["describe", "-p", "epochs=3"], "nothing is made of profile 'sample' with these param"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing(
    build_folder: Path, words: list[str], message: str
) -> None:
    done = CliRunner().invoke(cli.app, words)
    assert isinstance(done.exception, ReproduceError)
    assert message in str(done.exception)
    assert len(str(done.exception).splitlines()) == 1
    assert done.output == "", "the message is all"
    assert not list(build_folder.rglob("*.json"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["make", "nope"], "unknown stage 'nope'; known are data, model, scores"),
        (["compress", "", "out.cae"], "the name of a file or folder is empty"),
    ],
)
def test_a_mistake_ends_the_command_with_its_message(words: list[str], message: str) -> None:
    done = reproduce(*words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_record_of_what_is_made_says_if_nothing_is(build_folder: Path, tmp_path: Path) -> None:
    for words, lacking in (
        (["--study", "quantisation"], "data, model, codec, rates"),
        ([], "data"),
    ):
        done = reproduce("record", tmp_path / "record", "--made", *words)
        assert done.returncode == 0
        assert done.stdout == ""
        assert f"nothing is recorded, no run has all of its stages: {lacking}" in done.stderr
        assert not (tmp_path / "record").exists()


def test_an_unreadable_image_is_named_and_can_be_skipped(
    build_folder: Path, folder_of_images: Path
) -> None:
    broken = folder_of_images / "train" / "leaf" / "1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    settings = ["-p", "source=folder", "-p", f"folder={folder_of_images}", "-p", "image_size=16"]

    refused = reproduce("make", "data", *settings)

    assert refused.returncode == 1
    assert "train/leaf/1.png" in refused.stderr.splitlines()[-1]
    assert "bad_images=skip" in refused.stderr.splitlines()[-1]
    assert not list(build_folder.rglob("*.npy"))

    skipped = reproduce("make", "data", *settings, "-p", "bad_images=skip")

    assert skipped.returncode == 0, skipped.stderr
    manifest = json.loads((Path(skipped.stdout.strip()) / "manifest.json").read_text())
    assert manifest["facts"]["splits"]["train"]["skipped"] == ["train/leaf/1.png"]
    assert manifest["facts"]["splits"]["train"]["images"] == 7


def test_the_present_artifact_is_noted_for_the_workflow(
    build_folder: Path, folder_of_images: Path
) -> None:
    done = reproduce(
        *("make", "data", "-p", "source=folder", "-p", f"folder={folder_of_images}"),
        *("-p", "profile=mine"),
    )
    assert done.returncode == 0, done.stderr
    note = json.loads((build_folder / "mine" / "data.json").read_text())
    assert Path(done.stdout.strip()) == build_folder / "mine" / note["artifact"]
