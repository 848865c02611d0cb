"""A page whose run has repeated the recorded one shows once what it has in common with it."""

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from reproduce.book import repeats
from reproduce.book.provenance import Provenance
from reproduce.core import store
from reproduce.core.stage import Stage
from reproduce.measure.stages import RATIOS, SCORES, TIMES
from reproduce.results import record
from tests.test_provenance import an_execution

ROOT = Path(__file__).parents[1]


def page_of(*stages: Stage, **changes: Any) -> Provenance:
    """A page of the recorded run, whose artifacts are copies of what is recorded of it."""
    for stage in stages:
        shutil.copytree(record.folder(stage), store.build_folder("paper") / f"{stage.name}-abc")
    artifacts = [
        {"name": f"{stage.name}-abc", "seconds": 1, "peak_memory_bytes": None} for stage in stages
    ]
    parameters = record.read().parameters | {"rate_images": 128} | changes
    return an_execution(
        profile="paper",
        seed=parameters["seed"],
        parameters=parameters,
        parameters_read=list(parameters),
        artifacts=artifacts,
    )


def test_a_run_with_the_same_tables_repeats_the_record() -> None:
    assert repeats.the_record(page_of(SCORES, RATIOS))


@pytest.mark.parametrize("file", ["scores-abc/test-images.csv", "ratios-abc/png-writers.csv"])
def test_one_other_number_in_one_table_makes_it_another_run(file: str) -> None:
    page = page_of(SCORES, RATIOS)
    table = store.build_folder("paper") / file
    table.write_text(table.read_text().replace("1", "2", 1))
    assert not repeats.the_record(page)


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"epochs": 9}, {"example_index": 1}, {"source": "folder"}]
)
def test_another_setting_is_another_run(changes: dict[str, Any]) -> None:
    assert not repeats.the_record(page_of(SCORES, **changes))


def test_of_times_nothing_follows() -> None:
    page = page_of(SCORES, TIMES)
    (store.build_folder("paper") / "times-abc" / "times.csv").write_text("other times")
    assert repeats.the_record(page)
    shutil.rmtree(store.build_folder("paper"))
    assert not repeats.the_record(page_of(TIMES)), "nothing was measured"


def test_what_is_no_longer_there_repeats_nothing() -> None:
    page = page_of(SCORES, RATIOS)
    shutil.rmtree(store.build_folder("paper") / "ratios-abc")
    assert not repeats.the_record(page)


def test_a_note_stands_in_place_of_what_is_left_out() -> None:
    texts = {"a": [], "b": ["this-run"], "c": [], "d": ["this-run", "remove-input"], "e": []}
    cells = [nbformat.v4.new_markdown_cell(a, metadata={"tags": b}) for a, b in texts.items()]
    content = nbformat.v4.new_notebook(cells=cells)
    repeats.leave_out(content)
    assert [cell.source for cell in content.cells] == ["a", repeats.NOTE, "c", "e"]
    repeats.leave_out(content)
    assert len(content.cells) == 4


def test_what_is_shown_in_any_case_leads_to_nothing_that_may_be_left_out() -> None:
    places: dict[str, str] = {}
    texts: dict[str, str] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            may_go = repeats.TAG in cell.metadata.get("tags", [])
            shown = cell.metadata.get("mystnb", {})
            captioned = [shown[kind] for kind in ("figure", "table") if kind in shown]
            names = [one["name"] for one in captioned]
            names += re.findall(r"^\((.+)\)=$", cell.source, re.MULTILINE)
            names += re.findall(r'glue\("(\w+)"', cell.source)
            if may_go:
                places |= dict.fromkeys(names, f"{path.name}, cell {number}")
            else:
                captions = [one["caption"] for one in captioned]
                texts[f"{path.name}, cell {number}"] = "\n".join([cell.source, *captions])
    for path in (ROOT / "index.md", *(ROOT / "book").rglob("*.md"), ROOT / "book/claims.yaml"):
        texts[path.name] = path.read_text(encoding="utf-8")
    assert {"this-image", "rd-page", "ratio-histogram", "ratio-against-psnr-here"} <= set(places)
    for place, text in texts.items():
        roles = re.findall(r"\{(?:numref|ref|glue:text)\}`([^`]+)`", text)
        targets = {re.sub(r".*::|:[^:]*$|.*<|>$", "", role) for role in roles}
        targets |= set(re.findall(r"#([\w-]+)", text))
        assert targets & set(places) == set(), place
