"""Files and folders through the codec: what is written, and one clear error for all else."""

import errno
import io
import os
import re
import shutil
import struct
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from reproduce import codec
from reproduce.codec import fileformat, files, images, progress, workers
from reproduce.core import store
from reproduce.core.errors import CodecError
from reproduce.data import pixels

GOLDEN = Path(__file__).with_name("golden")
FILE = (GOLDEN / "camera-64x48.cae").read_bytes()


@pytest.fixture
def photograph(tmp_path: Path, noise: Callable[..., Image.Image]) -> Path:
    """A photograph in colour, 40 x 24."""
    path = tmp_path / "photograph.png"
    noise(0, 5, 3).resize((40, 24)).save(path)
    return path


@pytest.fixture
def compressed(tmp_path: Path) -> Path:
    """A compressed file."""
    path = tmp_path / "compressed.cae"
    path.write_bytes(FILE)
    return path


@pytest.fixture
def folder(tmp_path: Path, noise: Callable[..., Image.Image]) -> Path:
    """A folder of four images in three formats, with folders in it, and a file that is none."""
    folder = tmp_path / "photographs"
    (folder / "summer" / "beach").mkdir(parents=True)
    names = ("1.png", "2.JPG", "summer/1.webp", "summer/beach/1.tif")
    for seed, name in enumerate(names):
        noise(seed, 4, 4).resize((18, 14 + seed)).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def grey(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(pixels.to_grey(image))


def tree(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def refusal(convert: Callable[..., object], *arguments: object, **options: object) -> str:
    """The message of the one error type, whatever is wrong."""
    with pytest.raises(CodecError) as error:
        convert(*arguments, **options)
    return str(error.value)


# One file


def test_a_photograph_goes_to_a_file_and_back(photograph, tmp_path):
    made, back = tmp_path / "made.cae", tmp_path / "back.png"
    files.compress(photograph, made, 0.125)
    files.decompress(made, back)
    assert made.read_bytes() == codec.compress(grey(photograph), 0.125)
    assert np.array_equal(grey(back), codec.decompress(made.read_bytes()))
    assert tree(tmp_path) == ["back.png", "made.cae", "photograph.png"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_images_of_each_mode_become_grey_as_in_the_paper(tmp_path, noise, mode):
    image = noise(1)
    path = tmp_path / ("image.jpg" if mode in ("CMYK", "YCbCr") else "image.png")
    if mode == "I;16":
        Image.fromarray(np.arange(0, 2**16, 256, dtype=np.uint16).reshape(16, 16)).save(path)
    else:
        image.convert(mode).save(path)
    files.compress(path, tmp_path / "made.cae")
    assert (tmp_path / "made.cae").read_bytes() == codec.compress(grey(path))


@pytest.mark.parametrize("mode", ["LA", "P", "RGB", "RGBA"])
def test_strict_refuses_colour_and_transparency(tmp_path, noise, mode):
    path = tmp_path / "image.png"
    noise(1).convert(mode).save(path)
    message = refusal(files.compress, path, tmp_path / "made.cae", strict=True)
    assert "image.png: not a grey image" in message
    assert "--strict" in message
    assert tree(tmp_path) == ["image.png"]


def test_strict_refuses_a_grey_that_stands_for_transparency(tmp_path, noise):
    path = tmp_path / "image.png"
    noise(1).convert("L").save(path, transparency=7)
    assert "transparency" in refusal(files.compress, path, tmp_path / "made.cae", strict=True)


def test_strict_takes_grey(tmp_path, noise):
    for mode in ("1", "L"):
        noise(1).convert(mode).save(tmp_path / "image.png")
        files.compress(tmp_path / "image.png", tmp_path / f"{mode}.cae", strict=True)


def test_a_photograph_is_turned_upright(tmp_path, noise):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    noise(1, 20, 12).save(tmp_path / "image.jpg", exif=exif)
    files.compress(tmp_path / "image.jpg", tmp_path / "made.cae")
    contents = files.inspect(tmp_path / "made.cae")
    assert (contents["width"], contents["height"]) == (12, 20)


def test_broken_metadata_keeps_no_image_from_being_compressed(tmp_path, noise):
    noise(1).save(tmp_path / "image.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    files.compress(tmp_path / "image.jpg", tmp_path / "made.cae")
    assert files.inspect(tmp_path / "made.cae")["width"] == 16


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp", ".PNG"])
def test_the_suffix_says_which_format_the_image_gets(compressed, tmp_path, suffix):
    files.decompress(compressed, tmp_path / f"image{suffix}")
    with Image.open(tmp_path / f"image{suffix}") as image:
        assert image.format == {"TIF": "TIFF"}.get(suffix[1:].upper(), suffix[1:].upper())
        assert image.size == (64, 48)


def test_a_format_that_does_not_hold_the_size_is_told(tmp_path):
    wide = tmp_path / "wide.cae"
    Image.new("L", (16_500, 1)).save(tmp_path / "wide.png")
    files.compress(tmp_path / "wide.png", wide)
    message = refusal(files.decompress, wide, tmp_path / "wide.webp")
    assert "16500x1 pixels cannot be written as WEBP" in message
    assert not (tmp_path / "wide.webp").exists()


def test_what_is_in_a_file(compressed):
    assert files.inspect(compressed) == {
        "version": 1,
        "model": 1,
        "model_name": "paper-0",
        "fingerprint": "67db20c4dad6a9db",
        "width": 64,
        "height": 48,
        "latent_width": 32,
        "latent_height": 24,
        "latent_channels": 1,
        "step": 0.25,
        "file_bytes": len(FILE),
        "payload_bytes": len(FILE) - 30,
        "bits_per_pixel": round(8 * len(FILE) / (64 * 48), 4),
    }


def test_a_file_of_another_model_is_inspected_but_not_decoded(tmp_path):
    header, payload = fileformat.unpack(FILE)
    other = fileformat.Header(9, header.fingerprint, 64, 48, header.step_units)
    (tmp_path / "other.cae").write_bytes(fileformat.pack(other, payload))
    assert files.inspect(tmp_path / "other.cae")["model_name"] == "unknown to this version"
    message = refusal(files.decompress, tmp_path / "other.cae", tmp_path / "other.png")
    assert "other.cae: made by model 9" in message


# What a user can do wrong


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("nowhere.png", "made.cae", "nowhere.png: there is no such file"),
        ("photograph.png", "nowhere/made.cae", "nowhere is not a folder: make it first"),
        ("photograph.png", "compressed.cae/made.cae", "compressed.cae is not a folder"),
        ("photograph.png", "photograph.png", "photograph.png is input and output at once"),
        ("photograph.png", "compressed.cae", "compressed.cae exists already: --force"),
        ("photograph.png", "made.png", "made.png: choose a name that ends in .cae"),
        ("photograph.png", "photographs", "photographs is a folder: name a file in it"),
        ("photographs", "compressed.cae", "compressed.cae is a file, and "),
        ("photographs", "photographs", "photographs is input and output at once"),
        ("photographs", "nowhere/made", "nowhere is not a folder: make it first"),
        ("photographs/summer/beach/none", "made", "none holds no file that ends in .jpg, "),
        ("photographs/notes.txt", "made.cae", "notes.txt: no readable image"),
        ("compressed.cae", "made.cae", "compressed.cae: no readable image"),
        ("compressed.cae", "made.cae", "compressed already: see `reproduce decompress`"),
        ("pipe", "made.cae", "pipe: this is no regular file"),
    ],
)
@pytest.mark.usefixtures("photograph", "compressed")
def test_compress_refuses(tmp_path, folder, source, output, message):
    (folder / "summer" / "beach" / "none").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = tree(tmp_path)
    assert message in refusal(files.compress, tmp_path / source, tmp_path / output)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("nowhere.cae", "made.png", "nowhere.cae: there is no such file"),
        ("compressed.cae", "photograph.png", "photograph.png exists already: --force"),
        ("compressed.cae", "made.xyz", "cannot write grey images to files named *.xyz"),
        ("compressed.cae", "made.xbm", "cannot write grey images to files named *.xbm"),
        ("compressed.cae", "made", "cannot write grey images to files named *"),
        ("photograph.png", "made.png", "photograph.png: no compressed image"),
        ("photograph.png", "made.png", "it looks like a PNG image"),
        ("photographs", "made", "photographs holds no file that ends in .cae"),
    ],
)
@pytest.mark.usefixtures("photograph", "compressed", "folder")
def test_decompress_refuses(tmp_path, source, output, message):
    before = tree(tmp_path)
    assert message in refusal(files.decompress, tmp_path / source, tmp_path / output)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("step", [0.0, -1.0, 1e9, float("nan")])
