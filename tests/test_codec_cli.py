"""The codec on the command line: what it prints, and how little a bad file costs."""

import inspect
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs

from reproduce import cli, codec
from reproduce.codec import fileformat
from tests.conftest import slow

REPRODUCE = Path(sys.executable).with_name("reproduce")
GOLDEN = Path(__file__).with_name("golden")
FILE = (GOLDEN / "camera-64x48.cae").read_bytes()


def reproduce(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [str(REPRODUCE), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def with_checksum(file: bytes) -> bytes:
    """A file whose length and checksum are made to agree."""
    start, payload = file[:22], file[30:]
    start += struct.pack("<I", len(payload))
    return start + struct.pack("<I", zlib.crc32(start + payload)) + payload


@pytest.mark.slow
def test_a_photograph_goes_to_a_file_and_back(tmp_path):
    photograph, made, back = (tmp_path / name for name in ("cat.png", "cat.cae", "back.png"))
    Image.fromarray(photographs.chelsea()[:200, :301]).save(photograph)

    compressed = reproduce("compress", photograph, made, "--step", 0.125)
    assert (compressed.returncode, compressed.stdout) == (0, f"{made}\n"), compressed.stderr
    assert compressed.stderr == ""

    told = reproduce("inspect", made, "--json")
    contents = json.loads(told.stdout)
    assert (contents["width"], contents["height"], contents["step"]) == (301, 200, 0.125)
    lines = reproduce("inspect", made).stdout.splitlines()
    assert len(lines) == len(contents)
    assert "model name      paper-0" in lines

    decompressed = reproduce("decompress", made, back)
    assert (decompressed.returncode, decompressed.stdout) == (0, f"{back}\n")
    assert decompressed.stderr == ""
    with Image.open(back) as image:
        levels = np.asarray(image).astype(int)
    assert np.abs(levels - codec.decompress(made.read_bytes())).max() <= 1


@pytest.mark.slow
def test_a_folder_with_a_bad_file_ends_with_a_count_and_status_1(tmp_path):
    folder = shutil.copytree(
        GOLDEN, tmp_path / "files", ignore=shutil.ignore_patterns("extr*", "version-2")
    )
    (folder / "bad.cae").write_bytes(FILE[:-1])
    done = reproduce("decompress", folder, tmp_path / "images")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "100%" in done.stderr
    assert "bad.cae: truncated" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: 1 of 6 files in ")
    assert len(list((tmp_path / "images").iterdir())) == 5


def in_a_shell(line: str, *words: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a line of shell in which "$@" is the command."""
    command = ["sh", "-c", line, "sh", str(REPRODUCE), *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "status"),
    [
        ('"$@" >&-', 0),
        ('"$@" 2>&-', 0),
        ('"$@" <&- >&- 2>&-', 0),
        ('"$@" 2>/dev/full', 0),
        ('"$@" | true', 0),
        ('"$@" >/dev/full', 1),
        ('PYTHONUNBUFFERED=1 "$@" >/dev/full', 1),
    ],
)
def test_closed_and_full_streams_lose_no_work(tmp_path, line, status):
    done = in_a_shell(line, "decompress", GOLDEN / "camera-64x48.cae", tmp_path / "back.png")
    assert done.returncode == status, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    if status:
        assert done.stderr == b"error: cannot write to standard output: No space left on device\n"
    with Image.open(tmp_path / "back.png") as image:
        image.load()
        assert image.size == (64, 48)


def test_errors_that_nobody_can_read_end_with_status_1(tmp_path):
    for line in ('"$@" 2>&-', '"$@" 2>/dev/full'):
        assert in_a_shell(line, "inspect", tmp_path / "nowhere.cae").returncode == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf_8_is_printed_escaped(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.cae"
    shutil.copy(GOLDEN / "camera-64x48.cae", os.fsdecode(name))
    line = 'PYTHONIOENCODING=utf-8:strict "$1" decompress "$2" "${2%.cae}.png"'
    command = [b"sh", b"-c", line.encode(), b"sh", str(REPRODUCE).encode(), name]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"/caf\\udce9.png\n")


@pytest.mark.parametrize("encoding", ["ascii:strict", "ascii:surrogateescape", "latin-1:strict"])
def test_help_is_printed_in_an_encoding_that_lacks_some_of_its_characters(encoding):
    done = subprocess.run(
        [REPRODUCE, "make", "--help"],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"make" in done.stdout


@pytest.mark.parametrize("command", ["compress", "decompress", "inspect"])
def test_an_empty_argument_names_nothing(tmp_path, command):
    words = [command, ""] if command == "inspect" else [command, "", tmp_path / "made"]
    done = subprocess.run(
        [str(REPRODUCE), *map(str, words)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the name of a file or folder is empty")
    assert list(tmp_path.iterdir()) == []


def test_the_default_step_is_the_codecs():
    assert inspect.signature(cli.compress).parameters["step"].default == codec.DEFAULT_STEP


NOISE = bytes(np.random.default_rng(0).integers(1, 256, 5000, np.uint8))
BAD_FILES = {
    "empty.cae": b"",
    "cut.cae": FILE[:-1],
    "header-cut.cae": FILE[:29],
    "altered.cae": FILE[:40] + b"\0" + FILE[41:],
    "random.cae": NOISE,
    "huge.cae": with_checksum(FILE[:14] + struct.pack("<HH", 31_623, 31_623) + FILE[18:]),
    "large.cae": with_checksum(FILE[:14] + struct.pack("<HH", 65_535, 1024) + FILE[18:] + NOISE),
    "swapped.cae": with_checksum(FILE[:14] + struct.pack("<HH", 200, 300) + FILE[18:]),
    "of-model-2.cae": with_checksum(FILE[:5] + b"\2" + FILE[6:]),
    "of-other-weights.cae": with_checksum(FILE[:6] + bytes(8) + FILE[14:]),
    "of-version-2.cae": with_checksum(FILE[:4] + b"\2" + FILE[5:]),
    "image.cae": (GOLDEN / "camera-64x48.png").read_bytes(),
}


# A process inherits the peak of memory of the one that starts it, so a small one stands in between.
COST = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
messages = process.stderr.read()
_, status, used = os.wait4(process.pid, 0)
seconds = used.ru_utime + used.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), messages, seconds, used.ru_maxrss]))
"""


def run_within_limits(*words: object, status: int = 1) -> str:
    """Run a command that must end in little time and 200 MB; return the message of a failure.

    It takes half a second of processor time on an idle machine. The bound leaves room for a loaded
    or slow one, and stops what runs away; to import TensorFlow would break that of the memory.
    """
    command = [sys.executable, "-c", COST, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found, messages, seconds, peak = json.loads(done.stdout.splitlines()[-1])
    assert found == status
    assert status == 0 or len(messages.splitlines()) == 1, messages
    assert seconds < 5
    assert peak * (1 if sys.platform == "darwin" else 1024) < 200_000_000
    return str(messages)


def test_a_photograph_of_the_papers_size_takes_little_time_and_memory(tmp_path):
    photograph, made, back = (tmp_path / name for name in ("camera.png", "made.cae", "back.png"))
    Image.fromarray(photographs.camera()[:500, :500]).save(photograph)
    run_within_limits(REPRODUCE, "compress", photograph, made, status=0)
    run_within_limits(REPRODUCE, "decompress", made, back, status=0)


QUICK = ("cut.cae", "huge.cae", "large.cae", "image.cae")


@pytest.mark.parametrize("name", [*QUICK, *slow(*sorted(set(BAD_FILES) - set(QUICK)))])
def test_a_bad_file_ends_with_one_message_in_little_time_and_memory(tmp_path, name):
    (tmp_path / name).write_bytes(BAD_FILES[name])
    message = run_within_limits(REPRODUCE, "decompress", tmp_path / name, tmp_path / "made.png")
    assert message.startswith(f"error: {tmp_path / name}: ")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_compressed_file_where_an_image_should_be_costs_as_little(tmp_path):
    message = run_within_limits(
        REPRODUCE, "compress", GOLDEN / "camera-64x48.cae", tmp_path / "made.cae"
    )
    assert "compressed already" in message
    assert list(tmp_path.iterdir()) == []


def test_the_largest_claim_is_one_that_a_file_may_make():
    header = fileformat.unpack(BAD_FILES["large.cae"])[0]
    assert header.width * header.height > 0.99 * fileformat.MOST_PIXELS
