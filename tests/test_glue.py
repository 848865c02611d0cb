"""Values that notebooks hand to prose: each held against the record's files, read here.

A notebook glues a value under a name, and prose pastes it by that name. Nothing of what is glued
below is asked of a chapter: the tables of `results/` are read and summed up here, the paper's
numbers are typed from the paper. What depends on the run of a page has no such second source; its
names are listed in `OF_THIS_PAGE`.
"""

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

from reproduce.measure.rates import curves

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PAPER = RESULTS / "paper" / "paper"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
LEARNED = (0, 2, 3, 4)
SEEDS = range(5)
GREY = math.log(2)
"""The loss of a picture that is mid-grey all over."""


@cache
def glued(notebook: str) -> dict[str, Any]:
    """The values that a notebook has glued, by their names, as its stored outputs have them."""
    content = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4)
    found: dict[str, Any] = {}
    for cell in content.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                assert name not in found, "glued twice"
                (text,) = output.data.values()
                found[name] = eval(text, {"nan": math.nan, "inf": math.inf})  # noqa: S307  # ours
    return found


# What the record's files say


def of_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def scores(seed: int = 0) -> pd.DataFrame:
    return csv(PAPER / f"seed-{seed}" / "scores" / "test-images.csv")


def facts(seed: int, stage: str) -> Any:
    return of_json(PAPER / f"seed-{seed}" / stage / "manifest.json")["facts"]


def losses(run: Path) -> list[float]:
    return [epoch["loss"] for epoch in of_json(run / "model" / "history.json")]


def minutes(seed: int) -> float:
    epochs = of_json(PAPER / f"seed-{seed}" / "model" / "history.json")
    return round(sum(epoch["seconds"] for epoch in epochs), 1) / 60


@cache
def points(folder: Path, codec: str, size: str = "full") -> pd.DataFrame:
    """Means over the images at each quality, from few bits to many."""
    table = csv(folder / "rates.csv")
    chosen = table[(table["size"] == size) & (table["codec"] == codec)]
    columns = ["bpp", "psnr_db", "ssim", "ms_ssim"]
    return chosen.groupby("quality")[columns].mean().sort_values("bpp").reset_index()


CODECS = {
    "JPEG": "jpeg",
    "JPEG 2000": "jpeg-2000",
    "WebP": "webp",
    "AVIF": "avif",
    "AVIF for PSNR": "avif-psnr",
    "JPEG XL": "jpeg-xl",
}
MODEL_COUNTS = {
    "model_parameters": 5404,
    "model_encoder_convolutions": 3,
    "model_encoder_poolings": 1,
    "model_decoder_convolutions": 2,
    "model_decoder_upsamplings": 1,
}


def loss_floor() -> float:
    """The least mean cross-entropy on the training images: that of each grey level with itself."""
    histogram = of_json(RESULTS / "paper" / "data" / "manifest.json")["facts"]["splits"]["train"]
    counts, level = np.array(histogram["histogram"]), np.arange(256) / 255
    inner = level[1:-1]
    entropy = -(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))
    return float((counts[1:-1] * entropy).sum() / counts.sum())


