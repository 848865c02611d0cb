"""Every option of every command of `reproduce`: it reaches its function, and it alone changes.

What a command calls is replaced by a recorder, which reads its arguments as the real function does.
"""

import importlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from reproduce import cli
from reproduce.core import study as studies
from reproduce.core.errors import DivergedError
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.core.stage import Stage
from reproduce.measure import shards, stages

ROOT = Path(__file__).parents[1]
TINY = str(ROOT / "tests" / "profiles" / "tiny.yaml")
SAMPLE = load_parameters("sample", ROOT / "profiles")
PAPER = load_parameters("paper", ROOT / "profiles")
LESS = load_parameters(TINY, ROOT / "profiles")

COMPRESS: dict[str, Any] = {
    "source": Path("a.png"),
    "output": Path("b.cae"),
    "step": 0.25,
    "strict": False,
    "force": False,
    "skip_existing": False,
}
OF_COMPRESS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--step", "0.5"], {"step": 0.5}),
    (["--strict"], {"strict": True}),
    (["--force"], {"force": True}),
    (["--skip-existing"], {"skip_existing": True}),
]
DECOMPRESS: dict[str, Any] = {
    "source": Path("b.cae"),
    "output": Path("c.png"),
    "force": False,
    "skip_existing": False,
}

OF_RUN = [
    (["--profile", TINY], LESS),
    (["-f", TINY], LESS),
    (["--parameter", "epochs=3"], SAMPLE.model_copy(update={"epochs": 3})),
    (["-p", "epochs=3", "-p", "seed=7"], SAMPLE.model_copy(update={"epochs": 3, "seed": 7})),
]
"""Options that say which run is meant, and its parameters."""

EXPORT: dict[str, Any] = {"folder": Path("out"), "parameters": None, "force": False}
OF_EXPORT: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["--force"], {"force": True}),
    *((options, {"parameters": parameters}) for options, parameters in OF_RUN),
]

Call = tuple[list[str], str, list[dict[str, Any]]]


def of_run(command: list[str], function: str, **others: Any) -> list[Call]:
    """Return the table's lines for a command that hands the parameters of a run to a function."""
    return [
        (command + options, function, [{**others, "parameters": parameters}])
        for options, parameters in [([], SAMPLE), *OF_RUN]
    ]


def of_profile(command: str, function: str) -> list[Call]:
    """Return those for a command whose function wants the name of the profile alone."""
    return [
        ([command], function, [{"profile": "sample"}]),
        ([command, "--profile", TINY], function, [{"profile": "tiny"}]),
        ([command, "-f", TINY], function, [{"profile": "tiny"}]),
        ([command, "--parameter", "profile=mine"], function, [{"profile": "mine"}]),
        ([command, "-p", "profile=mine"], function, [{"profile": "mine"}]),
    ]


def recorded(parameters: Parameters, *seeds: int, folder: str = "results") -> list[dict[str, Any]]:
    """Return the calls by which the runs of some seeds are written to a record."""
    return [
        {
            "parameters": parameters.model_copy(update={"seed": seed}),
            "results": Path(folder),
            "recorded": stages.ALL,
            "model": "",
            "weights": True,
        }
        for seed in seeds
    ]


def studied(parameters: Parameters) -> list[dict[str, Any]]:
    """Return the calls by which the runs of the study `repetitions` are written."""
    return [
        {
            "parameters": parameters.model_copy(update={"seed": 0}),
            "results": Path("results"),
            "recorded": stages.with_needs(["repetitions-few"]),
            "model": "paper",
            "weights": True,
        }
    ]


def studied_with_two_models() -> list[dict[str, Any]]:
    """Return the calls by which the runs of the study `future-work` are written."""
    study = studies.read("future-work", ROOT / "studies")
    return [
        {
            "parameters": run.parameters,
            "results": Path("results"),
            "recorded": stages.with_needs(["own-files", "codecs/jpeg", "codecs/jpeg-2000"]),
            "model": f"{run.parameters.model}@{run.variant}",
            "weights": run.variant in ("paper", "none") and run.parameters.seed == 2,
        }
        for run in study.runs(load_parameters("quarter", ROOT / "profiles"))
    ]


