"""The project's own files: pinned dependencies, one list of them, no large or private files."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import distributions, packages_distributions
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from reproduce.book.notebook import Notebook
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


@pytest.mark.slow
def test_each_hash_of_the_lock_is_one_that_the_index_has(tmp_path: Path) -> None:
    """Those of other systems' wheels, too, which no installation here would miss."""
    (command,) = re.findall(r"^# +uv (pip compile .+) -o requirements\.lock$", LOCK, re.MULTILINE)
    anew = tmp_path / "requirements.lock"
    words = [sys.executable, "-m", "uv", *shlex.split(command), "--quiet", "-o", str(anew)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if "Failed to fetch" in done.stderr:
        pytest.skip("needs the package index")
    assert done.returncode == 0, done.stderr
    hashes = re.compile(r"--hash=(\S+)")
    # The index may have got more files of a version since.
    assert set(hashes.findall(LOCK)) - set(hashes.findall(anew.read_text())) == set()


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK


# What is imported, and what is declared


def plain(name: str) -> str:
    """Return the name of a distribution as the lock spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


DISTRIBUTIONS = packages_distributions()
OURS = {"reproduce", "tests", "benchmarks", "examples", "conftest"}


def imported(code: str) -> set[str]:
    """Return the distributions that some code imports; all that could have a module's name."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(str(node.module).split(".")[0])
    modules -= {*sys.stdlib_module_names, *OURS}
    return {plain("/".join(DISTRIBUTIONS.get(module, [module]))) for module in modules}


BOOK = ROOT / "src" / "reproduce" / "book"
SOURCES = {
    # What imports, and the extras of pyproject.toml that it may count on.
    "product": (sorted({*(ROOT / "src").rglob("*.py")} - {*BOOK.rglob("*.py")}), [""]),
    "book": (sorted(BOOK.rglob("*.py")), ["", "book"]),
    "notebooks": (sorted((ROOT / "notebooks").glob("*.ipynb")), ["", "book"]),
    "tests": (
        [
            *(path for name in ("tests", "benchmarks") for path in (ROOT / name).glob("*.py")),
            *(ROOT / "examples").glob("*.py"),
            ROOT / "conftest.py",
        ],
        ["", "book", "test", "fuzz", "dev"],
    ),
}


def code_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.suffix == ".py" else Notebook(path).code


@cache
def imports_of(part: str) -> set[str]:
    return set().union(*(imported(code_of(path)) for path in SOURCES[part][0]))


@pytest.mark.parametrize("part", SOURCES)
def test_what_is_imported_is_declared(part: str) -> None:
    declared = set().union(*map(direct, SOURCES[part][1]))
    # A name that several packages share, as sphinxcontrib, is that of one which is declared.
    missing = {name for name in imports_of(part) if not declared & set(name.split("/"))}
    # Has wheels for one platform alone.
    assert missing - {"atheris"} == set()


NEVER_IMPORTED = {
    "tensorflow": "the same module as tensorflow-cpu",
    "tensorflow-cpu": "the same module as tensorflow",
    "jupyter-book": "renders the book",
    "sphinx-book-theme": "named in _config.yml",
    "sphinx-mathjax-offline": "named in _config.yml",
    "sphinx-sitemap": "named in _config.yml",
    "sphinxext-opengraph": "named in _config.yml",
    "jupyterlab": "a door of its own",
    "snakemake-executor-plugin-slurm": "make cluster",
    "ziglang": "make compiler",
    **dict.fromkeys(("pytest-benchmark", "pytest-xdist"), "plugins of pytest"),
    **dict.fromkeys(("pandas-stubs", "types-pyyaml", "types-tqdm"), "read by mypy"),
    **dict.fromkeys(
        ("check-jsonschema", "import-linter", "mypy", "ruff", "snakefmt", "zizmor"), "make lint"
    ),
    "hatchling": "builds the package",
    "pre-commit": "for who contributes",
    "uv": "installs the lock",
    "atheris": "make fuzz",
}


def test_what_is_declared_is_imported_or_known_for_another_use() -> None:
    used = {name for part in SOURCES for names in imports_of(part) for name in names.split("/")}
    declared = set().union(*map(direct, EXTRAS))
    assert declared - used - NEVER_IMPORTED.keys() == set()
    assert NEVER_IMPORTED.keys() - declared == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lock_meets_each_range_that_is_declared(extra: str) -> None:
    project = PROJECT["project"]
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    for requirement in map(Requirement, wanted):
        versions = [version for name, version in CONSTRAINTS if name == plain(requirement.name)]
        assert versions, requirement
        for version in versions:
            assert version in requirement.specifier, f"{requirement}: {version} is locked"


# Said twice: with an older one something is missing, as AVIF in Pillow, or numbers are others.
OLDEST = """
    bjontegaard 1.3 constriction 0.5 datasets 5.2 filelock 4 huggingface-hub 2.4 keras 3.15
    matplotlib 3.10 numpy 2.2 pandas 2.3 pillow 12 pillow-jxl-plugin 1.3 pydantic 2.12 pyoxipng 9.1
    pyyaml 6 scikit-image 0.26 scipy 1.16 tabulate 0.9 tensorflow-cpu 2.21 tensorflow 2.21 tqdm 4.67
    typer 0.20
"""


def test_the_oldest_versions_that_are_allowed_are_those_that_have_what_is_used() -> None:
    found = [
        [one.name, bound.version]
        for one in map(Requirement, PROJECT["project"]["dependencies"])
        for bound in one.specifier
        if bound.operator == ">="
    ]
    assert [word for pair in found for word in pair] == OLDEST.split()


# What follows its rules of versions has a bound where a release may break it, or change what stays:
# files that must decode for ever (constriction), bytes that are committed (ziglang).
BOUNDED = """
    bjontegaard constriction datasets docutils huggingface-hub keras markdown-it-py matplotlib
    myst-nb myst-parser nbval papermill pillow-jxl-plugin pydantic pyoxipng scikit-image snakemake
    snakemake-executor-plugin-slurm snakemake-interface-logger-plugins sphinx sphinx-sitemap
    sphinxext-opengraph tensorflow tensorflow-cpu
"""
EXACT = "jupyter-book sphinx-book-theme sphinx-mathjax-offline ziglang"


@pytest.mark.parametrize(("operator", "names"), [("<", BOUNDED), ("==", EXACT)])
def test_what_may_not_go_on_to_any_version_is_held(operator: str, names: str) -> None:
    project = PROJECT["project"]
    declared = (project["dependencies"], *project["optional-dependencies"].values())
    held = {
        one.name
        for one in map(Requirement, chain(*declared))
        if operator in {bound.operator for bound in one.specifier}
    }
    assert held == set(names.split())


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
        ("win32", "AMD64", "tensorflow"),
    ],
)
def test_each_system_has_one_tensorflow(system: str, machine: str, expected: str) -> None:
    here = {"sys_platform": system, "platform_machine": machine}
    wanted = map(Requirement, PROJECT["project"]["dependencies"])
    names = [one.name for one in wanted if one.marker is None or one.marker.evaluate(here)]
    assert [name for name in names if name.startswith("tensorflow")] == [expected]


def test_what_is_installed_is_what_the_lock_says_and_fits_together() -> None:
    locked = dict(pins([line for line in requirements() if " ; " not in line]))
    here = {plain(one.name): one.version for one in distributions()}
    # What only `make cluster` and `make compiler` install may be missing.
    plugins = {name for name in locked if name.startswith("snakemake-executor-plugin-")}
    missing = set().union(*(some for some in (plugins, {"ziglang"}) if not some & here.keys()))
    demanded = {name: locked[name] for name in locked.keys() - missing}
    assert {name: here.get(name) for name in demanded} == demanded
    command = [sys.executable, "-m", "uv", "pip", "check", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
