"""Codecs behind one interface: what goes in comes back, and more bytes give a better image."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from reproduce.measure import metrics
from reproduce.measure.rates import budget, codecs, interface
from reproduce.measure.rates.interface import Codec


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """A photograph of 160 x 192 grey levels."""
    with Image.open(Path(skimage.data.__file__).with_name("camera.png")) as image:
        return np.asarray(image.convert("L"))[100:260, 150:342]


@pytest.fixture(params=codecs.REFERENCES, ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    return request.param


def test_codecs_have_names_of_their_own_and_at_least_eight_qualities() -> None:
    assert len({codec.name for codec in codecs.REFERENCES}) == len(codecs.REFERENCES)
    assert {codec.name for codec in codecs.REFERENCES} == {
        *("JPEG", "WebP", "JPEG 2000", "AVIF", "AVIF for PSNR", "JPEG XL")
    }
    for codec in codecs.REFERENCES:
        assert len(codec.qualities) >= 8
        assert list(codec.qualities) == sorted(codec.qualities)
        assert codec.settings


def test_codecs_stand_in_the_order_of_their_age() -> None:
    names = [codec.name for codec in codecs.REFERENCES]
    assert names[0] == "JPEG"
    years = [codec.year for codec in codecs.REFERENCES]
    assert years == sorted(years)


def test_each_module_of_the_folder_holds_one(codec) -> None:
    assert codec in codecs.MODULES.values()
    assert set(codec.packages) <= {"pillow", "pillow-jxl-plugin"}


def test_an_encoder_is_told_what_its_settings_say(codec) -> None:
    told = {name.lower(): value for name, value in codec.options(40).items()}
    said = re.findall(r"\b([a-z]+) (\d+)(?=[,;]|$)", codec.settings)
    assert {name: told.get(name) for name, _ in said} == {name: int(n) for name, n in said}
    # And of what it is told, nothing is left unsaid but the quality and what goes without saying.
    numbers = {name for name, value in told.items() if type(value) is int and value > 1}
    assert numbers - {"quality"} == {name for name, _ in said}


def test_avif_is_told_what_to_tune_for(photograph) -> None:
    tuned, default = codecs.MODULES["avif_psnr"], codecs.MODULES["avif"]
    assert tuned.encode(photograph, 40) != default.encode(photograph, 40)


def test_a_greater_quality_gives_more_bytes_and_a_better_image(codec, photograph) -> None:
    low, high = codec.qualities[2], codec.qualities[-1]
    files = [codec.encode(photograph, quality) for quality in (low, high)]
    images = [codec.decode(data) for data in files]
    assert len(files[0]) < len(files[1]) / 2
    assert all(image.shape == photograph.shape and image.dtype == np.uint8 for image in images)
    worse, better = (metrics.psnr(photograph, image) for image in images)
    assert 20 < worse < better - 3


def test_the_bytes_are_those_of_a_file_of_that_format(codec, photograph, tmp_path) -> None:
    data = codec.encode(photograph, codec.qualities[3])
    (tmp_path / "image").write_bytes(data)
    assert (tmp_path / "image").stat().st_size == len(data)
    with Image.open(tmp_path / "image") as image:
        assert image.format == codec.form
        assert np.array_equal(np.asarray(image.convert("L")), codec.decode(data))


def test_another_formats_file_is_not_decoded(photograph) -> None:
    jpeg, webp = codecs.MODULES["jpeg"], codecs.MODULES["webp"]
    with pytest.raises(OSError, match="cannot identify"):
        webp.decode(jpeg.encode(photograph, 50))


def test_the_same_image_gives_the_same_bytes(codec, photograph) -> None:
    quality = codec.qualities[4]
    assert codec.encode(photograph, quality) == codec.encode(photograph.copy(), quality)


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (17, 31)])
def test_images_of_any_size_come_back_in_their_size(codec, shape) -> None:
    grey = np.full(shape, 130, np.uint8)
    decoded = codec.decode(codec.encode(grey, codec.qualities[-1]))
    assert decoded.shape == shape
    assert np.abs(decoded.astype(int) - 130).max() <= 3


def test_jpeg_is_told_its_quality(photograph) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photograph).save(buffer, "JPEG", quality=50, optimize=True, progressive=True)
    assert codecs.REFERENCES[0].encode(photograph, 50) == buffer.getvalue()


def test_the_nearest_file_to_a_rate_is_found(photograph) -> None:
    jpeg = codecs.REFERENCES[0]
    quality, data = interface.nearest(jpeg, photograph, 1.0)
    distances = {
        other: abs(np.log(8 * len(jpeg.encode(photograph, other)) / photograph.size))
        for other in jpeg.qualities
    }
    assert distances[quality] == min(distances.values())
    assert data == jpeg.encode(photograph, quality)


def test_the_best_file_within_a_budget_is_the_largest_that_fits(photograph) -> None:
    jpeg = codecs.MODULES["jpeg"]
    image = photograph[:64, :64]
    sizes = [len(jpeg.encode(image, quality)) for quality in budget.WHOLE_QUALITIES]
    for most in (sizes[40], sizes[40] + 1, sizes[-1] + 1000):
        best = budget.best_within(jpeg, image, most)
        assert len(best) == max(size for size in sizes if size <= most)
    assert len(budget.best_within(jpeg, image, 1)) == sizes[0]
