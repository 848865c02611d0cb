"""nbval with tolerance: what may differ, what may not, and that each fault is told."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from reproduce.book.notebook import executed_source, stored_outputs
from tests.nbval_strict import (
    SettingError,
    Tolerance,
    comparable,
    form_problems,
    output_differences,
    picture_difference,
    text_differences,
    tolerance_of_cell,
    tolerance_of_notebook,
)

DEFAULT = Tolerance()
V4 = nbformat.v4


# ------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("mean 0.71241549", "mean 0.71241601"),
        ("| 6,639 |", "| 6,641 |"),
        ("| 999.9 |", "| 1,000.1 |"),
        ("|  9.99 |\n|------:|", "| 10.00 |\n|-------:|"),
        ("   a    b\n0.999  2.0\n", "    a    b\n1.0001  2.0\n"),
        ("loss −0.5000", "loss −0.5001"),
        ("loss −0.5000", "loss -0.5000"),
        ("-0.0000", "0.0000"),
        ("0.0111", "0.0112"),
        ("12.50 % and 12.50%", "12.51 % and 12.51%"),
        ("[-1.5e+06, 2E-3]", "[-1.501e+06, 2.001E-3]"),
        ("nan, inf, -inf, 1.000", "nan, inf, -inf, 1.001"),
        ("{'loss': 0.5001}", "{'loss': 0.5002}"),
        ("It is 0.5001.", "It is 0.5002."),
    ],
)
def test_numbers_may_differ_by_little(stored: str, new: str) -> None:
    assert text_differences(stored, new, DEFAULT) == []


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ("mean 0.71", "mean 0.72"),
        ("mean 0.71", "median 0.71"),
        ("loss 0.0111", "loss 0.0114"),
        ("200 images", "201 images"),
        ("0.5", "-0.5"),
        ("+0.5", "−0.5"),
        ("1 2 3", "1 2"),
        ("[1, 23]", "[12, 3]"),
        ("[1,23]", "[12,3]"),
        ("0.5", "nan"),
        ("inf", "-inf"),
        ("12.5 %", "12.5"),
        ("12.5 s", "12.5 ms"),
        ("1e-3", "1e-2"),
        ("| --- |", "| --: |"),
        ("fingerprint 4deaaef498b968bb", "fingerprint 4deaaef498b968bc"),
        ("file 3.png", "file 4.png"),
        ("file 1003.png", "file 1004.png"),
        ("crop-1003", "crop-1004"),
        ("2026-11-22", "2027-11-22"),
        ("at 2026:11", "at 2027:11"),
        ("version 1003.1.2", "version 1004.1.2"),
        ("1000x900", "1001x900"),
    ],
)
def test_more_than_that_may_not(stored: str, new: str) -> None:
    assert text_differences(stored, new, DEFAULT)


def test_the_difference_of_numbers_and_the_tolerance_are_told() -> None:
    (message,) = text_differences("a 1, b 0.50", "a 1, b 0.51", DEFAULT)
    assert message == (
        "number 2: stored 0.50, new 0.51: they differ by 0.01 (2.00%), more than relative 0.002 "
        "and absolute 0.00015"
    )


def test_where_the_text_differs_is_told() -> None:
    long = "same " * 100
    (message,) = text_differences(f"first 1\n{long}loss 1", f"first 1.001\n{long}loss", DEFAULT)
    assert message.startswith("line 2: stored '")
    assert message.endswith("same loss'")
    assert len(message) < 200
    assert text_differences("one\ntwo", "one", DEFAULT) == ["line 2 is missing"]
    assert text_differences("one", "one\ntwo", DEFAULT) == ["line 2 is new"]


def test_many_differences_are_told_in_short() -> None:
    stored, new = (" ".join(map(str, range(start, start + 60))) for start in (1, 2))
    messages = text_differences(stored, new, DEFAULT)
    assert len(messages) == 6
    assert messages[-1] == "… and 55 more"


# ------------------------------------------------------------------------------------- tolerances


def test_a_notebook_and_a_cell_can_have_tolerances_of_their_own() -> None:
    metadata = {"nbval": {"relative": 0.1, "picture-rms": 3, "executed_source": "a hash"}}
    notebook = tolerance_of_notebook(metadata)
    assert notebook == Tolerance(relative=0.1, picture_rms=3)
    tags = ["remove-input", "nbval-relative-1e-2", "nbval-absolute-0.5", "nbval-check-output"]
    assert tolerance_of_cell(tags, notebook) == Tolerance(0.01, 0.5, 3)
    assert tolerance_of_cell(["nbval-picture-rms-8"], notebook).picture_rms == 8
    assert tolerance_of_notebook({}) == DEFAULT


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            ["nbval-relatve-1e-2"],
            "unknown tag 'nbval-relatve-1e-2'; known are .*nbval-absolute-NUMBER",
        ),
        (["NBVAL_IGNORE_OUTPUT"], "unknown tag 'NBVAL_IGNORE_OUTPUT'"),
        (["nbval-relative-much"], "'nbval-relative-much' ends with no number"),
        (["nbval-absolute-nan"], "'nbval-absolute-nan' ends with no number from 0 up"),
        (["nbval-absolute--1"], "'nbval-absolute--1' ends with no number from 0 up"),
        (["nbval-absolute-1", "nbval-absolute-2"], "the second one for absolute"),
    ],
)
def test_a_mistyped_tag_is_refused(tags: list[str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        tolerance_of_cell(tags, DEFAULT)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"relatve": 0.1}, "unknown key 'relatve'"),
        ({"relative": "0.1"}, "relative is '0.1'"),
        ({"relative": True}, "relative is True"),
        ({"absolute": -1}, "absolute is -1"),
    ],
)
def test_a_mistyped_setting_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        tolerance_of_notebook({"nbval": settings})


# --------------------------------------------------------------------------------------- pictures


def encoded(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def plot(lines: int = 2, font: str = "sans-serif", factor: float = 1) -> str:
    with rc_context({"font.family": font}):
        figure = Figure(layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots()
        places = np.linspace(0, 6, 50)
        for number, values in enumerate((factor * np.sin(places), np.cos(places))[:lines]):
            axes.plot(places, values, color=f"C{number}")
        axes.set(
            xlabel="a label of the axis", ylabel="another label", xlim=(0, 6), ylim=(-1.2, 1.2)
        )
        canvas.draw()
        return encoded(np.asarray(canvas.buffer_rgba()))


def values_map(sign: int = 1) -> str:
    values = np.random.default_rng(0).normal(size=(20, 20))
    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    figure.subplots().imshow(sign * values, cmap="PuOr", vmin=-2, vmax=2)
    canvas.draw()
    return encoded(np.asarray(canvas.buffer_rgba()))


def test_pictures_are_compared_by_what_they_show() -> None:
    grey = np.full((40, 60), 128)
    assert picture_difference(encoded(grey), encoded(grey + 1), DEFAULT) == ""
    message = picture_difference(encoded(grey), encoded(grey + 30), DEFAULT)
    assert "differ by 30.0 grey levels (RMS; the bound is 2)" in message
    assert picture_difference(encoded(grey), encoded(grey + 30), Tolerance(picture_rms=31)) == ""


def test_the_sizes_of_pictures_are_equal() -> None:
    message = picture_difference(encoded(np.zeros((20, 30))), encoded(np.zeros((20, 31))), DEFAULT)
    assert message == "the sizes differ: stored 30 x 20, new 31 x 20 pixels"


def test_another_font_is_no_difference() -> None:
    assert picture_difference(plot(), plot(font="serif"), DEFAULT) == ""


@pytest.mark.parametrize("other", [plot(lines=1), plot(factor=0.9)], ids=["no line", "10 % less"])
def test_another_line_is_a_difference(other: str) -> None:
    assert picture_difference(plot(), other, DEFAULT)


def test_a_flipped_sign_is_a_difference() -> None:
    assert picture_difference(values_map(), values_map(), DEFAULT) == ""
    assert picture_difference(values_map(), values_map(-1), DEFAULT)


def test_a_small_thing_that_is_missing_in_a_large_picture_is_a_difference() -> None:
    page = np.full((1000, 1000), 255)
    marked = page.copy()
    marked[500:516, 500:516] = 0
    message = picture_difference(encoded(page), encoded(marked), Tolerance(picture_rms=5))
    assert "worst square of 32 pixels by 127" in message


# ------------------------------------------------------------------------------ points of a plot


def plotted(y: float = 0.25, text: str = "JPEG: 24.10 dB PSNR") -> nbformat.NotebookNode:
    """A plot with one point."""
    told = {"curves": [{"name": "JPEG", "points": [{"x": 0.5, "y": y, "text": text}]}]}
    metadata = {"image/png": {"points": told}}
    return V4.new_output("execute_result", {"image/png": plot()}, metadata=metadata)


@pytest.mark.parametrize(
    ("new", "is_same"),
    [
        (plotted(), True),
        (plotted(y=0.2501, text="JPEG: 24.11 dB PSNR"), True),
        (plotted(y=0.26), False),
        (plotted(text="WebP: 24.10 dB PSNR"), False),
        (plotted(text="JPEG: 25.10 dB PSNR"), False),
        (V4.new_output("execute_result", {"image/png": plot()}), False),
    ],
)
def test_what_a_plot_tells_of_its_points_is_compared(
    new: nbformat.NotebookNode, is_same: bool
) -> None:
    found = output_differences(comparable(plotted()), comparable(new), DEFAULT)
    assert (found == []) == is_same


@pytest.mark.parametrize(
    ("alt", "is_same"),
    [("a leaf, 24.11 dB", True), ("a leaf, 25.10 dB", False), ("a bean, 24.10 dB", False)],
)
def test_an_alternative_text_is_compared(alt: str, is_same: bool) -> None:
    stored, new = (
        V4.new_output(
            "execute_result", {"image/png": plot()}, metadata={"image/png": {"alt": text}}
        )
        for text in ("a leaf, 24.10 dB", alt)
    )
    assert (output_differences(comparable(stored), comparable(new), DEFAULT) == []) == is_same


def glued(name: str, value: float = 0.5) -> nbformat.NotebookNode:
    """A value that is glued under a name."""
    data = {"application/papermill.record/text/plain": str(value)}
    return V4.new_output("display_data", data, metadata={"scrapbook": {"name": name}})


def test_the_name_under_which_a_value_is_glued_is_compared() -> None:
    stored, same, other = (comparable(glued(name)) for name in ("best", "best", "worst"))
    assert output_differences(stored, same, DEFAULT) == []
    assert output_differences(stored, other, DEFAULT)


# ---------------------------------------------------------------------------- what was recorded

LENIENT = Tolerance(relative=0.1, absolute=1)


@pytest.mark.parametrize(
    ("table", "changed", "is_same"),
    [
        ("| q | recorded run | here |\n| a | 0.676 | 0.99 |", ("0.99", "0.98"), True),
        ("| q | recorded run | here |\n| a | 0.676 | 0.99 |", ("0.676", "0.677"), False),
        ("| q | the paper | here |\n| a | 0.685 | 0.99 |", ("0.685", "0.686"), False),
        ("| q | the paper's script |\n| a | 0.676 |", ("0.676", "0.677"), True),
        ("| run |\n| recorded run | 1 |\n|  | 2 |\n| here | 3 |", ("| 2 |", "| 2.1 |"), False),
        ("| run |\n| recorded run | 1 |\n|  | 2 |\n| here | 3 |", ("| 3 |", "| 3.1 |"), True),
        ("recorded run: 0.676", ("0.676", "0.677"), True),
    ],
)
def test_columns_and_rows_of_what_was_recorded_are_the_same_to_the_last_digit(
    table: str, changed: tuple[str, str], is_same: bool
) -> None:
    assert (text_differences(table, table.replace(*changed), LENIENT) == []) == is_same


@pytest.mark.parametrize(
    ("name", "is_same"), [("recorded_best", False), ("reported_loss", False), ("this_best", True)]
)
def test_so_are_values_that_are_glued_under_such_names(name: str, is_same: bool) -> None:
    stored, new = (comparable(glued(name, value)) for value in (0.676, 0.677))
    assert (output_differences(stored, new, LENIENT) == []) == is_same


# ---------------------------------------------------------------------- the form of what is stored


def code(
    source: str, *outputs: nbformat.NotebookNode, count: int | None = 1, tags: tuple[str, ...] = ()
) -> nbformat.NotebookNode:
    """A code cell with stored outputs."""
    metadata = {"tags": list(tags)}
    return V4.new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return V4.new_output("stream", name=name, text=text)


def result(**data: str) -> nbformat.NotebookNode:
    """An execute_result; the names of types are written with _ for /."""
    kinds = {kind.replace("_", "/"): value for kind, value in data.items()}
    return V4.new_output("execute_result", data=kinds)


def notebook(*cells: nbformat.NotebookNode, **settings: object) -> nbformat.NotebookNode:
    """A notebook whose stored outputs are said to be in step with its source."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = V4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
    hashes = {"executed_source": executed_source, "stored_outputs": stored_outputs}
    told = {key: hash_of(content) for key, hash_of in hashes.items()}
    content.metadata["nbval"] = {**told, **settings}
    return content


