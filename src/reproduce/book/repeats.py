"""What a page leaves out where its run has repeated the recorded one: it would show it twice.

Cells tagged `this-run` show of the page's own run what others of the page show of the record.
"""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reproduce.book.provenance import Provenance
from reproduce.core import store
from reproduce.measure import stages
from reproduce.results import record

TAG = "this-run"
NOTE = (
    "This page's run has repeated the recorded one: the tables of what was measured are equal to "
    "the byte. What would be the same twice is shown once."
)


def the_record(made: Provenance) -> bool:
    """Say whether a page shows the recorded run once more, to the byte.

    It does if the page reads the parameters of that run, and each table of measurements that it
    has used is recorded with the same bytes. Times, which differ from run to run, don't count.
    """
    artifacts = [store.build_folder(made.profile) / used.name for used in made.artifacts]
    if not all((artifact / store.MANIFEST).is_file() for artifact in artifacts):
        return False  # removed since then
    recorded = record.read().parameters
    if any(recorded.get(name) != made.parameters[name] for name in _compared(made, recorded)):
        return False
    tables = [pair for artifact in artifacts for pair in _tables(artifact, made)]
    return bool(tables) and all(ours.read_bytes() == theirs.read_bytes() for ours, theirs in tables)


def _compared(made: Provenance, recorded: dict[str, object]) -> set[str]:
    """Return the parameters that a page and the record are compared by."""
    return recorded.keys() & set(made.parameters_read) - {"profile"}


def _tables(artifact: Path, made: Provenance) -> list[tuple[Path, Path]]:
    """Return an artifact's tables, each with the one in the record."""
    stage = stages.find(store.read_manifest(artifact)["stage"])
    if stage in (stages.TIMES, *stages.CODEC_TIMES):
        return []
    place = record.folder(stage, seed=made.seed, model=str(made.parameters["model"]))
    return [(artifact / name, place / name) for name in stage.recorded if name.endswith(".csv")]


def leave_out(content: NotebookNode) -> None:
    """Put a note in place of the first of the cells that would repeat something, and drop all."""
    tagged = [cell for cell in content.cells if TAG in cell.metadata.get("tags", [])]
    if tagged:
        place = content.cells.index(tagged[0])
        content.cells = [cell for cell in content.cells if cell not in tagged]
        content.cells.insert(place, nbformat.v4.new_markdown_cell(NOTE))
