"""Artifacts: made once, whole or not at all, under a lock, with clear words when the disk fails."""

import errno
import fcntl
import json
import math
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import PIL
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reproduce.core import store
from reproduce.core.errors import ReproduceError


class Maker:
    """Makes an artifact and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path) -> dict[str, int]:
        self.calls += 1
        (folder / "text").write_text(f"made by call {self.calls}")
        return {"answer": 42}


@pytest.fixture
def make() -> Maker:
    return Maker()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so, for half a minute at most."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


# Made once, then loaded


def test_an_artifact_is_made_once_and_then_loaded(make):
    first = store.load_or_make("stage", "quick", {"a": 1}, make)
    second = store.load_or_make("stage", "quick", {"a": 1}, make)
    assert make.calls == 1
    assert first == second
    assert (second / "text").read_text() == "made by call 1"


def test_an_artifact_lies_below_its_profile_under_the_name_of_its_stage(make, build_folder):
    folder = store.load_or_make("stage", "quick", {"a": 1}, make)
    assert folder == build_folder / "quick" / f"stage-{store.fingerprint({'a': 1})}"


def test_a_changed_dependency_makes_another_artifact_and_keeps_the_first(make):
    first = store.load_or_make("stage", "quick", {"a": 1}, make)
    second = store.load_or_make("stage", "quick", {"a": 2}, make)
    assert make.calls == 2
    assert (first / "text").read_text() == "made by call 1"
    assert (second / "text").read_text() == "made by call 2"


@pytest.mark.parametrize(("stage", "profile"), [("other", "quick"), ("stage", "other")])
def test_another_stage_or_profile_has_an_artifact_of_its_own(make, stage, profile):
    first = store.load_or_make("stage", "quick", {}, make)
    assert store.load_or_make(stage, profile, {}, make) != first
    assert make.calls == 2


def test_the_manifest_says_what_it_depends_on_and_how_it_was_made(make):
    manifest = store.read_manifest(store.load_or_make("stage", "quick", {"a": [1]}, make))
    assert manifest["dependencies"] == {"a": [1]}
    assert manifest["facts"]["answer"] == 42
    assert manifest["stage"] == "stage"
    assert 0 <= manifest["made"]["seconds"] < 30
    assert manifest["made"]["peak_memory_bytes"] > 1_000_000


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells it so")
def test_the_peak_of_memory_is_that_of_the_stage_and_not_of_an_earlier_one():
    def peak(stage, size):
        def make(folder):
            _ = b"x" * size
            return {}

        manifest = store.read_manifest(store.load_or_make(stage, "quick", {}, make))
        return manifest["made"]["peak_memory_bytes"]

    assert peak("large", 400 << 20) - peak("small", 1 << 10) > 300 << 20


def test_what_is_told_about_its_making_is_asked_before_it_is_made(make):
    folder = store.load_or_make(
        "stage", "quick", {}, make, about=lambda: {"calls_before": make.calls}
    )
    assert store.read_manifest(folder)["made"]["calls_before"] == 0


def test_a_stage_in_a_folder_of_stages_has_an_artifact_beside_the_others(make, build_folder):
    folder = store.load_or_make("codecs/jpeg", "quick", {}, make)
    assert folder.parent == build_folder / "quick"
    assert folder.name.startswith("codecs-jpeg-")


def test_an_artifact_has_its_name_only_when_it_is_finished(build_folder):
    folder = build_folder / "quick" / f"stage-{store.fingerprint({})}"
    seen = []

    def make(_: Path) -> dict[str, int]:
        seen.append(folder.exists())
        return {}

    store.load_or_make("stage", "quick", {}, make)
    assert seen == [False]
    assert folder.is_dir()


# Failures


@pytest.mark.parametrize("failure", [ValueError, ReproduceError, KeyboardInterrupt, SystemExit])
def test_a_failing_make_leaves_nothing_behind_and_can_be_repeated(failure, make, build_folder):
    def fail(folder: Path) -> dict[str, int]:
        (folder / "half").touch()
        raise failure

    with pytest.raises(failure):
        store.load_or_make("stage", "quick", {}, fail)
    assert [path for path in (build_folder / "quick").iterdir() if path.is_dir()] == []
    folder = store.load_or_make("stage", "quick", {}, make)
    assert {path.name for path in folder.iterdir()} == {"text", store.MANIFEST}


def test_a_resumable_make_gets_back_what_it_left_when_it_failed(build_folder):
    def work(folder: Path) -> dict[str, int]:
        steps = len(list(folder.iterdir()))
        (folder / f"step-{steps}").touch()
        if steps == 0:
            raise ValueError("interrupted")
        return {}

    with pytest.raises(ValueError, match="interrupted"):
        store.load_or_make("stage", "quick", {}, work, resumable=True)
    (partial,) = (path for path in (build_folder / "quick").iterdir() if path.is_dir())
    assert partial.suffix == ".partial"
    folder = store.load_or_make("stage", "quick", {}, work, resumable=True)
    assert {path.name for path in folder.glob("step-*")} == {"step-0", "step-1"}
    assert not partial.exists()


def test_a_make_that_is_not_resumable_never_sees_what_a_killed_one_left(make, build_folder):
    partial = build_folder / "quick" / f"stage-{store.fingerprint({})}.partial"
    partial.mkdir(parents=True)
    (partial / "half").touch()
    folder = store.load_or_make("stage", "quick", {}, make)
    assert not (folder / "half").exists()


# Several processes

MAKER = """
import sys, time
from pathlib import Path
from reproduce.core import store

