"""Where a page comes from: collected when its notebook is executed, kept in its metadata.

    build/<profile>/notebooks/<chapter>.ipynb                 the executed notebook
    build/<profile>/book/notebooks/<chapter>.provenance.json  how it was made, beside the page

In one file, no notebook has the provenance of another execution, whenever a run is killed. Nothing
in it is a path. How the book shows it is `colophon`'s part.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from pydantic import ValidationError

from reproduce.core import environment, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.core.values import Value

_PLACE = "reproduce_provenance"
"""In the metadata of an executed notebook."""


def path_of(page: Path) -> Path:
    """Return the file that tells readers how a page was made, beside it."""
    return page.with_suffix(".provenance.json")


class Cost(Value):
    """What something cost: seconds of wall time, and the most memory, in bytes, if it is known."""

    seconds: float
    peak_memory_bytes: int | None


class CellGroup(Cost):
    """The code cells under a heading of level one or two; before the first there is none."""

    heading: str | None
    cells: int


class UsedArtifact(Cost):
    """An artifact that a notebook has used, and what making it cost."""

    name: str


class UsedRecord(Value):
    """What a notebook has read of the record of a run, or of codecs, as far as one commit made it.

    Attributes
    ----------
    place
        In `results/`, such as `paper/paper/seed-0`.
    parts
        The stages, or the codecs.
    started
        When the first of them was made, as ISO 8601 has it.
    """

    place: str
    parts: tuple[str, ...]
    commit: str
    started: str
    machine: environment.Machine


class Provenance(Value):
    """How a page was made.

    Attributes
    ----------
    notebook
        Its file name.
    parameters, parameters_read
        All parameters of the run, and the names of those that the notebook declares. `folder` is
        left out: it is a path on one machine. What was in it is told by the data's fingerprint.
    commit, uncommitted_changes
        Of the checkout when the notebook was started; None outside of git.
    variables
        Of the kernel's environment, as `environment.variables` tells them.
    started
        As ISO 8601 has it.
    seconds
        Wall time, with the start of the kernel.
    """

    notebook: str
    profile: str
    seed: int
    parameters: dict[str, Any]
    parameters_read: tuple[str, ...]
    data_fingerprints: tuple[str, ...]
    commit: str | None
    uncommitted_changes: bool | None
    versions: dict[str, str]
    variables: dict[str, str]
    machine: environment.Machine
    started: str
    seconds: float
    cell_groups: tuple[CellGroup, ...]
    artifacts: tuple[UsedArtifact, ...]
    records: tuple[UsedRecord, ...]


def collect(
    name: str,
    content: NotebookNode,
    parameters: Parameters,
    declared: Sequence[str],
    used: Sequence[Path],
    commit: str | None,
) -> Provenance:
    """Return how a page was made.

    Parameters
    ----------
    name
        File name of the notebook.
    content
        The notebook as papermill has executed it, with what the kernel has said of itself.
    parameters, declared
        All parameters of the run, and the names of those that the notebook declares.
    used
        Folders of the artifacts that it has used, and of the records that it has read.
    commit
        Of the checkout when the notebook was started, as `environment.commit` tells it.
    """
    execution = content.metadata.papermill
    records = [folder for folder in used if is_record(folder)]
    manifests = {
        folder.name: store.read_manifest(folder) for folder in used if folder not in records
    }
    facts = [manifest["facts"] for manifest in manifests.values()]
    return Provenance(
        notebook=name,
        profile=parameters.profile,
        seed=parameters.seed,
        parameters=parameters.model_dump(exclude={"folder"}),
        parameters_read=tuple(parameter for parameter in declared if parameter != "folder"),
        data_fingerprints=tuple(one["fingerprint"] for one in facts if "fingerprint" in one),
        commit=commit and commit.removesuffix("-dirty"),
        uncommitted_changes=commit.endswith("-dirty") if commit else None,
        versions=execution.about.versions,
        variables=execution.about.variables,
        machine=environment.machine(),
        started=datetime.fromisoformat(execution.start_time).isoformat(timespec="seconds"),
        seconds=round(execution.duration, 2),
        cell_groups=tuple(cell_groups(content)),
        artifacts=tuple(
            UsedArtifact(
                name=artifact,
                seconds=manifest["made"]["seconds"],
                peak_memory_bytes=manifest["made"]["peak_memory_bytes"],
            )
            for artifact, manifest in manifests.items()
        ),
        records=tuple(used_records(records)),
    )


def is_record(folder: Path) -> bool:
    """Say whether a folder is in the record of this project, and no artifact of a build."""
    return folder.is_relative_to(_results())


def _results() -> Path:
    return store.project_root() / "results"


def used_records(folders: Sequence[Path]) -> list[UsedRecord]:
    """Return what these folders of the record say of themselves, by run and commit."""
    found: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
    for folder in folders:
        made = store.read_manifest(folder)["made"]
        place = folder.parent.relative_to(_results()).as_posix()
        found.setdefault((place, made["commit"]), []).append((folder.name, made))
    return [
        UsedRecord(
            place=place,
            parts=tuple(sorted(name for name, _ in parts)),
            commit=commit,
            started=min(made["started"] for _, made in parts),
            machine=parts[0][1]["machine"],
        )
        for (place, commit), parts in sorted(found.items())
    ]


def cell_groups(content: NotebookNode) -> list[CellGroup]:
    """Return time and memory of the code cells under each heading of an executed notebook."""
    groups: list[tuple[str | None, list[NotebookNode]]] = [(None, [])]
    for cell in content.cells:
        if cell.cell_type == "markdown":
            groups += [(heading, []) for heading in _headings(cell.source)]
        elif cell.cell_type == "code":
            groups[-1][1].append(cell.metadata.papermill)
    return [
        CellGroup(
            heading=heading,
            cells=len(cells),
            seconds=round(sum(cell.duration for cell in cells), 2),
            peak_memory_bytes=max(
                (cell.peak_memory_bytes for cell in cells if cell.get("peak_memory_bytes")),
                default=None,
            ),
        )
        for heading, cells in groups
        if cells
    ]


def _headings(markdown: str) -> list[str]:
    """Return the headings of level one and two; a comment in a block of code is none."""
    prose = re.sub(r"^(```+|~~~+).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^##? +(.+?)[ #]*$", prose, re.MULTILINE)


def attach(content: NotebookNode, made: Provenance) -> None:
    """Put its provenance into an executed notebook."""
    content.metadata[_PLACE] = made.model_dump()


def detach(content: NotebookNode, executed: Path) -> Provenance:
    """Take its provenance out of an executed notebook, and return it.

    Raises
    ------
    ReproduceError
        There is none, or it is of another version of this project.
    """
    kept = content.metadata.pop(_PLACE, {})
    try:
        return Provenance.model_validate_json(json.dumps(kept))
    except ValidationError as error:
        raise ReproduceError(
            f"{executed} does not say how it was made ({error.error_count()} faults); remove it "
            "and run: make book"
        ) from None


def read(executed: Path) -> Provenance:
    """Read the provenance of an executed notebook; raises as `detach` does."""
    return detach(nbformat.read(executed, as_version=4), executed)
