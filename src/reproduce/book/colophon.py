"""What the book says of its own making: at the foot of each chapter, in captions, on one page.

All of it is written into the book's source when the book is put together, so the notebooks that
are stored in the project know nothing of it.
"""

import ast
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from sphinx import addnodes

from reproduce.book import listings
from reproduce.book.provenance import Cost, Provenance, UsedArtifact, UsedRecord, path_of
from reproduce.core import markdown
from reproduce.core.environment import Machine

PLACE = "executions"
_FOOT = "provenance-"
_OF_PARAMETERS = {"parameters", "injected-parameters"}


def attach(content: NotebookNode, made: Provenance) -> None:
    """Make a page of an executed notebook: provenance at its foot, links in its captions.

    A caption leads to the foot, which says how it was made, and to the source of what made it.

    What the notebook knows of the machine's folders is taken out.
    """
    _remove_paths(content)
    run = f"{{ref}}`run <{_label(made)}>`"
    sources = listings.addresses(content)
    for cell in content.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if figure.get("caption"):
            source = f', <a href="{sources[cell.id]}">source</a>' if cell.id in sources else ""
            figure["caption"] += f" ({run}{source})"
    _fold_parameters(content, made)
    content.cells.append(nbformat.v4.new_markdown_cell(foot(made)))


def without_links(caption: str) -> str:
    """Return a caption, as MyST reads it, without the links that `attach` has put at its end."""
    return re.sub(rf" \(\{{ref\}}`run <{_FOOT}.*\)$", "", caption)


def remove_links(caption: nodes.Element) -> None:
    """Take the same links out of a caption that Sphinx has read."""
    for link in list(caption.findall(addnodes.pending_xref)):
        if link["reftarget"].startswith(_FOOT):
            # A link that a role has made is kept in a node with the role's name (download.py).
            place = caption.index(link if link.parent is caption else link.parent)
            before = caption[place - 1].astext().removesuffix(" (")
            caption[place - 1 :] = [nodes.Text(before)]


def _fold_parameters(content: NotebookNode, made: Provenance) -> None:
    """Put one folded line in place of the cells of parameters, which the download keeps."""
    places = [place for place, cell in enumerate(content.cells) if _tags(cell) & _OF_PARAMETERS]
    for place in places:
        content.cells[place].metadata["tags"] = sorted(
            {*_tags(content.cells[place]), "remove-cell"}
        )
    if places:
        content.cells.insert(places[0], nbformat.v4.new_markdown_cell(_parameters(content, made)))


def _parameters(content: NotebookNode, made: Provenance) -> str:
    """Return the folded command that executes a notebook with its parameters once more."""
    assigned = [
        (statement.targets[0].id, ast.literal_eval(statement.value))
        for cell in content.cells
        if "injected-parameters" in _tags(cell)
        for statement in ast.parse(cell.source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    ]
    # Raw, papermill takes a text as it is; else it reads `001` as a number.
    words = [
        f"{'-r' if isinstance(value, str) else '-p'} {name} {shlex.quote(str(value))}"
        for name, value in assigned
    ]
    command = [f"papermill notebooks/{made.notebook} mine.ipynb", *words]
    return "\n".join(
        [
            f"````{{dropdown}} Parameters of this run: profile {made.profile}, seed {made.seed}",
            "This repeats the page, in a checkout of the project:\n",
            "```bash",
            " \\\n  ".join(command),
            "```",
            "````",
        ]
    )


def _tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _remove_paths(content: NotebookNode) -> None:
    """Take out papermill's notes of files, what went to stderr, and where `folder` is."""
    content.metadata.pop("papermill", None)
    for cell in content.cells:
        if cell.cell_type != "code":
            continue
        # Sphinx leaves stderr out of the page, but not out of the source that the page links to.
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r"^folder = .+$", _last_component, cell.source, flags=re.MULTILINE)


def _last_component(assignment: re.Match[str]) -> str:
    """Return the assignment of a folder with only the last component of its path."""
    path = PurePath(ast.literal_eval(assignment[0].partition("= ")[2]))
    if not path.name:
        return assignment[0]
    return f"folder = {json.dumps(f'…/{path.name}', ensure_ascii=False)}"


def _chapter(made: Provenance) -> str:
    return PurePath(made.notebook).stem


def _label(made: Provenance) -> str:
    return f"{_FOOT}{_chapter(made)}"


def foot(made: Provenance) -> str:
    """Return the foot of a chapter: how it was made, folded."""
    file = path_of(Path(made.notebook)).name
    title = f"How this page was made: profile {made.profile}, seed {made.seed}"
    parts = [
        f"````{{dropdown}} {title}\n:name: {_label(made)}",
        _facts(made),
        _cell_groups(made),
        _used_artifacts(made),
        *_used_records(made),
        # Sphinx would make a download of a Markdown link, away from the page.
        f'All of this as JSON: <a href="{file}">{file}</a>',
        "````",
    ]
    return "\n\n".join(parts)


