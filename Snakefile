"""From photographs to the book: which file is made from which.

    snakemake --cores all --config profile=sample
    snakemake --cores all --config profile=paper epochs=2 folder=/data/beans

`profile` is a name in profiles/ or the path of a YAML file; every other setting overrides one of
its parameters. `seeds=0..4` trains and scores with each of these seeds, for the reproduction report.
"""

import sys
from pathlib import Path

from filelock import FileLock, Timeout

from reproduce import artifacts
from reproduce.errors import ReproduceError
from reproduce.parameters import load_parameters, parse_overrides, parse_seeds
from reproduce.preparation import listing_digest
from reproduce.stages import SOURCES

PROFILE = str(config.get("profile", "sample"))
OVERRIDES = [f"{name}={value}" for name, value in config.items() if name != "profile"]
try:
    PARAMETERS = load_parameters(PROFILE, Path("profiles"), parse_overrides(OVERRIDES))
    IMAGES = listing_digest(Path(PARAMETERS.folder)) if PARAMETERS.folder else ""
except ReproduceError as error:
    sys.exit(f"error: {error}")

def options(overrides):
    """Return the options that give a command this profile and these overrides."""
    return ["--profile", PROFILE, *(word for text in overrides for word in ("-p", text))]


# Given to each command, and compared by Snakemake: another value runs the rule again. What is made
# for a seed depends on that seed, whichever the chapters show and the report judges.
OPTIONS = options(OVERRIDES)
VALUES = PARAMETERS.model_dump()
SEED_OPTIONS = options([text for text in OVERRIDES if not text.startswith(("seed=", "seeds="))])
SEED_VALUES = PARAMETERS.model_dump(exclude={"seed", "seeds"})

# The seed of the chapters, and those of the report.
SEEDS = sorted({PARAMETERS.seed, *parse_seeds(PARAMETERS.seeds)})

BUILD = artifacts.build_folder(PARAMETERS.profile)
OF_SEED = BUILD / "seed-{seed}"
RUNNING = FileLock(BUILD / "workflow.lock")
RECORDED = {".json", ".csv"}
# The modules that chapters show results with.
SHOWING = (
    *("architecture", "costs", "figures", "markdown", "paper", "ratio_figures", "ratio_tables"),
    *("rates", "record", "tables"),
)
NOTEBOOKS = sorted(path.stem for path in Path("notebooks").glob("*.ipynb"))
REPORT = "reproduction_report"


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
        options=SEED_OPTIONS,
        values=SEED_VALUES,
        images=IMAGES,
    threads: workflow.cores
    shell:
        "reproduce prepare {params.options:q}"


rule model:
    """Train the autoencoder with a seed."""
    input:
        data=rules.data.output,
        modules=modules(*SOURCES["model"]),
    output:
        OF_SEED / "model.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
    threads: workflow.cores
    shell:
        "reproduce train {params.options:q} -p seed={wildcards.seed}"


rule scores_part:
    """Score a part of the test images; `--set-scatter scores=8` makes eight."""
    input:
        model=rules.model.output,
        modules=modules(*SOURCES["scores"]),
    output:
        OF_SEED / "scores-{scatteritem}.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "TF_NUM_INTRAOP_THREADS={threads} "
        "reproduce score --part {params.part} {params.options:q} -p seed={wildcards.seed}"


rule scores_of_seed:
    """Reconstruct the test images and measure their files, or gather the parts."""
    input:
        model=rules.model.output,
        parts=gather.scores(OF_SEED / "scores-{scatteritem}.json", allow_missing=True)
        if PARTS > 1
        else [],
        modules=modules(*SOURCES["scores"]),
    output:
        OF_SEED / "scores.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
        parts=PARTS,
    threads: workflow.cores if PARTS == 1 else 1
    shell:
        "reproduce score --gather {params.parts} {params.options:q} -p seed={wildcards.seed}"


rule scores:
    """Train and score with each of the seeds."""
    input:
        expand(rules.scores_of_seed.output, seed=SEEDS),


rule ratios_of_seed:
    """Measure what a blur, smaller pictures and other files give beside the model (chapter 6)."""
    input:
        model=rules.model.output,
        modules=modules(*SOURCES["ratios"]),
    output:
        OF_SEED / "ratios.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
    threads: workflow.cores
    shell:
        "reproduce ratios {params.options:q} -p seed={wildcards.seed}"


rule references:
    """Measure rate and distortion of the codecs that need no training (chapter 7)."""
    input:
        data=rules.data.output,
        modules=modules(*SOURCES["references"]),
    output:
        BUILD / "references.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
    threads: workflow.cores
    shell:
        "reproduce references {params.options:q}"


rule rates_of_seed:
    """Measure rate and distortion of the model's own files (chapter 7)."""
    input:
        model=rules.model.output,
        modules=modules(*SOURCES["rates"]),
    output:
        OF_SEED / "rates.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
    threads: workflow.cores
    shell:
        "reproduce rates {params.options:q} -p seed={wildcards.seed}"


def measured(seeds):
    """Return what must be measured before a seed's chapters 6 and 7, or its record, can be made."""
    return [
        *rules.references.output,
        *expand(rules.rates_of_seed.output + rules.ratios_of_seed.output, seed=seeds),
    ]


# What chapters need besides the scores. The report reads the claims, and has the runs with its own
# seeds judged, if it is given any.
FURTHER_INPUT = {
    "06_ratio": measured([PARAMETERS.seed]),
    "07_rate_distortion": measured([PARAMETERS.seed]),
    REPORT: [
        "book/claims.yaml",
        *modules("claims", "report"),
        *rules.scores.input,
        *(measured(SEEDS) if PARAMETERS.seeds else []),
    ],
}


rule notebook:
    """Execute a chapter with papermill."""
    input:
        notebook="notebooks/{chapter}.ipynb",
        scores=expand(rules.scores_of_seed.output, seed=PARAMETERS.seed),
        further=lambda wildcards: FURTHER_INPUT.get(wildcards.chapter, []),
        results=sorted(path for path in Path("results").rglob("*.*") if path.suffix in RECORDED),
        modules=modules(*SHOWING),
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


rule record_of_seed:
    """Write the record of the run with a seed: numbers, tables of test images, weights."""
    input:
        scores=rules.scores_of_seed.output,
        measured=lambda wildcards: measured([wildcards.seed]),
        modules=modules("rates", "record"),
    output:
        BUILD / "record" / "seed-{seed}" / "record.json",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
        folder=subpath(output[0], parent=True),
    shell:
        "reproduce record {params.folder} {params.options:q} -p seed={wildcards.seed}"


rule record_of_references:
    """Write the record of the codecs that need no training."""
    input:
        references=rules.references.output,
        modules=modules("record"),
    output:
        BUILD / "record" / "references" / "rates.csv",
    params:
        options=SEED_OPTIONS,
        values=SEED_VALUES,
        folder=subpath(output[0], parent=True),
    shell:
        "reproduce record-references {params.folder} {params.options:q}"


rule record:
    """Write the records of the runs with each of the seeds, and of what they are compared with."""
    input:
        expand(rules.record_of_seed.output, seed=SEEDS),
        rules.record_of_references.output,
