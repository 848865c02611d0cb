"""From photographs to the book: which file is made from which.

    snakemake --cores all --config profile=sample
    snakemake --cores all --config profile=paper epochs=2 folder=/data/beans

    snakemake --cores all --config study=quantisation -- studied

`profile` is a name in profiles/ or the path of a YAML file; every other setting overrides one of
its parameters. `seeds=0..4` trains and scores with each of these seeds, for the reproduction report.
`study` is a name in studies/ or the path of a YAML file, with a profile of its own.
"""

import hashlib
import os
import re
import shlex
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from reproduce.book import workflow_errors
from reproduce.book.notebook import Notebook
from reproduce.core import environment, sources, store
from reproduce.core import study as studies
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters, load_parameters, parse_overrides, parse_seeds
from reproduce.measure import resources, stages
from reproduce.models import registry

workflow_errors.show(workflow.output_settings.quiet)

if store.project_root().resolve() != Path(workflow.basedir).resolve():
    sys.exit(
        f"error: the package reproduce is that of {store.project_root()}, the workflow is that of "
        f"{workflow.basedir}: put its own .venv/bin first on the PATH, and unset PYTHONPATH"
    )
# All that is run here is of this interpreter and this package, without a user's settings.
os.environ.update(environment.own())
for name in os.environ.keys() - environment.own():
    del os.environ[name]

if not os.access(".", os.W_OK):
    sys.exit(
        f"error: cannot write to {Path.cwd()}, where Snakemake keeps its notes: copy the checkout"
    )

# As typed: Snakemake's own reading of --config makes a number of 2024_05 and a comment of #1.
TYPED = dict(text.split("=", 1) for text in workflow.config_settings.config_args or [])
if config.keys() - TYPED:
    sys.exit("error: --configfile is not taken; write a profile: --config profile=FILE.yaml")


def study_of(name):
    """Return a study by its name, or the path of its file."""
    if not name.endswith(".yaml"):
        return studies.read(name, Path("studies"))
    return studies.read(Path(name).stem, Path(name).parent)


OVERRIDES = [f"{name}={text}" for name, text in TYPED.items() if name not in ("profile", "study")]
TREE = sources.present()
try:
    with store.clear_disk_errors(Path.cwd()):
        sources.remember(TREE, Path(".snakemake") / "sources.json")
    STUDY = study_of(TYPED["study"]) if "study" in TYPED else None
    PROFILE = TYPED.get("profile", STUDY.profile if STUDY else "sample")
    PARAMETERS = load_parameters(PROFILE, Path("profiles"), parse_overrides(OVERRIDES))
    STUDY_RUNS = list(STUDY.runs(PARAMETERS)) if STUDY else []
    for one in (PARAMETERS, *(run.parameters for run in STUDY_RUNS)):
        registry.find(one.model)
    # What else a stage depends on, such as the files of a folder: looked up once.
    CONTENTS = {stage.name: stage.contents(PARAMETERS) for stage in stages.EVERY}
except ReproduceError as error:
    sys.exit(f"error: {error}")

# Given to each command. What is made for a model and a seed depends on these, whichever the
# chapters show and the report judges.
OPTIONS = ["--profile", PROFILE, *(word for text in OVERRIDES for word in ("-p", text))]

# Those of the report; if it has none of its own, the one of the chapters.
SEEDS = parse_seeds(PARAMETERS.seeds) or [PARAMETERS.seed]


