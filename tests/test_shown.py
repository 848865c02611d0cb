"""What each figure and table of the notebooks is drawn from: once more, from files of the record.

The chapters' functions are held against their input elsewhere (`test_drawn`, `test_tabled`). Here
their input is read by no notebook, and what they make of it must be what a notebook has stored:
the picture, its alternative text and its points, or the table. A named cell without a source here
fails.
"""

import base64
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib import rc_context
from PIL import Image

from reproduce.chapters import (
    attention_error,
    compression_size,
    cost,
    crops,
    dataset,
    exercises,
    future_work,
    gallery,
    rates,
    results,
    size_ratio,
    study_plots,
    style,
    training,
)
from reproduce.chapters import model as model_chapter
from reproduce.chapters import report as report_chapter
from reproduce.chapters.drawings import Drawing
from reproduce.chapters.pictures import Picture
from reproduce.codec.entropy import Tables
from reproduce.codec.models import of_run
from reproduce.core.outputs import ALT, POINTS
from reproduce.core.parameters import load_parameters
from reproduce.data import preparation
from reproduce.measure import metrics
from reproduce.measure.rates import codecs, curves
from reproduce.measure.rates.autoencoder import AutoencoderCodec
from reproduce.measure.rates.curves import PublishedCurve
from reproduce.measure.repetitions import Repetitions
from reproduce.measure.size_ratio import of_method, of_writer
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.size_ratio.writers import WRITERS
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models.loss import loss_floor
from reproduce.results import claims, costs, expectations, record, studies
from reproduce.results.by_seeds import by_seeds
from reproduce.results.costs import Benchmark
from reproduce.results.studies import AttentionStudy, Measured, Repeated, Trial
from tests.seen import cells_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PAPER = RESULTS / "paper"
RUN = PAPER / "paper" / "seed-0"
QUARTER = RESULTS / "quarter"
PAGES = RESULTS / "sample" / "paper" / "seed-0"
"""The recorded run of the profile whose outputs the notebooks store."""
LEAF = ROOT / "src/reproduce/data/sources/beans-excerpt/train/angular_leaf_spot"


# ------------------------------------------------------------------------------ what is stored


