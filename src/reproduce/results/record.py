"""The record of full runs: small files of finished artifacts, each with its manifest.

    results/<profile>/data/                         what was prepared
    results/<profile>/codecs/<codec>/               what a codec that needs no training gives
    results/<profile>/<model>/seed-<seed>/<stage>/  what a trained model gives, and its weights
    results/<profile>/<model>@<variant>/seed-…      the same of a variant in a study

A manifest says what the artifact depends on and how it was made: by which commit, when, where, with
which versions. `write` copies them, and nothing else ever writes into a record.

`measure` puts the same numbers together of any run, so that a build can be set beside the record;
`results.quantities` picks from them the single numbers that pages and claims name.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from reproduce.core import store
from reproduce.core import study as studies
from reproduce.core.errors import DivergedError, ReproduceError
from reproduce.core.parameters import SPLITS, Parameters, parse_seeds
from reproduce.core.stage import DIVERGED, Stage, present
from reproduce.data.stages import DATA
from reproduce.measure import scores as scoring
from reproduce.measure import stages, statistics
from reproduce.measure.rates import measurement, summary
from reproduce.measure.rates.summary import Rates
from reproduce.measure.stages import EXAMPLE, PNG_SIZES, RATES, SCORES
from reproduce.models import training
from reproduce.models.loss import loss_floor
from reproduce.models.registry import PAPER
from reproduce.models.stages import MODEL
from reproduce.results import reported
from reproduce.results.run import Data, Example, Made, RecordedRun, Run, Training

SUMS = "SHA256SUMS"
"""Of the files in a folder of a record, as `sha256sum -c` reads them: what was edited shows."""


def measure(parameters: Parameters) -> Run:
    """Make the run with these parameters, as far as it isn't made; return what it has found."""
    return _found(lambda stage: stage.folder(parameters), parameters.profile)


def run(parameters: Parameters) -> Run:
    """Return the same, with what the run's model reaches as a codec (`rates`)."""
    rates = _rates(lambda stage: stage.folder(parameters))
    return measure(parameters).model_copy(update={"rates": rates})


def find(parameters: Parameters) -> Run | None:
    """Return what the run with these parameters has found, if it is made; makes nothing.

    What its model reaches as a codec is there if that is made, too.
    """
    needed = (DATA, MODEL, SCORES, EXAMPLE)
    folders = present(needed, parameters)
    if len(folders) < len(needed):
        return None
    found = _found(folders.__getitem__, parameters.profile)
    of_rates = (*stages.CODECS, RATES)
    folders |= present(of_rates, parameters)
    if len(folders) < len(needed) + len(of_rates):
        return found
    return found.model_copy(update={"rates": _rates(folders.__getitem__)})


def of_same_setting(parameters: Parameters, fingerprint: str) -> RecordedRun | None:
    """Return the recorded run with this seed if it had the same setting, and the same images.

    Takes the data's fingerprint.
    """
    run = read_seeds().get(parameters.seed)
    if run is None or fingerprint != run.data.fingerprint:
        return None
    values = parameters.in_effect()
    of_setting = run.parameters.keys() - {"profile", "example_split", "example_index"}
    same = all(values.get(name) == run.parameters[name] for name in of_setting)
    return run if same else None


Folders = Callable[[Stage], Path]
"""Where the artifacts of a run are: in the store, or in a record."""


