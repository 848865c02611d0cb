"""The drawings of the background: what is calculated in them is right, and the page says the same.

Each is held against the operation itself, on the numbers that it shows.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import correlate

from reproduce.measure import metrics

BOOK = Path(__file__).parents[1] / "book"
PAGE = (BOOK / "background.md").read_text(encoding="utf-8")
KERNEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def texts(name: str) -> list[str]:
    """The texts of a drawing, in its order."""
    root = ElementTree.parse(BOOK / "drawings" / f"{name}.svg").getroot()  # noqa: S314  # ours
    found = ("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    return [text.replace("−", "-").strip() for text in found]


def grids(name: str, *shapes: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The grids of numbers of a drawing, in its order."""
    numbers = [float(text) for text in texts(name) if re.fullmatch(r"-?\d+(\.\d+)?", text)]
    found, start = [], 0
    for height, width in shapes:
        found.append(np.reshape(numbers[start : start + height * width], (height, width)))
        start += height * width
    return found


def said(name: str) -> str:
    """What the page says of a drawing: its alternative text and its caption."""
    (block,) = re.findall(rf"```{{figure}} drawings/{name}\.svg\n(.*?)```", PAGE, re.DOTALL)
    return " ".join(block.split()).replace("−", "-")


def blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 2 blocks of a grid of 4 x 4, each with its four values in a row."""
    return values.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)


def test_the_convolution_is_one() -> None:
    shown, kernel, output = grids("convolution", (5, 5), (3, 3), (3, 3))
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(output, correlate(shown, kernel)[1:-1, 1:-1])


def test_the_psnr_of_the_page_is_the_one_that_is_measured() -> None:
    formula = re.search(r"text\{PSNR\} = (\d+) \\log_\{(\d+)\} \\frac\{1\}\{\\text\{MSE\}\}", PAGE)
    assert formula is not None
    assert r"\text{MSE} = \frac{1}{N} \sum_{n} (x_n - \hat{x}_n)^2" in PAGE
    image, other = np.random.default_rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    error = np.mean((image / 255 - other / 255) ** 2)
    factor, base = map(int, formula.groups())
    np.testing.assert_allclose(metrics.psnr(image, other), -factor * np.log(error) / np.log(base))


def test_the_window_that_is_worked_out_is_the_highlighted_one_and_adds_up() -> None:
    shown, kernel, output = grids("convolution", (5, 5), (3, 3), (3, 3))
    line = " ".join(texts("convolution"))
    products = [int(a) * int(b) for a, b in re.findall(r"\((-\d+)\) · (\d+)", line)]
    factors = [(int(a), int(b)) for a, b in re.findall(r"(-?\d+)\)? · (\d+)", line)]
    assert len(factors) == 9
    assert len(products) == 3
    weights, window = (np.reshape(part, (3, 3)) for part in zip(*factors, strict=True))
    np.testing.assert_array_equal(weights, kernel)
    sums = (weights * window).sum(axis=1)
    rows = [int(number) for number in re.findall(r"= (-?\d+)", line)][:3]
    assert rows == sums.tolist()
    places = [
        (row, column)
        for row in range(3)
        for column in range(3)
        if (shown[row : row + 3, column : column + 3] == window).all()
    ]
    assert [output[place] for place in places] == [sums.sum()]
    assert f"added up to {sums.sum()}," in said("convolution")
    assert texts("convolution")[-2:] == [str(sums.sum()), "sum ="]


def test_the_page_says_the_kernel_and_which_way_it_answers() -> None:
    rows = [" ".join(map(str, row)) for row in KERNEL.tolist()]
    assert f"a 3 by 3 kernel with rows {rows[0]}, {rows[1]} and {rows[2]}" in said("convolution")
    rising = np.tile(np.arange(3), (3, 1))
    assert (KERNEL * rising).sum() > 0, "brighter from left to right"


def test_pooling_and_upsampling_are_right_and_the_page_says_their_numbers() -> None:
    shown, largest, means, upsampled = grids("pooling", (4, 4), (2, 2), (2, 2), (4, 4))
    np.testing.assert_array_equal(largest, blocks(shown).max(axis=-1))
    np.testing.assert_array_equal(means, blocks(shown).mean(axis=-1))
    np.testing.assert_array_equal(upsampled, largest.repeat(2, axis=0).repeat(2, axis=1))
    for what, grid in (("Max pooling keeps", largest), ("average pooling gives", means)):
        *some, last = (f"{value:.0f}" for value in grid.ravel())
        assert f"{what} {', '.join(some)} and {last}" in said("pooling")


def test_the_attention_is_that_of_the_kernel_that_the_page_gives() -> None:
    latent, attention, inverted, weighted = grids("attention", *[(3, 3)] * 4)
    numbers = re.search(
        r"kernel has (\S+) in the centre, (\S+) on its four sides and (\S+) in the corners, the "
        r"bias is (\S+), and the border is padded with zeros",
        said("attention"),
    )
    assert numbers is not None
    centre, side, corner, bias = map(float, numbers.groups())
    kernel = [[corner, side, corner], [side, centre, side], [corner, side, corner]]
    exact = 1 / (1 + np.exp(-(correlate(latent, np.array(kernel), mode="constant") + bias)))
    for drawn, value in (
        (attention, exact),
        (inverted, 1 - exact),
        (weighted, latent * (1 - exact)),
    ):
        np.testing.assert_allclose(drawn, value, atol=0.00501)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("attention", ["latent e", "3 × 3 conv", "sigmoid", "attention map a", "invert", "1 − a",
            "the latent itself, unchanged", "pixel by pixel", "weighted latent", "to the decoder"]),
        ("cnn", ["image", "convolution", "+ ReLU", "pooling", "convolution", "+ ReLU", "pooling",
            "fully connected", "healthy", "angular", "leaf spot", "bean rust",
            "feature extraction", "classification"]),
        ("denoising-autoencoder", ["clean", "image", "+ noise", "noisy", "image", "encoder",
            "latent", "decoder", "reconstruction",
            "loss: the reconstruction against the clean image"]),
        ("pooling", ["input, 4 × 4", "maximum", "average", "upsampled, 4 × 4", "nearest × 2"]),
        ("convolution", ["input, 5 × 5", "kernel, 3 × 3", "output, 3 × 3"]),
    ],
)  # fmt: skip
def test_the_parts_of_a_drawing_come_in_the_order_of_the_data(name: str, parts: list[str]) -> None:
    drawn = iter(" ".join(text.split()) for text in texts(name))
    expected = [part.replace("−", "-") for part in parts]
    assert [part for part in expected if part not in drawn] == []
