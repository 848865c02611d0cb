"""A pytest plugin: nbval that compares numbers and pictures with a tolerance, and that can fail.

nbval runs the cells of a notebook and compares their outputs with the stored ones, as text, and
skips pictures. Results that are computed differ in their last digits from one processor to the
next, and a stored output that is missing or stale is often not noticed. With this plugin
(`pytest_plugins = ["tests.nbval_strict"]` in the topmost conftest.py, then `pytest --nbval`)

- numbers in outputs may differ by a relative or an absolute tolerance; all other text may not, but
  for the widths of a table's columns;
- pictures are decoded: the sizes are equal, and what they show is, too, but for fonts and for
  shifts by a few pixels (`picture_difference`);
- what is stored beside an output is compared as text: the alternative text of a picture and what
  else it tells (`reproduce.core.outputs`), the name under which a value is glued;
- what is recorded, and the paper's, is the same on each machine: such columns and rows of tables,
  and values glued under such names, are compared to the last digit, whatever the tolerance;
- number, order and kinds of a cell's outputs are equal; what goes to stderr is no result and is
  not compared;
- a first test of each notebook, `stored outputs`, fails if they are missing, were not made in the
  order of the cells or not from the present source, were changed since, or hold an error, a
  warning or a path of the machine that made them;
- a last test, `comparisons`, fails if no output of the notebook was compared with anything. It is
  skipped if not all cells were run and passed, as with `pytest -k`.

`--nbval-lax`, which asks for cells to be run rather than compared, leaves out these two tests.

Tolerances are those of `Tolerance`, unless the notebook's metadata say otherwise,

    "nbval": {"relative": 1e-2, "absolute": 1e-6, "picture-rms": 4}

(each of them may be left out), or a cell's tags: `nbval-relative-1e-2`, `nbval-absolute-0.5`,
`nbval-picture-rms-8`. Integers are numbers like others, so small counts are strict by the defaults:
200 and 201 differ by more than 0.2 %. nbval's own tags (`nbval-ignore-output`, …) work as ever.

Whoever renews the stored outputs (`reproduce refresh`) stores hashes of them and of the source in
the same metadata.
"""

import base64
import io
import json
import math
import re
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from nbval import plugin
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from reproduce.book.notebook import executed_source, stored_outputs

RENEW = "renew the stored outputs (make notebooks)"

# ------------------------------------------------------------------------------------- tolerances


@dataclass(frozen=True)
class Tolerance:
    """By how much an output may differ from the stored one.

    Attributes
    ----------
    relative, absolute
        For numbers, as in `math.isclose`: it is enough to keep one of them. The absolute default
        lets a number with four decimals be rounded the other way. Sizes of files, and what is
        computed from few numbers, jump by more: of this book's chapters, 4 and 5 ask for more.
    picture_rms
        For pictures: grey levels from 0 to 255, see `picture_difference`.
    """

    relative: float = 2e-3
    absolute: float = 1.5e-4
    picture_rms: float = 2.0


QUANTITIES = {field.name.replace("_", "-"): field.name for field in fields(Tolerance)}
EXACT = Tolerance(relative=1e-6, absolute=0)
"""For what is recorded: only the last bits of a sum may differ."""

HASHES = {
    "executed_source": (executed_source, "are not known to come from the present source"),
    "stored_outputs": (stored_outputs, "were changed since they were renewed"),
}
"""Keys of a notebook's metadata, what they hold, and what is said of outputs if that isn't so."""


class SettingError(ValueError):
    """A tolerance that can't be read."""


