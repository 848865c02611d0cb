"""How a page was made: collected as it is executed, told at its foot and on one page for all."""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from reproduce.book import colophon, execute, provenance
from reproduce.book.provenance import CellGroup, Provenance
from reproduce.core import environment, memory, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.measure.stages import SCORES
from reproduce.models.stages import MODEL
from reproduce.results import record

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
MEGABYTE = 1_000_000

Cell = tuple[str, str]


def notebook(*cells: Cell) -> nbformat.NotebookNode:
    """A notebook of cells given as (kind, source); one of kind `parameters` is tagged so."""
    makers: dict[str, Callable[[str], nbformat.NotebookNode]] = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "parameters": lambda source: nbformat.v4.new_code_cell(
            source, metadata={"tags": ["parameters"]}
        ),
    }
    return nbformat.v4.new_notebook(
        cells=[makers[kind](source) for kind, source in cells], metadata=KERNEL
    )


def executed(*cells: tuple[str, str, float, int | None]) -> nbformat.NotebookNode:
    """An executed notebook: for each cell its kind, source, seconds and peak of memory."""
    content = notebook(*[(kind, source) for kind, source, _, _ in cells])
    for cell, (_, _, seconds, peak) in zip(content.cells, cells, strict=True):
        cell.metadata.papermill = nbformat.from_dict(
            {"duration": seconds, "peak_memory_bytes": peak}
        )
    return content


def an_execution(**changes: Any) -> Provenance:
    """The provenance of a small chapter."""
    made: dict[str, Any] = {
        "notebook": "07_more.ipynb",
        "profile": "quick",
        "seed": 0,
        "parameters": {"profile": "quick", "epochs": 3, "seed": 0},
        "parameters_read": ["profile", "seed"],
        "data_fingerprints": ["f" * 64],
        "commit": "0123456789" * 4,
        "uncommitted_changes": False,
        "versions": {"python": "3.12.1", "tensorflow": "2.21.0"},
        "variables": {"OMP_NUM_THREADS": "3"},
        "machine": {"processor": "P", "cores": 2, "memory_bytes": 8 * 10**9, "system": "Linux"},
        "started": "2026-05-04T03:02:01+00:00",
        "seconds": 12.34,
        "cell_groups": [
            {"heading": "More", "cells": 2, "seconds": 3.21, "peak_memory_bytes": 450 * MEGABYTE}
        ],
        "artifacts": [
            {"name": "model-abc", "seconds": 1234.5, "peak_memory_bytes": 1_270 * MEGABYTE}
        ],
        "records": [
            {
                "place": "paper/paper/seed-3",
                "parts": ["model", "scores"],
                "commit": "fedcba98" * 5,
                "started": "2026-01-02T03:04:05+00:00",
                "machine": {"processor": "Q", "cores": 5, "memory_bytes": 10**9, "system": "Linux"},
            }
        ],
    }
    return Provenance(**made | changes)


def rows(text: str) -> list[list[str]]:
    """The rows of all Markdown tables in a text, heads included."""
    lines = [line for line in text.splitlines() if line.startswith("|") and "|:" not in line]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


# Collecting


def test_cells_are_grouped_by_the_heading_above_them() -> None:
    content = executed(
        ("markdown", "# Title\n\nProse.", 0.1, None),
        ("code", "1", 1.0, 10),
        ("code", "2", 0.25, 30),
        ("markdown", "## First\n\n### Deeper", 0.0, None),
        ("code", "3", 2.0, 20),
        ("markdown", "Prose.\n\n## Without code", 0.0, None),
        ("markdown", "End of one.\n\n## Last ##\n\n```\n# no heading\n```", 0.0, None),
        ("code", "4", 3.0, None),
    )
    assert [dict(group) for group in provenance.cell_groups(content)] == [
        {"heading": "Title", "cells": 2, "seconds": 1.25, "peak_memory_bytes": 30},
        {"heading": "First", "cells": 1, "seconds": 2.0, "peak_memory_bytes": 20},
        {"heading": "Last", "cells": 1, "seconds": 3.0, "peak_memory_bytes": None},
    ]


def test_cells_without_a_heading_are_a_group_of_their_own() -> None:
    content = executed(("code", "1", 1.0, 10), ("markdown", "Prose.", 0.0, None))
    assert [dict(group) for group in provenance.cell_groups(content)] == [
        {"heading": None, "cells": 1, "seconds": 1.0, "peak_memory_bytes": 10}
    ]
    assert provenance.cell_groups(notebook()) == []


