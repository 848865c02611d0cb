"""What the cells of notebooks compute and show, held against a second list of it.

A cell that is given another run's table, or glues a value under another's name, runs as well as
the right one, and renewed outputs agree with it. So `notebooks.toml` says once more what each
figure and table is drawn from, what each variable stands for, and what is glued under each name.
"""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest

from tests import test_glue

ROOT = Path(__file__).parents[1]
NOTEBOOKS = test_glue.NOTEBOOKS
LIST = Path(__file__).with_name("notebooks.toml")


@cache
def content_of(notebook: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4)


@cache
def cells(notebook: str) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook behind that of its parameters."""
    return [cell for cell in content_of(notebook).cells if cell.cell_type == "code"][1:]


def parsed(cell: nbformat.NotebookNode) -> list[ast.stmt]:
    lines = [line for line in cell.source.splitlines() if not line.startswith("%")]
    return ast.parse("\n".join(lines)).body


def name_of(cell: nbformat.NotebookNode) -> str:
    name: str = cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")
    return name


def glued_values(notebook: str) -> set[str]:
    """The names of what tests/test_glue.py computes once more."""
    return set(test_glue.EXPECTED[notebook]())


def glued_name(node: ast.stmt) -> str:
    """Return the name under which a statement glues a value; "" if it glues none, or several."""
    if isinstance(node, ast.Expr) and ast.unparse(node).startswith("glue("):
        name = node.value.args[0]  # type: ignore[attr-defined]
        return str(name.value) if isinstance(name, ast.Constant) else ""
    return ""


Statements = dict[str, dict[str, str]]


@cache
def statements(notebook: str) -> Statements:
    """Each statement of a notebook but imports: its text, by its kind and its name.

    In front stands what its metadata say of it: the stages that it uses, and the like.
    """
    about = content_of(notebook).metadata["reproduce"]
    found: Statements = {
        "about": {name: " ".join([told] if name == "of" else told) for name, told in about.items()},
        "variables": {},
        "shown": {},
        "glued": {},
        "loops": {},
    }
    computed_again = glued_values(notebook)

    def note(kind: str, name: str, text: str) -> None:
        again = " again" * (name in found[kind])
        assert name + again not in found[kind]
        found[kind][name + again] = text

    for number, cell in enumerate(cells(notebook)):
        for node in parsed(cell):
            text = ast.unparse(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.Assign):
                if not isinstance(node.value, ast.Constant):  # words
                    note("variables", ast.unparse(node.targets[0]), ast.unparse(node.value))
            elif glued_name(node):
                if glued_name(node) not in computed_again:
                    value = node.value.args[1]  # type: ignore[attr-defined]
                    note("glued", glued_name(node), ast.unparse(value))
            elif isinstance(node, ast.For):
                head, *body = text.splitlines()
                note("loops", head, "\n".join(body))
            elif not text.startswith("style."):
                note("shown", name_of(cell) or f"cell-{number}", text)
    return found


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_cell_computes_and_shows_what_the_list_says(notebook: str) -> None:
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))[notebook]
    found = {kind: texts for kind, texts in statements(notebook).items() if texts}
    assert found.keys() == listed.keys()
    for kind, texts in found.items():
        # In the order in which they stand.
        assert list(texts.items()) == [
            (name, text.lstrip("\n")) for name, text in listed[kind].items()
        ], kind


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_nothing_is_imported_under_the_name_of_something_else(notebook: str) -> None:
    modules = {"reproduction_report": "report", "rate_distortion": "rates"}
    usual = {
        "chapter": f"reproduce.chapters.{modules.get(notebook, notebook)}",
        "scoring": "reproduce.measure.scores",
        "np": "numpy",
    }
    for node in (node for cell in cells(notebook) for node in parsed(cell)):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else []:
            place = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            assert alias.asname is None or usual[alias.asname] == place + alias.name


# Tags and tolerances

OF_THIS_RUN = {
    "compression_size": ["ratio-histogram"],
    "rate_distortion": ["rd-page", "bd-rates-page", "chapter.on_headers", "crops", "page-crops"],
    "results": ["this-image", "glue"],
    "size_ratio": ["ratio-against-psnr-here"],
}
"""Cells that show of the page's own run what others show of the record, by name or by call."""

