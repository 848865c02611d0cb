"""Exercises: what their solutions find, and the code of these as it stands in its files."""

import ast
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd

from reproduce.chapters import pictures
from reproduce.chapters.pictures import Picture
from reproduce.chapters.text import listed, rounded
from reproduce.core import store
from reproduce.core.markdown import table
from reproduce.measure import metrics, png
from reproduce.measure.rates import curves
from reproduce.measure.size_ratio.methods import METHODS, Method, Outcome
from reproduce.measure.subject import Subject
from reproduce.results import excerpt
from reproduce.results.studies import AttentionStudy, Measured

BLUR = "blur-1"
"""The method that is to be beaten (`measure.size_ratio.methods`)."""

_BLUR = next(method for method in METHODS if method.name == BLUR)


def grey_levels_in_steps(step: int, subject: Subject) -> Outcome:
    """Round grey levels to multiples of a step, and save them as PNG."""
    multiples = np.rint(subject.original / step) * step
    picture = np.minimum(multiples, 255).astype(np.uint8)
    return len(png.png(picture)), picture


IN_STEPS = tuple(
    Method(f"steps-{step}", f"steps of {step}", "picture", partial(grey_levels_in_steps, step))
    for step in (8, 32)
)

CHOSEN = IN_STEPS[0]
"""Steps of 8, of which the page speaks; the other is coarser."""


def solution(code: Callable[..., Any], after: str = "") -> str:
    """Return the source of a function, and a text after it, folded."""
    return _folded(inspect.getsource(code), after)


def solution_in(file: str, functions: Sequence[str], after: str = "") -> str:
    """Return the source of functions of a file of the project, and a text after it, folded."""
    path = store.project_root() / file
    store.note_use(path)
    text = path.read_text(encoding="utf-8")
    found = {one.name: one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)}
    sources = [ast.get_source_segment(text, found[name]) or "" for name in functions]
    return _folded("\n\n\n".join(sources), after)


def _folded(code: str, after: str) -> str:
    return f"````{{dropdown}} Solution\n```python\n{code.strip()}\n```\n\n{after}\n````"


def recorded(trainings: AttentionStudy) -> str:
    """Say when and by which commit the trainings were recorded, and of which setting they are."""
    return (
        f"**The recorded trainings** are of profile `{trainings.profile}`, seeds "
        f"{listed([str(seed) for seed in trainings.with_it])}: made on {trainings.started[:10]} "
        f"by commit `{trainings.commit[:8]}`."
    )


def attention(trainings: AttentionStudy) -> str:
    """Return what each seed gives with the attention and without it."""
    rows = []
    for seed, with_it in trainings.with_it.items():
        without = trainings.without[seed]
        rows.append(
            {
                "seed": str(seed),
                "ratio with": rounded(with_it.size_ratio, 3),
                "ratio without": rounded(without.size_ratio, 3),
                "dB with": rounded(with_it.psnr_db, 2),
                "dB without": rounded(without.psnr_db, 2),
                "bytes without": _percent(_more_bytes(without, with_it)),
                "dead latent": _dead(with_it, without),
            }
        )
    return table(rows, right=list(rows[0])[1:-1])


def _percent(percent: float) -> str:
    return "–" if math.isnan(percent) else f"{percent:+.0f} %"


def _dead(with_it: Measured, without: Measured) -> str:
    """Return which of the two has a dead latent."""
    of = {"with": with_it, "without": without}
    return listed([name for name, one in of.items() if not one.learned])


def _more_bytes(one: Measured, other: Measured) -> float:
    """Return how many per cent more bytes the files of one take than those of another, by PSNR."""
    both = pd.concat([one.curve.assign(codec="one"), other.curve.assign(codec="other")])
    return curves.bd_rate(both, "one", "psnr_db", anchor="other").percent


