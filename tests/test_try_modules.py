"""The modules of the page "Try it" find what Python finds: bytes, latents, pictures, refusals."""

import hashlib
import io
import json
import re
import shlex
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from reproduce import cli, codec
from reproduce.book import wasm
from reproduce.codec import entropy, fileformat, images, layer_list, models, network
from reproduce.codec.numpy_network import NumpyNetwork
from reproduce.core.errors import CodecError
from reproduce.data.sources.excerpt import EXCERPT
from reproduce.measure import metrics
from reproduce.models import autoencoder
from reproduce.results.excerpt import PAPERS_IMAGE
from tests import try_it
from tests.test_codec_golden import FILES, NAMES, latent_of
from tests.try_it import Modules, picture

pytestmark = pytest.mark.skipif(try_it.NODE is None, reason="needs Node: apt install nodejs")

ROOT = Path(__file__).parents[1]
LIST = models.SHIPPED / "paper-0.json"
NUMBERS = LIST.with_suffix(".bin").read_bytes()

golden = pytest.mark.parametrize("file", FILES, ids=NAMES)


@pytest.fixture(scope="module")
def modules() -> Iterator[Modules]:
    with Modules() as asked:
        frequencies = models.shipped().tables.frequencies
        assert asked("tables", frequencies=frequencies.ravel()) == 208 * 61
        assert asked("model", list=json.loads(LIST.read_text()), numbers=NUMBERS) == "paper-0"
        yield asked


def shape_of(latent: NDArray[np.integer]) -> dict[str, int]:
    height, width = latent.shape
    return {"height": height, "width": width, "channels": 1}