def problems(content: nbformat.NotebookNode) -> list[str]:
    return form_problems(content, Path("/somewhere/else"))


def test_a_good_form_has_no_problems() -> None:
    cells = [
        code("", count=None),
        code("print(1)", printed("and/or https://x.org/home/ </td> no warning: 1\n")),
        code("2", count=2),
    ]
    assert problems(notebook(*cells)) == []


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (printed("it's a UserWarning: stop"), "a warning: it's a UserWarning: stop"),
        (printed("WARNING:tensorflow:no GPU"), "a warning: WARNING:tensorflow:no GPU"),
        (printed("one\ntwo\n", "stderr"), "something on stderr: one"),
        (printed("a\nTraceback (most recent call last):\n"), "a traceback: Traceback (most recent"),
        (printed("file /home/me/x.png"), "a path of a machine: file /home/me/x.png"),
        (printed(r"file C:\me\x.png"), "a path of a machine: file C:"),
        (result(text_html='<a href="/tmp/x">'), "a path of a machine: <a href="),
        (printed("/somewhere/else/x.png"), "the path of this folder: /somewhere/else/x.png"),
        (
            V4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
            "an error, ValueError: no",
        ),
    ],
)
def test_what_belongs_to_a_machine_or_a_mishap_is_told(
    output: nbformat.NotebookNode, problem: str
) -> None:
    (found,) = problems(notebook(code("1", output)))
    assert found.startswith(f"Cell 0: {problem}")


