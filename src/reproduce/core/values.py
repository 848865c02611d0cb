"""Values that travel from room to room: checked when they are made, and not changed after."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from reproduce.core.store import or_nan


class Value(BaseModel):
    """Something with fields of its own; an unknown one, or one of another type, is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Number = Annotated[float, BeforeValidator(or_nan)]
"""A float: NaN for what could not be measured, which JSON files hold as null."""
