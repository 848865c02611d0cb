"""Test images through codecs: tables at full and half size, and a run's own model among them."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from reproduce import codec
from reproduce.codec import entropy, fitted, fitting, network
from reproduce.codec.stages import TABLES
from reproduce.core import store
from reproduce.data import pixels
from reproduce.measure import metrics, stages
from reproduce.measure.rates import autoencoder, curves, measurement, summary
from reproduce.measure.rates.codecs import jpeg
from reproduce.measure.rates.summary import Rates


@dataclass(frozen=True)
class Coarse:
    """A codec of a test: keeps each pixel to a multiple of a number."""

    name: str = "coarse"
    settings: str = "multiples of 65 - quality"
    qualities: tuple[int, ...] = (1, 33)

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        step = 65 - int(quality)
        levels = (image // step * step).astype(np.uint8)
        return bytes([*image.shape]) + levels.tobytes()

    def decode(self, data: bytes) -> np.ndarray:
        return np.frombuffer(data, np.uint8, offset=2).reshape(data[0], data[1])


@pytest.fixture
def measured(small_run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the codec above gives on the four test images of the small run."""
    monkeypatch.setattr(jpeg, "CODEC", Coarse())  # in the place of another
    monkeypatch.setattr(stages, "CODECS", (stages.find("codecs/jpeg"),))
    (folder,) = measurement.references(small_run.parameters)
    return SimpleNamespace(folder=folder, run=small_run, table=measurement.read([folder]))


def test_there_is_a_row_for_each_image_size_codec_and_quality(measured) -> None:
    names = measured.run.data.names("test")
    expected = [
        (name, size, "coarse", quality)
        for name in names
        for size in ("full", "half")
        for quality in (1, 33)
    ]
    keys = measured.table[["image", "size", "codec", "quality"]]
    assert list(keys.itertuples(index=False, name=None)) == expected


def test_the_numbers_are_those_of_the_codec_and_the_metrics(measured) -> None:
    image = measured.run.data.image("test", 2)
    for size, original in (("full", image), ("half", pixels.half_size_levels(image))):
        rows = measured.table[
            (measured.table["image"] == measured.run.data.names("test")[2])
            & (measured.table["size"] == size)
        ]
        for row in rows.to_dict("records"):
            data = Coarse().encode(original, row["quality"])
            assert row["bytes"] == len(data)
            assert row["bpp"] == pytest.approx(8 * len(data) / original.size, rel=1e-5)
            compared = metrics.compare(original, Coarse().decode(data))
            for name, value in compared.items():
                assert row[name] == pytest.approx(value, rel=1e-4, nan_ok=True), (size, name)


def test_half_size_is_the_mean_of_four_pixels() -> None:
    image = np.array([[0, 10, 7], [20, 30, 9]], np.uint8)
    assert pixels.half_size_levels(image).tolist() == [[15, 8]]


def test_each_codec_and_quality_is_timed(measured) -> None:
    folder = stages.find("times/jpeg").folder(measured.run.parameters)
    times = measurement.read([folder], measurement.TIMES)
    assert times[["codec", "quality"]].values.tolist() == [["coarse", 1], ["coarse", 33]]
    assert (times[["encode_seconds", "decode_seconds"]] > 0).all(axis=None)


def test_fewer_images_are_measured_if_asked_for_spread_evenly(measured) -> None:
    few = measured.run.parameters.model_copy(update={"rate_images": 2})
    (folder,) = measurement.references(few)
    assert folder != measured.folder
    names = measured.run.data.names("test")
    assert list(measurement.read([folder])["image"].unique()) == [names[0], names[3]]


def test_what_is_measured_is_kept(measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "CODEC", None)  # nothing is encoded again
    assert measurement.references(measured.run.parameters) == [measured.folder]


