"""Executing notebooks: with a profile's parameters, or in place to renew stored outputs."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from reproduce.book import engine, kernel, provenance
from reproduce.book.notebook import Notebook, executed_source, stored_outputs
from reproduce.core import environment, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.measure import stages


def execute(notebook: Path, output: Path, parameters: Parameters) -> None:
    """Execute a notebook with papermill, in the notebook's folder, and note how it was made.

    It is given the parameters that its cell tagged `parameters` declares. The output is written
    when all cells have run, with its provenance in it; if a cell fails, what there is goes beside
    it, to `<name>.failed.ipynb`. Of two processes that execute the same, one waits.

    Raises
    ------
    ReproduceError
        A cell failed, or the notebook declares something that is no parameter.
    """
    with store.locked(output.with_suffix(".lock"), f"notebook {output.name}"):
        _execute(notebook, output, parameters)


def _execute(notebook: Path, output: Path, parameters: Parameters) -> None:
    running = output.with_suffix(".running.ipynb")
    failed = output.with_suffix(".failed.ipynb")
    try:
        with store.clear_disk_errors(output.parent):
            content = _run(notebook, running, parameters)
            store.write_whole(output, nbformat.writes(content).encode())
        failed.unlink(missing_ok=True)
    except papermill.PapermillExecutionError as error:
        running.replace(failed)
        if error.ename == ReproduceError.__name__:
            raise ReproduceError(error.evalue) from None
        if store.tells_of_full_disk(error.evalue):
            raise store.no_space(output.parent) from None
        raise ReproduceError(
            f"{notebook.name} failed in cell {error.exec_count} with {error.ename}: "
            f"{error.evalue}; the executed notebook with the traceback is {failed}"
        ) from None
    except DeadKernelError:
        raise ReproduceError(
            f"the kernel of {notebook.name} died, most likely for lack of memory; try a smaller "
            "batch_size or image_size"
        ) from None
    finally:
        running.unlink(missing_ok=True)


def _run(notebook: Path, output: Path, parameters: Parameters) -> nbformat.NotebookNode:
    """Execute a notebook and return it with its provenance."""
    declared = _declared(notebook, parameters)
    commit = environment.commit()
    with (
        kernel.settings() as (config, variables),
        tempfile.TemporaryDirectory(prefix="uses-") as folder,
    ):
        uses = Path(folder) / "artifacts"
        content = papermill.execute_notebook(
            notebook,
            output,
            parameters=declared,
            cwd=notebook.parent,
            kernel_name=kernel.NAME,
            progress_bar={"desc": notebook.stem},
            engine_name=engine.NAME,
            config=config,
            variables=variables | {store.USES: str(uses)},
        )
        used = store.read_uses(uses)
        folders = [place for place in used if place.is_dir()]
        _check_reads(Notebook(notebook), [place for place in used if place not in folders])
        _check_uses(
            Notebook(notebook), [folder for folder in folders if not provenance.is_record(folder)]
        )
        made = provenance.collect(
            notebook.name, content, parameters, list(declared), folders, commit
        )
    provenance.attach(content, made)
    return content


def _check_reads(notebook: Notebook, files: Sequence[Path]) -> None:
    """Check that a notebook says of itself which files of the project it has read.

    Raises
    ------
    ReproduceError
        Its metadata doesn't list one, so that the workflow can't see it change.
    """
    for file in files:
        name = file.relative_to(store.project_root()).as_posix()
        if name not in notebook.reads:
            raise ReproduceError(
                f"{notebook.path.name} reads {name}: list it in the notebook's metadata, "
                "reproduce.reads"
            )


def _check_uses(notebook: Notebook, used: Sequence[Path]) -> None:
    """Check that a notebook says of itself what the artifacts show that it has used.

    Raises
    ------
    ReproduceError
        It has used a stage that its metadata doesn't list, so that the workflow can't make it
        before; or one that reads a parameter which it doesn't declare, so that nobody can set it.
    """
    listed = {stage.name for stage in stages.with_needs(notebook.stages)}
    declared = set(notebook.parameters)
    if notebook.of_seeds:  # by another parameter, for each of them
        declared.add("seed")
    for folder in used:
        manifest = store.read_manifest(folder)
        stage = manifest["stage"]
        if stage not in listed:
            raise ReproduceError(
                f"{notebook.path.name} uses stage {stage!r}: list it in the notebook's metadata, "
                "reproduce.stages"
            )
        missing = manifest["dependencies"]["parameters"].keys() - declared
        if missing:
            raise ReproduceError(
                f"{notebook.path.name} uses stage {stage!r}, which reads {', '.join(missing)}: "
                "declare that in its cell tagged 'parameters'"
            )


def _declared(notebook: Path, parameters: Parameters) -> dict[str, Any]:
    """Return the values of the parameters that the notebook declares."""
    values = parameters.model_dump()
    declared = Notebook(notebook).parameters
    for name in declared:
        if name not in values:
            raise ReproduceError(
                f"{notebook.name} declares {name!r}, which is no parameter; known are "
                f"{', '.join(values)}"
            )
    return {name: values[name] for name in declared}


def refresh(notebook: Path) -> None:
    """Execute a notebook with its own default parameters and store the outputs in it.

    What differs from run to run and is no result stays out: stderr, times of cells, metadata of
    the kernel. The tolerances that tests/nbval_strict.py reads are kept; `executed_source` and
    `stored_outputs` are put beside them. The file is replaced only when all cells have run.

    Raises
    ------
    ReproduceError
        A cell failed.
    """
    content = nbformat.read(notebook, as_version=4)
    place = {"metadata": {"path": str(notebook.parent)}}
    try:
        with kernel.settings() as (config, variables):
            NotebookClient(
                content,
                kernel_name=kernel.NAME,
                kernel_manager_class=kernel.OwnKernelManager,
                resources=place,
                config=config,
            ).execute(env=variables)
    except CellExecutionError as error:
        raise ReproduceError(f"{notebook.name} failed: {error}") from error
    for cell in content.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    content.metadata = {
        "reproduce": content.metadata.get("reproduce", {}),
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": kernel.NAME},
        "language_info": {"name": "python"},
        "nbval": content.metadata.get("nbval", {})
        | {
            "executed_source": executed_source(content),
            "stored_outputs": stored_outputs(content),
        },
    }
    with store.clear_disk_errors(notebook.parent):
        store.write_whole(notebook, (nbformat.writes(content) + "\n").encode())
