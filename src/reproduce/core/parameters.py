"""Parameters of a run: one typed, frozen object, and the profiles that fill it.

A profile is a YAML file that `papermill -f` also takes. The defaults here are the `sample`
profile, which is what a notebook opened in Jupyter runs with.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from reproduce.core import store
from reproduce.core.errors import ReproduceError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
LatentReading = Literal["clip", "stretch"]
Quantisation = Literal["none", "noise", "straight-through"]
Regularisation = Literal["none", "weight-decay", "latent-dropout", "latent-l1", "rate"]


_WHOLE = re.compile(r"[-+]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NUMBERS: Mapping[Any, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    int: (_WHOLE, int),
    float: (_DECIMAL, float),
}
"""How a number of each type is written, and what reads it."""


class Parameters(BaseModel):
    """All that a run can be told.

    Raises
    ------
    ReproduceError
        From `Parameters(...)`: a parameter is unknown, of a wrong type or out of range; the
        message names it and says what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    profile: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]*$",
            description="name of the set of parameters; artifacts go to build/<profile>",
        ),
    ] = "sample"
    source: Annotated[
        Literal["sample", "beans", "excerpt", "folder"],
        Field(description="where the photographs come from"),
    ] = "sample"
    folder: Annotated[
        str,
        Field(
            description="directory of images for source 'folder'; for 'beans' a local copy, "
            "empty for the hub"
        ),
    ] = ""
    image_size: Annotated[
        int, Field(ge=8, le=4096, description="side of the square images, in pixels")
    ] = 128
    other_sizes: Annotated[
        Literal["resize", "refuse"],
        Field(description="what to do with an image that is not image_size x image_size"),
    ] = "resize"
    bad_images: Annotated[
        Literal["refuse", "skip"], Field(description="what to do with an unreadable image")
    ] = "refuse"
    crops_per_photograph: Annotated[
        int, Field(ge=1, le=400, description="crops cut from each photograph of source 'sample'")
    ] = 25
    model: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9]+([+-][a-z0-9]+)*$",
            description="which model is trained: a name that `models.registry` knows",
        ),
    ] = "paper"
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 8
    seed: Annotated[
        int, Field(ge=0, lt=2**32, description="of the initial weights and the order of images")
    ] = 0
    quantisation: Annotated[
        Quantisation,
        Field(
            description="what training does to the latent so that the decoder learns to bear its "
            "quantisation: nothing, as in the paper; noise as wide as a step; rounding to steps"
        ),
    ] = "none"
    quantisation_step: Annotated[
        float, Field(gt=0, le=16, description="the step of that noise or rounding")
    ] = 0.25
    regularisation: Annotated[
        Regularisation,
        Field(
            description="what training does besides: nothing, as in the paper; it lets weights "
            "decay, drops latent values, adds their magnitude to the loss, or their bits"
        ),
    ] = "none"
    regularisation_weight: Annotated[
        float, Field(gt=0, le=1000, description="how much of that")
    ] = 0.001
    example_split: Annotated[
        Split, Field(description="split of the image of which a run shows pictures")
    ] = "train"
    example_index: Annotated[int, Field(ge=0, description="its position in that split, from 0")] = 0
    latent_reading: Annotated[
        LatentReading, Field(description="how the latent becomes an 8-bit image")
    ] = "stretch"
    rate_images: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="how many test images the chapters on ratio and rate measure, at most, "
            "spread evenly",
        ),
    ] = 24
    seeds: Annotated[
        str,
        Field(
            description="seeds of the runs that the reproduction report judges, as 0..4 or 0,2,5; "
            "empty for the committed record"
        ),
    ] = ""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ReproduceError(explain(error)) from None

    @model_validator(mode="after")
    def _folder_fits_source(self) -> "Parameters":
        if self.source == "folder" and not self.folder:
            raise ValueError("folder: needed with source 'folder'; name a directory of images")
        if self.source in ("sample", "excerpt") and self.folder:
            raise ValueError(
                f"folder: has no meaning with source {self.source!r}; set source: folder"
            )
        return self

    @model_validator(mode="after")
    def _regularisation_has_what_it_needs(self) -> "Parameters":
        if self.regularisation == "rate" and self.quantisation == "none":
            raise ValueError(
                "regularisation: 'rate' counts the bits of a quantised latent; set quantisation: "
                "noise, or straight-through"
            )
        if self.regularisation == "latent-dropout" and self.regularisation_weight >= 1:
            raise ValueError("regularisation_weight: below 1 for 'latent-dropout', a share")
        return self

    def in_effect(self) -> dict[str, Any]:
        """Return the parameters that can change a result of this run.

        Some have no meaning with the values of others. A folder's path is none of them: what is in
        it counts, which `data.stages.listing_digest` tells.
        """
        without = {"profile", "folder", "seeds"}
        if self.source != "sample":
            without.add("crops_per_photograph")
        if self.quantisation == "none":
            without.add("quantisation_step")
        if self.regularisation == "none":  # not a word of it, as before there was any
            without |= {"regularisation", "regularisation_weight"}
        return self.model_dump(exclude=without)

    @field_validator("seeds")
    @classmethod
    def _seeds_are_seeds(cls, text: str) -> str:
        parse_seeds(text)
        return text


