"""The reproduction report as Markdown: a verdict for every claim, and how far seeds spread."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from statistics import mean, stdev

from matplotlib.ticker import MaxNLocator

from reproduce.chapters.future_work import interval
from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLUE, GREEN, VERMILION
from reproduce.chapters.text import listed, number, rounded, small
from reproduce.core.markdown import table
from reproduce.core.parameters import Parameters
from reproduce.models.loss import LOSS_OF_MID_GREY
from reproduce.results import reported as paper
from reproduce.results.claims import VERDICTS, Check, Claim, Judged, Measured
from reproduce.results.findings import Finding
from reproduce.results.quantities import quantities as quantities_of
from reproduce.results.run import Run
from reproduce.results.studies import Repeated

_BADGES = {
    "reproduced": "{bdg-success}`reproduced`",
    "partly": "{bdg-warning}`partly`",
    "not reproduced": "{bdg-danger}`not reproduced`",
    "not checkable": "{bdg-dark-line}`not checkable`",
}


def runs_shown(parameters: Parameters, runs: Mapping[int, Run]) -> str:
    """Say which runs the page judges, and which of them have not learned."""
    profile = next(iter(runs.values())).parameters["profile"]
    whose = "made for this page" if parameters.seeds else "the committed record"
    text = f"**This page judges runs of profile `{profile}`, {seed_list(list(runs))}**: {whose}."
    dead = [seed for seed, run in runs.items() if not run.learned]
    if dead:
        text += (
            f" With {seed_list(dead)} **the model has not learned**: its latent is dead. What has "
            "not learned is shown, and left out of means and deviations."
        )
    return text


def verdicts(judged: Sequence[Judged]) -> str:
    """Return the table of all claims: reported, ours with a dot for each seed, verdict, evidence.

    To be rendered by MyST: it holds roles, and pictures as inline SVG.
    """
    return table(
        [
            {
                "claim": f"{one.claim.claim}<br>*{one.claim.where} of the paper*",
                "the paper": reported(one.claim),
                "here": "<br>".join(_here(one)),
                "verdict": f"{_BADGES[one.verdict]}<br>{_evidence(one.claim)}",
            }
            for one in judged
        ]
    )


def _here(judged: Judged) -> list[str]:
    """Return what was measured for a claim, a line for each check, or why there is nothing."""
    if judged.claim.without:
        return [
            f"{without.label}: {bytes_more(found)}"
            for without, found in zip(judged.claim.without, judged.found, strict=True)
        ]
    return [_measurement(one) for one in judged.measured] or [judged.claim.not_checkable]


def bytes_more(found: Finding) -> str:
    """Say how many bytes more a model without something takes, and what follows from it."""
    if math.isnan(found.compared.percent):
        return f"no files to compare ({found.verdict})"
    return f"{interval(found)} % bytes at equal PSNR ({found.verdict})"


def in_brief(judged: Sequence[Judged]) -> str:
    """Count the verdicts and show the claims that say most, for any reader of Markdown."""
    shown = [
        {
            "claim": one.claim.claim,
            "the paper": reported(one.claim),
            "here": "; ".join(
                f"{measured.check.label} {mean_and_deviation(measured)}"
                for measured in one.measured
            ),
            "verdict": one.verdict,
        }
        for one in judged
        if one.claim.in_brief
    ]
    counted = f"Of the paper's {len(judged)} claims: {counts(judged)}. Those that say most:"
    return f"{counted}\n\n{table(shown)}"


def reported(claim: Claim) -> str:
    """Return what the paper reports, in its words or as its number."""
    numbers = [check.reported for check in claim.checks if check.reported is not None]
    return claim.says or (number(numbers[0]) if numbers else "–")


def counts(judged: Sequence[Judged]) -> str:
    """Say how many claims have which verdict."""
    return ", ".join(f"{count} {verdict}" for verdict, count in _counted(judged))


def _counted(judged: Sequence[Judged]) -> list[tuple[str, str]]:
    found = Counter(one.verdict for one in judged)
    return [(verdict, str(found[verdict])) for verdict in VERDICTS]


def _evidence(claim: Claim) -> str:
    return f"{{numref}}`{claim.shown.target}` in {{doc}}`{claim.shown.chapter}`"


def _measurement(measured: Measured) -> str:
    return f"{measured.check.label}: {mean_and_deviation(measured)} {dots(measured)}".strip()


def mean_and_deviation(measured: Measured) -> str:
    """Return mean ± standard deviation over the seeds that learned, or what all have in common."""
    if not measured.learned:
        return "no seed learned"
    values = [measured.values[seed] for seed in measured.learned]
    values = [value for value in values if not math.isnan(value)]
    if not values:
        return "–"
    if len(set(values)) == 1:
        return _of_check(values[0], measured.check)
    return with_deviation(mean(values), stdev(values), _decimals(measured.check.label))


def _of_check(value: float, check: Check) -> str:
    """Return a number that a check is of."""
    decimals = _decimals(check.label)
    return number(value) if decimals is None else rounded(value, decimals)


def _decimals(label: str) -> int | None:
    """Return how many decimals what has such a label has at most: two if it is in decibels."""
    return 2 if re.search(r"\bdB\b", label) else None


def with_deviation(value: float, deviation: float, most: int | None = None) -> str:
    """Return value ± deviation, to the deviation's second digit, or to so many decimals at most.

    >>> with_deviation(25.99461, 0.32341)
    '25.99 ± 0.32'
    >>> with_deviation(131423.3, 4578.2)
    '131,423 ± 4,578'
    >>> with_deviation(-0.1432, 0.0263, most=2)
    '-0.14 ± 0.03'
    """
    decimals = max(0, 1 - math.floor(math.log10(deviation))) if deviation else 4
    decimals = decimals if most is None else min(decimals, most)
    return f"{value:,.{decimals}f} ± {deviation:,.{decimals}f}"


WIDTH, HEIGHT, MARGIN = 160, 16, 16
AXIS = 14
"""Height of an axis's numbers, in pixels: they stand below the dots."""


