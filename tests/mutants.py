"""Plant faults one by one and see that the tests catch each of them: `make mutants`.

    python -m tests.mutants                  all faults of mutants.toml
    python -m tests.mutants seed-ignored …   some of them
    python -m tests.mutants --one-in 3       a third of them, by this commit's hash
    python -m tests.mutants --list           their names, and what must catch them

Each fault is planted in a copy of the tracked files, in a temporary folder, and the tests that must
catch it run there, in a process that begins with the large libraries loaded. First they run on a
copy without a fault: a test that fails anyway catches nothing. The exit status is 0 only if every
fault is caught.
"""

import argparse
import ast
import compileall
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAULTS = Path(__file__).with_suffix(".toml")
MOST_AT_ONCE = 4
"""Each run takes about a gigabyte of memory."""
TIME_LIMIT = 600
"""Seconds that one run of tests may take."""

# Such an error says that the fault broke the code, not that a test saw what it does.
BROKEN_CODE = re.compile(
    r"\b(SyntaxError|IndentationError|ImportError|ModuleNotFoundError|NameError)\b"
)


@dataclass(frozen=True)
class Fault:
    """A text of a file, the fault in its place, and the tests or notebooks that must catch it."""

    name: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes
    ----------
    verdict
        `caught`: a test failed. `survived`: all passed. `broken`: the tests could not judge it.
    by
        The test that failed first, or why there was no verdict.
    output
        All that pytest wrote.
    """

    fault: Fault
    verdict: str
    by: str
    output: str = ""
    seconds: float = 0.0


class CannotPlantError(Exception):
    """A fault does not fit its file."""


def read_faults(path: Path = FAULTS) -> list[Fault]:
    """Read the list of faults."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Fault(name, entry["file"], entry["old"], entry["new"], tuple(entry["caught_by"]))
        for name, entry in entries.items()
    ]


def one_in(share: int, faults: Sequence[Fault], commit: str) -> list[Fault]:
    """Return every so many-th fault, beginning with one that the commit's hash chooses.

    Whoever tries a share with every commit has tried them all after a few.
    """
    return list(faults[int(commit, 16) % share :: share])


def current_commit() -> str:
    """Return the hash of the commit that is checked out, in hexadecimal digits."""
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, check=True, text=True).stdout


def plant(fault: Fault, project: Path) -> None:
    """Put a fault into its file.

    Raises
    ------
    CannotPlantError
        The old text does not occur exactly once, or what comes out is no Python.
    """
    path = project / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise CannotPlantError(f"its text occurs {text.count(fault.old)} times in {fault.file}")
    faulty = text.replace(fault.old, fault.new)
    if path.suffix == ".py":
        try:
            ast.parse(faulty)
        except SyntaxError as error:
            raise CannotPlantError(f"{fault.file} is no Python then: {error}") from None
    path.write_text(faulty, encoding="utf-8")


def copy_tracked_files(target: Path) -> None:
    """Copy the tracked files of the working tree, as they are now, into a folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        if (ROOT / name).is_file():  # else removed, and not committed yet
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


FORKED = multiprocessing.get_context("forkserver")
"""Runs of tests begin as copies of a process that has loaded TensorFlow and the like."""
FORKED.set_forkserver_preload(["tests.preloaded"])


def run_tests(
    project: Path, build: Path, selection: Iterable[str]
) -> "subprocess.CompletedProcess[str] | None":
    """Run some tests and notebooks of a copy of the project up to the first that fails.

    Returns pytest's exit status and what it wrote; None if it took too long. That a notebook's
    source is not the one of its stored outputs catches nothing: the outputs do.
    """
    chosen = list(selection)
    options = ["--nbval", "-x", "-q", "-rfE", "--tb=short", "-p", "no:cacheprovider"]
    options += [f"--deselect={name}::stored outputs" for name in chosen if is_notebook(name)]
    return run_pytest(project, build, [*options, *chosen])


def run_pytest(
    project: Path, build: Path, words: list[str]
) -> "subprocess.CompletedProcess[str] | None":
    """Run pytest on a copy of the project; None if it took too long."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
        run = FORKED.Process(target=_pytest, args=(project, build, output.name, words))
        run.start()
        run.join(TIME_LIMIT)
        if run.exitcode is None:
            os.killpg(run.pid or 0, signal.SIGKILL)
            return None
        return subprocess.CompletedProcess(words, run.exitcode, output.read())


def _pytest(project: Path, build: Path, output: str, words: list[str]) -> None:
    """Be pytest in a process of its own, for a copy of the project.

    PYTHONPATH comes before what is installed, in kernels and other child processes as well.
    """
    os.setsid()  # so that what it starts can be ended with it
    with open(os.devnull, "rb") as nothing, Path(output).open("wb") as file:  # noqa: PTH123
        for descriptor, stream in enumerate((nothing, file, file)):
            os.dup2(stream.fileno(), descriptor)
    own = {"reproduce", "tests", "conftest", "benchmarks"}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]
    os.chdir(project)
    os.environ |= {"PYTHONPATH": str(project / "src"), "REPRODUCE_BUILD": str(build)}
    sys.path[:] = [str(project), str(project / "src"), *sys.path]
    sys.argv = ["pytest", *words]
    import pytest

    import reproduce

    if not Path(str(reproduce.__file__)).is_relative_to(project):
        sys.exit(f"the copy's tests would not test the copy, but {reproduce.__file__}")
    sys.exit(pytest.main(words))


