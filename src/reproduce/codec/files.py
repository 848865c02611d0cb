"""Files and whole folders through the codec: what can go wrong there ends in one clear message.

Outputs are checked before any work is done, and written whole or not at all. In a folder, one bad
file does not keep the others from being done.
"""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from PIL import Image
from tqdm import tqdm

from reproduce import codec
from reproduce.codec import fileformat, images, models, progress, workers
from reproduce.codec.workers import Job, Workers
from reproduce.core import parallel, store
from reproduce.core.errors import CodecError, ReproduceError
from reproduce.data import formats
from reproduce.data.sources.folder import walk


def compress(
    source: Path,
    output: Path,
    step: float = codec.DEFAULT_STEP,
    *,
    strict: bool = False,
    force: bool = False,
    skip_existing: bool = False,
) -> None:
    """Compress an image file, or each image of a folder into another folder of the same structure.

    Parameters
    ----------
    source
        An image in any format that Pillow reads, or a folder: there, files count as images by
        their suffixes.
    output
        Name of the compressed file, which ends in `.cae`, or the folder for them.
    step
        Of the quantisation, see `LatentCodec.compress`.
    strict
        Refuse images in colour or with transparency.
    force
        Write over files that exist.
    skip_existing
        Leave files that exist, and do the others.

    Raises
    ------
    CodecError
        Something is missing, exists already, can't be read or written, or is out of range; for a
        folder, after all others are done.
    """
    fileformat.step_units(step)
    read = _Conversion("compress", {"step": step, "strict": strict})
    task = _Task(formats.IMAGE_SUFFIXES, fileformat.SUFFIX, _check_compressed_name, read)
    _convert(task, source, output, _existing(force, skip_existing))


def decompress(
    source: Path, output: Path, *, force: bool = False, skip_existing: bool = False
) -> None:
    """Decompress a file, or each one of a folder into another folder of the same structure.

    Parameters
    ----------
    source
        A compressed image, or a folder: there, the files that end in `.cae`.
    output
        Name of the image, whose suffix says the format, or the folder for images, which become
        PNG files.
    force, skip_existing
        As `compress`.

    Raises
    ------
    CodecError
        As `compress`; also: a file is damaged, or of a model that this version lacks.
    """
    suffixes = (fileformat.SUFFIX,)
    task = _Task(suffixes, ".png", images.format_of, _Conversion("decompress", {}))
    _convert(task, source, output, _existing(force, skip_existing))


def inspect(source: Path) -> dict[str, Any]:
    """Return what is in a compressed file, by names of its fields, without decoding it.

    Raises
    ------
    CodecError
        It can't be read, is no compressed image, or a damaged one.
    """
    with _naming(source):
        _check_file(source)
        data = _read(source)
        header, payload = fileformat.unpack(data)
    latent_height, latent_width, latent_channels = header.latent_shape
    model = models.known().get(header.model, {})
    ours = model.get("fingerprint") == header.fingerprint.hex()
    return {
        "version": header.version,
        "model": header.model,
        "model_name": model["name"] if ours else "unknown to this version",
        "fingerprint": header.fingerprint.hex(),
        "width": header.width,
        "height": header.height,
        "latent_width": latent_width,
        "latent_height": latent_height,
        "latent_channels": latent_channels,
        "step": header.step,
        "file_bytes": len(data),
        "payload_bytes": len(payload),
        "bits_per_pixel": round(8 * len(data) / (header.width * header.height), 4),
    }


Existing = Literal["refuse", "skip", "overwrite"]
"""What to do about outputs that exist."""


def _existing(force: bool, skip_existing: bool) -> Existing:
    if force and skip_existing:
        raise CodecError("--force and --skip-existing: choose one")
    return "overwrite" if force else "skip" if skip_existing else "refuse"


_Convert: TypeAlias = Callable[[Path, Path], bytes]


@dataclass(frozen=True)
class _Conversion:
    """What is done with one file, so that another process can be told."""

    name: str
    options: Mapping[str, Any]

    def __call__(self, source: Path, output: Path) -> bytes:
        with _naming(source):
            return _CONVERSIONS[self.name](source, output, **self.options)


