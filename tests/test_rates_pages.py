"""Tables and plots of rate and distortion, from small tables."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skimage.data
from PIL import Image

from reproduce.chapters import rates
from reproduce.chapters.crops import at_points
from reproduce.chapters.points import Plot
from reproduce.core.parameters import Parameters
from reproduce.measure import metrics, stages
from reproduce.measure.metrics import METRICS
from reproduce.measure.rates import codecs, curves, measurement
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.results import record
from reproduce.results.studies import Trial

CURVES = {
    AUTOENCODER: [(0.2, 20.0), (0.4, 25.0), (0.8, 26.0)],
    "JPEG": [(0.1, 20.0), (0.3, 26.0), (1.5, 36.0)],
    "new": [(0.05, 37.0), (0.1, 38.0), (0.2, 39.0)],
}


@pytest.fixture
def points() -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for codec, pairs in CURVES.items():
        for quality, (bpp, decibels) in enumerate(pairs, start=1):
            row: dict[str, Any] = {"codec": codec, "quality": 2**quality, "bpp": bpp}
            for metric in METRICS:
                value = decibels if metric.name == "psnr_db" else decibels / 40
                row |= {metric.name: value, f"{metric.name}_low": value * 0.99}
                row[f"{metric.name}_high"] = value * 1.01
            rows.append(row)
    return pd.DataFrame(rows)


def rows_of(text: str) -> list[list[str]]:
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in [*lines[:1], *lines[2:]]
    ]


def test_bd_rates_are_shown_with_their_overlap_and_a_warning_where_it_is_small(points) -> None:
    head, own, new = rows_of(rates.bd_rates(points))
    assert head == ["codec", "PSNR (dB)", "SSIM", "MS-SSIM"]
    found = curves.bd_rate(points, AUTOENCODER, "psnr_db")
    assert found.overlap == pytest.approx(6 / 16)
    assert own[:2] == [AUTOENCODER, f"⚠ {found.percent:+.1f} %, overlap 38 %"]
    assert new[:2] == ["new", "–, no overlap"]


def test_a_number_in_prose_has_its_sign_and_is_a_dash_if_there_is_none() -> None:
    assert [rates.signed(value) for value in (41.2, -4.03, math.nan)] == ["+41", "-4", "–"]


def test_qualities_at_equal_rates(points) -> None:
    head, own, jpeg, new = rows_of(rates.at_rates(points, [0.1, 0.2, 0.4]))
    assert head[1:] == ["0.1 bpp", "0.2 bpp", "0.4 bpp"]
    assert own == [AUTOENCODER, "–", "20.00", "25.00"]
    assert jpeg[:2] == ["JPEG", "20.00"]
    assert new == ["new", "38.00", "39.00", "–"]


def test_steps_are_those_of_the_model_alone(points) -> None:
    _, *rows = rows_of(rates.steps(points))
    assert [row[:3] for row in rows] == [
        ["1/2", "0.200", "20.00"],
        ["1/4", "0.400", "25.00"],
        ["1/8", "0.800", "26.00"],
    ]


def test_times_are_those_of_the_quality_nearest_to_the_rate(points) -> None:
    measured = points[["codec", "quality"]].assign(
        encode_seconds=points["bpp"], decode_seconds=points["psnr_db"] / 1000
    )
    _, own, jpeg, new = rows_of(rates.times(measured, points, 0.4))
    assert own == [AUTOENCODER, "0.40", "400.0", "25.0"]
    assert jpeg == ["JPEG", "0.30", "300.0", "26.0"]
    assert new == ["new", "0.20", "200.0", "39.0"]


def test_times_are_told_beside_those_of_jpeg_and_of_what_is_slower(points) -> None:
    measured = points[["codec", "quality"]].assign(
        encode_seconds=points["bpp"], decode_seconds=points["psnr_db"] / 1000
    )
    assert rates.slower_than_the_model(measured, points, 0.4) == (
        "To encode an image the model takes 400.0 ms and JPEG 300.0 ms; none takes longer than the "
        "model. To decode an image the model takes 25.0 ms and JPEG 26.0 ms; JPEG and new take "
        "longer than the model."
    )


def test_settings_are_told_of_each_codec() -> None:
    _, *rows = rows_of(rates.settings(codecs.REFERENCES))
    assert [row[0] for row in rows] == [codec.name for codec in codecs.REFERENCES]
    assert rows[0][2].startswith("1, 4, 7, 10")


def test_each_metric_has_a_panel_with_a_line_and_a_band_for_each_codec(points) -> None:
    figure = rates.rate_distortion(points)
    assert [axes.get_ylabel() for axes in figure.axes] == [metric.label for metric in METRICS]
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines] == [AUTOENCODER, "JPEG", "new"]
        assert len(axes.collections) == 3
    for line, pairs in zip(figure.axes[0].lines, CURVES.values(), strict=True):
        xs, ys = np.asarray(line.get_data())
        assert list(zip(xs, ys, strict=True)) == pairs


@pytest.mark.parametrize("is_share", [True, False])
def test_one_more_metric_joins_tables_and_plots(
    points, monkeypatch: pytest.MonkeyPatch, is_share: bool
) -> None:
    more = metrics.Metric("more", "more", lambda *_: 0.0, is_share)
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, more))
    scale = 1 / 40 if is_share else 1.0
    for end in ("", "_low", "_high"):
        points[f"more{end}"] = points[f"psnr_db{end}"] * scale
    figure = rates.rate_distortion(points)
    assert [axes.get_ylabel() for axes in figure.axes][-1] == "more"
    assert len(figure.axes) == 4
    expected = points[points["codec"] == "JPEG"]["more"]
    drawn = figure.axes[-1].lines[1].get_ydata()
    assert drawn == pytest.approx(-10 * np.log10(1 - expected) if is_share else expected)
    head, *rows = rows_of(rates.bd_rates(points))
    assert head[-1] == "more"
    assert rows[0][-1] == rows[0][2 if is_share else 1]


def test_bd_rates_of_images_are_shown_with_how_many_have_one() -> None:
    curves_of = {"a": (1.0, 0.0), "b": (2.0, 3.0), "c": (1.5, 90.0)}  # c shares no quality
    rows = [
        {"image": image, "size": "full", "codec": codec, "quality": number, "bpp": rate * times}
        | {metric.name: value / (1 if metric.name == "psnr_db" else 100) for metric in METRICS}
        for image, (times_own, shift) in curves_of.items()
        for codec, times, more in ((AUTOENCODER, times_own, shift), ("JPEG", 1.0, 0.0))
        for number, (rate, value) in enumerate(
            [(0.1, 20 + more), (0.2, 25 + more), (0.4, 30 + more)]
        )
        if value < 100
    ]
    table = pd.DataFrame(rows)
    found = curves.bd_rate_of_images(table, AUTOENCODER, "psnr_db")
    each = [
        curves.bd_rate(table[table["image"] == image], AUTOENCODER, "psnr_db").percent
        for image in ("a", "b")
    ]
    assert each[0] == pytest.approx(0, abs=1e-6)
    assert found.percent == pytest.approx(np.mean(each))
    assert found.images == 2
    head, own = rows_of(rates.bd_rates_of_images(table))
    assert head[:2] == ["codec", "PSNR (dB)"]
    assert own[:2] == [AUTOENCODER, f"{np.mean(each):+.1f} %, 2 of 3 images"]

    half = table.assign(size="half")
    half.loc[half["codec"] == AUTOENCODER, "bpp"] *= 3
    both = pd.concat([table, half])
    assert curves.bd_rate_of_images(both, AUTOENCODER, "psnr_db") == found
    times_three = pytest.approx(100 * (3 * (1 + np.array(each) / 100) - 1).mean())
    assert curves.bd_rate_of_images(both, AUTOENCODER, "psnr_db", "half").percent == times_three


def told(figure: Plot) -> list[str]:
    """What all points say."""
    return [point["text"] for curve in figure.told()["curves"] for point in curve["points"]]


def test_each_point_says_setting_rate_and_quality_as_the_tables_do(points) -> None:
    said = told(rates.rate_distortion(points))
    assert len(said) == len(points) * len(METRICS)
    _, *rows = rows_of(rates.steps(points))
    for step, bits, psnr, *shares in rows:
        start = f"{AUTOENCODER}, step {step}: {bits} bits per pixel"
        assert f"{start}, {psnr} dB PSNR" in said
        assert f"{start}, SSIM {shares[0]}" in said
        assert f"{start}, MS-SSIM {shares[1]}" in said
    assert "JPEG, quality 4: 0.300 bits per pixel, 26.00 dB PSNR" in said


def test_points_of_two_sizes_say_of_which_they_are(points) -> None:
    said = told(rates.at_both_sizes(points, points.assign(psnr_db=points["psnr_db"] - 5)))
    assert "JPEG, quality 8, full size: 1.500 bits per pixel, 36.00 dB PSNR" in said
    assert "JPEG, quality 8, half size: 1.500 bits per pixel, 31.00 dB PSNR" in said


def test_points_beyond_the_plot_are_not_told(points) -> None:
    far = points.assign(bpp=points["bpp"] * 2)
    said = told(rates.rate_distortion(far))
    assert not [text for text in said if text.startswith("JPEG, quality 8")]
    assert [text for text in said if text.startswith("JPEG, quality 4")]


def test_points_of_a_plot_with_crops_have_those_of_their_codec(points) -> None:
    image = (np.arange(48 * 48) % 251).astype(np.uint8).reshape(48, 48)
    crops = at_points([codecs.MODULES["jpeg"]], image, "sheet", side=8)
    curves_told = rates.rate_distortion(points, crops=crops).told()["curves"]
    for curve in curves_told:
        expected = crops.nearest("JPEG", [2, 4, 8]) if curve["name"] == "JPEG" else [None] * 3
        assert [point.get("crop") for point in curve["points"]] == expected


def test_codecs_without_a_style_of_their_own_get_different_ones(points) -> None:
    named = [points[points["codec"] == "new"].assign(codec=name) for name in ("a", "b", "c", "d")]
    figure = rates.rate_distortion(pd.concat(named))
    styles = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines[:3]}
    assert len(styles) == 3


def test_sizes_stand_side_by_side_on_one_scale(points) -> None:
    figure = rates.at_both_sizes(points, points.assign(psnr_db=points["psnr_db"] - 5))
    full, half = figure.axes
    assert (full.get_title(), half.get_title()) == ("full size", "half size")
    assert full.get_ylim() == half.get_ylim()
    starts = [np.asarray(axes.lines[0].get_ydata())[0] for axes in (full, half)]
    assert starts[1] == starts[0] - 5


def test_alternative_texts_say_how_far_curves_get(points) -> None:
    at_best = curves.quality_at(points, "JPEG", "psnr_db", 0.8)
    others = f"JPEG has {at_best:.2f}"
    alt = rates.rate_distortion(points).alt
    assert "The best of autoencoder is 26.00 dB PSNR, at 0.80 bits per pixel" in alt
    assert others in alt
    assert "new has" not in alt, "its curve does not reach that rate"
    half = points.assign(psnr_db=points["psnr_db"] - 5)
    assert "At half size: The best of autoencoder is 21.00" in rates.at_both_sizes(points, half).alt
    trial = Trial("none", 0.6, 1.0, 0.1, ({"bpp": 2, "psnr_db": 5}, {"bpp": 3, "psnr_db": 7}), 4)
    alt = rates.trained_with_quantisation([trial]).alt
    assert "none, 7.00 dB at 3.00 bits per pixel" in alt


def test_crops_show_the_middle_of_the_original_and_of_each_codec() -> None:
    with Image.open(Path(skimage.data.__file__).with_name("camera.png")) as photograph:
        image = np.asarray(photograph.convert("L"))[:64, :80]
    figure = rates.crops([codecs.MODULES["jpeg"], codecs.MODULES["webp"]], image, 1.0, side=32)
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    assert [picture.shape for picture in shown] == [(32, 32)] * 3
    assert np.array_equal(shown[0], image[16:48, 24:56])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == "original"
    assert [title.splitlines()[0] for title in titles[1:3]] == ["JPEG", "WebP"]
    assert all(title.replace("\n", ", ") in figure.alt for title in titles[1:3])


def test_each_trial_is_a_curve_with_what_was_done_as_its_name() -> None:
    noisy = Trial("noise, step 1/2", 0.6, 2.0, 0.1, ({"bpp": 1.0, "psnr_db": 20.0},), 4)
    plain = Trial("none", 0.6, 1.0, 0.1, ({"bpp": 2, "psnr_db": 5}, {"bpp": 3, "psnr_db": 7}), 4)
    figure = rates.trained_with_quantisation([noisy, plain])
    drawn = {
        str(line.get_label()): np.asarray(line.get_xydata()).tolist()
        for line in figure.axes[0].lines
    }
    assert drawn == {"noise, step 1/2": [[1, 20]], "none": [[2, 5], [3, 7]]}
    assert plain.best_psnr == 7
    assert "noise, step 1/2: 1.000 bits per pixel, 20.00 dB PSNR" in told(figure)


def test_the_order_of_codecs_is_told_by_what_is_measured(points) -> None:
    first, second, *_ = (name for name in curves.names(points) if name != curves.ANCHOR)
    assert rates.order_at_both_sizes(points, points) == "the order stays"
    exchanged = points.assign(codec=points["codec"].replace({first: second, second: first}))
    said, _, rest = rates.order_at_both_sizes(points, exchanged).partition(" change places")
    assert rest == ", and the others stay"
    assert set(said.split(" and ")) == {first, second}


def test_an_interval_that_reaches_beyond_one_is_cut(points) -> None:
    perfect = points.assign(ssim=0.9999, ssim_high=1.01, ssim_low=0.999)
    figure = rates.rate_distortion(perfect)
    assert all(math.isfinite(value) for value in figure.axes[1].get_ylim())


def test_what_half_size_changes_is_told_by_the_numbers() -> None:
    recorded = measurement.read(record.folders(stages.CODECS, stages.RATES))
    full, half = curves.means(recorded), curves.means(recorded, "half")
    lines = rates.leads_at_both_sizes(full, half).splitlines()
    assert [line.split("**")[1] for line in lines] == [f"{m.label}:" for m in metrics.METRICS]
    for line, metric in zip(lines, metrics.METRICS, strict=True):
        fewer, _, more = line.partition("more: ")
        for name in curves.names(full):
            if name == curves.ANCHOR:
                continue
            one, other = (curves.bd_rate(p, name, metric.name).percent for p in (full, half))
            told = f"{name} ({one:+.0f} → {other:+.0f})"
            assert told in (fewer if other < one else more)
    same = rates.leads_at_both_sizes(full, full)
    assert "fewer bytes" not in same


@pytest.mark.parametrize(("side", "told"), [(128, True), (500, False)])
def test_of_headers_is_spoken_where_images_are_small(side: int, told: bool) -> None:
    text = rates.on_headers(Parameters(image_size=side))
    assert bool(text) == told
    assert not told or f"{side} × {side}" in text