@cache
def stored() -> dict[str, Any]:
    """The outputs of all named cells: data and metadata, by the cell's name."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            name = figure.get("name") or cell.metadata.get("mystnb", {}).get("table", {}).get(
                "name"
            )
            outputs = [
                one for one in cell.get("outputs", []) if one.output_type == "execute_result"
            ]
            if name:
                assert name not in found
                (found[name],) = outputs
    return found


def picture_of(name: str) -> np.ndarray:
    data = base64.b64decode(stored()[name].data["image/png"])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


NUMBER = re.compile(r"(?<![\w.])\d[\d,]*\.?\d*")


def alike(found: str, expected: str, within: float = 0.0) -> bool:
    """Say whether two texts are the same but for numbers that differ by so small a share."""
    if not within:
        return found == expected
    if re.sub(r"\s+|-{2,}:?", " ", NUMBER.sub("#", found)) != re.sub(
        r"\s+|-{2,}:?", " ", NUMBER.sub("#", expected)
    ):
        return False
    pairs = zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True)
    values = [[float(number.replace(",", "")) for number in pair] for pair in pairs]
    return all(abs(one - other) <= within * max(one, other, 0.1) for one, other in values)


# -------------------------------------------------------------------------------- what is recorded


def table_of(*parts: str, place: Path = RUN) -> pd.DataFrame:
    return pd.read_csv(place.joinpath(*parts), keep_default_na=False, na_values=[""])


def json_of(*parts: str, place: Path = RUN) -> Any:
    return json.loads(place.joinpath(*parts).read_text())


@cache
def rate_table() -> pd.DataFrame:
    tables = [table_of("rates.csv", place=path) for path in sorted((PAPER / "codecs").iterdir())]
    return pd.concat([*tables, table_of("rates", "rates.csv")], ignore_index=True)


@cache
def rate_means(size: str = "full") -> pd.DataFrame:
    return curves.means(rate_table(), size)


@cache
def benchmark() -> Benchmark:
    return Benchmark.model_validate(json_of("benchmark.json", place=RESULTS))


def losses_of(folder: Path) -> list[float]:
    return [epoch["loss"] for epoch in json_of("model", "history.json", place=folder)]


@cache
def recorded_summary() -> Any:
    """The recorded run with what tables take of one, from its files."""
    ratios = table_of("scores", "test-images.csv")["size_ratio"]
    deviation = float(ratios.std())
    margin = 1.978819535 * deviation / np.sqrt(128)  # Student's t for 127 degrees of freedom
    mean = float(ratios.mean())
    summary = SimpleNamespace(
        images=128, mean=mean, standard_deviation=deviation, low=mean - margin, high=mean + margin
    )
    return SimpleNamespace(test={"size_ratio": summary}, example=json_of("example", "example.json"))


@cache
def papers_subject() -> Subject:
    (file,) = LEAF.iterdir()
    grey = np.asarray(Image.open(file).convert("L"))
    return Subject(model.load(RUN / "model" / "autoencoder.keras"), grey)


@cache
def trials() -> list[Trial]:
    found = []
    labels = {
        "none": "no quantisation, as in the paper",
        "noise": "noise, step 1/2",
        "straight-through-2": "straight-through, step 1/2",
        "straight-through-16": "straight-through, step 1/16",
    }
    for variant, label in labels.items():
        table = table_of("rates", "rates.csv", place=PAPER / f"paper@{variant}" / "seed-0")
        of = table[table["size"] == "full"].groupby("quality", sort=True)[["bpp", "psnr_db"]].mean()
        points = tuple(
            {"bpp": rate, "psnr_db": value}
            for rate, value in zip(of["bpp"], of["psnr_db"], strict=True)
        )
        found.append(Trial(label, 0, 0, 0, points, 0))
    return found


def trained(folder: Path) -> Measured:
    scores = table_of("scores", "test-images.csv", place=folder)
    return Measured(
        scores["active_latent"].mean() >= 0.05,
        scores["size_ratio"].mean(),
        scores["psnr_db"].mean(),
        curves.means(table_of("rates", "rates.csv", place=folder)),
    )


@cache
def attention_study() -> AttentionStudy:
    with_it, without = (
        {seed: trained(RESULTS / "sample" / name / f"seed-{seed}") for seed in (0, 2, 3)}
        for name in ("paper@with-attention", "no-attention@without-attention")
    )
    return AttentionStudy(with_it, without, "sample", "", "")


def ten_epochs() -> dict[str, dict[int, list[float]]]:
    found: dict[str, dict[int, list[float]]] = {
        "literal": {},
        "literal-in-our-order": {},
        "ours": {},
    }
    for seed in (0, 1):
        for name in ("literal", "literal-in-our-order"):
            folder = PAPER / "paper" / f"seed-{seed}"
            found[name][seed] = json_of(name, "losses.json", place=folder)
    for seed in (0, 1, 2):
        found["ours"][seed] = losses_of(PAPER / "paper" / f"seed-{seed}")
    return found


def repeated() -> dict[str, Repeated]:
    places = {"sample": PAGES / "repetitions-many", "paper": RUN / "repetitions-few"}
    return {
        profile: Repeated(Repetitions.model_validate(json_of("repetitions.json", place=place)), "")
        for profile, place in places.items()
    }


# ------------------------------------------------------- this page's run: profile `sample`, seed 0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The images of that profile, and what its recorded run says of them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REPRODUCE_BUILD", str(tmp_path_factory.mktemp("sample")))
        data = preparation.prepare(load_parameters("sample", ROOT / "profiles"))
        data.images("train")
        yield SimpleNamespace(
            data=data,
            scores=table_of("scores", "test-images.csv", place=PAGES),
            losses=losses_of(PAGES),
            floor=loss_floor(data.histogram("train")),
            autoencoder=model.load(PAGES / "model" / "autoencoder.keras"),
        )


# ------------------------------------------------------------------------------------- the sources

RECORDED: dict[str, Callable[[], Any]] = {
    # What it costs
    "cost-table": lambda: cost.cost_ratios(benchmark()),
    "cost-curves": lambda: cost.cost_curves(benchmark()),
    "many-files": lambda: cost.many_files(benchmark()),
    "at-scale": lambda: cost.at_scale(benchmark(), [1_034, 100_000, 10_000_000]),
    "book-costs": lambda: cost.book_costs(benchmark()),
    "same-losses": lambda: cost.same_losses(ten_epochs()),
    # One image
    "figure-7": lambda: results.original(papers_subject()),
    "figure-8": lambda: results.reconstruction(papers_subject()),
    "before-after": lambda: results.before_and_after(papers_subject()),
    "figure-9": lambda: results.difference_picture(papers_subject().difference),
    "figure-11": lambda: results.latent(papers_subject(), "stretch"),
    "latent-values": lambda: results.latent_picture(papers_subject().latent),
    "figure-13": lambda: results.attention_picture(papers_subject().attention_map),  # type: ignore[arg-type]
    "attention-density": lambda: results.attention_against_difference(papers_subject()),
    # All test images
    "recorded-histogram": lambda: compression_size.ratio_histogram(
        table_of("scores", "test-images.csv")
    ),
    "ratio-against-psnr": lambda: size_ratio.ratio_against_psnr(table_of("ratios", "ratios.csv")),
    # Rate and distortion
    "quantisation-steps": lambda: rates.steps(rate_means()),
    "rd-beans": lambda: rates.rate_distortion(rate_means()),
    "psnr-at-rates": lambda: rates.at_rates(rate_means(), [0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.5]),
    "bd-rates": lambda: rates.bd_rates(rate_means()),
    "bd-rates-of-images": lambda: rates.bd_rates_of_images(rate_table()),
    "rd-sizes": lambda: rates.at_both_sizes(rate_means(), rate_means("half")),
    "bd-rates-half": lambda: rates.bd_rates(rate_means("half")),
    "codec-times": lambda: rates.times(
        pd.concat(
            [
                *(table_of("times.csv", place=path) for path in (PAPER / "times").iterdir()),
                table_of("times", "times.csv"),
            ]
        ),
        rate_means(),
        0.4,
    ),
    "quantised-training": lambda: rates.trained_with_quantisation(trials()),
    "rd-elsewhere": lambda: rates.elsewhere_curves(published()),
    "elsewhere-sources": lambda: rates.elsewhere_table(published()),
    # Exercises, report
    "attention-or-not": lambda: exercises.attention(attention_study()),
    "future-plan": lambda: future_work.plan(
        studies.future_work(), expectations.became(studies.future_work())
    ),
    "attention-answers": lambda: answers("attention"),
    "elsewhere-answers": lambda: answers("attention-elsewhere"),
    "longer-answers": lambda: answers("longer"),
    "mechanism-answers": lambda: answers("mechanisms"),
    "depth-answers": lambda: answers("depth"),
    "regularisation-answers": lambda: answers("regularisation"),
    "dead-answers": lambda: answers("dead-seeds"),
    "second-look": lambda: future_work.second_look(
        studies.future_work(), by_seeds(studies.future_work())
    ),
    "future-forest": lambda: study_plots.forest(studies.future_work()),
    "future-cost": lambda: study_plots.cost(studies.future_work()),
    "future-curves": lambda: study_plots.best_curves(
        studies.future_work(), future_work.leaders(studies.future_work()), codecs_of_the_study()
    ),
    "error-change": lambda: attention_error.error_change(
        *(studied_subject(model) for model in ("paper@paper", "no-attention@none"))
    ),
    "verdicts": lambda: report_chapter.verdicts(claims.judge(claims.read(), record.read_seeds())),
    "tolerances": lambda: report_chapter.tolerances(claims.read()),
    "seed-spread": lambda: report_chapter.spread(record.read_seeds()),
    "seed-losses": lambda: report_chapter.losses_of_seeds(record.read_seeds()),
    "repetitions": lambda: report_chapter.repetitions(repeated()),
    # Of no run
    "beans-counts": dataset.beans_splits,
    "figure-6": lambda: model_chapter.draw(model.build(0), 128),
    "layer-table": lambda: model_chapter.layers(model.build(0), 128),
}
"""What a cell shows, from files of the record alone."""


def answers(question: str) -> str:
    """The table of a question of the study on future work."""
    return future_work.answers(studies.future_work(), question)


def codecs_of_the_study() -> pd.DataFrame:
    """The mean curves of what the study on future work measures beside its models."""
    places = [QUARTER / "codecs" / name for name in ("jpeg", "jpeg-2000")]
    return curves.means(pd.concat([table_of("rates.csv", place=place) for place in places]))


def studied_subject(name: str) -> Subject:
    """The paper's photograph at the study's size, with a model that it keeps."""
    (file,) = LEAF.iterdir()
    with Image.open(file) as image:
        small = np.asarray(image.convert("L").resize((250, 250), Image.Resampling.BICUBIC))
    return Subject(model.load(QUARTER / name / "seed-2" / "model" / "autoencoder.keras"), small)


OF_PAGE: dict[str, Callable[[Any], Any]] = {
    "class-samples": lambda run: dataset.class_samples(run.data),
    "grey-histogram": lambda run: dataset.grey_histogram(run.data),
    "split-counts": lambda run: dataset.splits(run.data),
    "original-sizes": lambda run: dataset.original_sizes(run.data),
    "training-curve": lambda run: training.training_curve(run.losses, run.floor),
    "loss-table": lambda run: training.loss_per_epoch(run.losses, run.floor),
    "this-image": lambda run: results.this_run(subject_of(run)),
    "ratio-histogram": lambda run: compression_size.ratio_histogram(run.scores),
    "ratio-by-class": lambda run: compression_size.ratio_by_class(run.scores),
    "best-worst": lambda run: compression_size.best_and_worst(
        run.data, run.autoencoder, run.scores
    ),
    "ratio-pictures": lambda run: size_ratio.pictures(
        subject_of(run), ["autoencoder", "blur-1", "halved-doubled", "jpeg", "latent-clip"]
    ),
    "figure-10": lambda run: results.reconstruction_sizes(subject_of(run), recorded_summary()),
    "figure-12": lambda run: results.latent_sizes(subject_of(run), recorded_summary()),
    "figure-14": lambda run: compression_size.mean_ratio(run.scores, recorded_summary()),
}
"""What a cell shows of its page's own run: another processor rounds otherwise."""

