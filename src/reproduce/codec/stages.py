"""The stage of this room: tables for the entropy coder are fitted to a model's latents."""

from reproduce.core.stage import Stage
from reproduce.data.stages import DATA
from reproduce.models.stages import MODEL

TABLES = Stage(
    name="codec",
    title="Fit the entropy coder's tables to the latents of training images",
    made_by="reproduce.codec.fitted:make",
    needs=(DATA, MODEL),
    packages=("tensorflow", "constriction"),
    job="rates",
    recorded=("tables.npy",),
    weights=("tables.npy",),
)
