"""Points that plots tell, and crops at them: where they are drawn, and what they say."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from reproduce.chapters import crops, style
from reproduce.chapters.points import Plot
from reproduce.core.outputs import ALT, POINTS
from reproduce.measure import metrics
from reproduce.measure.rates.autoencoder import AUTOENCODER
from reproduce.measure.rates.codecs import MODULES

COLOURS = ("#ff0000", "#00ff00", "#0000ff")
XS, YS = (1.0, 7.0, 40.0), (3.0, 90.0, 11.0)


@pytest.fixture(autouse=True)
def book_style() -> Iterator[None]:
    """The style in which the book draws."""
    with rc_context():
        style.use_style()
        yield


def draw(figure: Figure, scales: Sequence[str] = ("linear", "linear")) -> None:
    """Draw two plots, of which the second has a dot of each colour on a line that is unseen."""
    _, axes = figure.subplots(1, 2)
    (line,) = axes.plot(XS, YS, lw=0, label="dots")
    axes.scatter(XS, YS, s=60, c=COLOURS, lw=0, zorder=9)
    axes.set(xscale=scales[0], yscale=scales[1], xlabel="a label", ylabel="another")
    if isinstance(figure, Plot):
        figure.tell(line, "dots", ["red", "green", "blue"])


def shown(figure: Figure) -> bytes:
    """The picture as a notebook has it."""
    picture = print_figure(figure)
    assert isinstance(picture, bytes)
    return picture


@pytest.mark.parametrize("scales", [("linear", "linear"), ("log", "linear"), ("log", "log")])
def test_a_point_lies_where_the_picture_of_a_notebook_has_it(scales: tuple[str, str]) -> None:
    figure = Plot(figsize=(6, 3))
    draw(figure, scales)
    (curve,) = figure.told()["curves"]
    assert curve["name"] == "dots"
    assert [point["text"] for point in curve["points"]] == ["red", "green", "blue"]
    pixels = np.asarray(Image.open(io.BytesIO(shown(figure))).convert("RGB"), np.int16)
    for colour, point in zip(np.eye(3) * 255, curve["points"], strict=True):
        rows, columns = np.nonzero(np.abs(pixels - colour).max(axis=-1) < 40)
        assert len(rows) > 40
        height, width = pixels.shape[:2]
        assert point["x"] * width == pytest.approx(columns.mean() + 0.5, abs=1)
        assert point["y"] * height == pytest.approx(rows.mean() + 0.5, abs=1)


def test_a_picture_is_the_same_with_its_points_told_and_without() -> None:
    plain, telling = Figure(), Plot()
    for figure in (plain, telling):
        draw(figure)
    telling.told()
    assert shown(telling) == shown(plain)


def test_what_is_beyond_the_axes_or_nowhere_is_not_told_and_what_is_on_their_edge_is() -> None:
    figure = Plot()
    axes = figure.subplots()
    (line,) = axes.plot([0, 1, 2, 3, 1.5], [0, 5, np.nan, 7, 99])
    axes.set(xlim=(0, 2.5), ylim=(0, 10))
    figure.tell(line, "line", ["on the edge", "inside", "nowhere", "beyond", "above"])
    (curve,) = figure.told()["curves"]
    assert [point["text"] for point in curve["points"]] == ["on the edge", "inside"]


def test_a_curve_that_is_not_seen_at_all_is_left_out() -> None:
    figure = Plot()
    axes = figure.subplots()
    for place, name in ((1, "seen"), (9, "beyond")):
        figure.tell(axes.plot([place], [1])[0], name, ["a point"])
    axes.set_xlim(0, 2)
    assert [curve["name"] for curve in figure.told()["curves"]] == ["seen"]


def test_as_many_texts_as_points_are_told() -> None:
    figure = Plot()
    (line,) = figure.subplots().plot([1, 2], [3, 4])
    with pytest.raises(ValueError, match="3 texts for 2 points"):
        figure.tell(line, "line", ["one", "two", "three"])


def test_a_notebook_has_the_points_as_metadata_of_the_picture() -> None:
    figure = Plot()
    draw(figure)
    figure.alt = "what is seen"
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(Figure, print_figure)  # as %matplotlib inline does
    data, metadata = formatter.format(figure)
    assert data.keys() == {"image/png", "text/plain"}
    assert metadata == {"image/png": {ALT: "what is seen", POINTS: figure.told()}}


# ------------------------------------------------------------------------------------------ crops


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    y, x = np.mgrid[:64, :64]
    return (128 + 100 * np.sin(x * y / 150)).astype(np.uint8)


@pytest.fixture(scope="module")
def made(image: np.ndarray) -> crops.Crops:
    return crops.at_points([MODULES["jpeg"], MODULES["webp"]], image, "the-sheet", side=16, every=4)


def test_each_crop_lies_in_the_sheet_where_it_is_told(made: crops.Crops, image: np.ndarray) -> None:
    told = made.told()
    assert (told["figure"], told["side"]) == ("the-sheet", 16)
    expected = [made.original, *(crop.pixels for row in made.rows for crop in row)]
    assert np.array_equal(made.original, image[24:40, 24:40])
    for crop, pixels in zip(told["crops"], expected, strict=True):
        rows, columns = (slice(crop[edge], crop[edge] + 16) for edge in ("top", "left"))
        np.testing.assert_array_equal(crops.sheet(made).pixels[rows, columns], pixels)


def test_a_crops_text_has_the_bytes_and_the_psnr_of_its_file(
    made: crops.Crops, image: np.ndarray
) -> None:
    jpeg = MODULES["jpeg"]
    data = jpeg.encode(image, 15)
    decoded = jpeg.decode(data)
    (crop,) = (crop for crop in made.rows[0] if crop.quality == 15)
    np.testing.assert_array_equal(crop.pixels, decoded[24:40, 24:40])
    bits, decibels = 8 * len(data) / 64**2, metrics.psnr(image, decoded)
    assert crop.text == (
        f"JPEG, quality 15: {len(data):,} bytes, {bits:.2f} bits per pixel, {decibels:.2f} dB PSNR"
    )


def test_a_point_has_the_nearest_crop_of_its_own_codec(made: crops.Crops) -> None:
    jpeg, webp = MODULES["jpeg"], MODULES["webp"]
    told = made.told()["crops"]
    for codec in (jpeg, webp):
        numbers = made.nearest(codec.name, codec.qualities)
        for place, (number, quality) in enumerate(zip(numbers, codec.qualities, strict=True)):
            assert number is not None
            of = told[number]["text"].partition(":")[0]
            assert of.startswith(codec.name)
            if place % 4 == 0:
                assert of == crops.setting(codec.name, quality)
    assert made.nearest("JPEG", jpeg.qualities)[:5] == [1, 1, 1, 2, 2]
    assert made.nearest("another", [1, 2]) == [None, None]


def test_a_setting_is_a_step_of_the_autoencoder_and_a_quality_of_others() -> None:
    assert crops.setting(AUTOENCODER, 4.0) == f"{AUTOENCODER}, step 1/4"
    assert crops.setting(AUTOENCODER, 1) == f"{AUTOENCODER}, step 1"
    assert crops.setting("JPEG 2000", 0.5) == "JPEG 2000, quality 0.5"


def test_only_a_plot_with_crops_tells_of_them(made: crops.Crops) -> None:
    figure = Plot()
    draw(figure)
    assert "crops" not in figure.told()
    figure.crops = made
    assert figure.told()["crops"] == made.told()
    assert "crop" not in figure.told()["curves"][0]["points"][0]
