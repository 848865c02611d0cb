"""What a study has found: a known effect, none, and runs that came to nothing."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reproduce.core import environment
from reproduce.core.errors import ReproduceError
from reproduce.core.study import Analysis, Finals, Study
from reproduce.measure import comparison, stages
from reproduce.measure.comparison import Comparison
from reproduce.models import training
from reproduce.results import findings, record
from reproduce.results.findings import Outcome, outcome, verdict
from tests.made_up import rates, study_findings

FACTS = {
    "weights": 100,
    "encoding_multiplications": 20,
    "decoding_multiplications": 5,
}


def question(reference: str, seeds: str, **variants: dict[str, Any]) -> dict[str, Any]:
    said = {"asks": "?", "expects": "-", "refuted_by": "-"}
    return {**said, "reference": reference, "seeds": seeds, "variants": variants}


def study(finals: dict[str, Any] | None = None) -> Study:
    """A plan of two questions, the second of which borrows the first one's reference."""
    first = question("paper", "0..5", paper={}, same={"epochs": 2}, dearer={"epochs": 3})
    second = question("paper", "0..2", dead={"epochs": 4}, cheaper={"epochs": 5})
    return Study.model_validate(
        {
            "profile": "quick",
            "stages": ["own-files"],
            "analysis": {"resamples": 1000},
            "questions": {"first": first, "second": second},
            "finals": finals,
        }
    )


def run(factor: float, seed: int, best: float = 30.0, flat: float = 18.0) -> Outcome:
    """A run whose files have so many times the bytes for the same PSNR, which scatter by 1 %."""
    # Six images, each of which has a decibel more than the one before it.
    psnr = [best - 2.5 - below for below in (4, 3, 2, 1, 0)]
    table = rates(factor, seed=seed, spread=0.01, psnr_db=psnr)
    return outcome(table, FACTS | {"flat_psnr_db": flat})


def outcomes() -> dict[str, dict[int, Outcome]]:
    factors = {"paper": 1.0, "same": 1.0, "dearer": 1.5, "cheaper": 0.8}
    found = {
        variant: {seed: run(factor, seed + 9 * place) for seed in range(6)}
        for place, (variant, factor) in enumerate(factors.items())
    }
    # The paper's model is dead with one seed, a variant with all.
    found["paper"][4] = run(1.0, 4, flat=27.5)
    found["dead"] = {seed: run(1.0, seed, best=20.0) for seed in range(2)} | {
        2: Outcome("diverged")
    }
    return found


@pytest.fixture(scope="module")
def found() -> findings.Findings:
    plan, runs = study({"per_question": 1, "whole": ["first"]}), outcomes()
    return findings.Findings(plan, runs, findings.compare(plan, runs), frozenset({"c0ffee"}))


def test_a_known_effect_is_found_and_no_effect_is_not(found: findings.Findings) -> None:
    dearer, same = found.finding("first", "dearer"), found.finding("first", "same")
    assert (dearer.verdict, same.verdict) == ("more bytes", "no difference")
    assert dearer.compared.percent == pytest.approx(50, abs=1.5)
    assert same.compared.percent == pytest.approx(0, abs=1.5)
    cheaper = found.finding("second", "cheaper")
    assert cheaper.verdict == "fewer bytes"
    assert cheaper.compared.percent == pytest.approx(-20, abs=1.5)


def test_only_runs_that_learned_with_the_seeds_of_the_question_are_compared(
    found: findings.Findings,
) -> None:
    assert [*found.finding("first", "dearer").compared.of_seeds] == [0, 1, 2, 3, 5]
    assert [*found.finding("second", "cheaper").compared.of_seeds] == [0, 1, 2]


def test_a_run_that_is_dead_or_diverged_is_a_row_like_any_other(found: findings.Findings) -> None:
    dead = found.finding("second", "dead")
    assert dead.verdict == "not comparable"
    assert math.isnan(dead.compared.percent)
    assert (found.seeds("dead", "dead"), found.seeds("dead", "diverged")) == ([0, 1], [2])
    assert found.seeds("paper", "dead") == [4]
    assert found.seeds("paper", "learned") == [0, 1, 2, 3, 5]


def test_each_variant_but_the_reference_is_held_against_it_and_p_is_corrected_for_all(
    found: findings.Findings,
) -> None:
    compared = [(one.question, one.variant) for one in found.findings]
    assert compared == [
        *(("first", "same"), ("first", "dearer")),
        *(("second", "dead"), ("second", "cheaper")),
    ]
    before = {str(place): one.compared.p for place, one in enumerate(found.findings)}
    after = [*comparison.holm(before).values()]
    assert [one.p for one in found.findings] == pytest.approx(after, nan_ok=True)
    assert found.finding("first", "dearer").p == pytest.approx(3 * 2 / 1001)