def attention_facts(trainings: AttentionStudy) -> dict[str, float]:
    """Return what prose says of the trainings: means over the seeds with which both learn."""
    with_it, without = trainings.with_it, trainings.without
    both = [seed for seed in with_it if with_it[seed].learned and without[seed].learned]
    bytes_without = [_more_bytes(without[seed], with_it[seed]) for seed in both]
    of_both = {"with": with_it, "without": without}
    return {
        "seeds": len(with_it),
        "seeds_of_both": len(both),
        **{
            f"dead_{name}": sum(not one.learned for one in of.values())
            for name, of in of_both.items()
        },
        **{
            f"ratio_{name}": mean(of[seed].size_ratio for seed in both)
            for name, of in of_both.items()
        },
        **{f"psnr_{name}": mean(of[seed].psnr_db for seed in both) for name, of in of_both.items()},
        "bytes_least": min(bytes_without),
        "bytes_most": max(bytes_without),
    }


def measure(names: Iterable[str]) -> pd.DataFrame:
    """Measure images of the excerpt after the blur and in steps: image, method, ratio and PSNR."""
    rows = []
    for name in names:
        subject = Subject(None, excerpt.original(name), name)  # none of these asks for a model
        for method in (_BLUR, *IN_STEPS):
            size, left = method.apply(subject)
            rows.append(
                {
                    "image": name,
                    "method": method.name,
                    "label": method.label,
                    "size_ratio": png.size_ratio(size, subject.original_bytes),
                    "psnr_db": metrics.psnr(subject.original, left),
                }
            )
    return pd.DataFrame(rows)


def beats_the_blur(measured: pd.DataFrame, method: str) -> int:
    """Return on how many images a method has the smaller ratio than the blur and the higher PSNR.

    Takes what `measure` returns.
    """
    own, blur = (measured[measured["method"] == name].set_index("image") for name in (method, BLUR))
    both = (own["size_ratio"] < blur["size_ratio"]) & (own["psnr_db"] > blur["psnr_db"])
    return int(both.sum())


def beside_the_blur(measured: pd.DataFrame) -> str:
    """Return the means of each method, and how often it beats the blur."""
    images = measured["image"].nunique()
    rows = []
    for name, own in measured.groupby("method", sort=False):
        wins = "–" if name == BLUR else f"on {beats_the_blur(measured, str(name))} of {images}"
        rows.append(
            {
                "method": own["label"].iloc[0],
                "size ratio": rounded(own["size_ratio"].mean(), 3),
                "PSNR (dB)": rounded(own["psnr_db"].mean(), 2),
                "beats the blur": wins,
            }
        )
    return table(rows, right=["size ratio", "PSNR (dB)", "beats the blur"])


def facts(measured: pd.DataFrame) -> dict[str, float]:
    """Return what prose says of the photographs; takes what `measure` returns."""
    chosen, coarser = (method.name for method in IN_STEPS)
    of = dict(list(measured.groupby("method")))
    return {
        "images": measured["image"].nunique(),
        "wins": beats_the_blur(measured, chosen),
        "wins_coarser": beats_the_blur(measured, coarser),
        **{
            f"{number}_{name}": float(of[method][column].mean())
            for name, method in (("blur", BLUR), ("steps", chosen))
            for number, column in (("ratio", "size_ratio"), ("psnr", "psnr_db"))
        },
    }


def picture() -> Picture:
    """Show the paper's image, the blur of it, and its grey levels in the chosen steps."""
    subject = Subject(None, excerpt.original())
    made = {method.label: method.apply(subject) for method in (_BLUR, CHOSEN)}
    blur, steps = (
        f"{png.size_ratio(size, subject.original_bytes):.3f} of the bytes and "
        f"{metrics.psnr(subject.original, left):.2f} dB"
        for size, left in made.values()
    )
    return pictures.side_by_side(
        {"original": subject.original} | {label: left for label, (_, left) in made.items()},
        f"the leaves three times. The blur has lost their texture, with {blur}; the steps hardly "
        f"show, with {steps}.",
    )