def of_run(seed: int) -> dict[str, float]:
    """The single numbers of a recorded run."""
    table, example = scores(seed), of_json(PAPER / f"seed-{seed}" / "example" / "example.json")
    number = {name: math.nan if value is None else value for name, value in example.items()}
    original, output = number["original_bytes"], number["reconstruction_bytes"]
    training = losses(PAPER / f"seed-{seed}")
    own = points(PAPER / f"seed-{seed}" / "rates", "autoencoder")
    files = csv(PAPER / f"seed-{seed}" / "rates" / "rates.csv")
    at_8 = files[(files["size"] == "full") & (files["quality"] == 8)]
    file_bytes = at_8.set_index("image")["bytes"]
    return {
        **MODEL_COUNTS,
        "training_images": 1034,
        "images_of_all_splits": 1295,
        "share_of_image_size": 1.0,
        "first_loss": training[0],
        "last_loss": training[9],
        "loss_floor": loss_floor(),
        "removed_excess": (GREY - training[9]) / (GREY - loss_floor()),
        "original_bytes": original,
        "reconstruction_bytes": output,
        "reconstruction_ratio": output / original,
        **{
            f"latent_{reading}_{what}": number[f"latent_{reading}_bytes"] / by
            for reading in ("clip", "stretch")
            for what, by in (("bytes", 1), ("ratio", original), ("to_output", output))
        },
        "latent_similarity": number["latent_similarity"],
        "difference_contrast": number["difference_contrast"],
        "correlation": number["attention_correlation"],
        "signed_correlation": number["signed_attention_correlation"],
        "test_images": 128,
        "mean_ratio": (table["reconstruction_bytes"] / table["original_bytes"]).mean(),
        "mean_psnr": table["psnr_db"].mean(),
        "psnr_lost_on_test": facts(seed, "scores")["training_psnr_db"] - table["psnr_db"].mean(),
        "mean_correlation": table["attention_correlation"].mean(),
        "active_latent": table["active_latent"].mean(),
        "file_ratio": (file_bytes / table.set_index("name")["original_bytes"]).mean(),
        "file_bpp": own[own["quality"] == 8]["bpp"].item(),
        "file_psnr": own[own["quality"] == 8]["psnr_db"].item(),
        "best_psnr": own["psnr_db"].max(),
        "best_bpp": own["bpp"].iloc[-1],
    }


def shown(notebook: str, name: str) -> pd.DataFrame:
    """The table that a notebook shows under a name, as its stored outputs have it."""
    content = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4)
    (cell,) = (
        cell
        for cell in content.cells
        if cell.metadata.get("mystnb", {}).get("figure", {}).get("name") == name
    )
    lines = cell.outputs[0].data["text/markdown"].splitlines()
    head, _, *rows = ([word.strip() for word in line.split("|")[1:-1]] for line in lines)
    table = pd.DataFrame(rows, columns=head)
    return table.map(
        lambda text: float(text.replace(",", "")) if re.fullmatch(r"[\d.][\d.,]*", text) else text
    )


# The paper's own numbers, typed from it once more

OF_THE_PAPER = {
    "training_images": 1295,
    "loss": 0.6,
    "original_bytes": 205_111,
    "original_bpp": 205_111 * 8 / 250_000,
    "reconstruction_bytes": 120_902,
    "reconstruction_bpp": 120_902 * 8 / 250_000,
    "reconstruction_ratio": 0.5894466898411104,
    "compression_ratio": 1 / 0.5894466898411104,
    "latent_ratio": 0.2727547523048496,
    "test_images": 128,
    "mean_ratio": 0.6849762403517835,
}


def prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


# What each notebook glues


def compression_size() -> dict[str, Any]:
    ratio = scores()["size_ratio"]
    half = 1.978820 * ratio.std(ddof=1) / math.sqrt(128)  # Student's t, 127 degrees, 97.5 %
    return {
        "recorded_bd_rate": bd_rates()["psnr_db"],
        "recorded_ratio_psnr_correlation": float(np.corrcoef(ratio, scores()["psnr_db"])[0, 1]),
        "recorded_mean": ratio.mean(),
        "recorded_low": ratio.mean() - half,
        "recorded_high": ratio.mean() + half,
        "recorded_seed": 0,
        "this_profile": "sample",
        "this_seed": 0,
        **prefixed("recorded", of_run(0)),
        **prefixed("paper", OF_THE_PAPER),
    }


