"""The committed notebooks: the form that this book gives them, and how they are executed.

Their stored outputs are checked by nbval (`pytest --nbval`) with tests/nbval_strict.py.
"""

import ast
import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image

from reproduce.book import execute
from reproduce.book.notebook import Notebook
from reproduce.chapters import exercises
from reproduce.core import store
from reproduce.core.parameters import Parameters
from reproduce.measure import stages
from reproduce.results import claims, studies
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
    names = {path.stem for path in NOTEBOOKS}
    assert names >= {"dataset", "model", "training", "results", "compression_size"}


def test_it_opens_with_purpose_and_neighbours(notebook: nbformat.NotebookNode) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for word in ("**Purpose.**", "**Before this:**", "**After this:**", "**Needs**"):
        assert word in first.source


def test_what_shows_photographs_or_colours_for_values_says_so(
    notebook: nbformat.NotebookNode,
) -> None:
    """The dark theme turns plots light on dark, which would falsify these."""
    for cell in code_cells(notebook):
        about = cell.metadata.get("mystnb", {})
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                file = io.BytesIO(base64.b64decode(output.data["image/png"]))
                darkest = np.asarray(Image.open(file).convert("RGB")).min(axis=-1)
                is_filled = (darkest < 245).mean() > 0.33  # plots are white for the most part
                classes = about.get("image", {}).get("classes", "").split()
                assert ("photograph" in classes) == is_filled, about["figure"]["name"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_neighbours_are_those_of_the_table_of_contents(path: Path) -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [page["file"] for part in contents["parts"] for page in part["chapters"]]
    place = pages.index(f"notebooks/{path.stem}")
    source = nbformat.read(path, as_version=4).cells[0].source
    for word, expected in (("Before", pages[place - 1]), ("After", pages[place + 1])):
        (found,) = re.findall(rf"\*\*{word} this:\*\* {{doc}}`[^<]+<([^>]+)>`", source)
        assert (ROOT / "notebooks" / found).resolve() == (ROOT / expected).resolve()


def test_one_cell_declares_parameters_with_the_defaults(notebook: nbformat.NotebookNode) -> None:
    cells = tagged(notebook, "parameters")
    assert len(cells) == 1
    declared: dict[str, object] = {}
    exec(cells[0].source, {}, declared)  # noqa: S102  # plain assignments, of our own
    defaults = Parameters().model_dump()
    assert declared
    assert declared == {name: defaults[name] for name in declared}


def test_the_parameters_are_taken_from_that_cell_in_one_line(
    notebook: nbformat.NotebookNode,
) -> None:
    lines = [line for cell in code_cells(notebook) for line in cell.source.splitlines()]
    assert [line for line in lines if line.startswith("parameters = ")] == [
        "parameters = declared(globals())"
    ]


def test_no_name_of_another_meaning_takes_that_of_a_parameter(
    notebook: nbformat.NotebookNode,
) -> None:
    (declaring,) = tagged(notebook, "parameters")
    before, *_ = "\n".join(cell.source for cell in code_cells(notebook)).split(
        "declared(globals())"
    )
    code = "\n".join(line for line in before.splitlines() if not line.startswith("%"))
    names = [
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(code.rpartition("\n")[0]))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert declaring.source in before
    assert set(names) & set(Parameters.model_fields) == set()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_declares_what_the_stages_read_whose_artifacts_it_uses(path: Path) -> None:
    # Else papermill could not pass it on, and the page would show another run.
    notebook = Notebook(path)
    read = {name for stage in stages.with_needs(notebook.stages) for name in stage.reads}
    # The report judges several seeds, named by another parameter.
    missing = read - set(notebook.parameters) - ({"seed"} if notebook.of_seeds else set())
    assert missing == set()


def test_it_holds_no_logic_of_its_own(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= 20, cell.source
        assert not re.search(r"^\s*(def|class|async def|lambda)\b", cell.source, re.MULTILINE)


def test_figures_have_name_and_caption_and_their_code_gives_the_alternative_text(
    notebook: nbformat.NotebookNode,
) -> None:
    for cell in code_cells(notebook):
        shown = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        form = cell.metadata.get("mystnb", {})
        assert "alt" not in form.get("image", {}), "a text in the cell knows no number of the run"
        for output in shown:
            assert form["figure"]["name"]
            assert form["figure"]["caption"]
            assert output.metadata["image/png"]["alt"]


def test_renewed_outputs_have_the_form_that_is_checked_and_tolerances_are_kept(
    tmp_path: Path,
) -> None:
    noisy = "import sys; print('noise', file=sys.stderr); print(1)"
    stale = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(noisy), nbformat.v4.new_code_cell("2")],
        metadata={
            "nbval": {"relative": 0.1},
            "papermill": {"duration": 1},
            "reproduce": {"stages": ["data"]},
        },
    )
    assert form_problems(stale, tmp_path)
    nbformat.write(stale, tmp_path / "stale.ipynb")
    execute.refresh(tmp_path / "stale.ipynb")
    renewed = nbformat.read(tmp_path / "stale.ipynb", as_version=4)
    assert form_problems(renewed, tmp_path) == []
    assert renewed.metadata["nbval"]["relative"] == 0.1
    assert renewed.metadata["reproduce"] == {"stages": ["data"]}
    assert set(renewed.metadata) == {"kernelspec", "language_info", "nbval", "reproduce"}