def grey(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """An image with flat parts, edges and noise."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.arange(height), np.arange(width)) * 255 // (height + width)
    ramp[height // 3 :, width // 2 :] //= 3
    return np.clip(ramp + rng.normal(0, 9, ramp.shape), 0, 255).astype(np.uint8)


# The network

WAYS = ("JavaScript", "WebAssembly")


@pytest.fixture(params=WAYS)
def network_modules(modules: Modules, request: pytest.FixtureRequest) -> Iterator[Modules]:
    """The modules with the shipped model, whose layers are applied in one way or the other."""
    shipped = {"list": json.loads(LIST.read_text()), "numbers": NUMBERS}
    modules("model", **shipped, way=request.param)
    yield modules
    modules("model", **shipped)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (61, 97), (300, 275)])
def test_the_network_finds_the_latent_and_the_integers_of_keras(network_modules, size):
    """The larger one takes several tiles here, and one there."""
    (height, width), levels = size, grey(12, *size)
    of_keras = models.shipped_autoencoder()
    latent = network_modules("latent", picture=picture(levels))
    expected = network.latent_of(network.OfKeras(of_keras), levels)
    found = latent["values"].reshape(expected.shape)
    assert np.abs(found - expected).max() < 1e-5
    steps = network_modules("quantise", latent=latent["values"], step=0.25).reshape(expected.shape)
    # Two sums in another order can lie on both sides of the middle between two integers.
    assert np.count_nonzero(steps != np.rint(expected * 4)) <= height * width / 20_000
    attention = network_modules("map", latent=latent)["values"].reshape(expected.shape)
    map_of_keras = autoencoder.attend(of_keras, expected[None, ..., None])[0, ..., 0]
    assert np.abs(attention - map_of_keras).max() < 1e-5


@pytest.mark.parametrize("step", [1 / 64, 0.25, 2])
def test_a_photograph_becomes_the_bytes_of_the_command_line_and_comes_back_alike(
    network_modules, step
):
    levels = images.read_grey(EXCERPT / PAPERS_IMAGE)[:301, 100:377]
    file = network_modules("compress", picture=picture(levels), step=step).tobytes()
    assert file == codec.compress(levels, step)
    found = network_modules("decompress", file=file).reshape(levels.shape)
    assert np.array_equal(found, codec.decompress(file))


def test_halves_are_rounded_to_even_steps_as_in_numpy(modules):
    latent = np.arange(-4, 5, 0.125, dtype=np.float32)
    for step in (0.25, 1.0, 2.0):
        found = modules("quantise", latent=latent, step=step)
        assert np.array_equal(found, np.rint(latent / np.float32(step)))


def test_the_exponential_function_and_the_logarithm_are_exact_but_for_the_last_digits(modules):
    rng = np.random.default_rng(23)
    powers = np.concatenate([rng.uniform(-40, 40, 5000), rng.uniform(-708, 709, 2000), [0.0]])
    np.testing.assert_array_max_ulp(modules("exp", values=powers), np.exp(powers), maxulp=2)
    assert modules("exp", values=np.array([-800.0, 800, -np.inf, np.inf])).tolist() == [
        *(0, np.inf, 0, np.inf),
    ]
    shares = np.concatenate([rng.random(5000), rng.random(2000) ** 9, [0.0, 1.0]])
    np.testing.assert_array_max_ulp(modules("log1p", values=shares), np.log1p(shares), maxulp=4)


def test_what_a_file_and_its_image_are_made_by_asks_no_function_that_engines_round_otherwise():
    """ECMAScript leaves the last digits of these to each engine."""
    loose = re.compile(r"Math\.(exp|log|pow|sin|cos|tan|asin|acos|atan|cbrt|hypot)\w*")
    asked = {
        path.stem for path in (ROOT / "book" / "try_it").glob("*.js")
        if loose.search(re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))
    }  # fmt: skip
    # The slider, JPEG beside it, decibels, the plot, and constants of a hash, which is tested.
    assert asked == {"controls", "jpeg", "pixels", "plot", "sha256"}


def model_of_all_kinds(folder: Path) -> None:
    """Write a model whose encoder has every kind of layer and every activation."""
    rng = np.random.default_rng(14)
    numbers: list[bytes] = []

    def place(*shape: int) -> dict[str, Any]:
        at = sum(map(len, numbers))
        numbers.append(rng.normal(0, 0.5, shape).astype("<f4").tobytes())
        return {"at": at, "shape": shape}

    def layer(name: str, kind: str, inputs: str, activation: Any = "linear", **weights: Any) -> Any:
        told = {"name": name, "kind": kind, "inputs": inputs.split()}
        return {**told, "activation": activation, "weights": weights}

    def convolution(name: str, inputs: str, activation: str, *shape: int) -> Any:
        weights = {"kernel": place(*shape), "bias": place(shape[-1])}
        return layer(name, "convolution", inputs, activation, **weights)

    normal = {"root_beta": place(4), "root_gamma": place(4, 4)}
    layers = [
        convolution("a", "image", "leaky_relu", 3, 5, 1, 4),
        layer("b", "divisive_normalisation", "a", **normal),
        layer("c", "dense", "b", "softplus", kernel=place(4, 4), bias=place(4)),
        layer("d", "maximum_pooling", "c", "sigmoid"),
        layer("e", "upsampling", "d", "leaky_relu"),
        layer("f", "maximum_pooling", "e"),
        layer("g", "mean_over_places", "f", "sigmoid"),
        layer("h", "maximum_over_places", "f", "leaky_relu"),
        layer("i", "multiply", "f g"),
        layer("j", "add", "h i", "relu"),
        layer("k", "inverse_divisive_normalisation", "j", **normal),
        layer("l", "mean_and_maximum_over_channels", "k", "softplus"),
        convolution("m", "l", "sigmoid", 3, 3, 2, 1),
        layer("n", "invert", "m"),
        layer("o", "multiply", "k n"),
        layer("p", "activation", "o", "leaky_relu"),
        convolution("latent", "p", "linear", 1, 1, 4, 1),
    ]
    assert {one["kind"] for one in layers} == set(layer_list.KINDS)
    assert {one["activation"] for one in layers} == set(layer_list.ACTIVATIONS)
    tables = {"at": sum(map(len, numbers)), "shape": [208, 61]}
    numbers.append(models.shipped().tables.frequencies.astype("<u4").tobytes())
    whole = b"".join(numbers)
    listed = json.loads(LIST.read_text()) | {
        "encoder": {"reach": None, "input": "image", "output": "latent", "layers": layers},
        "tables": tables,
        "fingerprint": hashlib.sha256(whole).hexdigest()[:16],
    }
    for part in ("attention", "decoder"):
        listed[part] = {"reach": 0, "input": "image", "output": "image", "layers": []}
    listed["attention"]["map"] = None
    (folder / "all.json").write_text(json.dumps(listed | {"name": "all"}))
    (folder / "all.bin").write_bytes(whole)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(1, 1), (5, 8), (23, 30)])
def test_each_kind_of_layer_makes_what_it_makes_in_numpy(tmp_path, size, way):
    model_of_all_kinds(tmp_path)
    levels = grey(15, *size)
    expected = NumpyNetwork(layer_list.read(tmp_path, "all")).encode(levels)[..., 0]
    with Modules() as asked:
        listed, numbers = (tmp_path / name for name in ("all.json", "all.bin"))
        told = {"list": json.loads(listed.read_text()), "numbers": numbers.read_bytes()}
        asked("model", **told, way=way)
        found = asked("latent", picture=picture(levels))["values"].reshape(expected.shape)
    assert np.array_equal(found, expected)


UNUSUAL = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3e38], np.float32)


def random_convolution(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """A convolution of any form, with its input: of every other, some values are unusual."""
    rows, columns = ((3, 3), (1, 1), (5, 3), (1, 7))[number % 4]
    channels, filters = rng.integers(1, 10, 2)
    height, width = rng.integers(1, 40, 2)
    values = rng.normal(0, 1, (channels, height, width)).astype(np.float32)
    if number % 2:
        places = rng.integers(0, values.size, 4)
        values.flat[places] = rng.choice(UNUSUAL, 4)
    kernel = rng.normal(0, 0.5, (rows, columns, channels, filters)).astype(np.float32)
    return {
        "kernel": kernel.ravel(),
        "shape": [int(side) for side in kernel.shape],
        "bias": rng.normal(0, 1, filters).astype(np.float32),
        "activation": layer_list.ACTIVATIONS[number % len(layer_list.ACTIVATIONS)],
        "input": {
            "height": int(height),
            "width": int(width),
            "channels": int(channels),
            "values": values.ravel(),
        },
    }


def assert_same_bits(modules: Modules, told: dict[str, Any]) -> None:
    one, other = (modules("convolved", way=way, **told) for way in WAYS)
    assert one.size > 0
    # Of what is no number, the bits are not defined.
    assert np.array_equal(np.isnan(one), np.isnan(other))
    at = ~np.isnan(one)
    assert one[at].tobytes() == other[at].tobytes(), (told["shape"], told["activation"])


def test_convolutions_in_webassembly_are_to_the_bit_those_in_javascript(modules):
    rng = np.random.default_rng(17)
    for number in range(120):
        assert_same_bits(modules, random_convolution(rng, number))


@pytest.mark.parametrize("size", [(299, 301), (1, 50_001)])
def test_so_are_those_of_which_its_memory_holds_only_bands_or_nothing(modules, size):
    rng = np.random.default_rng(18)
    told = random_convolution(rng, 0)
    height, width = size
    values = rng.normal(0, 1, (16, *size)).astype(np.float32)
    told["input"] = {"height": height, "width": width, "channels": 16, "values": values.ravel()}
    told |= {"shape": [3, 3, 16, 4], "bias": told["bias"][[0] * 4]}
    told["kernel"] = rng.normal(0, 0.5, 9 * 16 * 4).astype(np.float32)
    assert_same_bits(modules, told)


def test_what_is_no_webassembly_leaves_the_work_to_javascript(modules):
    program = (ROOT / wasm.SOURCE).with_suffix(".wasm").read_bytes()
    assert modules("compiled", program=program)
    assert not modules("compiled", program=program[:-9])
    assert not modules("compiled", program=b"no module")


@pytest.mark.parametrize("file", FILES[:-1], ids=NAMES[:-1])
def test_a_golden_file_is_decoded_to_its_image_within_a_grey_level(network_modules, file):
    with Image.open(file.with_suffix(".png")) as image:
        expected = np.asarray(image).astype(int)
    found = network_modules("decompress", file=file.read_bytes()).reshape(expected.shape)
    assert np.abs(found - expected).max() <= 1


def test_a_files_decoding_changes_with_what_the_attention_is_made_to_do(modules):
    """The decoder expects the latent weighed down: without attention, it makes it too bright."""
    levels = grey(13, 80, 90)
    file = modules("compress", picture=picture(levels), step=1 / 64).tobytes()
    found = {
        how: metrics.psnr(levels, modules("decompress", file=file, how=how).reshape(levels.shape))
        for how in ("trained", "mean", "none")
    }
    assert found["trained"] > found["none"] + 5
    assert found["mean"] > found["none"] + 5
    assert found["trained"] != found["mean"]


def test_a_file_of_another_model_or_of_other_numbers_is_refused_as_in_python(modules):
    for number, fingerprint in ((9, models.shipped().fingerprint), (1, b"12345678")):
        header = fileformat.Header(number, fingerprint, width=2, height=2, step_units=9)
        file = fileformat.pack(
            header, entropy.encode(np.ones((1, 1), int), models.shipped().tables)
        )
        with pytest.raises(CodecError) as told:
            codec.decompress(file)
        assert modules.ask("read", file=file).refused == str(told.value)


def test_a_model_whose_numbers_are_damaged_is_not_taken(modules):
    other = bytes([NUMBERS[0] ^ 1, *NUMBERS[1:]])
    answer = modules.ask("model", list=json.loads(LIST.read_text()), numbers=other)
    assert answer.refused == "the numbers of model paper-0 are damaged: load the page anew"


# Latents, payloads, files


@golden
def test_a_golden_file_is_decoded_to_its_latent_and_back_to_the_same_bytes(modules, file):
    latent, data = latent_of(file), file.read_bytes()
    unpacked = modules("unpack", file=data)
    header, payload = fileformat.unpack(data)
    assert unpacked["payload"].tobytes() == payload
    found = modules("decode", payload=payload, shape=shape_of(latent))
    assert found.reshape(latent.shape).tolist() == latent.tolist()
    again = modules("encode", latent=latent.astype(np.int32).ravel(), shape=shape_of(latent))
    assert again.tobytes() == payload
    assert modules("pack", header=unpacked["header"], payload=payload).tobytes() == data
    assert unpacked["header"]["units"] == header.step_units


@pytest.mark.parametrize(("units", "beyond"), [(1, 0), (2**31, 2**31 + 1)])
def test_the_least_and_the_greatest_step_are_taken_and_none_beyond(modules, units, beyond):
    file = fileformat.pack(fileformat.Header(1, bytes(8), 2, 2, units), b"")
    assert modules("unpack", file=file)["header"]["units"] == units
    start = file[:18] + struct.pack("<II", beyond, 0)
    with pytest.raises(CodecError, match="out of range") as told:
        fileformat.unpack(start + struct.pack("<I", zlib.crc32(start)))
    refused = modules.ask("unpack", file=start + struct.pack("<I", zlib.crc32(start))).refused
    assert refused == str(told.value)


def random_latents(count: int) -> Iterator[NDArray[np.int32]]:
    """Latents of all sizes and magnitudes: every fifth has values from all of the 32 bits."""
    rng = np.random.default_rng(1)
    limits = np.iinfo(np.int32)
    for number in range(count):
        shape = rng.integers(1, 24, 2)
        if number % 5 == 0:
            yield rng.integers(limits.min, limits.max, shape, endpoint=True, dtype=np.int32)
        else:
            values = np.rint(rng.normal(0, 10.0 ** rng.uniform(0, 9.3), shape))
            yield np.clip(values, limits.min, limits.max).astype(np.int32)


def test_random_latents_become_the_bytes_that_python_writes_and_come_back(modules):
    tables = models.shipped().tables
    for latent in random_latents(60):
        shape = shape_of(latent)
        payload = modules("encode", latent=latent.ravel(), shape=shape).tobytes()
        assert payload == entropy.encode(latent, tables)
        found = modules("decode", payload=payload, shape=shape)
        assert np.array_equal(found.reshape(latent.shape), latent)


def test_a_latent_of_another_version_keeps_its_channels_and_stride(modules):
    header = fileformat.Header(3, bytes(range(8)), 50, 33, 77, channels=2, stride=4)
    data = fileformat.pack(header, b"abcd")
    found = modules("unpack", file=data)
    assert [found["header"][name] for name in ("channels", "stride", "width", "units")] == [
        *(2, 4, 50, 77)
    ]
    assert modules("pack", header=found["header"], payload=b"abcd").tobytes() == data


@pytest.mark.parametrize(("side", "channels"), [(8000, 2), (2000, 17), (1100, 255)])
def test_a_header_that_claims_too_many_values_is_refused_as_in_python(modules, side, channels):
    form = (2, 0, bytes(8), side, side, 1, channels, 1, 0)
    fields = struct.pack("<4sBB8sHHIBBI", fileformat.MAGIC, *form)
    file = fields + struct.pack("<I", zlib.crc32(fields))
    with pytest.raises(CodecError, match="latent values") as told:
        fileformat.unpack(file)
    assert modules.ask("unpack", file=file).refused == str(told.value)


# Damage

SLOWEST = 1000
"""Milliseconds that the modules may think about a small file, damaged or not."""


def repaired(data: bytes) -> bytes:
    """A file whose version, length and checksum agree, so that what is behind them counts."""
    start = data[:4] + b"\1" + data[5:22] + struct.pack("<I", max(0, len(data) - 30))
    return start + struct.pack("<I", zlib.crc32(start + data[30:])) + data[30:]


def whole_files() -> list[bytes]:
    """The smallest golden files, and as many of small latents of all magnitudes."""
    written = [file.read_bytes() for file in FILES if file.stat().st_size < 100]
    for latent in random_latents(60):
        if latent.size <= 40:
            height, width = latent.shape
            header = fileformat.Header(1, models.shipped().fingerprint, 2 * width, 2 * height, 99)
            payload = entropy.encode(latent, models.shipped().tables)
            written.append(fileformat.pack(header, payload))
    return written


def damaged(count: int) -> Iterator[bytes]:
    """Files with bytes changed, cut off and put in; of most, the checksum agrees again."""
    rng = np.random.default_rng(2)
    written = whole_files()
    for number in range(count):
        data = bytearray(written[number % len(written)])
        for place in rng.integers(0, len(data), rng.choice([1, 1, 2, 8])):
            data[place] = rng.integers(256)
        if number % 7 == 0:
            del data[rng.integers(0, len(data)) :]
        if number % 11 == 0:
            data += rng.bytes(int(rng.integers(1, 9)))
        yield repaired(bytes(data)) if number % 3 and len(data) >= 30 else bytes(data)


def outcome_in_python(data: bytes) -> str:
    """The digest of the latent of a file, or in which words it is refused."""
    try:
        header, payload = fileformat.unpack(data)
        if header.latent_shape[2] != 1 or np.prod(header.latent_shape) > 512:
            return "not decoded here"
        latent = entropy.decode(payload, header.latent_shape[:2], models.shipped().tables)
    except CodecError as error:
        return str(error)
    return hashlib.sha256(latent.astype("<i4").tobytes()).hexdigest()


def assert_same_outcomes(modules: Modules, count: int) -> None:
    outcomes = []
    for data in damaged(count):
        expected = outcome_in_python(data)
        if expected == "not decoded here":  # which takes Python long
            continue
        unpacked = modules.ask("unpack", file=data)
        answer = unpacked
        if unpacked.refused is None:
            header = unpacked.found["header"]
            shape = {
                "height": -(-header["height"] // header["stride"]),
                "width": -(-header["width"] // header["stride"]),
                "channels": header["channels"],
            }
            answer = modules.ask("decode", payload=unpacked.found["payload"], shape=shape)
        found = answer.refused or hashlib.sha256(answer.found.tobytes()).hexdigest()
        assert found == expected, data.hex()
        assert answer.milliseconds < SLOWEST
        outcomes.append(expected)
    refused = [outcome for outcome in outcomes if " " in outcome]
    assert len(outcomes) > 0.85 * count
    assert 0.1 * count < len(refused) < len(outcomes)
    assert len(set(refused)) > 10


def test_damaged_files_are_refused_in_the_words_of_python_or_give_the_same_latent(modules):
    assert_same_outcomes(modules, 400)


@pytest.mark.slow
def test_so_are_ten_thousand_of_them(modules):
    assert_same_outcomes(modules, 12_000)


@pytest.mark.parametrize(
    "data", [b"", b"\x89C", b"\x89CAE", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"hello"]
)
def test_what_is_no_compressed_image_is_told_as_in_python(modules, data):
    with pytest.raises(CodecError) as told:
        fileformat.unpack(data)
    assert modules.ask("unpack", file=data).refused == str(told.value)


# What the page makes besides


@pytest.mark.parametrize("length", [0, 3, 55, 56, 64, 1000])
def test_sha_256_is_that_of_the_library(modules, length):
    data = np.random.default_rng(length).bytes(length)
    assert modules("sha256", data=data).tobytes() == hashlib.sha256(data).digest()


def test_colours_become_grey_as_pillow_has_it(modules):
    rgba = np.random.default_rng(3).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    expected = np.asarray(Image.fromarray(rgba[..., :3]).convert("L"))
    assert np.array_equal(modules("grey", rgba=rgba.ravel()), expected.ravel())


def test_psnr_is_that_of_the_book(modules):
    one, other = grey(4, 30, 41), grey(5, 30, 41)
    found = modules("psnr", one=one.ravel(), other=other.ravel())
    assert found == pytest.approx(metrics.psnr(one, other), rel=1e-12)


def test_a_png_is_read_by_pillow_to_the_same_levels_and_no_larger_than_raw(modules):
    levels = grey(6, 37, 53)
    file = modules("png", picture=picture(levels)).tobytes()
    with Image.open(io.BytesIO(file)) as image:
        image.load()
        assert (image.mode, image.size) == ("L", (53, 37))
        assert np.array_equal(np.asarray(image), levels)
    assert len(file) < levels.size


@pytest.mark.parametrize("quality", [1, 8, 50, 75, 100])
def test_a_jpeg_is_read_by_pillow_to_the_levels_that_the_page_shows(modules, quality):
    levels = grey(7, 61, 83)
    found = modules("jpeg", picture=picture(levels), quality=quality)
    with Image.open(io.BytesIO(found["file"].tobytes())) as image:
        image.load()
        assert image.mode == "L"
        read = np.asarray(image).astype(int)
    assert np.abs(read - found["levels"].reshape(levels.shape)).max() <= 1


@pytest.mark.parametrize("quality", [5, 20, 60, 95])
def test_a_jpeg_takes_no_more_bytes_than_pillows_with_optimised_codes(modules, quality):
    levels = grey(8, 200, 240)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality, optimize=True)
    file = modules("jpeg", picture=picture(levels), quality=quality)["file"]
    assert len(file) == pytest.approx(len(buffer.getvalue()), rel=0.01)


def test_the_jpeg_of_some_bytes_is_the_best_that_takes_no_more(modules):
    levels = grey(9, 120, 160)
    sizes = [
        len(modules("jpeg", picture=picture(levels), quality=one)["file"]) for one in range(1, 101)
    ]
    found = modules("jpegOfBytes", picture=picture(levels), bytes=3000)
    assert len(found["file"]) == sizes[found["quality"] - 1] <= 3000 < sizes[found["quality"]]
    assert modules("jpegOfBytes", picture=picture(levels), bytes=sizes[0] - 1) is None
    assert modules("jpegOfBytes", picture=picture(levels), bytes=10**6)["quality"] == 100


def test_the_jpeg_of_some_psnr_is_the_smallest_that_has_it(modules):
    levels = grey(10, 120, 160)

    def psnr_of(quality: int) -> float:
        decoded = modules("jpeg", picture=picture(levels), quality=quality)["levels"]
        return metrics.psnr(levels, decoded.reshape(levels.shape))

    found = modules("jpegOfPsnr", picture=picture(levels), least=30.0)
    assert psnr_of(found["quality"] - 1) < 30.0 <= psnr_of(found["quality"])
    assert modules("jpegOfPsnr", picture=picture(levels), least=99.0) is None


def test_a_jpeg_is_quantised_by_the_steps_of_libjpeg_at_each_quality(modules):
    levels = grey(11, 8, 8)
    for quality in range(1, 101):
        buffer = io.BytesIO()
        Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
        ours = modules("jpeg", picture=picture(levels), quality=quality)["file"].tobytes()
        theirs = buffer.getvalue()
        found, expected = (JpegImageFile(io.BytesIO(file)) for file in (ours, theirs))
        assert found.quantization == expected.quantization, quality


# What the page says


def test_a_factor_below_ten_has_two_digits_that_count(modules: Modules) -> None:
    told = {1.04: "1.0", 2.55: "2.5", 9.94: "9.9", 9.96: "10", 10.4: "10", 1234.6: "1,235"}
    assert modules("factors", values=list(told)) == list(told.values())


@pytest.mark.parametrize(
    ("trained", "bytes_of_jpeg", "expected"),
    [
        (40, 400, "JPEG is 8.13 dB better; for no lower PSNR, its file is 2.5 times smaller."),
        (50, 2000, "JPEG is 1.87 dB worse; for no lower PSNR, its file is 2.0 times larger."),
    ],
)
def test_the_verdict_says_whose_picture_is_better_and_whose_file_is_smaller(
    modules, trained, bytes_of_jpeg, expected
):
    levels = np.full(64, 100, np.uint8)  # one level off: 48.13 dB
    coded = {"file": np.zeros(1000, np.uint8), "decoded": {"trained": {"psnr": trained}}}
    jpegs = {
        "ofBytes": {"levels": levels + np.uint8(1)},
        "ofPsnr": {"file": np.zeros(bytes_of_jpeg, np.uint8)},
    }
    session = {"coded": coded, "picture": {"levels": levels}}
    assert modules("verdict", session=session, jpegs=jpegs) == f"For no more bytes, {expected}"


@pytest.mark.parametrize(("mean", "worth"), [(30.5, "0.50"), (32.25, "−1.25")])
def test_the_map_is_worth_what_it_gives_more_than_its_mean(modules, mean, worth):
    decoded = {"trained": {"psnr": 31}, "mean": {"psnr": mean}, "none": {"psnr": 12}}
    said = modules("finding", coded={"attention": {"mean": 0.4}, "decoded": decoded})
    assert "a latent at 0.60 of its values, for the map’s mean is 0.40 here" in said
    assert (
        f"gives {mean:.2f} dB, the map 31.00 dB: which places it selects is worth {worth}" in said
    )
    assert said.endswith("Without any, 12.00 dB.")


@pytest.mark.parametrize("step", [1 / 8, codec.DEFAULT_STEP, 1, 2.5])
def test_the_commands_have_the_step_that_was_chosen(modules, step):
    lines = modules("commands", opened="leaf.jpeg", step=step, isPhotograph=True).splitlines()
    group: Any = typer.main.get_command(cli.app)
    compress, decompress = ([*line.split()[1:]] for line in lines)
    given = group.commands[compress[0]].make_context("compress", compress[1:]).params
    assert given["step"] == step
    assert (compress[1:3], decompress) == (
        ["leaf.jpeg", "leaf.cae"], ["decompress", "leaf.cae", "leaf.png"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("opened", "stem", "back"),
    [
        ("my leaf.JPG", "my leaf", "my leaf.png"),
        ("größe.tar.png", "größe.tar", "größe.tar-decoded.png"),  # never over the photograph
        ("LEAF.PNG", "LEAF", "LEAF-decoded.png"),
        ("it's; rm $HOME.webp", "it's; rm $HOME", "it's; rm $HOME.png"),
        ("--step.jpg", "./--step", "./--step.png"),
        ("leaf", "leaf", "leaf.png"),
    ],
)
def test_the_commands_name_the_files_as_they_are_called(modules, opened, stem, back):
    lines = modules("commands", opened=opened, step=0.25, isPhotograph=True).splitlines()
    photograph = f"./{opened}" if opened.startswith("-") else opened
    assert [shlex.split(line)[2:] for line in lines] == [
        [photograph, f"{stem}.cae"],
        [f"{stem}.cae", back],
    ]
    (line,) = modules("commands", opened="a b.cae", step=0.25, isPhotograph=False).splitlines()
    assert shlex.split(line) == ["reproduce", "decompress", "a b.cae", "a b.png"]


@pytest.mark.parametrize(
    ("failing", "found", "begun"),
    [
        ([None, None], [2, 4, 6], 2),
        # Another takes the place of one that broke, and the page goes on.
        (["double", None, None], ["broken over double", 4, 6], 3),
        (["double", "double", None, None], ["broken over double", "broken over double", 6], 4),
        # One that doesn't start is not tried again; the other does all.
        (["start", None], [2, 4, 6], 2),
        (["start", "start"], ["broken over start"] * 3, 2),
    ],
)
def test_a_worker_that_breaks_is_replaced_and_each_task_has_an_end(modules, failing, found, begun):
    told = modules("pooled", failing=failing, tasks=[1, 2, 3])
    assert told == {"found": found, "begun": begun}