def cost() -> dict[str, Any]:
    measured = of_json(RESULTS / "benchmark.json")

    def rounds(
        thing: str, subject: str, what: str, processor: str = "as it is", **settings: int
    ) -> list[float]:
        settings = settings or measured["settings"][thing]
        return [
            one["measured"][what]
            for one in measured["measurements"]
            if (one["thing"], one["subject"], one["processor"]) == (thing, subject, processor)
            and settings.items() <= one["settings"].items()
        ]

    def of_script_and_ours(*what: str) -> list[list[float]]:
        thing, number, *processor = what
        return [rounds(thing, name, number, *processor) for name in ("literal", "ours")]

    def ratio(script: list[float], ours: list[float]) -> float:
        return median(one / other for one, other in zip(script, ours, strict=True))

    def on_a_line(thing: str, subject: str, images: int) -> float:
        """Bytes of memory with so many images, from the fewest and the most that were measured."""
        size = {"size": 500} if thing == "memory" else {}
        counts = sorted(
            {
                one["settings"]["count"]
                for one in measured["measurements"]
                if one["thing"] == thing and size.items() <= one["settings"].items()
            }
        )
        few, many = (
            median(rounds(thing, subject, "peak_bytes", "as it is", count=count, **size))
            for count in (counts[0], counts[-1])
        )
        return few + (images - counts[0]) * (many - few) / (counts[-1] - counts[0])

    training = of_script_and_ours("training", "seconds")
    slow = of_script_and_ours("training", "seconds", "without AVX-512")
    script, ours = map(median, training)
    empty = on_a_line("memory", "literal", 0)
    reconstruction = median(rounds("reconstruction", "ours", "seconds"))
    losses_of = {
        (name, seed): of_json(PAPER / f"seed-{seed}" / name / "losses.json")[-1]
        for name in ("literal", "literal-in-our-order")
        for seed in (0, 1)
    }
    last = {seed: losses(PAPER / f"seed-{seed}")[-1] for seed in SEEDS}
    return {
        "script_speed": 1 / script,
        "our_speed": 1 / ours,
        "training_ratio": ratio(*training),
        "ratio_without_avx512": ratio(*slow),
        "script_slow": 1 / median(slow[0]),
        "memory_ratio": ratio(*of_script_and_ours("memory", "peak_bytes")),
        "fits": int(
            (measured["machine"]["memory_bytes"] - empty)
            / (on_a_line("memory", "literal", 1) - empty)
        ),
        "listing_gigabytes": on_a_line("preparing", "ours", 10_000_000) / 1e9,
        "same_order": in_powers(abs(losses_of["literal-in-our-order", 0] - last[0])),
        "own_order": in_powers(abs(losses_of["literal", 0] - last[0])),
        "other_seed": in_powers(abs(last[2] - last[0])),
        "dead_ours": last[1],
        "dead_script": losses_of["literal", 1],
        "training_days": 10 * 10_000_000 * ours / 86_400,
        "scoring_days": 10_000_000 * reconstruction / 128 / 86_400,
        "disk_terabytes": 10_000_000 * 500 * 500 / 1e12,
    }


def in_powers(value: float) -> str:
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"{mantissa} × 10{str(int(exponent)).translate(raised)}"


def dataset() -> dict[str, Any]:
    splits = of_json(RESULTS / "paper" / "data" / "manifest.json")["facts"]["splits"]
    images = {f"beans_{name}": split["images"] for name, split in splits.items()}
    return {
        "reported_images": 1295,
        "reported_test_images": 128,
        "beans_all": sum(images.values()),
        **images,
    }


def excerpt() -> list[str]:
    """The test images of the excerpt, by their names in the record."""
    folder = ROOT / "src/reproduce/data/sources/beans-excerpt"
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("test/*/*.jpg"))


