"""What the paper prints agrees with itself: its ratios are those of its sizes."""

import pytest

from reproduce import paper


@pytest.mark.parametrize(
    ("output", "ratio"),
    [
        (paper.RECONSTRUCTION_BYTES, paper.RECONSTRUCTION_RATIO),
        (paper.LATENT_BYTES, paper.LATENT_RATIO),
    ],
)
def test_the_printed_ratios_are_those_of_the_printed_sizes(output: int, ratio: float) -> None:
    assert output / paper.ORIGINAL_BYTES == pytest.approx(ratio, rel=1e-15)


def test_the_numbers_are_those_in_the_text_of_the_paper() -> None:
    assert paper.TRAINING_IMAGES == 1295
    assert paper.TEST_IMAGES == 128
    assert paper.ORIGINAL_BYTES == 205111
    assert paper.MEAN_RATIO == 0.6849762403517835


def test_compression_ratio_and_size_ratio_are_inverse() -> None:
    product = paper.HEADLINE["compression_ratio"] * paper.HEADLINE["reconstruction_ratio"]
    assert product == pytest.approx(1)
