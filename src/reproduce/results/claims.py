"""The paper's claims, and the verdict on each: reproduced, partly, not reproduced, not checkable.

The claims are data, in book/claims.yaml. What they are held against is measured: the quantities of
several runs that differ in their seed alone (`results.quantities`), or, where a claim is about what
a part of the model does, the recorded study of models without it (`results.studies.future_work`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter, ValidationError, model_validator

from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.values import Value
from reproduce.results import studies
from reproduce.results.findings import Finding, Findings
from reproduce.results.quantities import quantities as quantities_of
from reproduce.results.run import Run

Verdict = Literal["reproduced", "partly", "not reproduced", "not checkable"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "partly", "not reproduced", "not checkable")


class Check(Value):
    """What one quantity must be for a claim to hold.

    Attributes
    ----------
    quantity
        A name from `results.quantities`.
    label
        What it is, for readers.
    reported, tolerance, tolerance_percent
        The paper's number and how far from it ours may be: in its unit, or in per cent of it.
    at_least, at_most
        Bounds on ours, for a claim without a number.
    magnitude
        Whether the sign doesn't matter.
    may_be_missing
        Whether a run may have no such number although its model learned. The check then fails.
    why
        Why this tolerance or bound.
    """

    quantity: str
    label: str
    reported: int | float | None = None
    tolerance: int | float | None = None
    tolerance_percent: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    magnitude: bool = False
    may_be_missing: bool = False
    why: str

    @model_validator(mode="after")
    def _can_fail(self) -> "Check":
        tolerances = [self.tolerance, self.tolerance_percent]
        bounds = [self.at_least, self.at_most]
        if (self.reported is None) != (tolerances.count(None) == 2):
            raise ValueError("a reported number needs a tolerance, and a tolerance a number")
        if None not in tolerances or (self.reported is None) == (bounds == [None, None]):
            raise ValueError(
                "write either a reported number with one tolerance, or at_least or at_most"
            )
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value with which the check holds."""
        if self.reported is None:
            return (
                -math.inf if self.at_least is None else self.at_least,
                math.inf if self.at_most is None else self.at_most,
            )
        margin = self.tolerance
        if margin is None:
            margin = abs(self.reported) * (self.tolerance_percent or 0) / 100
        return self.reported - margin, self.reported + margin

    def holds(self, value: float) -> bool:
        """Say whether the check holds with this value; it never does with NaN."""
        low, high = self.bounds
        return low <= value <= high


class Without(Value):
    """A model without what a claim is about: the claim holds if it takes more bytes than with it.

    Attributes
    ----------
    question, variant
        Of the study `future-work`; what counts as more is said by its plan.
    label
        What that model lacks, for readers.
    why
        Why it would have to take more.
    """

    question: str
    variant: str
    label: str
    why: str


class Shown(Value):
    """Where the book shows a claim's evidence: a notebook's name, a figure's or table's name."""

    chapter: str
    target: str


class Claim(Value):
    """A claim of the paper: where it stands, what it says, and its checks, or why it has none.

    It is checked on runs of the paper's model (`checks`), or on models without a part of it.
    Those `in_brief` are shown where there is room for a few.
    """

    name: str
    claim: str
    where: str
    says: str = ""
    shown: Shown
    every_seed: bool = False
    in_brief: bool = False
    checks: tuple[Check, ...] = ()
    without: tuple[Without, ...] = ()
    not_checkable: str = ""

    @model_validator(mode="after")
    def _is_measured_or_says_why_not(self) -> "Claim":
        if sum(map(bool, (self.checks, self.without, self.not_checkable))) != 1:
            raise ValueError("needs checks, or models without, or a reason why it is not_checkable")
        return self


@dataclass(frozen=True)
class Measured:
    """The values of a check's quantity, by seed; NaN where a run could not measure it.

    Attributes
    ----------
    values
        Of all seeds.
    learned
        The seeds with which the model learned: mean and spread are taken over these.
    """

    check: Check
    values: dict[int, float]
    learned: list[int]

    def holds(self, seed: int) -> bool:
        """Say whether the check holds in the run with this seed."""
        return self.check.holds(self.values[seed])


