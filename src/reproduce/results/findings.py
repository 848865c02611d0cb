"""What a study with questions has found: each variant held against its question's reference.

A run is one of the results whatever became of it: it learned, its latent is dead, its training
diverged, or it isn't made yet. Only runs that learned have rates to compare.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from reproduce.core import store
from reproduce.core.errors import DivergedError, ReproduceError
from reproduce.core.parameters import Parameters, parse_seeds
from reproduce.core.stage import DIVERGED
from reproduce.core.study import Analysis, Study, StudyRun
from reproduce.measure import comparison
from reproduce.measure.comparison import Comparison
from reproduce.measure.rates import own_files
from reproduce.measure.stages import OWN_FILES
from reproduce.models.stages import MODEL

Fate = Literal["learned", "dead", "diverged", "not made"]
Verdict = Literal[
    "fewer bytes", "more bytes", "no difference", "undecided", "not comparable", "unfinished"
]


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes
    ----------
    fate
        Whether the model learned (`own_files.learned`), is dead, or its training diverged; or the
        study is under way and the run isn't made.
    rates
        Its own files, from `own_files.read`; no rows if there are none.
    best_psnr_db
        The greatest mean over images at any step, in dB; NaN without files.
    weights, encoding_multiplications, decoding_multiplications
        Their number, of multiplications for each pixel; NaN without files.
    """

    fate: Fate
    rates: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    best_psnr_db: float = math.nan
    weights: float = math.nan
    encoding_multiplications: float = math.nan
    decoding_multiplications: float = math.nan

    @property
    def multiplications(self) -> float:
        """For each pixel, encoding and decoding together."""
        return self.encoding_multiplications + self.decoding_multiplications


@dataclass(frozen=True)
class Finding:
    """A variant held against the reference of a question.

    Attributes
    ----------
    question, variant
        Their names.
    compared
        By bytes at equal quality, on the seeds with which both learned.
    p
        After the correction for all comparisons of the study; NaN if there is none.
    verdict
        What follows by the rule of the plan, see `verdict`.
    """

    question: str
    variant: str
    compared: Comparison
    p: float
    verdict: Verdict


@dataclass(frozen=True)
class Findings:
    """All that a study has found.

    Attributes
    ----------
    plan
        The study's file.
    outcomes
        Of each variant, by seed.
    findings
        Question by question, all variants but the reference.
    commits
        That made the runs.
    """

    plan: Study
    outcomes: Mapping[str, Mapping[int, Outcome]]
    findings: tuple[Finding, ...]
    commits: frozenset[str]

    def of(self, question: str) -> list[Finding]:
        """Return the findings of a question."""
        return [found for found in self.findings if found.question == question]

    def finding(self, question: str, variant: str) -> Finding:
        """Return what a question has found of a variant."""
        (found,) = (found for found in self.of(question) if found.variant == variant)
        return found

    def seeds(self, variant: str, fate: Fate) -> list[int]:
        """Return the seeds with which a variant fared so."""
        return [seed for seed, outcome in self.outcomes[variant].items() if outcome.fate == fate]

    def finalists(self) -> list[str]:
        """Return the variants that are trained again, by the plan's rule (`core.study.Finals`).

        Of each question the variants with the fewest bytes at equal quality, each on the seeds with
        which it and the reference learned; whole questions; and the references of all these.
        """
        finals = self.plan.finals
        if finals is None:
            return []
        chosen: list[str] = []
        for name, question in self.plan.questions.items():
            ranked = sorted(
                (found for found in self.of(name) if not math.isnan(found.compared.percent)),
                key=lambda found: found.compared.percent,
            )
            best = [found.variant for found in ranked[: finals.per_question]]
            own = [*question.variants] if name in finals.whole else best
            chosen += [question.reference, *own] if own else []
        return list(dict.fromkeys(chosen))


def read(study: Study, parameters: Parameters, results: Path | None = None) -> Findings:
    """Read the record of a study with questions, and compare its variants.

    Of a study that is under way, the runs that aren't recorded count as not made.

    Parameters
    ----------
    study
        The plan.
    parameters
        Of its profile.
    results
        The folder of records; the project's own by default.

    Raises
    ------
    ReproduceError
        No run is recorded.
    """
    results = store.project_root() / "results" if results is None else results

    def places(run: StudyRun) -> tuple[Path, Path] | None:
        """Return where its training and its files are recorded."""
        seed, of_profile = run.parameters.seed, results / study.profile
        trained, measured = (
            of_profile / stage.place(run.model, seed) for stage in (MODEL, OWN_FILES)
        )
        return (trained, measured) if (trained / store.MANIFEST).is_file() else None

    found = _of_runs(study, parameters, places)
    if not found.commits:
        raise ReproduceError(
            f"no record of the study in {results}; make it with: make study STUDY=name"
        )
    return found


