"""The sentences in which a page says which run it shows, and which is recorded."""

import numpy as np
import pandas as pd

from reproduce.chapters.text import listed, small
from reproduce.core import store
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.data.preparation import PreparedData
from reproduce.measure import statistics
from reproduce.models.training import Trained
from reproduce.results import excerpt, record
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
    changed = _changed(parameters)
    if changed:
        run += f", with {listed(changed)}"
    if data is None:
        return f"{run}: the model before training."
    size = f"{parameters.image_size} x {parameters.image_size}"
    text = (
        f"{run}: {_SOURCES[parameters.source]}; {data.counts['train']:,} training and "
        f"{data.counts['test']:,} test images of {size} pixels, data fingerprint "
        f"`{data.fingerprint[:16]}`."
    )
    text += _not_taken(data)
    if scores is not None and not statistics.learned(scores):
        text += (
            " **With this seed the model has not learned: its latent is dead**, zero nearly "
            "everywhere. Another seed gives results that mean something."
        )
    return text


def _not_taken(data: PreparedData) -> str:
    """Say how much of a folder is not among the images; nothing if all is."""
    text = ""
    if data.skipped:
        few = data.skipped == 1
        text += f" **{data.skipped} image{' that is' if few else 's that are'} unreadable "
        text += f"{'was' if few else 'were'} skipped.**"
    if data.left_out:
        kinds = [
            f"{count:,} {f'of `{suffix}`' if suffix else 'without suffix'}"
            for suffix, count in data.left_out.items()
        ]
        text += f" Left out of the folder are files of other kinds or places: {listed(kinds)}."
    return text


def _changed(parameters: Parameters) -> list[str]:
    """Return what differs from the profile of that name, if the project has one."""
    folder = store.project_root() / "profiles"
    if not (folder / f"{parameters.profile}.yaml").is_file():
        return []
    usual = load_parameters(parameters.profile, folder).model_dump()
    return [
        f"`{name}={value}`"
        for name, value in parameters.model_dump().items()
        if name in parameters.model_fields_set - {"folder", "seed"} and value != usual[name]
    ]


def repeated(parameters: Parameters, data: PreparedData, trained: Trained) -> str:
    """Say how near a training came to the recorded one, if that had the same setting.

    Nothing is said of another setting, or of a seed that is not recorded.
    """
    run = record.of_same_setting(parameters, data.fingerprint)
    if run is None:
        return ""
    weights = excerpt.recorded_model(parameters.seed).get_weights()
    pairs = zip(trained.autoencoder.get_weights(), weights, strict=True)
    difference = max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)
    if difference == 0:
        return "\n\n**This run repeated the recorded one bit for bit**: all weights are equal."
    loss = abs(trained.losses[-1] - run.training.losses[-1])
    return (
        f"\n\n**This run has the setting of the recorded one**, and differs from it by at most "
        f"{small(difference)} in its weights and {small(loss)} in its last loss: another "
        "processor or other libraries round otherwise."
    )


def recorded(run: RecordedRun) -> str:
    """Say when, where, by which commit and with what a recorded run was trained."""
    made = run.made["model"]
    return (
        f"\n\n**The recorded run** is of profile `{run.parameters['profile']}`, seed "
        f"{run.parameters['seed']}: trained on {made.started[:10]} by commit "
        f"`{made.commit[:8]}` with TensorFlow {made.versions['tensorflow']} on "
        f"{made.machine.processor}, {made.machine.cores} cores."
    )
