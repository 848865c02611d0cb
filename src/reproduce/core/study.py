"""Studies: runs of one profile that differ in a few parameters, to be set beside each other.

A study is a file of `studies/`. Another run in it is one line there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
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


class Study(BaseModel):
    """What a study's file says.

    Attributes
    ----------
    profile
        Whose parameters hold where nothing else is said.
    seeds
        Of each variant's runs, as `0..4`.
    stages
        Names of the stages that are made of each run, and recorded with those that they need.
    parameters
        What all runs set.
    variants
        What the runs of each variant set, by its name. Without any there is one run for each seed,
        that of the profile itself, and nothing may be set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    profile: str
    seeds: str
    stages: Annotated[list[str], Field(min_length=1)]
    parameters: dict[str, Any] = {}
    variants: dict[Variant, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _sets_nothing_without_a_name(self) -> "Study":
        if self.parameters and not self.variants:
            raise ValueError("what sets parameters needs a variant, which gives it a name")
        return self

    def runs(self, parameters: Parameters) -> Iterator[StudyRun]:
        """Yield the runs, variant by variant, the seeds of each in order.

        Takes the parameters of the profile, with what a user set; what the study sets counts more.

        Raises
        ------
        ReproduceError
            A parameter is unknown or out of range.
        """
        for variant, own in (self.variants or {"": {}}).items():
            for seed in parse_seeds(self.seeds):
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