def future_work() -> dict[str, Any]:
    plan = yaml.safe_load((ROOT / "studies" / "future-work.yaml").read_text())
    questions = [*plan["questions"].values()]
    seeds_of = []
    for question in questions:
        first, dots, last = question["seeds"].partition("..")
        seeds_of.append(
            {*range(int(first), int(last) + 1)} if dots else {*map(int, first.split(","))}
        )
    # A variant of several questions, or one that others are held against, has the seeds of all.
    runs = {
        (variant, seed)
        for question, seeds in zip(questions, seeds_of, strict=True)
        for variant in {*question["variants"], question["reference"]}
        for seed in seeds
    }
    fates: dict[tuple[str, int], str] = {}
    best_of, cost_of = {}, {}
    for place in (RESULTS / "quarter").glob("*@*/seed-*"):
        run = place.parent.name.partition("@")[2], int(place.name.removeprefix("seed-"))
        if not (place / "own-files" / "own-files.csv").exists():
            fates[run] = "diverged"
            continue
        table = csv(place / "own-files" / "own-files.csv")
        facts = of_json(place / "own-files" / "manifest.json")["facts"]
        flat = facts["flat_psnr_db"]
        best_of[run] = table.filter(like="psnr_db@").mean().max()
        cost_of[run[0]] = facts["encoding_multiplications"] + facts["decoding_multiplications"]
        best = table.filter(like="psnr_db@").max(axis=1).mean()
        fates[run] = "learned" if best >= flat + 3 else "dead"
    assert fates.keys() <= runs
    comparisons = [
        {(one, seed) for one in (variant, question["reference"]) for seed in seeds}
        for question, seeds in zip(questions, seeds_of, strict=True)
        for variant in {*question["variants"]} - {question["reference"]}
    ]
    of_depth = {
        variant: np.mean([best_of[variant, seed] for seed in (0, 2, 3)
                          if fates[variant, seed] == "learned"])
        for variant in {"paper", *plan["questions"]["depth"]["variants"]}
    }  # fmt: skip
    best = max(of_depth, key=lambda variant: of_depth[variant])
    depth = shown("future_work", "depth-answers")
    (told,) = depth[depth["variant"].str.startswith(f"`{best}`")]["bytes at equal PSNR, %"]
    became = [*shown("future_work", "future-plan")["the expectation is"]]
    looked = shown("future_work", "second-look")
    least = looked["p"].min()
    assert least <= round(len(comparisons) * 2 / (10_000 + 1), 3)  # no draw on the other side
    ends = looked["over seeds, %"].str.extract(r"\((.*) to (.*)\)").astype(float)
    return {
        "runs": len(runs),
        "made": len(fates),
        "expectations": len(questions),
        **{one.replace(" ", "_"): became.count(one) for one in ("refuted", "not refuted", "open")},
        "ceilings": len(of_depth) - 1,
        "ceiling_of_reference": float(of_depth["paper"]),
        "higher_ceilings": sum(bool(psnr > of_depth["paper"]) for psnr in of_depth.values()),
        "ceiling_variant": best,
        "ceiling": float(of_depth[best]),
        "ceiling_cost": cost_of[best] / cost_of["paper"],
        "ceiling_percent": pytest.approx(float(told.split()[0]), abs=0.051),
        "differences": len(looked),
        "smallest_p": int((looked["p"] == least).sum()),
        "stand_alone": int((ends[0] * ends[1] > 0).sum()),
        "stand_corrected": int(looked["verdict over seeds"].str.endswith(" bytes").sum()),
        "variants": len({variant for variant, _ in runs}),
        "comparisons": len(comparisons),
        **{fate: [*fates.values()].count(fate) for fate in ("learned", "dead", "diverged")},
        "unfinished": sum(not both <= fates.keys() for both in comparisons),
        "planned": "534a32d3",
        "error_photographs": len(excerpt()) + 1,
    }


def exercises() -> dict[str, Any]:
    with_it, without = "paper@with-attention", "no-attention@without-attention"
    found = {
        (name, seed): csv(RESULTS / "sample" / name / f"seed-{seed}" / "scores/test-images.csv")
        for name in (with_it, without)
        for seed in (0, 2, 3)
    }
    alive = {key: table["active_latent"].mean() > 0.01 for key, table in found.items()}
    both = [seed for seed in (0, 2, 3) if alive[with_it, seed] and alive[without, seed]]
    in_words = shown("exercises", "attention-or-not")["bytes without"]
    more = [float(text.strip(" %").replace("−", "-")) for text in in_words if "%" in text]
    blur, steps, coarser = (row for _, row in shown("exercises", "blur-and-steps").iterrows())
    return {
        "seeds": 3,
        "seeds_of_both": len(both),
        "dead_with": 3 - sum(alive[with_it, seed] for seed in (0, 2, 3)),
        "dead_without": 3 - sum(alive[without, seed] for seed in (0, 2, 3)),
        **{
            f"{short}_{word}": mean(found[name, seed][column].mean() for seed in both)
            for short, column in (("ratio", "size_ratio"), ("psnr", "psnr_db"))
            for word, name in (("with", with_it), ("without", without))
        },
        "images": 12,
        "bytes_least": pytest.approx(min(more), abs=0.51),
        "bytes_most": pytest.approx(max(more), abs=0.51),
        **{
            f"{short}_{word}": pytest.approx(row[column], abs=10**-digits)
            for word, row in (("blur", blur), ("steps", steps))
            for short, column, digits in (("ratio", "size ratio", 3), ("psnr", "PSNR (dB)", 2))
        },
        "wins": int(steps["beats the blur"].split()[1]),
        "wins_coarser": int(coarser["beats the blur"].split()[1]),
    }