def tolerance_of_notebook(metadata: Mapping[str, Any]) -> Tolerance:
    """Return the tolerance that the metadata of a notebook ask for."""
    settings = {key: value for key, value in metadata.get("nbval", {}).items() if key not in HASHES}
    for key, value in settings.items():
        if key not in QUANTITIES:
            raise SettingError(f"unknown key {key!r}; known are {', '.join(QUANTITIES)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_bound(value):
            raise SettingError(f"{key} is {value!r}, which is no number from 0 up")
    return replace(Tolerance(), **{QUANTITIES[key]: value for key, value in settings.items()})


def tolerance_of_cell(tags: list[str], default: Tolerance) -> Tolerance:
    """Return the tolerance that the tags of a cell ask for.

    A tag that starts like nbval's and is none is taken for a slip: it would have no effect.
    """
    asked: dict[str, float] = {}
    for tag in tags:
        if not tag.lower().startswith("nbval") or tag in plugin.metadata_tags:
            continue
        found = re.fullmatch(rf"nbval-({'|'.join(QUANTITIES)})-(.+)", tag)
        if not found:
            known = [*plugin.metadata_tags, *(f"nbval-{name}-NUMBER" for name in QUANTITIES)]
            raise SettingError(f"unknown tag {tag!r}; known are {', '.join(known)}")
        name = QUANTITIES[found[1]]
        if name in asked:
            raise SettingError(f"tag {tag!r} is the second one for {found[1]}")
        try:
            asked[name] = float(found[2])
        except ValueError:
            raise SettingError(f"tag {tag!r} ends with no number") from None
        if not _is_bound(asked[name]):
            raise SettingError(f"tag {tag!r} ends with no number from 0 up")
    return replace(default, **asked)


def _is_bound(value: float) -> bool:
    return math.isfinite(value) and value >= 0


# ------------------------------------------------------------------------------------------- text

# Numbers stand by themselves: digits in a word, a hash, a name of a file, a version, a date or a
# time are text. So are nan and inf, which equal only themselves. Commas group thousands.
NUMBER = re.compile(
    r"(?<![\w.])(?<!\w[-/])(?<!\d:)"
    r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?"
    r"(?!\.?\w|[-/:]\d)"
)
# The columns of a table are as wide as their widest number.
FILLING = re.compile(r" +|-{2,}")
SHOWN = 5


def text_differences(stored: str, new: str, tolerance: Tolerance) -> list[str]:
    """Say where the text around the numbers of two texts differs, or in which numbers they do."""
    lines = zip_longest(stored.split("\n"), new.split("\n"))
    for number, (ours, theirs) in enumerate(lines, start=1):
        if _between_numbers(ours) != _between_numbers(theirs):
            return [_line_difference(number, ours, theirs)]
    differences = [
        _number_difference(number, ours, theirs, EXACT if recorded else tolerance)
        for number, (recorded, ours, theirs) in enumerate(
            zip(_are_recorded(stored), NUMBER.findall(stored), NUMBER.findall(new), strict=True),
            start=1,
        )
    ]
    return _shortened([difference for difference in differences if difference])


RECORDED = re.compile(r"\b(recorded|reported|the paper\b(?!'s script))")
"""Heads of a table's columns and rows, and beginnings of names, of what was recorded."""


def _are_recorded(text: str) -> Iterator[bool]:
    """Say of each number of a text whether it stands in a column, or a row, of what was recorded.

    A row without a head is one more of those above.
    """
    heads: list[str] = []
    row = ""
    for line in text.split("\n"):
        if not line.startswith("|"):
            heads = []
            yield from (False for _ in NUMBER.findall(line))
            continue
        cells = line.split("|")
        heads = heads or cells
        row = cells[1] if cells[1].strip() else row
        for head, cell in zip_longest(heads, cells, fillvalue=""):
            recorded = RECORDED.search(head) or RECORDED.match(row.strip())
            yield from (bool(recorded) for _ in NUMBER.findall(f"|{cell}|"))


def _between_numbers(line: str | None) -> list[str] | None:
    if line is None:
        return None
    return [FILLING.sub(_filling, part).strip(" ") for part in NUMBER.split(line)]


def _line_difference(number: int, stored: str | None, new: str | None) -> str:
    if stored is None or new is None:
        return f"line {number} is {'new' if stored is None else 'missing'}"
    pairs = enumerate(zip(stored, new, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(stored), len(new)))
    ours, theirs = (line[max(0, same - 30) : same + 50] for line in (stored, new))
    return f"line {number}: stored {ours!r}, new {theirs!r}"


def _filling(found: re.Match[str]) -> str:
    return "--" if found[0].startswith("-") else " "


def _number_difference(number: int, stored: str, new: str, tolerance: Tolerance) -> str:
    ours, theirs = _value(stored), _value(new)
    if math.isclose(ours, theirs, rel_tol=tolerance.relative, abs_tol=tolerance.absolute):
        return ""
    difference = abs(ours - theirs)
    share = f" ({difference / abs(ours):.2%})" if ours else ""
    return (
        f"number {number}: stored {stored}, new {new}: they differ by {difference:.4g}{share}, "
        f"more than relative {tolerance.relative:g} and absolute {tolerance.absolute:g}"
    )


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _shortened(lines: list[str]) -> list[str]:
    rest = len(lines) - SHOWN
    return lines if rest <= 0 else [*lines[:SHOWN], f"… and {rest} more"]


# --------------------------------------------------------------------------------------- pictures

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHIFT = 4
"""By how many pixels something in a picture may be shifted."""
WINDOW = 32
"""Side of the squares in which a difference may not be concentrated, in pixels."""
CONCENTRATED = 15
"""How many times the bound on the whole picture is allowed in such a square."""


def picture_difference(stored: str, new: str, tolerance: Tolerance) -> str:
    """Say how two pictures (in base64) differ, or return an empty text.

    The sizes must be equal. A pixel of one picture differs as far as it is lighter or darker than
    all pixels of the other one within SHIFT pixels: letters of another font, and lines that make
    way for them, differ hardly in that sense, while a missing line does. Of these differences, the
    root mean square over the picture is bounded, and over each square of it, at a higher bound:
    that finds a single missing arrow in a large drawing.
    """
    # Measured on 14 figures of this book (grey levels; whole picture / worst square):
    #   DejaVu Serif for Sans, no hinting, no antialiasing   at most 1.1 / 16
    #   another processor (no oneDNN; SSE only)              at most 0.3 / 0.9
    #     but where pixels or images are counted or ranked   4.6 / 48, 8.5 / 87, 19 / 95
    #   one line of a plot missing                           at least 3.5 / 22
    #   one arrow of the drawing, one bar, one image in a histogram   1.6 / 54, 3.2 / 67, 2.4 / 41
    #   losses 1 % higher; one point 2 % higher              13.6 / 79, 7.7 / 100
    #   colours flipped, mirrored, or of another image       at least 20 / 61
    #   a reconstruction 10 % darker; the original in its place   6.1 / 16, 9.3 / 42
    # A plain root mean square can't tell them apart: 20 with the other font, 5 without a line.
    # Figures of counts and ranks have a bound of their own, by tag. Fonts of other widths
    # (monospace, STIX) move the axes: up to 38 (or another size), like wrong figures.
    ours, theirs = _pixels(stored), _pixels(new)
    if ours.shape != theirs.shape:
        return f"the sizes differ: stored {_size(ours)}, new {_size(theirs)} pixels"
    squares = np.maximum(_outside(ours, theirs), _outside(theirs, ours)) ** 2
    squares = squares.mean(axis=2)
    whole = math.sqrt(squares.mean())
    worst = math.sqrt(max(0.0, ndimage.uniform_filter(squares, WINDOW).max()))
    bound = tolerance.picture_rms
    if whole <= bound and worst <= CONCENTRATED * bound:
        return ""
    return (
        f"the pictures differ by {whole:.1f} grey levels (RMS; the bound is {bound:g}), in the "
        f"worst square of {WINDOW} pixels by {worst:.1f} (the bound is {CONCENTRATED * bound:g})"
    )


def _pixels(encoded: str) -> NDArray[np.float32]:
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        picture = image.convert("RGBA")
    page = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(page, picture).convert("RGB"), dtype=np.float32)


