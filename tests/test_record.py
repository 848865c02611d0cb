"""The committed record of the full run on beans, and what is said of it elsewhere."""

import hashlib
import io
import math
import re
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from reproduce import cli
from reproduce.codec.models import shipped_autoencoder
from reproduce.core import environment, store
from reproduce.core import study as studies
from reproduce.core.backend import keras
from reproduce.core.errors import DivergedError, ReproduceError
from reproduce.core.parameters import Parameters, Split, load_parameters, read_profile
from reproduce.core.sources import Tree
from reproduce.data import pixels, preparation
from reproduce.data.sources.beans import BEANS_REPOSITORY, BEANS_REVISION
from reproduce.data.stages import DATA
from reproduce.measure import metrics, size_ratio, stages, statistics
from reproduce.measure import scores as scoring
from reproduce.measure.rates import autoencoder, codecs, curves, measurement
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.models.loss import LOSS_OF_MID_GREY, loss_floor
from reproduce.models.stages import MODEL
from reproduce.results import claims, excerpt, record, reported
from reproduce.results import studies as recorded_studies
from reproduce.results.quantities import quantities as quantities_of
from tests.recorded import RESULTS, all_files, each, profile_of

ROOT = Path(__file__).parents[1]
PLACES = [file.parent for file in all_files(store.MANIFEST)]
SEEDS = [0, 1, 2, 3, 4]


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    return request.param


# What every record is held against


def places_of_studies() -> Iterator[Path]:
    """The folders of the studies' runs, as far as these are recorded."""
    for path in (ROOT / "studies").glob("*.yaml"):
        chosen = studies.read(path.stem, path.parent)
        parameters = load_parameters(chosen.profile, ROOT / "profiles")
        needed = [
            [
                RESULTS / chosen.profile / stage.place(run.model, run.parameters.seed)
                for stage in stages.with_needs(chosen.stages)
            ]
            for run in chosen.runs(parameters)
        ]
        recorded = [places for places in needed if places[-1] in PLACES]
        # One that asks questions may be under way: then it is recorded run by run.
        for places in recorded if chosen.questions or not recorded else needed:
            yield from places


def test_the_record_holds_each_stage_of_five_seeds_and_nothing_else() -> None:
    expected = {
        RESULTS / "paper" / stage.place("paper", seed) for stage in stages.ALL for seed in SEEDS
    } | set(places_of_studies())
    assert set(PLACES) == expected
    profiles = {path.stem for path in (ROOT / "profiles").glob("*.yaml")}
    files = [file for file in RESULTS.glob("*/**/*") if file.is_file()]
    assert {
        file.parent for file in files if file.relative_to(RESULTS).parts[0] in profiles
    } == expected


@each(store.MANIFEST)
def test_each_file_is_the_one_that_was_recorded(file: Path) -> None:
    place = file.parent
    lines = (place / record.SUMS).read_text().splitlines()
    recorded = {name: digest for digest, name in (line.split("  ") for line in lines)}
    others = {file.name: file for file in place.iterdir() if file.name != record.SUMS}
    assert {
        name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in others.items()
    } == recorded


@each(store.MANIFEST)
def test_each_stage_was_made_by_a_commit_without_changes(file: Path) -> None:
    made = store.read_manifest(file.parent)["made"]
    assert re.fullmatch(r"[0-9a-f]{40}", made["commit"])
    assert made["uncommitted_changes"] is False


def files_of_commit(commit: str) -> dict[str, bytes]:
    """The package's files as a commit has them; skips where git doesn't know the commit."""
    git = ["git", "-C", str(ROOT)]
    known = subprocess.run([*git, "cat-file", "-e", commit], capture_output=True, check=False)
    if known.returncode:
        whole = subprocess.run(
            [*git, "rev-parse", "--is-shallow-repository"], capture_output=True, check=False
        )
        assert whole.stdout != b"false\n", f"no commit of this project: {commit}"
        pytest.skip("needs the history of the project, which this copy lacks")
    command = [*git, "archive", commit, "src/reproduce"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name.removeprefix("src/reproduce/"): tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
            if member.isfile()
        }


@cache
def tree_of_commit(commit: str) -> Tree:
    return Tree(files_of_commit(commit))


@cache
def source_of_commit(commit: str, modules: tuple[str, ...]) -> str:
    return tree_of_commit(commit).digest(modules)