def gallery() -> dict[str, Any]:
    # The paper's image is no test image: what was recorded of it stands in the example.
    example = of_json(PAPER / "seed-0" / "example" / "example.json")
    of_tests = scores().set_index("name").loc[excerpt(), "size_ratio"]
    ratio, files = shown("gallery", "gallery-ratio"), shown("gallery", "gallery-bytes")
    short = {"autoencoder": "autoencoder", "blur": "blur, σ = 1", "grey": "mid-grey"}
    names = {"autoencoder": "autoencoder", "jpeg": "JPEG", "avif": "AVIF"}
    assert ratio["autoencoder: ratio"].mean() == pytest.approx(
        mean([example["size_ratio"], *of_tests]), abs=1e-3
    )
    return {
        "images": 12,
        **{
            f"ratio_{one}": pytest.approx(ratio[f"{name}: ratio"].mean(), abs=5e-4)
            for one, name in short.items()
        },
        "blur_wins": (ratio["blur, σ = 1: dB"] > ratio["autoencoder: dB"]).sum(),
        **{
            f"psnr_{one}": pytest.approx(files[f"{name}: dB"].mean(), abs=5e-3)
            for one, name in names.items()
        },
        **{
            f"paper_{one}_psnr": pytest.approx(files[f"{name}: dB"][0], abs=6e-3)
            for one, name in names.items()
        },
        "paper_autoencoder_bytes": files["bytes at most"][0],
        **{
            f"{one}_wins": (files[f"{names[one]}: dB"] > files["autoencoder: dB"]).sum()
            for one in ("jpeg", "avif")
        },
    }


def model() -> dict[str, Any]:
    return {
        "parameter_count": 5404,
        "pixels_per_parameter": 250_000 / 5404,
        "identity_difference": 0,
    }


def rate_at(table: pd.DataFrame, psnr: float) -> float:
    """Bits per pixel where a curve reaches a PSNR: a straight line over the rate's logarithm."""
    return math.exp(np.interp(psnr, table["psnr_db"], np.log(table["bpp"])))


def psnr_at(table: pd.DataFrame, bpp: float) -> float:
    return float(np.interp(math.log(bpp), np.log(table["bpp"]), table["psnr_db"]))


def bd_rates(of_size: str = "full", seed: int = 0) -> dict[str, float]:
    """The model's BD-rate over JPEG by each metric, from the tables as they are read here."""
    own = csv(PAPER / f"seed-{seed}" / "rates" / "rates.csv")
    both = pd.concat([own, csv(RESULTS / "paper" / "codecs" / "jpeg" / "rates.csv")])
    means = curves.means(both, of_size)
    metrics = ("psnr_db", "ssim")
    return {one: curves.bd_rate(means, "autoencoder", one).percent for one in metrics}


def rate_distortion() -> dict[str, Any]:
    run = of_run(0)
    own, half = (points(PAPER / "seed-0" / "rates", "autoencoder", s) for s in ("full", "half"))
    of_codec = {
        (name, size): points(RESULTS / "paper" / "codecs" / folder, name, size)
        for name, folder in CODECS.items()
        for size in ("full", "half")
    }
    trials = ("none", "noise", "straight-through-2", "straight-through-16")
    folders = [RESULTS / "paper" / f"paper@{name}" / "seed-0" for name in trials]
    times = of_json(PAPER / "seed-0" / "times" / "manifest.json")
    return {
        "paper_ratio": OF_THE_PAPER["mean_ratio"],
        **{name: run[name] for name in ("file_bpp", "file_psnr", "best_psnr", "best_bpp")},
        "file_ratio": run["file_ratio"],
        "full_best": own["psnr_db"].max(),
        "half_best": half["psnr_db"].max(),
        "rate_autoencoder": own.sort_values("psnr_db")["bpp"].iloc[-1],
        **{
            f"rate_{name}".replace(" ", "_"): rate_at(of_codec[name, "full"], run["best_psnr"])
            for name in CODECS
        },
        **{
            f"{size}_{name}".replace(" ", "_"): psnr_at(of_codec[name, size], 1)
            for name in ("JPEG", "JPEG 2000", "AVIF")
            for size in ("full", "half")
        },
        **{
            f"{size}_{metric}_bd": percent
            for size in ("full", "half")
            for metric, percent in bd_rates(size).items()
        },
        "bd_rate": bd_rates()["psnr_db"],
        "bd_rate_ssim": bd_rates()["ssim"],
        "jpeg_rate_of_30": rate_at(of_codec["JPEG", "full"], 30),
        "times_machine": times["made"]["machine"]["processor"],
        **{
            f"trial_{number}_{name}": value
            for number, folder in enumerate(folders)
            for name, value in (
                ("best", points(folder / "rates", "autoencoder")["psnr_db"].max()),
                ("loss", losses(folder)[-1]),
            )
        },
    }


