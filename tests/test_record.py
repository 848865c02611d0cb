"""The committed record of the full run on beans, and what is said of it elsewhere."""

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reproduce import (
    artifacts,
    cli,
    environment,
    evaluation,
    model,
    paper,
    preparation,
    record,
    training,
)
from reproduce.errors import ReproduceError
from reproduce.measure import stages
from reproduce.parameters import Parameters, read_profile
from reproduce.rates import codecs, curves, measurement, summary

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "paper"
BEANS = ROOT.parent / "shared" / "beans"


@pytest.fixture(params=sorted(RESULTS.glob("seed-*")), ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a recorded run, of each seed in turn."""
    return request.param


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / record.RECORD).read_text())


def test_five_seeds_are_recorded_in_the_papers_setting() -> None:
    expected = read_profile("paper", ROOT / "profiles")
    del expected["folder"], expected["seeds"]
    runs = record.read_seeds()
    assert list(runs) == [0, 1, 2, 3, 4]
    for seed, run in runs.items():
        assert run["parameters"] == expected | {"seed": seed}
    for same in ("data", "model", "commit", "versions", "machine", "images_of_reported_size"):
        assert all(run[same] == runs[0][same] for run in runs.values()), same


def test_the_record_holds_the_papers_original_file_and_no_other_image_has_its_size() -> None:
    recorded = record.read()
    assert recorded["example"]["original_bytes"] == paper.ORIGINAL_BYTES == 205_111
    assert recorded["images_of_reported_size"] == [recorded["example"]["name"]]


def test_the_recorded_means_are_those_of_the_recorded_table(folder: Path) -> None:
    scores = evaluation.read_table(folder / evaluation.TABLE)
    recorded = read(folder)
    assert len(scores) == paper.TEST_IMAGES
    for name, summarised in recorded["test"].items():
        if summarised["mean"] is None:
            assert scores[name].isna().all()
        else:
            assert summarised["mean"] == pytest.approx(scores[name].mean()), name
    ratios = scores["reconstruction_bytes"] / scores["original_bytes"]
    np.testing.assert_allclose(ratios, scores["size_ratio"])
    assert recorded["learned"] == evaluation.learned(scores)


def test_a_dead_seed_is_recorded_as_such() -> None:
    dead = [seed for seed, run in record.read_seeds().items() if not run["learned"]]
    assert 1 in dead
    for seed in dead:
        quantities = record.quantities(record.read(seed=seed))
        assert quantities["active_latent"] < evaluation.LEAST_ACTIVE_LATENT
        assert quantities["last_loss"] == pytest.approx(record.LOSS_OF_MID_GREY, abs=1e-3)


def test_the_recorded_weights_load_and_are_the_papers_model(folder: Path) -> None:
    autoencoder = model.load(folder / training.WEIGHTS)
    assert autoencoder.count_params() == 5404
    assert (folder / training.WEIGHTS).stat().st_size < 100_000


def test_the_recorded_rates_are_those_of_the_recorded_tables(folder: Path) -> None:
    rates = measurement.read([RESULTS / record.REFERENCES, folder])
    assert rates["image"].nunique() == paper.TEST_IMAGES
    assert set(rates["size"]) == {"full", "half"}
    scores = evaluation.read_table(folder / evaluation.TABLE)
    found = summary.quantities(summary.of_tables(rates, scores))
    recorded = summary.quantities(read(folder)["rates"])
    assert found == pytest.approx(recorded, nan_ok=True)


def test_each_recorded_codec_reaches_two_bits_per_pixel_with_eight_rates_below() -> None:
    points = curves.means(measurement.read([RESULTS / record.REFERENCES]))
    assert set(points["codec"]) == {codec.name for codec in codecs.REFERENCES}
    for codec in codecs.REFERENCES:
        rates = points[points["codec"] == codec.name]["bpp"]
        assert len(rates) == len(codec.qualities)
        assert rates.max() > 1.95, codec.name
        assert (rates < 2).sum() >= 8, codec.name


def test_times_are_recorded_for_all_that_is_measured() -> None:
    folders = record.rate_folders()
    rates, times = (measurement.read(folders, name) for name in ("rates.csv", "times.csv"))
    measured = rates.groupby(["codec", "quality"]).size().index
    assert set(times.set_index(["codec", "quality"]).index) == set(measured)
    assert (times[["encode_seconds", "decode_seconds"]] > 0).all(axis=None)


def test_rates_that_are_not_recorded_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(record.artifacts, "project_root", lambda: tmp_path)
    with pytest.raises(ReproduceError, match=r"no record .*references.*make record"):
        record.rate_folders()


@pytest.mark.slow
def test_the_recorded_weights_give_the_recorded_numbers_on_beans(folder: Path) -> None:
    if not BEANS.is_dir():
        pytest.skip("needs a local copy of beans beside the checkout")
    recorded = read(folder)["example"]
    from PIL import Image

    with Image.open(BEANS / recorded["name"]) as image:
        grey = np.asarray(preparation.to_grey(image))
    scores = evaluation.examine(model.load(folder / training.WEIGHTS), grey, "").scores()
    assert scores["original_bytes"] == recorded["original_bytes"]
    for name in ("reconstruction_bytes", "latent_clip_bytes", "latent_stretch_bytes"):
        assert scores[name] == pytest.approx(recorded[name], rel=2e-3), name
    assert scores["psnr_db"] == pytest.approx(recorded["psnr_db"], abs=0.01)


def test_the_record_holds_no_path_of_a_machine(folder: Path) -> None:
    text = (folder / record.RECORD).read_text() + (folder / evaluation.TABLE).read_text()
    assert not re.search(r"[\"\s,]/|[A-Z]:\\|\.\./", text)


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
    monkeypatch.setattr(environment, "commit", lambda: "c0ffee")


@pytest.mark.usefixtures("only_jpeg", "clean_tree")
def test_a_record_is_what_the_artifacts_say_of_themselves(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    parameters = parameters_of(folder_of_images, epochs=1)
    written = record.write(parameters, tmp_path / "results")
    for stage, place in zip(stages.ALL, written, strict=True):
        assert place == tmp_path / "results" / "quick" / stage.place(parameters)
        assert {file.name for file in place.iterdir()} == {"manifest.json", *stage.recorded}
        for file in place.iterdir():
            assert file.read_bytes() == (stage.folder(parameters) / file.name).read_bytes()
        assert artifacts.read_manifest(place)["made"]["commit"] == "c0ffee"


@pytest.mark.usefixtures("only_jpeg", "clean_tree")
def test_a_record_of_another_seed_stands_beside_and_one_of_the_same_is_replaced(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    for changes in ({"seed": 3}, {"seed": 4}, {"seed": 3, "epochs": 2}):
        parameters = parameters_of(folder_of_images, **{"epochs": 1, **changes})
        record.write(parameters, tmp_path)
    runs = tmp_path / "quick" / "paper"
    assert sorted(folder.name for folder in runs.iterdir()) == ["seed-3", "seed-4"]
    epochs = [
        artifacts.read_manifest(runs / seed / "model")["dependencies"]["parameters"]["epochs"]
        for seed in ("seed-3", "seed-4")
    ]
    assert epochs == [2, 1]
    assert list(tmp_path.rglob(".*")) == []


@pytest.mark.usefixtures("only_jpeg")
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
    monkeypatch.setattr(environment, "commit", lambda: commit)
    with pytest.raises(ReproduceError, match=rf"cannot be recorded: it was made by .*{said}"):
        record.write(parameters_of(folder_of_images, epochs=1), tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("only_jpeg")
def test_a_run_is_measured_with_what_its_codec_reaches(small_run: SimpleNamespace) -> None:
    found = record.run(small_run.parameters)
    assert [point["quality"] for point in found["rates"]["points"]][-1] == 64
    assert found["training"]["losses"] == small_run.trained.losses
    floor = training.loss_floor(small_run.data.histogram("train"))
    assert found["training"]["loss_floor"] == floor
    autoencoder, data = small_run.trained.autoencoder, small_run.data
    psnr = evaluation.mean_psnr(autoencoder, data, "train", 4)
    assert found["training"]["psnr_db"] == pytest.approx(psnr)
    assert found["data"]["fingerprint"] == small_run.data.fingerprint
    assert found["data"]["images_per_class"]["test"] == {"leaf": 2, "rust": 2}
    assert found["data"]["sizes"]["train"] == {"16x16": 8}
    assert found["test"]["size_ratio"]["images"] == 4
    assert found["parameters"]["epochs"] == 3
    assert "folder" not in found["parameters"]
    assert "seeds" not in found["parameters"]
    assert found["model"]["encoder_convolutions"] == 3
    assert found["model"]["decoder_upsamplings"] == 1


def test_a_missing_record_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record.artifacts, "project_root", lambda: tmp_path)
    with pytest.raises(ReproduceError, match=r"no record .*paper.*make record"):
        record.read()


def test_without_a_list_of_seeds_the_committed_runs_are_judged() -> None:
    assert record.run_seeds(Parameters(profile="mine")) == record.read_seeds()


def test_with_a_list_of_seeds_these_are_run_and_nothing_else_differs(
    small_run: SimpleNamespace, only_jpeg: None
) -> None:
    parameters = small_run.parameters.model_copy(update={"epochs": 1, "seeds": "3,0"})
    runs = record.run_seeds(parameters)
    assert list(runs) == [3, 0]
    assert [run["parameters"].pop("seed") for run in runs.values()] == [3, 0]
    assert runs[3]["parameters"] == runs[0]["parameters"]
    assert runs[3]["data"] == runs[0]["data"]
    assert runs[3]["training"]["losses"] != runs[0]["training"]["losses"]


def test_what_a_run_could_not_measure_is_not_a_number() -> None:
    dead = record.read(seed=1)
    assert dead["example"]["attention_correlation"] is None
    assert math.isnan(record.quantities(dead)["correlation"])


def test_the_loss_above_the_floor_is_removed_wholly_at_the_floor_and_not_at_mid_grey() -> None:
    run = record.read()
    for loss, share in ((run["training"]["loss_floor"], 1), (math.log(2), 0)):
        run["training"]["losses"][-1] = loss
        assert record.quantities(run)["removed_excess"] == pytest.approx(share)
