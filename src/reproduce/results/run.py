"""What a full run has found: the types that `record` fills and chapters, claims and pages read."""

from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from reproduce.core.environment import Machine
from reproduce.core.parameters import Split
from reproduce.core.values import Number, Value
from reproduce.measure.rates.summary import Rates
from reproduce.measure.statistics import Summary
from reproduce.models import autoencoder, description


class Data(Value):
    """What was prepared: how many images by split, by class, and by the size of the photographs."""

    fingerprint: str
    images: dict[Split, int]
    images_per_class: dict[Split, dict[str, int]]
    sizes: dict[Split, dict[str, int]]


class Training(Value):
    """How training went.

    Attributes
    ----------
    losses
        Mean loss of each epoch, in nats per pixel.
    loss_floor
        The least that any model could reach on these images.
    epoch_seconds, seconds
        Wall time of each epoch and of all.
    peak_memory_bytes
        Of the process.
    psnr_db
        Mean of as many training images as there are test images, spread evenly over the split.
    """

    losses: tuple[float, ...]
    loss_floor: float
    epoch_seconds: tuple[float, ...]
    seconds: float
    peak_memory_bytes: int
    psnr_db: Number


class Example(Value):
    """The numbers of the image that figures 7 to 13 show (`measure.subject`)."""

    name: str
    original_bytes: int
    reconstruction_bytes: int
    latent_clip_bytes: int
    latent_stretch_bytes: int
    size_ratio: Number
    psnr_db: Number
    ssim: Number
    attention_correlation: Number
    active_latent: Number
    signed_attention_correlation: Number
    latent_similarity: Number
    difference_contrast: Number


class Run(Value):
    """What a run with one model and one seed has found.

    Attributes
    ----------
    parameters
        Those that it depends on, and `profile`.
    weights
        The file of the trained model.
    test
        Each number of the test images, summarised.
    learned
        Whether the latent is alive (`measure.statistics.learned`).
    rates
        What the model reaches as a codec, if that was asked for.
    """

    parameters: dict[str, Any]
    data: Data
    weights: Path
    training: Training
    example: Example
    test: dict[str, Summary]
    learned: bool
    rates: Rates | None = None

    @cached_property
    def model(self) -> dict[str, int]:
        """Counts of the model's parameters and layers, which is loaded when they are asked for."""
        return description.counts(autoencoder.load(self.weights))


class Made(Value):
    """How a stage was made, as its manifest tells it: here what pages say of it."""

    model_config = ConfigDict(extra="ignore")

    started: str
    commit: str
    versions: dict[str, str]
    machine: Machine


class RecordedRun(Run):
    """A run of the committed record.

    Attributes
    ----------
    images_of_reported_size
        The names of all images whose PNG file has the size that the paper reports.
    made
        How each stage was made, by its name.
    """

    rates: Rates
    images_of_reported_size: tuple[str, ...]
    made: dict[str, Made]