@each(store.MANIFEST)
def test_its_commit_has_the_modules_that_made_it_and_their_source_is_the_recorded_one(
    file: Path,
) -> None:
    manifest = store.read_manifest(file.parent)
    made = manifest["made"]
    assert set(made["entries"]) <= set(made["modules"])
    source = source_of_commit(made["commit"], tuple(made["modules"]))
    assert source == manifest["dependencies"]["source"]


# Packages that stages have come to compute with, or to name, since: older records lack them.
NAMED_SINCE = {"numpy", "pandas", "scipy", "pillow-jxl-plugin", "tensorflow", "keras"}


@each(store.MANIFEST)
def test_each_stage_names_the_versions_that_made_it(file: Path) -> None:
    manifest = store.read_manifest(file.parent)
    used, all_versions = manifest["dependencies"]["versions"], manifest["made"]["versions"]
    stage = stages.find(manifest["stage"])
    assert used
    assert set(stage.packages) - set(used) <= NAMED_SINCE
    assert set(used) <= set(stage.packages)
    expected = {"python", *environment.PACKAGES} - {"bjontegaard", "pandas"}
    assert set(all_versions) - {"bjontegaard", "pandas"} >= expected - {"pillow-jxl-plugin"}
    assert used.items() <= all_versions.items()


@each(store.MANIFEST)
def test_each_stage_tells_when_and_where_it_was_made_and_what_it_cost(file: Path) -> None:
    made = store.read_manifest(file.parent)["made"]
    assert set(made["machine"]) == {"processor", "cores", "memory_bytes", "system"}
    assert datetime.fromisoformat(made["started"]).utcoffset() == timedelta(0)
    assert made["seconds"] >= 0  # rounded to a tenth
    assert made["peak_memory_bytes"] > 50_000_000


@each(store.MANIFEST)
def test_each_stage_was_made_of_the_recorded_ones_that_it_needs(file: Path) -> None:
    manifest = store.read_manifest(file.parent)
    stage = stages.find(manifest["stage"])
    profile = RESULTS / profile_of(file)
    run = file.relative_to(profile).parts
    model, seed = (run[0], int(run[1].removeprefix("seed-"))) if stage.of_seed else ("paper", 0)
    assert set(manifest["dependencies"]["needs"]) == {needed.name for needed in stage.needs}
    for needed in stage.needs:
        recorded = store.read_manifest(profile / needed.place(model, seed))
        told = manifest["dependencies"]["needs"][needed.name]
        assert told.get("fingerprint") == recorded["facts"].get("fingerprint")
        # A copy of the photographs has a name of its own, by its files' times, on each machine.
        if "listing" not in recorded["dependencies"]:
            name = f"{needed.name}-{store.fingerprint(recorded['dependencies'])}"
            assert told["artifact"] == name


@each(store.MANIFEST)
def test_no_record_holds_a_path_of_a_machine(file: Path) -> None:
    for written in file.parent.iterdir():
        if written.suffix in {".json", ".csv"}:
            assert not re.search(r"[\"\s,]/|[A-Z]:\\|\.\./", written.read_text()), written.name


def test_the_pinned_revision_of_beans_is_that_of_the_recorded_runs() -> None:
    made = store.read_manifest(RESULTS / "paper" / "data")["made"]
    then = files_of_commit(made["commit"])["data/sources/beans.py"].decode()
    assert re.findall(r'^BEANS_REVISION = "(\w+)"$', then, re.MULTILINE) == [BEANS_REVISION]
    assert f'BEANS_REPOSITORY = "{BEANS_REPOSITORY}"' in then


# The record of the paper's setting


def test_the_recorded_runs_have_the_papers_setting_and_differ_in_their_seed() -> None:
    expected = read_profile("paper", ROOT / "profiles")
    runs = record.read_seeds()
    assert list(runs) == SEEDS
    for seed, run in runs.items():
        given = expected | {"seed": seed}
        assert run.parameters == {name: given[name] for name in run.parameters}
        assert run.parameters["profile"] == "paper"
    for same in ("data", "model", "images_of_reported_size"):
        assert all(getattr(run, same) == getattr(runs[0], same) for run in runs.values()), same


def test_the_record_holds_the_papers_original_file_and_no_other_image_has_its_size() -> None:
    recorded = record.read()
    assert recorded.example.original_bytes == reported.ORIGINAL_BYTES == 205_111
    assert recorded.images_of_reported_size == (recorded.example.name,)