def declared(namespace: Mapping[str, Any]) -> Parameters:
    """Return the parameters that a notebook has set, from its `globals()`.

    The cell tagged `parameters` sets them by plain assignments, and so does the one that papermill
    puts behind it. To be called before a variable of another meaning takes the name of one.

    Raises
    ------
    ReproduceError
        As `Parameters`; also: papermill was given a name that is no parameter, of which it only
        warns, or has made a number of a text; or the notebook runs with the package of another
        checkout.
    """
    store.check_checkout()
    names = Parameters.model_fields
    injected = _injected(namespace.get("In", ()))
    values = {name: namespace[name] for name in (*names, *injected) if name in namespace}
    for name in injected:
        field, value = names.get(name), values[name]
        if field and field.annotation is str and not isinstance(value, str):
            raise ReproduceError(
                f"parameter {name!r}: papermill has read it as {value!r}, which may not be what "
                f"was typed; give it as text: -r {name} …"
            )
    return Parameters(**values)


def _injected(executed: Sequence[str]) -> list[str]:
    """Return the names that papermill sets in the cell of its own, one of those executed so far."""
    return [
        target.id
        for source in executed
        if source.startswith("# Parameters\n")
        for statement in ast.parse(source).body
        for target in (statement.targets if isinstance(statement, ast.Assign) else ())
        if isinstance(target, ast.Name)
    ]


MOST_SEEDS = 1000


def parse_seeds(text: str) -> list[int]:
    """Read a list of seeds: single numbers, and ranges that hold both their ends.

    >>> parse_seeds("0..4")
    [0, 1, 2, 3, 4]
    >>> parse_seeds("0,2,5..6")
    [0, 2, 5, 6]

    Raises
    ------
    ValueError
        It is no such list, a range runs backwards, a seed comes twice or is too great, or there
        are more than `MOST_SEEDS`.
    """
    seeds: list[int] = []
    for word in text.split(",") if text else []:
        ends = re.fullmatch(r"([0-9]{1,10})(?:\.\.([0-9]{1,10}))?", word.strip())
        if ends is None:
            raise ValueError(f"{word.strip()!r} is neither a seed nor a range such as 0..4")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if last < first or last >= 2**32:
            raise ValueError(f"{word.strip()!r} must run upwards, and end below 2^32")
        if last - first >= MOST_SEEDS - len(seeds):
            raise ValueError(f"more than {MOST_SEEDS} seeds")
        seeds += range(first, last + 1)
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed comes twice")
    return seeds


