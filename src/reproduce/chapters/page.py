"""The sentences in which a page says which run it shows, and which is recorded."""

import pandas as pd

from reproduce.core.parameters import Parameters
from reproduce.data.preparation import PreparedData
from reproduce.measure import statistics
from reproduce.results.run import RecordedRun

_SOURCES = {
    "sample": "photographs that ship with scikit-image, **not the paper's images**",
    "beans": "the beans dataset, as in the paper",
    "excerpt": "twelve photographs of beans, **not all of the paper's images**",
    "folder": "images from a folder, **not the paper's images**",
}


def provenance(
    parameters: Parameters, data: PreparedData | None = None, scores: pd.DataFrame | None = None
) -> str:
    """Say which run a page shows, so that no sample figure is taken for the paper's.

    With the scores of its test images, also say so if its model has not learned.
    """
    run = f"**This page shows profile `{parameters.profile}`, seed {parameters.seed}**"
    if data is None:
        return f"{run}: the model before training."
    size = f"{parameters.image_size} x {parameters.image_size}"
    text = (
        f"{run}: {_SOURCES[parameters.source]}; {data.counts['train']} training and "
        f"{data.counts['test']} test images of {size} pixels, data fingerprint "
        f"`{data.fingerprint[:16]}`."
    )
    if scores is not None and not statistics.learned(scores):
        text += (
            " **With this seed the model has not learned: its latent is dead**, zero nearly "
            "everywhere. Another seed gives results that mean something."
        )
    return text


def recorded(run: RecordedRun) -> str:
    """Say when, where, by which commit and with what a recorded run was trained."""
    made = run.made["model"]
    return (
        f"\n\n**The recorded run** is of profile `{run.parameters['profile']}`, seed "
        f"{run.parameters['seed']}: trained on {made.started[:10]} by commit "
        f"`{made.commit[:8]}` with TensorFlow {made.versions['tensorflow']} on "
        f"{made.machine.processor}, {made.machine.cores} cores."
    )
