"""What is measured, against definitions written out here.

Codecs and clocks are made up so that each other way to measure would give another number.
"""

import io
import math
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import correlate1d, gaussian_filter

from reproduce.chapters import gallery
from reproduce.core.parameters import Parameters
from reproduce.data import preparation
from reproduce.measure import metrics, png, repetitions, statistics
from reproduce.measure import scores as scoring
from reproduce.measure.metrics import METRICS
from reproduce.measure.rates import budget, curves, interface, measurement, summary
from reproduce.measure.rates.autoencoder import AutoencoderCodec
from reproduce.measure.rates.interface import PillowCodec
from reproduce.measure.size_ratio import of_method, of_writer
from reproduce.measure.size_ratio.methods import METHODS, Method
from reproduce.measure.size_ratio.writers import Writer
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.models.loss import LOSS_OF_MID_GREY, loss_floor
from reproduce.results import quantities as quantity
from reproduce.results.run import Run
from tests.made_up import levels, png_bytes, psnr

# --------------------------------------------------------------------------------------- metrics


def photograph(seed: int, height: int, width: int) -> np.ndarray:
    """Soft grey levels, as in photographs."""
    soft = gaussian_filter(np.random.default_rng(seed).normal(size=(height, width)), 1.5)
    return np.rint(255 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)


def worse(image: np.ndarray, by: int) -> np.ndarray:
    noise = np.random.default_rng(by).integers(-by, by + 1, image.shape)
    return np.clip(gaussian_filter(image.astype(float), by / 30) + noise, 0, 255).astype(np.uint8)