def test_artifacts_are_noted_once_each_where_a_file_is_named(
    tmp_path: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "uses"
    assert store.read_uses(file) == []
    monkeypatch.setenv(store.USES, str(file))
    made = [store.load_or_make(stage, "quick", {}, lambda _: {}) for stage in ("b", "a", "b", "a")]
    assert store.read_uses(file) == made[:2]


def test_a_record_that_is_read_is_noted_as_artifacts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "uses"
    monkeypatch.setenv(store.USES, str(file))
    read = [record.folder(MODEL), record.folder(SCORES, seed=3)]
    assert store.read_uses(file) == read


PREPARE = """
from reproduce.core.parameters import declared
from reproduce.data import preparation
preparation.prepare(declared(globals()))
"""
DECLARED = """
source = "sample"
folder = ""
image_size = 16
other_sizes = "resize"
bad_images = "refuse"
crops_per_photograph = 25
"""


@pytest.mark.slow
def test_an_executed_notebook_has_its_provenance_in_it(
    tmp_path: Path, folder_of_images: Path
) -> None:
    source, output = tmp_path / "01_more.ipynb", tmp_path / "out" / "01_more.ipynb"
    content = notebook(
        ("markdown", "# More"),
        ("parameters", DECLARED.strip()),
        ("code", PREPARE),
        ("markdown", "## Large"),
        ("code", "import time\nheld = b'1' * 400_000_000\ndel held\ntime.sleep(0.3)"),
        ("markdown", "## Small"),
        ("code", "1 + 1"),
    )
    content.metadata["reproduce"] = {"stages": ["data"]}
    nbformat.write(content, source)
    parameters = Parameters(
        profile="quick",
        source="folder",
        folder=str(folder_of_images),
        image_size=16,
        epochs=3,
        seed=5,
    )

    execute.execute(source, output, parameters)

    made = provenance.read(output)
    text = made.model_dump_json()
    assert (made.notebook, made.profile, made.seed) == ("01_more.ipynb", "quick", 5)
    assert made.parameters == parameters.model_dump(exclude={"folder"})
    assert made.parameters_read == (
        *("source", "image_size", "other_sizes", "bad_images", "crops_per_photograph"),
    )
    (used,) = made.artifacts
    (folder,) = (tmp_path / "build" / "sample").glob("data-*/")
    manifest = store.read_manifest(folder)
    assert used.name == folder.name
    assert used.seconds == manifest["made"]["seconds"]
    assert made.data_fingerprints == (manifest["facts"]["fingerprint"],)
    assert made.seconds > sum(group.seconds for group in made.cell_groups)
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert store.USES not in os.environ
    assert_groups_tell_time_and_memory(made.cell_groups)


def assert_groups_tell_time_and_memory(groups: Sequence[CellGroup]) -> None:
    _, large, _ = groups
    # The cell that papermill injects counts.
    assert [(group.heading, group.cells) for group in groups] == [
        ("More", 3),
        ("Large", 1),
        ("Small", 1),
    ]
    assert large.seconds > 0.3
    if memory.forget_peak_of(os.getpid()):
        of_more, of_large, of_small = (group.peak_memory_bytes or 0 for group in groups)
        assert of_more > 10 * MEGABYTE
        assert of_large > 400 * MEGABYTE
        assert of_small < of_large - 300 * MEGABYTE


@pytest.mark.slow
def test_a_failing_notebook_leaves_no_provenance_and_that_of_the_last_success_stays(
    tmp_path: Path,
) -> None:
    source, output = tmp_path / "chapter.ipynb", tmp_path / "out" / "chapter.ipynb"
    nbformat.write(notebook(("code", "1 / 0")), source)
    with pytest.raises(ReproduceError, match="ZeroDivisionError"):
        execute.execute(source, output, Parameters())
    assert not output.exists()

    nbformat.write(notebook(("code", "1 / 1")), source)
    execute.execute(source, output, Parameters(seed=1))
    nbformat.write(notebook(("code", "1 / 0")), source)
    with pytest.raises(ReproduceError, match="ZeroDivisionError"):
        execute.execute(source, output, Parameters(seed=2))
    assert provenance.read(output).seed == 1
    assert nbformat.read(output, as_version=4).cells[0].source == "1 / 1"


def test_where_memory_is_not_told_the_notebook_is_executed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "forget_peak_of", lambda process: False)
    source, output = tmp_path / "chapter.ipynb", tmp_path / "out" / "chapter.ipynb"
    nbformat.write(notebook(("code", "1 / 1")), source)
    execute.execute(source, output, Parameters())
    (group,) = provenance.read(output).cell_groups
    assert group.peak_memory_bytes is None


