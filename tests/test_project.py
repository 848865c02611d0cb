"""The project's own files: pinned dependencies, one list of them, no large or private files."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from reproduce.data.sources.excerpt import EXCERPT

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
PIN = r"^([a-z0-9._-]+)==(\S+)"
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


def pins(lines: list[str]) -> set[tuple[str, str]]:
    """Return the packages with their versions, of which systems can have different ones."""
    return {(name, version) for line in lines for name, version in re.findall(PIN, line)}


def direct(extra: str) -> set[str]:
    """Return the packages that an extra of pyproject.toml names; "" for those of the product."""
    project = PROJECT["project"]
    names = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {re.match(r"[A-Za-z0-9._-]+", name)[0].lower() for name in names}  # type: ignore[index]


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text().splitlines())
EXTRAS = ["", *PROJECT["project"]["optional-dependencies"]]


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_direct_dependency_is_pinned(extra: str) -> None:
    assert direct(extra) - dict(CONSTRAINTS).keys() == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lock_has_every_extra_but_jupyterlab(extra: str) -> None:
    missing = direct(extra) - dict(pins(requirements())).keys()
    assert missing == ({"jupyterlab"} if extra == "lab" else set())


def test_the_lock_has_the_versions_of_the_constraints() -> None:
    assert pins(requirements()) - CONSTRAINTS == set()


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK


def test_environment_yml_names_no_version_of_its_own() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[book,lab]"]}
    assert conda == [f"python{PROJECT['project']['requires-python']}", "pip", "make"]


def test_no_file_is_large_and_of_beans_only_the_excerpt_is_kept() -> None:
    files = tracked_files()
    assert len(files) > 30
    assert [file.name for file in files if file.stat().st_size > 2_000_000] == []
    photograph = re.compile(r"(angular_leaf_spot|bean_rust|healthy)_(train|val|test)\.\d+\.")
    kept = [file for file in files if photograph.search(file.name)]
    assert len(kept) == 12
    assert all(EXCERPT in file.parents for file in kept)


def test_the_citation_has_the_projects_version_title_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    book = yaml.safe_load((ROOT / "_config.yml").read_text())
    page = (ROOT / "book" / "references.md").read_text()
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]
    assert citation["title"] == book["title"]
    assert f"version = {{{citation['version']}}}" in page
    (paper,) = citation["references"]
    bibliography = (ROOT / "book" / "references.bib").read_text().replace("{CNN}", "CNN")
    assert f"{{{paper['title']}}}" in bibliography


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "index.md"])
def test_chapters_are_named_and_not_numbered_where_the_book_cannot_renumber_them(name: str) -> None:
    assert re.findall(r"[Cc]hapters? \d", (ROOT / name).read_text()) == []
