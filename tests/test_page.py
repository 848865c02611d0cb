"""The sentences in which a page says which run it shows, and how near it came to the record."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reproduce.chapters import page
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.results import excerpt, record

PROFILES = Path(__file__).parents[1] / "profiles"


def shown_by(
    parameters: Parameters, skipped: int = 0, left_out: dict[str, int] | None = None
) -> str:
    data: Any = SimpleNamespace(
        counts={"train": 1034, "test": 1280},
        fingerprint="ab" * 32,
        skipped=skipped,
        left_out=left_out or {},
    )
    return page.provenance(parameters, data)


def test_a_page_says_what_of_a_folder_is_not_among_its_images() -> None:
    of_folder = Parameters(source="folder", folder="images")
    assert shown_by(of_folder).endswith("`.")
    assert shown_by(of_folder, 1).endswith(" **1 image that is unreadable was skipped.**")
    assert shown_by(of_folder, 3).endswith(" **3 images that are unreadable were skipped.**")
    text = shown_by(of_folder, 0, {"": 1, ".heic": 1030})
    assert "1 without suffix and 1,030 of `.heic`." in text


def test_a_page_names_what_differs_from_its_profile() -> None:
    assert "seed 0**: photographs" in shown_by(load_parameters("sample", PROFILES))
    changed = load_parameters("sample", PROFILES, {"epochs": 30, "seed": 7, "batch_size": 4})
    assert "seed 7**, with `epochs=30` and `batch_size=4`: photographs" in shown_by(changed)
    assert "with `" not in shown_by(Parameters(profile="of-ones-own", epochs=30))


def test_a_page_says_how_many_images_there_are() -> None:
    text = shown_by(load_parameters("sample", PROFILES))
    assert "1,034 training and 1,280 test images of 128 x 128 pixels" in text


@pytest.fixture
def run() -> SimpleNamespace:
    """What a training with the setting of the recorded seed 0 would have, made of the record."""
    recorded = record.read()
    values = {name: recorded.parameters[name] for name in recorded.parameters}
    return SimpleNamespace(
        parameters=Parameters(**values),
        data=SimpleNamespace(fingerprint=recorded.data.fingerprint),
        trained=SimpleNamespace(
            autoencoder=excerpt.recorded_model(), losses=list(recorded.training.losses)
        ),
    )


def test_a_run_that_repeats_the_record_says_so(run) -> None:
    assert "bit for bit" in page.repeated(run.parameters, run.data, run.trained)


def test_a_run_that_differs_says_by_how_much(run) -> None:
    weights = [weight.copy() for weight in excerpt.recorded_model().get_weights()]
    weights[0][0, 0, 0, 0] += np.float32(0.5)
    run.trained.autoencoder = SimpleNamespace(get_weights=lambda: weights)
    run.trained.losses[-1] += 0.25
    text = page.repeated(run.parameters, run.data, run.trained)
    assert "at most 5.0 × 10⁻¹ in its weights and 2.5 × 10⁻¹ in its last loss" in text


@pytest.mark.parametrize("change", [{"epochs": 9}, {"seed": 77}, {"image_size": 250}])
def test_a_run_of_another_setting_is_not_compared(run, change) -> None:
    other = run.parameters.model_copy(update=change)
    assert page.repeated(other, run.data, run.trained) == ""


def test_a_run_on_other_images_is_not_compared(run) -> None:
    run.data.fingerprint = "00" * 32
    assert page.repeated(run.parameters, run.data, run.trained) == ""