def test_a_step_out_of_range_is_refused_before_anything_is_read(tmp_path, step):
    message = refusal(files.compress, tmp_path / "nowhere.png", tmp_path / "made.cae", step)
    assert "step" in message


def test_inspect_refuses_a_folder_and_what_is_missing(folder):
    assert "no regular file" in refusal(files.inspect, folder)
    assert "no such file" in refusal(files.inspect, folder / "nowhere")


def test_force_writes_over_a_file(photograph, compressed):
    files.compress(photograph, compressed, force=True)
    assert files.inspect(compressed)["width"] == 40


def test_even_force_does_not_write_over_the_input(photograph):
    assert "at once" in refusal(files.compress, photograph, photograph, force=True)


def test_a_failure_leaves_the_old_output_alone(tmp_path, compressed):
    (tmp_path / "broken.png").write_bytes(b"no image")
    refusal(files.compress, tmp_path / "broken.png", compressed, force=True)
    assert compressed.read_bytes() == FILE


def test_a_photograph_of_an_absurd_size_is_refused_at_once(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    claim = bytearray(buffer.getvalue())
    claim[16:24] = struct.pack(">II", 40_000, 25_000)
    claim[29:33] = struct.pack(">I", zlib.crc32(claim[12:29]))
    (tmp_path / "huge.png").write_bytes(claim)
    assert "bomb" in refusal(files.compress, tmp_path / "huge.png", tmp_path / "made.cae")


def test_a_photograph_that_is_too_long_for_the_format_is_refused(tmp_path):
    Image.new("L", (1, 65_536)).save(tmp_path / "long.png")
    message = refusal(files.compress, tmp_path / "long.png", tmp_path / "made.cae")
    assert "long.png: 1x65536 pixels: the format holds" in message


def test_pixels_of_which_nobody_knows_what_grey_is_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "float.tif")
    message = refusal(files.compress, tmp_path / "float.tif", tmp_path / "made.cae")
    assert "float.tif: cannot be made grey: its pixels are floating-point numbers" in message