def without_braces(folder):
    """Return a path of a folder in which Snakemake finds no wildcards: if need be, a link to it."""
    if not set("{}") & set(str(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    link = Path(".snakemake") / "links" / digest
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(folder, target_is_directory=True)
    return link


BUILD = without_braces(store.build_folder(PARAMETERS.profile).absolute())
RUNNING = FileLock(BUILD / "workflow.lock")
RECORDED = {".json", ".csv", ".keras", ".npy"}
NOTEBOOKS = {path.stem: Notebook(path) for path in sorted(Path("notebooks").glob("*.ipynb"))}


wildcard_constraints:
    # In a study, with the name of the variant: paper@noise.
    model=r"[a-z0-9+-]+(@[a-z0-9-]+)?",
    seed=r"[0-9]+",


def note(stage, model="{model}", seed="{seed}"):
    """Return the file that says which artifact of a stage is the present one."""
    return BUILD / f"{stage.place(model, seed)}.json"


RUNS = {(run.model, run.parameters.seed): run for run in STUDY_RUNS}


def changes(wildcards):
    """Return what the run of these wildcards sets, and the name of its variant."""
    run = RUNS.get((wildcards.model, int(wildcards.seed)))
    if run:
        return run.changes, run.variant
    return {"model": wildcards.model, "seed": int(wildcards.seed)}, ""


def memory(made):
    """Return a function of wildcards: the megabytes that making some stages takes."""

    def of(wildcards, threads, attempt):
        changed = changes(wildcards)[0] if made[0].of_seed else {}
        parameters = PARAMETERS.model_copy(update=changed)
        return attempt * resources.megabytes(made, parameters, threads)

    return of


def minutes(wildcards, attempt):
    """Return the minutes for a job: what is killed then goes on where it was, with more."""
    return attempt * resources.MINUTES


def dependencies(stage):
    """Return a function of wildcards: what a stage's artifact depends on besides others."""

    def of(wildcards):
        changed = changes(wildcards)[0] if stage.of_seed else {}
        parameters = Parameters(**{**PARAMETERS.model_dump(), **changed})
        return stage.own_dependencies(parameters, CONTENTS[stage.name])

    return of


def command(made, *options):
    """Return a function of wildcards: the command that makes some stages."""

    def of(wildcards):
        words = ["reproduce", "make", *(stage.name for stage in made), *options, *OPTIONS]
        if made[0].of_seed:
            changed, variant = changes(wildcards)
            words += [w for name, value in changed.items() for w in ("-p", f"{name}={value}")]
            words += ["--variant", variant] if variant else []
        part = wildcards.get("scatteritem")
        if part:
            words += ["--part", part.replace("-of-", "/")]
        return shlex.join(words)

    return of


# Stages that one process makes, one after the other. What a study doesn't ask for is not among its
# jobs: of hundreds of runs it would cost hours.
JOBS = {}
ASKED = stages.with_needs(STUDY.stages) if STUDY else stages.EVERY
for stage in stages.EVERY:
    job = stage.job or stage.name
    JOBS.setdefault(job if stage in ASKED else f"{job}-unasked", []).append(stage)


def rule_of(job):
    """Return the name of the rule for a job."""
    return re.sub(r"\W", "_", job)


def logged(command):
    """Return a shell command that keeps what it writes to stderr in the rule's log, and shows it."""
    return f"( {command} 2>&1 1>&3 | tee {{log:q}} >&2 ) 3>&1"


# On a cluster, where --jobs is given, each job has as many as the records were made with.
THREADS = 2 if workflow.resource_settings.nodes else workflow.cores


# With --software-deployment-method conda; else the environment that Snakemake runs in.
# Snakemake puts the checkout before it, and reads wildcards in that: braces of a path are doubled.
ENVIRONMENT = str(Path(workflow.basedir) / "environment.yml")
ENVIRONMENT = ENVIRONMENT.replace("{", "{{").replace("}", "}}")


# Each part imports TensorFlow, which takes seconds: by default there is one, without a job of its own.
IN_PARTS = [name for name, made in JOBS.items() if any(stage.in_parts for stage in made)]


scattergather:
    **{rule_of(name): 1 for name in IN_PARTS},


PARTS = {
    name: len(getattr(gather, rule_of(name))("{scatteritem}")) if name in IN_PARTS else 1
    for name in JOBS
}


onstart:
    try:
        with store.clear_disk_errors(BUILD):
            BUILD.resolve().mkdir(parents=True, exist_ok=True)
            RUNNING.acquire(timeout=0)
    except Timeout:
        sys.exit(f"error: another run is making {BUILD}; wait for it, or end it")
    except ReproduceError as error:
        sys.exit(f"error: {error}")


rule book:
    """Render the book from its prose and the executed notebooks."""
    input:
        notebooks=expand(BUILD / "notebooks" / "{chapter}.ipynb", chapter=NOTEBOOKS),
        prose=[path for path in Path("book").rglob("*") if path.is_file()],
        configuration=["_config.yml", "_toc.yml", "index.md"],
    output:
        BUILD / "book" / "index.html",
    log:
        BUILD / "book-making.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda _, attempt: attempt * resources.MEGABYTES,
        runtime=minutes,
    params:
        # From a function: in a plain list Snakemake would take braces for its wildcards.
        options=lambda _: OPTIONS,
        source=TREE.digest(TREE.closure(["reproduce.book.render", "reproduce.book.extension"])),
    shell:
        logged("reproduce book {params.options:q}")


def part_of(stage):
    """Return the note of a part of a stage."""
    return note(stage).with_name(f"{note(stage).stem}-{{scatteritem}}.json")


for name, made in JOBS.items():
    in_parts = PARTS[name] > 1

    rule:
        name:
            rule_of(name)
        input:
            needs=[note(one) for stage in made for one in stage.needs if one not in made],
            parts=[
                part
                for stage in made
                if stage.in_parts and in_parts
                for part in getattr(gather, rule_of(name))(str(part_of(stage)), allow_missing=True)
            ],
        output:
            [note(stage) for stage in made],
        log:
            note(made[0]).with_suffix(".log"),
        conda:
            ENVIRONMENT
        threads: 1 if in_parts else THREADS
        resources:
            mem_mb=memory(made),
            runtime=minutes,
        params:
            # As parameters: Snakemake evaluates them now, and `shell` when `made` is another.
            **{f"dependencies_of_{stage.name}": dependencies(stage) for stage in made},
            command=command(made, *(["--gather", str(PARTS[name])] if in_parts else [])),
        shell:
            logged("{params.command}")

    for stage in made if in_parts else []:
        if not stage.in_parts:
            continue

        rule:
            # A part of the images; `--set-scatter scores=8` makes eight.
            name:
                f"{rule_of(stage.name)}_part"
            input:
                needs=[note(one) for one in stage.needs if one not in made],
            output:
                part_of(stage),
            log:
                part_of(stage).with_suffix(".log"),
            conda:
                ENVIRONMENT
            resources:
                mem_mb=memory([stage]),
                runtime=minutes,
            params:
                dependencies=dependencies(stage),
                command=command([stage]),
            shell:
                logged("TF_NUM_INTRAOP_THREADS={threads} {params.command}")


def notes(stage, seeds):
    """Return the notes of a stage for the model of the run and some seeds."""
    return [note(stage, PARAMETERS.model, seed) for seed in (seeds if stage.of_seed else [0])]


rule measured:
    """Make all stages with each of the seeds: what a record needs."""
    input:
        [path for stage in stages.ALL for path in notes(stage, SEEDS)],


rule studied:
    """Make the runs of the study."""
    input:
        sorted(
            {
                note(stage, run.model, run.parameters.seed)
                for run in STUDY_RUNS
                for stage in stages.with_needs(STUDY.stages)
            }
        ),


rule scored:
    """Train and score with each of the seeds."""
    input:
        notes(stages.SCORES, SEEDS),


def needed_by(wildcards):
    """Return the notes of the stages that a notebook uses, and what else it reads."""
    notebook = NOTEBOOKS[wildcards.chapter]
    # The report judges runs with its own seeds; if it is given none, the record.
    seeds = parse_seeds(PARAMETERS.seeds) if notebook.of_seeds else [PARAMETERS.seed]
    used = stages.with_needs(notebook.stages) if seeds else []
    return [*notebook.reads, *(path for stage in used for path in notes(stage, seeds))]


def values_of(wildcards):
    """Return the values of the parameters that a notebook declares."""
    values = PARAMETERS.model_dump()
    return {name: values.get(name) for name in NOTEBOOKS[wildcards.chapter].parameters}


rule notebook:
    """Execute a chapter with papermill."""
    input:
        notebook="notebooks/{chapter}.ipynb",
        needs=needed_by,
        results=sorted(path for path in Path("results").rglob("*.*") if path.suffix in RECORDED),
    output:
        notebook=BUILD / "notebooks" / "{chapter}.ipynb",
    log:
        BUILD / "notebooks" / "{chapter}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda _, attempt: attempt * resources.of_notebook(PARAMETERS),
        runtime=minutes,
    params:
        options=lambda _: OPTIONS,
        values=values_of,
        source=lambda wildcards: NOTEBOOKS[wildcards.chapter].digest(TREE),
        execution=TREE.digest(TREE.closure(["reproduce.book.execute"])),
        versions=environment.versions(),
    shell:
        logged("reproduce notebook {input.notebook:q} {output.notebook:q} {params.options:q}")