FILES = "reproduce.codec.files"
RECORD = "reproduce.results.record:write"
TABLE: list[Call] = [
    *(
        (["compress", "a.png", "b.cae", *typed], f"{FILES}:compress", [COMPRESS | new])
        for typed, new in OF_COMPRESS
    ),
    *(
        (["decompress", "b.cae", "c.png", *typed], f"{FILES}:decompress", [DECOMPRESS | new])
        for typed, new in OF_COMPRESS
        if new.keys() <= DECOMPRESS.keys()
    ),
    *(
        (["export", "out", *typed], "reproduce.codec.export:export", [EXPORT | new])
        for typed, new in OF_EXPORT
    ),
    *of_run(
        ["notebook", "in.ipynb", "out.ipynb"],
        "reproduce.book.execute:execute",
        notebook=Path("in.ipynb"),
        output=Path("out.ipynb"),
    ),
    (
        ["refresh", "a.ipynb", "b.ipynb"],
        "reproduce.book.execute:refresh",
        [{"notebook": Path("a.ipynb")}, {"notebook": Path("b.ipynb")}],
    ),
    *of_profile("book", "reproduce.book.render:render"),
    *of_profile("pdf", "reproduce.book.pdf:write"),
    *of_run(["describe"], "reproduce.book.describe:describe"),
    (["record"], RECORD, recorded(PAPER, 0)),
    (["record", "elsewhere"], RECORD, recorded(PAPER, 0, folder="elsewhere")),
    (["record", "--profile", TINY], RECORD, recorded(LESS, 1)),
    (["record", "-f", TINY], RECORD, recorded(LESS, 1)),
    (
        ["record", "--parameter", "seeds=0,2..3"],
        RECORD,
        recorded(PAPER.model_copy(update={"seeds": "0,2..3"}), 0, 2, 3),
    ),
    (["record", "-p", "seed=7"], RECORD, recorded(PAPER, 7)),
    # A seed that nobody has made a run with.
    (["record", "--made", "-p", "seed=86028121"], RECORD, []),
    (["record", "--made", "--study", "repetitions", "-p", "epochs=977"], RECORD, []),
    (["record", "--study", "repetitions"], RECORD, studied(PAPER)),
    (["record", "--study", "repetitions", "-f", TINY], RECORD, studied(LESS)),
    (
        ["record", "--study", "repetitions", "-p", "epochs=3"],
        RECORD,
        studied(PAPER.model_copy(update={"epochs": 3})),
    ),
    (["record", "--study", "future-work"], RECORD, studied_with_two_models()),
]
"""What is typed, the function that it reaches, and the arguments of each of its calls."""

ELSEWHERE = {
    "inspect": {"source", "--json"},
    "make": {"names", "--profile", "-f", "--parameter", "-p", "--variant", "--part", "--gather"},
    "where": {"--profile", "-f", "--parameter", "-p"},
    "rooms": {"--path"},
    "readme": {"--path"},
}
"""Commands that have a test of their own below, and what is given to them there."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """A function that replaces another by a recorder of its arguments: calls(place, result)."""

    def record(place: str, result: Any = "made") -> list[dict[str, Any]]:
        module, _, name = place.partition(":")
        signature = inspect.signature(getattr(importlib.import_module(module), name))
        noted: list[dict[str, Any]] = []

        def recorder(*positional: Any, **named: Any) -> Any:
            given = signature.bind(*positional, **named)
            given.apply_defaults()
            noted.append(dict(given.arguments))
            return result

        monkeypatch.setattr(f"{module}.{name}", recorder)
        return noted

    return record


def run(*words: str) -> str:
    done = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


PRINTED = {"compress": "b.cae", "decompress": "c.png", "notebook": "", "refresh": ""}
"""What is printed of commands that don't print what their function returns."""


