"""Where a page comes from: collected when its notebook is executed, kept as JSON beside it.

    build/<profile>/notebooks/<chapter>.ipynb            the executed notebook
    build/<profile>/notebooks/<chapter>.provenance.json  how it was made

Nothing in it is a path. How the book shows it is `colophon`'s part.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from reproduce.core import environment, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters


def path_of(executed: Path) -> Path:
    """Return where the provenance of an executed notebook is kept."""
    return executed.with_suffix(".provenance.json")


def collect(
    name: str,
    content: NotebookNode,
    parameters: Parameters,
    declared: Sequence[str],
    used: Sequence[Path],
    commit: str | None,
) -> dict[str, Any]:
    """Return how a page was made, as JSON-like values: times in seconds, memory in bytes.

    The parameter `folder` is left out: it is a path on one machine. What was in it is told by
    the data's fingerprint.

    Parameters
    ----------
    name
        File name of the notebook.
    content
        The notebook as papermill has executed it.
    parameters, declared
        All parameters of the run, and the names of those that the notebook declares.
    used
        Folders of the artifacts that it has used.
    commit
        Of the checkout when the notebook was started, as `environment.commit` tells it.
    """
    execution = content.metadata.papermill
    manifests = {folder.name: store.read_manifest(folder) for folder in used}
    return {
        "notebook": name,
        "profile": parameters.profile,
        "seed": parameters.seed,
        "parameters": parameters.model_dump(exclude={"folder"}),
        "parameters_read": [parameter for parameter in declared if parameter != "folder"],
        "data_fingerprints": [
            manifest["facts"]["fingerprint"]
            for manifest in manifests.values()
            if "fingerprint" in manifest["facts"]
        ],
        "commit": commit and commit.removesuffix("-dirty"),
        "uncommitted_changes": commit and commit.endswith("-dirty"),
        "versions": environment.versions(),
        "machine": environment.machine(),
        "started": datetime.fromisoformat(execution.start_time).isoformat(timespec="seconds"),
        "seconds": round(execution.duration, 2),
        "cell_groups": cell_groups(content),
        "artifacts": [
            {
                "name": artifact,
                "seconds": manifest["made"]["seconds"],
                "peak_memory_bytes": manifest["made"]["peak_memory_bytes"],
            }
            for artifact, manifest in manifests.items()
        ],
    }


def cell_groups(content: NotebookNode) -> list[dict[str, Any]]:
    """Return time and memory of the code cells under each heading of an executed notebook.

    Headings are those of level one and two; the `heading` of cells before the first is None.
    """
    groups: list[tuple[str | None, list[NotebookNode]]] = [(None, [])]
    for cell in content.cells:
        if cell.cell_type == "markdown":
            groups += [(heading, []) for heading in _headings(cell.source)]
        elif cell.cell_type == "code":
            groups[-1][1].append(cell.metadata.papermill)
    return [
        {
            "heading": heading,
            "cells": len(cells),
            "seconds": round(sum(cell.duration for cell in cells), 2),
            "peak_memory_bytes": max(
                (cell.peak_memory_bytes for cell in cells if cell.get("peak_memory_bytes")),
                default=None,
            ),
        }
        for heading, cells in groups
        if cells
    ]


def _headings(markdown: str) -> list[str]:
    """Return the headings of level one and two; a comment in a block of code is none."""
    prose = re.sub(r"^(```+|~~~+).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^##? +(.+?)[ #]*$", prose, re.MULTILINE)


def read(executed: Path) -> dict[str, Any]:
    """Read the provenance of an executed notebook.

    Raises
    ------
    ReproduceError
        There is none.
    """
    path = path_of(executed)
    if not path.is_file():
        raise ReproduceError(
            f"{path.name} is missing, which tells how {executed.name} was made; run: make book"
        )
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
