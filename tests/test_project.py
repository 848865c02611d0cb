"""The project's own files: pinned dependencies, one list of them, no large or private files."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from reproduce import artifacts, stages

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked_files() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not in a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


def requirements() -> list[str]:
    """Return the lock's requirements, a logical line each."""
    lines = LOCK.replace("\\\n", " ").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_package_is_pinned_with_hashes() -> None:
    assert len(requirements()) > 100
    for line in requirements():
        assert re.match(r"[a-z0-9._-]+==\S+ ", line), line
        assert "--hash=sha256:" in line, line


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK


def test_every_direct_dependency_is_in_the_lock() -> None:
    direct = PROJECT["project"]["dependencies"] + [
        name for group in PROJECT["project"]["optional-dependencies"].values() for name in group
    ]
    locked = {line.split("==")[0] for line in requirements()}
    names = {re.match(r"[A-Za-z0-9._-]+", name)[0].lower() for name in direct}  # type: ignore[index]
    assert names - locked == set()


def test_environment_yml_names_no_version_of_its_own() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements.lock"]}
    assert conda == [f"python{PROJECT['project']['requires-python']}", "pip", "make"]


def test_no_file_is_large_and_no_photograph_of_beans_is_kept() -> None:
    files = tracked_files()
    assert len(files) > 30
    assert [file.name for file in files if file.stat().st_size > 2_000_000] == []
    photograph = re.compile(r"(angular_leaf_spot|bean_rust|healthy)_(train|val|test)\.\d+\.")
    assert [file.name for file in files if photograph.search(file.name)] == []


def test_each_stage_names_modules_that_exist() -> None:
    for modules in stages.SOURCES.values():
        for module in modules:
            assert all(file.is_file() for file in artifacts.source_files([module])), module


def imports(module: str) -> set[str]:
    """Return the modules of the package that a module or a package in it imports.

    A package counts as one, but for `rates`, whose modules belong to different stages.
    """
    source = "\n".join(file.read_text() for file in artifacts.source_files([module]))
    names: set[str] = set(re.findall(r"^\s*from reproduce\.(\w+)", source, re.MULTILINE))
    for group in re.findall(r"^\s*from reproduce import ([\w, ]+)", source, re.MULTILINE):
        names |= set(group.replace(" ", "").split(","))
    for one, several in re.findall(
        r"^from reproduce\.rates(?:\.(\w+))? import ([\w, ]+)", source, re.MULTILINE
    ):
        names |= {f"rates/{name}" for name in (one or several.replace(" ", "")).split(",")}
    return names - {"rates"}


# The module that makes a stage's artifact, and what belongs to earlier stages alone: these have
# artifacts of their own.
STAGES = {
    "data": ("preparation", set()),
    "model": ("training", {"datasets"}),
    "scores": ("evaluation", {"datasets", "training"}),
    "ratios": ("size_ratios", {"datasets", "training"}),
    "references": ("rates/measurement", {"datasets"}),
    "codec": ("rates/fitted", {"datasets", "training"}),
    "rates": ("rates/own", {"datasets", "training"}),
}


def test_all_stages_are_checked() -> None:
    assert list(STAGES) == list(stages.SOURCES)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_covers_all_that_its_module_uses(stage: str) -> None:
    plumbing = {"artifacts", "errors", "parameters", "stages"}  # can change no result
    main, earlier = STAGES[stage]
    seen, waiting = set(), {main}
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imports(module) - seen - plumbing - earlier
    assert seen == set(stages.SOURCES[stage])