HEAVY: dict[str, Callable[[], Any]] = {
    "blur-or-steps": exercises.picture,
    "blur-and-steps": lambda: exercises.beside_the_blur(exercises.measure(excerpt_names())),
}
"""What a cell shows, from photographs that ship with the project."""

BY_MODEL = {
    *("figure-7", "figure-8", "before-after", "figure-9", "figure-11", "latent-values"),
    *("figure-13", "attention-density", "bd-rates-of-images", "verdicts", "ratio-against-psnr"),
    *("seed-spread", "seed-losses", "error-change"),
}
"""Those of `RECORDED` that take seconds."""

WITH_CODECS = RESULTS / "sample" / "paper@with-attention" / "seed-0"
"""The same training as the pages', recorded with tables and rates of its files."""

EXCERPT = LEAF.parents[1]


def excerpt_names() -> list[str]:
    """The paper's image, and those of the test split by class and number."""
    files = [path.relative_to(EXCERPT).as_posix() for path in EXCERPT.rglob("*.jpg")]

    def key(name: str) -> Any:
        split, of_class, file = name.split("/")
        return split == "test", of_class, int(file.split(".")[1])

    return sorted(files, key=key)


def grey(name: str) -> np.ndarray:
    return np.asarray(Image.open(EXCERPT / name).convert("L"))


