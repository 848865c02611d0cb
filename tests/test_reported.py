"""What the paper prints agrees with itself: its ratios are those of its sizes."""

import pytest

from reproduce.results import reported


@pytest.mark.parametrize(
    ("output", "ratio"),
    [
        (reported.RECONSTRUCTION_BYTES, reported.RECONSTRUCTION_RATIO),
        (reported.LATENT_BYTES, reported.LATENT_RATIO),
    ],
)
def test_the_printed_ratios_are_those_of_the_printed_sizes(output: int, ratio: float) -> None:
    assert output / reported.ORIGINAL_BYTES == pytest.approx(ratio, rel=1e-15)


def test_the_numbers_are_those_in_the_text_of_the_paper() -> None:
    assert reported.TRAINING_IMAGES == 1295
    assert reported.TEST_IMAGES == 128
    assert reported.ORIGINAL_BYTES == 205111
    assert reported.MEAN_RATIO == 0.6849762403517835


def test_compression_ratio_and_size_ratio_are_inverse() -> None:
    product = reported.HEADLINE["compression_ratio"] * reported.HEADLINE["reconstruction_ratio"]
    assert product == pytest.approx(1)
