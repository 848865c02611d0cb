"""What became of the expectations of the study `future-work`: what would refute each, as a rule.

The plan says it in words (`refuted_by`), written before any run; each rule begins with them. Where
runs are still to come that could turn it, a rule returns None.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Literal

from reproduce.results.findings import Findings, Verdict

Became = Literal["refuted", "not refuted", "open"]


def became(found: Findings) -> dict[str, Became]:
    """Return what became of what was expected of each question of the study `future-work`."""
    words: Mapping[bool | None, Became] = {True: "refuted", False: "not refuted", None: "open"}
    return {question: words[REFUTED[question](found)] for question in found.plan.questions}


def _attention(found: Findings) -> bool | None:
    # The interval of the BD-rate without it lies above 0 after the correction, or that of its
    # mean alone does: then where it looks is worth bytes.
    return _any(found, "attention", "more bytes", {"none", "its-mean"})


def _elsewhere(found: Findings) -> bool | None:
    # A variant's interval lies below 0 after the correction.
    return _any(found, "attention-elsewhere", "fewer bytes")


def _longer(found: Findings) -> bool | None:
    # The interval of the BD-rate without it lies above 0, and that with ten epochs doesn't.
    with_ten = _any(found, "attention", "more bytes", {"none"})
    return _both(_any(found, "longer", "more bytes", {"none-30"}), _not(with_ten))


def _mechanisms(found: Findings) -> bool | None:
    # A mechanism's interval lies below 0 after the correction, and below that of the deeper
    # decoder with as many convolutions.

    # Each of the two has a reference of its own: that a model has four channels helps neither.
    deeper = found.finding("depth", "decoder-two-more")
    unknown = deeper.verdict == "unfinished"
    below_it = [
        _both(
            _any(found, "mechanisms", "fewer bytes", {one.variant}),
            None if unknown else one.compared.high < deeper.compared.low,
        )
        for one in found.of("mechanisms")
    ]
    return _either(*below_it)


def _depth(found: Findings) -> bool | None:
    # No variant's interval lies below 0 after the correction.
    return _not(_any(found, "depth", "fewer bytes"))


def _regularisation(found: Findings) -> bool | None:
    # The interval of a kind other than noise or the rate term lies below 0 after the correction,
    # or none of the rate terms' does.
    rates = {one.variant for one in found.of("regularisation") if one.variant.startswith("rate-")}
    others = {one.variant for one in found.of("regularisation")} - rates - {"noise"}
    return _either(
        _any(found, "regularisation", "fewer bytes", others),
        _not(_any(found, "regularisation", "fewer bytes", rates)),
    )


def _dead_seeds(found: Findings) -> bool | None:
    # A run with a leaky ReLU or softplus is dead; or an interval over the seeds with which both
    # live excludes 0 after the correction.
    fates = {run.fate for name in ("leaky", "softplus") for run in found.outcomes[name].values()}
    dead = "dead" in fates or (None if "not made" in fates else False)
    return _either(
        dead, _any(found, "dead-seeds", "fewer bytes"), _any(found, "dead-seeds", "more bytes")
    )


REFUTED: Mapping[str, Callable[[Findings], bool | None]] = {
    "attention": _attention,
    "attention-elsewhere": _elsewhere,
    "longer": _longer,
    "mechanisms": _mechanisms,
    "depth": _depth,
    "regularisation": _regularisation,
    "dead-seeds": _dead_seeds,
}
"""By the name of the question."""


def _any(
    found: Findings, question: str, verdict: Verdict, variants: Collection[str] | None = None
) -> bool | None:
    """Return whether a variant, of these or of all, has a verdict."""
    findings = found.of(question)
    verdicts = {one.verdict for one in findings if variants is None or one.variant in variants}
    return verdict in verdicts or (None if "unfinished" in verdicts else False)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _either(*values: bool | None) -> bool | None:
    return True in values or (None if None in values else False)


def _both(*values: bool | None) -> bool | None:
    return False not in values and (None if None in values else True)