def codec_of(folder: Path) -> AutoencoderCodec:
    (tables,) = (folder / "codec").glob("*.npy")
    autoencoder = model.load(folder / "model" / "autoencoder.keras")
    return AutoencoderCodec(of_run(autoencoder, Tables(np.load(tables))))


@cache
def all_codecs(folder: Path) -> list[Any]:
    """The codec of a run, and the others by the age of their formats."""
    others = ["jpeg", "jpeg_2000", "webp", "avif", "avif_psnr", "jpeg_xl"]
    return [codec_of(folder), *(codecs.MODULES[name] for name in others)]


def published() -> list[PublishedCurve]:
    files = sorted((RESULTS / "elsewhere").glob("*.json"))
    return [PublishedCurve.model_validate(json.loads(file.read_text())) for file in files]


def subject_of(run: Any) -> Subject:
    return Subject(run.autoencoder, run.data.image("train", 0))


# ----------------------------------------------------------------------------------------- all


@pytest.fixture(autouse=True)
def book_style() -> Iterator[None]:
    """The style in which the book draws."""
    with rc_context():
        style.use_style()
        yield


def hold(name: str, shown: Any, within: float = 0.0) -> None:
    """Hold what a cell has stored against what it must show."""
    output = stored()[name]
    if isinstance(shown, str):
        assert alike(output.data["text/markdown"], shown, within), (
            f"{name}: {output.data['text/markdown']}\n{shown}"
        )
        return
    metadata = output.metadata["image/png"]
    assert alike(metadata[ALT], shown.alt, within), f"{metadata[ALT]}\n{shown.alt}"
    if isinstance(shown, Picture):
        pixels = np.repeat(shown.pixels[..., np.newaxis], 3, axis=2)
        assert np.abs(picture_of(name) - pixels).max() <= 1
        return
    assert isinstance(shown, Drawing)
    told = shown.metadata()
    if POINTS in told:
        for found, wanted in zip(metadata[POINTS]["curves"], told[POINTS]["curves"], strict=True):
            assert found["name"] == wanted["name"]
            texts = [[point["text"] for point in one["points"]] for one in (found, wanted)]
            assert all(alike(a, b, within) for a, b in zip(*texts, strict=True)), texts
    elif shown.axes[0].images or shown.axes[0].collections:
        drawn = print_figure(shown)
        assert isinstance(drawn, bytes)
        pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB"), np.int16)
        assert pixels.shape == picture_of(name).shape
        assert np.abs(pixels - picture_of(name)).mean() < 3


