"""What statements may name: the paper's numbers, the records', the pages', and the code's own."""

import ast
import math
import re
from functools import cache
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace
from typing import Any

import nbformat

from reproduce import codec
from reproduce.book import rooms
from reproduce.core import study as studies
from reproduce.core.parameters import Parameters, load_parameters, parse_seeds
from reproduce.data.sources import beans as hub
from reproduce.measure import scores as scoring
from reproduce.measure import size_ratio, stages
from reproduce.measure.rates import autoencoder, codecs, curves, measurement
from reproduce.models import registry
from reproduce.models import training as trainer
from reproduce.models.loss import LOSS_OF_MID_GREY
from reproduce.results import claims as listed_claims
from reproduce.results import costs, excerpt, expectations, record, reported
from reproduce.results import studies as recorded_studies
from reproduce.results.quantities import quantities

ROOT = Path(__file__).parents[2]


class Facts(SimpleNamespace):
    """Numbers by name: `facts.name`, or `facts["name"]`."""

    def __getitem__(self, name: str) -> Any:
        return vars(self)[name]


class Pasted(float):
    """A number of a notebook, equal to what another processor makes of it in the last digits."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and math.isclose(self, other, rel_tol=1e-4)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__


def pasted(notebook: Path) -> Facts:
    """What a notebook's stored outputs give to be pasted, by name."""
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", ()):
            about = output.get("metadata", {}).get("scrapbook")
            if about:
                (value,) = output.data.values()
                number = re.fullmatch(r"np\.\w+\((.*)\)", value)
                try:
                    read = ast.literal_eval(number[1] if number else value)
                except (SyntaxError, ValueError):  # such as NaN
                    read = value
                found[about["name"]] = Pasted(read) if isinstance(read, float) else read
    return Facts(**found)


def agrees(text: str, values: list[float], magnitude: bool = False) -> bool:
    """Whether a text says the mean of some values, and if it does, their standard deviation."""
    numbers = [float(number.replace(",", "")) for number in text.split(" ± ")]
    decimals = len(text.split(" ± ")[0].partition(".")[2])
    values = [abs(value) for value in values] if magnitude else values
    expected = [mean(values), *([stdev(values)] if len(numbers) > 1 else [])]
    return all(
        abs(number - value) <= 0.5001 * 10**-decimals
        for number, value in zip(numbers, expected, strict=True)
    )


@cache
def names() -> dict[str, Any]:
    """Return all that a statement may name."""
    pages = {path.stem: pasted(path) for path in (ROOT / "notebooks").glob("*.ipynb")}
    pages |= {"model_page": pages.pop("model"), "costs_page": pages.pop("cost")}
    runs = record.read_seeds()
    recorded = measurement.read(record.folders(stages.CODECS, stages.RATES))
    points = {size: curves.means(recorded, size) for size in ("full", "half")}
    scores = scoring.read_table(record.folder(stages.SCORES) / scoring.TABLE)
    folder = record.folder(stages.RATIOS)
    ratios = size_ratio.read_table(folder / size_ratio.TABLE)
    writers = size_ratio.read_table(folder / size_ratio.WRITERS_TABLE)
    seeds = {seed: Facts(**quantities(run)) for seed, run in runs.items()}

    learned = [seeds[seed] for seed, run in runs.items() if run.learned]

    claims = {one.name: one for one in listed_claims.read()}

    def check(claim: str, quantity: str) -> listed_claims.Check:
        """The check of a quantity for a claim."""
        (found,) = (one for one in claims[claim].checks if one.quantity == quantity)
        return found

    def says(text: str, quantity: str, magnitude: bool = False) -> bool:
        """Whether a text says the mean of a quantity over the seeds that have learned."""
        return agrees(text, [seed[quantity] for seed in learned], magnitude)

    def bd(codec: str, metric: str = "psnr_db", size: str = "full") -> float:
        return curves.bd_rate(points[size], codec, metric).percent

    return {
        **pages,
        "paper": reported,
        "runs": runs,
        "seeds": seeds,
        "run": seeds[0],
        "learned": learned,
        "dead": [seeds[seed] for seed, run in runs.items() if not run.learned],
        "claims": claims,
        "check": check,
        "verdict": {
            one.claim.name: one.verdict for one in listed_claims.judge(listed_claims.read(), runs)
        },
        "mid_grey": LOSS_OF_MID_GREY,
        "scores": scores,
        "ratios": ratios.groupby("method").mean(numeric_only=True),
        "writers": writers.groupby("writer").mean(numeric_only=True),
        "points": points,
        "bd": bd,
        "model": autoencoder.AUTOENCODER,
        "others": [codec.name for codec in codecs.REFERENCES],
        "bd_of_images": lambda codec, metric="psnr_db": (
            curves.bd_rate_of_images(recorded, codec, metric).percent
        ),
        "rate_at": lambda codec, psnr: curves.rate_at(points["full"], codec, "psnr_db", psnr),
        "quality_at": lambda codec, rate, size="full": curves.quality_at(
            points[size], codec, "psnr_db", rate
        ),
        "benchmark": costs.read(),
        "compared": {
            (one.quantity.label, one.quantity.processor): one
            for one in costs.comparisons(costs.read())
        },
        "costs": costs,
        "trials": list(recorded_studies.quantisation().values()),
        "script": recorded_studies.ten_epochs(),
        "attention": recorded_studies.attention(),
        "repeated": recorded_studies.repetitions(),
        "attention_and_image": cache(excerpt.attention_and_image),
        "excerpt": excerpt,
        "beans": {split: sum(counts) for split, counts in hub.BEANS_COUNTS.items()},
        "classes": hub.BEANS_CLASSES,
        "Parameters": Parameters,
        "profile": lambda name: load_parameters(name, ROOT / "profiles"),
        "parse_seeds": parse_seeds,
        "plan": studies.read("future-work", ROOT / "studies"),
        "found": recorded_studies.future_work(),
        "became": lambda: [*expectations.became(recorded_studies.future_work()).values()],
        "registry": registry,
        "codec": codec,
        "curves": curves,
        "rooms": rooms,
        "trainer": trainer,
        "stdev": stdev,
        "text_of": lambda name: (ROOT / name).read_text(encoding="utf-8"),
        "says": says,
    }