def _found(folder_of: Folders, profile: str) -> Run:
    """Put together what the artifacts of a run say."""
    manifests = {
        stage.name: store.read_manifest(folder_of(stage))
        for stage in (DATA, MODEL, SCORES, EXAMPLE)
    }
    used: dict[str, Any] = {}
    for manifest in manifests.values():
        used |= manifest["dependencies"]["parameters"]
    prepared = manifests[DATA.name]["facts"]
    splits = prepared["splits"]
    trained = training.read(folder_of(MODEL))
    scores = scoring.read_table(folder_of(SCORES) / scoring.TABLE)
    numbers = [column for column in scores if column not in ("name", "class")]
    example = (folder_of(EXAMPLE) / scoring.EXAMPLE_FILE).read_text(encoding="utf-8")
    return Run(
        parameters={"profile": profile, **used},
        data=Data(
            fingerprint=prepared["fingerprint"],
            images={split: splits[split]["images"] for split in SPLITS},
            images_per_class={split: splits[split]["classes"] for split in SPLITS},
            sizes={split: splits[split]["sizes"] for split in SPLITS},
        ),
        weights=trained.weights,
        training=Training(
            losses=tuple(trained.losses),
            loss_floor=loss_floor(splits["train"]["histogram"]),
            epoch_seconds=tuple(trained.epoch_seconds),
            seconds=round(sum(trained.epoch_seconds), 1),
            peak_memory_bytes=trained.made["peak_memory_bytes"],
            psnr_db=manifests[SCORES.name]["facts"]["training_psnr_db"],
        ),
        example=Example.model_validate_json(example),
        test={str(name): statistics.summarise(scores[name]) for name in numbers},
        learned=statistics.learned(scores),
    )


def _rates(folder_of: Folders) -> Rates:
    """Return what a run's model reaches as a codec, beside those that need no training."""
    folders = [folder_of(stage) for stage in (*stages.CODECS, RATES)]
    scores = scoring.read_table(folder_of(SCORES) / scoring.TABLE)
    return summary.of_tables(measurement.read(folders), scores)


def write(
    parameters: Parameters,
    results: Path,
    recorded: Sequence[Stage],
    model: str = "",
    *,
    weights: bool = True,
) -> list[Path]:
    """Write the record of the run with these parameters, which is made as far as it isn't.

    Parameters
    ----------
    parameters
        Of one run: one model, one seed.
    results
        The folder of records. What it holds of the same run is replaced, stage by stage, each
        whole or not at all; what it holds of other seeds and models stays.
    recorded
        The stages that are recorded.
    model
        What stands for the model in its place, if that isn't just the model's name.
    weights
        Whether files that hold a model are kept, see `Stage.weights`.

    Returns
    -------
    list of Path
        The folders that were written. Of a training that diverged, nothing that needs it is.

    Raises
    ------
    ReproduceError
        An artifact was made by no commit, or by one with uncommitted changes: nobody could make it
        again. Nothing is written then.
    """
    folders, diverged = _made(parameters, recorded)
    for folder in folders.values():
        made = store.read_manifest(folder)["made"]
        if made["commit"] is None or made["uncommitted_changes"]:
            raise ReproduceError(
                f"{folder.name} cannot be recorded: it was made by "
                f"{'a commit with uncommitted changes' if made['commit'] else 'no commit'}; remove "
                f"it ({folder}) and record again from a clean checkout"
            )
    model = model or parameters.model
    with store.clear_disk_errors(results):
        return [
            _write_stage(
                folder,
                results / parameters.profile / stage.place(model, parameters.seed),
                [
                    name
                    for name in stage.recorded
                    if folder != diverged and (weights or name not in stage.weights)
                ],
            )
            for stage, folder in folders.items()
        ]


def is_made(parameters: Parameters, recorded: Sequence[Stage]) -> bool:
    """Say whether a run is made, all of these stages, or its training diverged; makes nothing."""
    return len(present(recorded, parameters)) == len(recorded) or _diverged(parameters)


def _diverged(parameters: Parameters) -> bool:
    """Say whether the run's training is made, and has diverged: `present` takes no notice of it."""
    if len(present(MODEL.needs, parameters)) < len(MODEL.needs):
        return False
    dependencies = MODEL.dependencies(parameters)
    folder = store.folder_of(MODEL.name, parameters.profile, dependencies)
    return folder.is_dir() and DIVERGED in store.read_manifest(folder)["facts"]


def _made(
    parameters: Parameters, recorded: Sequence[Stage]
) -> tuple[dict[Stage, Path], Path | None]:
    """Return the folder of each stage, and that of a training that diverged.

    What needs the model is not there then, and the training has a manifest alone.
    """
    folders: dict[Stage, Path] = {}
    diverged = None
    for stage in recorded:
        try:
            folders[stage] = stage.folder(parameters)
        except DivergedError as error:
            diverged = error.folder
            if diverged and store.read_manifest(diverged)["stage"] == stage.name:
                folders[stage] = diverged
    return folders, diverged