def dots(measured: Measured) -> str:
    """Draw the values of all seeds as dots on a line (inline SVG); nothing if they are all equal.

    A hollow dot is a seed with a dead latent, at the end of the line if it lies beyond. The band is
    where the check holds, the stroke the paper's number. Below, two round values stand at their
    places.
    """
    values = {seed: value for seed, value in measured.values.items() if math.isfinite(value)}
    if len(set(values.values())) < 2:
        return ""
    bounds = [bound for bound in measured.check.bounds if math.isfinite(bound)]
    learned = [value for seed, value in values.items() if seed in measured.learned]
    scale = [*learned, *bounds] or list(values.values())
    place = _placed(min(scale), max(scale))
    low, high = (
        place(bound) if math.isfinite(bound) else end
        for bound, end in zip(measured.check.bounds, (0, WIDTH), strict=True)
    )
    band = f'<rect x="{low}" width="{high - low:.1f}" height="{HEIGHT}" fill="{GREEN}44"/>'
    line = f'<path d="M0 {HEIGHT / 2}H{WIDTH}" stroke="gray" stroke-width="0.5"/>'
    stroke = ""
    if measured.check.reported is not None:
        at = place(measured.check.reported)
        stroke = f'<path d="M{at} 0V{HEIGHT}" stroke="{VERMILION}" stroke-width="1.5"/>'
    circles = "".join(
        f'<circle cx="{place(value)}" cy="{HEIGHT / 2}" r="3" stroke="{BLUE}" '
        f'fill="{BLUE if seed in measured.learned else "none"}"/>'
        for seed, value in values.items()
    )
    text = escape("; ".join(_seed_value(seed, measured) for seed in measured.values), quote=True)
    return (
        f'<svg class="strip" width="{WIDTH}" viewBox="0 0 {WIDTH} {HEIGHT + AXIS}" role="img" '
        f'aria-label="{text}"><title>{text}</title>{band}{line}{stroke}{circles}'
        f"{_axis(min(scale), max(scale))}</svg>"
    )


def _placed(least: float, greatest: float) -> Callable[[float], float]:
    """Return what gives a value its place on a strip: pixels from the left, within the strip."""

    def place(value: float) -> float:
        share = (value - least) / ((greatest - least) or 1)
        return round(min(max(MARGIN + share * (WIDTH - 2 * MARGIN), 3), WIDTH - 3), 1)

    return place


def _axis(least: float, greatest: float) -> str:
    """Draw two round values of a scale at their places, with a tick each."""
    place = _placed(least, greatest)
    low, high, decimals = _ticks(least, greatest)
    return "".join(
        f'<path d="M{place(value)} {HEIGHT - 4}v4" stroke="gray"/>'
        f'<text x="{place(value)}" y="{HEIGHT + AXIS - 3}" text-anchor="middle" font-size="11" '
        f'fill="currentColor">{_true_minus(f"{value:,.{decimals}f}")}</text>'
        for value in (low, high)
    )


