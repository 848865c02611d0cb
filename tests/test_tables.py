"""Tables: the numbers in them, each in its column; and listings."""

import ast
import re
import subprocess
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reproduce.chapters import compression_size, dataset, excerpts, page, results, training
from reproduce.chapters import model as model_chapter
from reproduce.core.parameters import Parameters
from reproduce.measure import scores as scoring
from reproduce.measure.stages import SCORES
from reproduce.measure.subject import Subject
from reproduce.models import autoencoder as model
from reproduce.results import record, reported
from tests import try_it


def by_label(table: str) -> dict[str, list[str]]:
    """Return the cells of a Markdown table, row by row, by what stands in the first column."""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {line[0]: line[1:] for line in lines}


@pytest.fixture
def example(small_run: SimpleNamespace) -> Subject:
    image = small_run.data.image("test", 0)
    return Subject(small_run.trained.autoencoder, image, "an image")


def test_sizes_stand_beside_the_papers_and_the_records(example: Subject) -> None:
    rows = by_label(results.reconstruction_sizes(example, record.read()))
    assert rows["file of the original (bytes)"] == [
        "205,111",
        "205,111",
        str(example.original_bytes),
    ]
    reported, _, ours = rows["file of the reconstruction (bytes)"]
    assert (reported, ours) == ("120,902", str(example.reconstruction_bytes))
    ratio = example.reconstruction_bytes / example.original_bytes
    assert rows["size ratio"][0] == "0.5894"
    assert rows["size ratio"][2] == f"{ratio:.4f}"


def test_the_columns_say_whose_numbers_they_hold(example: Subject) -> None:
    for table in (
        results.reconstruction_sizes(example, record.read()),
        results.latent_sizes(example, record.read()),
        compression_size.mean_ratio(pd.DataFrame({"size_ratio": [0.5, 0.6]}), record.read()),
    ):
        head = [cell.strip() for cell in table.splitlines()[0].split("|")[1:-1]]
        assert head == ["quantity", "the paper", "recorded run", "this page"]


def test_a_column_holds_the_numbers_of_both_runs_where_they_are_the_same() -> None:
    run, scores = record.read(), scoring.read_table(record.folder(SCORES) / scoring.TABLE)
    table = compression_size.mean_ratio(scores, run)
    head = [cell.strip() for cell in table.splitlines()[0].split("|")[1:-1]]
    assert head == ["quantity", "the paper", "recorded run and this page"]
    mean = f"{run.test['size_ratio'].mean:.4f}"
    assert by_label(table)["mean size ratio"] == [f"{reported.MEAN_RATIO:.4f}", mean]


def test_the_latent_is_read_in_both_ways(example: Subject) -> None:
    rows = by_label(results.latent_sizes(example, record.read()))
    for reading in ("clip", "stretch"):
        size = example.latent_bytes(reading)
        assert rows[f"file of the latent, {reading} (bytes)"][2] == str(size)
        assert rows[f"size ratio, {reading}"][2] == f"{size / example.original_bytes:.4f}"
        assert rows[f"size ratio, {reading}"][0] == "0.2728"


@pytest.mark.parametrize(
    ("clip", "stretch", "nearer"), [(50_000, 30_000, "clip"), (50_000, 56_000, "stretch")]
)
def test_the_nearer_reading_is_the_one_nearer_to_the_paper(
    clip: int, stretch: int, nearer: str
) -> None:
    sizes = {"latent_clip_bytes": clip, "latent_stretch_bytes": stretch}
    run = record.read()
    changed = run.model_copy(update={"example": run.example.model_copy(update=sizes)})
    assert results.nearer_reading(changed) == nearer


def test_the_mean_ratio_stands_beside_the_papers_and_the_records() -> None:
    ratios = [0.5, 0.75, 1.0]
    rows = by_label(
        compression_size.mean_ratio(pd.DataFrame({"size_ratio": ratios}), record.read())
    )
    assert rows["test images"] == ["128", "128", "3"]
    assert rows["mean size ratio"][0] == f"{reported.MEAN_RATIO:.4f}"
    assert rows["mean size ratio"][2] == "0.7500"
    assert rows["standard deviation"][2] == "0.2500"


def test_each_class_has_a_row_and_all_images_together() -> None:
    scores = pd.DataFrame(
        {
            "class": ["rust", "leaf_spot", "rust"],
            "size_ratio": [0.4, 0.9, 0.6],
            "psnr_db": [20.0, 30.0, 22.0],
            "ssim": [0.5, 0.7, 0.5],
        }
    )
    rows = by_label(compression_size.ratio_by_class(scores))
    assert list(rows) == ["leaf spot", "rust", "all"]
    assert rows["rust"][:2] == ["2", "0.5000"]
    assert rows["rust"][4] == "21.00"
    assert rows["all"][:2] == ["3", "0.6333"]


def test_of_one_image_there_is_no_deviation_and_no_interval() -> None:
    score = {"class": "a", "size_ratio": 0.5, "psnr_db": 30.0, "ssim": 0.9}
    table = compression_size.ratio_by_class(pd.DataFrame([score]))
    assert "nan" not in table.lower()
    assert by_label(table)["a"][:4] == ["1", "0.5000", "–", "–"]


def test_layers_add_up_to_all_parameters() -> None:
    rows = by_label(model_chapter.layers(model.build(0), 500))
    counts = {name: int(row[-1].replace(",", "")) for name, row in rows.items()}
    assert counts.pop("all") == sum(counts.values()) == 5404
    assert rows["`encoder_conv_1`"][1] == "500 x 500 x 32"