def verdict(status: int, output: str) -> tuple[str, str]:
    """Judge a run of pytest with a fault: the verdict, and the test that failed or the reason."""
    if status == 0:
        return "survived", ""
    failed = re.search(r"^FAILED (.+?)(?: - .*)?$", output, re.MULTILINE)
    crash = BROKEN_CODE.search(output)
    if status != 1 or not failed:
        return "broken", f"no test failed (exit status {status} of pytest)"
    if crash:
        return "broken", f"the faulty code does not run: {crash[0]}"
    return "caught", failed[1]


def try_fault(fault: Fault, original: Path, build: Path) -> Outcome:
    """Plant a fault in a copy of the project and let its tests judge it.

    Notebooks start with a copy of `build`, so that they make anew only what the fault concerns,
    and no fault meets what another one has made.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"{fault.name}-", dir=original.parent) as folder:
        project, own_build = Path(folder) / "project", Path(folder) / "build"
        shutil.copytree(original, project)
        if build.is_dir() and any(map(is_notebook, fault.caught_by)):
            shutil.copytree(build, own_build)
        try:
            plant(fault, project)
        except CannotPlantError as error:
            return Outcome(fault, "broken", str(error))
        done = run_tests(project, own_build, fault.caught_by)
    seconds = time.perf_counter() - start
    if done is None:
        return Outcome(fault, "broken", f"not done after {TIME_LIMIT} s", seconds=seconds)
    return Outcome(fault, *verdict(done.returncode, done.stdout), done.stdout, seconds)


def is_notebook(test: str) -> bool:
    """Say whether a test is a notebook with its stored outputs."""
    return test.endswith(".ipynb")


def check_without_fault(
    faults: Sequence[Fault], original: Path, build: Path, pool: ThreadPoolExecutor
) -> str:
    """Run the tests of all faults on a copy without a fault; return what is wrong, or nothing.

    Fills `build` with what the notebooks need.
    """
    project = original.with_name("without-a-fault")
    shutil.copytree(original, project)  # tests leave compiled files in their copy
    selected = {test for fault in faults for test in fault.caught_by}
    notebooks = sorted(filter(is_notebook, selected))
    selections = [group for group in (notebooks, sorted(selected - {*notebooks})) if group]
    runs = pool.map(lambda group: run_tests(project, build, group), selections)
    return "\n".join(
        done.stdout if done else f"not done after {TIME_LIMIT} s"
        for done in runs
        if done is None or done.returncode
    )


def try_all(faults: Sequence[Fault], jobs: int) -> bool:
    """Try all faults, print a table of what became of them, and return whether all are caught."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        original, build = Path(place).resolve() / "original", Path(place).resolve() / "build"
        copy_tracked_files(original)
        compileall.compile_dir(original / "src", quiet=1)  # once, and not for each fault
        pool = ThreadPoolExecutor(jobs)
        try:
            print("without a fault: ", end="", flush=True)
            wrong = check_without_fault(faults, original, build, pool)
            print("the tests fail\n" + wrong if wrong else "the tests pass", flush=True)
            if wrong:
                return False
            outcomes = []
            for outcome in pool.map(lambda fault: try_fault(fault, original, build), faults):
                outcomes.append(outcome)
                print(as_row(outcome), flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    missed = [outcome for outcome in outcomes if outcome.verdict != "caught"]
    for outcome in missed:
        print(f"\n{as_row(outcome)}\n{outcome.output[-3000:]}")
    minutes = (time.perf_counter() - start) / 60
    print(f"{len(faults) - len(missed)} of {len(faults)} faults caught, {minutes:.1f} minutes")
    return not missed


def as_row(outcome: Outcome) -> str:
    """Return a row of the table: verdict, fault, seconds, and the test that caught it."""
    row = f"{outcome.verdict:<8}  {outcome.fault.name:<42}  {outcome.seconds:3.0f} s  {outcome.by}"
    return row.rstrip()


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> int:
    """Read the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults")
    parser.add_argument("--list", action="store_true", help="list the faults and plant none")
    parser.add_argument(
        "--one-in", type=int, default=1, metavar="N", help="every Nth, others with each commit"
    )
    at_once = min(available_cores(), MOST_AT_ONCE)
    parser.add_argument("--jobs", type=int, default=at_once, help=f"at once (default: {at_once})")
    given = parser.parse_args()
    faults = read_faults()
    unknown = set(given.names) - {fault.name for fault in faults}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if min(given.jobs, given.one_in) < 1:
        parser.error("--jobs and --one-in: 1 up")
    chosen = [fault for fault in faults if not given.names or fault.name in given.names]
    if given.one_in > 1:
        chosen = one_in(given.one_in, chosen, current_commit())
    if given.list:
        for fault in chosen:
            print(f"{fault.name:<42}  {', '.join(fault.caught_by)}")
        return 0
    try:
        return 0 if try_all(chosen, given.jobs) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