def _ticks(least: float, greatest: float) -> tuple[float, float, int]:
    """Return the outermost round values of a scale, and how many decimals they have."""
    # 5, 0.5, 0.05, …: the scale is 2 to 20 of them long, so two multiples or more lie on it.
    step = 10 ** math.floor(math.log10(greatest - least)) / 2
    low, high = math.ceil(least / step - 1e-9) * step, math.floor(greatest / step + 1e-9) * step
    return low, high, max(0, -math.floor(math.log10(step)))


def _true_minus(number: str) -> str:
    """Return a number for where no page's signs are mended: in attributes, and in drawings."""
    return number.replace("-", "−")


def _seed_value(seed: int, measured: Measured) -> str:
    dead = "" if seed in measured.learned else ", dead latent"
    value = _of_check(measured.values[seed], measured.check)
    return f"seed {seed}: {_true_minus(value)}{dead}"


def tolerances(claims: Sequence[Claim]) -> str:
    """Return when each check counts as held, and why."""
    rows = [
        (
            claim.claim,
            f"{check.label} (`{check.quantity}`)",
            _bounds(check) + (", for all seeds" if claim.every_seed else ""),
            check.why,
        )
        for claim in claims
        for check in claim.checks
    ]
    rows += [
        (
            claim.claim,
            f"bytes at equal PSNR {without.label} (`{without.variant}`)",
            "more, by the rule of the study",
            without.why,
        )
        for claim in claims
        for without in claim.without
    ]
    return table(
        [dict(zip(("claim", "measured", "holds", "why"), row, strict=True)) for row in rows]
    )


def _bounds(check: Check) -> str:
    low, high = check.bounds
    if low == high:
        return f"exactly {number(low)}"
    if math.isinf(high):
        return f"{number(low)} or more"
    if math.isinf(low):
        return f"{number(high)} or less"
    return f"from {number(low)} to {number(high)}"


# Name, label and decimals of every number that depends on the seed.
_SPREAD = [
    ("first_loss", "loss, first epoch", 4),
    ("last_loss", "loss, last epoch", 4),
    ("reconstruction_bytes", "file of the reconstruction, bytes", 0),
    ("reconstruction_ratio", "its size ratio", 4),
    ("latent_clip_ratio", "size ratio of the latent, clipped", 4),
    ("latent_stretch_ratio", "the same, stretched", 4),
    ("mean_ratio", "mean size ratio, test images", 4),
    ("mean_psnr", "mean PSNR, test images, dB", 2),
    ("psnr_lost_on_test", "PSNR, training − test images, dB", 2),
    ("correlation", "attention, absolute difference: correlation", 3),
    ("mean_correlation", "the same, mean of the test images", 3),
    ("signed_correlation", "attention, signed difference: correlation", 3),
    ("latent_similarity", "latent, image: correlation", 3),
    ("difference_contrast", "difference, 90th ÷ 10th percentile", 2),
    ("active_latent", "share of the latent above 0", 3),
    ("file_ratio", "file that decodes (step 1/8) ÷ PNG of the original", 4),
    ("best_psnr", "best PSNR at any rate, dB", 2),
    ("bd_rate", "bytes more than JPEG for the same PSNR, %", 1),
]
_REPORTED = paper.HEADLINE | {
    "first_loss": paper.LOSS,
    "last_loss": paper.LOSS,
    "latent_clip_ratio": paper.LATENT_RATIO,
    "latent_stretch_ratio": paper.LATENT_RATIO,
}


def spread(runs: Mapping[int, Run]) -> str:
    """Return every number that depends on the seed: of each seed, mean and deviation, the paper's.

    Mean, deviation and where the paper's number lies beside ours are over the seeds that learned.
    """
    quantities = {seed: quantities_of(run) for seed, run in runs.items()}
    learned = [seed for seed, run in runs.items() if run.learned]
    heads = {seed: f"{seed}" if seed in learned else f"{seed} (dead)" for seed in runs}
    rows = []
    for name, label, decimals in _SPREAD:
        of_seeds = [quantities[seed].get(name, math.nan) for seed in learned]
        values = [value for value in of_seeds if not math.isnan(value)]
        rows.append(
            {"seed": label}
            | {head: rounded(quantities[seed].get(name), decimals) for seed, head in heads.items()}
            | {
                "mean ± deviation": with_deviation(mean(values), stdev(values), _decimals(label))
                if len(values) > 1
                else "–",
                "the paper": _beside(_REPORTED.get(name), values, decimals),
            }
        )
    return table(rows, right=[*heads.values(), "mean ± deviation"])