@pytest.mark.parametrize("name", sorted({*RECORDED} - BY_MODEL))
def test_a_cell_shows_what_the_record_says(name: str) -> None:
    hold(name, RECORDED[name]())


@pytest.mark.slow
@pytest.mark.parametrize("name", [*(name for name in RECORDED if name in BY_MODEL), *HEAVY])
def test_a_cell_shows_what_recorded_models_make(name: str) -> None:
    hold(name, (RECORDED | HEAVY)[name](), within=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_PAGE)
def test_a_cell_shows_what_its_pages_run_says(name: str, sample: Any) -> None:
    hold(name, OF_PAGE[name](sample), within=0.02)


@pytest.mark.slow
def test_the_gallery_shows_each_image_in_its_row() -> None:
    names, codec = excerpt_names(), codec_of(RUN)
    autoencoder = model.load(RUN / "model" / "autoencoder.keras")
    chosen = (0, 11)
    rows = [gallery.row(Subject(autoencoder, grey(names[n]), names[n]), codec) for n in chosen]
    hold("hook", gallery.hook(rows[0]), within=0.002)
    tables = {"gallery-ratio": gallery.by_ratio(rows), "gallery-bytes": gallery.by_bytes(rows)}
    means: list[str] = []
    for name, table in tables.items():
        found, expected = cells_of(stored()[name].data["text/markdown"]), cells_of(table)
        assert len(found) == 1 + len(names)
        assert found[0] == expected[0]
        for place, wanted in zip(chosen, expected[1:], strict=True):
            pairs = zip(found[place + 1], wanted, strict=True)
            assert all(alike(*pair, within=0.002) for pair in pairs), wanted
        for column in range(1, len(found[0])):
            if found[0][column].endswith(": dB"):
                mean = np.mean([float(row[column]) for row in found[1:]])
                means.append(f"{found[0][column].removesuffix(': dB')}, {mean:.2f} dB")
    told = re.findall(
        r"[^;,.]+(?:, σ = 1)?, [\d.]+ dB", stored()["gallery"].metadata["image/png"][ALT]
    )
    assert len(told) == len(means) == 6
    for one, said in zip(told, means, strict=True):
        found_there = re.sub(r"^ ?(for the paper's ratio |from files )?", "", one)
        assert alike(found_there, said, 0.001)
    sheet, drawn = picture_of("gallery"), gallery.sheet(rows).pixels.astype(np.int16)
    for line, place in enumerate(chosen):
        one, other = sheet[84 * place :][:80, :, 0], drawn[84 * line :][:80]
        assert np.abs(one - other).max() <= 1


