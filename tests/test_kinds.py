"""Kinds of image files: what is in them comes out as the right grey, or is refused by its name.

What is right is known from how a file was made, and of TIFF from tifffile, which shares no code
with Pillow.
"""

import io
import itertools
import re
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from reproduce.codec import images
from reproduce.core.errors import CodecError
from reproduce.data import formats
from reproduce.data.pixels import UndefinedGreyError
from reproduce.data.sources import photographs
from reproduce.data.sources.photographs import decode

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of files that are cut

WIDTH, HEIGHT = 13, 9  # odd, so that rows of 1, 2, 4 and 12 bits end within a byte
GREY = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
SMOOTH = np.add.outer(np.arange(40) * 3, np.arange(56) * 2).astype(np.uint8)


def read(tmp_path: Path, data: bytes) -> np.ndarray:
    path = tmp_path / "image"
    path.write_bytes(data)
    return images.read_grey(path)


def refusal(tmp_path: Path, data: bytes) -> str:
    with pytest.raises(CodecError) as error:
        read(tmp_path, data)
    return str(error.value)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def of_tifffile(array: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def packed(values: np.ndarray, bits: int) -> bytes:
    """Integers of so many bits, each row filled up to whole bytes."""
    places = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(places.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def tiff(values: np.ndarray, bits: int, *tags: tuple[int, int], deflated: bool = False) -> bytes:
    """A TIFF file written here: little-endian, one strip, tags as short integers."""
    pixels = packed(values, bits) if bits != 16 else values.astype("<u2").tobytes()
    pixels = zlib.compress(pixels) if deflated else pixels
    height, width = values.shape
    entries = {256: width, 257: height, 258: bits, 259: 8 if deflated else 1, 273: 8}
    entries |= {277: 1, 278: height, 279: len(pixels), **dict(tags)}
    place = 8 + len(pixels) + len(pixels) % 2
    directory = b"".join(
        struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in sorted(entries.items())
    )
    start = b"II*\0" + struct.pack("<I", place) + pixels + b"\0" * (len(pixels) % 2)
    return start + struct.pack("<H", len(entries)) + directory + bytes(4)


def png(bits: int, colour: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file written here, from rows that begin with their filter."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def png_rows(values: np.ndarray, bits: int) -> bytes:
    if bits == 16:
        lines = [row.astype(">u2").tobytes() for row in values]
    else:
        lines = [packed(row[None], bits) for row in values]
    return b"".join(b"\0" + line for line in lines)


def at_depth(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Integers of so many bits, and the grey levels that they stand for."""
    most = (1 << bits) - 1
    values = np.random.default_rng(bits).integers(0, most + 1, (HEIGHT, WIDTH))
    values[0, :2] = 0, most
    return values, np.rint(values * 255 / most).astype(np.uint8)


# TIFF: depth, byte order, polarity, compression, layout


@pytest.mark.parametrize("deflated", [False, True], ids=["plain", "deflated"])
@pytest.mark.parametrize("photometric", [0, 1], ids=["white-is-zero", "black-is-zero"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16, 24])
def test_tiff_of_each_depth_is_right_or_refused(tmp_path, bits, photometric, deflated):
    values, right = at_depth(bits)
    data = tiff(values, bits, (262, photometric), deflated=deflated)
    right = right if photometric else 255 - right
    try:
        found = read(tmp_path, data)
    except CodecError as error:
        assert bits not in (1, 4, 8, 16), error
        return
    assert np.abs(found.astype(int) - right).max() <= 1
    if bits not in (2, 4, 10, 12, 14):  # which tifffile reads with a library more
        independent = tifffile.imread(io.BytesIO(data)).astype(float) * 255 / (2**bits - 1)
        independent = independent if photometric else 255 - independent
        assert np.abs(found - independent).max() <= 1


def test_12_bits_are_read_and_4095_is_white(tmp_path):
    values, right = at_depth(12)
    found = read(tmp_path, tiff(values, 12, (262, 1)))
    assert np.abs(found.astype(int) - right).max() <= 1
    assert found[0, :2].tolist() == [0, 255]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize(
    "options",
    [
        *({}, {"compression": "zlib"}, {"compression": "zlib", "predictor": 2}),
        *({"tile": (16, 16)}, {"rowsperstrip": 2}, {"bigtiff": True}),
    ],
    ids=lambda options: "-".join(map(str, options.values())) or "plain",
)
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"])
def test_tiff_of_each_kind_of_number_is_right_or_refused(
    tmp_path, kind, options, photometric, order
):
    if options.get("predictor") and kind[0] == "f":
        pytest.skip("tifffile writes this with a library more")
    number = np.dtype(order + kind)
    scale = 255 if kind[0] == "f" else np.iinfo(number).max
    array = (GREY.astype(float) / 255 * (1 if kind[0] == "f" else scale)).astype(number)
    data = of_tifffile(array, photometric=photometric, byteorder=order, **options)
    right = GREY if photometric == "minisblack" else 255 - GREY
    try:
        found = read(tmp_path, data)
    except CodecError as error:
        assert kind != "u1" or "bigtiff" in options, error
        return
    assert kind in ("u1", "u2")
    assert np.abs(found.astype(int) - right).max() <= 1
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), array)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        *(("i1", "with a sign"), ("i2", "with a sign"), ("i4", "with a sign")),
        *(("u4", "32 bits"), ("f4", "floating-point")),
    ],
)
def test_numbers_whose_range_is_not_known_are_refused_by_their_name(tmp_path, kind, word):
    data = of_tifffile(GREY.astype(kind), photometric="minisblack")
    message = refusal(tmp_path, data)
    assert "cannot be made grey: its pixels are " in message
    assert word in message


def test_a_tiff_that_says_nothing_of_black_and_white_is_refused(tmp_path):
    assert "whether 0 is black or white" in refusal(tmp_path, tiff(at_depth(8)[0], 8))


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_colours_of_tiff_are_right_or_refused(tmp_path, kind, compression, planar):
    colours = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    array = colours.astype(kind) * (1 if kind == "u1" else 257)
    laid = array if planar == "contig" else np.moveaxis(array, 2, 0)
    data = of_tifffile(laid, photometric="rgb", planarconfig=planar, compression=compression)
    right = colours @ [0.299, 0.587, 0.114]
    try:
        found = read(tmp_path, data)
    except CodecError:
        assert (kind, planar) != ("u1", "contig")
        return
    assert np.abs(found - right).max() <= 1


# Other formats: depth


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_png_of_each_depth_is_right(tmp_path, bits):
    values, right = at_depth(bits)
    found = read(tmp_path, png(bits, 0, png_rows(values, bits)))
    assert np.abs(found.astype(int) - right).max() <= 1


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_grey_of_png_that_stands_for_transparency_becomes_white(tmp_path, bits):
    values, right = at_depth(bits)
    stands = int(np.unique(values)[-2])  # not white, which it becomes
    data = png(bits, 0, png_rows(values, bits), (b"tRNS", struct.pack(">H", stands)))
    found = read(tmp_path, data).astype(int)
    assert np.all(found[values == stands] == 255)
    assert np.abs(found - right)[values != stands].max() <= 1


def test_a_colour_of_48_bits_that_stands_for_transparency_is_refused(tmp_path):
    rows = b"".join(b"\0" + bytes(6 * WIDTH) for _ in range(HEIGHT))
    data = png(16, 2, rows, (b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    assert "stands for transparency" in refusal(tmp_path, data)


@pytest.mark.parametrize("most", [1, 15, 255, 1000, 4095, 65535])
def test_pgm_of_each_greatest_value_is_right(tmp_path, most):
    values = np.random.default_rng(most).integers(0, most + 1, (HEIGHT, WIDTH))
    pixels = values.astype(">u2" if most > 255 else "u1").tobytes()
    found = read(tmp_path, b"P5 %d %d %d\n" % (WIDTH, HEIGHT, most) + pixels)
    assert np.abs(found - values * 255 / most).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG2000", "PPM"])
def test_16_bits_are_right_in_each_format_that_has_them(tmp_path, form):
    image = Image.fromarray(GREY.astype(np.uint16) * 257)
    assert np.array_equal(read(tmp_path, saved(image, form)), GREY)


def test_16_bits_of_jpeg_xl_are_right(tmp_path):
    image = Image.fromarray(GREY.astype(np.uint16) * 257)
    assert np.array_equal(read(tmp_path, saved(image, "JXL", lossless=True)), GREY)


def test_integers_of_a_format_that_does_not_tell_their_range_are_refused(tmp_path):
    cards = ["SIMPLE  =                    T", "BITPIX  =                   16"]
    cards += ["NAXIS   =                    2", f"NAXIS1  = {WIDTH:20}", f"NAXIS2  = {HEIGHT:20}"]
    header = "".join(f"{card:80}" for card in [*cards, "END"]).ljust(2880).encode()
    data = header + GREY.astype(">i2").tobytes().ljust(2880, b"\0")
    assert "integers whose range FITS doesn't tell" in refusal(tmp_path, data)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF", "PPM", "TGA", "PCX", "SGI"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_each_mode_of_formats_without_loss_is_right(tmp_path, form, mode):
    image = Image.fromarray(GREY).convert(mode)
    try:
        data = saved(image, form)
    except (OSError, ValueError):
        pytest.skip(f"{form} holds no {mode}")
    right = np.asarray(image.convert("L")).astype(int)
    assert np.abs(read(tmp_path, data) - right).max() <= 1


# Transparency


def with_alpha(mode: str) -> tuple[Image.Image, np.ndarray]:
    """An image with colours hidden below transparency, and what it looks like on white."""
    alpha = np.random.default_rng(2).integers(0, 256, GREY.shape, dtype=np.uint8)
    alpha[0], alpha[1] = 0, 255
    image = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]).convert(mode)
    return image, GREY * (alpha / 255) + 255 * (1 - alpha / 255)


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        *itertools.product(["PNG", "TIFF", "JPEG2000", "TGA", "JXL"], ["LA", "RGBA"]),
        *itertools.product(["WEBP", "ICO", "DDS"], ["RGBA"]),
    ],
)
def test_what_is_transparent_stands_on_white(tmp_path, form, mode):
    image, right = with_alpha(mode)
    if form == "ICO":
        options: dict[str, object] = {"sizes": [image.size]}
    else:
        options = {"lossless": True} if form in ("WEBP", "JXL") else {}
    found = read(tmp_path, saved(image, form, **options))
    visible = np.asarray(image.getchannel("A")) > 0 if form == "WEBP" else True
    assert np.abs(found - right).max(where=visible, initial=0) <= 1.5
    assert np.all(found[0] == 255)


def test_premultiplied_transparency_stands_on_white(tmp_path):
    image, right = with_alpha("LA")
    alpha = np.asarray(image.getchannel("A"))
    array = np.dstack([np.rint(GREY * (alpha / 255)).astype(np.uint8), alpha])
    data = of_tifffile(array, photometric="minisblack", extrasamples=["assocalpha"])
    assert np.abs(read(tmp_path, data) - right).max() <= 1.5


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_palette_with_transparency_stands_on_white(tmp_path, form):
    image = Image.fromarray(GREY // 64 * 85).convert("P")
    index = image.getpixel((2, 3))
    found = read(tmp_path, saved(image, form, transparency=index))
    hidden = np.asarray(image) == index
    assert np.all(found[hidden] == 255)
    assert np.array_equal(found[~hidden], np.asarray(image.convert("L"))[~hidden])


def test_without_a_transparent_pixel_nothing_is_changed_by_an_alpha_channel(tmp_path):
    colours = Image.fromarray(np.random.default_rng(3).integers(0, 256, (9, 13, 3), dtype=np.uint8))
    opaque = read(tmp_path, saved(colours.convert("RGBA"), "PNG"))
    assert np.array_equal(opaque, np.asarray(colours.convert("L")))


# Orientation

TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.T,
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].T,
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera stores an upright picture, by the orientation that it notes (EXIF 2.3, 4.6.4)."""


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
@pytest.mark.parametrize("orientation", TURNED)
def test_each_orientation_is_turned_upright_in_each_format(tmp_path, form, orientation):
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](SMOOTH)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read(tmp_path, saved(stored, form, exif=exif, quality=100))
    assert found.shape == SMOOTH.shape
    assert np.abs(found.astype(int) - SMOOTH).mean() < 2


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("orientation", TURNED)
def test_tiff_of_many_bits_is_turned_upright(tmp_path, orientation, bits):
    stored = TURNED[orientation](GREY).astype(int) * ((1 << bits) - 1) // 255
    found = read(tmp_path, tiff(stored, bits, (262, 1), (274, orientation)))
    assert found.shape == GREY.shape
    assert np.abs(found.astype(int) - GREY).max() <= 1


def test_jpeg_xl_is_turned_by_its_decoder_and_not_once_more(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read(tmp_path, saved(Image.fromarray(GREY), "JXL", lossless=True, exif=exif.tobytes()))
    assert np.array_equal(found, GREY)


# Pixels that are all there, and pixels that are not

PHOTOGRAPH = Image.fromarray(
    np.random.default_rng(4).integers(0, 256, (12, 16, 3), dtype=np.uint8)
).resize((120, 80))


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 3}],
    ids=["baseline", "progressive", "optimised", "restarts"],
)
def test_a_jpeg_cut_anywhere_has_all_its_pixels_or_is_refused(tmp_path, options):
    data = saved(PHOTOGRAPH, "JPEG", **options)
    whole = read(tmp_path, data)
    assert np.array_equal(read(tmp_path, data[:-2]), whole)  # only the end marker is missing
    cuts = [*range(1, 60), *range(60, len(data), 37)]
    for cut in cuts:
        for end in (b"", b"\xff\xd9"):
            try:
                found = read(tmp_path, data[:-cut] + end)
            except CodecError:
                continue
            assert np.array_equal(found, whole), (cut, end)


def test_the_first_of_several_jpegs_in_a_file_has_all_its_pixels_or_is_refused(tmp_path):
    data = saved(PHOTOGRAPH, "MPO", save_all=True, append_images=[PHOTOGRAPH])  # as phones write
    assert read(tmp_path, data).shape == (80, 120)
    end = data.index(b"\xff\xd9\xff\xd8")
    assert "end before its last pixel" in refusal(tmp_path, data[: end - 400] + data[end:])


@pytest.mark.parametrize("form", ["PNG", "GIF", "TIFF", "WEBP", "BMP", "JPEG2000", "AVIF", "PPM"])
def test_other_files_cut_anywhere_have_all_their_pixels_or_are_refused(tmp_path, form):
    data = saved(PHOTOGRAPH, form)
    whole = read(tmp_path, data)
    for cut in [*range(1, 30), *range(30, len(data), max(1, len(data) // 40))]:
        try:
            found = read(tmp_path, data[:-cut])
        except CodecError:
            continue
        assert np.array_equal(found, whole), cut


def test_png_with_megabytes_of_metadata_has_its_pixels(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "x" * 3_000_000, zip=True)
    texts.add_itxt("note", "y" * 3_000_000, zip=True)
    profile = bytes(3_000_000)
    for options in ({"pnginfo": texts}, {"icc_profile": profile}):
        data = saved(Image.fromarray(GREY), "PNG", **options)
        assert np.array_equal(read(tmp_path, data), GREY)
        assert decode(io.BytesIO(data)).size == (WIDTH, HEIGHT)


def test_orientation_is_kept_when_metadata_is_dropped(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(TURNED[6](GREY)))
    data = saved(stored, "PNG", exif=exif, icc_profile=bytes(3_000_000))
    assert np.array_equal(read(tmp_path, data), GREY)


def test_broken_metadata_of_png_does_not_matter_but_broken_pixels_do(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "hello")
    data = saved(Image.fromarray(GREY), "PNG", pnginfo=texts)
    assert np.array_equal(read(tmp_path, data.replace(b"hello", b"jello")), GREY)
    place = data.index(b"IDAT") + 10
    broken = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
    assert "no readable image" in refusal(tmp_path, broken.replace(b"hello", b"jello"))


# Formats


def test_jpeg_xl_is_read(tmp_path):
    assert np.array_equal(read(tmp_path, saved(Image.fromarray(GREY), "JXL", lossless=True)), GREY)


def test_a_jpeg_xl_that_is_cut_is_refused(tmp_path):
    data = saved(PHOTOGRAPH, "JXL")
    assert refusal(tmp_path, data[:-20]).endswith("no readable image: damaged")


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_is_refused_by_its_name(tmp_path, brand):
    data = b"\0\0\0\x18ftyp" + brand + bytes(8) + b"heic" + bytes(100)
    assert "HEIC, which can't be read here" in refusal(tmp_path, data)


@pytest.mark.parametrize("start", formats.TIFF_STARTS)
def test_a_tiff_of_a_kind_that_pillow_lacks_is_not_called_no_image(tmp_path, start):
    assert "a TIFF that is damaged, or of a kind that" in refusal(tmp_path, start + bytes(100))


@pytest.mark.parametrize("form", ["TIFF", "PNG", "JPEG", "GIF", "BMP", "WEBP", "AVIF", "PPM"])
def test_what_is_wrong_with_a_damaged_image_is_told_in_words(form):
    file = io.BytesIO()
    Image.fromarray(SMOOTH).save(file, form)
    generator = np.random.default_rng(0)
    told = set()
    for _ in range(60):
        damaged = bytearray(file.getvalue())
        for place in generator.integers(min(len(damaged), 60), size=3):
            damaged[place] = generator.integers(256)
        with suppress(UndefinedGreyError):
            try:
                decode(io.BytesIO(damaged))
            except OSError as error:
                told.add(str(error))
    assert told
    assert not [text for text in told if not text or re.search(r"Error|Exception", text)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there is too little memory to decode it"),
        (Image.DecompressionBombError("Image size (9 pixels)"), "Image size (9 pixels)"),
        (SyntaxError("not a TIFF"), "damaged (not a TIFF)"),
        (IndexError(), "damaged"),
    ],
)
def test_an_error_of_a_decoder_is_told_in_words(monkeypatch, error, words):
    monkeypatch.setattr(photographs, "_decode", lambda _: (_ for _ in ()).throw(error))
    with pytest.raises(OSError) as raised:
        decode(io.BytesIO(b"bytes"))
    assert str(raised.value) == words


# Suffixes


@pytest.mark.parametrize("suffix", formats.IMAGE_SUFFIXES)
def test_a_file_of_each_suffix_that_counts_as_an_image_is_read(tmp_path, suffix):
    form = Image.registered_extensions()[suffix]
    path = tmp_path / f"IMAGE{suffix.upper()}"
    image = Image.fromarray(SMOOTH)
    (image.convert("1") if suffix == ".pbm" else image).save(path, form)
    assert images.read_grey(path).shape == SMOOTH.shape
    assert formats.is_image(path.name)


def test_what_is_left_out_is_counted_by_suffix_with_an_example():
    names = ["a/1.heic", "a/2.HEIC", "notes", "b.txt"]
    told = formats.left_out(dict.fromkeys(names, True) | {"a/3.jpg": False, "c": False})
    assert told.startswith("6 files are left out: 2 of .heic (a/1.heic, …), ")
    assert "2 no regular file, or leading to none (a/3.jpg, …)" in told
    assert "1 without suffix (notes)" in told
    assert "1 of .txt (b.txt)" in told
    assert formats.left_out({"b.txt": True}) == "1 file is left out: 1 of .txt (b.txt)"


def test_what_is_left_out_is_told_in_one_line_of_bounded_length():
    assert formats.left_out({"a\nb.txt": True}) == "1 file is left out: 1 of .txt (a\\nb.txt)"
    told = formats.left_out({f"{number}.x{number}": True for number in range(100)})
    assert told.startswith("100 files are left out: ")
    assert told.endswith(", 92 of other suffixes")
