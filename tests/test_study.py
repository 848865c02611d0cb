"""Studies: runs that differ in a few parameters."""

import subprocess
from pathlib import Path

import pytest
import yaml

from reproduce.core import study as studies
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.core.study import Study
from reproduce.measure import stages
from reproduce.models import registry
from reproduce.results.studies import FUTURE_WORK, PLANNED

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "studies"

TWO_BY_TWO = """
profile: paper
seeds: "0,3"
stages: [model]
parameters: {epochs: 2}
variants:
  plain: {}
  noise: {quantisation: noise, epochs: 5}
"""


def written(folder: Path, text: str) -> Study:
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return studies.read("mine", folder)


def test_each_variant_runs_with_each_seed_and_sets_most_what_is_its_own(tmp_path: Path) -> None:
    runs = list(written(tmp_path, TWO_BY_TWO).runs(Parameters(epochs=9, batch_size=3)))
    assert [(run.model, run.parameters.seed) for run in runs] == [
        ("paper@plain", 0),
        ("paper@plain", 3),
        ("paper@noise", 0),
        ("paper@noise", 3),
    ]
    assert [run.parameters.epochs for run in runs] == [2, 2, 5, 5]
    assert {run.parameters.batch_size for run in runs} == {3}
    assert runs[2].changes == {"epochs": 5, "quantisation": "noise", "seed": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO_BY_TWO.replace("seeds:", "seed:"), "seed: Extra inputs"),
        (TWO_BY_TWO.replace('seeds: "0,3"\n', ""), "seeds: there is none"),
        (TWO_BY_TWO.replace("noise: {", "No such name!: {"), "variants.*pattern"),
        (TWO_BY_TWO.replace("[model]", "[]"), "stages"),
        (TWO_BY_TWO + "more: 1", "more: Extra inputs"),
        (TWO_BY_TWO.partition("variants")[0], "what sets parameters needs a variant"),
        (TWO_BY_TWO.replace("profile: paper", "profile: ["), "not valid YAML"),
        ("- 1", "valid dictionary"),
    ],
)
def test_a_file_that_holds_no_study_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ReproduceError, match=rf"mine\.yaml(?s:.*){said}"):
        written(tmp_path, text)


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ReproduceError, match=r"mine\.yaml: profile: .+; stages: .+"):
        written(tmp_path, 'seeds: "0"')


QUESTIONS = """
profile: paper
stages: [model]
parameters: {epochs: 2}
finals: {per_question: 1, whole: [first]}
questions:
  first:
    asks: Is it?
    expects: It is.
    refuted_by: It isn't.
    reference: plain
    seeds: "0..2"
    variants:
      plain: {}
      noise: {quantisation: noise}
  second:
    asks: And this?
    expects: Yes.
    refuted_by: No.
    reference: plain
    seeds: "2,7"
    variants:
      longer: {epochs: 5}
      noise: {quantisation: noise}
"""


