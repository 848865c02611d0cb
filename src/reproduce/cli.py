"""The command line, `reproduce`: the steps of the workflow one by one, and the codec."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from reproduce.core import store, terminal
from reproduce.core import study as studies
from reproduce.core.errors import DivergedError, ReproduceError
from reproduce.core.parameters import Parameters, load_parameters, parse_overrides, parse_seeds
from reproduce.core.stage import DIVERGED, Stage
from reproduce.measure import parts, shards, stages
from reproduce.measure.shards import Part
from reproduce.models import registry

CODEC = "Photographs to small files and back"
WORKFLOW = "The workflow's steps, one by one (`make book` runs them)"

# What needs TensorFlow, papermill or Sphinx is imported in the command that uses it: a mistyped
# parameter is told at once, not after seconds of imports.

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Profile = Annotated[
    str, typer.Option("--profile", "-f", help="Name of a profile, or path of its YAML file.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Set one parameter."),
]


def _path(text: str) -> Path:
    """Read a path as typed; an empty one would be the current folder."""
    if not text:
        raise ReproduceError("the name of a file or folder is empty: was a variable not set?")
    return Path(text)


Place = Annotated[Path, typer.Argument(parser=_path)]
PlaceOption = Annotated[Path, typer.Option(parser=_path)]
_STAGES = "One of: " + "; ".join(f"{stage.name} ({stage.title})" for stage in stages.EVERY)
Source = Annotated[
    Path, typer.Argument(parser=_path, help="A file, or a folder: all in it is done.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that exist.")]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Leave files that exist, and do the others.")
]


def _parameters(profile: str, overrides: list[str] | None) -> Parameters:
    profiles = store.project_root() / "profiles"
    parameters = load_parameters(profile, profiles, parse_overrides(overrides or []))
    registry.find(parameters.model)
    return parameters


@app.command(rich_help_panel=CODEC)
def compress(
    source: Source,
    output: Annotated[
        Path,
        typer.Argument(parser=_path, help="A file to make, *.cae, or a folder for them."),
    ],
    step: Annotated[
        float, typer.Option(help="Of the quantisation: greater for fewer bytes and a worse image.")
    ] = 0.25,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse colour and transparency, don't convert.")
    ] = False,
    force: Force = False,
    skip_existing: SkipExisting = False,
) -> None:
    """Compress an image, or all images of a folder, with the paper's model; colours become grey."""
    from reproduce.codec import files

    files.compress(source, output, step, strict=strict, force=force, skip_existing=skip_existing)
    print(output)


@app.command(rich_help_panel=CODEC)
def decompress(
    source: Source,
    output: Annotated[
        Path, typer.Argument(parser=_path, help="An image to make, as *.png, or a folder.")
    ],
    force: Force = False,
    skip_existing: SkipExisting = False,
) -> None:
    """Decompress a file to an image, or all files of a folder to PNG images."""
    from reproduce.codec import files

    files.decompress(source, output, force=force, skip_existing=skip_existing)
    print(output)