def test_places_without_permission_are_told(shared_folder, as_ordinary_user):
    (shared_folder / "closed").mkdir()
    (shared_folder / "photograph.png").write_bytes(b"secret")
    (shared_folder / "photograph.png").chmod(0)
    (shared_folder / "compressed.cae").write_bytes(FILE)
    (shared_folder / "closed").chmod(0o555)
    closed = shared_folder / "closed"
    (shared_folder / "open").mkdir()
    (shared_folder / "open").chmod(0o777)
    made = shared_folder / "open" / "made.cae"
    with as_ordinary_user():
        unreadable = refusal(files.compress, shared_folder / "photograph.png", made)
        unwritable = refusal(files.decompress, shared_folder / "compressed.cae", closed / "a.png")
    assert "photograph.png: no readable image: Permission denied" in unreadable
    assert "cannot write" in unwritable
    assert str(closed) in unwritable


ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from reproduce import codec
from reproduce.codec import files
codec.compress = lambda image, step: bytes(200_000)
disk = Path(sys.argv[1])
try:
    files.compress(Path(sys.argv[2]), disk / "made.cae")
except codec.models.CodecError as error:
    print(error, [file.name for file in disk.iterdir()])
"""


def test_a_full_disk_is_told_and_nothing_is_left_on_it(run_on_a_small_disk, photograph):
    done = run_on_a_small_disk(100, ON_A_SMALL_DISK, photograph)
    assert "made.cae: No space left on device; choose a folder" in done.stdout, done.stderr
    assert done.stdout.strip().endswith("[]")


# Folders


def test_a_folder_goes_to_another_of_the_same_structure_and_back(folder, tmp_path):
    made, back = tmp_path / "made", tmp_path / "back"
    files.compress(folder, made)
    files.decompress(made, back)
    assert tree(made) == ["1.cae", "2.cae", "summer/1.cae", "summer/beach/1.cae"]
    assert tree(back) == ["1.png", "2.png", "summer/1.png", "summer/beach/1.png"]
    for source in (folder / "2.JPG", folder / "summer" / "beach" / "1.tif"):
        file = (made / source.relative_to(folder)).with_suffix(".cae")
        assert file.read_bytes() == codec.compress(grey(source))


@pytest.fixture
def processes(monkeypatch):
    """Let two processes convert the files of a folder, however few it has."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(files, "FILES_PER_PROCESS", 1)


