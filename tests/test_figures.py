"""Figures: what they show is what they were given."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reproduce.chapters import compression_size, dataset, pictures, results, training
from reproduce.chapters import model as model_chapter
from reproduce.core.backend import keras
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.models import description
from reproduce.results import reported
from tests.conftest import slow


def shown(figure: Figure, axes: int = 0) -> np.ndarray:
    return np.asarray(figure.axes[axes].images[0].get_array())


def rendered(figure: Figure) -> np.ndarray:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return np.asarray(Image.open(buffer).convert("L"))


def test_a_picture_is_shown_as_it_is_neither_scaled_nor_stretched() -> None:
    levels = np.random.default_rng(0).integers(90, 110, (20, 30)).astype(np.uint8)
    shown = Image.open(io.BytesIO(pictures.Picture(levels, "")._repr_png_()))
    np.testing.assert_array_equal(np.asarray(shown), levels)


def test_the_difference_keeps_its_sign_on_a_scale_symmetric_about_zero() -> None:
    difference = np.array([[0.2, -0.5], [0.0, 0.1]])
    figure = results.difference_picture(difference)
    np.testing.assert_array_equal(shown(figure), difference)
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high
    assert 0.45 < high <= 0.5
    assert len(figure.axes) == 2, "the colour bar is missing"


def test_the_attention_map_is_shown_before_the_inversion_with_a_colour_bar() -> None:
    attention = np.array([[0.1, 0.9], [0.4, 0.6]])
    figure = results.attention_picture(attention)
    np.testing.assert_array_equal(shown(figure), attention)
    assert len(figure.axes) == 2


@pytest.mark.parametrize("value", [0.7, *slow(0.0)])
def test_constant_values_can_be_shown(value: float) -> None:
    for draw in (
        results.difference_picture,
        results.attention_picture,
        results.latent_picture,
    ):
        rendered(draw(np.full((4, 4), value)))


def test_the_architecture_names_every_layer_with_its_shape() -> None:
    autoencoder = model.build(0)
    figure = model_chapter.draw(autoencoder, 500)
    texts = [text.get_text() for text in figure.axes[0].texts]
    for layer in description.stock_layers(autoencoder):
        assert any(text.startswith(layer.name.replace("_", " ") + "\n") for text in texts)
    assert any("500 × 500 × 32" in text for text in texts)
    assert any("250 × 250 × 1" in text for text in texts)
    assert {"encoder", "attention", "decoder"} <= set(texts)


def test_the_architecture_shows_the_layers_of_the_paper_in_the_order_of_the_data() -> None:
    layers = description.stock_layers(model.build(0))
    kinds = [type(layer).__name__ for layer in layers]
    encoder = ["Conv2D", "MaxPooling2D", "Conv2D", "Conv2D"]
    attention = ["Conv2D", "Invert", "Multiply"]
    decoder = ["Conv2D", "UpSampling2D", "Conv2D", "CropToImage", "Activation"]
    assert kinds == ["InputLayer", *encoder, *attention, *decoder]
    filters = [layer.filters for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert filters == [32, 16, 1, 1, 16, 1]


@pytest.mark.parametrize("size", [9, 16])
def test_the_layer_shapes_are_those_of_real_outputs(size: int) -> None:
    autoencoder = model.build(0)
    shapes = description.output_shapes(autoencoder, size)
    image = np.zeros((1, size, size, 1), np.float32)
    latent = model.encode(autoencoder, image)
    assert shapes["latent"] == shapes["weighted_latent"] == latent.shape[1:]
    assert shapes["attention_map"] == model.attend(autoencoder, latent).shape[1:]
    assert shapes["reconstruction"] == model.decode(autoencoder, latent).shape[1:]
    assert shapes["crop"] == np.shape(autoencoder(image))[1:]


def test_the_training_curve_shows_losses_floor_and_excess() -> None:
    figure = training.training_curve([0.7, 0.65], 0.6)
    loss, excess = figure.axes
    np.testing.assert_allclose(np.asarray(loss.lines[0].get_ydata()), [0.7, 0.65])
    np.testing.assert_allclose(np.asarray(loss.lines[1].get_ydata()), [0.6, 0.6])
    np.testing.assert_allclose(np.asarray(excess.lines[0].get_ydata()), [0.1, 0.05])


def test_points_of_training_say_what_the_table_does() -> None:
    losses, floor = [0.71234, 0.65432], 0.6
    figure = training.training_curve(losses, floor)
    loss, excess = ([point["text"] for point in c["points"]] for c in figure.told()["curves"])
    assert loss == ["epoch 1: loss 0.7123", "epoch 2: loss 0.6543"]
    assert excess == ["epoch 1: 0.1123 above the floor", "epoch 2: 0.0543 above the floor"]
    table = training.loss_per_epoch(losses, floor)
    assert all(number in table for number in ("0.7123", "0.6543", "0.1123", "0.0543"))


def test_the_times_of_epochs_are_told_in_a_sentence() -> None:
    told = training.epoch_times([3.04, 2.0, 9.0, 1.0])
    assert "first epoch took 3.0 seconds" in told
    assert "others 2.0 seconds" in told
    assert training.epoch_times([3.04]) == "The one epoch took 3.0 seconds"


def test_the_histogram_of_ratios_holds_all_images_and_both_means() -> None:
    scores = pd.DataFrame({"size_ratio": np.linspace(0.5, 0.9, 40)})
    axes = compression_size.ratio_histogram(scores).axes[0]
    assert sum(bar.get_height() for bar in axes.containers[0]) == 40
    places = [np.asarray(line.get_xdata())[0] for line in axes.lines]
    assert places[:2] == pytest.approx([0.7, reported.MEAN_RATIO])


def test_the_histogram_of_a_single_ratio_has_no_interval_and_nothing_below_0() -> None:
    figure = compression_size.ratio_histogram(pd.DataFrame({"size_ratio": [0.09]}))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_xlim()[0] >= -0.1
    assert sum(bar.get_height() for bar in axes.containers[0]) == 1
    legend = axes.get_legend()
    assert legend is not None
    assert not [text for text in legend.get_texts() if "interval" in text.get_text()]


@pytest.mark.parametrize(
    ("ratios", "titles"),
    [
        ([0.5], ["least: 0.50\ntest 0"]),
        ([0.5, 0.4], ["least: 0.40\ntest 1", "greatest: 0.50\ntest 0"]),
        (
            [0.5, 0.4, 0.6],
            ["least: 0.40\ntest 1", "least: 0.50\ntest 0", "greatest: 0.60\ntest 2"],
        ),
    ],
)
def test_of_few_images_each_is_shown_once(
    small_run: SimpleNamespace, ratios: list[float], titles: list[str]
) -> None:
    data, autoencoder = small_run.data, small_run.trained.autoencoder
    figure = compression_size.best_and_worst(
        data, autoencoder, pd.DataFrame({"size_ratio": ratios})
    )
    assert [axes.get_title() for axes in figure.axes[: len(ratios)]] == titles
    assert "right" not in figure.alt or len(ratios) > 1


def test_the_grey_histogram_shows_shares_of_each_split(small_run: SimpleNamespace) -> None:
    axes = dataset.grey_histogram(small_run.data).axes[0]
    assert len(axes.lines) == 3
    for line in axes.lines:
        assert np.sum(line.get_ydata()) == pytest.approx(100)


def test_samples_come_from_each_class(small_run: SimpleNamespace) -> None:
    figure = dataset.class_samples(small_run.data, per_class=3)
    labels = small_run.data.labels("train")
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == 6
    for row, label in ((titles[:3], 0), (titles[3:], 1)):
        assert all(labels[int(title.split()[1])] == label for title in row)


def test_best_and_worst_are_the_extremes_of_the_table(small_run: SimpleNamespace) -> None:
    scores = pd.DataFrame({"size_ratio": [0.9, 0.2, 1.4, 0.5]})
    figure = compression_size.best_and_worst(
        small_run.data, small_run.trained.autoencoder, scores, count=1
    )
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == "least: 0.20\ntest 1"
    assert titles[1] == "greatest: 1.40\ntest 2"
    np.testing.assert_array_equal(shown(figure, 0), small_run.data.image("test", 1))


def test_attention_and_difference_are_set_against_each_other(small_run: SimpleNamespace) -> None:
    image = small_run.data.image("test", 0)
    example = Subject(small_run.trained.autoencoder, image, "")
    cells = results.attention_against_difference(example).axes[0].collections[0]
    assert np.sum(np.asarray(cells.get_array())) == image.size


def test_two_pictures_lie_side_by_side_pixel_by_pixel() -> None:
    left, right = np.full((4, 6), 10, np.uint8), np.full((4, 6), 20, np.uint8)
    picture = pictures.side_by_side({"dark": left, "light": right}, "what is seen")
    shown = np.asarray(Image.open(io.BytesIO(picture._repr_png_())))
    np.testing.assert_array_equal(shown, np.hstack([left, right]))
    assert picture.alt == "dark | light: what is seen"


def test_a_grid_has_white_between_its_pictures_and_none_around() -> None:
    shown = [[np.full((4, 6), 10 * row + column, np.uint8) for column in (1, 2)] for row in (1, 2)]
    pixels = pictures.grid(shown, "", gap=3).pixels
    assert pixels.shape == (4 + 3 + 4, 6 + 3 + 6)
    assert (pixels[:4, :6] == 11).all()
    assert (pixels[:4, 9:] == 12).all()
    assert (pixels[7:, 9:] == 22).all()
    assert (pixels[4:7] == 255).all()


def test_a_model_without_a_map_has_no_picture_of_one() -> None:
    for name, panels in (("paper", 5), ("no-attention", 4)):
        subject = Subject(model.build(0, name), np.full((16, 16), 90, np.uint8))
        titles = [axes.get_title() for axes in results.this_run(subject).axes]
        assert len(titles) == panels
        assert ("attention" in titles) == (name == "paper")