def results() -> dict[str, Any]:
    example = of_json(PAPER / "seed-0" / "example" / "example.json")
    sizes = csv(RESULTS / "paper" / "png-sizes" / "png-sizes.csv")
    assert sizes[sizes["bytes"] == 205_111]["name"].tolist() == [example["name"]]
    return {
        "paper_name": example["name"],
        "paper_bytes": 205_111,
        "paper_psnr": pytest.approx(example["psnr_db"], rel=2e-3),
        "reported_bytes": 205_111,
        "recorded_matches": "it alone has",
        "latent_similarity": pytest.approx(example["latent_similarity"], rel=2e-3),
        "nearer_reading": nearest(55_945, example),
        "recorded_clip_bytes": example["latent_clip_bytes"],
        "recorded_stretch_bytes": example["latent_stretch_bytes"],
        "reported_latent_bytes": 55_945,
        "correlation": example["attention_correlation"],
    }


def nearest(size: int, example: Mapping[str, float]) -> str:
    return min(("clip", "stretch"), key=lambda word: abs(example[f"latent_{word}_bytes"] - size))


def size_ratio() -> dict[str, Any]:
    folder = PAPER / "seed-0" / "ratios"
    ratios, writers = csv(folder / "ratios.csv"), csv(folder / "png-writers.csv")
    columns = ("size_ratio", "bpp", "psnr_db", "ssim", "ms_ssim")
    by_method = {
        f"{method}_{column}".replace("-", "_").replace(".", "_"): table[column].mean()
        for method, table in ratios.groupby("method")
        for column in columns
    }
    by_writer = [table["size_ratio"].mean() for _, table in writers.groupby("writer")]
    blurs = sorted(
        (by_method[f"{name}_psnr_db"], by_method[f"{name}_size_ratio"])
        for name in {re.sub(r"_psnr_db$", "", name) for name in by_method if name[:5] == "blur_"}
        if f"{name}_psnr_db" in by_method
    )
    return prefixed(
        "recorded",
        {
            **by_method,
            "blur_size_ratio_at_psnr": np.interp(
                by_method["autoencoder_psnr_db"], *np.transpose(blurs)
            ),
            "least_writer_size_ratio": min(by_writer),
            "greatest_writer_size_ratio": max(by_writer),
            "writer_span": max(by_writer) - min(by_writer),
            "images": 128,
        },
    )


def training() -> dict[str, Any]:
    made = of_json(PAPER / "seed-0" / "model" / "manifest.json")["made"]
    return {
        "recorded_minutes": minutes(0),
        "recorded_memory": made["peak_memory_bytes"] / 1e9,
        "recorded_cores": made["machine"]["cores"],
        "recorded_first_loss": losses(PAPER / "seed-0")[0],
        "recorded_last_loss": losses(PAPER / "seed-0")[9],
        "recorded_floor": loss_floor(),
        "paper_loss": 0.6,
        "beside_floor": "lies below" if loss_floor() > 0.6 else "lies above",
        "quantisation_here": "none",
    }