def test_a_measurement_that_was_interrupted_goes_on_where_it_was(
    small_run, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[bytes] = []

    class Counting(Coarse):
        def encode(self, image: np.ndarray, quality: float) -> bytes:
            if len(encoded) == 9:  # of four images, each encoded four times
                raise RuntimeError("interrupted")
            encoded.append(image.tobytes())
            return super().encode(image, quality)

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(stages, "CODECS", (stages.find("codecs/jpeg"),))
    monkeypatch.setattr(jpeg, "CODEC", Counting())
    with pytest.raises(RuntimeError, match="interrupted"):
        measurement.references(small_run.parameters)
    before = set(encoded[:8])
    encoded[:] = [b""] * 10  # past the interruption
    (folder,) = measurement.references(small_run.parameters)
    assert before.isdisjoint(encoded[10:])
    assert len(encoded[10:]) == 8
    assert measurement.read([folder])["image"].nunique() == 4
    assert {file.name for file in folder.iterdir()} == {"manifest.json", "rates.csv"}


# A run's own model


def test_the_tables_of_a_run_are_counted_on_its_training_images(small_run, monkeypatch) -> None:
    # After three epochs on dark images the model's own latents are all but zero.
    monkeypatch.setattr(network, "latent_of", lambda _, image: image[::2, ::2] / np.float32(32))
    counted = fitting.fit(
        entropy.count(np.rint(image[::2, ::2] / 32 * 2**exponent).astype(int))
        for image in small_run.data.images("train")
        for exponent in range(7)
    )
    fit = fitted.fit(small_run.parameters)
    assert fit.number == 0
    again = fitted.fit(small_run.parameters)
    assert np.array_equal(fit.tables.frequencies, counted.frequencies)
    assert np.array_equal(fit.tables.frequencies, again.tables.frequencies)
    assert fit.fingerprint == again.fingerprint
    assert fit.fingerprint != codec.shipped().fingerprint
    folder = TABLES.folder(small_run.parameters)
    assert store.read_manifest(folder)["facts"]["images"] == 8  # all, as there are few


def test_the_own_model_stands_behind_the_same_interface(small_run) -> None:
    model = autoencoder.codec_of(small_run.parameters)
    assert list(model.qualities) == sorted(model.qualities)
    assert len(model.qualities) >= 8
    image = small_run.data.image("test", 0)
    assert model.decode(model.encode(image, 8)).shape == image.shape
    header, _ = model.codec.decode_latent(model.encode(image, 8))
    assert header.step == 1 / 8


@pytest.fixture
def rates(small_run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Rates of the small run's model beside JPEG, and the scores of its test images."""
    from reproduce.measure import scores as scoring

    monkeypatch.setattr(stages, "CODECS", (stages.find("codecs/jpeg"),))
    parameters = small_run.parameters
    scores = scoring.score(parameters)
    table = measurement.read([*measurement.references(parameters), autoencoder.rates(parameters)])
    return SimpleNamespace(parameters=parameters, scores=scores, table=table)


def test_the_summary_holds_the_models_curve_and_how_it_compares(rates) -> None:
    found = summary.of_tables(rates.table, rates.scores)
    points = curves.means(rates.table)
    of_model = points[points["codec"] == autoencoder.AUTOENCODER]
    assert [point["quality"] for point in found.points] == of_model["quality"].tolist()
    assert [point["bpp"] for point in found.points] == of_model["bpp"].tolist()
    files = rates.table[
        (rates.table["codec"] == autoencoder.AUTOENCODER)
        & (rates.table["size"] == "full")
        & (rates.table["quality"] == summary.QUALITY)
    ]["bytes"]
    ratios = files.to_numpy() / rates.scores["original_bytes"].to_numpy()
    assert found.file_ratio == pytest.approx(ratios.mean())
    bd_rate = curves.bd_rate(points, autoencoder.AUTOENCODER, "psnr_db")
    assert found.bd_rate["psnr_db"].percent == pytest.approx(bd_rate.percent, nan_ok=True)


def test_claims_can_name_the_numbers_of_a_summary(rates) -> None:
    found = summary.of_tables(rates.table, rates.scores)
    numbers = summary.quantities(found)
    assert numbers["best_psnr"] == max(point["psnr_db"] for point in found.points)
    (coded,) = (point for point in found.points if point["quality"] == summary.QUALITY)
    assert (numbers["file_bpp"], numbers["file_psnr"]) == (coded["bpp"], coded["psnr_db"])
    values = found.model_dump()
    values["bd_rate"]["psnr_db"]["percent"] = None  # as JSON holds what is not a number
    assert np.isnan(summary.quantities(Rates(**values))["bd_rate"])