def _outside(pixels: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much pixels are darker or lighter than all of the other's around them."""
    around = (2 * SHIFT + 1, 2 * SHIFT + 1, 1)
    darker = ndimage.minimum_filter(other, around) - pixels
    lighter = pixels - ndimage.maximum_filter(other, around)
    return np.maximum(0, np.maximum(darker, lighter))


def _size(pixels: NDArray[np.float32]) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"


# ---------------------------------------------------------------------------------------- outputs

# The identifier of a widget's state is a random one.
UNCOMPARED = ("application/vnd.jupyter.widget-view+json",)


def comparable(output: NotebookNode) -> dict[str, str]:
    """Return what is compared of an output, as text or base64, by kind: what it is and its type."""
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    told = dict(output.get("metadata", {}))
    name = told.pop("scrapbook", {}).get("name", "")  # of what is glued
    kinds = {
        " ".join(filter(None, [output.output_type, mime, name])): _as_text(data)
        for mime, data in output.data.items()
    }
    beside = {
        f"{output.output_type} {mime} {key}": _as_text(value)
        for mime, of_mime in told.items()
        for key, value in (of_mime.items() if isinstance(of_mime, dict) else [("what", of_mime)])
    }
    return kinds | beside


def _as_text(data: object) -> str:
    return data if isinstance(data, str) else json.dumps(data, indent=1, sort_keys=True)


def output_differences(
    stored: Mapping[str, str], new: Mapping[str, str], tolerance: Tolerance
) -> list[str]:
    """Say how an output differs from the stored one. Both are as `comparable` returns them."""
    if stored.keys() != new.keys():
        return [f"stored is {_kinds(stored)}, new is {_kinds(new)}"]
    differences = []
    for kind in stored:
        if kind.endswith(UNCOMPARED):
            continue
        if kind.endswith(PICTURES):
            found = [picture_difference(stored[kind], new[kind], tolerance)]
        else:
            exact = RECORDED.match(kind.rpartition(" ")[2].replace("_", " "))
            found = text_differences(stored[kind], new[kind], EXACT if exact else tolerance)
        differences += [f"{kind}: {difference}" for difference in found if difference]
    return differences


def _kinds(output: Mapping[str, str]) -> str:
    return ", ".join(sorted(output)) or "nothing"


# ---------------------------------------------------------------------- the form of what is stored

MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:home|root|Users|tmp|private|var|mnt|media|opt|srv|scratch|work|workspace"
    r"|builds|content|kaggle)/|\b[A-Z]:\\\w"
)
WARNING = re.compile(r"\b\w*Warning: |\bWARNING\b")
TRACEBACK = "Traceback (most recent call last)"


