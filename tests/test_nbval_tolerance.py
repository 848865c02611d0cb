"""The comparison of stored and new outputs: what may differ, and what may not."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.nbval_tolerance import TolerantPicture, TolerantText, is_picture


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("mean 0.71241549", "mean 0.71241601"),
        ("| 6,639 |", "| 6,641 |"),
        ("|  9.99 |\n|------:|", "| 10.00 |\n|-------:|"),
        ("loss −0.5000", "loss −0.5001"),
        ("1e-05", "2e-05"),
    ],
)
def test_numbers_may_differ_by_little(stored: str, new: str) -> None:
    assert TolerantText(stored) == new
    assert (TolerantText(stored) != new) is False


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("mean 0.71", "mean 0.72"),
        ("mean 0.71", "median 0.71"),
        ("200 images", "201 images"),
        ("0.5", "-0.5"),
        ("1 2 3", "1 2"),
        ("0.5", "nan"),
        ("fingerprint 4deaaef498b968bb", "fingerprint 4deaaef498b968bc"),
        ("file 3.png", "file 4.png"),
    ],
)
def test_more_than_that_may_not(stored: str, new: str) -> None:
    assert TolerantText(stored) != new
    assert (TolerantText(stored) == new) is False


def encoded(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_pictures_are_compared_by_what_they_show() -> None:
    grey = np.full((20, 30), 128)
    stored = TolerantPicture(encoded(grey))
    assert stored == encoded(grey + 1)
    assert stored != encoded(grey + 30)
    assert stored != encoded(np.full((20, 31), 128))


def test_a_picture_turned_upside_down_is_another() -> None:
    ramp = np.tile(np.linspace(0, 255, 40), (30, 1))
    assert TolerantPicture(encoded(ramp)) != encoded(ramp[:, ::-1])


def test_only_a_png_is_a_picture() -> None:
    assert is_picture(encoded(np.zeros((4, 4))))
    assert not is_picture("iVBO is the start of a sentence, too")
    assert not is_picture("0.5")