@dataclass(frozen=True)
class _Task:
    """One direction of the codec.

    Attributes
    ----------
    suffixes
        Of the files in a folder that are taken.
    new_suffix
        Of what each of them becomes.
    check_name
        Raises CodecError if an output can't have that name.
    convert
        Returns the bytes of the output of a source; what it raises names the source.
    """

    suffixes: tuple[str, ...]
    new_suffix: str
    check_name: Callable[[Path], object]
    convert: _Conversion


def _compressed(source: Path, _: Path, step: float, strict: bool) -> bytes:
    return codec.compress(images.read_grey(source, strict=strict), step)


def _decompressed(source: Path, output: Path) -> bytes:
    return images.to_bytes(codec.decompress(_read(source)), images.format_of(output))


_CONVERSIONS: Mapping[str, Callable[..., bytes]] = {
    "compress": _compressed,
    "decompress": _decompressed,
}


def _read(source: Path) -> bytes:
    """Read a compressed file, but of anything else no more than its start."""
    with source.open("rb") as file:
        start = file.read(fileformat.HEADER_BYTES_2)
        fileformat.check_start(start, os.fstat(file.fileno()).st_size)
        return start + file.read()


def _convert(task: _Task, source: Path, output: Path, existing: Existing) -> None:
    with _without_warnings():
        try:
            convert = _convert_folder if source.is_dir() else _convert_file
            convert(task, source, output, existing)
        except OSError as error:  # of a path that can't even be looked at
            raise CodecError(f"{error.filename}: {error.strerror}; choose another place") from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Hide Pillow's, of odd metadata and images of an absurd size, which are refused."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield


def _convert_file(task: _Task, source: Path, output: Path, existing: Existing) -> None:
    with _naming(source):
        _check_file(source)
    _check_place(source, output)
    if output.is_dir():
        raise CodecError(f"{output} is a folder: name a file in it")
    task.check_name(output)
    if existing == "skip" and os.path.lexists(output):
        return
    _check_absent([output], existing)
    _check_room(output)
    with progress.shown():
        _convert_one(task.convert, source, output)


def _convert_folder(task: _Task, source: Path, output: Path, existing: Existing) -> None:
    _check_place(source, output)
    if output.exists() and not output.is_dir():
        raise CodecError(f"{output} is a file, and {source} is a folder: name a folder")
    unreadable: list[ReproduceError] = []
    jobs = _jobs(task, source, output, unreadable)
    every = len(jobs)
    if existing == "skip":
        jobs = {made: file for made, file in jobs.items() if not os.path.lexists(made)}
        if len(jobs) < every:
            _tell(f"note: {every - len(jobs)} of {every} exist already and are left as they are")
    _check_absent(list(jobs), existing)
    _check_room(output)
    # Pillow loads its formats when the first file asks for them; a second thread that asks
    # meanwhile could miss one.
    Image.init()
    for problem in unreadable:
        _tell(f"error: {problem}")
    failures = _convert_each(task, source, jobs)
    if failures or unreadable:
        places = f", and {len(unreadable)} places not be read" if unreadable else ""
        raise CodecError(
            f"{failures} of {len(jobs)} files in {source} could not be done{places}, as told "
            f"above; the others are in {output}. Mend these, and --skip-existing does the rest"
        )


def _convert_each(task: _Task, source: Path, jobs: dict[Path, Path]) -> int:
    """Convert files side by side and return how many could not be done."""
    failures = 0
    bar = tqdm(jobs, desc=str(source), unit="file")
    with _converter(task.convert, len(jobs)) as convert:
        results = parallel.map_in_order(partial(_attempt, convert), jobs.items())
        for done, (_, error) in enumerate(zip(bar, results, strict=True)):
            if isinstance(error, _FullError):
                raise CodecError(
                    f"{error}. {done - failures} of {len(jobs)} files are done, and "
                    "--skip-existing does the rest"
                ) from error
            if error:
                failures += 1
                _tell(f"error: {error}")
    return failures


FILES_PER_PROCESS = 4
"""With fewer, a process takes longer to start than it saves."""

_WORKER = "from reproduce.codec import files; files.answer()"


