"""Stages: what each depends on, where it is kept, and the table of all."""

import ast
import json
import os
import platform
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reproduce.core import environment, sources, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.core.sources import Tree
from reproduce.core.stage import Stage, present
from reproduce.data.sources.folder import walk
from reproduce.data.stages import DATA
from reproduce.measure import repetitions, scores, stages
from reproduce.models.stages import MODEL
from tests.conftest import write_folder_of_images

MAKER = "reproduce.core.errors"  # stands for a module: nothing in it is called


@pytest.fixture(params=stages.EVERY, ids=lambda stage: stage.name)
def stage(request: pytest.FixtureRequest) -> Stage:
    return request.param


def test_each_stage_reads_parameters_that_exist(stage: Stage) -> None:
    assert set(stage.reads) <= set(Parameters.model_fields)


def test_each_stage_stands_behind_those_it_needs(stage: Stage) -> None:
    before = stages.EVERY[: stages.EVERY.index(stage)]
    assert set(map(id, stage.needs)) <= set(map(id, before))


def test_each_stage_is_made_by_a_function_that_exists(stage: Stage) -> None:
    import importlib

    for place in (stage.made_by, *stage.arguments.values()):
        module, _, name = place.partition(":")
        assert hasattr(importlib.import_module(module), name), place


def test_the_packages_of_each_stage_are_installed(stage: Stage) -> None:
    assert set(store.library_versions(stage.packages)) == set(stage.packages)


NO_NUMBERS = {
    "datasets": "fetches files of a pinned revision, and decodes none",
    "huggingface-hub": "the same",
    "filelock": "locks",
    "pydantic": "checks what is given",
    "pyyaml": "reads parameters, which are in the name themselves",
    "tabulate": "writes tables for pages",
    "tqdm": "draws progress bars",
    "typer": "reads the command line",
}
"""Packages that change no number, and why: no version of them counts."""


DISTRIBUTIONS = packages_distributions()


