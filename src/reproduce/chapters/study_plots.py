"""Plots of what a study has found: all variants at a glance, their curves, what they cost."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, StrMethodFormatter

from reproduce.chapters.future_work import COLOURS, facts, interval
from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from reproduce.chapters.text import listed, rounded
from reproduce.measure.rates import curves
from reproduce.results.findings import Finding, Findings

_ROW, _HEADING, _LINE = 0.27, 0.34, 0.15
"""Heights in inches: of a variant, of a question above its variants, of each further line of it."""

_HEADING_WIDTH = 68
"""Characters of a question on a line: so many fit beside the names of its variants."""

_TICKS = (1, 1.5, 2, 3, 5, 7)
"""Of a logarithmic scale, times powers of ten."""


def forest(found: Findings) -> Plot:
    """Plot every variant's BD-rate with its interval, question by question; dots are seeds.

    The scale is logarithmic: twice the bytes is as far from none as half of them. The band is what
    the plan takes for no difference. Of what there is nothing to compare yet, nothing is drawn.
    """
    shown = [one for one in found.findings if not _is_to_come(one)]
    headings = {
        name: fill(f"{question.asks} (against {question.reference})", _HEADING_WIDTH)
        for name, question in found.plan.questions.items()
        if any(one.question == name for one in shown)
    }
    further = sum(heading.count("\n") for heading in headings.values())
    height = _ROW * len(shown) + _HEADING * len(headings) + _LINE * further
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
        for finding in (one for one in shown if one.question == name):
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
    axes.xaxis.set_major_locator(LogLocator(subs=_TICKS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: _percent(ratio)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    figure.alt = f"{len(shown)} variants by bytes at equal PSNR. {_summary(found)}"
    return figure


def _is_to_come(finding: Finding) -> bool:
    return finding.verdict == "unfinished" and math.isnan(finding.compared.percent)


def _ratio(percent: float) -> float:
    return 1 + percent / 100


def _percent(ratio: float) -> str:
    return "0" if ratio == 1 else FuncFormatter.fix_minus(f"{100 * (ratio - 1):+.0f}")


def _draw_finding(figure: Plot, axes: Axes, finding: Finding, place: float) -> None:
    """Draw a row: the interval, the mean, and a small dot for each seed."""
    compared = finding.compared
    if math.isnan(compared.percent):
        text = "no seed with which both learned"
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
    axes.xaxis.set_major_locator(LogLocator(subs=_TICKS))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
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