TOLERANCES = {
    ("compression_size", "ratio-histogram"): ["nbval-absolute-0.011", "nbval-picture-rms-6"],
    ("compression_size", "best-worst"): ["nbval-absolute-0.011", "nbval-picture-rms-25"],
    ("gallery", "gallery"): ["nbval-picture-rms-10"],
    ("rate_distortion", "beans-crops"): ["nbval-picture-rms-10"],
    ("rate_distortion", "rd-page"): ["nbval-picture-rms-8"],
    ("rate_distortion", "bd-rates-page"): ["nbval-relative-0.1"],
    ("rate_distortion", "crops"): ["nbval-picture-rms-10"],
    ("rate_distortion", "page-crops"): ["nbval-picture-rms-10"],
    ("results", "attention-density"): ["nbval-picture-rms-10"],
    ("results", "this-image"): ["nbval-picture-rms-10"],
    ("size_ratio", "ratio-pictures"): ["nbval-picture-rms-10"],
    ("size_ratio", "ratio-against-psnr-here"): ["nbval-picture-rms-10"],
    # Differences of means, which a processor without AVX-512 makes a few thousandths others.
    ("compression_size", "glue"): ["nbval-absolute-0.01"],
    ("size_ratio", "glue"): ["nbval-absolute-0.01"],
    # Seconds, which differ from run to run.
    ("training", "glue"): ["nbval-ignore-output"],
}
"""Cells that may differ by more than the rest of their notebook: a model has computed them here."""

OF_NOTEBOOKS = {
    "compression_size": {"relative": 0.005, "absolute": 0.001},
    "cost": {"relative": 1e-6, "absolute": 0},
    "dataset": {"relative": 0, "absolute": 0},
    "exercises": {"relative": 0.005, "absolute": 0.01},
    "future_work": {"relative": 1e-3, "absolute": 0},
    "gallery": {"relative": 0.005, "absolute": 0.01},
    "model": {},
    "rate_distortion": {"relative": 0.02, "absolute": 0.02},
    "reproduction_report": {"relative": 1e-6, "absolute": 0},
    "results": {"relative": 0.005, "absolute": 0.001},
    "size_ratio": {"relative": 0.005, "absolute": 0.001},
    "training": {},
}

RECORDED = {
    "compression_size": ["recorded-histogram"],
    "rate_distortion": [
        *("quantisation-steps", "psnr-at-rates", "bd-rates", "bd-rates-of-images", "rd-sizes"),
        *("bd-rates-half", "chapter.leads_at_both_sizes", "codec-times", "quantised-training"),
        *("rd-elsewhere", "elsewhere-sources"),
    ],
    "size_ratio": ["ratio-against-psnr"],
}
"""Cells that show the record alone: nothing in them may differ from one machine to another."""

EXACT = ["nbval-relative-1e-6", "nbval-absolute-0"]


def label_of(cell: nbformat.NotebookNode) -> str:
    """Return the name of what a cell shows; without one, what its last statement calls first."""
    calls = re.findall(r"[\w.]+(?=\()", ast.unparse(parsed(cell)[-1]))
    return name_of(cell) or next((one for one in calls if one not in ("Markdown",)), "")


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_only_what_a_machine_may_compute_otherwise_has_a_tolerance_of_its_own(
    notebook: str,
) -> None:
    content = content_of(notebook)
    hashes = {"executed_source", "stored_outputs"}
    told = {name: bound for name, bound in content.metadata["nbval"].items() if name not in hashes}
    assert told == OF_NOTEBOOKS[notebook]
    for cell in cells(notebook):
        expected = TOLERANCES.get((notebook, label_of(cell)), [])
        if label_of(cell) in RECORDED.get(notebook, ()):
            expected = EXACT
        of_this_run = "epoch_times" in cell.source or "this" in cell.source
        if label_of(cell) == "glue" and not of_this_run:
            expected = []
        assert {tag for tag in tags(cell) if tag.startswith("nbval")} == {*expected}, label_of(cell)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_what_repeats_the_record_with_the_pages_own_run_is_tagged_so(notebook: str) -> None:
    found = [label_of(cell) for cell in cells(notebook) if "this-run" in tags(cell)]
    assert found == OF_THIS_RUN.get(notebook, [])


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_cells_that_only_hand_values_to_prose_are_not_shown_and_all_others_are(
    notebook: str,
) -> None:
    for cell in cells(notebook):
        shows = [
            node for node in parsed(cell) if isinstance(node, ast.Expr) and not glued_name(node)
        ]
        hands_over = "glue(" in cell.source and not shows
        assert ("remove-cell" in tags(cell)) == hands_over, cell.source
        assert not tags(cell) & {"remove-output", "raises-exception", "skip-execution"}
