"""What the README and the pages name is there: commands, options, parameters, files, links, names.

Each word that is set as code is looked up: a command in its own parser, a file in the checkout, any
other name in the code. What stands for something of the reader's is listed below.
"""

import re
import shlex
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import nbformat
import numpy as np
import pytest
import typer
import yaml
from papermill.cli import papermill
from snakemake.cli import get_argument_parser

from reproduce import cli
from reproduce.book import rooms
from reproduce.core import study
from reproduce.core.parameters import Parameters, load_parameters, parse_overrides, parse_seeds
from reproduce.data.sources.beans import BEANS_REPOSITORY
from reproduce.measure import shards, stages
from reproduce.models import registry
from tests import statements
from tests.statements import ROOT

PAGES = [page for page in statements.PAGES if page.suffix != ".svg"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

OF_THE_READER = {
    "/my photos", "~/photos", "photo.jpg", "photo.cae", "photo.png", "a.jpg", "a.cae", "b.png",
    "photos/", "compressed/", "mine.ipynb",
}  # fmt: skip
"""Files in examples."""

OF_OTHERS = {
    "PATH", "imagefolder", "papermill", "snakemake", "jupyter-book", "kill -9", "constriction",
    "AnsCoder", "fit", "same", "venv", "make", 'convert("L")', "optimize=True",
    "TF_NUM_INTRAOP_THREADS", "~/.keras/keras.json",
}  # fmt: skip
"""Names that other programs and libraries have given."""

FORMS = {
    "<class>/", "<split>/<class>/", "train/", "validation/", "test/", "build/<profile>/",
    "results/<profile>/", "results/<profile>/<model>@<variant>/seed-N/<stage>/", "codecs/…",
    "…",
}  # fmt: skip
"""Paths with a part that the reader fills in."""

MADE_WITH_THE_BOOK = {"../pictures/hook.png"}

LINKS = {
    f"https://huggingface.co/datasets/{BEANS_REPOSITORY}",
    "https://snakemake.github.io/snakemake-plugin-catalog/",
    "https://bamler-lab.github.io/constriction/",
    "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
    "https://github.com/oxipng/oxipng",
    "https://papermill.readthedocs.io",
    "https://keepachangelog.com/en/1.1.0/",
    "https://semver.org/spec/v2.0.0.html",
    "https://www.w3.org/TR/2003/REC-PNG-20031110/",
    "https://github.com/AI-Lab-Makerere/ibean/",
}
"""Pages elsewhere: none of the tests asks for them, so each new one is looked at once, here."""


def markdown(path: Path) -> str:
    """The text of a page, without the outputs of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = nbformat.reads(text, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


FENCE = re.compile(r"^(`{3,})(\S*).*?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """The blocks of code in a language, those within other blocks included."""
    found: list[str] = []
    for _, kind, content in FENCE.findall(text):
        found += [content] if kind == language else blocks(content, language)
    return found


def in_code_type(text: str) -> list[str]:
    """What is set as code within sentences."""
    text = FENCE.sub(lambda block: block[3] if block[2].startswith("{") else "", text)
    text = re.sub(r"\{[a-z:-]+\}`[^`]*`", "", text)
    text = re.sub(r"^`{3,}.*$", "", text, flags=re.MULTILINE)
    return [span for _, span in re.findall(r"(`+)(.+?)\1(?!`)", text)]


PROGRAMS = ("make", "reproduce", "snakemake", "papermill", "pytest", "python", "pre-commit",
    "jupyter-book", "jupyter", "conda", "export", ".venv/bin/reproduce")  # fmt: skip


def commands(path: Path) -> list[str]:
    """All commands of a page."""
    text = markdown(path)
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    spans = [span for span in in_code_type(text) if span.split()[0] in PROGRAMS and " " in span]
    return [*lines, *spans]


def known_parameters(changes: list[str], profile: str = "sample") -> Parameters:
    """The parameters that these changes to a profile lead to; else an error."""
    parameters = load_parameters(profile, ROOT / "profiles", parse_overrides(changes))
    if parameters.model != "halved":  # the example of CONTRIBUTING.md
        registry.find(parameters.model)
    return parameters


# Each program in its turn: an error says what it does not know.


RULES = dict(re.findall(r"^([\w./-]+):(?!=)(.*(?:\n\t.*)*)", MAKEFILE, re.MULTILINE))
SET = dict(re.findall(r"^(\w+) :?\??=(.*)", MAKEFILE, re.MULTILINE))


def read_by(text: str) -> set[str]:
    """The variables that a rule of the Makefile reads, by itself or through what it names."""
    text = text.split("## ")[0] + "".join(text.partition("\n")[1:])  # without its line of the help
    names = set(re.findall(r"[A-Z_]+", text)) & SET.keys()
    needed = set(re.findall(r"\w+", text.partition("\n")[0])) & RULES.keys()
    further = [*(f"\n{SET[name]}" for name in names), *(RULES[target] for target in needed)]
    return names.union(*map(read_by, further))


def check_make(words: list[str]) -> None:
    (target,) = (word for word in words if "=" not in word)
    given = dict(word.split("=", 1) for word in words if "=" in word)
    assert given.keys() <= read_by(RULES[target]), f"a variable that make {target} reads"
    assert not given or ("STUDY" in given) == (target == "study"), "which study?"
    for name, value in given.items():
        CHECKS.get(name, str)(value)


def _study(name: str) -> None:
    assert name == "name" or study.read(name, ROOT / "studies")


def _faults(names: str) -> None:
    planted = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())
    assert set(names.split()) <= planted.keys()


CHECKS: dict[str, Callable[[str], Any]] = {
    "SEEDS": parse_seeds,
    "PARAMETERS": lambda value: known_parameters(shlex.split(value)),
    "STUDY": _study,
    "FAULTS": _faults,
}


def check_reproduce(words: list[str]) -> None:
    group: Any = typer.main.get_command(cli.app)
    name, *rest = words
    rest = ["sample" if word == "…" else word for word in rest]
    if name in options():
        return
    command = group.commands[name]
    if not rest:  # named, and not typed
        return
    context = command.make_context(name, rest)
    changes = context.params.get("parameter") or []
    known_parameters(changes, context.params.get("profile") or "sample")
    for stage in context.params.get("stages") or []:
        stages.find(stage)


def check_snakemake(words: list[str]) -> None:
    options, targets = (words, []) if "--" not in words else (
        words[: words.index("--")], words[words.index("--") + 1 :]
    )  # fmt: skip
    given = get_argument_parser().parse_args(options)
    snakefile = (ROOT / "Snakefile").read_text()
    rules = set(re.findall(r"^rule (\w+):", snakefile, re.MULTILINE))
    assert set(targets) <= rules
    settings = dict(item.split("=", 1) for item in given.config or [])
    profile = settings.pop("profile", "sample")
    assert ("study" in settings) == ("studied" in targets), "a study has a target of its own"
    _study(settings.pop("study", "name"))
    known_parameters([f"{name}={value}" for name, value in settings.items()], profile)
    jobs = {(one.job or one.name).replace("-", "_") for one in stages.EVERY if one.in_parts}
    assert {str(one).partition("=")[0] for one in given.set_scatter or {}} <= jobs
    for own in given.profile or []:
        assert (ROOT / own / "config.yaml").is_file()


def check_papermill(words: list[str]) -> None:
    values = papermill.make_context("papermill", words).params
    assert (ROOT / values["notebook_path"]).is_file()
    for file in values["parameters_file"]:
        assert (ROOT / file).is_file()
    known_parameters([f"{name}={value}" for name, value in values["parameters"]])


def check_pytest(words: list[str]) -> None:
    for word in words:
        assert word in ("-m", "not slow") or (ROOT / word).is_file(), word
    assert any(
        marker.startswith("slow") for marker in PROJECT["tool"]["pytest"]["ini_options"]["markers"]
    )


def check_python(words: list[str]) -> None:
    if words[0] == "-m":
        assert find_spec(words[1])
    else:
        assert (ROOT / words[0]).is_file()


def check_conda(words: list[str]) -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert words in (["env", "create", "-f", "environment.yml"], ["activate", environment["name"]])


def check_listed(words: list[str]) -> None:
    assert words in (
        ["install"], ["build", "."], ["lab"], ["PATH=$PWD/.venv/bin:$PATH"],
        ["PATH=.venv/bin:$PATH"],
    )  # fmt: skip


CHECKERS = {
    "make": check_make,
    "reproduce": check_reproduce,
    ".venv/bin/reproduce": check_reproduce,
    "snakemake": check_snakemake,
    "papermill": check_papermill,
    "pytest": check_pytest,
    "python": check_python,
    "conda": check_conda,
}


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_command_is_known_with_its_options_and_values(path: Path) -> None:
    for command in commands(path):
        program, *words = shlex.split(command, comments=True)
        assert program in PROGRAMS, command
        CHECKERS.get(program, check_listed)(words)
        for part in re.findall(r"--part (\S+)", command):
            shards.parse(part)
        parts = re.search(r"--part \d+/(\d+) .*--gather (\d+)", command)
        assert parts is None or parts[1] == parts[2], command


def test_a_line_that_is_a_comment_is_no_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```bash\n# What comes\nmake book  # as here\n\n  # next\nmake '#'\n#make\n```\n`make a`\n"
    )
    assert commands(page) == ["make book  # as here", "make '#'", "make a"]


def test_there_are_commands_to_check() -> None:
    found = [command for path in PAGES for command in commands(path)]
    assert len(found) > 60
    assert {shlex.split(command, comments=True)[0] for command in found} == set(PROGRAMS)


# Files, links and other names


@cache
def code() -> str:
    """All source of the project but its pages and the lists of versions."""
    folders = ("src", "tests", "examples", "benchmarks", "studies", "profiles")
    kinds = (".py", ".toml", ".yaml")
    files = [ROOT / name for name in ("Makefile", "Snakefile", "pyproject.toml")]
    for folder in folders:
        files += [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in kinds]
    return "\n".join(path.read_text() for path in files if path != Path(__file__))


def is_file(name: str) -> bool:
    places = (ROOT, ROOT / "src" / "reproduce", ROOT / "src/reproduce/codec/shipped",
        ROOT / "src/reproduce/models")  # fmt: skip
    return any(
        (place / name).is_dir() if name.endswith("/") else any(place.glob(name)) for place in places
    )


def options() -> set[str]:
    group: Any = typer.main.get_command(cli.app)
    return {
        word
        for one in group.commands.values()
        for parameter in one.params
        for word in parameter.opts
    }


def is_known(name: str) -> bool:
    """Whether what is set as code is a name of the code's, or of others, or a form."""
    if name == "build/":  # nobody has it before the first run
        return "\n/build/\n" in (ROOT / ".gitignore").read_text()
    if name in OF_OTHERS | FORMS | options() | set(rooms.ROOMS):
        return True
    if re.fullmatch(r"[0-9a-f]{2}( [0-9a-f]{2})+|\\x89CAE|\d+(\.\.|,)[\d,]+", name):
        return True  # of files: tests/test_codec_page.py; seeds
    if set(name.split()) <= {"--nolock", "--rerun-incomplete", "-r"}:
        return True
    if name.split()[0] in get_argument_parser()._option_string_actions:
        return True
    if re.fullmatch(r"[A-Z]+=\S+", name):
        words = shlex.split(name)
        wanted = {word.partition("=")[0] for word in words}
        reads = [one for one in RULES if one.isalpha() and wanted <= read_by(RULES[one])]
        assert reads, name
        check_make([reads[0], *words])
        return True
    if "/" in name or re.search(r"\.(md|py|yml|yaml|toml|keras|npy|cff|lock)$", name):
        return is_file(name)
    parts = re.findall(r"[A-Za-z_][\w-]*", name)
    return bool(parts) and all(
        re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", code()) for part in parts
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_name_and_file_that_is_set_as_code_is_there(path: Path) -> None:
    spans = set(in_code_type(markdown(path)))
    names = {span for span in spans if span not in commands(path)}
    built = re.compile(r"build/sample/book/book\.pdf|\.venv/bin")
    assert [
        name for name in sorted(names) if not built.fullmatch(name) and not is_known(name)
    ] == []


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_link_leads_to_a_file_or_to_a_page_that_was_looked_at(path: Path) -> None:
    text = markdown(path)
    if path.suffix == ".md" and path.stem == "references":
        text += (ROOT / "book" / "references.bib").read_text()
    for target in re.findall(r"\]\(([^)\s]*)\)", text):
        if "://" not in target and target not in MADE_WITH_THE_BOOK:
            assert (path.parent / target.partition("#")[0]).is_file(), target
    for url in re.findall(r"https?://[^\s)>`\"}]+", text):
        assert url in LINKS or url.startswith("http://localhost:"), url
    for port in re.findall(r"localhost:(\d+)", text):
        assert f"PORT ?= {port}\n" in MAKEFILE


def rows(text: str, head: str) -> list[list[str]]:
    """The rows of a table, by its head, each a list of cells."""
    lines = text.split(f"\n| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_readme_has_every_parameter_with_every_word_that_it_may_be() -> None:
    told = rows(README, "parameter | meaning")
    names = [name for cell, _ in told for name in re.findall(r"`(\w+)`", cell)]
    assert names == list(Parameters.model_fields)
    for cell, meaning in told:
        for name in re.findall(r"`(\w+)`", cell):
            choices = get_args(Parameters.model_fields[name].annotation)
            if choices and name not in ("other_sizes", "example_split"):
                assert set(choices) <= set(re.findall(r"`([\w-]+)`", meaning)), name
    (models,) = (meaning for cell, meaning in told if cell == "`model`")
    assert set(re.findall(r"`([\w-]+)`", models)) <= set(registry.known())


def test_the_readme_has_every_target_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE)) | {"clean", "help"}
    told = {
        command.split()[1]
        for path in (ROOT / "README.md",)
        for command in commands(path)
        if command.startswith("make ")
    }
    assert targets - told == set()


def test_the_layout_in_the_readme_names_files_and_folders_that_are_there() -> None:
    block = README.split("## Layout")[1].split("```")[1]
    told = [
        name.strip(",") for line in block.splitlines() for name in re.split(r"  +", line)[0].split()
    ]
    assert len(told) > 8
    assert [name for name in told if not is_file(name)] == []
    of_rooms = re.findall(r"happens to the data: ([\w, \n]+), on top of (\w+);", block)[0]
    named = re.findall(r"\w+", of_rooms[0])
    assert named == [room for room in reversed(rooms.ROOMS) if room not in ("core", "cli")]
    assert of_rooms[1] == "core"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "index.md", ".ci/run"])