def test_the_recorded_means_are_those_of_the_recorded_table(seed: int) -> None:
    scores = scoring.read_table(record.folder(stages.SCORES, seed=seed) / scoring.TABLE)
    recorded = record.read(seed=seed)
    assert len(scores) == reported.TEST_IMAGES
    for name, summarised in recorded.test.items():
        assert summarised.mean == pytest.approx(scores[name].mean(), nan_ok=True), name
    ratios = scores["reconstruction_bytes"] / scores["original_bytes"]
    np.testing.assert_allclose(ratios, scores["size_ratio"])
    assert recorded.learned == statistics.learned(scores)


def test_a_dead_seed_is_recorded_as_such() -> None:
    dead = [seed for seed, run in record.read_seeds().items() if not run.learned]
    assert 1 in dead
    for seed in dead:
        quantities = quantities_of(record.read(seed=seed))
        assert quantities["active_latent"] < statistics.LEAST_ACTIVE_LATENT
        assert quantities["last_loss"] == pytest.approx(LOSS_OF_MID_GREY, abs=1e-3)


def test_the_recorded_weights_load_and_are_the_papers_model(seed: int) -> None:
    weights = record.folder(MODEL, seed=seed) / training.WEIGHTS
    assert model.load(weights).count_params() == 5404
    assert weights.stat().st_size < 100_000


def test_the_shipped_weights_are_not_the_recorded_ones_but_nearly_as_the_page_says() -> None:
    # The same run on another processor, which adds up in another order.
    page = " ".join((ROOT / "book" / "file_format.md").read_text().split())
    (bound,) = re.findall(r"those of the {term}`recorded run` by less than ([\d.]+)\.", page)
    recorded = model.load(record.folder(MODEL) / training.WEIGHTS).get_weights()
    pairs = zip(recorded, shipped_autoencoder().get_weights(), strict=True)
    assert 0 < max(np.abs(one - other).max() for one, other in pairs) < float(bound)


def test_the_rates_are_recorded_of_all_test_images(seed: int) -> None:
    folders = record.folders(stages.CODECS, stages.RATES, seed=seed)
    rates = measurement.read(folders)
    assert rates["image"].nunique() == reported.TEST_IMAGES
    assert set(rates["size"]) == {"full", "half"}
    names = [one.name for one in codecs.REFERENCES]
    assert set(rates["codec"]) == {*names, autoencoder.AUTOENCODER}


def test_the_size_ratios_and_png_writers_are_recorded_of_all_test_images(seed: int) -> None:
    folder = record.folder(stages.RATIOS, seed=seed)
    ratios = size_ratio.read_table(folder / size_ratio.TABLE)
    writers = size_ratio.read_table(folder / size_ratio.WRITERS_TABLE)
    assert ratios["image"].nunique() == writers["image"].nunique() == reported.TEST_IMAGES
    recorded = record.read(seed=seed).test["size_ratio"].mean
    ours = ratios[ratios["method"] == "autoencoder"]["size_ratio"].mean()
    assert ours == pytest.approx(recorded, rel=1e-5)


def test_each_recorded_codec_reaches_two_bits_per_pixel_with_eight_rates_below() -> None:
    folders = [record.folder(stage) for stage in stages.CODECS]
    points = curves.means(measurement.read(folders))
    assert set(points["codec"]) == {one.name for one in codecs.REFERENCES}
    for one in codecs.REFERENCES:
        rates = points[points["codec"] == one.name]["bpp"]
        assert len(rates) == len(one.qualities)
        assert rates.max() > 1.95, one.name
        assert (rates < 2).sum() >= 8, one.name


def test_the_trials_of_quantisation_are_recorded_of_32_images_and_one_of_them_died() -> None:
    trials = recorded_studies.quantisation()
    assert {name: trial.label for name, trial in trials.items()} == {
        "none": "no quantisation, as in the paper",
        "noise": "noise, step 1/2",
        "straight-through-2": "straight-through, step 1/2",
        "straight-through-16": "straight-through, step 1/16",
    }
    assert {trial.images for trial in trials.values()} == {32}
    paper = record.read()
    assert trials["none"].last_loss == paper.training.losses[-1]
    # Before training they are one model; half a step above its latent, all is rounded to zero.
    assert len({trial.greatest_latent_before for trial in trials.values()}) == 1
    assert trials["noise"].greatest_latent_before < 0.5 / 2
    dead = [name for name, trial in trials.items() if trial.last_loss > LOSS_OF_MID_GREY - 0.01]
    assert dead == ["straight-through-2"]