@pytest.mark.parametrize(("words", "function", "expected"), TABLE, ids=lambda one: str(one)[:60])
def test_what_is_typed_reaches_its_function(
    calls: Callable[..., list[dict[str, Any]]],
    words: list[str],
    function: str,
    expected: list[dict[str, Any]],
) -> None:
    noted = calls(function, ["made"] if words[0] in ("export", "record") else "made")
    printed = run(*words)
    assert noted == expected
    assert printed.split() == PRINTED.get(words[0], "made " * len(expected)).split()


def test_no_option_lacks_an_entry_and_none_is_there_twice() -> None:
    group = typer.main.get_command(cli.app)
    there = {
        name: {
            text
            for parameter in command.params
            for text in (parameter.opts if parameter.opts[0].startswith("-") else [parameter.name])
            if text != "--help"
        }
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }
    arguments = {
        "compress": {"source", "output"},
        "decompress": {"source", "output"},
        "export": {"folder"},
        "notebook": {"source", "output"},
        "refresh": {"sources"},
        "record": {"folder"},
    }
    tested: dict[str, set[str]] = {name: set(names) for name, names in ELSEWHERE.items()}
    for words, _, _ in TABLE:
        options = {word for word in words if word.startswith("-")}
        tested.setdefault(words[0], arguments.get(words[0], set()).copy()).update(options)
    assert tested == there


def test_inspect_tells_people_and_programs_the_same(
    calls: Callable[..., list[dict[str, Any]]],
) -> None:
    contents = {"model_name": "paper-0", "step": 0.25}
    noted = calls("reproduce.codec.files:inspect", contents)
    assert run("inspect", "b.cae").splitlines() == [
        "model name      paper-0",
        "step            0.25",
    ]
    assert json.loads(run("inspect", "b.cae", "--json")) == contents
    assert noted == 2 * [{"source": Path("b.cae")}]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Parameters]]:
    """The stages that are made, each with its parameters."""
    noted: list[tuple[str, Parameters]] = []

    def folder(self: Stage, parameters: Parameters) -> Path:
        noted.append((self.name, parameters))
        return Path("/store") / f"{self.name.replace('/', '-')}-1"

    monkeypatch.setattr(Stage, "folder", folder)
    return noted


def notes(build: Path) -> dict[str, str]:
    """Return the notes for the workflow: which artifact each names."""
    return {
        path.relative_to(build).as_posix(): json.loads(path.read_text())["artifact"]
        for path in build.rglob("*.json")
    }


@pytest.mark.parametrize(("options", "parameters"), [([], SAMPLE), *OF_RUN])
def test_make_makes_stages_with_the_parameters_and_notes_them(
    made: list[tuple[str, Parameters]],
    build_folder: Path,
    options: list[str],
    parameters: Parameters,
) -> None:
    printed = run("make", "model", "codecs/jpeg", *options)
    assert made == [("model", parameters), ("codecs/jpeg", parameters)]
    assert printed.split() == ["/store/model-1", "/store/codecs-jpeg-1"]
    place = f"{parameters.profile}/paper/seed-{parameters.seed}"
    assert notes(build_folder) == {
        f"{place}/model.json": "model-1",
        f"{parameters.profile}/codecs/jpeg.json": "codecs-jpeg-1",
    }


def test_make_notes_a_variant_beside_the_model(
    made: list[tuple[str, Parameters]], build_folder: Path
) -> None:
    run("make", "model", "data", "--variant", "noise")
    assert made == [("model", SAMPLE), ("data", SAMPLE)]
    assert set(notes(build_folder)) == {
        "sample/paper@noise/seed-0/model.json",
        "sample/data.json",
    }


@pytest.mark.parametrize(
    ("words", "noted"),
    [
        (["model", "own-files"], ["model", "own-files"]),
        (["own-files", "--part", "2/8"], ["own-files-2-of-8"]),
        (["codec", "own-files", "--gather", "8"], ["codec", "own-files"]),
    ],
)
def test_make_notes_a_training_that_diverged_of_a_study_alone(
    monkeypatch: pytest.MonkeyPatch, build_folder: Path, words: list[str], noted: list[str]
) -> None:
    def diverge(*_: Any) -> None:
        raise DivergedError("training diverged")

    for place in ("core.stage.Stage.folder", "measure.parts.measure", "measure.parts.gather"):
        monkeypatch.setattr(f"reproduce.{place}", diverge)
    typed = ["make", *words, "--variant", "noise"]
    told = CliRunner().invoke(cli.app, typed, catch_exceptions=False).stderr
    assert told.count("note: paper@noise, seed 0: training diverged") == len(noted)
    for name in noted:
        note = build_folder / "sample" / "paper@noise" / "seed-0" / f"{name}.json"
        assert json.loads(note.read_text()) == {"diverged": "training diverged"}
    with pytest.raises(DivergedError):
        run("make", *words)