def _facts(made: Provenance) -> str:
    """Return the table of what was executed, from what, by what and where."""
    values, read = made.parameters, made.parameters_read
    others = [name for name in values if name not in read]
    facts = {
        "notebook": f"`{made.notebook}`",
        "profile": f"`{made.profile}`",
        "seed": str(made.seed),
        "parameters that it reads": assignments(values, read),
        "the run's other parameters": assignments(values, others),
        "data fingerprint": ", ".join(f"`{name}`" for name in made.data_fingerprints),
        "git commit": _commit(made, 40, ", with uncommitted changes"),
        "versions": versions(made.versions),
        "variables": variables(made.variables),
        "machine": machine(made.machine),
        "executed": f"{_when(made)}, in {made.seconds:,.1f} s with the start of the kernel",
    }
    return markdown.table([{"": name, "this page": text or "–"} for name, text in facts.items()])


def assignments(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return parameters with their values, as they are set on the command line."""
    return ", ".join(f"`{name}={json.dumps(values[name])}`" for name in names)


def versions(of_packages: Mapping[str, str]) -> str:
    """Return the versions of Python and of packages in one line."""
    names = {"python": "Python", "tensorflow": "TensorFlow", "keras": "Keras", "numpy": "NumPy"}
    return ", ".join(f"{names.get(name, name)} {number}" for name, number in of_packages.items())


def variables(of_process: Mapping[str, str]) -> str:
    """Return variables of the environment with their values in one line."""
    return ", ".join(f"`{name}={value}`" for name, value in of_process.items()).replace("|", r"\|")


def machine(one: Machine) -> str:
    """Return what a machine is in one line."""
    memory = f"{_gigabytes(one.memory_bytes)} GB of memory"
    return f"{one.processor}, {one.cores} cores, {memory}, {one.system}"


def _commit(made: Provenance, digits: int, changes: str) -> str:
    """Return the commit's first digits, followed by these words if there were changes to it."""
    if made.commit is None:
        return "unknown"
    return f"`{made.commit[:digits]}`{changes if made.uncommitted_changes else ''}"


def _when(made: Provenance | UsedRecord) -> str:
    return f"{datetime.fromisoformat(made.started).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_COSTS = ("wall time (s)", "peak memory (GB)")


def _costs(cost: Cost) -> dict[str, str]:
    """Return what something cost, as cells of a table."""
    peak = cost.peak_memory_bytes
    values = (f"{cost.seconds:,.1f}", "–" if peak is None else _gigabytes(peak))
    return dict(zip(_COSTS, values, strict=True))


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:,.2f}"


def _cell_groups(made: Provenance) -> str:
    rows = [
        {
            "code cells under": (group.heading or "no heading").replace("|", r"\|"),
            "cells": group.cells,
            **_costs(group),
        }
        for group in made.cell_groups
    ]
    return markdown.table(rows, right=["cells", *_COSTS]) if rows else "It has no code."


def _used_artifacts(made: Provenance) -> str:
    """Return the table of the artifacts that a notebook has used."""
    rows = [{"artifact": f"`{used.name}`", **_costs(used)} for used in made.artifacts]
    if not rows:
        return "It uses no artifact of an earlier stage."
    return "It uses these artifacts, with what making them cost:\n\n" + markdown.table(
        rows, right=_COSTS
    )


def _used_records(made: Provenance) -> list[str]:
    """Return the table of the records that a notebook has read, if there are any."""
    rows = [
        {
            "record": f"`results/{one.place}`",
            "of it": ", ".join(one.parts),
            "made": _when(one),
            "by commit": f"`{one.commit[:8]}`",
            "on": f"{one.machine.processor}, {one.machine.cores} cores",
        }
        for one in made.records
    ]
    if not rows:
        return []
    return [f"It shows these records, which were made before:\n\n{markdown.table(rows)}"]


def executions(pages: Sequence[Provenance]) -> str:
    """Return the tables of all executions and of all artifacts that they used."""
    executed = [
        {
            "chapter": f"{{doc}}`/notebooks/{_chapter(made)}`",
            "profile": f"`{made.profile}`",
            "seed": made.seed,
            "executed": _when(made),
            "commit": _commit(made, 8, " + changes"),
            **_costs(Cost(seconds=made.seconds, peak_memory_bytes=_peak(made))),
        }
        for made in pages
    ]
    parts = [markdown.table(executed, right=["seed", *_COSTS])] if executed else []
    return "\n\n".join([*parts, *_all_artifacts(pages)])


def _peak(made: Provenance) -> int | None:
    """Return the most memory that any cell of a notebook took, in bytes, if it is known."""
    peaks = [group.peak_memory_bytes for group in made.cell_groups]
    return max((peak for peak in peaks if peak is not None), default=None)


def _all_artifacts(pages: Sequence[Provenance]) -> list[str]:
    """Return the table of all artifacts with those who use them, and a sentence before it."""
    artifacts: dict[str, UsedArtifact] = {}
    users: dict[str, list[str]] = {}
    for made in pages:
        chapter = _chapter(made)
        link = f"{{doc}}`{chapter} </notebooks/{chapter}>`"
        for used in made.artifacts:
            artifacts[used.name] = used
            users.setdefault(used.name, []).append(link)
    if not artifacts:
        return []
    rows = [
        {"artifact": f"`{name}`", "used by notebooks": ", ".join(users[name]), **_costs(used)}
        for name, used in artifacts.items()
    ]
    sentence = "They used these artifacts, each made once for all of them:"
    return [sentence, markdown.table(rows, right=_COSTS)]
