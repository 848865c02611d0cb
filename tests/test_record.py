"""The committed record of the full run on beans, and what is said of it elsewhere."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reproduce import cli, evaluation, model, paper, preparation, record, training
from reproduce.errors import ReproduceError
from reproduce.parameters import read_profile

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "paper"
BEANS = ROOT.parent / "shared" / "beans"


def test_the_record_is_of_the_papers_setting() -> None:
    expected = read_profile("paper", ROOT / "profiles")
    expected.pop("folder")
    assert record.read()["parameters"] == expected


def test_the_record_holds_the_papers_original_file_and_no_other_image_has_its_size() -> None:
    recorded = record.read()
    assert recorded["example"]["original_bytes"] == paper.ORIGINAL_BYTES == 205_111
    assert recorded["images_of_reported_size"] == [recorded["example"]["name"]]


def test_the_recorded_means_are_those_of_the_recorded_table() -> None:
    scores = evaluation.read_table(RESULTS / evaluation.TABLE)
    assert len(scores) == paper.TEST_IMAGES
    for name, summary in record.read()["test"].items():
        assert summary["mean"] == pytest.approx(scores[name].mean(), nan_ok=True), name
    ratios = scores["reconstruction_bytes"] / scores["original_bytes"]
    np.testing.assert_allclose(ratios, scores["size_ratio"])


def test_the_recorded_weights_load_and_are_the_papers_model() -> None:
    autoencoder = model.load(RESULTS / training.WEIGHTS)
    assert autoencoder.count_params() == 5404
    assert (RESULTS / training.WEIGHTS).stat().st_size < 100_000


@pytest.mark.slow
def test_the_recorded_weights_give_the_recorded_numbers_on_beans() -> None:
    if not BEANS.is_dir():
        pytest.skip("needs a local copy of beans beside the checkout")
    recorded = record.read()["example"]
    file = BEANS / recorded["name"]
    from PIL import Image

    with Image.open(file) as image:
        grey = np.asarray(preparation.to_grey(image))
    scores = evaluation.examine(model.load(RESULTS / training.WEIGHTS), grey, "").scores()
    assert scores["original_bytes"] == recorded["original_bytes"]
    for name in ("reconstruction_bytes", "latent_clip_bytes", "latent_stretch_bytes"):
        assert scores[name] == pytest.approx(recorded[name], rel=2e-3), name
    assert scores["psnr_db"] == pytest.approx(recorded["psnr_db"], abs=0.01)


def test_the_record_holds_no_path_of_a_machine() -> None:
    text = (RESULTS / record.RECORD).read_text() + (RESULTS / evaluation.TABLE).read_text()
    assert not re.search(r"[\"\s,]/|[A-Z]:\\|\.\./", text)


def test_the_readme_says_what_the_record_says(tmp_path: Path) -> None:
    committed = (ROOT / "README.md").read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(committed.replace("205,111", "0"), encoding="utf-8")
    cli.readme(copy)
    assert copy.read_text(encoding="utf-8") == committed, "run: reproduce readme"


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "README.md"
    copy.write_text("# Title\n")
    with pytest.raises(ReproduceError, match=r"README\.md lacks"):
        cli.readme(copy)
    assert copy.read_text() == "# Title\n"


def test_a_record_is_written_whole_and_read_back(
    small_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRODUCE_BUILD", str(small_run.data.folder.parents[1]))
    path = record.write(small_run.parameters, tmp_path / "record")
    written = json.loads(path.read_text())
    assert {other.name for other in path.parent.iterdir()} == {
        record.RECORD,
        evaluation.TABLE,
        training.WEIGHTS,
    }
    assert written["training"]["losses"] == small_run.trained.losses
    floor = training.loss_floor(small_run.data.histogram("train"))
    assert written["training"]["loss_floor"] == floor
    assert written["data"]["fingerprint"] == small_run.data.fingerprint
    assert written["data"]["images_per_class"]["test"] == {"leaf": 2, "rust": 2}
    assert written["test"]["size_ratio"]["images"] == 4
    assert "folder" not in written["parameters"]
    assert set(written["machine"]) == {"processor", "cores", "memory_bytes", "system"}


def test_a_missing_record_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record.artifacts, "project_root", lambda: tmp_path)
    with pytest.raises(ReproduceError, match=r"no record .*paper.*make record"):
        record.read()