def weighed(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighed means in windows that lie within the image."""
    margin = len(weights) // 2
    for axis in (0, 1):
        values = correlate1d(values, weights, axis=axis)
    return values[margin:-margin, margin:-margin]


def structure(one: np.ndarray, other: np.ndarray, weights: np.ndarray, bias: float) -> Any:
    """SSIM, and its part without the means (Wang et al. 2004, equations 12 and 13)."""
    mean_1, mean_2 = weighed(one, weights), weighed(other, weights)
    variance_1 = bias * (weighed(one * one, weights) - mean_1**2)
    variance_2 = bias * (weighed(other * other, weights) - mean_2**2)
    covariance = bias * (weighed(one * other, weights) - mean_1 * mean_2)
    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    contrast = (2 * covariance + c_2) / (variance_1 + variance_2 + c_2)
    luminance = (2 * mean_1 * mean_2 + c_1) / (mean_1**2 + mean_2**2 + c_1)
    return (luminance * contrast).mean(), contrast.mean()


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    whole, _ = structure(one.astype(float), other.astype(float), np.full(7, 1 / 7), 49 / 48)
    return float(whole)


def ms_ssim(one: np.ndarray, other: np.ndarray, scales: int) -> float:
    """Equation 7 of Wang, Simoncelli and Bovik 2003, with the weights of as many scales."""
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:scales])
    a, b = one.astype(float), other.astype(float)
    found = 1.0
    for scale, weight in enumerate(weights / weights.sum(), start=1):
        whole, contrast = structure(a, b, window / window.sum(), 1)
        found *= (whole if scale == scales else contrast) ** weight
        a, b = (
            np.pad(x, [(0, side % 2) for side in x.shape], mode="symmetric")
            .reshape(-(-x.shape[0] // 2), 2, -(-x.shape[1] // 2), 2)
            .mean(axis=(1, 3))
            for x in (a, b)
        )
    return float(found)


@pytest.mark.parametrize(
    ("height", "width", "scales"),
    [(176, 190, 5), (175, 201, 4), (43, 60, 2), (11, 30, 1)],
)
def test_each_metric_is_what_its_definition_says(height: int, width: int, scales: int) -> None:
    image = photograph(1, height, width)
    for by in (9, 40):
        other = worse(image, by)
        expected = {
            "psnr_db": psnr(image, other),
            "ssim": ssim(image, other),
            "ms_ssim": ms_ssim(image, other, scales),
        }
        assert metrics.compare(image, other) == pytest.approx(expected, abs=2e-5)
        assert {one.name: one.compare(image, other) for one in METRICS} == metrics.compare(
            image, other
        )
    assert (
        metrics.ms_ssim_scales((height, width)) == metrics.ms_ssim_scales((width, height)) == scales
    )


def test_what_is_too_small_for_a_metric_has_none() -> None:
    image, other = photograph(1, 10, 6), photograph(2, 10, 6)
    assert [math.isnan(value) for value in metrics.compare(image, other).values()] == [
        *(False, True, True),
    ]
    assert metrics.ssim(image[:7, :6].T, image[:7, :6].T) != 1
    seven = photograph(1, 7, 10)
    assert metrics.ssim(seven, seven) == 1
    assert math.isinf(metrics.psnr(image, image))


def test_metrics_are_on_scales_of_decibels_as_their_definitions_say() -> None:
    values = np.array([0.9, 0.99, 0.5])
    assert [(one.name, one.label) for one in METRICS] == [
        *(("psnr_db", "PSNR (dB)"), ("ssim", "SSIM"), ("ms_ssim", "MS-SSIM")),
    ]
    for one in METRICS:
        expected = values if one.name == "psnr_db" else [10, 20, 10 * math.log10(2)]
        assert one.in_decibels(values) == pytest.approx(expected)
        assert metrics.metric(one.name) is one


def test_a_correlation_is_pearsons() -> None:
    random = np.random.default_rng(0)
    one = random.random((5, 8))
    other = one**3 - 0.4 * random.random((5, 8))
    expected = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert metrics.correlation(one, other) == pytest.approx(expected)
    assert metrics.correlation(one, -other) == pytest.approx(-expected)


def test_the_contrast_of_areas_is_of_a_grid_of_ten_by_ten() -> None:
    means = np.random.default_rng(0).permutation(np.arange(1, 101)).reshape(10, 10)
    ripple = np.array([[-0.5, 0.5, 0.0], [0.5, -0.5, 0.0]])
    values = np.kron(means, np.ones((2, 3))) + np.tile(ripple, (10, 10))
    wider = np.pad(values, ((0, 1), (0, 2)), constant_values=1e6)  # what is over does not count
    low, high = 1 + 0.1 * 99, 1 + 0.9 * 99
    assert metrics.contrast_of_areas(wider) == pytest.approx(high / low)
    assert math.isnan(metrics.contrast_of_areas(np.zeros((20, 20))))
    assert metrics.contrast_of_areas(np.array([[1.0, 3.0]])) == pytest.approx(2.8 / 1.2)


def test_a_model_has_learned_from_a_mean_of_a_twentieth_on() -> None:
    for shares, learned in (([0.0, 0.0, 0.1503], True), ([0.06, 0.06, 0.0297], False)):
        assert statistics.learned(pd.DataFrame({"active_latent": shares})) == learned


def test_the_floor_of_the_loss_is_the_mean_entropy_of_the_pixels() -> None:
    histogram = np.zeros(256, np.int64)
    histogram[[0, 51, 128, 255]] = 4, 3, 2, 1
    binary = [
        -p * math.log(p) - (1 - p) * math.log(1 - p) for p in (51 / 255, 128 / 255)
    ]  # black and white have none
    assert loss_floor(histogram) == pytest.approx((3 * binary[0] + 2 * binary[1]) / 10)
    assert pytest.approx(-math.log(0.5)) == LOSS_OF_MID_GREY


# --------------------------------------------------------------------------------- rates and times


class Clock:
    """A clock that goes on only while something is said to work."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Timed(PillowCodec):
    """A codec whose work takes a time of its own for each image, quality and way."""

    clock = Clock()
    seen: list[int] = []  # noqa: RUF012  # a test reads it

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        number = int(image[0, 0])
        Timed.seen.append(number)
        Timed.clock.now += 1000 if Timed.seen.count(number) == 1 and number == 0 else 0
        Timed.clock.now += quality * (1, 2, 40)[number % 3]
        return bytes([number, int(quality)])

    def decode(self, data: bytes) -> np.ndarray:
        number, quality = data
        Timed.clock.now += quality * (0.3, 0.5, 7)[number % 3]
        return levels(number)


def of_images(count: int) -> Any:
    """Prepared data of images that have their number in their first pixel."""
    images = np.array([levels(n, 16, 14) for n in range(count)])
    images[:, 0, 0] = range(count)
    return SimpleNamespace(
        names=lambda split: [f"{split}/{n}" for n in range(count)],
        counts={"test": count, "train": 1},
        chosen=lambda split, places: images[np.asarray(places)],
        image=lambda split, place: images[place],
    )


def test_encoding_and_decoding_are_timed_apart_by_their_medians_after_a_first_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    codec = Timed("timed", 1, "its settings", (3, 5), "PNG", lambda _: {})
    monkeypatch.setattr(preparation, "prepare", lambda _: of_images(30))
    monkeypatch.setattr(time, "perf_counter", Timed.clock)
    told = measurement.make_times(Parameters(), tmp_path, codec)
    assert told == {"codec": "timed", "settings": "its settings", "images": 8}
    # Eight of thirty images: 0, 4, 8, 12, 17, 21, 25 and 29.
    places = [0, 4, 8, 12, 17, 21, 25, 29]
    assert sorted(set(Timed.seen)) == places
    encode = np.median([(1, 2, 40)[place % 3] for place in places])
    decode = np.median([(0.3, 0.5, 7)[place % 3] for place in places])
    assert encode not in (np.mean([(1, 2, 40)[place % 3] for place in places]), decode)
    assert pd.read_csv(tmp_path / "times.csv").to_dict("records") == [
        {"codec": "timed", "quality": quality}
        | {"encode_seconds": quality * encode, "decode_seconds": quality * decode}
        for quality in (3, 5)
    ]


class Telling(PillowCodec):
    """A codec that gives back what it was sent alone: an image's mean, a quality, and no more."""

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        return bytes([*image.shape, round(image.mean()), *([7] * int(quality))])

    def decode(self, data: bytes) -> np.ndarray:
        height, width, mean, *rest = data
        return np.full((height, width), mean + len(rest), np.uint8)


TELLING = Telling("telling", 1, "its settings", (3, 9), "PNG", lambda _: {})


def test_rates_are_bits_of_what_was_sent_and_qualities_of_what_came_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = of_images(5)
    monkeypatch.setattr(preparation, "prepare", lambda _: data)
    told = measurement.make(Parameters(rate_images=3), tmp_path, TELLING)
    assert told == {"codec": "telling", "settings": "its settings", "images": 3}
    expected = []
    for place in (0, 2, 4):
        full = data.image("test", place)
        half = np.rint(full.reshape(8, 2, 7, 2).mean(axis=(1, 3))).astype(np.uint8)
        for size, image in (("full", full), ("half", half)):
            for quality in (3, 9):
                back = np.full(image.shape, round(image.mean()) + quality, np.uint8)
                expected.append(
                    {"image": f"test/{place}", "size": size, "codec": "telling"}
                    | {"quality": quality, "bytes": 3 + quality}
                    | {"bpp": 8 * (3 + quality) / image.size, "psnr_db": psnr(image, back)}
                    | {"ssim": ssim(image, back), "ms_ssim": math.nan}
                    | ({"ms_ssim": ms_ssim(image, back, 1)} if size == "full" else {})
                )
    found = pd.read_csv(tmp_path / "rates.csv").to_dict("records")
    assert [*found[0]] == [*expected[0]]
    for row, wanted in zip(found, expected, strict=True):
        for name, value in wanted.items():
            number = (
                value
                if isinstance(value, str)
                else pytest.approx(value, rel=1e-4, abs=2e-5, nan_ok=True)
            )
            assert row[name] == number, name


def test_the_nearest_file_is_nearest_as_a_ratio_and_a_budget_is_kept() -> None:
    image = levels(1, 10, 16)
    sizes = {1: 10, 2: 30, 3: 31, 4: 100}
    codec = cast(
        PillowCodec,
        SimpleNamespace(
            qualities=(1, 2, 3, 4), encode=lambda _, quality: bytes([quality]) * sizes[quality]
        ),
    )
    # 55 bytes: half of it is nearer to 31 than 100 is, by ratio; 57 the other way round.
    assert interface.nearest(codec, image, 8 * 55 / 160) == (3, bytes([3]) * 31)
    assert interface.nearest(codec, image, 8 * 57 / 160) == (4, bytes([4]) * 100)
    for most, best in ((9, 1), (10, 1), (30, 2), (31, 3), (99, 3), (100, 4), (999, 4)):
        assert budget.best_within(codec, image, most, (1, 2, 3, 4)) == bytes([best]) * sizes[best]


def test_a_bd_rate_is_the_area_between_monotone_cubics_through_the_points() -> None:
    bends = {"JPEG": [0.1, 0.2, 0.5, 0.9, 2.1], "other": [0.15, 0.22, 0.55, 1.3, 1.9]}
    values = {"JPEG": [25.0, 28.0, 33.0, 34.0, 39.0], "other": [26.0, 27.0, 31.0, 36.0, 37.5]}
    table = pd.DataFrame(
        [
            {"codec": codec, "quality": n, "bpp": rate, "psnr_db": value}
            | {"ssim": 1 - 10 ** (-(value - 20) / 10)}
            for codec, rates in bends.items()
            for n, (rate, value) in enumerate(zip(rates, values[codec], strict=True))
        ]
    )
    own, other = (
        PchipInterpolator(values[codec], np.log(bends[codec])) for codec in ("other", "JPEG")
    )
    difference = (own.integrate(26, 37.5) - other.integrate(26, 37.5)) / 11.5
    for metric in ("psnr_db", "ssim"):
        found = curves.bd_rate(table, "other", metric)
        assert found.percent == pytest.approx(100 * math.expm1(difference), rel=1e-3)
        assert found.overlap == pytest.approx(11.5 / 14)
        assert not found.doubtful


def test_two_points_make_a_curve_and_a_missing_value_between_others_is_left_out() -> None:
    def found(own: list[tuple[float, float]]) -> curves.BDRate:
        both = {"JPEG": [(0.1, 20.0), (0.4, 24.0)], "other": own}
        rows = [
            {"codec": codec, "bpp": rate, "psnr_db": value}
            for codec, points in both.items()
            for rate, value in points
        ]
        return curves.bd_rate(pd.DataFrame(rows), "other", "psnr_db")

    three_times = found([(0.3, 20.0), (0.5, math.nan), (1.2, 24.0)])
    assert three_times.percent == pytest.approx(200)
    assert three_times.overlap == 1
    assert math.isnan(found([(0.3, 20.0)]).percent)
    half = found([(0.2, 22.0), (0.4, 24.0)])
    assert half.overlap == 0.5
    assert not half.doubtful


def test_means_of_curves_are_means_with_students_intervals_by_codec_and_quality() -> None:
    rows = [
        {"image": image, "size": size, "codec": codec, "quality": quality, "bytes": 1}
        | {"bpp": base * quality, "psnr_db": 20 + 9 * base, "ssim": base / 9, "ms_ssim": base / 11}
        for size, shift in (("full", 0.0), ("half", 5.0))
        for codec, more in (("b", 1.3), ("a", 1.0))
        for quality in (8, 2)
        for image, base in zip("xyz", (0.1 + shift, more + shift, 3.7 * more + shift), strict=True)
    ]
    found = curves.means(pd.DataFrame(rows), "half")
    assert [*zip(found["codec"], found["quality"], strict=True)] == [
        *(("a", 2), ("a", 8), ("b", 2), ("b", 8)),
    ]
    for row in found.to_dict("records"):
        more = 1.3 if row["codec"] == "b" else 1.0
        bases = np.array([5.1, more + 5, 3.7 * more + 5])
        assert row["bpp"] == pytest.approx(bases.mean() * row["quality"])
        for name, values in (
            ("psnr_db", 20 + 9 * bases),
            ("ssim", bases / 9),
            ("ms_ssim", bases / 11),
        ):
            margin = 4.302652730 * values.std(ddof=1) / math.sqrt(3)
            ends = [row[f"{name}{end}"] for end in ("_low", "", "_high")]
            assert ends == pytest.approx([values.mean() + n * margin for n in (-1, 0, 1)])


def test_a_summary_of_rates_is_of_the_models_own_files_each_beside_its_own_original() -> None:
    sizes = {"x": 100, "y": 300, "z": 1_000}
    files = {"x": 40, "y": 30, "z": 700}
    rows = [
        {"image": image, "size": size, "codec": codec, "quality": quality}
        | {"bytes": files[image] * times + (quality - 8), "bpp": quality / 10 * times}
        | {"psnr_db": 20 + quality + n, "ssim": 0.5 + quality / 50, "ms_ssim": 0.6 + quality / 60}
        for n, image in enumerate(files)
        for size in ("full", "half")
        for codec, times in (("JPEG", 1 if size == "full" else 3), ("autoencoder", 2))
        for quality in (4, 8, 16)
    ]
    scores = pd.DataFrame(
        [{"name": name, "original_bytes": sizes[name], "bytes": 5} for name in ("z", "x", "y")]
    )
    found = summary.of_tables(pd.DataFrame(rows), scores)
    expected = {
        "file_ratio": (80 / 100 + 60 / 300 + 1400 / 1000) / 3,
        "file_bpp": 1.6,
        "file_psnr": 29,
        "best_psnr": 37,
        "best_bpp": 3.2,
        "bd_rate": 100,
        "bd_rate_overlap": 1,
        "bd_rate_of_images": 100,
    }
    assert summary.quantities(found) == pytest.approx(expected)
    assert [point["quality"] for point in found.points] == [4, 8, 16]
    assert [point["ms_ssim"] for point in found.points] == pytest.approx(
        [0.6 + q / 60 for q in (4, 8, 16)]
    )
    assert {metric: one.images for metric, one in found.bd_rate.items()} == {
        "psnr_db": 3,
        "ssim": 3,
        "ms_ssim": 3,
    }


# ------------------------------------------------------------------------------------- size ratios

ORIGINAL = photograph(5, 21, 26)
LATENT = np.array([[0.0, 0.301, 1.7], [0.123, 2.3, 0.999]], np.float32)


def a_subject() -> Any:
    """An image whose decoder gives back what it is given, as grey levels of a hundredth."""
    return SimpleNamespace(
        original=ORIGINAL,
        original_bytes=png_bytes(ORIGINAL),
        reconstructed_levels=worse(ORIGINAL, 9),
        latent=LATENT,
        decode=lambda latent: np.asarray(latent, np.float64),
    )


def doubled(half: np.ndarray) -> np.ndarray:
    """Bilinear interpolation, by hand: three quarters of the nearer value and one of the other."""
    for _ in range(2):
        padded = np.pad(half, ((1, 1), (0, 0)), mode="edge")
        above, below = (0.75 * half + 0.25 * other for other in (padded[:-2], padded[2:]))
        half = np.stack([above, below], axis=1).reshape(-1, half.shape[1]).T
    return half[:21, :26]


def by_hand() -> dict[str, tuple[int, np.ndarray]]:
    """Of each method, the bytes that it takes and the picture that is left."""
    even = np.pad(ORIGINAL, ((0, 1), (0, 0)), mode="edge").reshape(11, 2, 13, 2)
    half = np.rint(even.mean(axis=(1, 3))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(ORIGINAL).save(buffer, "JPEG", quality=95)
    jpeg = np.asarray(Image.open(buffer))
    clipped = np.rint(np.clip(LATENT, 0, 1) * 255).astype(np.uint8)
    stretched = np.rint(LATENT / 2.3 * 255).astype(np.uint8)
    from_half = np.asarray(Image.fromarray(half).resize((26, 22), Image.Resampling.BILINEAR))[:21]
    assert np.abs(from_half - doubled(half.astype(float))).max() <= 1
    pictures = {
        "autoencoder": worse(ORIGINAL, 9),
        **{
            f"blur-{sigma}": np.rint(gaussian_filter(ORIGINAL.astype(float), sigma)).astype(
                np.uint8
            )
            for sigma in (0.5, 0.7, 1, 1.5, 2, 4)
        },
        "halved-doubled": from_half,
        "mid-grey": np.full((21, 26), 128, np.uint8),
        "jpeg-as-png": jpeg,
    }
    return {name: (png_bytes(picture), picture) for name, picture in pictures.items()} | {
        "jpeg": (buffer.tell(), jpeg),
        "halved": (png_bytes(half), from_half),
        "raw": (21 * 26, ORIGINAL),
        "latent-float32": (4 * 6, LATENT),
        "latent-float16": (2 * 6, LATENT.astype(np.float16)),
        "latent-clip": (png_bytes(clipped), clipped / 255),
        "latent-stretch": (png_bytes(stretched) + 8, stretched / 255 * 2.3),
    }


def test_each_method_counts_what_is_sent_and_leaves_what_comes_of_it_alone() -> None:
    expected = by_hand()
    assert [method.name for method in METHODS] == [*expected]
    for method in METHODS:
        size, left = method.apply(a_subject())
        bytes_, picture = expected[method.name]
        assert size == bytes_, method.name
        np.testing.assert_allclose(left, picture, atol=1e-6, err_msg=method.name)


def test_a_row_of_a_method_and_of_a_writer_has_each_number_in_its_place() -> None:
    left = worse(ORIGINAL, 20)
    row = of_method(Method("it", "", "file", lambda _: (321, left)), a_subject())
    assert row == pytest.approx(
        {"method": "it", "bytes": 321, "size_ratio": 321 / png_bytes(ORIGINAL)}
        | {"bpp": 8 * 321 / (21 * 26), "psnr_db": psnr(ORIGINAL, left)}
        | {"ssim": ssim(ORIGINAL, left), "ms_ssim": ms_ssim(ORIGINAL, left, 1)},
        abs=2e-5,
    )

    def write(image: np.ndarray) -> bytes:
        return bytes(70 if np.array_equal(image, ORIGINAL) else 50)

    assert of_writer(Writer("it", "", write), a_subject()) == {
        "writer": "it",
        "original_bytes": 70,
        "reconstruction_bytes": 50,
        "size_ratio": 5 / 7,
    }


def test_a_latents_pictures_are_by_both_readings() -> None:
    shifted = LATENT + np.float32(0.2)
    assert png.latent_image(shifted, "clip").tolist() == [[51, 128, 255], [82, 255, 255]]
    assert png.latent_image(shifted, "stretch").tolist() == [[0, 33, 188], [14, 255, 111]]
    assert png.size_ratio(3, 4) == 0.75


def test_a_row_of_the_gallery_has_files_of_no_more_bytes_than_the_models() -> None:
    image = photograph(7, 40, 48)
    subject = Subject(None, image, "it")
    vars(subject)["reconstructed_levels"] = worse(image, 30)
    decoded = worse(image, 31)
    sent: list[float] = []

    def compress(image: np.ndarray, step: float) -> bytes:
        sent.append(step)
        return bytes(500)

    fake = SimpleNamespace(
        compress=compress, decompress=lambda data: decoded if len(data) == 500 else None
    )
    row = gallery.row(subject, AutoencoderCodec(fake))  # type: ignore[arg-type]
    assert sent == [1 / 8]
    pictures = {
        "autoencoder": ("autoencoder", worse(image, 30)),
        "blur-1": (
            "blur, σ = 1",
            np.rint(gaussian_filter(image.astype(float), 1)).astype(np.uint8),
        ),
        "mid-grey": ("mid-grey", np.full((40, 48), 128, np.uint8)),
    }
    assert [*row.pictures] == [*pictures]
    for name, (label, picture) in pictures.items():
        made = row.pictures[name]
        assert (made.label, made.bytes) == (label, png_bytes(picture))
        np.testing.assert_array_equal(made.picture, picture)
        assert row.ratio(made) == png_bytes(picture) / png_bytes(image)
        assert row.psnr(made) == pytest.approx(psnr(image, picture))
    assert {name: made.label for name, made in row.files.items()} == {
        "autoencoder": "autoencoder",
        "jpeg": "JPEG",
        "avif": "AVIF",
    }
    assert row.files["autoencoder"].bytes == 500
    np.testing.assert_array_equal(row.files["autoencoder"].picture, decoded)
    buffers = []
    for quality in range(1, 101):
        buffer = io.BytesIO()
        Image.fromarray(image).save(
            buffer, "JPEG", quality=quality, optimize=True, progressive=True
        )
        buffers.append(buffer)
    best = [buffer for buffer in buffers if buffer.tell() <= 500][-1]
    assert row.files["jpeg"].bytes == best.tell() <= 500
    np.testing.assert_array_equal(row.files["jpeg"].picture, np.asarray(Image.open(best)))
    assert row.files["avif"].bytes <= 500


# ---------------------------------------------------------------------------------------- scores


def test_scores_and_details_of_an_image_have_each_number_in_its_place() -> None:
    original = photograph(8, 20, 24)
    made = worse(original, 25)
    half = original.reshape(10, 2, 12, 2).mean(axis=(1, 3))
    latent = (half / 120 * (half > 99) + np.linspace(0, 0.4, 12) * (half > 99)).astype(np.float32)
    attention = np.linspace(0.1, 0.9, 120).reshape(10, 12) ** 2 + half / 900
    subject = Subject(None, original)
    vars(subject).update(
        latent=latent,
        attention_map=attention,
        full_size_attention=np.kron(attention, np.ones((2, 2))),
        reconstruction=made / np.float32(255),
    )
    difference = original / 255 - made / 255
    clipped = np.rint(np.clip(latent, 0, 1) * 255).astype(np.uint8)
    stretched = np.rint((latent - latent.min()) / np.ptp(latent) * 255).astype(np.uint8)
    at_full_size = np.kron(attention, np.ones((2, 2))).ravel()
    assert subject.scores() == pytest.approx(
        {
            "original_bytes": png_bytes(original),
            "reconstruction_bytes": png_bytes(made),
            "latent_clip_bytes": png_bytes(clipped),
            "latent_stretch_bytes": png_bytes(stretched),
            "size_ratio": png_bytes(made) / png_bytes(original),
            "psnr_db": psnr(original, made),
            "ssim": ssim(original, made),
            "attention_correlation": np.corrcoef(at_full_size, np.abs(difference).ravel())[0, 1],
            "active_latent": np.mean(half > 99),
        },
        abs=1e-5,
    )
    areas = np.abs(difference).reshape(10, 2, 12, 2).mean(axis=(1, 3))
    low, high = np.quantile(areas, [0.1, 0.9])
    assert subject.details() == pytest.approx(
        {
            "signed_attention_correlation": np.corrcoef(at_full_size, difference.ravel())[0, 1],
            "latent_similarity": np.corrcoef(latent.ravel(), half.ravel())[0, 1],
            "difference_contrast": high / low,
        },
        abs=1e-5,
    )


def test_a_repetition_is_compared_with_the_run_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def trained(*weights: float) -> Any:
        model = SimpleNamespace(
            get_weights=lambda: [np.array(weights[:2]), np.array([weights[2:]])]
        )
        return SimpleNamespace(autoencoder=model, losses=[0.9, 0.5 + weights[0]])

    def run(_: Any, env: dict[str, str], **__: Any) -> None:
        for stage in ("model", "scores"):
            (Path(env["REPRODUCE_BUILD"]) / "mine" / f"{stage}-1").mkdir()

    (tmp_path / "mine" / "data-1").mkdir(parents=True)
    prepared = SimpleNamespace(folder=tmp_path / "mine" / "data-1")
    monkeypatch.setattr(preparation, "prepare", lambda _: prepared)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(training, "train", lambda _: trained(0.1, 0.2, 0.3, 0.4))
    monkeypatch.setattr(training, "read", lambda _: trained(0.11, 0.2, 0.3, 0.37))
    ratios = {"mine": [0.1, 0.2, 0.9], "again": [0.3, 0.4, 1.1]}
    monkeypatch.setattr(scoring, "score", lambda _: pd.DataFrame({"size_ratio": ratios["mine"]}))
    monkeypatch.setattr(
        scoring, "read_table", lambda _: pd.DataFrame({"size_ratio": ratios["again"]})
    )
    (tmp_path / "artifact").mkdir()
    repetitions.make(
        Parameters(profile="mine"), tmp_path / "artifact", [repetitions.Setting("so", {}, 3)]
    )
    found = repetitions.read(tmp_path / "artifact")
    (again,) = found.runs
    assert (found.reference.last_loss, found.reference.mean_ratio) == pytest.approx((0.6, 0.4))
    assert (again.last_loss, again.mean_ratio) == pytest.approx((0.61, 0.6))
    assert again.greatest_difference == pytest.approx(0.03)
    assert (again.kernels, again.threads) == ("so", 3)
    assert again.weights != found.reference.weights


# ---------------------------------------------------------------------------- numbers of a run


def a_run() -> Run:
    """A run in which no two numbers are the same."""
    example = {
        "original_bytes": 1_000,
        "reconstruction_bytes": 800,
        "latent_clip_bytes": 130,
        "latent_stretch_bytes": 270,
        "size_ratio": 0.811,
        "psnr_db": 25.1,
        "ssim": 0.71,
        "attention_correlation": 0.021,
        "active_latent": 0.93,
        "latent_similarity": 0.41,
        "signed_attention_correlation": -0.032,
        "difference_contrast": 3.3,
    }
    test = {
        name: statistics.Summary(30, mean, mean / 7, mean - 0.01, mean + 0.02)
        for name, mean in {
            "size_ratio": 0.61,
            "psnr_db": 24.3,
            "attention_correlation": 0.051,
            "active_latent": 0.87,
            "ssim": 0.77,
        }.items()
    }
    values: dict[str, Any] = {
        "parameters": {"profile": "mine", "image_size": 64},
        "data": {
            "fingerprint": "a",
            "images": {"train": 80, "validation": 10, "test": 30},
            "images_per_class": {"train": {}, "validation": {}, "test": {}},
            "sizes": {"train": {"64x64": 70, "64x65": 10}, "validation": {"9x9": 10}}
            | {"test": {"64x64": 20, "65x64": 10}},
        },
        "weights": Path("weights"),
        "training": {
            "losses": (0.68, 0.64, 0.62),
            "loss_floor": 0.6,
            "epoch_seconds": (9.0, 5.0, 4.0),
            "seconds": 18.0,
            "peak_memory_bytes": 7,
            "psnr_db": 26.4,
        },
        "example": {"name": "it", **example},
        "test": test,
        "learned": True,
    }
    return Run(**values)


def test_each_quantity_of_a_run_is_the_number_of_its_name() -> None:
    run = a_run()
    vars(run)["model"] = {"parameters": 5_404, "encoder_poolings": 1}
    mid_grey = math.log(2)
    assert quantity.quantities(run) == pytest.approx(
        {
            "training_images": 80,
            "images_of_all_splits": 120,
            "share_of_image_size": 90 / 120,
            "model_parameters": 5_404,
            "model_encoder_poolings": 1,
            "first_loss": 0.68,
            "last_loss": 0.62,
            "loss_floor": 0.6,
            "removed_excess": (mid_grey - 0.62) / (mid_grey - 0.6),
            "original_bytes": 1_000,
            "reconstruction_bytes": 800,
            "reconstruction_ratio": 0.811,
            "latent_clip_bytes": 130,
            "latent_stretch_bytes": 270,
            "latent_clip_ratio": 0.13,
            "latent_stretch_ratio": 0.27,
            "latent_clip_to_output": 130 / 800,
            "latent_stretch_to_output": 270 / 800,
            "latent_similarity": 0.41,
            "difference_contrast": 3.3,
            "correlation": 0.021,
            "signed_correlation": -0.032,
            "test_images": 30,
            "mean_ratio": 0.61,
            "mean_psnr": 24.3,
            "psnr_lost_on_test": 26.4 - 24.3,
            "mean_correlation": 0.051,
            "active_latent": 0.87,
        }
    )


def test_png_sizes_and_mean_psnr_are_of_the_images_that_they_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = of_images(3)
    data.counts = dict.fromkeys(("train", "validation", "test"), 3)
    monkeypatch.setattr(preparation, "prepare", lambda _: data)
    assert scoring.make_png_sizes(Parameters(), tmp_path) == {"images": 9}
    table = pd.read_csv(tmp_path / "png-sizes.csv")
    assert table.to_dict("records") == [
        {"split": split, "name": f"{split}/{n}", "bytes": png_bytes(data.image(split, n))}
        for split in ("train", "validation", "test")
        for n in range(3)
    ]

    def reconstruct(_: Any, images: np.ndarray) -> np.ndarray:
        return np.asarray((images + 3.0 + 5 * images[0, 0, 0]) / 255)

    monkeypatch.setattr(model, "reconstruct", reconstruct)
    clipped = [np.clip(data.image("test", n) + 3.0 + 5 * n, 0, 255) for n in range(3)]
    expected = np.mean([psnr(data.image("test", n), clipped[n]) for n in (0, 2)])
    assert scoring.mean_psnr(None, data, "test", 2) == pytest.approx(expected)