def test_times_are_recorded_for_all_that_is_measured() -> None:
    rates = measurement.read(record.folders(stages.CODECS, stages.RATES))
    times = measurement.read(record.folders(stages.CODEC_TIMES, stages.TIMES), measurement.TIMES)
    measured = rates.groupby(["codec", "quality"]).size().index
    assert set(times.set_index(["codec", "quality"]).index) == set(measured)
    assert (times[["encode_seconds", "decode_seconds"]] > 0).all(axis=None)


def test_what_is_not_recorded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store, "project_root", lambda: tmp_path)
    with pytest.raises(ReproduceError, match=r"no record .*codecs.*make record"):
        record.folders(stages.CODECS, stages.RATES)
    with pytest.raises(ReproduceError, match=r"no record .*paper.*make record SEEDS=7"):
        record.read(seed=7)


@pytest.mark.parametrize(
    ("stage", "profile", "model", "command"),
    [
        ("scores", "paper", "paper", "make record SEEDS=99"),
        ("own-files", "quarter", "no-attention@none", "make study STUDY=future-work"),
        ("rates", "paper", "paper@noise", "make study STUDY=quantisation"),
        ("model", "sample", "paper@l1", "make study STUDY=future-work-sample"),
        ("literal", "paper", "paper", "make study STUDY=ten-epochs"),
        ("repetitions-few", "paper", "paper", "make study STUDY=repetitions"),
        ("repetitions-many", "sample", "paper", "make study STUDY=sample-repetitions"),
    ],
)
def test_what_makes_a_record_that_is_missing_is_told(
    stage: str, profile: str, model: str, command: str
) -> None:
    with pytest.raises(ReproduceError, match=rf"no record .*{stage}; make it with: {command}$"):
        record.folder(stages.find(stage), profile, 99, model)


def test_the_recorded_weights_give_the_recorded_numbers_of_the_papers_image(seed: int) -> None:
    recorded = dict(record.read(seed=seed).example)
    shown = excerpt.subject(recorded.pop("name"), seed)
    scores = shown.scores()
    assert scores["original_bytes"] == recorded["original_bytes"]
    close = pytest.approx(recorded, rel=2e-3, abs=1e-3, nan_ok=True)
    assert {**scores, **shown.details()} == close
    assert scores["psnr_db"] == pytest.approx(recorded["psnr_db"], abs=0.01)


def test_the_recorded_weights_give_the_recorded_scores_of_test_images() -> None:
    recorded = scoring.read_table(record.folder(stages.SCORES) / scoring.TABLE).set_index("name")
    papers_image, *names = excerpt.names()
    assert papers_image == excerpt.PAPERS_IMAGE
    assert len(names) == 11
    for name in names:
        scores = excerpt.subject(name).scores()
        assert len(scores) == 9
        for number, value in scores.items():
            close = pytest.approx(recorded.loc[name, number], rel=2e-3, abs=1e-3)
            assert value == close, (name, number)


def test_the_excerpt_at_the_size_of_the_study_is_what_is_prepared_of_it() -> None:
    study = load_parameters("quarter", ROOT / "profiles")
    prepared = preparation.prepare(study.model_copy(update={"source": "excerpt"}))
    for subject in excerpt.studied("none"):
        split: Split = "train" if subject.name.startswith("train") else "test"
        place = prepared.names(split).index(subject.name)
        np.testing.assert_array_equal(subject.original, prepared.image(split, place))
    with pytest.raises(ReproduceError, match=r"'future-work' keeps no model of variant 'softplus'"):
        excerpt.studied("softplus")


@pytest.mark.parametrize("of_seed", [0, 2])
def test_the_recorded_codec_writes_the_recorded_bytes_of_test_images(of_seed: int) -> None:
    codec = excerpt.recorded_codec(of_seed)
    table = measurement.read([record.folder(stages.RATES, seed=of_seed)])
    full = table[(table["size"] == "full") & (table["quality"] == 8)].set_index("image")["bytes"]
    names = [name for name in excerpt.names()[1:] if name in full.index]
    assert len(names) == 11
    for name in names:
        written = len(codec.encode(excerpt.subject(name, of_seed).original, 8))
        assert abs(written - full[name]) <= 8, (
            name
        )  # a latent between two steps may round otherwise