@pytest.mark.slow
def test_the_crops_of_a_leaf_are_of_the_recorded_codec_and_of_others() -> None:
    chosen = all_codecs(RUN)[:2]
    of_leaf = crops.at_points(chosen, grey(excerpt_names()[1]), "beans-crops")
    sheet = crops.sheet(of_leaf)
    height, width = sheet.pixels.shape
    assert np.abs(picture_of("beans-crops")[:height, :width, 0] - sheet.pixels).max() <= 1
    texts = re.findall(
        r"(?:The best of each row:|;) (.*?PSNR)", stored()["beans-crops"].metadata["image/png"][ALT]
    )
    best = [max(row, key=lambda crop: crop.psnr_db).text for row in of_leaf.rows]
    assert texts[:2] == best
    assert [text.partition(", quality")[0] for text in texts[1:]] == [
        codec.name for codec in all_codecs(RUN)[1:]
    ]
    curves_of = {
        one["name"]: one for one in stored()["rd-beans"].metadata["image/png"][POINTS]["curves"]
    }
    assert [*curves_of][:2] == ["autoencoder", "JPEG"]
    assert curves_of["JPEG"]["points"][0]["crop"] == of_leaf.nearest("JPEG", [1])[0]


@pytest.mark.slow
def test_the_pages_of_ratios_show_both_runs(sample: Any) -> None:
    places = [round(n * 74 / 23) for n in range(24)]
    subjects = {n: Subject(sample.autoencoder, sample.data.image("test", n)) for n in places}
    ratios = [
        {"image": n, **of_method(method, subject)}
        for n, subject in subjects.items()
        for method in METHODS
    ]
    sizes = [of_writer(writer, subject) for subject in subjects.values() for writer in WRITERS]
    here, writers = pd.DataFrame(ratios), pd.DataFrame(sizes)
    recorded = table_of("ratios", "ratios.csv"), table_of("ratios", "png-writers.csv")
    hold("ratio-methods", size_ratio.methods(here, recorded[0]), within=0.02)
    hold("transmitted", size_ratio.transmitted(here, recorded[0]), within=0.02)
    hold("png-writers", size_ratio.png_writers(writers, recorded[1]), within=0.02)
    hold("ratio-against-psnr-here", size_ratio.ratio_against_psnr(here), within=0.02)


