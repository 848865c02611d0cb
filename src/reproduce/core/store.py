"""The store: what stages have made, under names that say what it depends on, whole or not at all.

    build/<profile>/<stage>-<fingerprint>/          a finished artifact
    build/<profile>/<stage>-<fingerprint>.partial/  one that is being made, or was interrupted
    build/<profile>/<stage>-<fingerprint>.lock      held by the process that makes it

The fingerprint covers the stage's parameters, the fingerprints of what it reads, the source of
the modules that make it and the versions of the libraries that do the work (`core.stage`). So a
changed parameter or line of code cannot reuse a stale artifact, and a changed caption makes nothing
anew. The file `manifest.json` of each artifact tells all this, and how it was made.
"""

import errno
import hashlib
import json
import math
import os
import platform
import re
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reproduce.core import memory
from reproduce.core.errors import ReproduceError

PACKAGE = Path(__file__).resolve().parents[1]
MANIFEST = "manifest.json"

USES = "REPRODUCE_USES"
"""Variable of the environment: a file to note in what a notebook uses, see `note_use`."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)

_BEING_WRITTEN: set[Path] = set()
_TIDIED: set[Path] = set()


def project_root() -> Path:
    """Return the checkout that this package runs from, or the current folder outside of one."""
    checkout = PACKAGE.parents[1]
    return checkout if (checkout / "_config.yml").is_file() else Path.cwd()


def check_checkout() -> None:
    """Check that what runs in a checkout runs with its package, and not with that of another.

    Raises
    ------
    ReproduceError
        The current folder is in another checkout than this package.
    """
    for place in (Path.cwd(), *Path.cwd().parents):
        if (place / "_config.yml").is_file() and (place / "src" / "reproduce").is_dir():
            if place.resolve() != project_root().resolve():
                raise ReproduceError(
                    f"this runs in {place} with the package of {project_root()}: choose a kernel "
                    f"of {place / '.venv'}, and unset PYTHONPATH"
                )
            return


def build_folder(profile: str) -> Path:
    """Return the folder for all that a profile makes, in build/ or in $REPRODUCE_BUILD."""
    root = os.environ.get("REPRODUCE_BUILD")
    return (Path(root) if root else project_root() / "build") / profile


def fingerprint(dependencies: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that name these dependencies (any JSON-like mapping)."""
    canonical = json.dumps(dependencies, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def library_versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of these distributions."""
    return {package: _version(package) for package in packages}


@cache  # looking it up takes milliseconds, and each stage asks for several
def _version(package: str) -> str:
    """Return a distribution's version; TensorFlow's has another name on some platforms."""
    if package == "tensorflow":
        with suppress(PackageNotFoundError):
            return version("tensorflow-cpu")
    return version(package)


def folder_of(stage: str, profile: str, dependencies: Mapping[str, Any]) -> Path:
    """Return where the artifact of a stage with these dependencies is, or would be."""
    return build_folder(profile) / f"{stage.replace('/', '-')}-{fingerprint(dependencies)}"


def load_or_make(
    stage: str,
    profile: str,
    dependencies: Mapping[str, Any],
    make: Callable[[Path], Mapping[str, Any]],
    *,
    about: Callable[[], Mapping[str, Any]] = dict,
    resumable: bool = False,
) -> Path:
    """Return the folder of a finished artifact; make it first if there is none.

    Parameters
    ----------
    stage, profile
        Name of the stage and of the profile it runs in.
    dependencies
        All that the artifact depends on, as a JSON-like mapping; it is stored in the manifest.
    make
        Called with an existing folder to write into; returns facts for the manifest. With
        `resumable` the folder may hold what an interrupted run has left, else it is empty.
    about
        Called before `make`; returns where and with what it is made, for the manifest.

    Raises
    ------
    ReproduceError
        The disk is full, or whatever `make` raises for the user.
    """
    folder = folder_of(stage, profile, dependencies)
    if not folder.is_dir():
        lock = folder.with_name(folder.name + ".lock")
        with locked(lock, f"{stage} of profile {profile!r}"):
            if not folder.is_dir():  # else another process made it while this one waited
                manifest = {"stage": stage, "dependencies": dependencies, "made": dict(about())}
                _make(folder, manifest, make, resumable)
    note_use(folder)
    return folder


def _make(
    folder: Path,
    manifest: Mapping[str, Any],
    make: Callable[[Path], Mapping[str, Any]],
    resumable: bool,
) -> None:
    """Make an artifact in a folder beside its own, which is renamed when it is whole."""
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists() and not resumable:
        shutil.rmtree(partial)
    try:
        with clear_disk_errors(folder.parent):
            partial.mkdir(exist_ok=True)
            memory.forget_peak_of(os.getpid())
            start = time.perf_counter()
            facts = dict(make(partial))
            cost = {
                "seconds": round(time.perf_counter() - start, 1),
                "peak_memory_bytes": memory.peak(),
            }
            made = {**manifest["made"], **cost}
            write_json(partial / MANIFEST, {**manifest, "made": made, "facts": facts})
            partial.rename(folder)
    except BaseException:
        if not resumable:
            shutil.rmtree(partial, ignore_errors=True)
        raise


def note_use(place: Path) -> None:
    """Write the folder of an artifact or a record, or a project's file, to those used: see USES."""
    file = os.environ.get(USES)
    if file:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{place}\n")


def read_uses(file: Path) -> list[Path]:
    """Return the folders and files that were used, each once, the first use first."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [Path(line) for line in dict.fromkeys(lines)]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read an artifact's manifest.

    Returns
    -------
    dict
        `stage`: its name. `dependencies`: all that its name stands for. `made`: when, where, by
        which commit and with what it was made, seconds and peak memory. `facts`: what the stage
        itself says of it.
    """
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and programs alike: indented, key order kept, whole or not at all.

    What is no finite number becomes null, since JSON has no such: see `or_nan`.
    """
    text = json.dumps(_with_nulls(value), indent=2, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def _with_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_nulls(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_nulls(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def or_nan(value: float | None) -> float:
    """Return NaN for what a JSON file holds as null."""
    return math.nan if value is None else value


def write_whole(path: Path, data: bytes) -> None:
    """Write a file through a temporary one beside it, so that no reader ever sees half of it.

    A file that is written over keeps its permissions and, where the system lets us, its owner; of
    a link, what it leads to is written.

    Raises
    ------
    OSError
        It can't be written, or the path leads to what is no regular file.
    """
    target = Path(os.path.realpath(path))
    old = target.stat() if target.exists() else None
    if old and not stat.S_ISREG(old.st_mode):
        raise OSError(errno.EINVAL, "this is no regular file", str(path))
    _remove_leftovers(target.parent)
    temporary = _temporary(target.parent)
    _BEING_WRITTEN.add(temporary)
    try:
        temporary.write_bytes(data)
        if old:
            _keep(temporary, old)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
        _BEING_WRITTEN.discard(temporary)


def _temporary(folder: Path) -> Path:
    """Return the path of a temporary file of this thread: a short name, which no other has."""
    return folder / f".{_place()}-{os.getpid()}-{threading.get_ident()}.tmp"


@cache
def _place() -> str:
    """Return digits for what numbers processes: this machine, or a container on it."""
    try:
        of_container = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # there are no containers here, or there is no telling
        of_container = ""
    return hashlib.sha256(f"{platform.node()} {of_container}".encode()).hexdigest()[:8]


def _remove_leftovers(folder: Path) -> None:
    """Remove temporary files of processes that were killed here, once for each folder."""
    if folder in _TIDIED or sys.platform == "win32":  # where asking after a process ends it
        return
    _TIDIED.add(folder)
    with suppress(OSError):
        for other in folder.glob(f".{_place()}-*.tmp"):
            numbers = re.fullmatch(r"[.]\w+-([0-9]+)-[0-9]+[.]tmp", other.name)
            if numbers and not _is_running(int(numbers[1])):
                other.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user; or no number of a process, so none of ours
        return True
    return True


def remove_unfinished() -> None:
    """Remove the temporary files of this process, which is about to be ended."""
    for temporary in list(_BEING_WRITTEN):
        with suppress(OSError):
            temporary.unlink()


def _keep(path: Path, old: os.stat_result) -> None:
    """Give a file the owner and the permissions of an old one."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))


def check_room(folder: Path) -> None:
    """Write a small file to a folder and take it away: raises OSError if there is no room for it.

    Unlike the free space, this sees a quota, too.
    """
    _remove_leftovers(folder)
    trial = _temporary(folder)
    try:
        trial.write_bytes(b"\1" * 4096)
    finally:
        trial.unlink(missing_ok=True)


@contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder without write permission into one clear message.

    Raises
    ------
    ReproduceError
        The disk of the folder, or another that is written to, is full; or writing isn't allowed.
    """
    try:
        yield
    except OSError as error:
        # h5py reports a full disk without an errno, so the free space is asked for as well.
        if error.errno in _FULL or is_full(folder):
            raise no_space(*_named(error), folder) from error
        if error.errno in (errno.EACCES, errno.EROFS):
            raise ReproduceError(
                f"cannot write to {error.filename or folder}: set REPRODUCE_BUILD to a folder "
                "that you may write to"
            ) from error
        raise


@contextmanager
def clear_full_disk() -> Iterator[None]:
    """Turn a full disk alone into one clear message, wherever a command meets it.

    Raises
    ------
    ReproduceError
        A disk is full.
    """
    try:
        yield
    except OSError as error:
        if not tells_of_full_disk(str(error)):
            raise
        raise no_space(*_named(error), Path.cwd()) from error


def _named(error: OSError) -> list[Path]:
    """Return the folder of the file that an error names, if it names one."""
    return [Path(error.filename).parent] if isinstance(error.filename, str) else []


def no_space(*folders: Path) -> ReproduceError:
    """Return the error that a disk is full: that of the first of these folders whose disk is.

    It may be that of temporary files, too, or of the home, where Jupyter keeps some. If none is
    full by now, as where a quota is, it is taken for that of the first folder.
    """
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108  # Python's would be tried
    others = [temporary, Path(os.path.expanduser("~"))]  # noqa: PTH111  # raises nothing
    full = next(filter(is_full, [*folders, *others]), folders[0])
    return ReproduceError(
        f"no space left on the disk of {full}: free some, or set "
        f"{'TMPDIR' if full == temporary else 'REPRODUCE_BUILD'} to a folder on another disk"
    )


def tells_of_full_disk(text: str) -> bool:
    """Say whether a text of another program tells that a disk, or what one may have of it, is full.

    >>> tells_of_full_disk("OSError: [Errno 28] No space left on device")
    True
    """
    return any(os.strerror(number) in text for number in _FULL)


def is_full(folder: Path) -> bool:
    """Say whether less than a megabyte is free on the disk of a folder, which may not be there."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free < 1_000_000


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock that the operating system takes back when the process ends, however it ends.

    It is flock(2), which the nodes of a cluster share where their file system hands it on: NFS
    does, Lustre if it is mounted with `flock`.

    Raises
    ------
    ReproduceError
        The file system has no such locks, or there is no writing to it.
    """
    # The library's substitute, a file that is there or not, would stay behind after a kill.
    lock = FileLock(path, fallback_to_soft=False)
    with clear_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"waiting for another process that makes the {what} ({path})", file=sys.stderr)
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
            raise ReproduceError(
                f"the file system of {path.parent} has no locks (flock), which keep two processes "
                "apart: mount it with them, or set REPRODUCE_BUILD to a folder on another"
            ) from error
    try:
        yield
    finally:
        lock.release()