def recorded_of(codec: str) -> dict[str, list[dict[Any, Any]]]:
    """What is recorded of a codec's files of each image at full size."""
    table = measurement.read(record.folders(stages.CODECS, stages.RATES))
    rows = table[(table["codec"] == codec) & (table["size"] == "full")]
    return {str(name): of_image.to_dict("records") for name, of_image in rows.groupby("image")}


@pytest.mark.parametrize("codec", codecs.REFERENCES, ids=lambda codec: codec.name)
def test_each_codec_writes_the_recorded_bytes_and_they_give_the_recorded_picture(
    codec: Any,
) -> None:
    recorded = recorded_of(codec.name)
    for name in excerpt.names()[1::6]:
        original = excerpt.original(name)
        for row in recorded[name][::5]:
            file = codec.encode(original, row["quality"])
            assert len(file) == pytest.approx(row["bytes"], rel=2e-3), (name, row["quality"])
            found = metrics.psnr(original, codec.decode(file))
            assert found == pytest.approx(row["psnr_db"], rel=2e-3), (name, row["quality"])


@pytest.mark.slow
def test_jpeg_writes_the_recorded_bytes_of_every_test_image(beans: Path) -> None:
    (jpeg,) = (codec for codec in codecs.REFERENCES if codec.name == "JPEG")
    recorded = recorded_of(jpeg.name)
    assert len(recorded) == 128
    for name, rows in recorded.items():
        with Image.open(beans / name) as image:
            original = np.asarray(pixels.to_grey(image))
        for row in rows:
            written = len(jpeg.encode(original, row["quality"]))
            assert written == pytest.approx(row["bytes"], rel=2e-3), (name, row["quality"])


def test_the_recorded_attention_maps_are_negatives_of_the_papers_image() -> None:
    of_image = excerpt.attention_and_image()
    assert sorted(of_image) == [seed for seed in SEEDS if record.read(seed=seed).learned]
    assert all(correlation < -0.1 for correlation in of_image.values())


def test_what_the_front_page_says_in_bold_is_the_verdict_on_the_mean_ratio() -> None:
    front = (ROOT / "index.md").read_text()
    assert (
        "**The mean ratio that it reports comes out again; that it means compression does" in front
    )
    judged = {
        one.claim.name: one.verdict for one in claims.judge(claims.read(), record.read_seeds())
    }
    assert judged["mean-ratio"] == "reproduced"
    assert judged["compression-rate"] == "not reproduced"


def test_for_the_same_bytes_jpeg_gives_back_a_better_picture_as_the_front_page_says() -> None:
    assert (
        "For the same bytes, JPEG gives back a better picture." in (ROOT / "index.md").read_text()
    )
    runs = [run for run in record.read_seeds().values() if run.learned]
    assert min(quantities_of(run)["bd_rate"] for run in runs) > 0


def test_the_readme_says_what_the_record_says(tmp_path: Path) -> None:
    committed = (ROOT / "README.md").read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(committed.replace("not reproduced |", "proven |"), encoding="utf-8")
    cli.readme(copy)
    assert copy.read_text(encoding="utf-8") == committed, "run: reproduce readme"


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "README.md"
    copy.write_text("# Title\n")
    with pytest.raises(ReproduceError, match=r"README\.md lacks"):
        cli.readme(copy)
    assert copy.read_text() == "# Title\n"


