"""What a run ran in: machine, versions of the packages, state of the checkout."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from reproduce.core import parallel, store
from reproduce.core.values import Value

PACKAGES = (
    *("tensorflow", "bjontegaard", "constriction", "datasets", "keras", "matplotlib", "numpy"),
    *("pandas", "pillow", "pillow-jxl-plugin", "pyoxipng", "scikit-image", "scipy"),
)


class Machine(Value):
    """What a machine is: processor, cores that a process may use, memory in bytes."""

    processor: str
    cores: int
    memory_bytes: int
    system: str


class About(Value):
    """What a process says of itself: its interpreter, where this package is, and with what."""

    executable: str
    package: str
    versions: dict[str, str]
    variables: dict[str, str]


def about() -> str:
    """Return what this process is, as JSON of `About`."""
    return About(
        executable=sys.executable,
        package=str(store.PACKAGE),
        versions=versions(),
        variables=variables(),
    ).model_dump_json()


_SETTINGS = re.compile(r"(?!TF_NUM_|TF_CPP_)(KERAS|TF|XLA|ONEDNN|DNNL)_.*")
"""Variables by which a user changes what TensorFlow and Keras compute.

Threads and what is logged are no such: a user chooses them.
"""

_FOREIGN = re.compile(
    r"PYTHON(STARTUP|HOME|INSPECT|OPTIMIZE|WARNINGS|PLATLIBDIR|CASEOK|SAFEPATH)|MATPLOTLIBRC|MPLBACKEND"
    r"|IPYTHON.*|IPYKERNEL_.*|(KERAS|TF|XLA|ONEDNN|DNNL|NPY)_.*|OPENBLAS_CORETYPE"
)
"""Variables of the environment by which settings of a user, or of a machine, come into a run."""

_TOLD = re.compile(
    r"(KERAS|TF|XLA|ONEDNN|DNNL|OMP|GOMP|KMP|MKL|OPENBLAS|NPY)_.*|GLIBC_TUNABLES|PYTHONHASHSEED"
)
"""Variables on which numbers, or threads, can depend: those that are set are told."""

_FROM_PATH_ON = re.compile(r"[^\s=,]*[/\\].*", re.DOTALL)


def variables() -> dict[str, str]:
    """Return the variables of this process on which its numbers can depend, without paths."""
    told = {name: value for name, value in sorted(os.environ.items()) if _TOLD.fullmatch(name)}
    return {name: _FROM_PATH_ON.sub("…", value) for name, value in told.items()}


def forget_settings() -> None:
    """Drop a user's settings of TensorFlow and Keras from this process, before they are loaded."""
    for name in list(os.environ):
        if _SETTINGS.fullmatch(name):
            del os.environ[name]


def own() -> dict[str, str]:
    """Return the environment for the processes of a run.

    They find this interpreter's programs and this package first, and no settings of the user's.
    How many threads a process may use, OMP_NUM_THREADS, is no such: a weight can depend
    on it by a rounding.
    """
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    programs = str(Path(sys.executable).parent)
    return kept | {
        "PATH": os.pathsep.join([programs, *filter(None, [os.environ.get("PATH")])]),
        "PYTHONPATH": str(store.PACKAGE.parent),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
    }


def machine() -> Machine:
    """Return what this machine is."""
    return Machine(
        processor=_processor(),
        cores=parallel.cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}",
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that do the work."""
    return {
        "python": platform.python_version(),
        **store.library_versions(PACKAGES),
    }


def commit(apart_from: Sequence[str] = ()) -> str | None:
    """Return the git commit of the checkout, with `-dirty` if there are uncommitted changes.

    A new file that git does not ignore is such a change: it may well be part of the run. Outside
    of git it is None, and so it is in a copy without history inside some other repository.

    Parameters
    ----------
    apart_from
        Folders of the checkout in which changes don't count.
    """
    root = store.project_root()
    try:
        top, identity = _git("rev-parse", "--show-toplevel", "HEAD").splitlines()
        if Path(top).resolve() != root.resolve():
            return None
        # Without the option git may write to the index, which others may be working with.
        without = [f":(exclude){folder}" for folder in apart_from]
        changes = _git("--no-optional-locks", "status", "--porcelain", "--", ".", *without)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{identity}-dirty" if changes else identity


def _git(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(
        command, cwd=store.project_root(), capture_output=True, text=True, check=True
    )
    return done.stdout