def _write_stage(folder: Path, place: Path, files: Sequence[str]) -> Path:
    """Copy an artifact's manifest and files of these names, in place of older ones."""
    new, old = (place.with_name(f".{place.name}.{word}") for word in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    new.mkdir(parents=True)
    sums = []
    for name in (store.MANIFEST, *files):
        shutil.copyfile(folder / name, new / name)
        sums.append(f"{hashlib.sha256((new / name).read_bytes()).hexdigest()}  {name}\n")
    (new / SUMS).write_text("".join(sums), encoding="utf-8")
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
    return place


def read(profile: str = "paper", seed: int = 0, model: str = PAPER) -> RecordedRun:
    """Read the committed record of a profile's full run with a model and a seed.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    return _read(store.project_root() / "results", profile, seed, model)


@cache
def _read(results: Path, profile: str, seed: int, model: str) -> RecordedRun:
    def folder_of(stage: Stage) -> Path:
        return _recorded(stage, results, profile, seed, model)

    sizes = scoring.read_sizes(folder_of(PNG_SIZES) / scoring.SIZES_TABLE)
    of_size = sizes[sizes["bytes"] == reported.ORIGINAL_BYTES]["name"]
    made = {stage.name: store.read_manifest(folder_of(stage))["made"] for stage in stages.ALL}
    return RecordedRun(
        **dict(_found(folder_of, profile)) | {"rates": _rates(folder_of)},
        images_of_reported_size=tuple(of_size),
        made={name: Made(**values) for name, values in made.items()},
    )


def folder(stage: Stage, profile: str = "paper", seed: int = 0, model: str = PAPER) -> Path:
    """Return the folder of the committed record that holds a stage.

    Raises
    ------
    ReproduceError
        There is no such record.
    """
    return _recorded(stage, store.project_root() / "results", profile, seed, model)


def _recorded(stage: Stage, results: Path, profile: str, seed: int, model: str) -> Path:
    place = results / profile / stage.place(model, seed)
    if not (place / store.MANIFEST).is_file():
        how = _how_to_record(stage, profile, seed, model)
        raise ReproduceError(f"no record {place}; make it with: {how}")
    store.note_use(place)
    return place


def _how_to_record(stage: Stage, profile: str, seed: int, model: str) -> str:
    """Return the command that makes a record: that of the paper's runs, or of a study."""
    of_paper = f"make record SEEDS={seed}"
    _, _, variant = model.partition("@")
    if profile == "paper" and not variant and stage in stages.ALL:
        return of_paper
    folder = store.project_root() / "studies"
    for file in sorted(folder.glob("*.yaml")):
        study = studies.read(file.stem, folder)
        of_study = study.profile == profile and stage in stages.with_needs(study.stages)
        if of_study and variant in study.settings:
            return f"make study STUDY={file.stem}"
    return of_paper


def folders(
    of_codecs: Sequence[Stage],
    of_model: Stage,
    profile: str = "paper",
    seed: int = 0,
    model: str = PAPER,
) -> list[Path]:
    """Return the recorded folders of codecs without training, and that of a model's own.

    Raises
    ------
    ReproduceError
        They are not recorded.
    """
    return [folder(stage, profile, seed, model) for stage in (*of_codecs, of_model)]


def read_seeds(profile: str = "paper", model: str = PAPER) -> dict[int, RecordedRun]:
    """Read the committed records of a profile's full runs with a model, by their seeds.

    Raises
    ------
    ReproduceError
        There is none.
    """
    results = store.project_root() / "results"
    places = (results / profile / model).glob("seed-*")
    seeds = sorted(int(place.name.removeprefix("seed-")) for place in places)
    return {seed: read(profile, seed, model) for seed in seeds or [0]}


def run_seeds(parameters: Parameters) -> Mapping[int, Run]:
    """Measure the runs with the seeds that the parameters list, which are made if need be.

    Without such a list, read the committed records of the paper's setting.
    """
    if not parameters.seeds:
        return read_seeds()
    return {
        seed: run(parameters.model_copy(update={"seed": seed}))
        for seed in parse_seeds(parameters.seeds)
    }