work = Path(sys.argv[1])

def make(folder):
    with open(work / "calls", "a") as calls:
        calls.write("called\\n")
    (folder / "half").touch()
    deadline = time.monotonic() + 60
    while not (work / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    (folder / "half").rename(folder / "whole")
    return {}

print(store.load_or_make("stage", "quick", {}, make))
"""


def test_two_processes_make_an_artifact_once_and_the_waiting_one_says_so(start, tmp_path):
    calls, words = tmp_path / "calls", tmp_path / "words"
    first = start(MAKER, tmp_path)
    wait_for(calls.exists, "the first process makes the artifact")
    with words.open("w") as stderr:
        second = start(MAKER, tmp_path, stderr=stderr)
    wait_for(lambda: bool(words.read_text()), "the second process says that it waits")
    (tmp_path / "go").touch()
    folders = {process.communicate(timeout=30)[0] for process in (first, second)}
    assert calls.read_text() == "called\n"
    assert len(folders) == 1
    said = "waiting for another process that makes the stage of profile 'quick'"
    assert said in words.read_text()


def test_a_killed_process_blocks_nobody_and_what_it_left_is_swept_away(start, tmp_path):
    killed = start(MAKER, tmp_path)
    wait_for((tmp_path / "calls").exists, "the first process makes the artifact")
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    (tmp_path / "go").touch()
    folder, words = start(MAKER, tmp_path).communicate(timeout=30)
    assert words == ""
    assert {path.name for path in Path(folder.strip()).iterdir()} == {"manifest.json", "whole"}


BY_ANOTHER_MOUNT = """
mount --bind "$1/folder" "$1/mounted" && cd "$1/mounted" && exec "$0" -c "
from pathlib import Path
from reproduce.core import store

with store.locked(Path('it.lock'), 'thing'):
    print('held')
"
"""


def test_a_lock_holds_for_those_who_reach_the_folder_by_another_mount(
    run_on_a_small_disk, start, tmp_path
):
    folder, words = tmp_path / "folder", tmp_path / "words"
    for place in (folder, tmp_path / "mounted"):
        place.mkdir()
    command = ["unshare", "-rm", "sh", "-c", BY_ANOTHER_MOUNT, sys.executable, str(tmp_path)]
    with words.open("w") as stderr, store.locked(folder / "it.lock", "thing"):
        other = start(
            "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])", *command, stderr=stderr
        )
        wait_for(lambda: bool(words.read_text()), "the other process says that it waits")
        assert words.read_text().startswith("waiting for another process that makes the thing")
        assert other.poll() is None
    assert other.communicate(timeout=30)[0] == "held\n"


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_before_anything_is_made(number, make, monkeypatch):
    def without(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", without)
    with pytest.raises(ReproduceError, match=r"has no locks .*REPRODUCE_BUILD"):
        store.load_or_make("stage", "quick", {}, make)
    assert make.calls == 0


# The disk


def fail_with(number: int, file: str | None = None) -> Callable[[Path], dict[str, int]]:
    def fail(_: Path) -> dict[str, int]:
        raise OSError(number, os.strerror(number), file)

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_with_the_folder_and_the_way_out(number, build_folder):
    with pytest.raises(ReproduceError, match="no space left") as caught:
        store.load_or_make("stage", "quick", {}, fail_with(number))
    assert str(build_folder / "quick") in str(caught.value)
    assert "REPRODUCE_BUILD" in str(caught.value)


def test_a_full_disk_is_told_even_if_the_library_gives_no_error_number(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(ReproduceError, match="no space left"), store.clear_disk_errors(Path()):
        raise OSError("unable to flush file")


def test_of_several_disks_the_full_one_is_named_and_the_variable_that_leads_to_another(
    tmp_path, monkeypatch
):
    temporary = tmp_path / "temporary"
    monkeypatch.setenv("TMPDIR", str(temporary))

    def usage(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=0 if str(folder).startswith(str(full)) else 10**9)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    for folder in (temporary, tmp_path / "build", tmp_path / "elsewhere"):
        folder.mkdir()
    for full, variable in (
        (temporary, "TMPDIR"),
        (tmp_path / "build", "REPRODUCE_BUILD"),
        (tmp_path / "elsewhere", "REPRODUCE_BUILD"),
    ):
        with (
            pytest.raises(ReproduceError, match=f"disk of {full}: free some, or set {variable} "),
            store.clear_disk_errors(tmp_path / "build"),
        ):
            raise OSError(errno.ENOSPC, "No space", str(tmp_path / "elsewhere" / "file"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_file_that_may_not_be_written_is_told_with_its_name_and_the_way_out(number):
    with pytest.raises(ReproduceError, match=r"cannot write to /some/file\b") as caught:
        store.load_or_make("stage", "quick", {}, fail_with(number, "/some/file"))
    assert "REPRODUCE_BUILD" in str(caught.value)


def test_another_fault_of_the_system_is_passed_on_as_it_is():
    with pytest.raises(FileNotFoundError):
        store.load_or_make("stage", "quick", {}, fail_with(errno.ENOENT))


@pytest.mark.parametrize("existing", ["build", "build/quick"])
def test_a_build_folder_without_write_permission_is_told_with_the_way_out(
    existing, make, monkeypatch, shared_folder, as_ordinary_user
):
    (shared_folder / existing).mkdir(parents=True)
    monkeypatch.setenv("REPRODUCE_BUILD", str(shared_folder / "build"))
    (shared_folder / existing).chmod(0o555)
    with (
        pytest.raises(ReproduceError, match=r"cannot write to .*REPRODUCE_BUILD"),
        as_ordinary_user(),
    ):
        store.load_or_make("stage", "quick", {}, make)
    assert make.calls == 0


def test_a_finished_artifact_is_loaded_from_where_nothing_may_be_written(
    make, monkeypatch, shared_folder, as_ordinary_user
):
    monkeypatch.setenv("REPRODUCE_BUILD", str(shared_folder))
    folder = store.load_or_make("stage", "quick", {}, make)
    for lock in folder.parent.glob("*.lock"):
        lock.unlink()
    folder.parent.chmod(0o555)
    with as_ordinary_user():
        assert store.load_or_make("stage", "quick", {}, make) == folder
    assert make.calls == 1


# Files written whole


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the system refuse to write files beyond this size, as a full disk does half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_written_with_all_its_bytes_and_nothing_beside_it(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    store.write_whole(folder / "file", b"old")
    store.write_whole(folder / "file", b"new\0bytes")
    assert (folder / "file").read_bytes() == b"new\0bytes"
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_other(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="large"), file_size_limit(1000):
        store.write_whole(folder / "file", b"x" * 5000)
    assert (folder / "file").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_file_that_is_written_over_keeps_its_permissions_and_a_link_stays_one(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    store.write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").readlink() == Path("file")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_only_regular_files_are_written_over(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        store.write_whole(tmp_path / "pipe", b"new")


def test_a_name_of_255_bytes_is_written(tmp_path):
    store.write_whole(tmp_path / ("x" * 255), b"new")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


# Under `nohup` a process begins with SIGHUP ignored, and keeps it so.
WRITER = """
import signal
import sys
import sys
from pathlib import Path
from reproduce.core import store, terminal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
terminal.clean_up_on_signals(store.remove_unfinished)
print("begun", flush=True)
while True:
    store.write_whole(Path(sys.argv[1]) / "file", bytes(50_000_000))
"""


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_terminated_while_it_writes_leaves_nothing(
    start, tmp_path, signal_number
):
    folder = tmp_path / "files"
    folder.mkdir()
    process = start(WRITER, folder)
    process.stdout.readline()
    wait_for(lambda: bool(list(folder.glob(".*.tmp"))), "it writes")
    process.send_signal(signal_number)
    assert process.wait(timeout=30) == -signal_number
    assert list(folder.glob(".*")) == []


def test_what_a_killed_process_has_left_goes_with_the_next_file_and_nothing_else_does(
    start, tmp_path, monkeypatch
):
    folder = tmp_path / "files"
    folder.mkdir()
    process = start(WRITER, folder)
    process.stdout.readline()
    wait_for(lambda: bool(list(folder.glob(".*.tmp"))), "it writes")
    process.kill()
    process.wait(timeout=30)
    (left,) = (path.name for path in folder.glob(".*"))
    place, number, thread = left[1:].removesuffix(".tmp").split("-")
    others = {
        f".{place}-{os.getpid()}-{thread}.tmp": "of a process that runs",
        f".{place}-{os.getppid()}-{thread}.tmp": "of another one",
        f".{place[::-1]}-{number}-{thread}.tmp": "of another machine, where that number may run",
        f".{place}-{number}-{thread}.tmp.jpg": "of a user",
        f"{place}-{number}-{thread}.tmp": "of a user",
        f".{place}-{'9' * 30}-{thread}.tmp": "of a user",
        ".1-2.tmp": "of a user",
    }
    for name in others:
        (folder / name).write_text("kept")
    monkeypatch.setattr(store, "_TIDIED", set())  # as in a process of its own
    store.write_whole(folder / "another", b"new")
    assert {path.name for path in folder.iterdir()} - {"file"} == {*others, "another"}


def test_json_is_written_for_people_too_and_keeps_the_order_of_the_keys(tmp_path):
    store.write_json(tmp_path / "file.json", {"z": 1, "a": [2]})
    text = (tmp_path / "file.json").read_text()
    assert json.loads(text) == {"z": 1, "a": [2]}
    assert text.index('"z"') < text.index('"a"')
    assert text.count("\n") > 3


def test_what_is_no_finite_number_is_null_in_json_and_not_a_number_again(tmp_path):
    values = {"psnr": float("inf"), "rows": [{"ssim": float("nan")}, (1.5,)]}
    store.write_json(tmp_path / "file.json", values)
    read = json.loads((tmp_path / "file.json").read_text())
    assert read == {"psnr": None, "rows": [{"ssim": None}, [1.5]]}
    assert math.isnan(store.or_nan(read["psnr"]))
    assert store.or_nan(1.5) == 1.5


# Names


values = st.one_of(st.integers(), st.text(), st.booleans(), st.lists(st.integers()))
dependencies = st.dictionaries(st.text(), values, min_size=1)


@given(dependencies, st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order_of_the_keys(mapping, random):
    items = list(mapping.items())
    random.shuffle(items)
    name = store.fingerprint(mapping)
    assert store.fingerprint(dict(items)) == name
    assert store.fingerprint({"nested": dict(items)}) == store.fingerprint({"nested": mapping})
    assert len(name) == 16
    assert set(name) <= set("0123456789abcdef")


@given(dependencies, st.data())
def test_a_fingerprint_depends_on_each_value(mapping, data):
    key = data.draw(st.sampled_from(list(mapping)))
    other = data.draw(values)
    assume(json.dumps(other) != json.dumps(mapping[key]))
    assert store.fingerprint(mapping | {key: other}) != store.fingerprint(mapping)


@given(dependencies, st.text(), values)
def test_a_fingerprint_depends_on_each_key(mapping, key, value):
    assume(key not in mapping)
    assert store.fingerprint(mapping | {key: value}) != store.fingerprint(mapping)


def test_a_fingerprint_is_the_same_in_all_processes_and_on_all_machines():
    assert store.fingerprint({}) == "44136fa355b3678a"  # of sha256("{}")


def test_versions_are_those_of_the_installed_libraries():
    assert store.library_versions(["pillow"]) == {"pillow": PIL.__version__}


def test_what_is_made_goes_into_build_unless_told_otherwise(monkeypatch, build_folder):
    assert store.build_folder("quick") == build_folder / "quick"
    monkeypatch.delenv("REPRODUCE_BUILD")
    assert store.build_folder("quick") == store.project_root() / "build" / "quick"


def test_a_notebook_of_one_checkout_does_not_run_with_the_package_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src" / "reproduce").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    store.check_checkout()  # some other folder
    (tmp_path / "_config.yml").touch()
    with pytest.raises(ReproduceError, match="with the package of"):
        store.check_checkout()
    monkeypatch.chdir(store.project_root() / "notebooks")
    store.check_checkout()
