"""From photographs to the book: which file is made from which.

    snakemake --cores all --config profile=sample
    snakemake --cores all --config profile=paper epochs=2 folder=/data/beans

`profile` is a name in profiles/ or the path of a YAML file; every other setting overrides one of
its parameters.
"""

import sys
from pathlib import Path

from filelock import FileLock, Timeout

from reproduce import artifacts
from reproduce.errors import ReproduceError
from reproduce.parameters import load_parameters, parse_overrides
from reproduce.preparation import listing_digest
from reproduce.stages import SOURCES

PROFILE = str(config.get("profile", "sample"))
OVERRIDES = [f"{name}={value}" for name, value in config.items() if name != "profile"]
try:
    PARAMETERS = load_parameters(PROFILE, Path("profiles"), parse_overrides(OVERRIDES))
    IMAGES = listing_digest(Path(PARAMETERS.folder)) if PARAMETERS.folder else ""
except ReproduceError as error:
    sys.exit(f"error: {error}")

# Given to each command, and compared by Snakemake: another value runs the rule again.
OPTIONS = ["--profile", PROFILE, *(word for text in OVERRIDES for word in ("-p", text))]
VALUES = PARAMETERS.model_dump()

BUILD = artifacts.build_folder(PARAMETERS.profile)
RUNNING = FileLock(BUILD / "workflow.lock")
NOTEBOOKS = sorted(path.stem for path in Path("notebooks").glob("*.ipynb"))


def modules(*names):
    """Return the source files of these modules of the package."""
    return artifacts.source_files(names)


# Each part imports TensorFlow, which takes seconds: by default there is one, without a job of its own.
scattergather:
    scores=1,


PARTS = len(gather.scores("{scatteritem}"))


onstart:
    try:
        with artifacts.clear_disk_errors(BUILD):
            BUILD.mkdir(parents=True, exist_ok=True)
            RUNNING.acquire(timeout=0)
    except Timeout:
        sys.exit(f"error: another run is making {BUILD}; wait for it, or end it")
    except ReproduceError as error:
        sys.exit(f"error: {error}")


rule book:
    """Render the book from its prose and the executed notebooks."""
    input:
        notebooks=expand(BUILD / "notebooks" / "{chapter}.ipynb", chapter=NOTEBOOKS),
        provenance=expand(BUILD / "notebooks" / "{chapter}.provenance.json", chapter=NOTEBOOKS),
        prose=[path for path in Path("book").rglob("*") if path.is_file()],
        configuration=["_config.yml", "_toc.yml", "index.md"],
        modules=modules("book", "colophon", "markdown"),
    output:
        BUILD / "book" / "index.html",
    params:
        options=OPTIONS,
    shell:
        "reproduce book {params.options:q}"


rule data:
    """Decode the images, turn them grey and store them as arrays."""
    input:
        modules=modules(*SOURCES["data"]),
    output:
        BUILD / "data.json",
    params:
        options=OPTIONS,
        values=VALUES,
        images=IMAGES,
    threads: workflow.cores
    shell:
        "reproduce prepare {params.options:q}"


rule model:
    """Train the autoencoder."""
    input:
        data=rules.data.output,
        modules=modules(*SOURCES["model"]),
    output:
        BUILD / "model.json",
    params:
        options=OPTIONS,
        values=VALUES,
    threads: workflow.cores
    shell:
        "reproduce train {params.options:q}"


rule scores_part:
    """Score a part of the test images; `--set-scatter scores=8` makes eight."""
    input:
        model=rules.model.output,
        modules=modules(*SOURCES["scores"]),
    output:
        BUILD / "scores-{scatteritem}.json",
    params:
        options=OPTIONS,
        values=VALUES,
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "TF_NUM_INTRAOP_THREADS={threads} reproduce score --part {params.part} {params.options:q}"


rule scores:
    """Reconstruct the test images and measure their files, or gather the parts."""
    input:
        model=rules.model.output,
        parts=gather.scores(BUILD / "scores-{scatteritem}.json") if PARTS > 1 else [],
        modules=modules(*SOURCES["scores"]),
    output:
        BUILD / "scores.json",
    params:
        options=OPTIONS,
        values=VALUES,
        parts=PARTS,
    threads: workflow.cores if PARTS == 1 else 1
    shell:
        "reproduce score --gather {params.parts} {params.options:q}"


rule notebook:
    """Execute a chapter with papermill."""
    input:
        notebook="notebooks/{chapter}.ipynb",
        scores=rules.scores.output,
        results=sorted(Path("results").rglob("*.json")),
        modules=modules("architecture", "costs", "figures", "markdown", "paper", "record", "tables"),
        execution=modules("engine", "environment", "notebooks", "provenance"),
        style="src/reproduce/reproduce.mplstyle",
    output:
        notebook=BUILD / "notebooks" / "{chapter}.ipynb",
        provenance=BUILD / "notebooks" / "{chapter}.provenance.json",
    params:
        options=OPTIONS,
        values=VALUES,
    shell:
        "reproduce notebook {input.notebook} {output.notebook} {params.options:q}"


rule record:
    """Write the record of the run: numbers, table of test images, weights."""
    input:
        scores=rules.scores.output,
        modules=modules("record"),
    output:
        BUILD / "record" / "record.json",
    params:
        options=OPTIONS,
        values=VALUES,
        folder=subpath(output[0], parent=True),
    shell:
        "reproduce record {params.folder} {params.options:q}"
