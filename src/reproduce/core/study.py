"""Studies: runs of one profile that differ in a few parameters, to be set beside each other.

A study is a file of `studies/`. Another run in it is one line there. One that asks questions is a
plan as well: it says what is expected, and what would refute it, before anything is run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters, parse_seeds, read_yaml

Variant = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


@dataclass(frozen=True)
class StudyRun:
    """A run of a study.

    Attributes
    ----------
    variant
        Name of what it changes; empty in a study without variants.
    changes
        The parameters that it sets, its seed among them.
    parameters
        All its parameters.
    """

    variant: str
    changes: Mapping[str, Any]
    parameters: Parameters

    @property
    def model(self) -> str:
        """What stands for its model in builds and records, as `paper@noise`: see `Stage.place`."""
        return "@".join(filter(None, (self.parameters.model, self.variant)))


class _Said(BaseModel):
    """A part of a study's file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Analysis(_Said):
    """How the runs of a study with questions are held against each other.

    Attributes
    ----------
    metric
        Quality at which rates are compared.
    confidence
        Of the intervals, which come from resampling seeds, and images within them.
    resamples
        How often.
    correction
        Of the p-values of all comparisons of the study, for there are many.
    equivalent_percent
        If the interval of a BD-rate lies within this of 0, there is no difference to speak of.
    """

    metric: Literal["psnr_db", "ms_ssim"] = "psnr_db"
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    resamples: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    correction: Literal["holm"] = "holm"
    equivalent_percent: Annotated[float, Field(gt=0, lt=100)] = 5.0


class Finals(_Said):
    """Which variants are trained again, in the setting that the paper has.

    Attributes
    ----------
    per_question
        How many of each question: those of the lowest BD-rate.
    whole
        Questions all variants of which are trained again.
    """

    per_question: Annotated[int, Field(ge=0, le=100)]
    whole: list[str] = []


class Question(_Said):
    """What some variants are trained for.

    Attributes
    ----------
    asks
        The question.
    expects
        The hypothesis: what we take for true before any run.
    refuted_by
        What would show that it isn't.
    reference
        The variant that the others of this question are held against.
    seeds
        Of the runs of each of them, as `0..19`.
    variants
        What their runs set, by name.
    """

    asks: str
    expects: str
    refuted_by: str
    reference: Variant
    seeds: str
    variants: Annotated[dict[Variant, dict[str, Any]], Field(min_length=1)]

    @field_validator("seeds")
    @classmethod
    def _seeds_are_seeds(cls, text: str) -> str:
        if not parse_seeds(text):
            raise ValueError("there is none")
        return text


class Study(_Said):
    """What a study's file says.

    Attributes
    ----------
    profile
        Whose parameters hold where nothing else is said.
    seeds
        Of each variant's runs, as `0..4`.
    stages
        Names of the stages that are made of each run, and recorded with those that they need.
    weights
        Whether records keep the models, too. Of a study of many runs they would be large: such a
        one may name the seeds of which they are kept, by variant.
    parameters
        What all runs set.
    variants
        What the runs of each variant set, by its name. Without any there is one run for each seed,
        that of the profile itself, and nothing may be set.
    questions
        By name, instead of seeds and variants: each has its own.
    analysis, finals
        Of a study with questions.
    """

    profile: str
    seeds: str = ""
    stages: Annotated[list[str], Field(min_length=1)]
    weights: bool | dict[Variant, str] = True
    parameters: dict[str, Any] = {}
    variants: dict[Variant, dict[str, Any]] = {}
    questions: dict[Variant, Question] = {}
    analysis: Analysis = Analysis()
    finals: Finals | None = None

    @model_validator(mode="after")
    def _sets_nothing_without_a_name(self) -> "Study":
        if self.parameters and not (self.variants or self.questions):
            raise ValueError("what sets parameters needs a variant, which gives it a name")
        return self

    @model_validator(mode="after")
    def _has_seeds(self) -> "Study":
        if self.questions and (self.seeds or self.variants):
            raise ValueError("questions have seeds and variants of their own: none beside them")
        if not self.questions and not parse_seeds(self.seeds):
            raise ValueError("seeds: there is none")
        return self

    @model_validator(mode="after")
    def _questions_fit_together(self) -> "Study":
        set_before: dict[str, dict[str, Any]] = {}
        for question in self.questions.values():
            for variant, own in question.variants.items():
                if set_before.setdefault(variant, own) != own:
                    raise ValueError(f"two questions have a variant {variant!r}, not the same")
        for name, question in self.questions.items():
            if question.reference not in set_before:
                raise ValueError(
                    f"questions.{name}.reference: {question.reference!r} is no variant"
                )
        for name in self.finals.whole if self.finals else ():
            if name not in self.questions:
                raise ValueError(f"finals.whole: {name!r} is no question")
        return self

    @model_validator(mode="after")
    def _weights_are_of_its_runs(self) -> "Study":
        for variant, seeds in self.weights.items() if isinstance(self.weights, dict) else ():
            if variant not in self.settings:
                raise ValueError(f"weights: {variant!r} is no variant")
            if not {*parse_seeds(seeds)} <= {*self.settings[variant][1]}:
                raise ValueError(f"weights.{variant}: not all of {seeds} are its seeds")
        return self

    def keeps_weights(self, run: StudyRun) -> bool:
        """Say whether the record of a run has the model, too."""
        if isinstance(self.weights, bool):
            return self.weights
        return run.parameters.seed in parse_seeds(self.weights.get(run.variant, ""))

    @property
    def settings(self) -> dict[str, tuple[dict[str, Any], list[int]]]:
        """What the runs of each variant set besides, and their seeds.

        A variant of several questions, or one that others are held against, has the seeds of all.
        """
        if not self.questions:
            seeds = parse_seeds(self.seeds)
            return {variant: (own, seeds) for variant, own in (self.variants or {"": {}}).items()}
        own_of = {
            variant: own for one in self.questions.values() for variant, own in one.variants.items()
        }
        seeds_of: dict[str, set[int]] = {variant: set() for variant in own_of}
        for question in self.questions.values():
            for variant in {*question.variants, question.reference}:
                seeds_of[variant] |= {*parse_seeds(question.seeds)}
        return {variant: (own, sorted(seeds_of[variant])) for variant, own in own_of.items()}

    def runs(self, parameters: Parameters) -> Iterator[StudyRun]:
        """Yield the runs, variant by variant, the seeds of each in order.

        Takes the parameters of the profile, with what a user set; what the study sets counts more.

        Raises
        ------
        ReproduceError
            A parameter is unknown or out of range.
        """
        for variant, (own, seeds) in self.settings.items():
            for seed in seeds:
                changes = {**self.parameters, **own, "seed": seed}
                changed = Parameters(**{**parameters.model_dump(), **changes})
                yield StudyRun(variant, changes, changed)


def read(name: str, folder: Path) -> Study:
    """Read a study by its name.

    Parameters
    ----------
    name
        Of the file, without its suffix.
    folder
        Where studies are kept.

    Raises
    ------
    ReproduceError
        There is no such study, or its file does not hold one; the message says what is wrong.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise ReproduceError(f"unknown study {name!r}; known are {', '.join(known) or 'none'}")
    path = folder / f"{name}.yaml"
    try:
        return Study.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReproduceError(f"study {path} is not valid YAML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in finding['loc'])}: {finding['msg']}"
            for finding in error.errors()
        )
        raise ReproduceError(f"study {path}: {faults}") from None