def reproduction_report() -> dict[str, Any]:
    runs = {seed: of_run(seed) for seed in SEEDS}
    ratios = [runs[seed]["mean_ratio"] for seed in LEARNED]
    verdicts = {
        one: text for one, text in glued("reproduction_report").items() if "verdict_" in one
    }
    counted = {
        word: str(sum(text == word.replace("_", " ") for text in verdicts.values()))
        for word in ("reproduced", "partly", "not_reproduced", "not_checkable")
    }
    whole = {*MODEL_COUNTS, "training_images", "images_of_all_splits", "original_bytes"}
    whole |= {"test_images"}
    of_seeds = {
        name: [
            abs(runs[seed][name]) if "correlation" in name else runs[seed][name] for seed in LEARNED
        ]
        for name in runs[0]
    }
    return {
        "measured_share_of_image_size": "1.0000",
        "measured_bd_rate": MeanAndDeviation(
            [bd_rates("full", seed)["psnr_db"] for seed in LEARNED]
        ),
        "seed_count": "5",
        "dead_count": "1",
        "dead_seeds": "seed 1",
        "dead_ratio": f"{runs[1]['mean_ratio']:.4f}",
        "seed_deviation": f"{stdev(ratios):.4f}",
        "minutes": f"{min(map(minutes, SEEDS)):.0f} to {max(map(minutes, SEEDS)):.0f}",
        **{f"count_{word}": count for word, count in counted.items()},
        **{f"measured_{name}": f"{runs[0][name]:,}" for name in whole},
        **{
            f"measured_{name}": MeanAndDeviation(values)
            for name, values in of_seeds.items()
            if name not in {*whole, "share_of_image_size"}
        },
    }


class MeanAndDeviation:
    """Equals the text that gives mean and standard deviation of some values, however rounded."""

    def __init__(self, values: list[float]) -> None:
        self.mean, self.deviation = mean(values), stdev(values)

    def __eq__(self, other: object) -> bool:
        found, deviation = (word.replace("−", "-") for word in str(other).split(" ± "))
        digit = 0.51 * 10.0 ** -len(deviation.partition(".")[2])
        return (
            abs(float(found) - self.mean) <= digit
            and abs(float(deviation) - self.deviation) <= digit
            and len(deviation.replace(".", "").lstrip("0")) <= 2
        )

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"{self.mean} ± {self.deviation}"


EXPECTED = {
    "compression_size": compression_size,
    "cost": cost,
    "dataset": dataset,
    "exercises": exercises,
    "future_work": future_work,
    "gallery": gallery,
    "model": model,
    "rate_distortion": rate_distortion,
    "reproduction_report": reproduction_report,
    "results": results,
    "size_ratio": size_ratio,
    "training": training,
}


WITHOUT_A_SECOND_SOURCE = {
    "compression_size": {
        *("share_larger", "ratio_psnr_correlation", "shrink_and_lose", "recorded_classes"),
        *("recorded_bd_rate_overlap", "recorded_bd_rate_of_images"),
    },
    "future_work": {
        *("fewer_bytes", "more_bytes", "no_difference", "undecided"),  # p-values of many draws
        *("bright_share_with", "bright_share_without"),  # what two models make of photographs
        *("squared_error_with", "squared_error_without"),
        "refuted_over_seeds",  # the rules of the expectations once more
    },
    "gallery": {"paper_jpeg_bytes", "paper_avif_bytes"},
    "rate_distortion": {
        *("bd_rate_overlap", "bd_rate_of_images", "order_at_half", "times_told"),
        *(f"trial_{number}_{name}" for number in range(4) for name in ("before", "latent")),
    },
    "reproduction_report": {
        *("verdict_counts", "repetition_processor"),
        *(name for name in glued("reproduction_report") if name.startswith("verdict_")),
    },
    "results": {"clipped_white", "each_seed", "seed_0"},
    "training": {
        *("epoch_times", "first_loss", "last_loss", "loss_floor", "excess_share"),
    },
}
"""Names of what depends on the run of a page, or is said in words: other tests hold these."""


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_what_a_notebook_glues_is_what_the_records_files_say(notebook: str) -> None:
    stored, expected = glued(notebook), EXPECTED[notebook]()
    left = WITHOUT_A_SECOND_SOURCE.get(notebook, set())
    assert {name for name in stored if not name.startswith("this_")} - expected.keys() == left
    close = {
        name: pytest.approx(value, rel=1e-6, nan_ok=True) if isinstance(value, float) else value
        for name, value in expected.items()
        if name in stored
    }
    assert {name: stored[name] for name in close} == close