def test_the_pythons_are_those_of_the_project(name: str) -> None:
    low, high = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    versions = [f"3.{minor}" for minor in range(int(low), int(high))]
    text = (ROOT / name).read_text()
    told = re.findall(r"Python (3\.\d+(?:(?:, | or | and | to )3\.\d+)*)", text)
    assert told
    for one in told:
        assert one in (
            f"{versions[0]}, {versions[1]} or {versions[2]}",
            f"{versions[0]}, {versions[1]} and {versions[2]}",
            f"{versions[0]} to {versions[-1]}",
        )


def test_each_name_in_the_table_of_what_can_be_added_stands_in_a_file_of_its_row() -> None:
    names = {"CODEC", "METRICS", "PLOTS", "Parameters.source", "open_collection"}
    seen = set()
    for row in rows(CONTRIBUTING, "what | files | what holds it true"):
        spans = re.findall(r"`([^`]+)`", " ".join(row))
        places = [ROOT / span for span in spans if "/" in span and (ROOT / span).exists()]
        files = [
            file
            for place in places
            for file in ([place] if place.is_file() else sorted(place.glob("*.py")))
        ]
        texts = "\n".join(file.read_text() for file in files)
        for name in names & set(spans):
            seen.add(name)
            assert re.search(rf"\b{name.rpartition('.')[2]}\b", texts), (row[0], name)
    assert seen == names


def test_the_attention_that_is_shown_as_an_example_is_what_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "_ATTENTIONS", dict(registry._ATTENTIONS))
    (example,) = blocks(CONTRIBUTING, "python")
    (tmp_path / "halved.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    import_module("halved")
    registered = registry._ATTENTIONS["halved"]
    built = registered.build(1)
    latent = np.random.default_rng(0).random((1, 5, 7, 1), dtype="float32")
    np.testing.assert_allclose(built(latent), latent / 2)  # each value by itself: a reach of 0
    assert registered.reach == 0
    names = {layer.name for layer in built.layers}
    assert registered.has_map == ("attention_map" in names)
