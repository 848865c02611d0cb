"""Future work: what a study has found of each variant, as tables, sentences and numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from reproduce.chapters.style import BLUE, GREEN, VERMILION
from reproduce.chapters.text import listed, rounded
from reproduce.core.markdown import table
from reproduce.core.parameters import parse_seeds
from reproduce.models import registry
from reproduce.results.expectations import Became
from reproduce.results.findings import Finding, Findings, Outcome, Verdict

COLOURS: Mapping[Verdict, str] = {
    "fewer bytes": GREEN,
    "more bytes": VERMILION,
    "no difference": BLUE,
    "undecided": "#7F7F7F",
    "unfinished": "#BFBFBF",
}
"""Of a comparison, by what follows from it."""

_REGULARISED = {
    "weight-decay": "weight decay",
    "latent-dropout": "dropout on the latent",
    "latent-l1": "L1 on the latent",
    "rate": "bits in the loss",
}


def label(changes: Mapping[str, Any]) -> str:
    """Say in a few words what a variant is: its parts that aren't the paper's, and how it trains.

    >>> label({"model": "no-attention", "epochs": 30})
    'no attention, 30 epochs'
    """
    model = registry.find(changes.get("model", registry.PAPER))
    words = [] if model.name == registry.PAPER else [model.label]
    regularisation = changes.get("regularisation", "none")
    if regularisation != "none":
        weight = changes["regularisation_weight"]
        words.append(f"{_REGULARISED[regularisation]}, weight {weight:g}")
    elif changes.get("quantisation", "none") != "none":
        words.append(f"{changes['quantisation']} in training")
    if "epochs" in changes:
        words.append(f"{changes['epochs']} epochs")
    return ", ".join(words) or "the paper's model"


def _label(found: Findings, variant: str) -> str:
    return label(found.plan.settings[variant][0])


def recorded(found: Findings) -> str:
    """Say how much of the study is recorded, in which setting, and which commits made it."""
    counts = facts(found)
    commits = listed([f"`{commit[:8]}`" for commit in sorted(found.commits)])
    word = "commit" if len(found.commits) == 1 else "commits"
    return (
        f"**The recorded study** is of profile `{found.plan.profile}`: {counts['made']} of "
        f"{counts['runs']} runs, made by {word} {commits}; {counts['unfinished']} of "
        f"{counts['comparisons']} comparisons are unfinished."
    )


def plan(found: Findings, became: Mapping[str, Became]) -> str:
    """Return the plan as a table: what is asked and was expected, and what became of that."""
    return table(
        [
            {
                "question": question.asks,
                "expected": question.expects.strip(),
                "refuted if": question.refuted_by.strip(),
                "variants": str(len({*question.variants} - {question.reference})),
                "seeds": str(len(parse_seeds(question.seeds))),
                "the expectation is": became[name],
            }
            for name, question in found.plan.questions.items()
        ],
        right=["variants", "seeds"],
    )


def answers(found: Findings, question: str) -> str:
    """Return what was found of each variant of a question, its reference first."""
    rows = [_row(found, found.plan.questions[question].reference, question, None)]
    rows += [_row(found, one.variant, question, one) for one in found.of(question)]
    words = ("variant", "verdict")
    return table(rows, right=[column for column in rows[0] if column not in words])


def answer(found: Findings, question: str, became: Mapping[str, Became]) -> str:
    """Say what was expected of a question's variants, what would refute it, and what was found."""
    asked = found.plan.questions[question]
    return (
        f"**Expected.** {asked.expects.strip()} **Refuted if.** {asked.refuted_by.strip()} "
        f"**Found.** {_by_verdict(found.of(question))} **The expectation is** {became[question]}."
    )


def _by_verdict(findings: Sequence[Finding]) -> str:
    """Name variants by what was found of them, with their BD-rates."""
    told = []
    for verdict in (*COLOURS, "not comparable"):
        named = [_with_percent(one) for one in findings if one.verdict == verdict]
        if named:
            told.append(f"{verdict}: {listed(named)}")
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _with_percent(finding: Finding) -> str:
    percent = finding.compared.percent
    return f"`{finding.variant}`" + ("" if math.isnan(percent) else f" ({percent:+.1f} %)")


def leaders(found: Findings) -> list[str]:
    """Return the paper's model, and of each question the variant that takes the fewest bytes.

    Of a question of which runs are still to come there is none.
    """
    best = []
    for question in found.plan.questions:
        findings = found.of(question)
        finished = all(one.verdict != "unfinished" for one in findings)
        known = [one for one in findings if not math.isnan(one.compared.percent)]
        if finished and known:
            best.append(min(known, key=lambda one: one.compared.percent).variant)
    return list(dict.fromkeys([registry.PAPER, *best]))


def _row(found: Findings, variant: str, question: str, finding: Finding | None) -> dict[str, str]:
    chosen = parse_seeds(found.plan.questions[question].seeds)
    to_come = [seed for seed in found.seeds(variant, "not made") if seed in chosen]
    learned = _learned(found, variant, question)
    return {
        "variant": f"`{variant}`: {_label(found, variant)}",
        "learned": _of_seeds(len(learned), len(chosen) - len(to_come), len(to_come)),
        "bytes at equal PSNR, %": "reference" if finding is None else interval(finding),
        "p": "" if finding is None else rounded(finding.p, 3),
        "verdict": "" if finding is None else finding.verdict,
        "best PSNR, dB": rounded(_best_psnr(found, variant, question), 2),
        "weights": rounded(_of_any(found, variant).weights, 0),
        "multiplications per pixel": rounded(_of_any(found, variant).multiplications, 0),
    }