def form_problems(notebook: NotebookNode, folder: Path) -> list[str]:
    """Say what is wrong with the stored outputs of a notebook; `folder` is where it was run."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    told = notebook.metadata.get("nbval", {})
    problems = [
        f"the stored outputs {fault}"
        for key, (hash_of, fault) in HASHES.items()
        if told.get(key) != hash_of(notebook)
    ]
    if not any(cell.outputs for cell in cells):
        problems.append("no cell has a stored output")
    counts = [cell.execution_count for cell in cells if cell.source.strip()]
    if None in counts:
        problems.append(f"{counts.count(None)} of {len(counts)} cells have not been executed")
    elif counts != list(range(1, len(counts) + 1)):
        problems.append(f"the cells were executed in the order {counts}, not from 1 up")
    for number, cell in enumerate(cells):
        problems += [f"Cell {number}: {problem}" for problem in _cell_problems(cell, folder)]
    return problems


def _cell_problems(cell: NotebookNode, folder: Path) -> Iterator[str]:
    raising = {"raises-exception", "nbval-raises-exception"} & set(_tags(cell))
    for output in cell.outputs:
        if output.output_type == "error" and not raising:
            yield f"an error, {output.ename}: {output.evalue}"
        if output.get("name") == "stderr":
            yield f"something on stderr: {_excerpt(output.text, 0)}"
            continue
        text = _readable(output)
        for name, found in (
            ("a warning", WARNING.search(text)),
            ("a traceback", re.search(re.escape(TRACEBACK), text)),
            ("a path of a machine", MACHINE_PATH.search(text)),
            ("the path of this folder", re.search(rf"{re.escape(str(folder))}\b", text)),
        ):
            if found:
                yield f"{name}: {_excerpt(text, found.start())}"


def _readable(output: NotebookNode) -> str:
    kinds = comparable(output)
    texts = [text for kind, text in kinds.items() if not kind.endswith(PICTURES)]
    return "\n".join([*texts, *output.get("traceback", [])])


def _excerpt(text: str, start: int) -> str:
    before = text.rfind("\n", 0, start) + 1
    return text[max(before, start - 40) : start + 80].split("\n")[0]


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


# --------------------------------------------------------------------------------- pytest's objects


class OutputsError(Exception):
    """Outputs that differ from the stored ones, or stored outputs of a bad form: a line each."""


def _listed(title: str, problems: list[str]) -> str:
    return "\n".join([title, *(f"  {problem}" for problem in problems)])


class StrictFile(plugin.IPyNbFile):
    """A notebook: the form of its stored outputs, its cells, and whether they were compared.

    Attributes
    ----------
    done
        Which cells passed, or were left out by their tag.
    compared
        How many outputs were compared.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.done: set[int] = set()
        self.compared = 0

    def collect(self) -> Iterator[pytest.Item]:
        """Yield what is tested of the notebook."""
        cells = [self._strict(cell) for cell in super().collect()]
        if self.config.option.nbval_lax:
            yield from cells
            return
        yield StoredOutputs.from_parent(self, name="stored outputs")
        yield from cells
        yield Comparisons.from_parent(self, name="comparisons", cells=len(cells))

    def _strict(self, cell: plugin.IPyNbCell) -> "StrictCell":
        where = self.path.name
        try:
            default = tolerance_of_notebook(self.nb.metadata)
            where += f", {cell.name}"
            tolerance = tolerance_of_cell(_tags(cell.cell), default)
        except SettingError as error:
            raise self.CollectError(f"{where}: {error}") from None
        return StrictCell.from_parent(
            self,
            name=cell.name,
            cell_num=cell.cell_num,
            cell=cell.cell,
            options=cell.options,
            tolerance=tolerance,
        )

    def setup(self) -> None:
        """Leave the kernel to the first cell: the stored outputs' form is checked without one."""

    def start(self) -> None:
        """Start the kernel, if it has not been started."""
        if self.kernel is None:
            super().setup()
            kernel: Any = self.kernel
            kernel.await_reply = partial(await_reply_of_the_living, kernel)