def test_the_bytes_do_not_depend_on_the_number_of_threads(folder, tmp_path, monkeypatch):
    trees = []
    for threads in (1, 2, 8):
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        made = tmp_path / f"made-{threads}"
        files.compress(folder, made)
        trees.append({name: (made / name).read_bytes() for name in tree(made)})
    assert trees[0] == trees[1] == trees[2]


def test_processes_give_the_same_files_and_the_same_messages(
    folder, tmp_path, monkeypatch, processes, capsys
):
    (folder / "summer" / "bad.png").write_bytes(b"no image")
    # A process gets any name, one that is not UTF-8, too.
    (folder / "1.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    noted = spied(monkeypatch, workers.Workers, "do")
    found = []
    for of_processes in (True, False):
        monkeypatch.setattr(files, "FILES_PER_PROCESS", 1 if of_processes else 100)
        made, back = tmp_path / "made", tmp_path / "back"
        told = [refusal(files.compress, folder, made, 0.1, strict=False)]
        files.decompress(made, back)
        assert len(noted) == (9 if of_processes else 0)
        noted.clear()
        told += re.findall("error: .*", capsys.readouterr().err)
        found.append((told, contents(made), contents(back)))
        shutil.rmtree(made)
        shutil.rmtree(back)
    assert found[0] == found[1]
    messages, of_made, of_back = found[0]
    assert len(messages) == 2
    assert "summer/bad.png: no readable image" in messages[1]
    assert len(of_made) == len(of_back) == 4


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in tree(folder)}


def spied(monkeypatch, place, name):
    """Return a list that gets an entry for each call of a method."""
    noted, method = [], getattr(place, name)

    def spy(*arguments):
        noted.append(arguments)
        return method(*arguments)

    monkeypatch.setattr(place, name, spy)
    return noted