def _learned(found: Findings, variant: str, question: str) -> list[Outcome]:
    """Return the runs of a variant that learned with a seed of the question."""
    seeds = parse_seeds(found.plan.questions[question].seeds)
    of_variant = found.outcomes[variant]
    return [of_variant[seed] for seed in found.seeds(variant, "learned") if seed in seeds]


def _best_psnr(found: Findings, variant: str, question: str) -> float:
    """Return the mean over these runs of their best PSNR, in dB; NaN if there is none."""
    of_runs = [one.best_psnr_db for one in _learned(found, variant, question)]
    return float(np.mean(of_runs)) if of_runs else math.nan


def _of_any(found: Findings, variant: str) -> Outcome:
    """Return a run that tells the variant's size, which all of them share."""
    outcomes = found.outcomes[variant].values()
    return next((one for one in outcomes if one.weights > 0), Outcome("not made"))


def ceiling_facts(found: Findings, question: str) -> dict[str, float | str]:
    """Return what prose says of a question's best PSNR, in dB, beside that of its reference.

    Which variant has the best mean of all and what it costs, in multiples of the reference's
    multiplications and in per cent of bytes; and how many have a better one than the reference.
    """
    reference = found.plan.questions[question].reference
    highest = {one.variant: _best_psnr(found, one.variant, question) for one in found.of(question)}
    best = max(highest, key=lambda variant: np.nan_to_num(highest[variant]))
    own, of_best = (_of_any(found, one).multiplications for one in (reference, best))
    return {
        "ceiling_of_reference": _best_psnr(found, reference, question),
        "ceiling": highest[best],
        "ceiling_variant": best,
        "ceiling_percent": found.finding(question, best).compared.percent,
        "ceiling_cost": of_best / own,
        "ceilings": len(highest),
        "higher_ceilings": sum(
            value > _best_psnr(found, reference, question) for value in highest.values()
        ),
    }


def _of_seeds(learned: int, made: int, to_come: int) -> str:
    texts = [f"{learned} of {made}"] if made else []
    return ", ".join([*texts, f"{to_come} to come"] if to_come else texts)


def interval(finding: Finding) -> str:
    """Return a BD-rate with its interval, as "+3.1 (−0.2 to +6.5)"."""
    compared = finding.compared
    if math.isnan(compared.percent):
        return "–"
    if math.isnan(compared.low):
        return f"{compared.percent:+.1f}"
    return f"{compared.percent:+.1f} ({compared.low:+.1f} to {compared.high:+.1f})"


def second_look(found: Findings, looked: Findings) -> str:
    """Return the differences that the plan's rule finds, and what a t-test over seeds says of each.

    `looked` is what `by_seeds` returns of them.
    """
    rows = [
        {
            "variant": f"`{one.variant}` against `{found.plan.questions[one.question].reference}`",
            "seeds": str(len(one.compared.of_seeds)),
            "by the plan, %": interval(one),
            "p": rounded(one.p, 3),
            "over seeds, %": interval(other),
            "p over seeds": rounded(other.p, 3),
            "verdict over seeds": other.verdict,
        }
        for one, other in _differences(found, looked)
    ]
    return table(rows, right=[name for name in rows[0] if name[0] != "v"]) if rows else "None."


def second_look_facts(
    found: Findings, looked: Findings, became: Mapping[str, Became]
) -> dict[str, int]:
    """Return how many differences the plan's rule finds, and how many the t-test does of these.

    `became` is what became of the expectations by what the t-test says.
    """
    pairs = _differences(found, looked)
    return {
        "differences": len(pairs),
        "smallest_p": [one.compared.p for one, _ in pairs].count(_smallest(found)),
        "stand_alone": sum(other.compared.p < 0.05 for _, other in pairs),
        "stand_corrected": sum(other.verdict == one.verdict for one, other in pairs),
        "refuted_over_seeds": [*became.values()].count("refuted"),
    }


def _differences(found: Findings, looked: Findings) -> list[tuple[Finding, Finding]]:
    pairs = zip(found.findings, looked.findings, strict=True)
    return [(one, other) for one, other in pairs if one.verdict in ("fewer bytes", "more bytes")]


def _smallest(found: Findings) -> float:
    """Return the smallest p-value there can be, before correction: no draw on the other side."""
    return 2 / (found.plan.analysis.resamples + 1)


def failures(found: Findings) -> str:
    """Name each run that came to nothing, by its variant and seed."""
    told = []
    for variant, outcomes in found.outcomes.items():
        for fate in ("dead", "diverged"):
            seeds = [str(seed) for seed, one in outcomes.items() if one.fate == fate]
            if seeds:
                word = "seed" if len(seeds) == 1 else "seeds"
                told.append(f"`{variant}` ({fate} with {word} {listed(seeds)})")
    return f"{'; '.join(told)}." if told else "None: all of them learned."


def facts(found: Findings) -> dict[str, float]:
    """Return what prose says of the study as a whole: numbers of runs, and of comparisons."""
    fates = [one.fate for outcomes in found.outcomes.values() for one in outcomes.values()]
    verdicts = [one.verdict for one in found.findings]
    return {
        "runs": len(fates),
        "made": len(fates) - fates.count("not made"),
        "variants": len(found.outcomes),
        "comparisons": len(verdicts),
        **{fate: fates.count(fate) for fate in ("learned", "dead", "diverged")},
        **{verdict.replace(" ", "_"): verdicts.count(verdict) for verdict in COLOURS},
    }


def expectation_facts(became: Mapping[str, Became]) -> dict[str, int]:
    """Return how many expectations there were, and how many became what."""
    counts = {one.replace(" ", "_"): [*became.values()].count(one) for one in get_args(Became)}
    return {"expectations": len(became), **counts}
