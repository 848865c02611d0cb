"""The stages of this room: a model is trained; beside it, for a study, the paper's own script."""

from functools import partial
from typing import Any

from reproduce.core.parameters import Parameters
from reproduce.core.stage import Stage
from reproduce.data.stages import DATA
from reproduce.models import registry


def _parts(parameters: Parameters) -> list[str]:
    """Return the modules that define the model's parts."""
    return [part.module for part in registry.find(parameters.model).parts]


MODEL = Stage(
    name="model",
    title="Train the autoencoder; go on after the last finished epoch of an interrupted run",
    made_by="reproduce.models.training:make",
    reads=(
        *("model", "epochs", "batch_size", "seed"),
        *("quantisation", "quantisation_step", "regularisation", "regularisation_weight"),
    ),
    needs=(DATA,),
    packages=("tensorflow", "keras", "numpy"),
    resumable=True,
    recorded=("history.json", "autoencoder.keras"),
    weights=("autoencoder.keras",),
    modules=_parts,
)

_SCRIPT: Any = partial(
    Stage,
    reads=("epochs", "batch_size", "seed"),
    needs=(DATA,),
    packages=("tensorflow", "keras", "numpy"),
    recorded=("losses.json",),
)

LITERAL: Stage = _SCRIPT(
    name="literal",
    title="Train the paper's own script, for its losses",
    made_by="reproduce.models.script:make",
)

LITERAL_IN_OUR_ORDER: Stage = _SCRIPT(
    name="literal-in-our-order",
    title="Train the paper's own script on our batches, for its losses",
    made_by="reproduce.models.script:make_in_our_order",
)
