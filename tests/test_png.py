"""Compression: grey levels, the two readings of the latent, and bytes as the paper counts them."""

import io

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from reproduce.data import pixels
from reproduce.measure import png

grey_images = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=20))
numbers = st.floats(-2, 3, width=32)
latents = arrays(np.float32, (4, 5), elements=st.floats(0, 1000, width=32))


@given(grey_images)
def test_a_png_holds_exactly_the_image(image):
    with Image.open(io.BytesIO(png.png(image))) as decoded:
        assert (decoded.format, decoded.mode) == ("PNG", "L")
        assert np.array_equal(np.asarray(decoded), image)


@given(grey_images)
def test_a_png_is_what_pillow_writes_by_default(image):
    buffer = io.BytesIO()
    Image.fromarray(image, "L").save(buffer, "png")
    assert png.png(image) == buffer.getvalue()


def test_a_png_file_that_pillow_saves_by_its_name_has_as_many_bytes(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "image.png")
    assert len(png.png(image)) == (tmp_path / "image.png").stat().st_size


def test_an_image_of_one_grey_level_takes_fewer_bytes_than_noise():
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    assert len(png.png(noise)) > 1600 > len(png.png(np.full_like(noise, 128)))


@given(arrays(np.float32, 20, elements=numbers))
def test_greater_values_never_get_a_lower_grey_level(values):
    levels = pixels.to_grey_levels(np.sort(values))
    assert levels.dtype == np.uint8
    assert np.all(np.diff(levels.astype(int)) >= 0)


@given(arrays(np.float32, 20, elements=st.floats(0, 1, width=32)))
def test_a_value_gets_the_nearest_grey_level(values):
    levels = pixels.to_grey_levels(values).astype(np.float64)
    assert np.all(np.abs(levels - values.astype(np.float64) * 255) <= 0.5 + 1e-4)


@pytest.mark.parametrize(
    ("value", "level"),
    [(-np.inf, 0), (-1.0, 0), (0.0, 0), (1.0, 255), (1.5, 255), (255.0, 255), (np.inf, 255)],
)
def test_values_beyond_black_and_white_are_clipped(value, level):
    assert pixels.to_grey_levels(np.array([value])).tolist() == [level]


def test_grey_levels_come_back_from_the_unit_range_unchanged():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    unit = pixels.to_unit_range(levels)[..., 0]
    assert np.array_equal(pixels.to_grey_levels(unit), levels)


def test_the_reading_clip_shows_a_latent_like_a_reconstruction():
    latent = np.array([[0, 0.5], [1, 7]], dtype=np.float32)
    assert png.latent_image(latent, "clip").tolist() == [[0, 128], [255, 255]]


def test_the_reading_stretch_spreads_a_latent_from_black_to_white():
    latent = np.array([[1, 2], [3, 6]], dtype=np.float32)
    assert png.latent_image(latent, "stretch").tolist() == [[0, 51], [102, 255]]


@given(latents)
def test_any_latent_that_is_not_constant_is_stretched_to_the_whole_range(latent):
    assume(np.ptp(latent) > 0)
    image = png.latent_image(latent, "stretch")
    assert (image.min(), image.max()) == (0, 255)


@given(latents, st.sampled_from([0.25, 0.5, 2, 4]))
def test_the_reading_stretch_does_not_depend_on_the_scale_of_the_latent(latent, scale):
    assume(np.ptp(latent) > 1e-6)
    scaled = png.latent_image(latent * np.float32(scale), "stretch")
    assert np.array_equal(scaled, png.latent_image(latent, "stretch"))


@pytest.mark.parametrize("value", [0.0, 0.3, 5.0])
@pytest.mark.filterwarnings("error")
def test_a_constant_latent_is_stretched_to_black(value):
    latent = np.full((3, 3), value, dtype=np.float32)
    assert png.latent_image(latent, "stretch").tolist() == np.zeros((3, 3)).tolist()


@pytest.mark.parametrize(
    ("output_bytes", "ratio"), [(120_902, 0.5894466898411104), (55_945, 0.27275475230484957)]
)
def test_the_size_ratio_is_the_one_of_the_papers_figures_10_and_12(output_bytes, ratio):
    assert png.size_ratio(output_bytes, 205_111) == ratio