@contextmanager
def _converter(conversion: _Conversion, files: int) -> Iterator[_Convert]:
    """Give a function that converts one of so many files, where it pays in another process."""
    processes = min(parallel.available_threads(), files // FILES_PER_PROCESS)
    if processes < 2:
        yield conversion
        return
    with Workers(processes, _WORKER) as pool:

        def convert(source: Path, output: Path) -> bytes:
            return pool.do(asdict(conversion) | {"source": str(source), "output": str(output)})

        yield convert


def answer() -> None:
    """Convert the files that another process tells (see `workers`)."""

    def do(job: Job) -> bytes:
        conversion = _Conversion(job["name"], job["options"])
        return conversion(Path(job["source"]), Path(job["output"]))

    with _without_warnings():
        workers.answer(do)


def _tell(message: str) -> None:
    tqdm.write(message, file=sys.stderr)


def _jobs(
    task: _Task, source: Path, output: Path, unreadable: list[ReproduceError]
) -> dict[Path, Path]:
    """Return what is to be made of a folder, each output with its source.

    What can't be read of the folder is added to `unreadable`, and what is left out is told.
    """
    jobs: dict[Path, Path] = {}
    left_out = {}
    for name, status in walk(source, unreadable.append):
        file = Path(name)
        if status is None or not file.name.lower().endswith(task.suffixes):
            left_out[str(file.relative_to(source))] = status is not None
            continue
        made = (output / file.relative_to(source)).with_suffix(task.new_suffix)
        if made in jobs:
            raise CodecError(f"{jobs[made]} and {file} would both become {made}: rename one")
        jobs[made] = file
    if not jobs:
        if unreadable:
            raise CodecError(str(unreadable[0]))
        raise CodecError(f"{source} holds no file that ends in {', '.join(task.suffixes)}")
    if left_out:
        _tell(f"note: in {source} {formats.left_out(left_out)}")
    return jobs


class _FullError(CodecError):
    """There is no room for more: others would fare the same."""


def _attempt(convert: _Convert, job: tuple[Path, Path]) -> CodecError | None:
    output, source = job
    try:
        _convert_one(convert, source, output)
    except CodecError as error:
        return error
    return None


def _convert_one(convert: _Convert, source: Path, output: Path) -> None:
    data = convert(source, output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        store.write_whole(output, data)
    except OSError as error:
        raise _unwritable(output, error) from error


def _unwritable(output: Path, error: OSError) -> CodecError:
    kind = _FullError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else CodecError
    return kind(
        f"cannot write {output}: {error.strerror}; choose a folder with room that you may write to"
    )


@contextmanager
def _naming(source: Path) -> Iterator[None]:
    """Name the file in what goes wrong with it."""
    try:
        yield
    except CodecError as error:
        raise CodecError(f"{source}: {error}") from error
    except OSError as error:
        raise CodecError(f"{source}: cannot be read: {error.strerror or error}") from error


def _check_file(source: Path) -> None:
    if not source.exists():
        raise CodecError("there is no such file or folder")
    if not source.is_file():
        raise CodecError("this is no regular file: name one")


def _check_compressed_name(output: Path) -> None:
    if output.suffix != fileformat.SUFFIX:
        raise CodecError(f"{output}: choose a name that ends in {fileformat.SUFFIX}")


def _check_place(source: Path, output: Path) -> None:
    """Check that the output is not the source, and has a folder to stand in."""
    folder = output if output.is_dir() else _leads_to(output).parent
    if output.exists() and output.samefile(source):
        raise CodecError(f"{source} is input and output at once: choose another output")
    if output.exists() and not output.is_dir() and not output.is_file():
        raise CodecError(f"{output} is no regular file: choose another output")
    if not folder.is_dir():
        raise CodecError(f"{folder} is not a folder: make it first, or choose another output")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CodecError(f"cannot write to {folder}: choose a folder that you may write to")


def _leads_to(output: Path) -> Path:
    """Return the file that is written: of a link, its target."""
    return Path(os.path.realpath(output)) if output.is_symlink() else output


def _check_room(output: Path) -> None:
    """See that something can be written before the work is done."""
    try:
        store.check_room(output if output.is_dir() else _leads_to(output).parent)
    except OSError as error:
        raise _unwritable(output, error) from error


def _check_absent(outputs: list[Path], existing: Existing) -> None:
    if existing != "refuse":
        return
    found = [output for output in outputs if os.path.lexists(output)]
    if found:
        others = f", and so do others ({len(found)} in all)" if len(found) > 1 else ""
        raise CodecError(
            f"{found[0]} exists already{others}: --force writes over it, --skip-existing leaves it"
        )