def test_make_scores_one_part(
    calls: Callable[..., list[dict[str, Any]]],
    made: list[tuple[str, Parameters]],
    build_folder: Path,
) -> None:
    noted = calls("reproduce.measure.parts:measure", Path("/store/scores-2-of-8-1"))
    printed = run("make", "scores", "--part", "2/8", "-p", "seed=3")
    of_seed = SAMPLE.model_copy(update={"seed": 3})
    scores = stages.find("scores")
    assert noted == [{"stage": scores, "parameters": of_seed, "part": shards.Part(2, 8)}]
    assert made == []
    assert printed.strip() == "/store/scores-2-of-8-1"
    assert notes(build_folder) == {
        "sample/paper/seed-3/scores-2-of-8.json": "scores-2-of-8-1",
    }


def test_make_gathers_parts_before_it_notes_the_whole(
    calls: Callable[..., list[dict[str, Any]]],
    made: list[tuple[str, Parameters]],
    build_folder: Path,
) -> None:
    noted = calls("reproduce.measure.parts:gather")
    run("make", "scores", "example", "--gather", "8")
    assert noted == [{"stage": stages.find("scores"), "parameters": SAMPLE, "count": 8}]
    assert [name for name, _ in made] == ["scores", "example"]
    assert set(notes(build_folder)) == {
        "sample/paper/seed-0/scores.json",
        "sample/paper/seed-0/example.json",
    }


@pytest.mark.parametrize(
    ("options", "profile"),
    [
        ([], "sample"),
        (["--profile", TINY], "tiny"),
        (["-f", TINY], "tiny"),
        (["--parameter", "profile=mine"], "mine"),
        (["-p", "profile=mine"], "mine"),
    ],
)
def test_where_tells_the_front_page_of_that_profile(
    build_folder: Path, options: list[str], profile: str
) -> None:
    assert run("where", *options).strip() == str(build_folder / profile / "book" / "index.html")


def test_rooms_are_drawn_into_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = (ROOT / "book" / "drawings" / "rooms.svg").read_bytes()
    run("rooms", "--path", str(tmp_path / "mine.svg"))
    assert (tmp_path / "mine.svg").read_bytes() == committed
    (tmp_path / "book" / "drawings").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    run("rooms")
    assert (tmp_path / "book" / "drawings" / "rooms.svg").read_bytes() == committed


@pytest.mark.parametrize(
    ("name", "options"), [("README.md", []), ("mine.md", ["--path", "mine.md"])]
)
def test_the_verdicts_on_the_record_are_filled_into_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: list[str]
) -> None:
    monkeypatch.setattr("reproduce.results.claims.read", lambda: "claims")
    monkeypatch.setattr("reproduce.results.record.read_seeds", lambda: "record")
    monkeypatch.setattr("reproduce.results.claims.judge", lambda *of: ", ".join(of))
    monkeypatch.setattr("reproduce.chapters.report.in_brief", lambda judged: f"of {judged}")
    text = "before\n<!-- verdicts -->\n{}\n<!-- /verdicts -->\nafter\n"
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text.format("stale"))
    run("readme", *options)
    assert Path(name).read_text() == text.format("of claims, record")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_the_panels_of_the_help_name_every_command() -> None:
    group = typer.main.get_command(cli.app)
    panels: dict[str, list[str]] = {}
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        panels.setdefault(command.rich_help_panel, []).append(name)
    assert panels[cli.CODEC] == ["compress", "decompress", "inspect", "export"]
    assert set(panels) == {cli.CODEC, cli.WORKFLOW}