def explain_unknown(name: str) -> str:
    """Return what is said of a name that is no parameter."""
    return f"unknown parameter {name!r}; known are {', '.join(Parameters.model_fields)}"


def explain(error: ValidationError) -> str:
    """Turn pydantic's findings into one line each: the parameter, the fault, what is allowed."""
    lines = []
    for finding in error.errors():
        name = ".".join(str(part) for part in finding["loc"])
        message = finding["msg"].removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            lines.append(explain_unknown(name))
        elif not name:
            lines.append(f"parameter {message}")
        else:
            lines.append(f"parameter {name!r}: {message}, but got {finding['input']!r}")
    return "\n".join(lines)


class _Decimals(yaml.SafeLoader):
    """Reads a number as it is written, in decimal digits.

    YAML 1.1 has 010 as 8, 1:30 as 90 and 2024_05 as 202405. Such words stay text here.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  # as in the class above it
        first: [
            (tag, form)
            for tag, form in resolvers
            if tag.rpartition(":")[2] not in ("int", "float", "timestamp")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


for _type, (_form, _read) in _NUMBERS.items():
    _tag = f"tag:yaml.org,2002:{_type.__name__}"
    _Decimals.add_implicit_resolver(_tag, re.compile(f"(?:{_form.pattern})$"), [*"-+.0123456789"])


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    _, read = _NUMBERS[int if node.tag.endswith("int") else float]
    return read(node.value)


_Decimals.add_constructor("tag:yaml.org,2002:int", _number)
_Decimals.add_constructor("tag:yaml.org,2002:float", _number)


def read_yaml(text: str) -> Any:
    """Read a YAML file of ours, a profile or a study; numbers are decimal.

    Raises
    ------
    yaml.YAMLError
        It is no YAML.
    """
    return yaml.load(text, Loader=_Decimals)  # noqa: S506  # a kind of SafeLoader


def read_profile(profile: str | Path, folder: Path) -> dict[str, Any]:
    """Read a profile's parameters.

    Parameters
    ----------
    profile
        A profile's name (`sample`, `paper`, …) or the path of a YAML file.
    folder
        Where profiles are looked up by name.

    Raises
    ------
    ReproduceError
        There is no such profile, or the file is not a YAML mapping.
    """
    path = Path(profile) if str(profile).endswith((".yaml", ".yml")) else folder / f"{profile}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in folder.glob("*.yaml"))) or "none"
        raise ReproduceError(f"unknown profile {str(profile)!r}: no file {path}; known are {known}")
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReproduceError(f"profile {path} is not valid YAML: {error}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ReproduceError(
            f"profile {path} must hold lines of the form 'name: value', not {values!r}"
        )
    return values


def parse_overrides(assignments: list[str]) -> dict[str, Any]:
    """Parse `name=value` words as typed on a command line.

    Text stays as it was typed, and a number is what its decimal digits say; what is no number is
    left as text, which `Parameters` refuses by name.

    >>> parse_overrides(["epochs=3", "source=folder", "folder=2024_05"])
    {'epochs': 3, 'source': 'folder', 'folder': '2024_05'}
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise ReproduceError(f"parameter {assignment!r}: write it as name=value")
        field = Parameters.model_fields.get(name)
        form = None if field is None else _NUMBERS.get(field.annotation)
        values[name] = form[1](text) if form and form[0].fullmatch(text) else text
    return values


def load_parameters(
    profile: str | Path, folder: Path, overrides: Mapping[str, Any] | None = None
) -> Parameters:
    """Read a profile, apply overrides and validate the result.

    A relative `folder` is taken from the current directory and made absolute, for notebooks run
    in a directory of their own.
    """
    values = read_profile(profile, folder) | dict(overrides or {})
    if values.get("folder") and isinstance(values["folder"], str):
        values["folder"] = str(Path(values["folder"]).expanduser().absolute())
    return Parameters(**values)