def test_what_is_not_finished_has_no_verdict_yet_but_counts_among_the_comparisons() -> None:
    plan, runs = study(), outcomes()
    finished = {one.variant: one for one in findings.compare(plan, runs)}
    runs["same"][5] = Outcome("not made")
    found = {one.variant: one for one in findings.compare(plan, runs)}
    assert (found["same"].verdict, math.isnan(found["same"].p)) == ("unfinished", True)
    assert [*found["same"].compared.of_seeds] == [0, 1, 2, 3]  # what is there is shown
    assert found["dearer"] == finished["dearer"]
    # Without a run of the reference none can be told.
    runs["paper"][5] = Outcome("not made")
    found = {one.variant: one for one in findings.compare(plan, runs)}
    assert found["dearer"].verdict == "unfinished"
    assert found["cheaper"].verdict == "fewer bytes"  # whose question does not have this seed


def test_finalists_are_whole_questions_and_the_best_of_others_with_their_references(
    found: findings.Findings,
) -> None:
    assert found.finalists() == ["paper", "same", "dearer", "cheaper"]
    of_best = findings.Findings(
        study({"per_question": 1}), found.outcomes, found.findings, found.commits
    )
    assert of_best.finalists() == ["paper", "same", "cheaper"]
    without = findings.Findings(study(), found.outcomes, found.findings, found.commits)
    assert without.finalists() == []


def test_the_best_of_a_question_are_those_with_the_fewest_bytes_not_with_the_least_difference() -> (
    None
):
    made_up = study_findings()  # -20 and +2 %; +60 and +33 %
    ranked = made_up.plan.model_copy(update={"finals": Finals(per_question=1)})
    assert replace(made_up, plan=ranked).finalists() == ["paper", "none", "deeper"]


@pytest.mark.parametrize(
    ("low", "percent", "high", "p", "expected"),
    [
        (-9, -6, -3, 0.01, "fewer bytes"),
        (3, 6, 9, 0.049, "more bytes"),
        (-3, -2, -1, 0.01, "fewer bytes"),
        (-3, -2, -1, 0.06, "no difference"),
        (-4.9, 0, 4.9, 1.0, "no difference"),
        (-5.1, -1, 4.9, 1.0, "undecided"),
        (-4.9, 1, 5.1, 1.0, "undecided"),
        (math.nan, 1, math.nan, math.nan, "undecided"),
        (math.nan, math.nan, math.nan, math.nan, "not comparable"),
    ],
)
def test_the_verdict_follows_the_rule_of_the_plan(
    low: float, percent: float, high: float, p: float, expected: str
) -> None:
    compared = Comparison(percent, low, high, p, {}, 0)
    assert verdict(compared, p, Analysis()) == expected


def test_an_outcome_says_what_was_measured_of_the_run() -> None:
    of_run = run(1.0, 0)
    assert of_run.fate == "learned"
    assert of_run.best_psnr_db == pytest.approx(30)
    assert (of_run.weights, of_run.multiplications) == (100, 25)
    assert run(1.0, 0, best=20.9).fate == "dead"  # 3 dB above plain grey are asked for


TINY: dict[str, dict[str, Any]] = {"a": {"epochs": 1}, "b": {"epochs": 1, "model": "no-attention"}}


def test_the_record_of_a_study_is_read_with_what_became_of_each_run(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "commit", lambda **_: "c0ffee")
    results, parameters = tmp_path / "results", parameters_of(folder_of_images, rate_images=2)
    plan = Study.model_validate(
        {
            "profile": "quick",
            "stages": ["own-files"],
            "weights": False,
            "analysis": {"resamples": 100},
            "questions": {"first": question("a", "0", **TINY)},
        }
    )
    one, other = plan.runs(parameters)
    made = stages.with_needs(plan.stages)
    with pytest.raises(
        ReproduceError, match=r"no record of the study in .*; make it with: make study STUDY="
    ):
        findings.read(plan, parameters, results)
    assert not record.is_made(one.parameters, made)
    record.write(one.parameters, results, made, one.model, weights=False)
    assert record.is_made(one.parameters, made)
    assert not record.is_made(other.parameters, made)
    found = findings.read(plan, parameters, results)
    assert (found.seeds("a", "learned") or found.seeds("a", "dead")) == [0]
    assert found.seeds("b", "not made") == [0]
    assert found.finding("first", "b").verdict == "unfinished"
    monkeypatch.setattr(training, "_train_epoch", lambda *_: math.nan)
    record.write(other.parameters, results, made, other.model, weights=False)
    assert record.is_made(other.parameters, made)  # with nothing to make it of but a note
    found = findings.read(plan, parameters, results)
    assert found.seeds("b", "diverged") == [0]
    assert found.outcomes["b"][0].rates.empty
    facts = stages.OWN_FILES.folder(one.parameters)
    assert found.outcomes["a"][0].weights == 5404
    assert len(found.outcomes["a"][0].rates) == 10 * len(pd.read_csv(facts / "own-files.csv"))
    assert found.finding("first", "b").verdict == "not comparable"
    assert found.commits == {"c0ffee"}
    # Of the build itself, the same.
    again = findings.make(plan, parameters)
    assert again.outcomes == found.outcomes
    assert again.outcomes["a"][0].rates.equals(found.outcomes["a"][0].rates)
    assert again.commits == found.commits