@cache
def imported_packages(code: bytes) -> set[str]:
    """Return the distributions that some code imports, wherever in it, TensorFlow's by one name."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(str(node.module))
    found = {name for module in modules for name in DISTRIBUTIONS.get(module.split(".")[0], ())}
    plain = {
        name.lower().replace("_", "-").replace("tensorflow-cpu", "tensorflow") for name in found
    }
    return plain - {"reproduce"}


@pytest.mark.parametrize(
    "parameters",
    [Parameters(source=name) for name in ("sample", "beans", "excerpt")],
    ids=lambda parameters: parameters.source,
)
def test_each_stage_names_all_packages_that_its_modules_import_but_those_without_numbers(
    stage: Stage, parameters: Parameters
) -> None:
    tree = sources.present()
    files = [file for file in tree.files(stage.closure(parameters)) if file.endswith(".py")]
    imported = set().union(
        *(imported_packages((sources.PACKAGE / file).read_bytes()) for file in files)
    )
    # What a stage needs has the versions of its own packages in its name, which is in this one's.
    earlier = set().union(*(needed.packages for needed in stage.all_needs()))
    assert imported - NO_NUMBERS.keys() - {*stage.packages, *earlier} == set()
    # What it is given, as a codec, has its packages in the stage's own manifest, too.
    given = {place.partition(":")[0] for place in stage.arguments.values()} & set(tree.modules)
    own = [
        imported_packages((sources.PACKAGE / file).read_bytes())
        for file in tree.files(sorted(given))
    ]
    assert set().union(*own) - NO_NUMBERS.keys() - {*stage.packages, *MODEL.packages} == set()
    assert set(stage.packages) <= set(environment.PACKAGES)


def test_the_machine_tells_the_versions_of_all_that_the_product_depends_on_but_those() -> None:
    project = tomllib.loads((sources.PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
    direct = {re.split("[^A-Za-z0-9-]", one)[0].lower() for one in project["dependencies"]}
    told = {name.replace("tensorflow-cpu", "tensorflow") for name in direct}
    assert {*environment.PACKAGES} - {"datasets"} == told - NO_NUMBERS.keys()
    assert environment.versions() == {
        "python": platform.python_version(),
        **store.library_versions(environment.PACKAGES),
    }


def test_names_of_stages_are_unique_and_say_where_they_are_kept() -> None:
    names = [stage.name for stage in stages.EVERY]
    assert len(set(names)) == len(names)
    parameters = Parameters(seed=3, model="no-attention")
    assert DATA.place(parameters.model, parameters.seed) == "data"
    assert stages.SCORES.place(parameters.model, parameters.seed) == "no-attention/seed-3/scores"
    assert stages.find("codecs/jpeg").place("paper", 0) == "codecs/jpeg"


def test_the_note_of_a_stage_lies_where_its_place_says(build_folder: Path) -> None:
    note = stages.SCORES.note(Parameters(profile="mine", seed=2))
    assert note == build_folder / "mine" / "paper" / "seed-2" / "scores.json"


def test_a_stage_is_present_if_just_that_artifact_is_made(small_run: Any) -> None:
    parameters = small_run.parameters
    assert MODEL.present(parameters) == MODEL.folder(parameters)
    assert MODEL.present(parameters.model_copy(update={"epochs": 4})) is None
    assert stages.SCORES.present(parameters) is None
    assert stages.SCORES.folder(parameters) == stages.SCORES.present(parameters)


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ReproduceError, match=r"unknown stage 'nope'; known are data, model, .*"):
        stages.find("nope")
    with pytest.raises(ReproduceError, match="unknown stage"):
        stages.with_needs(["nope/*"])


def test_stages_are_found_by_patterns_with_all_that_they_need() -> None:
    names = [stage.name for stage in stages.with_needs(["codecs/*", "rates"])]
    assert names[:2] == ["data", "model"]
    assert {"codec", "rates", "codecs/jpeg", "codecs/webp"} <= set(names)
    assert "scores" not in names


def test_the_manifest_says_by_what_and_where_it_was_made(
    small_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The commit of all but the records, which no stage reads.
    of = {(): "other", ("results",): "abc-dirty"}
    monkeypatch.setattr(environment, "commit", lambda apart_from=(): of[tuple(apart_from)])
    monkeypatch.setattr(environment, "variables", lambda: {"TF_X": "of the user"})
    manifest = store.read_manifest(stages.SCORES.folder(small_run.parameters))
    assert manifest["stage"] == "scores"
    made = manifest["made"]
    assert (made["commit"], made["uncommitted_changes"]) == ("abc", True)
    assert made["entries"] == ["reproduce.measure.scores"]
    assert {
        "reproduce.measure.scores",
        "reproduce.models.autoencoder",
        "reproduce.measure.metrics",
    } <= set(made["modules"])
    assert made["versions"] == environment.versions()
    assert made["variables"] == {"TF_X": "of the user"}
    assert made["machine"] == environment.machine().model_dump()
    assert made["started"].endswith("+00:00")
    assert manifest["dependencies"]["needs"]["data"] == {
        "artifact": small_run.data.folder.name,
        "fingerprint": small_run.data.fingerprint,
    }


def test_only_the_parameters_that_a_stage_reads_are_in_its_manifest(small_run: Any) -> None:
    manifest = store.read_manifest(small_run.trained.folder)
    assert manifest["dependencies"]["parameters"] == {
        "model": "paper",
        "epochs": 3,
        "batch_size": 3,
        "seed": 0,
        "quantisation": "none",
    }


def test_a_parameter_without_meaning_changes_nothing(small_run: Any) -> None:
    other = small_run.parameters.model_copy(
        update={"quantisation_step": 4.0, "crops_per_photograph": 2, "seeds": "1"}
    )
    assert MODEL.dependencies(other) == MODEL.dependencies(small_run.parameters)
    quantised = {"quantisation": "noise"}
    steps = [
        MODEL.own_dependencies(other.model_copy(update={**quantised, "quantisation_step": step}))
        for step in (4.0, 2.0)
    ]
    assert steps[0] != steps[1]


def test_the_parts_of_a_model_count_for_its_training_and_those_of_others_do_not() -> None:
    modules = {
        name: set(MODEL.entries(Parameters(model=name))) for name in ("paper", "no-attention")
    }
    attention = "reproduce.models.attentions."
    assert f"{attention}paper" in modules["paper"] - modules["no-attention"]
    assert f"{attention}no_attention" in modules["no-attention"] - modules["paper"]
    assert "reproduce.models.encoders.paper" in modules["paper"] & modules["no-attention"]


def test_a_codec_counts_for_its_own_measurement_alone() -> None:
    for name in ("jpeg", "webp"):
        closure = stages.find(f"codecs/{name}").closure(Parameters())
        found = [
            module for module in closure if module.startswith("reproduce.measure.rates.codecs.")
        ]
        assert found == [f"reproduce.measure.rates.codecs.{name}"]


def test_a_source_counts_for_what_is_prepared_from_it_alone() -> None:
    place = "reproduce.data.sources."
    others = {f"{place}{name}" for name in ("beans", "excerpt", "folder", "sample")}
    for source, expected in {"sample": {"sample"}, "excerpt": {"excerpt", "folder"}}.items():
        closure = DATA.closure(Parameters(source=source))
        assert others & set(closure) == {f"{place}{name}" for name in expected}


def test_what_a_stage_needs_is_resolved_once_in_one_go(
    folder_of_images: Path, parameters_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reproduce.data import stages as of_data

    parameters = parameters_of(folder_of_images, epochs=1)
    stages.SCORES.folder(parameters)
    walked = []

    def counted_walk(folder: Path) -> Iterator[tuple[str, os.stat_result | None]]:
        walked.append(folder)
        return walk(folder)

    monkeypatch.setattr(of_data, "walk", counted_walk)
    stages.SCORES.folder(parameters)
    assert len(walked) == 1
    stages.SCORES.folder(parameters)
    assert len(walked) == 2  # files may have changed meanwhile
    assert len(present(stages.SCORES.all_needs(), parameters)) == 2
    assert len(walked) == 3


def test_a_new_parameter_or_message_makes_nothing_anew() -> None:
    tree = sources.present()
    changed = Tree({**tree._files, "parameters.py": b"NEW = 1", "core/stage.py": b"NEW = 2"})
    for stage in stages.EVERY:
        closure = tree.closure(stage.entries(Parameters()))
        assert changed.digest(closure) == tree.digest(closure), stage.name


def test_only_finished_stages_are_noted(small_run: Any) -> None:
    folder = stages.EXAMPLE.folder(small_run.parameters)
    numbers = json.loads((folder / "example.json").read_text())
    assert numbers["name"] == small_run.data.names("train")[0]
    assert numbers["original_bytes"] > 0


def here(command: list[str], env: dict[str, str], **_: Any) -> None:
    """Score in this process what another would be started for: it isn't looked into anyway."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REPRODUCE_BUILD", env["REPRODUCE_BUILD"])
        scores.score(Parameters.model_construct(**json.loads(command[-1])))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images, and the place of a build beside it, for all stages."""
    return write_folder_of_images(tmp_path_factory.mktemp("stages") / "images")


@pytest.fixture
def of_one_build(
    photographs: Path, parameters_of: Any, monkeypatch: pytest.MonkeyPatch
) -> Parameters:
    """Parameters of a run in a build folder where what a stage needs is made once for all."""
    monkeypatch.setenv("REPRODUCE_BUILD", str(photographs.parent / "build"))
    parameters: Parameters = parameters_of(photographs, epochs=1, rate_images=1)
    return parameters


TRAIN_AGAIN = ("literal", "literal-in-our-order", "repetitions-few")


@pytest.mark.parametrize(
    "stage",
    # One of those that share their function, but for what they are given.
    [
        pytest.param(one, marks=[pytest.mark.slow] if one.name in TRAIN_AGAIN else [])
        for one in stages.EVERY
        if one not in (*stages.CODECS[1:], *stages.CODEC_TIMES[1:], stages.MANY_REPETITIONS)
    ],
    ids=lambda stage: stage.name,
)
def test_each_stage_lists_what_its_function_uses(
    stage: Stage, of_one_build: Parameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetitions, "FEW", repetitions.FEW[:1])
    monkeypatch.setattr(repetitions, "subprocess", SimpleNamespace(run=here, DEVNULL=None))
    parameters = of_one_build
    for needed in stage.needs:
        needed.folder(parameters)
    used: set[str] = set()
    read: set[str] = set()
    within: list[Stage] = []  # what another stage uses and reads is that one's business
    folder, get = Stage.folder, Parameters.__getattribute__

    def noted_folder(self: Stage, given: Parameters) -> Path:
        if not within:
            used.add(self.name)
        within.append(self)
        try:
            return folder(self, given)
        finally:
            within.pop()

    def noted_get(self: Parameters, field: str) -> Any:
        if not within and field in Parameters.model_fields:
            read.add(field)
        return get(self, field)

    (tmp_path / "made").mkdir()
    with monkeypatch.context() as noting:
        noting.setattr(Stage, "folder", noted_folder)
        noting.setattr(Parameters, "__getattribute__", noted_get)
        stage.make_whole(parameters, tmp_path / "made")
    assert used == {needed.name for needed in stage.needs}
    listed = {field for one in (*stage.all_needs(), stage) for field in one.reads}
    # Of a folder, what is in it counts, and not its path.
    assert read - listed - ({"folder"} if stage is DATA else set()) == set()


def test_the_versions_of_a_stages_packages_are_among_what_it_depends_on(
    small_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = MODEL.dependencies(small_run.parameters)
    assert now["versions"] == store.library_versions(MODEL.packages)
    monkeypatch.setattr(store, "library_versions", lambda names: dict.fromkeys(names, "0.1"))
    older = MODEL.own_dependencies(small_run.parameters)
    assert older["versions"] != now["versions"]


def test_the_settings_of_tensorflow_and_the_order_of_threads_count_for_the_training() -> None:
    closure = MODEL.closure(Parameters())
    assert {"reproduce.core.backend", "reproduce.core.parallel"} <= set(closure)