def test_a_failing_cell_is_told_in_one_message_and_leaves_the_traceback(tmp_path: Path) -> None:
    from reproduce.core.errors import ReproduceError

    source, output = tmp_path / "broken.ipynb", tmp_path / "out" / "broken.ipynb"
    cells = [nbformat.v4.new_code_cell("epochs = 1", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell("1 / 0")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)

    with pytest.raises(ReproduceError, match="ZeroDivisionError: division by zero"):
        execute.execute(source, output, Parameters(epochs=3))

    left = sorted(path.name for path in output.parent.iterdir())
    assert left == ["broken.failed.ipynb", "broken.lock"]
    failed = nbformat.read(output.parent / "broken.failed.ipynb", as_version=4)
    assert "epochs = 3" in [cell.source.splitlines()[-1] for cell in failed.cells]
    assert any(out.output_type == "error" for cell in code_cells(failed) for out in cell.outputs)


def test_a_full_disk_that_a_cell_meets_is_told_as_such(tmp_path: Path) -> None:
    from reproduce.core.errors import ReproduceError

    source = tmp_path / "full.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell("import os\nraise OSError(28, os.strerror(28))")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)
    with pytest.raises(ReproduceError, match=r"^no space left on the disk of"):
        execute.execute(source, tmp_path / "out" / "full.ipynb", Parameters())


def test_a_users_mistake_inside_a_notebook_is_told_as_it_is(tmp_path: Path) -> None:
    from reproduce.core.errors import ReproduceError

    source = tmp_path / "mistaken.ipynb"
    cell = "from reproduce.core.parameters import Parameters\nParameters(epochs=0)"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)
    with pytest.raises(ReproduceError, match=r"^parameter 'epochs'"):
        execute.execute(source, tmp_path / "out" / "mistaken.ipynb", Parameters())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_no_stage_reads_of_its_parameters_its_code_does(path: Path) -> None:
    notebook = Notebook(path)
    used = stages.with_needs(notebook.stages)
    read = {name for stage in used for name in stage.reads}
    # Of every run: the name of its set, and where its images are.
    for name in set(notebook.parameters) - read - {"profile", "folder", "seeds"}:
        assert re.search(rf"\bparameters\.{name}\b|(?<![\w.]){name}(?=[,)])", notebook.code), name


def test_a_notebook_that_declares_something_unknown_is_refused(tmp_path: Path) -> None:
    from reproduce.core.errors import ReproduceError

    source = tmp_path / "unknown.ipynb"
    cells = [nbformat.v4.new_code_cell("epochz = 1", metadata={"tags": ["parameters"]})]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source)
    with pytest.raises(ReproduceError, match="epochz"):
        execute.execute(source, tmp_path / "out" / "unknown.ipynb", Parameters())
    assert not list((tmp_path / "out").glob("*.ipynb"))


USES = """
from reproduce.core.parameters import declared
from reproduce.data import preparation
data = preparation.prepare(declared(globals()))
"""
DECLARED = (
    "profile = 'quick'\nsource = 'sample'\nfolder = ''\nimage_size = 16\n"
    "other_sizes = 'resize'\nbad_images = 'refuse'\ncrops_per_photograph = 1"
)


def write_notebook_that_prepares(path: Path, declared: str, listed: list[str]) -> Path:
    cells = [
        nbformat.v4.new_code_cell(declared, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(USES.strip()),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "reproduce": {"stages": listed}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.mark.parametrize(
    ("declared", "listed", "fault"),
    [
        (DECLARED, [], "uses stage 'data': list it"),
        (DECLARED.replace("\nbad_images = 'refuse'", ""), ["data"], "reads bad_images: declare"),
    ],
)
def test_a_notebook_that_hides_what_it_uses_is_refused(
    tmp_path: Path, declared: str, listed: list[str], fault: str
) -> None:
    from reproduce.core.errors import ReproduceError

    parameters = Parameters(profile="quick", image_size=16, crops_per_photograph=1)
    source = write_notebook_that_prepares(tmp_path / "hides.ipynb", declared, listed)
    with pytest.raises(ReproduceError, match=fault):
        execute.execute(source, tmp_path / "out" / "hides.ipynb", parameters)
    assert not list((tmp_path / "out").glob("*.ipynb"))
    honest = write_notebook_that_prepares(tmp_path / "honest.ipynb", DECLARED, ["data"])
    execute.execute(honest, tmp_path / "out" / "honest.ipynb", parameters)
    assert (tmp_path / "out" / "honest.ipynb").is_file()


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (claims.read, "book/claims.yaml"),
        (studies.quantisation, "studies/quantisation.yaml"),
        (lambda: exercises.solution_in("examples/rate_term.py", []), "examples/rate_term.py"),
    ],
)
def test_a_notebook_that_hides_a_file_that_it_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: Callable[[], object], name: str
) -> None:
    from reproduce.core.errors import ReproduceError

    monkeypatch.setenv(store.USES, str(tmp_path / "uses"))
    reading()
    read = [place for place in store.read_uses(tmp_path / "uses") if place.is_file()]
    assert read == [ROOT / name]
    hides, honest = (tmp_path / f"{word}.ipynb" for word in ("hides", "honest"))
    for path, listed in ((hides, []), (honest, [name])):
        metadata = {"reproduce": {"stages": [], "reads": listed}}
        nbformat.write(nbformat.v4.new_notebook(metadata=metadata), path)
    with pytest.raises(ReproduceError, match=f"reads {name}: list it"):
        execute._check_reads(Notebook(hides), read)
    execute._check_reads(Notebook(honest), read)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_it_says_that_it_reads_is_there(path: Path) -> None:
    assert [name for name in Notebook(path).reads if not (ROOT / name).is_file()] == []
