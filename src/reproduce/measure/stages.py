"""The stages of this room, and the table of all stages."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from reproduce.codec.stages import TABLES
from reproduce.core.errors import ReproduceError
from reproduce.core.stage import Stage
from reproduce.data.stages import DATA
from reproduce.measure.rates import codecs
from reproduce.models.stages import LITERAL, LITERAL_IN_OUR_ORDER, MODEL

# With what tables are summed up and written.
_OF_TABLES = ("pandas", "scipy")
_OF_MODULES = ("tensorflow", "keras", *_OF_TABLES)
"""What the modules of all measurements import, whatever a stage itself calls of them."""

SCORES = Stage(
    name="scores",
    title="Reconstruct the test images and measure their files",
    made_by="reproduce.measure.scores:make_scores",
    job="scores",
    needs=(DATA, MODEL),
    packages=("tensorflow", "pillow", "scikit-image", *_OF_TABLES),
    resumable=True,
    in_parts=True,
    recorded=("test-images.csv",),
)

EXAMPLE = Stage(
    name="example",
    title="Measure the image that figures 7 to 13 show",
    made_by="reproduce.measure.scores:make_example",
    job="scores",
    reads=("example_split", "example_index"),
    needs=(DATA, MODEL),
    packages=("tensorflow", "pillow", "scikit-image", *_OF_TABLES),
    recorded=("example.json",),
)

PNG_SIZES = Stage(
    name="png-sizes",
    title="Write all images as PNG files, for their sizes",
    made_by="reproduce.measure.scores:make_png_sizes",
    needs=(DATA,),
    packages=("pillow", *_OF_MODULES),
    of_seed=False,
    resumable=True,
    in_parts=True,
    recorded=("png-sizes.csv",),
)

RATIOS = Stage(
    name="ratios",
    title="Measure what a blur, smaller pictures and other files give beside the model",
    made_by="reproduce.measure.size_ratio:make",
    reads=("rate_images",),
    needs=(DATA, MODEL),
    packages=("tensorflow", "pillow", "pyoxipng", "scikit-image", *_OF_TABLES),
    resumable=True,
    in_parts=True,
    recorded=("ratios.csv", "png-writers.csv"),
)

# Rates are the same whenever and wherever they are measured, times are not: they stand apart.
_RATES: Any = partial(
    Stage, reads=("rate_images",), resumable=True, in_parts=True, recorded=("rates.csv",)
)
_TIMES: Any = partial(Stage, recorded=("times.csv",))

RATES: Stage = _RATES(
    name="rates",
    title="Measure rate and distortion of the model's own files",
    made_by="reproduce.measure.rates.autoencoder:make",
    needs=(DATA, MODEL, TABLES),
    packages=("tensorflow", "constriction", "scikit-image", *_OF_TABLES),
    job="rates",
)

TIMES: Stage = _TIMES(
    name="times",
    title="Measure how long the model takes to write and read a file",
    made_by="reproduce.measure.rates.autoencoder:make_times",
    needs=(DATA, MODEL, TABLES),
    packages=("tensorflow", "constriction", *_OF_TABLES),
    job="rates",
)


OWN_FILES = Stage(
    name="own-files",
    title="Write the model's own files of test images, for their bytes and PSNR",
    made_by="reproduce.measure.rates.own_files:make",
    reads=("rate_images",),
    needs=(DATA, MODEL, TABLES),
    packages=("tensorflow", "keras", "numpy", "scikit-image", "constriction", *_OF_TABLES),
    resumable=True,
    in_parts=True,
    recorded=("own-files.csv",),
)


def _of_codec(module: str) -> tuple[Stage, Stage]:
    """Return the stages of a codec that needs no training, by the name of its module."""
    codec = codecs.MODULES[module]
    slug = module.replace("_", "-")
    place = {"codec": f"{codecs.__name__}.{module}:CODEC"}
    rates: Stage = _RATES(
        name=f"codecs/{slug}",
        title=f"Measure rate and distortion of {codec.name}",
        made_by="reproduce.measure.rates.measurement:make",
        needs=(DATA,),
        packages=("scikit-image", *_OF_MODULES, *codec.packages),
        job="codecs",
        of_seed=False,
        arguments=place,
    )
    times: Stage = _TIMES(
        name=f"times/{slug}",
        title=f"Measure how long {codec.name} takes to write and read a file",
        made_by="reproduce.measure.rates.measurement:make_times",
        needs=(DATA,),
        packages=(*_OF_MODULES, *codec.packages),
        job="codecs",
        of_seed=False,
        arguments=place,
    )
    return rates, times


_OF_CODECS = [_of_codec(module) for module in codecs.MODULES]
CODECS = tuple(rates for rates, _ in _OF_CODECS)
CODEC_TIMES = tuple(times for _, times in _OF_CODECS)
"""Two stages for each codec that needs no training: the same for all models and seeds."""

ALL = (
    *(DATA, MODEL, SCORES, EXAMPLE, PNG_SIZES, RATIOS, TABLES, RATES, TIMES),
    *CODECS,
    *CODEC_TIMES,
)
"""All stages of a run; each stands behind those that it needs."""

_REPETITIONS: Any = partial(
    Stage,
    made_by="reproduce.measure.repetitions:make",
    reads=MODEL.reads,
    needs=(DATA, MODEL, SCORES),
    packages=tuple(sorted({*MODEL.packages, *SCORES.packages})),
    resumable=True,
    recorded=("repetitions.json",),
    modules=MODEL.modules,
)

FEW_REPETITIONS: Stage = _REPETITIONS(
    name="repetitions-few",
    title="Train again on eight threads and by an older processor's instructions",
    arguments={"settings": "reproduce.measure.repetitions:FEW"},
)

MANY_REPETITIONS: Stage = _REPETITIONS(
    name="repetitions-many",
    title="Train again on one to eight threads and by older processors' instructions",
    arguments={"settings": "reproduce.measure.repetitions:MANY"},
)

EVERY = (*ALL, LITERAL, LITERAL_IN_OUR_ORDER, FEW_REPETITIONS, MANY_REPETITIONS, OWN_FILES)
"""These, and those that are made for studies alone."""


def find(name: str) -> Stage:
    """Return the stage of that name.

    Raises
    ------
    ReproduceError
        There is none; the message names those that there are.
    """
    for stage in EVERY:
        if stage.name == name:
            return stage
    raise ReproduceError(
        f"unknown stage {name!r}; known are {', '.join(stage.name for stage in EVERY)}"
    )


def with_needs(patterns: Iterable[str]) -> list[Stage]:
    """Return the stages of these names, in which * stands for any text, and all that they need.

    Raises
    ------
    ReproduceError
        No stage has such a name.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        matching = [stage for stage in EVERY if fnmatchcase(stage.name, pattern)]
        if not matching:
            find(pattern)
        for stage in matching:
            chosen |= {stage.name, *(needed.name for needed in stage.all_needs())}
    return [stage for stage in EVERY if stage.name in chosen]
