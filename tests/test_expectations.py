"""What became of the expectations of the study on future work, by the words of its plan."""

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reproduce.core import study
from reproduce.core.parameters import parse_seeds
from reproduce.measure.comparison import Comparison
from reproduce.results import expectations
from reproduce.results.findings import Fate, Finding, Findings, Outcome, Verdict

PLAN = study.read("future-work", Path(__file__).parents[1] / "studies")

DEEPER = "decoder-two-more"


def findings(verdicts: dict[str, Verdict], rest: Verdict = "undecided") -> Findings:
    """What a study found that ended with these verdicts, and with one for all the rest.

    The BD-rates of those that take fewer bytes lie around -10 %, all others around 0.
    """
    found, outcomes = [], {}
    for name, question in PLAN.questions.items():
        for variant in question.variants:
            outcomes[variant] = dict.fromkeys(parse_seeds(question.seeds), Outcome("learned"))
            if variant != question.reference:
                verdict = verdicts.get(f"{name}/{variant}", rest)
                middle = -10.0 if verdict == "fewer bytes" else 0.0
                compared = Comparison(middle, middle - 2, middle + 2, 0.5, {}, 32)
                found.append(Finding(name, variant, compared, 0.5, verdict))
    return Findings(PLAN, outcomes, tuple(found), frozenset())


def became(verdicts: dict[str, Verdict], rest: Verdict = "undecided") -> dict[str, str]:
    return {**expectations.became(findings(verdicts, rest))}


def test_every_expectation_has_a_rule_that_begins_with_the_words_of_the_plan() -> None:
    assert [*expectations.REFUTED] == [*PLAN.questions]
    for name, rule in expectations.REFUTED.items():
        words = re.search(r"\n((?: +# .*\n)+)", inspect.getsource(rule))
        assert words
        told = " ".join(line.strip(" #") for line in words[1].splitlines())
        assert told == PLAN.questions[name].refuted_by.strip()


def test_all_is_open_while_nothing_is_finished_and_nothing_refutes_where_nothing_is_found() -> None:
    assert {*became({}, "unfinished").values()} == {"open"}
    # That no deeper model helps, and no rate term, is what these two rule out.
    found = became({}, "undecided")
    assert {name for name, one in found.items() if one == "refuted"} == {"depth", "regularisation"}
    assert {*found.values()} == {"refuted", "not refuted"}


FEWER: Verdict = "fewer bytes"
MORE: Verdict = "more bytes"


@pytest.mark.parametrize(
    ("question", "verdicts", "refuted"),
    [
        ("attention", {"attention/none": MORE}, True),
        ("attention", {"attention/its-mean": MORE}, True),
        ("attention", {"attention/not-inverted": MORE}, False),
        ("attention", {"attention/none": FEWER, "attention/its-mean": FEWER}, False),
        ("attention-elsewhere", {"attention-elsewhere/in-the-encoder": FEWER}, True),
        ("attention-elsewhere", {"attention-elsewhere/two-convolutions": MORE}, False),
        ("longer", {"longer/none-30": MORE}, True),
        ("longer", {"longer/none-30": MORE, "attention/none": MORE}, False),
        ("longer", {"longer/deeper-30": MORE}, False),
        ("mechanisms", {"mechanisms/four-channels-gated": FEWER}, True),
        ("mechanisms", {"mechanisms/four-channels-gated": FEWER, f"depth/{DEEPER}": FEWER}, False),
        ("mechanisms", {"mechanisms/four-channels-cbam": MORE}, False),
        ("depth", {"depth/divisive": FEWER}, False),
        ("depth", {"depth/divisive": MORE}, True),
        ("regularisation", {"regularisation/rate-0-001": FEWER}, False),
        ("regularisation", {"regularisation/noise": FEWER}, True),
        ("regularisation", {f"regularisation/{one}": FEWER for one in ("l1", "rate-0-001")}, True),
        ("dead-seeds", {"dead-seeds/he": MORE}, True),
        ("dead-seeds", {"dead-seeds/leaky": FEWER}, True),
        ("dead-seeds", {"dead-seeds/softplus": "no difference"}, False),
    ],
)
def test_what_refutes_an_expectation(
    question: str, verdicts: dict[str, Verdict], refuted: bool
) -> None:
    assert became(verdicts)[question] == ("refuted" if refuted else "not refuted")


@pytest.mark.parametrize(("below", "now"), [(3.9, "not refuted"), (4.1, "refuted")])
def test_a_mechanism_has_to_lie_below_the_deeper_decoder_with_its_whole_interval(
    below: float, now: str
) -> None:
    found = findings({"mechanisms/four-channels-gated": FEWER})
    gated = found.finding("mechanisms", "four-channels-gated")  # its interval is 4 wide, as all are
    middle = gated.compared.percent + below
    deeper = replace(gated.compared, percent=middle, low=middle - 2, high=middle + 2)
    changed = [
        replace(one, compared=deeper) if (one.question, one.variant) == ("depth", DEEPER) else one
        for one in found.findings
    ]
    assert expectations.became(replace(found, findings=tuple(changed)))["mechanisms"] == now


@pytest.mark.parametrize(
    ("question", "verdicts", "now"),
    [
        # One is enough, whatever the others come to.
        ("attention", {"attention/none": MORE}, "refuted"),
        ("depth", {"depth/residual": FEWER}, "not refuted"),
        ("depth", {"depth/residual": MORE}, "open"),
        ("mechanisms", {"mechanisms/four-channels-gated": FEWER}, "open"),
        ("regularisation", {"regularisation/rate-0-001": FEWER}, "open"),
        ("longer", {"attention/none": MORE}, "not refuted"),
        ("longer", {"longer/none-30": "undecided"}, "not refuted"),
        ("longer", {"longer/none-30": MORE}, "open"),
    ],
)
def test_what_is_known_before_all_runs_are_there(
    question: str, verdicts: dict[str, Verdict], now: str
) -> None:
    assert became(verdicts, "unfinished")[question] == now


@pytest.mark.parametrize(
    ("variant", "fate", "now"),
    [
        ("leaky", "dead", "refuted"),
        ("softplus", "dead", "refuted"),
        ("softplus", "not made", "open"),
        ("softplus", "diverged", "not refuted"),
        ("he", "dead", "not refuted"),
    ],
)
def test_one_dead_run_refutes_that_a_layer_always_learns(
    variant: str, fate: Fate, now: str
) -> None:
    found = findings({})
    runs: dict[str, Any] = {variant: {**found.outcomes[variant], 3: Outcome(fate)}}
    changed = replace(found, outcomes={**found.outcomes, **runs})
    assert expectations.became(changed)["dead-seeds"] == now