@pytest.mark.parametrize(
    ("commit", "told"),
    [
        ("abc", {"commit": "abc", "uncommitted_changes": False}),
        ("abc-dirty", {"commit": "abc", "uncommitted_changes": True}),
        (None, {"commit": None, "uncommitted_changes": None}),
    ],
)
def test_the_commit_is_told_apart_from_changes_to_it(
    commit: str | None, told: dict[str, object]
) -> None:
    content = executed(("code", "1", 1.0, None))
    content.metadata.papermill = nbformat.from_dict(
        {
            "start_time": "2026-05-04T03:02:01.5+00:00",
            "duration": 2.345,
            "about": {"versions": {"python": "3.99.1"}, "variables": {"OMP_NUM_THREADS": "7"}},
        }
    )
    made = provenance.collect("a.ipynb", content, Parameters(), [], [], commit)
    assert made.versions == {"python": "3.99.1"}  # as the kernel has said
    assert made.variables == {"OMP_NUM_THREADS": "7"}
    assert {name: getattr(made, name) for name in told} == told
    assert (made.started, made.seconds) == ("2026-05-04T03:02:01+00:00", 2.35)


def test_records_that_were_read_are_told_by_run_and_commit_and_are_no_artifacts() -> None:
    read = [
        record.folder(stage, seed=seed) for stage, seed in ((SCORES, 0), (MODEL, 0), (MODEL, 3))
    ]
    first, second = provenance.used_records(read)
    assert (first.place, first.parts) == ("paper/paper/seed-0", ("model", "scores"))
    began = {store.read_manifest(folder)["made"]["started"] for folder in read[:2]}
    assert len(began) == 2
    assert first.started == min(began)
    assert (second.place, second.parts) == ("paper/paper/seed-3", ("model",))
    manifest = store.read_manifest(read[2])["made"]
    assert second.commit == manifest["commit"]
    assert second.started == manifest["started"]
    assert second.machine.model_dump() == manifest["machine"]
    assert [provenance.is_record(folder) for folder in (read[0], Path("build/sample/model-1"))] == [
        True,
        False,
    ]


# The foot of a chapter


def test_the_foot_tells_what_was_run_in_what_and_what_it_cost() -> None:
    foot = colophon.foot(an_execution())
    assert foot.startswith(
        "````{dropdown} How this page was made: profile quick, seed 0\n:name: provenance-07_more\n"
    )
    told = {row[0]: row[1:] for row in rows(foot)}
    assert told["notebook"] == ["`07_more.ipynb`"]
    assert told["seed"] == ["0"]
    assert told["parameters that it reads"] == ['`profile="quick"`, `seed=0`']
    assert told["the run's other parameters"] == ["`epochs=3`"]
    assert told["data fingerprint"] == [f"`{'f' * 64}`"]
    assert told["git commit"] == [f"`{'0123456789' * 4}`"]
    assert told["versions"] == ["Python 3.12.1, TensorFlow 2.21.0"]
    assert told["machine"] == ["P, 2 cores, 8.00 GB of memory, Linux"]
    assert told["executed"] == ["2026-05-04 03:02 UTC, in 12.3 s with the start of the kernel"]
    assert told["More"] == ["2", "3.2", "0.45"]
    assert told["`model-abc`"] == ["1,234.5", "1.27"]
    assert told["`results/paper/paper/seed-3`"] == [
        "model, scores",
        "2026-01-02 03:04 UTC",
        "`fedcba98`",
        "Q, 5 cores",
    ]
    assert '<a href="07_more.provenance.json">' in foot


def test_the_foot_tells_the_version_of_each_package_that_computes() -> None:
    versions = environment.versions()
    (told,) = (
        row[1]
        for row in rows(colophon.foot(an_execution(versions=versions)))
        if row[0] == "versions"
    )
    assert [part.rpartition(" ")[2] for part in told.split(", ")] == [*versions.values()]
    names = [part.rpartition(" ")[0].lower() for part in told.split(", ")]
    assert names == [*versions]


def test_what_is_not_known_is_said_so() -> None:
    nameless = {"heading": None, "cells": 1, "seconds": 1.0, "peak_memory_bytes": None}
    unknown: dict[str, Any] = {"commit": None, "uncommitted_changes": None, "artifacts": []}
    unknown["records"] = []
    foot = colophon.foot(
        an_execution(cell_groups=[nameless], data_fingerprints=[], parameters_read=[], **unknown)
    )
    told = {row[0]: row[1:] for row in rows(foot)}
    assert told["git commit"] == ["unknown"]
    assert told["data fingerprint"] == told["parameters that it reads"] == ["–"]
    assert told["no heading"] == ["1", "1.0", "–"]
    assert "It uses no artifact" in foot
    assert "results/" not in foot
    assert "It has no code" in colophon.foot(an_execution(cell_groups=[]))


def test_uncommitted_changes_are_told() -> None:
    made = an_execution(uncommitted_changes=True)
    assert "`, with uncommitted changes |" in colophon.foot(made)
    assert "| `01234567` + changes |" in colophon.executions([made])