def test_an_error_may_be_stored_where_one_is_expected() -> None:
    error = V4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    assert problems(notebook(code("1", error, tags=("raises-exception",)))) == []


def test_stripped_outputs_are_told() -> None:
    assert problems(notebook(code("1", count=None), code("2", count=None))) == [
        "no cell has a stored output",
        "2 of 2 cells have not been executed",
    ]


def test_another_order_is_told() -> None:
    (problem,) = problems(notebook(code("1", printed("1"), count=2), code("2", count=1)))
    assert problem == "the cells were executed in the order [2, 1], not from 1 up"


def test_a_source_that_was_changed_is_told() -> None:
    content = notebook(code("1", printed("1")))
    content.cells.append(V4.new_markdown_cell("prose"))
    assert problems(content) == []
    content.cells[0].source = "1 + 1"
    (problem,) = problems(content)
    assert problem == "the stored outputs are not known to come from the present source"


@pytest.mark.parametrize(
    "change",
    [
        lambda output: output.update(data={"text/plain": "0.677"}),
        lambda output: output.metadata.update({"image/png": {"alt": "a bean"}}),
        lambda output: output.update(output_type="display_data"),
    ],
    ids=["a number", "what is told beside it", "its kind"],
)
def test_outputs_that_were_changed_since_they_were_renewed_are_told(
    change: Callable[[nbformat.NotebookNode], None],
) -> None:
    content = notebook(code("1", result(text_plain="0.676")))
    assert problems(content) == []
    change(content.cells[0].outputs[0])
    assert problems(content) == ["the stored outputs were changed since they were renewed"]


