"""The command line, `reproduce`: the steps of the workflow one by one, and the codec."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from reproduce import artifacts, parts
from reproduce.errors import ReproduceError
from reproduce.parameters import Parameters, load_parameters, parse_overrides

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
Source = Annotated[Path, typer.Argument(help="A file, or a folder: all in it is done.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that exist.")]


def _parameters(profile: str, overrides: list[str] | None) -> Parameters:
    profiles = artifacts.project_root() / "profiles"
    return load_parameters(profile, profiles, parse_overrides(overrides or []))


@app.command()
def prepare(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Decode the images, turn them grey and store them as arrays."""
    parameters = _parameters(profile, parameter)
    from reproduce import preparation

    folder = artifacts.build_folder(parameters.profile)
    _finish(folder / f"{preparation.STAGE}.json", preparation.prepare(parameters).folder)


@app.command()
def train(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Train the autoencoder; go on after the last finished epoch of an interrupted run."""
    parameters = _parameters(profile, parameter)
    from reproduce import preparation, training

    trained = training.train(parameters, preparation.prepare(parameters))
    _finish(_seed_folder(parameters) / f"{training.STAGE}.json", trained.folder)


@app.command()
def score(
    profile: Profile = "sample",
    parameter: Overrides = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="NUMBER/COUNT", help="Only this part of the images, as 2/8."),
    ] = None,
    gather: Annotated[
        int, typer.Option(metavar="COUNT", help="Put the table together from that many parts.")
    ] = 1,
) -> None:
    """Reconstruct the test images and measure their files."""
    parameters = _parameters(profile, parameter)
    chosen = None if part is None else parts.parse(part)
    if chosen and gather != 1:
        raise ReproduceError("--part and --gather: choose one; the parts are gathered at the end")
    parts.every(gather)
    from reproduce import evaluation, preparation, training

    data = preparation.prepare(parameters)
    trained = training.train(parameters, data)
    if chosen:
        folder = evaluation.score_part(parameters, data, trained, chosen)
        _finish(_seed_folder(parameters) / f"{evaluation.part_stage(chosen)}.json", folder)
    else:
        folder = evaluation.score_folder(parameters, data, trained, gather)
        _finish(_seed_folder(parameters) / f"{evaluation.STAGE}.json", folder)


@app.command()
def ratios(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Measure what a blur, smaller pictures and other files give beside the model (chapter 6)."""
    parameters = _parameters(profile, parameter)
    from reproduce import preparation, size_ratios, training

    data = preparation.prepare(parameters)
    trained = training.train(parameters, data)
    folder = size_ratios.measure_folder(parameters, data, trained)
    _finish(_seed_folder(parameters) / f"{size_ratios.STAGE}.json", folder)


@app.command()
def references(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Measure rate and distortion of JPEG, WebP, JPEG 2000, AVIF and JPEG XL (chapter 7)."""
    parameters = _parameters(profile, parameter)
    from reproduce import preparation
    from reproduce.rates import measurement

    folder = measurement.references(parameters, preparation.prepare(parameters))
    _finish(artifacts.build_folder(parameters.profile) / f"{measurement.STAGE}.json", folder)


@app.command()
def rates(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Measure rate and distortion of the model's own files (chapter 7)."""
    parameters = _parameters(profile, parameter)
    from reproduce import preparation, training
    from reproduce.rates import own

    data = preparation.prepare(parameters)
    folder = own.rates(parameters, data, training.train(parameters, data))
    _finish(_seed_folder(parameters) / f"{own.STAGE}.json", folder)


@app.command()
def notebook(
    source: Path, output: Path, profile: Profile = "sample", parameter: Overrides = None
) -> None:
    """Execute a notebook with the parameters of a profile."""
    parameters = _parameters(profile, parameter)
    from reproduce import notebooks

    notebooks.execute(source, output, parameters)


@app.command()
def refresh(sources: list[Path]) -> None:
    """Execute notebooks with their own default parameters and store the outputs in them."""
    from reproduce import notebooks

    for source in sources:
        print(f"executing {source}", file=sys.stderr)
        notebooks.refresh(source)


@app.command()
def book(profile: Profile = "sample", parameter: Overrides = None) -> None:
    """Render the book from the executed notebooks and print the path of its front page."""
    parameters = _parameters(profile, parameter)
    from reproduce import book

    print(book.render(parameters.profile))


@app.command()
def record(folder: Path, profile: Profile = "paper", parameter: Overrides = None) -> None:
    """Write the numbers, the table of test images and the weights of a finished run to a folder."""
    parameters = _parameters(profile, parameter)
    from reproduce import record

    print(record.write(parameters, folder))


@app.command()
def record_references(
    folder: Path, profile: Profile = "paper", parameter: Overrides = None
) -> None:
    """Write what codecs without training give to a folder."""
    parameters = _parameters(profile, parameter)
    from reproduce import record

    print(record.write_references(parameters, folder))


@app.command()
def readme(path: Path = Path("README.md")) -> None:
    """Renew the README's table of verdicts, which stands between two comments."""
    from reproduce import claims, markdown, record, report

    text = path.read_text(encoding="utf-8")
    table = report.plain_verdicts(claims.judge(claims.read(), record.read_seeds()))
    artifacts.write_whole(path, markdown.fill(text, "verdicts", table, str(path)).encode())


@app.command()
def compress(
    source: Source,
    output: Annotated[Path, typer.Argument(help="A file to make, *.cae, or a folder for them.")],
    step: Annotated[
        float, typer.Option(help="Of the quantisation: greater for fewer bytes and a worse image.")
    ] = 0.25,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse colour and transparency, don't convert.")
    ] = False,
    force: Force = False,
) -> None:
    """Compress an image, or all images of a folder, with the paper's model; colours become grey."""
    from reproduce.codec import files

    files.compress(source, output, step, strict=strict, force=force)
    print(output)


@app.command()
def decompress(
    source: Source,
    output: Annotated[Path, typer.Argument(help="An image to make, as *.png, or a folder.")],
    force: Force = False,
) -> None:
    """Decompress a file to an image, or all files of a folder to PNG images."""
    from reproduce.codec import files

    files.decompress(source, output, force=force)
    print(output)


@app.command()
def inspect(
    source: Annotated[Path, typer.Argument(help="A compressed file.")],
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


def _seed_folder(parameters: Parameters) -> Path:
    return artifacts.build_folder(parameters.profile) / f"seed-{parameters.seed}"


def _finish(note: Path, folder: Path) -> None:
    """Note which artifact is the present one: the file that the workflow waits for."""
    note.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_json(note, {"artifact": folder.name})
    print(folder)


def main() -> None:
    """Run the command line; a user's mistake ends with one message and exit status 1."""
    try:
        app()
    except ReproduceError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