def test_each_question_has_its_variants_run_with_its_seeds_and_those_it_compares_with(
    tmp_path: Path,
) -> None:
    runs = list(written(tmp_path, QUESTIONS).runs(Parameters()))
    seeds = {
        model: [run.parameters.seed for run in runs if run.model == model]
        for model in dict.fromkeys(run.model for run in runs)
    }
    assert seeds == {
        "paper@plain": [0, 1, 2, 7],
        "paper@noise": [0, 1, 2, 7],
        "paper@longer": [2, 7],
    }
    assert {run.parameters.epochs for run in runs if run.variant == "longer"} == {5}


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        ("true", {("plain", 1), ("plain", 7), ("longer", 2), ("noise", 7)}),
        ("false", set()),
        ('{plain: "0,7", longer: "2"}', {("plain", 7), ("longer", 2)}),
    ],
)
def test_the_weights_are_kept_of_all_runs_or_of_none_or_of_those_that_are_named(
    tmp_path: Path, weights: str, kept: set[tuple[str, int]]
) -> None:
    study = written(tmp_path, QUESTIONS + f"weights: {weights}\n")
    asked = {("plain", 1), ("plain", 7), ("longer", 2), ("noise", 7)}
    runs = {(run.variant, run.parameters.seed): run for run in study.runs(Parameters())}
    assert {run for run in asked if study.keeps_weights(runs[run])} == kept


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reference: plain", "reference: nothing", "first.reference: 'nothing' is no variant"),
        ('"2,7"', '"2,2"', "questions.second.seeds: .*a seed comes twice"),
        ('"2,7"', '""', "questions.second.seeds: .*there is none"),
        (
            "{epochs: 5}\n      noise: {quantisation: noise}",
            "{}\n      noise: {epochs: 4}",
            "'noise'",
        ),
        ("whole: [first]", "whole: [third]", "'third' is no question"),
        ("profile: paper", 'profile: paper\nseeds: "0"', "none beside them"),
        ("    expects: Yes.\n", "", "questions.second.expects: Field required"),
        ("finals:", "analysis: {correction: none}\nfinals:", "analysis.correction"),
        ("finals:", "analysis: {confidence: 95}\nfinals:", "analysis.confidence"),
        ("finals:", 'weights: {third: "2"}\nfinals:', "weights: 'third' is no variant"),
        ("finals:", 'weights: {longer: "2,3"}\nfinals:', "weights.longer: not all of 2,3 are its"),
        ("finals:", 'weights: {longer: "2,2"}\nfinals:', "a seed comes twice"),
    ],
)
def test_questions_that_do_not_fit_together_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(ReproduceError, match=said):
        written(tmp_path, QUESTIONS.replace(old, new))


@pytest.mark.parametrize("name", ["other", "../mine", ""])
def test_an_unknown_study_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReproduceError, match=r"unknown study .*; known are none$"):
        studies.read(name, tmp_path)
    written(tmp_path, TWO_BY_TWO)
    (tmp_path / "another.yaml").touch()
    with pytest.raises(ReproduceError, match=r"unknown study .*; known are another, mine$"):
        studies.read(name, tmp_path)


def test_a_parameter_that_a_study_sets_wrongly_is_refused(tmp_path: Path) -> None:
    study = written(tmp_path, TWO_BY_TWO.replace("epochs: 5", "epochs: many"))
    with pytest.raises(ReproduceError, match="parameter 'epochs'"):
        list(study.runs(Parameters()))


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_study_of_the_project_can_be_run(path: Path) -> None:
    study = studies.read(path.stem, STUDIES)
    assert stages.with_needs(study.stages)
    runs = list(study.runs(load_parameters(study.profile, ROOT / "profiles")))
    dependencies = []
    for run in runs:
        registry.find(run.parameters.model)
        effective = run.parameters.in_effect()
        assert run.changes.keys() - effective.keys() == set(), "set, but without effect"
        dependencies.append(effective)
    assert len(dependencies) == len({str(one) for one in dependencies}), "two runs are the same"


def git(*words: str) -> str:
    """What git says of the project, if anything."""
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_the_plan_on_the_papers_future_work_has_the_questions_that_were_asked_before_any_run() -> (
    None
):
    if git("cat-file", "-t", PLANNED) != "commit\n":
        assert git("rev-parse", "--is-shallow-repository") != "false\n", f"no commit {PLANNED}"
        pytest.skip("needs the history of the project, which this copy lacks")
    # Nothing of it was recorded then.
    assert f"results/{studies.read(FUTURE_WORK, STUDIES).profile}" not in git(
        "ls-tree", "-r", "--name-only", PLANNED
    )
    then = yaml.safe_load(git("show", f"{PLANNED}:studies/{FUTURE_WORK}.yaml"))
    now = yaml.safe_load((STUDIES / f"{FUTURE_WORK}.yaml").read_text())
    # How it is made may change; not what is asked, of what, and how it is decided.
    decided = ("profile", "questions", "analysis", "finals", "parameters")
    assert {name: now.get(name) for name in decided} == {name: then.get(name) for name in decided}