def test_upsampling_and_resizing_the_attention_is_the_identity() -> None:
    maps = np.random.default_rng(0).random((3, 11, 14, 1), dtype=np.float32)
    assert model_chapter.attention_identity(maps) == 0.0


def test_splits_are_counted_by_class(small_run: SimpleNamespace) -> None:
    rows = by_label(dataset.splits(small_run.data))
    assert rows["train"] == ["4", "4", "8"]
    assert rows["all"] == ["7", "7", "14"]


def test_the_known_facts_of_beans_add_up() -> None:
    rows = by_label(dataset.beans_splits())
    assert rows["train"][-1] == "1,034"
    assert rows["test"][-1] == "128"
    assert rows["all"][-1] == f"{reported.TRAINING_IMAGES:,}"


@pytest.mark.parametrize(
    ("source", "folder", "phrase"),
    [
        ("sample", "", "**not the paper's images**"),
        ("folder", "images", "**not the paper's images**"),
        ("beans", "", "as in the paper"),
    ],
)
def test_a_page_says_whether_its_images_are_the_papers(
    small_run: SimpleNamespace, source: str, folder: str, phrase: str
) -> None:
    parameters = Parameters(profile="mine", source=source, folder=folder, seed=3)
    text = page.provenance(parameters, small_run.data)
    assert phrase in text
    assert "`mine`, seed 3" in text
    assert small_run.data.fingerprint[:16] in text


def test_a_page_whose_model_has_not_learned_says_so(small_run: SimpleNamespace) -> None:
    for active, said in ((0.9, False), (0.001, True)):
        scores = pd.DataFrame({"active_latent": [active]})
        text = page.provenance(Parameters(seed=3), small_run.data, scores)
        assert ("has not learned" in text) == said


def test_a_page_without_images_says_its_profile_too() -> None:
    text = page.provenance(Parameters(profile="mine", seed=3))
    assert "`mine`, seed 3" in text


def test_excess_is_what_the_loss_has_above_the_floor() -> None:
    rows = by_label(training.loss_per_epoch([0.7, 0.65], 0.6))
    assert rows == {"1": ["0.7000", "0.1000"], "2": ["0.6500", "0.0500"]}


# Listings


@pytest.mark.parametrize("name", ["paper", "no-attention"])
def test_the_listings_are_the_source_of_the_papers_model_and_of_each_part_of_ours(
    name: str,
) -> None:
    blocks = re.findall(r"```python\n(.*?)\n```", model_chapter.model_listings(name), re.DOTALL)
    models = Path(model_chapter.__file__).parents[1] / "models"
    files = ["literal", "encoders/paper", f"attentions/{name.replace('-', '_')}", "decoders/paper"]
    for block, file in zip(blocks, files, strict=True):
        assert f"\n\n{block}\n" in (models / f"{file}.py").read_text()
        (function,) = ast.parse(block).body
        assert isinstance(function, ast.FunctionDef)
        assert function.name == ("build" if file == "literal" else file.rpartition("/")[2])


def test_the_listings_of_the_training_are_the_source_of_the_papers_and_of_our_step() -> None:
    found = re.findall(r"```python\n(.*?)\n```", model_chapter.training_listings(), re.DOTALL)
    models = Path(model_chapter.__file__).parents[1] / "models"
    literal, ours = (models / f"{name}.py" for name in ("literal", "training"))
    pieces = [*found[0].split("\n\n\n"), *found[1:]]
    for piece, file in zip(pieces, (literal, literal, ours, ours), strict=True):
        assert ast.parse(piece).body
        source = file.read_text()
        assert piece in source or textwrap.indent(piece, "    ") in source
    compiled, trained, order, step = pieces
    assert compiled == 'autoencoder.compile(optimizer="adam", loss="binary_crossentropy")'
    assert "autoencoder.fit(" in trained
    assert order.startswith("def batches(")
    assert "binary_crossentropy(" in step
    assert "optimizer.apply(" in step


def test_a_statement_that_is_not_there_is_not_shown() -> None:
    with pytest.raises(ValueError, match=r"statement has no statement that begins with 'no such'"):
        excerpts.statement(excerpts.statement, "no such")


# In the browser


SORT = """
const code = require("fs").readFileSync(process.argv[1], "utf8");
const nothing = { querySelectorAll: () => [], addEventListener() {} };
const sort = new Function("document", "window", `${code}; return sort;`)(nothing, nothing);
const rows = process.argv.slice(2).map((textContent) => ({ cells: [{ textContent }] }));
const append = (...sorted) => console.log(sorted.map((row) => row.cells[0].textContent).join("|"));
sort({ tBodies: [{ rows, append }] }, 0, true);
"""


@pytest.mark.skipif(try_it.NODE is None, reason="needs Node: apt install nodejs")
@pytest.mark.parametrize(
    "column",
    [
        ["−1,200.5", "−3", "0.25", "12", "950", "1,200", "48,000", "1,000,000"],
        ["7 %", "12 %", "101 %"],
        ["−1.25 dB", "+0.50 dB", "+11.00 dB"],
        ["leaf 2", "leaf 10", "rust 1"],
    ],
)
def test_a_column_is_sorted_by_its_numbers_as_the_book_writes_them(column: list[str]) -> None:
    shuffled = [*column[1::2], *column[::2]]
    script = Path(__file__).parents[1] / "book" / "static" / "tables.js"
    command = [str(try_it.NODE), "-e", SORT, str(script), *shuffled]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().split("|") == column