@pytest.fixture
def only_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the codecs without training, measure one alone: the others take longer."""
    chosen = [stages.find("codecs/jpeg")]
    monkeypatch.setattr(stages, "CODECS", tuple(chosen))
    others = {*stages.CODEC_TIMES, *(stage for stage in stages.ALL if "codecs/" in stage.name)}
    kept = [stage for stage in stages.ALL if stage not in others or stage in chosen]
    monkeypatch.setattr(stages, "ALL", (*kept, stages.find("times/jpeg")))


@pytest.fixture
def clean_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "commit", lambda **_: "c0ffee")


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("only_jpeg", "clean_tree")
def test_a_record_is_what_the_artifacts_say_of_themselves(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    parameters = parameters_of(folder_of_images, epochs=1)
    written = record.write(parameters, tmp_path / "results", stages.ALL)
    for stage, place in zip(stages.ALL, written, strict=True):
        assert place == tmp_path / "results" / "quick" / stage.place("paper", 0)
        recorded = {"manifest.json", *stage.recorded}
        assert {file.name for file in place.iterdir()} == {record.SUMS, *recorded}
        for name in recorded:
            assert (place / name).read_bytes() == (stage.folder(parameters) / name).read_bytes()
        lines = (place / record.SUMS).read_text().splitlines()
        sums = {line[66:]: line[:64] for line in lines}
        assert sums == {
            name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in recorded
        }
        assert store.read_manifest(place)["made"]["commit"] == "c0ffee"


@pytest.mark.usefixtures("clean_tree")
def test_a_record_of_another_seed_stands_beside_and_one_of_the_same_is_replaced(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    for changes in ({"seed": 3}, {"seed": 4}, {"seed": 3, "epochs": 2}):
        parameters = parameters_of(folder_of_images, **{"epochs": 1, **changes})
        record.write(parameters, tmp_path, [DATA, MODEL])
    runs = tmp_path / "quick" / "paper"
    assert sorted(folder.name for folder in runs.iterdir()) == ["seed-3", "seed-4"]
    epochs = [
        store.read_manifest(runs / seed / "model")["dependencies"]["parameters"]["epochs"]
        for seed in ("seed-3", "seed-4")
    ]
    assert epochs == [2, 1]
    assert list(tmp_path.rglob(".*")) == []


@pytest.mark.usefixtures("clean_tree")
def test_the_record_of_a_study_of_many_runs_keeps_no_model(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    parameters, results = parameters_of(folder_of_images, epochs=1), tmp_path / "results"
    record.write(parameters, results, stages.with_needs(["codec"]), "paper@a", weights=False)
    assert {file.relative_to(results / "quick").as_posix() for file in files_of(results)} == {
        *("data/manifest.json", "data/SHA256SUMS"),
        *(
            f"paper@a/seed-0/{name}"
            for name in (
                *("model/manifest.json", "model/history.json", "model/SHA256SUMS"),
                *("codec/manifest.json", "codec/SHA256SUMS"),
            )
        ),
    }


def test_what_holds_a_model_can_be_left_out_of_a_record() -> None:
    recorded = {(stage, name) for stage in stages.EVERY for name in stage.recorded}
    left_out = {(stage, name) for stage in stages.EVERY for name in stage.weights}
    assert left_out <= recorded
    assert {name.rpartition(".")[2] for _, name in left_out} == {"keras", "npy"}
    assert not [name for _, name in recorded - left_out if name.endswith((".keras", ".npy"))]


@pytest.fixture
def what_cannot_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    build = model.build

    def build_what_cannot_learn(seed: int, name: str) -> Any:
        autoencoder = build(seed, name)
        autoencoder.compile(keras.optimizers.SGD(math.nan), "binary_crossentropy")
        return autoencoder

    monkeypatch.setattr(model, "build", build_what_cannot_learn)


@pytest.mark.usefixtures("clean_tree", "what_cannot_learn")
def test_of_a_training_that_diverged_the_record_says_so_and_it_is_not_tried_twice(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters, results = parameters_of(folder_of_images), tmp_path / "results"
    record.write(parameters, results, stages.with_needs(["codec"]), "paper@a", weights=False)
    of_run = results / "quick" / "paper@a" / "seed-0"
    assert [folder.name for folder in of_run.iterdir()] == ["model"]
    assert {file.name for file in (of_run / "model").iterdir()} == {"manifest.json", record.SUMS}
    facts = store.read_manifest(of_run / "model")["facts"]
    assert re.match(r"training diverged: the loss of epoch \d is nan", facts["diverged"])
    monkeypatch.setattr(training, "make", None)
    with pytest.raises(DivergedError, match="training diverged") as raised:
        stages.SCORES.folder(parameters)
    assert raised.value.folder
    assert MODEL.present(parameters) is None


@pytest.mark.parametrize(
    ("commit", "said"), [("c0ffee-dirty", "uncommitted changes"), (None, "no commit")]
)
def test_what_no_commit_could_make_again_is_not_recorded(
    folder_of_images: Path,
    parameters_of: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    commit: str | None,
    said: str,
) -> None:
    monkeypatch.setattr(environment, "commit", lambda **_: commit)
    with pytest.raises(ReproduceError, match=rf"cannot be recorded: it was made by .*{said}"):
        parameters = parameters_of(folder_of_images, epochs=1)
        record.write(parameters, tmp_path / "results", [DATA, MODEL])
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("only_jpeg")
def test_a_run_is_measured_with_what_its_codec_reaches(small_run: SimpleNamespace) -> None:
    found = record.run(small_run.parameters)
    assert found.rates is not None
    assert found.rates.points[-1]["quality"] == 64
    assert list(found.training.losses) == small_run.trained.losses
    floor = loss_floor(small_run.data.histogram("train"))
    assert found.training.loss_floor == floor
    autoencoder, data = small_run.trained.autoencoder, small_run.data
    psnr = scoring.mean_psnr(autoencoder, data, "train", 4)
    assert found.training.psnr_db == pytest.approx(psnr)
    assert found.data.fingerprint == small_run.data.fingerprint
    assert found.data.images_per_class["test"] == {"leaf": 2, "rust": 2}
    assert found.data.sizes["train"] == {"16x16": 8}
    assert found.test["size_ratio"].images == 4
    assert found.parameters["epochs"] == 3
    assert "folder" not in found.parameters
    assert "seeds" not in found.parameters
    assert found.model["encoder_convolutions"] == 3
    assert found.model["decoder_upsamplings"] == 1


def test_without_a_list_of_seeds_the_committed_runs_are_judged() -> None:
    assert record.run_seeds(Parameters(profile="mine")) == record.read_seeds()


@pytest.mark.slow
def test_with_a_list_of_seeds_these_are_run_and_nothing_else_differs(
    small_run: SimpleNamespace, only_jpeg: None
) -> None:
    parameters = small_run.parameters.model_copy(update={"epochs": 1, "seeds": "3,0"})
    runs = record.run_seeds(parameters)
    assert list(runs) == [3, 0]
    assert [run.parameters["seed"] for run in runs.values()] == [3, 0]
    assert runs[3].parameters == runs[0].parameters | {"seed": 3}
    assert runs[3].data == runs[0].data
    assert runs[3].training.losses != runs[0].training.losses


def test_what_a_run_could_not_measure_is_not_a_number() -> None:
    dead = record.read(seed=1)
    assert math.isnan(dead.example.attention_correlation)
    assert math.isnan(quantities_of(dead)["correlation"])


def test_the_loss_above_the_floor_is_removed_wholly_at_the_floor_and_not_at_mid_grey() -> None:
    run = record.read()
    for loss, share in ((run.training.loss_floor, 1), (math.log(2), 0)):
        losses = (*run.training.losses[:-1], loss)
        training = run.training.model_copy(update={"losses": losses})
        changed = run.model_copy(update={"training": training})
        assert quantities_of(changed)["removed_excess"] == pytest.approx(share)


# Numbers that are typed into prose

# All others come out of runs, and are pasted: what is typed stays when the record changes.
TYPED = {
    "0.6": reported.LOSS,
    "0.69": LOSS_OF_MID_GREY,
    "0.693": LOSS_OF_MID_GREY,
    "0.6931": LOSS_OF_MID_GREY,
    "1.5": 1.5,  # width of a blur, in pixels: a setting
    **{f"3.{minor}": float(f"3.{minor}") for minor in (11, 12, 13)},  # Python's
}
PROSE = [ROOT / "README.md", ROOT / "index.md", *sorted((ROOT / "book").glob("*.md"))]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def prose_of(path: Path) -> str:
    """What a file says in sentences: … for code, roles, links, and tables filled by a command."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(
        r"```.*?```|<!-- verdicts.*?<!-- |\{[a-z:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)|https?://\S+",
        "…",
        text,
        flags=re.DOTALL,
    )


@pytest.mark.parametrize("path", [*PROSE, *CHAPTERS], ids=lambda path: path.name)
def test_a_number_with_decimals_in_prose_comes_out_of_a_run_or_out_of_the_paper(path: Path) -> None:
    typed = re.findall(r"(?<![\w.])\d[\d,]*\.\d+(?![\w.])", prose_of(path))
    assert [number for number in typed if number not in TYPED] == [], "paste it with glue"
    for number in typed:
        decimals = len(number.partition(".")[2])
        assert f"{TYPED[number]:.{decimals}f}" == number