def _beside(value: float | None, ours: Sequence[float], decimals: int) -> str:
    """Return the paper's number and where it lies: within the range of ours, below it or above."""
    if value is None or not ours:
        return rounded(value, decimals)
    place = "below" if value < min(ours) else "above" if value > max(ours) else "within"
    return f"{rounded(value, decimals)}, {place}"


def repetitions(repeated: Mapping[str, Repeated]) -> str:
    """Return what repeating a training with other threads and other kernels changed.

    Takes runs and their repetitions by profile; each is compared with the run itself.
    """
    rows = []
    for profile, measured in repeated.items():
        first = measured.repetitions.reference
        for run in measured.repetitions.runs:
            same = run.weights == first.weights
            rows.append(
                {
                    "profile": f"`{profile}`",
                    "kernels": run.kernels,
                    "threads": str(run.threads),
                    "weights": "equal" if same else "differ",
                    "greatest difference": small(run.greatest_difference),
                    "last loss": small(run.last_loss - first.last_loss, "+"),
                    "mean size ratio": small(run.mean_ratio - first.mean_ratio, "+"),
                }
            )
    return table(rows, right=["threads", "greatest difference", "last loss", "mean size ratio"])


def facts(runs: Mapping[int, Run], judged: Sequence[Judged]) -> dict[str, str]:
    """Return what prose says of the runs and the verdicts, by the names it is pasted with.

    `verdict_<claim>` and `measured_<quantity>` are there for each claim and each checked quantity.
    """
    ratios = {seed: quantities_of(run)["mean_ratio"] for seed, run in runs.items()}
    learned = [ratio for seed, ratio in ratios.items() if runs[seed].learned]
    dead = [seed for seed, run in runs.items() if not run.learned]
    minutes = [run.training.seconds / 60 for run in runs.values()]
    return {
        "seed_count": str(len(runs)),
        "dead_count": str(len(dead)),
        "dead_seeds": seed_list(dead),
        "dead_ratio": listed([f"{ratios[seed]:.4f}" for seed in dead]),
        "seed_deviation": f"{stdev(learned):.4f}" if len(learned) > 1 else "–",
        "minutes": f"{min(minutes):.0f} to {max(minutes):.0f}",
        "verdict_counts": counts(judged),
        **{f"count_{verdict.replace(' ', '_')}": count for verdict, count in _counted(judged)},
        **{f"verdict_{one.claim.name}": one.verdict for one in judged},
        **{
            f"measured_{measured.check.quantity}": mean_and_deviation(measured)
            for one in judged
            for measured in one.measured
        },
    }


def seed_list(seeds: Sequence[int]) -> str:
    """Return seeds as words: "no seed", "seed 1", "seeds 1 and 4", "seeds 1, 4 and 5"."""
    if not seeds:
        return "no seed"
    return f"seed{'s' if len(seeds) > 1 else ''} {listed(list(map(str, seeds)))}"


def losses_of_seeds(runs: Mapping[int, Run]) -> Plot:
    """Plot the loss per epoch with each seed, from what `record.measure` returns of each run."""
    figure = Plot()
    axes = figure.subplots()
    for seed, run in runs.items():
        losses = run.training.losses
        line, dead = ("o-", "") if run.learned else ("x--", ", dead latent")
        name = f"seed {seed}{dead}"
        (curve,) = axes.plot(range(1, len(losses) + 1), losses, line, label=name)
        texts = [f"{name}, epoch {epoch}: loss {loss:.4f}" for epoch, loss in enumerate(losses, 1)]
        figure.tell(curve, name, texts)
    floor = next(iter(runs.values())).training.loss_floor
    axes.axhline(floor, color="black", ls="--", lw=1.2, label=f"floor {floor:.4f}")
    axes.axhline(LOSS_OF_MID_GREY, color="gray", ls=":", label="mid-grey everywhere")
    axes.set(xlabel="epoch", ylabel="loss (nat/pixel)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    ends = [f"{run.training.losses[-1]:.4f} with seed {seed}" for seed, run in runs.items()]
    figure.alt = (
        f"Curves of the loss over epochs. They end at {listed(ends)}; the floor is {floor:.4f}, "
        f"mid-grey everywhere {LOSS_OF_MID_GREY:.4f}."
    )
    return figure