# ---------------------------------------------------------------------------- with pytest and nbval


class Notebooks:
    """Writes notebooks and tests them with nbval and the plugin."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def run(
        self, content: nbformat.NotebookNode, *options: str, mode: str = "--nbval"
    ) -> pytest.RunResult:
        """Write a notebook as `it.ipynb` and test it."""
        nbformat.write(content, self.pytester.path / "it.ipynb")
        plugins = ("-p", "tests.nbval_strict", "-p", "no:cacheprovider")
        return self.pytester.runpytest_inprocess(mode, *plugins, "-rs", *options)


@pytest.fixture
def notebooks(pytester: pytest.Pytester) -> Notebooks:
    return Notebooks(pytester)


SHOW = """
import io
import IPython.display
import PIL.Image

file = io.BytesIO()
PIL.Image.new("RGB", (4, 4), {colour}).save(file, format="PNG")
IPython.display.Image(file.getvalue())
"""


def shown(colour: tuple[int, int, int]) -> nbformat.NotebookNode:
    """A cell that shows a picture of one colour, of which a white one is stored."""
    white = encoded(np.full((4, 4, 3), 255))
    output = result(image_png=white, text_plain="<IPython.core.display.Image object>")
    return code(SHOW.format(colour=colour), output)


def test_a_mistyped_tag_is_told_with_notebook_and_cell(notebooks: Notebooks) -> None:
    cells = [code("1", printed("1")), code("2", printed("2"), count=2, tags=("nbval-relative-x",))]
    outcome = notebooks.run(notebook(*cells))
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["it.ipynb, Cell 1: tag 'nbval-relative-x' ends with no number"])


def test_a_mistyped_setting_is_told_with_the_notebook(notebooks: Notebooks) -> None:
    outcome = notebooks.run(notebook(code("1", printed("1")), relatve=1))
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["it.ipynb: unknown key 'relatve'*"])


def test_all_problems_of_form_are_one_failure(notebooks: Notebooks) -> None:
    content = notebook(code("1", printed("/home/me"), count=None))
    content.cells[0].source = "2"
    outcome = notebooks.run(content, "-k", "stored")
    outcome.assert_outcomes(failed=1, deselected=2)
    outcome.stdout.fnmatch_lines(
        [
            "it.ipynb: renew the stored outputs (make notebooks)",
            "  the stored outputs are not known to come from the present source",
            "  1 of 1 cells have not been executed",
            "  Cell 0: a path of a machine: /home/me",
        ]
    )


@pytest.mark.slow
def test_tolerated_differences_pass(notebooks: Notebooks) -> None:
    noisy = "import sys; print('noise', file=sys.stderr); print(0.5001)"
    stderr_stored_nowhere = code(noisy, printed("0.5002\n"), count=2)
    cells = [
        shown((254, 255, 255)),
        stderr_stored_nowhere,
        code("print(0.5)", printed("0.52\n"), count=3, tags=("nbval-relative-0.1",)),
        code("print(7.3)", printed("7.0\n"), count=4, tags=("nbval-absolute-0.5",)),
        code("0.5", result(text_plain="0.505"), count=5),
        code("1 / 0", V4.new_output("error", ename="ZeroDivisionError", evalue="division by zero",
             traceback=[]), count=6, tags=("raises-exception",)),
    ]  # fmt: skip
    outcome = notebooks.run(notebook(*cells, relative=0.02))
    outcome.assert_outcomes(passed=len(cells) + 2)


@pytest.mark.slow
def test_each_difference_fails_with_its_message(notebooks: Notebooks) -> None:
    cells = [
        shown((0, 0, 0)),
        code("print(0.51)", printed("0.50\n"), count=2),
        code("1", count=3),
        code("a = 1", printed("1\n"), count=4),
        code("print(1); 2", printed("1\n"), count=5),
        code("2", result(text_plain="2", text_html="2"), count=6),
        code(
            "from IPython.display import display; display(1); print(2)",
            printed("2\n"), V4.new_output("display_data", data={"text/plain": "1"}), count=7,
        ),
        code("{}['key']", result(text_plain="1"), count=8),
    ]  # fmt: skip
    outcome = notebooks.run(notebook(*cells))
    outcome.assert_outcomes(passed=1, failed=len(cells), skipped=1)
    outcome.stdout.fnmatch_lines(
        [
            "it.ipynb, Cell 0: the outputs differ",
            "  output 1: execute_result image/png: the pictures differ by 255.0 grey levels*",
            "it.ipynb, Cell 1: the outputs differ",
            "  output 1: stdout: number 1: stored 0.50, new 0.51: they differ by 0.01*",
            "  | print(0.51)",
            "  output 1: stored is nothing, new is execute_result text/plain",
            "  output 1: stored is stdout, new is nothing",
            "  output 2: stored is nothing, new is execute_result text/plain",
            "  output 1: stored is execute_result text/html, execute_result text/plain, new is *",
            "  output 1: stored is stdout, new is display_data text/plain",
            "it.ipynb, Cell 7",
            "*KeyError*",
            "SKIPPED * not all cells were run and passed",
        ]
    )
    assert "iVBOR" not in outcome.stdout.str(), "a picture is told in base64"


@pytest.mark.slow
def test_a_notebook_of_which_nothing_was_compared_fails(notebooks: Notebooks) -> None:
    cells = [
        code("print(1)", printed("2\n"), tags=("nbval-ignore-output",)),
        code("print(1)", printed("2\n"), count=2, tags=("nbval-skip",)),
        code("a = 1", count=3),
    ]
    outcome = notebooks.run(notebook(*cells))
    outcome.assert_outcomes(passed=3, skipped=1, failed=1)
    outcome.stdout.fnmatch_lines(["it.ipynb: no output was compared with a stored one"])


@pytest.mark.slow
def test_a_choice_of_cells_is_not_taken_for_no_comparison(notebooks: Notebooks) -> None:
    content = notebook(code("a = 1"), code("print(a)", printed("1\n"), count=2))
    notebooks.run(content, "-k", "0 or comparisons").assert_outcomes(
        passed=1, skipped=1, deselected=2
    )


@pytest.mark.slow
def test_lax_runs_the_cells_and_asks_for_no_comparison(notebooks: Notebooks) -> None:
    checked = "# NBVAL_CHECK_OUTPUT\nprint(1)"
    cells = [code("print(1)", printed("2\n"), count=None), code(checked, printed("3\n"), count=1)]
    cells[0].outputs = []
    outcome = notebooks.run(notebook(*cells), mode="--nbval-lax")
    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(["*stored 3, new 1*"])


@pytest.mark.slow
def test_a_kernel_that_dies_fails_at_once(notebooks: Notebooks) -> None:
    cells = [code("import os; os._exit(1)"), code("print(1)", printed("1\n"), count=2)]
    outcome = notebooks.run(notebook(*cells))
    outcome.assert_outcomes(passed=1, failed=2, skipped=1)
    outcome.stdout.fnmatch_lines(["*the kernel died, perhaps for lack of memory"])
    assert outcome.duration < 60
