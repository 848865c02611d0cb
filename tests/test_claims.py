"""The list of claims: what it may say, and the verdicts that runs lead to."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reproduce.core.errors import ReproduceError
from reproduce.results import claims, record
from reproduce.results import reported as paper
from reproduce.results.claims import Check, Claim
from reproduce.results.findings import Findings
from reproduce.results.run import Run
from tests.made_up import study_findings

CHECK = {"quantity": "last_loss", "label": "loss", "at_most": 0.65, "why": "It is an example."}
CLAIM = {
    "name": "example",
    "claim": "The loss is small.",
    "where": "section I",
    "shown": {"chapter": "training", "target": "training-curve"},
    "checks": [CHECK],
}


def claim(**changes: Any) -> Claim:
    return Claim(**(CLAIM | changes))


def check(**values: Any) -> Check:
    return Check(quantity="last_loss", label="loss", why="It is an example.", **values)


def run(loss: float = 0.61, learned: bool = True, **example: float) -> Run:
    """What a run has measured: that of seed 0, with these changes."""
    recorded = record.read()
    losses = (*recorded.training.losses[:-1], loss)
    changes = {
        "training": recorded.training.model_copy(update={"losses": losses}),
        "example": recorded.example.model_copy(update=example),
        "learned": learned,
    }
    return recorded.model_copy(update=changes)


def verdict(one: Claim, *runs: Run) -> str:
    (judged,) = claims.judge([one], dict(enumerate(runs)))
    return judged.verdict


# The committed list


def test_every_claim_has_a_verdict_in_the_recorded_runs() -> None:
    judged = claims.judge(claims.read(), record.read_seeds())
    assert len(judged) >= 15
    assert {one.verdict for one in judged} == set(claims.VERDICTS)


def test_the_reported_numbers_are_the_papers() -> None:
    reported = {
        check.quantity: check.reported
        for one in claims.read()
        for check in one.checks
        if check.reported is not None
    }
    expected = {
        "training_images": paper.TRAINING_IMAGES,
        "last_loss": paper.LOSS,
        "original_bytes": paper.ORIGINAL_BYTES,
        "reconstruction_ratio": paper.RECONSTRUCTION_RATIO,
        "latent_clip_ratio": paper.LATENT_RATIO,
        "latent_stretch_ratio": paper.LATENT_RATIO,
        "test_images": paper.TEST_IMAGES,
        "mean_ratio": paper.MEAN_RATIO,
    }
    assert {name: reported[name] for name in expected} == expected


# What a check may say, and when it holds


@pytest.mark.parametrize(
    ("values", "held", "not_held"),
    [
        ({"reported": 3, "tolerance": 0}, [3, 3.0], [2, 4, 3.0001]),
        ({"reported": 0.6, "tolerance": 0.05}, [0.551, 0.649], [0.549, 0.651, -0.6]),
        ({"reported": 200, "tolerance_percent": 5}, [190, 210], [189, 211]),
        ({"reported": -200, "tolerance_percent": 5}, [-190, -210], [-189, 200]),
        ({"at_least": 2}, [2, 1e9], [1.99, -3]),
        ({"at_most": 2}, [2, -3], [2.01]),
        ({"at_least": 1, "at_most": 2}, [1, 2], [0.9, 2.1]),
    ],
)
def test_a_check_holds_within_its_bounds_and_never_with_nan(values, held, not_held) -> None:
    one = check(**values)
    assert [value for value in held if not one.holds(value)] == []
    assert [value for value in [*not_held, math.nan] if one.holds(value)] == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"reported": 3},
        {"tolerance": 3},
        {"reported": 3, "tolerance": 1, "tolerance_percent": 1},
        {"reported": 3, "tolerance": 1, "at_least": 2},
    ],
)
def test_a_check_that_could_not_fail_or_says_two_things_is_refused(values) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        check(**values)


# Verdicts


def test_it_is_reproduced_if_all_checks_hold_for_all_seeds() -> None:
    assert verdict(claim(), run(0.61), run(0.62)) == "reproduced"


def test_it_is_partly_so_if_some_seeds_or_some_checks_hold() -> None:
    assert verdict(claim(), run(0.61), run(0.66)) == "partly"
    two = claim(checks=[CHECK, CHECK | {"at_most": 0.1}])
    assert verdict(two, run(0.61)) == "partly"


def test_it_is_not_reproduced_if_none_holds() -> None:
    assert verdict(claim(), run(0.66), run(0.67)) == "not reproduced"


def test_a_dead_seed_counts_only_where_the_claim_says_so_or_where_none_has_learned() -> None:
    runs = [run(0.61), run(0.69, learned=False)]
    assert verdict(claim(), *runs) == "reproduced"
    assert verdict(claim(every_seed=True), *runs) == "partly"
    assert verdict(claim(), runs[1]) == "not reproduced"


def test_the_sign_can_be_left_out() -> None:
    sign = CHECK | {"quantity": "correlation", "at_most": 0.3}
    negative = run(attention_correlation=-0.5)
    assert verdict(claim(checks=[sign]), negative) == "reproduced"
    assert verdict(claim(checks=[sign | {"magnitude": True}]), negative) == "not reproduced"


def test_a_claim_that_cannot_be_checked_says_why() -> None:
    assert verdict(claim(checks=[], not_checkable="No bitstream."), run()) == "not checkable"


WITHOUT = {"label": "with nothing in its place", "why": "It would be missed."}


def without(*variants: str) -> Claim:
    """A claim that is held against models without what it is about."""
    named = [{**WITHOUT, "question": "first-thing", "variant": one} for one in variants]
    return claim(checks=[], without=named)


def found(**verdicts: Any) -> Findings:
    """What a study found of `none` and `l1`, with these verdicts."""
    made_up = study_findings()
    changed = (replace(one, verdict=verdicts[one.variant]) for one in made_up.of("first-thing"))
    return replace(made_up, findings=tuple(changed))


@pytest.mark.parametrize(
    ("none", "l1", "expected"),
    [
        ("more bytes", "more bytes", "reproduced"),
        ("no difference", "more bytes", "partly"),
        ("undecided", "fewer bytes", "not reproduced"),
        ("not comparable", "no difference", "not reproduced"),
        ("more bytes", "unfinished", "not checkable"),
    ],
)
def test_a_claim_about_a_part_holds_where_models_without_it_take_more_bytes(
    none: Any, l1: Any, expected: str
) -> None:
    (judged,) = claims.judge([without("none", "l1")], {0: run()}, found(none=none, l1=l1))
    assert judged.verdict == expected
    assert [one.variant for one in judged.found] == ["none", "l1"]


def test_a_claim_about_a_part_that_the_study_has_no_model_without_is_refused() -> None:
    with pytest.raises(ReproduceError, match=r"'example': no variant 'paper' .*'first-thing'"):
        claims.judge([without("paper")], {0: run()}, found(none="more bytes", l1="more bytes"))


# What stops the build


def test_a_claim_without_measurement_is_refused() -> None:
    unknown = claim(checks=[CHECK | {"quantity": "beauty"}])
    with pytest.raises(ReproduceError, match=r"'example' has no measurement.*'beauty'.*last_loss"):
        claims.judge([unknown], {0: run()})


def test_a_quantity_that_a_run_could_not_measure_is_refused_if_its_model_learned() -> None:
    correlation = claim(checks=[CHECK | {"quantity": "correlation"}])
    nothing: Any = {"attention_correlation": math.nan}
    with pytest.raises(ReproduceError, match=r"'correlation' of the run with seed 0"):
        claims.judge([correlation], {0: run(**nothing)})
    dead = run(learned=False, **nothing)
    assert verdict(correlation, dead) == "not reproduced"


def test_a_quantity_that_may_be_missing_fails_its_check_where_it_is() -> None:
    correlation = claim(checks=[CHECK | {"quantity": "correlation", "may_be_missing": True}])
    assert verdict(correlation, run(attention_correlation=math.nan)) == "not reproduced"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([CLAIM | {"checks": []}], "claim 'example': needs checks, or models"),
        ([CLAIM | {"not_checkable": "both"}], "claim 'example': needs checks, or models"),
        ([CLAIM | {"without": [WITHOUT]}], "claim 'example': without: 0: question"),
        ([CLAIM | {"verdict": "reproduced"}], "claim 'example': verdict: Extra"),
        ([CLAIM, CLAIM], "two claims have the name 'example'"),
        ([CLAIM | {"checks": [CHECK | {"at_most": "low"}]}], "claim 'example': checks: 0: at_most"),
        ({"example": CLAIM}, "list"),
        (["example"], "claims.yaml: 0: "),
        (None, "list"),
    ],
)
def test_a_faulty_list_is_refused_with_the_claim_that_is_at_fault(
    tmp_path: Path, content: object, message: str
) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ReproduceError, match="claims") as caught:
        claims.read(path)
    assert message in str(caught.value)


def test_a_missing_or_broken_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReproduceError, match="cannot read the claims"):
        claims.read(tmp_path / "claims.yaml")
    (tmp_path / "claims.yaml").write_text("- [")
    with pytest.raises(ReproduceError, match="cannot read the claims"):
        claims.read(tmp_path / "claims.yaml")


def test_the_conclusion_gives_the_verdict_on_every_claim() -> None:
    conclusion = (Path(__file__).parents[1] / "book" / "conclusion.md").read_text(encoding="utf-8")
    told = re.findall(r"reproduction_report\.ipynb::verdict_([a-z-]+):s", conclusion)
    assert sorted({*told} - {"counts"}) == sorted(claim.name for claim in claims.read())
