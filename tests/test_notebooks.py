"""The committed notebooks: the form that this book gives them, and how they are executed.

Their stored outputs are checked by nbval (`pytest --nbval`) with tests/nbval_strict.py.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from reproduce import notebooks
from reproduce.parameters import Parameters
from tests.nbval_strict import form_problems

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in code_cells(notebook) if tag in cell.metadata.get("tags", [])]


def test_the_five_chapters_are_there() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names[:5] == [
        "01_dataset",
        "02_model",
        "03_training",
        "04_results",
        "05_compression_size",
    ]


def test_it_opens_with_purpose_and_neighbours(notebook: nbformat.NotebookNode) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for word in ("**Purpose.**", "**Before this:**", "**After this:**", "**Needs**"):
        assert word in first.source


def test_one_cell_declares_parameters_with_the_defaults(notebook: nbformat.NotebookNode) -> None:
    cells = tagged(notebook, "parameters")
    assert len(cells) == 1
    declared: dict[str, object] = {}
    exec(cells[0].source, {}, declared)  # noqa: S102  # plain assignments, of our own
    defaults = Parameters().model_dump()
    assert declared
    assert declared == {name: defaults[name] for name in declared}


def test_each_declared_parameter_is_used(notebook: nbformat.NotebookNode) -> None:
    declared: dict[str, object] = {}
    (cell,) = tagged(notebook, "parameters")
    exec(cell.source, {}, declared)  # noqa: S102
    rest = "\n".join(other.source for other in code_cells(notebook) if other is not cell)
    assert [name for name in declared if f"{name}={name}" not in rest] == []


NEEDED = {
    "training.train(": {"epochs", "batch_size", "quantisation", "quantisation_step"},
    "record.run_seeds(": {
        *("epochs", "batch_size", "quantisation", "quantisation_step", "rate_images", "seeds"),
    },
    "measurement.references(": {"rate_images"},
    "size_ratios.measure(": {"rate_images"},
}


@pytest.mark.parametrize("call", NEEDED)
def test_it_declares_all_that_what_it_calls_depends_on(
    notebook: nbformat.NotebookNode, call: str
) -> None:
    # Else papermill could not pass it on, and the page would show another run.
    cells = code_cells(notebook)
    if any(call in cell.source for cell in cells):
        (declaring,) = tagged(notebook, "parameters")
        declared: dict[str, object] = {}
        exec(declaring.source, {}, declared)  # noqa: S102
        assert NEEDED[call] - set(declared) == set()


def test_it_holds_no_logic_of_its_own(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        passes_parameters = cell.source.startswith("parameters = Parameters(")  # a line for each
        assert passes_parameters or len(cell.source.splitlines()) <= 16, cell.source
        assert not re.search(r"^\s*(def|class|async def|lambda)\b", cell.source, re.MULTILINE)


def test_figures_have_name_caption_and_alternative_text(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        shown = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        if shown:
            form = cell.metadata["mystnb"]
            assert form["figure"]["name"]
            assert form["figure"]["caption"]
            assert form["image"]["alt"]


def test_renewed_outputs_have_the_form_that_is_checked_and_tolerances_are_kept(
    tmp_path: Path,
) -> None:
    noisy = "import sys; print('noise', file=sys.stderr); print(1)"
    stale = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(noisy), nbformat.v4.new_code_cell("2")],
        metadata={"nbval": {"relative": 0.1}, "papermill": {"duration": 1}},
    )
    assert form_problems(stale, tmp_path)
    nbformat.write(stale, tmp_path / "stale.ipynb")
    notebooks.refresh(tmp_path / "stale.ipynb")
    renewed = nbformat.read(tmp_path / "stale.ipynb", as_version=4)
    assert form_problems(renewed, tmp_path) == []
    assert renewed.metadata["nbval"]["relative"] == 0.1
    assert set(renewed.metadata) == {"kernelspec", "language_info", "nbval"}


def test_a_failing_cell_is_told_in_one_message_and_leaves_the_traceback(tmp_path: Path) -> None:
    from reproduce.errors import ReproduceError

    source, output = tmp_path / "broken.ipynb", tmp_path / "out" / "broken.ipynb"
    cells = [nbformat.v4.new_code_cell("epochs = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell("1 / 0")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)

    with pytest.raises(ReproduceError, match="ZeroDivisionError: division by zero"):
        notebooks.execute(source, output, Parameters(epochs=3))

    assert [path.name for path in output.parent.iterdir()] == ["broken.failed.ipynb"]
    failed = nbformat.read(output.parent / "broken.failed.ipynb", as_version=4)
    assert "epochs = 3" in [cell.source.splitlines()[-1] for cell in failed.cells]
    assert any(out.output_type == "error" for cell in code_cells(failed) for out in cell.outputs)


def test_a_users_mistake_inside_a_notebook_is_told_as_it_is(tmp_path: Path) -> None:
    from reproduce.errors import ReproduceError

    source = tmp_path / "mistaken.ipynb"
    cell = "from reproduce.parameters import Parameters\nParameters(epochs=0)"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)
    with pytest.raises(ReproduceError, match=r"^parameter 'epochs'"):
        notebooks.execute(source, tmp_path / "out" / "mistaken.ipynb", Parameters())


def pictures(notebook: Path) -> dict[str, list[str]]:
    """Return the pictures of an executed notebook by the name of their figure."""
    return {
        cell.metadata["mystnb"]["figure"]["name"]: [
            output.data["image/png"] for output in cell.outputs if "image/png" in output.data
        ]
        for cell in code_cells(nbformat.read(notebook, as_version=4))
        if "mystnb" in cell.metadata
    }


def test_the_reading_of_the_latent_changes_figure_11_and_no_other_picture(
    small_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRODUCE_BUILD", str(small_run.data.folder.parents[1]))
    chapter = ROOT / "notebooks" / "04_results.ipynb"
    for reading in ("clip", "stretch"):
        parameters = small_run.parameters.model_copy(update={"latent_reading": reading})
        notebooks.execute(chapter, tmp_path / f"{reading}.ipynb", parameters)
    clip, stretch = (pictures(tmp_path / f"{reading}.ipynb") for reading in ("clip", "stretch"))
    assert [name for name in clip if clip[name] != stretch[name]] == ["figure-11"]


def test_a_notebook_that_declares_something_unknown_is_refused(tmp_path: Path) -> None:
    from reproduce.errors import ReproduceError

    source = tmp_path / "unknown.ipynb"
    cells = [nbformat.v4.new_code_cell("epochz = 1", metadata={"tags": ["parameters"]})]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)
    with pytest.raises(ReproduceError, match="epochz"):
        notebooks.execute(source, tmp_path / "out" / "unknown.ipynb", Parameters())
    assert not list((tmp_path / "out").glob("*"))