@pytest.mark.parametrize(
    ("threads", "count", "expected"), [(1, 100, 0), (2, 7, 0), (2, 8, 2), (8, 12, 3), (2, 100, 2)]
)
def test_processes_are_started_where_they_pay(monkeypatch, threads, count, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    started = []

    def start(number, _):
        started.append(number)
        return nullcontext()

    monkeypatch.setattr(files, "Workers", start)
    with files._converter(files._Conversion("compress", {}), count):
        assert started == [expected] * (expected > 0)


def test_one_bad_file_does_not_stop_the_others(folder, tmp_path, capsys):
    (folder / "summer" / "bad.png").write_bytes(b"no image")
    (folder / "empty.jpg").touch()
    message = refusal(files.compress, folder, tmp_path / "made")
    assert f"2 of 6 files in {folder} could not be done" in message
    told = capsys.readouterr().err
    assert f"error: {folder}/summer/bad.png: no readable image" in told
    assert f"error: {folder}/empty.jpg: no readable image" in told
    assert len(tree(tmp_path / "made")) == 4


def test_so_it_is_with_damaged_files(tmp_path, compressed, capsys):
    (tmp_path / "files").mkdir()
    compressed.rename(tmp_path / "files" / "good.cae")
    (tmp_path / "files" / "bad.cae").write_bytes(FILE[:-1])
    message = refusal(files.decompress, tmp_path / "files", tmp_path / "made")
    assert "1 of 2 files" in message
    assert "bad.cae: truncated" in capsys.readouterr().err
    assert tree(tmp_path / "made") == ["good.png"]


def test_two_images_that_would_make_one_file_are_refused(folder, tmp_path, noise):
    noise(9).save(folder / "summer" / "1.png")
    message = refusal(files.compress, folder, tmp_path / "made")
    assert "1.png and" in message
    assert "1.webp would both become" in message
    assert not (tmp_path / "made").exists()


def test_a_folder_is_not_begun_if_an_output_exists(folder, tmp_path):
    made = tmp_path / "made"
    (made / "summer").mkdir(parents=True)
    (made / "1.cae").write_text("old")
    (made / "summer" / "1.cae").write_text("old")
    message = refusal(files.compress, folder, made)
    assert "1.cae exists already, and so do others (2 in all): --force" in message
    assert tree(made) == ["1.cae", "summer/1.cae"]
    files.compress(folder, made, force=True)
    assert (made / "1.cae").read_bytes() == codec.compress(grey(folder / "1.png"))


def test_what_exists_is_skipped_if_told_so(folder, tmp_path, capsys):
    made = tmp_path / "made"
    (made / "summer").mkdir(parents=True)
    (made / "summer" / "1.cae").write_text("old")
    files.compress(folder, made, skip_existing=True)
    assert tree(made) == ["1.cae", "2.cae", "summer/1.cae", "summer/beach/1.cae"]
    assert (made / "summer" / "1.cae").read_text() == "old"
    assert "1 of 4 exist already and are left as they are" in capsys.readouterr().err
    files.compress(folder, made, skip_existing=True)  # nothing is left to do
    files.compress(folder / "1.png", made / "1.cae", skip_existing=True)
    assert "choose one" in refusal(files.compress, folder, made, force=True, skip_existing=True)
    link = made / "2.cae"
    link.unlink()
    link.symlink_to(tmp_path / "elsewhere.cae")  # a link is there, wherever it leads
    files.compress(folder, made, skip_existing=True)
    assert link.is_symlink()
    assert not link.exists()


def test_a_partly_failed_batch_can_be_gone_on_with(folder, tmp_path):
    (folder / "bad.png").write_bytes(b"no image")
    message = refusal(files.compress, folder, tmp_path / "made")
    assert "--skip-existing does the rest" in message
    (folder / "bad.png").unlink()
    files.compress(folder, tmp_path / "made", skip_existing=True)


def test_files_that_are_left_out_are_told(folder, tmp_path, capsys):
    (folder / "1.heic").touch()
    files.compress(folder, tmp_path / "made")
    told = capsys.readouterr().err
    assert f"note: in {folder} 2 files are left out: " in told
    assert "1 of .heic (1.heic)" in told
    assert "1 of .txt (notes.txt)" in told


def test_what_is_no_file_of_a_folder_is_told(folder, tmp_path, capsys):
    (folder / "gone.png").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.png")
    files.compress(folder, tmp_path / "made")
    told = capsys.readouterr().err
    assert f"note: in {folder} 3 files are left out: " in told  # one is none of ours anyway
    assert "2 no regular file, or leading to none (gone.png, …)" in told
    assert not (tmp_path / "made/gone.cae").exists()


def test_an_unreadable_folder_does_not_stop_the_others(
    shared_folder, as_ordinary_user, noise, capsys
):
    photographs = shared_folder / "photographs"
    (photographs / "closed").mkdir(parents=True)
    (photographs / "later").mkdir()
    noise(1).save(photographs / "later" / "1.png")
    (photographs / "closed").chmod(0)
    (shared_folder / "made").mkdir()
    (shared_folder / "made").chmod(0o777)
    with as_ordinary_user():
        message = refusal(files.compress, photographs, shared_folder / "made")
    assert "0 of 1 files" in message and "1 places not be read" in message
    assert "cannot read folder" in capsys.readouterr().err
    assert tree(shared_folder / "made") == ["later/1.cae"]


FOLDER_ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from reproduce import codec
from reproduce.codec import files
computed = []
def compress(image, step):
    computed.append(1)
    return bytes(60_000)
codec.compress = compress
files.FILES_PER_PROCESS = 100  # in another process, the codec's own would be called
try:
    files.compress(Path(sys.argv[2]), Path(sys.argv[1]) / "made")
except codec.models.CodecError as error:
    print(error, len(computed))
"""


def test_a_disk_that_is_full_stops_a_batch_at_once(run_on_a_small_disk, tmp_path, noise):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(64):
        noise(number).save(many / f"{number}.png")
    done = run_on_a_small_disk(100, FOLDER_ON_A_SMALL_DISK, many)
    assert "No space left on device" in done.stdout, done.stderr
    # The second file that is begun before the first is whole leaves room for neither.
    assert re.search("[01] of 64 files are done, and --skip-existing does the rest", done.stdout)
    assert int(done.stdout.split()[-1]) < 32


@pytest.mark.parametrize(
    ("number", "told"),
    [
        *((one, "0 of 3 files are done") for one in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)),
        (errno.EACCES, "3 of 3 files"),
    ],
)
def test_a_folder_is_given_up_where_no_other_file_could_be_written_either(
    tmp_path, noise, monkeypatch, number, told
):
    (tmp_path / "some").mkdir()
    for count in range(3):
        noise(count).save(tmp_path / "some" / f"{count}.png")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store, "write_whole", fail)
    assert told in refusal(files.compress, tmp_path / "some", tmp_path / "made")


WITH_PROCESSES_ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from reproduce.codec import files
from reproduce.core.errors import CodecError
made = Path(sys.argv[1]) / "made"
files.FILES_PER_PROCESS = 1
try:
    files.compress(Path(sys.argv[2]), made, step=0.01)
except CodecError as error:
    print(error, sum(1 for _ in made.glob("*.cae")))
"""


def test_so_it_is_where_processes_do_the_work(run_on_a_small_disk, tmp_path, noise, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(12):
        noise(number, 160, 160).save(many / f"{number}.png")
    done = run_on_a_small_disk(30, WITH_PROCESSES_ON_A_SMALL_DISK, many)
    told = re.search(r"device; .* ([0-9]+) of 12 files are done, .* the rest ([0-9]+)", done.stdout)
    assert told, done.stdout + done.stderr
    assert int(told[1]) <= int(told[2]) < 12
    assert done.stderr.count("error") == 0


FULL_DISK = """
import sys
from pathlib import Path
from reproduce import codec
from reproduce.codec import files
codec.compress = lambda image, step: sys.exit("computed in vain")
disk = Path(sys.argv[1])
try:
    (disk / "other").write_bytes(bytes(10_000_000))
except OSError:
    pass
try:
    files.compress(Path(sys.argv[2]), disk / "made.cae")
except codec.models.CodecError as error:
    print(error)
"""


def test_a_full_disk_is_told_before_the_work(run_on_a_small_disk, photograph):
    done = run_on_a_small_disk(100, FULL_DISK, photograph)
    assert "made.cae: No space left on device" in done.stdout, done.stderr


# A bar for what takes long


def test_a_large_file_shows_how_far_it_is_and_a_small_one_nothing(
    photograph, tmp_path, monkeypatch, capsys
):
    files.compress(photograph, tmp_path / "made.cae")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "SECONDS", 0)
    files.compress(photograph, tmp_path / "shown.cae")
    told = capsys.readouterr().err
    assert "network: " in told and "entropy coder: " in told
    files.decompress(tmp_path / "shown.cae", tmp_path / "back.png")
    told = capsys.readouterr().err
    assert "entropy coder: " in told and "network: " in told
    assert (tmp_path / "shown.cae").read_bytes() == (tmp_path / "made.cae").read_bytes()


def test_files_of_a_folder_have_one_bar_together(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS", 0)
    files.compress(folder, tmp_path / "made")
    told = capsys.readouterr().err
    assert "4/4" in told
    assert "network" not in told


# Outputs as they were asked for


@pytest.mark.parametrize("suffix", [".ico", ".icns"])
def test_a_format_that_changes_the_size_is_refused(compressed, tmp_path, suffix):
    output = tmp_path / f"image{suffix}"
    message = refusal(files.decompress, compressed, output)
    assert f"64x48 pixels cannot be written as {suffix[1:].upper()}, which would make" in message
    assert not output.exists()


def written_formats() -> list[str]:
    Image.init()
    return sorted(
        suffix for suffix, form in Image.registered_extensions().items() if form in Image.SAVE
    )


@pytest.mark.parametrize("suffix", written_formats())
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_image_of_each_format_is_what_was_asked_or_refused(tmp_path, suffix):
    image = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    try:
        form = images.format_of(tmp_path / f"image{suffix}")
        data = images.to_bytes(image, form)
    except CodecError as error:
        assert "choose a name that ends in .png" in str(error)
        return
    if form in ("PDF", "EPS"):
        return  # which Pillow writes and does not read
    with Image.open(io.BytesIO(data)) as back:
        found = np.asarray(back.convert("L")).astype(int)
    assert found.shape == image.shape
    assert np.abs(found - image).mean() < 2


@pytest.mark.parametrize("length", [240, 244, 250, 255])
def test_a_name_may_be_as_long_as_the_system_allows(photograph, compressed, tmp_path, length):
    name = "写" * ((length - 4) // 3)
    name += "x" * (length - 4 - len(name.encode()))
    files.compress(photograph, tmp_path / f"{name}.cae")
    files.decompress(compressed, tmp_path / f"{name}.png")
    assert files.inspect(tmp_path / f"{name}.cae")["width"] == 40


def test_a_name_that_is_too_long_is_refused_before_the_work(photograph, tmp_path, monkeypatch):
    monkeypatch.setattr(codec, "compress", None)
    message = refusal(files.compress, photograph, tmp_path / ("x" * 252 + ".cae"))
    assert "File name too long" in message


def test_force_writes_what_a_link_leads_to_and_keeps_permissions(photograph, tmp_path):
    target, link = tmp_path / "elsewhere" / "made.cae", tmp_path / "link.cae"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    files.compress(photograph, link, force=True)
    assert link.is_symlink()
    assert files.inspect(target)["width"] == 40
    assert target.stat().st_mode & 0o777 == 0o600
    assert tree(target.parent) == ["made.cae"]


def test_even_force_writes_over_nothing_but_files(photograph, tmp_path):
    os.mkfifo(tmp_path / "pipe.cae")
    (tmp_path / "link.cae").symlink_to(tmp_path / "pipe.cae")
    for name in ("pipe.cae", "link.cae"):
        assert "no regular file" in refusal(files.compress, photograph, tmp_path / name, force=True)


# Bytes of all kinds, as files


def assert_refused_or_decoded(path: Path, data: bytes) -> None:
    output = path.with_suffix(".png")
    path.write_bytes(data)
    try:
        files.decompress(path, output)
    except CodecError as error:
        assert str(path) in str(error)
        assert not output.exists()
    else:
        output.unlink()


def test_a_file_cut_anywhere_or_altered_anywhere_is_refused(tmp_path):
    path = tmp_path / "bad.cae"
    for length in range(len(FILE)):
        path.write_bytes(FILE[:length])
        assert str(path) in refusal(files.decompress, path, tmp_path / "made.png")
    for place in range(len(FILE)):
        path.write_bytes(FILE[:place] + bytes([FILE[place] ^ 0x55]) + FILE[place + 1 :])
        assert str(path) in refusal(files.decompress, path, tmp_path / "made.png")
    assert tree(tmp_path) == ["bad.cae"]


def image_file(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((20, 16)).convert("RGB").save(buffer, form)
    return buffer.getvalue()


images_of_all_formats = st.sampled_from(
    [image_file(form) for form in ("PNG", "JPEG", "WEBP", "TIFF")]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    images_of_all_formats, st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=4)
)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_image_is_read_or_refused(tmp_path, data, changes):
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * len(data))] = value
    (tmp_path / "damaged").write_bytes(damaged)
    try:
        levels = images.read_grey(tmp_path / "damaged")
    except CodecError:
        return
    assert (levels.ndim, levels.dtype) == (2, np.dtype(np.uint8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path, data):
    assert_refused_or_decoded(tmp_path / "random.cae", data)
    path = tmp_path / "random.jpg"
    path.write_bytes(data)
    assert str(path) in refusal(files.compress, path, tmp_path / "made.cae")


def test_nothing_but_the_start_is_read_of_what_is_no_compressed_file(tmp_path):
    path = tmp_path / "huge.cae"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole, which takes no room on the disk
    assert "no compressed image" in refusal(files.decompress, path, tmp_path / "made.png")
    with path.open("r+b") as file:
        file.write(FILE)
    assert "damaged" in refusal(files.decompress, path, tmp_path / "made.png")