@app.command(rich_help_panel=CODEC)
def inspect(
    source: Annotated[Path, typer.Argument(parser=_path, help="A compressed file.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is in a compressed file: size, model, step, bytes."""
    from reproduce.codec import files

    contents = files.inspect(source)
    if as_json:
        print(json.dumps(contents, indent=2))
        return
    for name, value in contents.items():
        print(f"{name.replace('_', ' '):15} {value}")


@app.command(rich_help_panel=CODEC)
def export(
    folder: Annotated[Path, typer.Argument(parser=_path, help="Where to write the two files.")],
    profile: Annotated[
        str | None, typer.Option("--profile", "-f", help="Of a run's model, not the paper's.")
    ] = None,
    parameter: Overrides = None,
    force: Force = False,
) -> None:
    """Write a model as a list of layers and their weights, for readers that have no Keras.

    The model is the one that `compress` uses, or, with --profile or -p, that of a run.
    """
    parameters = _parameters(profile or "sample", parameter) if profile or parameter else None
    from reproduce.codec import export

    _print(export.export(folder, parameters, force=force))


@app.command("make", rich_help_panel=WORKFLOW)
def make_stages(
    names: Annotated[list[str], typer.Argument(metavar="STAGE…", help=_STAGES)],
    profile: Profile = "sample",
    parameter: Overrides = None,
    variant: Annotated[
        str, typer.Option(metavar="NAME", help="Note them as a study's variant of that name.")
    ] = "",
    part: Annotated[
        str | None,
        typer.Option(metavar="NUMBER/COUNT", help="Measure only this part of the images, as 2/8."),
    ] = None,
    gather: Annotated[
        int,
        typer.Option(metavar="COUNT", help="Put what is measured together from so many parts."),
    ] = 1,
) -> None:
    """Make stages of a run, and all that they need, as far as they aren't made."""
    parameters = _parameters(profile, parameter)
    chosen = [stages.find(name) for name in names]
    model = f"{parameters.model}@{variant}" if variant else parameters.model
    chosen_part = _part(chosen, part, gather)
    for stage in [stage for stage in chosen if stage.in_parts or not chosen_part]:
        note = stage.note(parameters, model)
        if chosen_part:
            note = note.with_name(f"{Path(parts.name_of(stage, chosen_part)).name}.json")
        try:
            _finish(note, _made(stage, parameters, chosen_part, gather))
        except DivergedError as error:
            if not variant:
                raise
            # Of a study it is one of the results, and the others are still to be made.
            print(f"note: {model}, seed {parameters.seed}: {error}", file=sys.stderr)
            _write_note(note, {DIVERGED: str(error)})


def _made(stage: Stage, parameters: Parameters, part: Part | None, gather: int) -> Path:
    """Return the folder of a stage or of a part of it, which is made first."""
    if part:
        return parts.measure(stage, parameters, part)
    if gather != 1 and stage.in_parts:
        parts.gather(stage, parameters, gather)
    return stage.folder(parameters)


def _part(chosen: list[Stage], part: str | None, gather: int) -> Part | None:
    """Return the part of the images that is asked for, if it isn't all of them."""
    if part is None and gather == 1:
        return None
    if not any(stage.in_parts for stage in chosen):
        known = ", ".join(stage.name for stage in stages.EVERY if stage.in_parts)
        raise ReproduceError(f"--part and --gather: only some stages have parts; name one: {known}")
    if part is not None and gather != 1:
        raise ReproduceError("--part and --gather: choose one; the parts are gathered at the end")
    shards.every(gather)
    return None if part is None else shards.parse(part)


@app.command(rich_help_panel=WORKFLOW)
def notebook(
    source: Place, output: Place, profile: Profile = "sample", parameter: Overrides = None
) -> None:
    """Execute a notebook with the parameters of a profile."""
    parameters = _parameters(profile, parameter)
    from reproduce.book import execute

    execute.execute(source, output, parameters)


@app.command(rich_help_panel=WORKFLOW)
def refresh(sources: Annotated[list[Path], typer.Argument(parser=_path)]) -> None:
    """Execute notebooks with their own default parameters and store the outputs in them."""
    from reproduce.book import execute

    for source in sources:
        print(f"executing {source}", file=sys.stderr)
        execute.refresh(source)


@app.command(rich_help_panel=WORKFLOW)
def book(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Render the book from the executed notebooks and print the path of its front page."""
    parameters = _parameters(profile, parameter)
    from reproduce.book import render

    print(render.render(parameters.profile))


@app.command(rich_help_panel=WORKFLOW)
def where(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Print the path of the front page of a profile's book, whether it is rendered or not."""
    print(store.build_folder(_parameters(profile, parameter).profile) / "book" / "index.html")


@app.command(rich_help_panel=WORKFLOW)
def pdf(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Print the rendered book to one PDF, with Chromium or Chrome, and print its path."""
    parameters = _parameters(profile, parameter)
    from reproduce.book import pdf

    print(pdf.write(parameters.profile))


@app.command(rich_help_panel=WORKFLOW)
def describe(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Print what a run is and has found, to report a number that you can't reproduce."""
    parameters = _parameters(profile, parameter)
    from reproduce.book import describe

    print(describe.describe(parameters))


@app.command(rich_help_panel=WORKFLOW)
def record(
    folder: Annotated[Path, typer.Argument(parser=_path, help="The folder of records.")] = Path(
        "results"
    ),
    profile: Annotated[
        str | None,
        typer.Option("--profile", "-f", help="By default paper, or that of the study."),
    ] = None,
    parameter: Overrides = None,
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this study's runs, a file of studies/.")
    ] = None,
    made: Annotated[
        bool, typer.Option("--made", help="Only of runs that are made; make none of the others.")
    ] = False,
) -> None:
    """Write the record of runs, with the seeds of parameter `seeds`, to a folder."""
    from reproduce.results import record

    places: list[Path] = []
    if study is None:
        recorded: Sequence[Stage] = stages.ALL
        parameters = _parameters(profile or "paper", parameter)
        for seed in parse_seeds(parameters.seeds) or [parameters.seed]:
            of_seed = parameters.model_copy(update={"seed": seed})
            if not made or record.is_made(of_seed, recorded):
                places += _print(record.write(of_seed, folder, recorded))
    else:
        chosen = studies.read(study, store.project_root() / "studies")
        recorded = stages.with_needs(chosen.stages)
        for run in chosen.runs(_parameters(profile or chosen.profile, parameter)):
            if not made or record.is_made(run.parameters, recorded):
                kept = chosen.keeps_weights(run)
                places += _print(
                    record.write(run.parameters, folder, recorded, run.model, weights=kept)
                )
    if not places:
        names = ", ".join(stage.name for stage in recorded)
        print(f"note: nothing is recorded, no run has all of its stages: {names}", file=sys.stderr)


def _print(places: Iterable[Path]) -> list[Path]:
    """Print paths, and return them."""
    printed = list(places)
    for place in printed:
        print(place)
    return printed


@app.command(rich_help_panel=WORKFLOW)
def rooms(path: PlaceOption = Path("book/drawings/rooms.svg")) -> None:
    """Draw anew which part of the package uses which, for the page on the architecture."""
    from reproduce.book import rooms
    from reproduce.core import sources

    store.write_whole(path, rooms.draw(sources.present()).encode())


@app.command(rich_help_panel=WORKFLOW)
def readme(path: PlaceOption = Path("README.md")) -> None:
    """Renew what the README says of the verdicts, which stands between two comments."""
    from reproduce.chapters import report
    from reproduce.core import markdown
    from reproduce.results import claims, record

    text = path.read_text(encoding="utf-8")
    brief = report.in_brief(claims.judge(claims.read(), record.read_seeds()))
    store.write_whole(path, markdown.fill(text, "verdicts", brief, str(path)).encode())


def _finish(note: Path, folder: Path) -> None:
    """Note which artifact is the present one: the file that the workflow waits for."""
    _write_note(note, {"artifact": folder.name})
    print(folder)


def _write_note(note: Path, said: Mapping[str, str]) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    store.write_json(note, said)


def main() -> None:
    """Run the command line; a user's mistake ends with one message and exit status 1."""
    terminal.clean_up_on_signals(store.remove_unfinished)
    with terminal.usable_streams():
        status = _run()
        problem = terminal.problem_with_output()
        if problem:
            print(f"error: cannot write to standard output: {problem}", file=sys.stderr)
        sys.exit(status or (1 if problem else 0))


def _run() -> int:
    """Run the command and return its exit status."""
    try:
        with store.clear_full_disk():
            app()
    except ReproduceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except SystemExit as end:  # how the command line ends in any case
        return end.code if isinstance(end.code, int) else 0
    return 0