@pytest.mark.slow
def test_the_page_of_rates_shows_its_own_run(sample: Any) -> None:
    chosen = all_codecs(WITH_CODECS)
    hold("codec-settings", rates.settings(chosen[1:] + chosen[:1]))
    image = sample.data.image("test", 0)
    of_image = crops.at_points(chosen, image, "page-crops", side=64)
    hold("page-crops", crops.sheet(of_image), within=0.02)
    hold("crops", rates.crops(chosen, image, 0.4), within=0.02)
    own = table_of("rates", "rates.csv", place=WITH_CODECS)
    jpeg = [
        {"image": f"{n}", "size": "full", "codec": "JPEG", "quality": quality, "bytes": len(file)}
        | {"bpp": 8 * len(file) / 128**2, **metrics.compare(original, chosen[1].decode(file))}
        for n in (round(n * 74 / 23) for n in range(24))
        for original in [sample.data.image("test", n)]
        for quality in chosen[1].qualities
        for file in [chosen[1].encode(original, quality)]
    ]
    both = curves.means(pd.concat([own, pd.DataFrame(jpeg)]))
    expected = {one["name"]: one for one in rates.rate_distortion(both).told()["curves"][:2]}
    shown = stored()["rd-page"].metadata["image/png"]
    for one in shown[POINTS]["curves"][:2]:
        texts = [
            [point["text"] for point in curve["points"]] for curve in (one, expected[one["name"]])
        ]
        assert all(alike(a, b, 0.02) for a, b in zip(*texts, strict=True)), texts
    best = both[both["codec"] == "autoencoder"]["psnr_db"].max()
    told = re.search(r"The best of autoencoder is ([\d.]+) dB", shown[ALT])
    assert told is not None
    assert float(told[1]) == pytest.approx(best, abs=0.1)
    row = cells_of(stored()["bd-rates-page"].data["text/markdown"])[1]
    for cell, metric in zip(row[1:], ("psnr_db", "ssim", "ms_ssim"), strict=True):
        percent = float(cell.strip("⚠ ").partition(" %")[0])
        assert percent == pytest.approx(curves.bd_rate(both, "autoencoder", metric).percent, abs=1)


