"""A model's own files, as a study measures them."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reproduce.core import store
from reproduce.measure import metrics
from reproduce.measure.rates import autoencoder, own_files
from reproduce.measure.stages import OWN_FILES


def test_each_row_is_of_a_true_file_and_the_facts_are_of_the_run(small_run) -> None:
    parameters, data = small_run.parameters, small_run.data
    folder = OWN_FILES.folder(parameters)
    table, facts = own_files.read(folder), store.read_manifest(folder)["facts"]
    codec = autoencoder.codec_of(parameters)
    images = {name: data.image("test", place) for place, name in enumerate(data.names("test"))}
    assert set(table["image"]) == set(images)
    assert len((folder / own_files.TABLE).read_text("utf-8").splitlines()) == 1 + len(images)
    assert len(table) == len(images) * len(codec.qualities)
    for row in table.to_dict("records"):
        image = images[row["image"]]
        file = codec.encode(image, row["quality"])
        assert row["bytes"] == len(file)
        assert row["bpp"] == pytest.approx(8 * len(file) / image.size)
        assert row["psnr_db"] == pytest.approx(metrics.psnr(image, codec.decode(file)), rel=1e-5)
    assert set(table["size"]) == {"full"}
    assert set(table["codec"]) == {"autoencoder"}
    errors = [((one - round(one.mean())) ** 2).mean() for one in map(np.float64, images.values())]
    assert facts == {
        "images": len(images),
        "last_loss": small_run.trained.losses[-1],
        "weights": 5404,
        "encoding_multiplications": 1476,
        "decoding_multiplications": 182.25,
        "flat_psnr_db": pytest.approx(np.mean([10 * math.log10(255**2 / one) for one in errors])),
    }


def test_even_grey_is_the_mean_of_each_image_which_no_other_grey_is_nearer_to(
    small_run, tmp_path, monkeypatch
) -> None:
    images = np.zeros((2, 16, 16), np.uint8)
    images[:, :4] = [[[200]], [[240]]]  # a quarter of it, so that mean and median differ
    data = SimpleNamespace(names=lambda _: ["a", "b"], chosen=lambda _, places: images[places])
    monkeypatch.setattr(own_files, "preparation", SimpleNamespace(prepare=lambda _: data))
    facts = own_files.make(small_run.parameters, tmp_path)
    expected = np.mean(10 * np.log10(255**2 / images.var(axis=(1, 2))))
    assert facts["flat_psnr_db"] == pytest.approx(expected)


def test_the_bytes_of_a_large_file_are_told_to_the_last(small_run, tmp_path, monkeypatch) -> None:
    image = np.full((1, 16, 16), 7, np.uint8)
    data = SimpleNamespace(names=lambda _: ["a"], chosen=lambda *_: image)
    codec = SimpleNamespace(
        qualities=[1, 1.5],
        encode=lambda _, quality: bytes(1_234_567 + round(2 * quality)),
        decode=lambda _: image[0],
    )
    monkeypatch.setattr(own_files, "preparation", SimpleNamespace(prepare=lambda _: data))
    monkeypatch.setattr(autoencoder, "codec_of", lambda _: codec)
    own_files.make(small_run.parameters, tmp_path)
    assert own_files.read(tmp_path)["bytes"].tolist() == [1_234_569, 1_234_570]


@pytest.mark.parametrize(("best", "expected"), [([23.0, 23.0], True), ([22.9, 23.0], False)])
def test_a_model_has_learned_if_its_best_files_say_more_than_even_grey(best, expected) -> None:
    rows = [
        {"image": image, "psnr_db": psnr}
        for image, greatest in zip("ab", best, strict=True)
        for psnr in (greatest, greatest - 9)
    ]
    assert own_files.learned(pd.DataFrame(rows), flat_psnr_db=20.0) == expected