def make(study: Study, parameters: Parameters) -> Findings:
    """Make the runs of a study with questions as far as they aren't made, and compare its variants.

    Takes what `read` takes.
    """

    def places(run: StudyRun) -> tuple[Path, Path] | None:
        try:
            return MODEL.folder(run.parameters), OWN_FILES.folder(run.parameters)
        except DivergedError as error:
            if error.folder is None:
                raise
            return error.folder, error.folder

    return _of_runs(study, parameters, places)


def _of_runs(
    study: Study, parameters: Parameters, places: Callable[[StudyRun], tuple[Path, Path] | None]
) -> Findings:
    """Compare the variants by their runs; `places` returns two folders of each that is made."""
    outcomes: dict[str, dict[int, Outcome]] = {}
    commits = set()
    for run in study.runs(parameters):
        of_variant = outcomes.setdefault(run.variant, {})
        of_run = places(run)
        if of_run is None:
            of_variant[run.parameters.seed] = Outcome("not made")
            continue
        trained, measured = of_run
        manifest = store.read_manifest(trained)
        store.note_use(trained)
        commits.add(str(manifest["made"]["commit"]))
        if DIVERGED in manifest["facts"]:
            found = Outcome("diverged")
        else:
            store.note_use(measured)
            found = outcome(own_files.read(measured), store.read_manifest(measured)["facts"])
        of_variant[run.parameters.seed] = found
    return Findings(study, outcomes, compare(study, outcomes), frozenset(commits))


def outcome(rates: pd.DataFrame, facts: Mapping[str, float]) -> Outcome:
    """Return what became of a run by its own files, and the facts of that stage."""
    return Outcome(
        fate="learned" if own_files.learned(rates, facts["flat_psnr_db"]) else "dead",
        rates=rates,
        best_psnr_db=float(rates.groupby("quality")["psnr_db"].mean().max()),
        weights=facts["weights"],
        encoding_multiplications=facts["encoding_multiplications"],
        decoding_multiplications=facts["decoding_multiplications"],
    )


def compare(study: Study, outcomes: Mapping[str, Mapping[int, Outcome]]) -> tuple[Finding, ...]:
    """Hold each variant of each question against the question's reference, on the seeds it names.

    The p-values are corrected for the number of all these comparisons. One of which runs aren't
    made counts among them as if nothing had been found, and has no p-value yet: to look in between,
    and to stop when one likes what one sees, is no test.
    """
    analysis = study.analysis
    found: list[Finding] = []
    for name, question in study.questions.items():
        seeds = parse_seeds(question.seeds)
        reference = _learned(outcomes[question.reference], seeds)
        for variant in question.variants:
            if variant == question.reference:
                continue
            compared = comparison.compare(
                _learned(outcomes[variant], seeds),
                reference,
                metric=analysis.metric,
                confidence=analysis.confidence,
                resamples=analysis.resamples,
            )
            both = (outcomes[variant], outcomes[question.reference])
            unfinished = any(runs[seed].fate == "not made" for runs in both for seed in seeds)
            p = 1.0 if unfinished else compared.p
            found.append(
                Finding(name, variant, compared, p, "unfinished" if unfinished else "undecided")
            )
    return corrected(found, analysis)


def corrected(found: Sequence[Finding], analysis: Analysis) -> tuple[Finding, ...]:
    """Correct the p-values for their number, and say what follows; the unfinished get neither.

    Takes p-values of single comparisons, 1 of one that is unfinished.
    """
    p_values = comparison.holm({f"{one.question}/{one.variant}": one.p for one in found})
    return tuple(
        replace(one, p=math.nan)
        if one.verdict == "unfinished"
        else replace(one, p=p, verdict=verdict(one.compared, p, analysis))
        for one, p in zip(found, p_values.values(), strict=True)
    )


def _learned(of_variant: Mapping[int, Outcome], seeds: list[int]) -> dict[int, pd.DataFrame]:
    """Return the rates of the runs that learned, by seed."""
    return {seed: of_variant[seed].rates for seed in seeds if of_variant[seed].fate == "learned"}


def verdict(compared: Comparison, p: float, analysis: Analysis) -> Verdict:
    """Say what follows from a comparison by the plan's rule.

    A difference counts if its p-value, corrected, is below what the confidence leaves. Where none
    counts, there is no difference to speak of if the interval lies within what the plan takes for
    none, and else nothing is decided.
    """
    if math.isnan(compared.percent):
        return "not comparable"
    if p < 1 - analysis.confidence:
        return "fewer bytes" if compared.percent < 0 else "more bytes"
    bound = analysis.equivalent_percent
    if compared.low > -bound and compared.high < bound:
        return "no difference"
    return "undecided"