def await_reply_of_the_living(
    kernel: plugin.RunningKernel, message: str, timeout: float | None = None
) -> None:
    """Wait for a kernel's reply, as nbval does, but not for a kernel that has died.

    nbval waits for that one till the timeout of the cell, half an hour.
    """
    end = time.monotonic() + (math.inf if timeout is None else timeout)
    while True:
        try:
            return type(kernel).await_reply(kernel, message, timeout=1)
        except Empty:
            if not kernel.is_alive():
                raise RuntimeError("the kernel died, perhaps for lack of memory") from None
            if time.monotonic() > end:
                raise


class StrictCell(plugin.IPyNbCell):
    """A code cell, its outputs compared with a tolerance."""

    def __init__(self, *args: Any, tolerance: Tolerance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tolerance = tolerance

    def setup(self) -> None:
        """Have a kernel."""
        self.parent.start()
        super().setup()

    def runtest(self) -> None:
        """Run the cell and compare its outputs."""
        if not self.options["skip"]:
            super().runtest()
            self.parent.done.add(self.cell_num)
            return
        self.parent.done.add(self.cell_num)
        super().runtest()

    def compare_outputs(
        self, test: list[NotebookNode], ref: list[NotebookNode], skip_compare: object = None
    ) -> bool:
        """Compare the outputs of this run with the stored ones, one by one.

        nbval compares them sorted by type, so that it doesn't see their order.

        Raises
        ------
        OutputsError
            In place of returning False.
        """
        stored, new = (
            [self._sanitized(output) for output in _results(some)] for some in (ref, test)
        )
        self.parent.compared += len(stored)
        nothing: dict[str, str] = {}
        pairs = zip_longest(stored, new, fillvalue=nothing)
        problems = [
            f"output {number}: {difference}"
            for number, (ours, theirs) in enumerate(pairs, start=1)
            for difference in output_differences(ours, theirs, self.tolerance)
        ]
        if problems:
            raise OutputsError(_listed(f"{self._place}: the outputs differ", problems))
        return True

    def _sanitized(self, output: NotebookNode) -> dict[str, str]:
        return {
            kind: text if kind.endswith(PICTURES) else self.sanitize(text)
            for kind, text in comparable(output).items()
        }

    @property
    def _place(self) -> str:
        return f"{self.parent.path.name}, {self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """Return what pytest shows."""
        if isinstance(excinfo.value, OutputsError):
            source = "\n".join(f"  | {line}" for line in self.cell.source.splitlines())
            return f"{excinfo.value}\n{source}"
        return f"{self._place}\n{super().repr_failure(excinfo)}"


def _results(outputs: list[NotebookNode]) -> list[NotebookNode]:
    return [output for output in outputs if output.get("name") != "stderr"]


class _NotebookItem(pytest.Item):
    """A test of a notebook as a whole."""

    parent: StrictFile

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what pytest shows."""
        if isinstance(excinfo.value, OutputsError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test stands and its name."""
        return self.path, 0, f"{self.path.name}::{self.name}"


class StoredOutputs(_NotebookItem):
    """The form of a notebook's stored outputs."""

    def runtest(self) -> None:
        """Fail with all that is wrong with them."""
        problems = form_problems(self.parent.nb, self.path.parent)
        if problems:
            raise OutputsError(_listed(f"{self.path.name}: {RENEW}", problems))


class Comparisons(_NotebookItem):
    """Whether any output of a notebook was compared."""

    def __init__(self, *args: Any, cells: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = cells

    def runtest(self) -> None:
        """Fail if none was, though all cells were run."""
        if len(self.parent.done) < self.cells:
            pytest.skip("not all cells were run and passed")
        if not self.parent.compared:
            raise OutputsError(f"{self.path.name}: no output was compared with a stored one")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Have a StrictFile collected where nbval collects a notebook."""
    collected = yield
    return [
        StrictFile.from_parent(parent, path=file_path)
        if type(collector) is plugin.IPyNbFile
        else collector
        for collector in collected
    ]