@dataclass(frozen=True)
class Judged:
    """A claim with its measurements, or what was found of the models without, and the verdict."""

    claim: Claim
    measured: tuple[Measured, ...]
    verdict: Verdict
    found: tuple[Finding, ...] = ()


def read(path: Path | None = None) -> list[Claim]:
    """Read the claims, by default those of book/claims.yaml.

    Raises
    ------
    ReproduceError
        The file is not a list of claims, a name comes twice, or a claim has neither checks nor a
        reason why it can't have any.
    """
    path = path or store.project_root() / "book" / "claims.yaml"
    store.note_use(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        claims = TypeAdapter(list[Claim]).validate_python(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReproduceError(f"cannot read the claims: {error}") from None
    except ValidationError as error:
        raise ReproduceError(f"{path.name}: {_explain(error, content)}") from None
    names = [claim.name for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise ReproduceError(f"{path.name}: two claims have the name {name!r}")
    return claims


def _explain(error: ValidationError, content: Any) -> str:
    """Return a line for each fault, with the name of the claim that has it."""
    lines = []
    for finding in error.errors():
        message = finding["msg"].removeprefix("Value error, ")
        place = list(finding["loc"])
        if place and isinstance(content[place[0]], dict):
            place[0] = f"claim {content[place[0]].get('name', place[0])!r}"
        lines.append(": ".join([*map(str, place), message]))
    return "\n".join(lines)


def judge(
    claims: Sequence[Claim], runs: Mapping[int, Run], study: Findings | None = None
) -> list[Judged]:
    """Hold each claim against the runs, or against the study of models without a part.

    Parameters
    ----------
    claims
        From `read`.
    runs
        From `record.run_seeds`, by seed.
    study
        What it found; by default the recorded study `future-work`.

    Raises
    ------
    ReproduceError
        A claim names a quantity that no run measures, or one that a run could not measure though
        its model learned; or the study has no such question or variant.
    """
    quantities = {seed: quantities_of(run) for seed, run in runs.items()}
    learned = [seed for seed, run in runs.items() if run.learned]
    return [
        _judge_without(claim, study or studies.future_work())
        if claim.without
        else _judge(claim, quantities, learned)
        for claim in claims
    ]


def _judge_without(claim: Claim, study: Findings) -> Judged:
    """Hold a claim against models without what it is about, by the rule of the study's plan.

    While runs of one are still to come, nobody can say.
    """
    named = {(one.question, one.variant) for one in study.findings}
    for one in claim.without:
        if (one.question, one.variant) not in named:
            raise ReproduceError(
                f"claim {claim.name!r}: no variant {one.variant!r} is held against the reference "
                f"of a question {one.question!r}"
            )
    found = tuple(study.finding(one.question, one.variant) for one in claim.without)
    if any(one.verdict == "unfinished" for one in found):
        return Judged(claim, (), "not checkable", found)
    return Judged(claim, (), _verdict([one.verdict == "more bytes" for one in found]), found)


def _judge(
    claim: Claim, quantities: Mapping[int, Mapping[str, float]], learned: list[int]
) -> Judged:
    if claim.not_checkable:
        return Judged(claim, (), "not checkable")
    measured = tuple(_measure(claim, check, quantities, learned) for check in claim.checks)
    # If no seed learned, that is what there is to be judged.
    seeds = list(quantities) if claim.every_seed or not learned else learned
    held = [one.holds(seed) for one in measured for seed in seeds]
    return Judged(claim, measured, _verdict(held))


def _verdict(held: Sequence[bool]) -> Verdict:
    return "reproduced" if all(held) else "partly" if any(held) else "not reproduced"


def _measure(
    claim: Claim, check: Check, quantities: Mapping[int, Mapping[str, float]], learned: list[int]
) -> Measured:
    values = {}
    for seed, numbers in quantities.items():
        if check.quantity not in numbers:
            raise ReproduceError(
                f"claim {claim.name!r} has no measurement: no run measures "
                f"{check.quantity!r}; known are {', '.join(numbers)}"
            )
        value = numbers[check.quantity]
        if math.isnan(value) and seed in learned and not check.may_be_missing:
            raise ReproduceError(
                f"claim {claim.name!r} has no measurement: {check.quantity!r} of the run with "
                f"seed {seed} is not a number"
            )
        values[seed] = abs(value) if check.magnitude else value
    return Measured(check, values, learned)