def test_a_heading_cannot_break_the_table() -> None:
    group = {"heading": "a | b", "cells": 1, "seconds": 1.0, "peak_memory_bytes": None}
    assert r"| a \| b" in colophon.foot(an_execution(cell_groups=[group]))


# The page


def test_captions_end_with_a_link_to_the_foot_which_comes_last() -> None:
    content = notebook(("code", "1"), ("code", "2"), ("code", "3"))
    content.cells[0].metadata["mystnb"] = {"figure": {"caption": "A picture.", "name": "a"}}
    content.cells[1].metadata["mystnb"] = {"figure": {"name": "no-caption"}}
    colophon.attach(content, an_execution())
    first, second = (cell.metadata["mystnb"]["figure"] for cell in content.cells[:2])
    assert first["caption"] == "A picture. ({ref}`run <provenance-07_more>`)"
    assert "caption" not in second
    assert content.cells[-1].source == colophon.foot(an_execution())
    nbformat.validate(content)


def test_paths_of_the_machine_are_taken_out() -> None:
    content = notebook(("code", '# Parameters\nprofile = "a"\nfolder = "/data/my \\"beans\\""\n'))
    (cell,) = content.cells
    cell.metadata["tags"] = ["injected-parameters"]
    cell.outputs = [
        nbformat.v4.new_output("stream", name=name, text=f"/data to {name}\n")
        for name in ("stdout", "stderr")
    ]
    content.metadata["papermill"] = {"output_path": "/data/a.ipynb"}
    colophon.attach(content, an_execution())
    assert cell.source == '# Parameters\nprofile = "a"\nfolder = "…/my \\"beans\\""\n'
    assert [output.name for output in cell.outputs] == ["stdout"]
    assert "papermill" not in content.metadata


@pytest.mark.parametrize("source", ['folder = ""', 'a = "/b"'])
def test_other_assignments_stay(source: str) -> None:
    content = notebook(("code", source))
    content.cells[0].metadata["tags"] = ["injected-parameters"]
    colophon.attach(content, an_execution())
    assert [cell.source for cell in content.cells if cell.cell_type == "code"] == [source]


def test_the_cells_of_parameters_become_one_folded_command_and_stay_in_the_download() -> None:
    content = notebook(
        ("markdown", "# Title"),
        ("code", "epochs = 10"),
        ("code", '# Parameters\nprofile = "a"\nepochs = 3\nfolder = "/data/my beans"\nseeds = ""'),
        ("code", "1 + 1"),
    )
    for place, tag in ((1, "parameters"), (2, "injected-parameters")):
        content.cells[place].metadata["tags"] = [tag]
    made = an_execution()
    colophon.attach(content, made)
    kinds = [cell.cell_type for cell in content.cells]
    assert kinds == ["markdown", "markdown", "code", "code", "code", "markdown"]
    folded = content.cells[1].source
    assert folded.startswith(f"````{{dropdown}} Parameters of this run: profile {made.profile}")
    (command,) = re.findall(r"```bash\n(.*?)\n```", folded, re.DOTALL)
    assert shlex.split(command.replace("\\\n", " ")) == [
        *("papermill", f"notebooks/{made.notebook}", "mine.ipynb", "-r", "profile", "a"),
        *("-p", "epochs", "3", "-r", "folder", "…/my beans", "-r", "seeds", ""),
    ]
    hidden = [cell.metadata.get("tags", []) for cell in content.cells if cell.cell_type == "code"]
    assert ["remove-cell" in tags for tags in hidden] == [True, True, False]


# The page of all executions


def test_all_executions_are_listed_and_each_artifact_once() -> None:
    other = an_execution(notebook="08_last.ipynb", seed=3, seconds=1.0, cell_groups=[])
    text = colophon.executions([an_execution(), other])
    head, first, second, head_of_artifacts, artifact = rows(text)
    assert head[:4] == ["chapter", "profile", "seed", "executed"]
    costs = ["wall time (s)", "peak memory (GB)"]
    assert head[-2:] == head_of_artifacts[-2:] == costs
    assert first == [
        "{doc}`/notebooks/07_more`",
        "`quick`",
        "0",
        "2026-05-04 03:02 UTC",
        "`01234567`",
        "12.3",
        "0.45",
    ]
    assert (second[0], second[2], *second[-2:]) == ("{doc}`/notebooks/08_last`", "3", "1.0", "–")
    links = "{doc}`07_more </notebooks/07_more>`, {doc}`08_last </notebooks/08_last>`"
    assert artifact == ["`model-abc`", links, "1,234.5", "1.27"]


def test_executions_without_artifacts_are_listed_alone() -> None:
    text = colophon.executions([an_execution(artifacts=[])])
    assert len(rows(text)) == 2
    assert "artifact" not in text
    assert colophon.executions([]) == ""