def test_the_studies_read_what_their_records_hold() -> None:
    for (variant, found), trial in zip(studies.quantisation().items(), trials(), strict=True):
        folder = PAPER / f"paper@{variant}" / "seed-0"
        facts = json_of("model", "manifest.json", place=folder)["facts"]
        assert found.label == trial.label
        assert found.last_loss == losses_of(folder)[-1]
        assert found.greatest_latent == facts["greatest_latent"]
        assert found.greatest_latent_before == facts["greatest_latent_before"]
        assert found.images == table_of("rates", "rates.csv", place=folder)["image"].nunique()
        assert found.best_psnr == pytest.approx(max(point["psnr_db"] for point in trial.points))
        for one, other in zip(found.points, trial.points, strict=True):
            assert (one["bpp"], one["psnr_db"]) == pytest.approx((other["bpp"], other["psnr_db"]))
    found_study, study = studies.attention(), attention_study()
    for side in ("with_it", "without"):
        for seed, measured in getattr(study, side).items():
            other = getattr(found_study, side)[seed]
            assert (other.learned, other.size_ratio, other.psnr_db) == (
                measured.learned,
                pytest.approx(measured.size_ratio),
                pytest.approx(measured.psnr_db),
            )
            pd.testing.assert_frame_equal(other.curve, measured.curve)
    made = json_of("model", "manifest.json", place=WITH_CODECS)["made"]
    assert (found_study.profile, found_study.commit) == ("sample", made["commit"])
    assert found_study.started == made["started"]
    assert studies.ten_epochs() == ten_epochs()
    for profile, place in {"sample": PAGES, "paper": RUN}.items():
        (folder,) = place.glob("repetitions-*")
        found_repeated = studies.repetitions()[profile]
        assert found_repeated.repetitions == repeated()[profile].repetitions
        machine = json_of("manifest.json", place=folder)["made"]["machine"]
        assert found_repeated.processor == machine["processor"]
    pd.testing.assert_frame_equal(studies.future_work_codecs(), codecs_of_the_study())
    assert curves.read_elsewhere() == published()
    assert costs.read() == benchmark()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recorded_run_is_read_as_its_files_have_it(seed: int) -> None:
    run, folder = record.read(seed=seed), PAPER / "paper" / f"seed-{seed}"
    history = json_of("model", "history.json", place=folder)
    manifests = {
        stage: json_of(stage, "manifest.json", place=folder)
        for stage in ("model", "scores", "times")
    }
    splits = json_of("data", "manifest.json", place=PAPER)["facts"]["splits"]
    training_ = run.training
    assert list(training_.losses) == [epoch["loss"] for epoch in history]
    assert list(training_.epoch_seconds) == [epoch["seconds"] for epoch in history]
    assert training_.seconds == pytest.approx(sum(epoch["seconds"] for epoch in history), abs=0.06)
    assert training_.psnr_db == manifests["scores"]["facts"]["training_psnr_db"]
    assert training_.peak_memory_bytes == manifests["model"]["made"]["peak_memory_bytes"]
    levels = np.arange(1, 255) / 255
    entropy = -levels * np.log(levels) - (1 - levels) * np.log(1 - levels)
    histogram = np.array(splits["train"]["histogram"])
    assert training_.loss_floor == pytest.approx(entropy @ histogram[1:255] / histogram.sum())
    example = json_of("example", "example.json", place=folder)
    for name, value in dict(run.example).items():
        missing = example[name] is None  # as JSON holds what is not a number
        assert math.isnan(value) if missing else value == example[name], name
    scores = table_of("scores", "test-images.csv", place=folder)
    for name, summary in run.test.items():
        values = scores[name].dropna()
        assert summary.images == len(values)
        assert summary.mean == pytest.approx(values.mean(), nan_ok=True)
        if len(values) == 128:
            margin = 1.978819535 * values.std() / np.sqrt(128)
            ends = values.mean() - margin, values.mean() + margin
            assert (summary.low, summary.high) == pytest.approx(ends, rel=1e-6)
            assert summary.standard_deviation == pytest.approx(values.std())
    assert run.learned == (scores["active_latent"].mean() >= 0.05)
    assert run.data.images == {split: facts["images"] for split, facts in splits.items()}
    assert run.data.images_per_class == {split: facts["classes"] for split, facts in splits.items()}
    assert run.data.sizes == {split: facts["sizes"] for split, facts in splits.items()}
    assert (run.parameters["profile"], run.parameters["seed"]) == ("paper", seed)
    for stage, manifest in manifests.items():
        for name in ("started", "commit", "versions"):
            assert getattr(run.made[stage], name) == manifest["made"][name]
        assert run.made[stage].machine.processor == manifest["made"]["machine"]["processor"]
    assert run.weights == folder / "model" / "autoencoder.keras"


def test_each_named_cell_has_a_source() -> None:
    both = {"ratio-methods", "transmitted", "png-writers", "ratio-against-psnr-here"}
    of_rates = {"codec-settings", "page-crops", "crops", "rd-page", "bd-rates-page"}
    of_excerpt = {"hook", "gallery", "gallery-ratio", "gallery-bytes", "beans-crops"}
    assert set(stored()) == {*RECORDED, *HEAVY, *OF_PAGE} | both | of_rates | of_excerpt


def test_no_two_figures_of_the_book_are_the_same() -> None:
    pictures = {
        name: picture_of(name) for name, output in stored().items() if "image/png" in output.data
    }
    for (one, first), (other, second) in combinations(pictures.items(), 2):
        assert not np.array_equal(first, second), f"{one} and {other} are the same"
    alts = [
        output.metadata["image/png"][ALT]
        for output in stored().values()
        if "image/png" in output.data
    ]
    assert len(set(alts)) == len(alts)
