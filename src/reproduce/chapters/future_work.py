"""Future work: what a study has found of each variant, as tables, sentences and plots."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from reproduce.chapters.drawings import Drawing
from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from reproduce.chapters.text import listed, rounded
from reproduce.core.markdown import table
from reproduce.core.parameters import parse_seeds
from reproduce.measure.rates import curves
from reproduce.measure.subject import Subject
from reproduce.models import registry
from reproduce.results.findings import Finding, Findings, Verdict

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


def plan(found: Findings) -> str:
    """Return the plan as a table: what is asked, what was expected, what would refute it."""
    return table(
        [
            {
                "question": question.asks,
                "expected": question.expects.strip(),
                "refuted if": question.refuted_by.strip(),
                "variants": str(len({*question.variants} - {question.reference})),
                "seeds": str(len(parse_seeds(question.seeds))),
            }
            for question in found.plan.questions.values()
        ],
        right=["variants", "seeds"],
    )


def answers(found: Findings, question: str) -> str:
    """Return what was found of each variant of a question, its reference first."""
    asked = found.plan.questions[question]
    rows = [_row(found, asked.reference, asked.seeds, None)]
    rows += [_row(found, one.variant, asked.seeds, one) for one in found.of(question)]
    return table(rows, right=list(rows[0])[2:-1])


def answer(found: Findings, question: str) -> str:
    """Say what was expected of a question's variants, what would refute it, and what was found."""
    asked = found.plan.questions[question]
    return (
        f"**Expected.** {asked.expects.strip()} **Refuted if.** {asked.refuted_by.strip()} "
        f"**Found.** {_by_verdict(found.of(question))}"
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


def _row(found: Findings, variant: str, seeds: str, finding: Finding | None) -> dict[str, str]:
    chosen = parse_seeds(seeds)
    to_come = [seed for seed in found.seeds(variant, "not made") if seed in chosen]
    learned = [seed for seed in found.seeds(variant, "learned") if seed in chosen]
    of_learned = [found.outcomes[variant][seed] for seed in learned]
    best = np.mean([one.best_psnr_db for one in of_learned]) if of_learned else math.nan
    any_run = next((one for one in found.outcomes[variant].values() if one.weights > 0), None)
    return {
        "variant": f"`{variant}`",
        "what it is": _label(found, variant),
        "learned": f"{len(learned)} of {len(chosen) - len(to_come)}"
        + (f", {len(to_come)} to come" if to_come else ""),
        "bytes at equal PSNR, %": "reference" if finding is None else interval(finding),
        "p": "" if finding is None else rounded(finding.p, 3),
        "best PSNR, dB": rounded(float(best), 2),
        "weights": rounded(any_run.weights, 0) if any_run else "–",
        "multiplications per pixel": rounded(any_run.multiplications, 0) if any_run else "–",
        "verdict": "" if finding is None else finding.verdict,
    }


def interval(finding: Finding) -> str:
    """Return a BD-rate with its interval, as "+3.1 (−0.2 to +6.5)"."""
    compared = finding.compared
    if math.isnan(compared.percent):
        return "–"
    if math.isnan(compared.low):
        return f"{compared.percent:+.1f}"
    return f"{compared.percent:+.1f} ({compared.low:+.1f} to {compared.high:+.1f})"


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


_ROW, _HEADING, _LINE = 0.27, 0.34, 0.15
"""Heights in inches: of a variant, of a question above its variants, of each further line of it."""

_HEADING_WIDTH = 68
"""Characters of a question on a line: so many fit beside the names of its variants."""


def forest(found: Findings) -> Plot:
    """Plot every variant's BD-rate with its interval, question by question; dots are seeds.

    The scale is logarithmic: twice the bytes is as far from none as half of them. The band is what
    the plan takes for no difference.
    """
    headings = {
        name: fill(f"{question.asks} (against {question.reference})", _HEADING_WIDTH)
        for name, question in found.plan.questions.items()
    }
    further = sum(heading.count("\n") for heading in headings.values())
    height = _ROW * len(found.findings) + _HEADING * len(headings) + _LINE * further
    figure = Plot(figsize=(7.0, height + 0.9))
    axes = figure.subplots()
    place, names = 0.0, []
    for name, heading in headings.items():
        place -= _HEADING + _LINE * heading.count("\n")
        axes.annotate(
            heading, (0, place), (3, -4),
            xycoords=("axes fraction", "data"), textcoords="offset points", va="bottom",
            fontweight="bold", fontsize="small",
        )  # fmt: skip
        for finding in found.of(name):
            place -= _ROW
            names.append((place, finding.variant))
            _draw_finding(figure, axes, finding, place)
    bound = found.plan.analysis.equivalent_percent
    axes.axvspan(_ratio(-bound), _ratio(bound), color=SKY, alpha=0.2, lw=0)
    axes.axvline(1, color=BLACK, lw=0.8)
    axes.set(xscale="log", ylim=(place - _ROW, 0), xlabel="bytes at equal PSNR, per cent")
    axes.set_yticks([at for at, _ in names], [name for _, name in names], fontsize="small")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: _percent(ratio)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    figure.alt = f"{len(found.findings)} variants by bytes at equal PSNR. {_summary(found)}"
    return figure


def _ratio(percent: float) -> float:
    return 1 + percent / 100


def _percent(ratio: float) -> str:
    return "0" if ratio == 1 else FuncFormatter.fix_minus(f"{100 * (ratio - 1):+.0f}")


def _draw_finding(figure: Plot, axes: Axes, finding: Finding, place: float) -> None:
    """Draw a row: the interval, the mean, and a small dot for each seed."""
    compared = finding.compared
    if math.isnan(compared.percent):
        unfinished = finding.verdict == "unfinished"
        text = "not made yet" if unfinished else "no seed with which both learned"
        axes.annotate(text, (1, place), (4, 0), textcoords="offset points", va="center", fontsize=7)
        return
    colour = COLOURS[finding.verdict]
    if not math.isnan(compared.low):
        ends = [_ratio(compared.low), _ratio(compared.high)]
        axes.plot(ends, [place, place], color=colour, lw=1.6, solid_capstyle="butt")
    seeds = [_ratio(percent) for percent in compared.of_seeds.values()]
    axes.plot(seeds, [place] * len(seeds), ".", color=BLACK, alpha=0.35, ms=4, mew=0)
    (mean,) = axes.plot(
        [_ratio(compared.percent)], [place], "D", color=colour, ms=5, mec="white", mew=0.6
    )
    text = f"{finding.variant}: {interval(finding)} %, {finding.verdict}"
    figure.tell(mean, finding.variant, [text])


def _summary(found: Findings) -> str:
    """Say which variants take fewer bytes, and how many take more, or show no difference."""
    better = [one for one in found.findings if one.verdict == "fewer bytes"]
    named = [f"{one.variant} ({one.compared.percent:+.1f} %)" for one in better]
    counts = facts(found)
    return (
        f"Fewer bytes: {listed(named) if named else 'none'}. More bytes: "
        f"{counts['more_bytes']}; no difference: {counts['no_difference']}; undecided: "
        f"{counts['undecided']}; unfinished: {counts['unfinished']}."
    )


def mean_curve(found: Findings, variant: str) -> pd.DataFrame:
    """Return a variant's mean rate and PSNR at each step, over images and the seeds that learned.

    A row for each quality: quality, bpp, psnr_db. One seed has to have learned.
    """
    tables = [found.outcomes[variant][seed].rates for seed in found.seeds(variant, "learned")]
    finite = pd.concat(tables).replace(math.inf, math.nan)
    return finite.groupby("quality", as_index=False)[["bpp", "psnr_db"]].mean()


_LINES = (
    *((VERMILION, "o"), (GREEN, "v"), (BLUE, "^"), (PURPLE, "D"), (ORANGE, "P"), (SKY, "X")),
    ("#7F7F7F", "s"),
)


def best_curves(found: Findings, variants: Sequence[str], codecs: pd.DataFrame) -> Plot:
    """Plot PSNR against rate of variants that learned, means over images and seeds, and of codecs.

    Takes the codecs' mean curves of the same images (`curves.means`), which may have no rows.
    """
    figure = Plot(figsize=(7.0, 4.4))
    axes = figure.subplots()
    learned = [variant for variant in variants if found.seeds(variant, "learned")]
    lines = [(variant, mean_curve(found, variant)) for variant in learned]
    for (name, curve), (colour, marker) in zip(lines, cycle(_LINES), strict=False):
        _draw_curve(figure, axes, name, curve, color=colour, marker=marker)
    for name, dashes in zip(curves.names(codecs) if len(codecs) else (), ("--", ":"), strict=False):
        _draw_curve(figure, axes, name, codecs[codecs["codec"] == name], color=BLACK, ls=dashes)
    axes.set(xlabel="bits per pixel", ylabel="PSNR (dB)")
    axes.legend(fontsize="small")
    highest = [f"{name} {rounded(curve['psnr_db'].max(), 2)} dB" for name, curve in lines]
    figure.alt = f"PSNR against rate. The highest of each model: {listed(highest)}."
    return figure


def _draw_curve(figure: Plot, axes: Axes, name: str, curve: pd.DataFrame, **style: Any) -> None:
    shown = curve.sort_values("bpp")
    (line,) = axes.plot(shown["bpp"], shown["psnr_db"], label=name, ms=4, lw=1.4, **style)
    texts = [
        f"{name}: {rate:.3f} bits per pixel, {rounded(psnr, 2)} dB PSNR"
        for rate, psnr in zip(shown["bpp"], shown["psnr_db"], strict=True)
    ]
    figure.tell(line, name, texts)


def cost(found: Findings) -> Plot:
    """Plot each variant's best PSNR against its multiplications for a pixel.

    A variant stands with the first question that it is trained for. Those that no other surpasses
    with as little arithmetic are named, and joined.
    """
    figure = Plot(figsize=(7.0, 4.6))
    axes = figure.subplots()
    places = _places(found)
    seen: set[str] = set()
    for (name, question), (colour, marker) in zip(
        found.plan.questions.items(), cycle(_LINES), strict=False
    ):
        own = [variant for variant in question.variants if variant in places.keys() - seen]
        seen |= {*own}
        if not own:
            continue
        points = np.array([places[variant] for variant in own])
        (drawn,) = axes.plot(
            points[:, 0], points[:, 1], marker, color=colour, ms=5, label=name.replace("-", " ")
        )
        texts = [
            f"{variant}: {multiplications:,.0f} multiplications per pixel, {psnr:.2f} dB"
            for variant, (multiplications, psnr) in zip(own, points, strict=True)
        ]
        figure.tell(drawn, name, texts)
    best = unsurpassed(places)
    axes.step(
        *zip(*(places[name] for name in best), strict=True), where="post", color=BLACK, lw=0.8
    )
    for name in best:
        axes.annotate(name, places[name], (0, 6), textcoords="offset points", fontsize=7)
    axes.set(xscale="log", xlabel="multiplications per pixel", ylabel="best PSNR (dB)")
    axes.legend(fontsize="small")
    told = [f"{name} ({places[name][0]:,.0f}, {places[name][1]:.2f} dB)" for name in best]
    figure.alt = (
        f"Best PSNR of {len(places)} variants against their multiplications per pixel. None "
        f"surpasses with as few: {listed(told)}."
    )
    return figure


def _places(found: Findings) -> dict[str, tuple[float, float]]:
    """Return multiplications per pixel and best PSNR of each variant that learned, its mean."""
    places = {}
    for variant, outcomes in found.outcomes.items():
        learned = [outcomes[seed] for seed in found.seeds(variant, "learned")]
        if learned:
            psnr = float(np.mean([one.best_psnr_db for one in learned]))
            places[variant] = learned[0].multiplications, psnr
    return places


def unsurpassed(places: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return the names whose value is above that of all others that cost no more, by their cost.

    >>> unsurpassed({"a": (1, 20), "b": (2, 19), "c": (3, 21), "d": (3, 22)})
    ['a', 'd']
    """
    best: list[str] = []
    for name in sorted(places, key=lambda name: (places[name][0], -places[name][1])):
        if not best or places[name][1] > places[best[-1]][1]:
            best.append(name)
    return best


_BLOCK = 10
"""Side in pixels of the places that changes of the error are averaged over."""


def error_facts(pairs: Sequence[tuple[Subject, Subject]]) -> dict[str, float]:
    """Return what prose says of the errors of images, each with a model with a map and one without.

    `error_photographs` is their number. The others are means over the images: of each model's share
    in the brighter half of the map (`error_shares`), and of its mean squared error in grey levels
    squared.
    """
    shares = [error_shares(*pair) for pair in pairs]
    errors = [[float(((255 * one.difference) ** 2).mean()) for one in pair] for pair in pairs]
    means = np.mean(errors, axis=0)
    return {
        "error_photographs": len(pairs),
        "bright_share_with": float(np.mean([one["with"] for one in shares])),
        "bright_share_without": float(np.mean([one["without"] for one in shares])),
        "squared_error_with": float(means[0]),
        "squared_error_without": float(means[1]),
    }


def error_shares(with_it: Subject, without: Subject) -> dict[str, float]:
    """Return the share of each model's squared error in the brighter half of the attention map.

    Takes an image with two models, of which the first has a map. Half of the places are as bright
    as its median or brighter; an error that takes no notice of the map has half of it there.
    """
    attention = with_it.full_size_attention
    bright = attention >= np.median(attention)
    errors = {"with": with_it.difference**2, "without": without.difference**2}
    return {name: float(one[bright].sum() / one.sum()) for name, one in errors.items()}


def error_change(with_it: Subject, without: Subject) -> Drawing:
    """Show an attention map, the error of its model, and how the error is another without it.

    The change is that of the mean squared error in squares of ten pixels, in grey levels squared,
    on a scale symmetric about 0: above 0 the model without attention is worse there.
    """
    errors = [(255 * subject.difference) ** 2 for subject in (with_it, without)]
    change = _in_blocks(errors[1]) - _in_blocks(errors[0])
    bound = float(np.quantile(np.abs(change), 0.99)) or 1.0
    figure = Drawing(figsize=(9.0, 3.3))
    size = np.abs(255 * with_it.difference)
    # A few pixels, or places, would make the rest pale.
    most = float(np.quantile(size, 0.995)) or 1.0
    panels = (
        ("attention map", with_it.full_size_attention, "cividis", None, None, "neither"),
        ("|difference| with it", size, "cividis", 0, most, "max"),
        ("squared error: without − with", change, "PuOr_r", -bound, bound, "both"),
    )
    for axes, (title, values, colours, low, high, extend) in zip(
        figure.subplots(1, 3), panels, strict=True
    ):
        shown = axes.imshow(values, cmap=colours, vmin=low, vmax=high)
        axes.set(title=title)
        axes.set_axis_off()
        figure.colorbar(shown, ax=axes, shrink=0.8, extend=extend)
    means = [float(one.mean()) for one in errors]
    worse = float((change > 0).mean())
    figure.alt = (
        f"Attention map, error, and change of the error. Mean squared error {means[0]:.1f} with "
        f"the attention and {means[1]:.1f} without it, greater without it in {worse:.0%} of the "
        "places."
    )
    return figure


def _in_blocks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return means over squares of pixels; those at the lower and right border may be smaller."""
    starts = [np.arange(0, side, _BLOCK) for side in values.shape]
    sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    heights, widths = (
        np.diff(np.append(start, side)) for start, side in zip(starts, values.shape, strict=True)
    )
    return np.asarray(sums / np.outer(heights, widths), np.float64)
