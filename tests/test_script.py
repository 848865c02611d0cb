"""The paper's own script, trained for its losses."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reproduce.core import sources
from reproduce.models import literal, script, training
from reproduce.models.stages import LITERAL, LITERAL_IN_OUR_ORDER


def test_the_script_alone_has_tensorflow_as_it_comes() -> None:
    closure = sources.present().closure(["reproduce.models.literal"])
    assert set(closure) <= {"reproduce", "reproduce.models", "reproduce.models.literal"}


def test_given_our_batches_the_script_has_our_losses(
    folder_of_images: Path, parameters_of: Any
) -> None:
    parameters = parameters_of(folder_of_images, epochs=3, seed=2)
    theirs = script.read(LITERAL_IN_OUR_ORDER.folder(parameters))
    assert theirs == pytest.approx(training.train(parameters).losses, abs=2e-5)


@pytest.mark.slow
def test_in_its_own_order_it_has_others_and_the_same_ones_again(
    folder_of_images: Path, parameters_of: Any, tmp_path: Path
) -> None:
    parameters = parameters_of(folder_of_images, epochs=3, seed=2, batch_size=3)
    losses = script.read(LITERAL.folder(parameters))
    assert len(losses) == 3
    assert losses != script.read(LITERAL_IN_OUR_ORDER.folder(parameters))
    script.make(parameters, tmp_path)
    assert script.read(tmp_path) == losses


def test_it_is_fitted_as_the_paper_prints_it(
    small_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    class Model:
        def fit(self, images: Any, targets: Any, **options: Any) -> SimpleNamespace:
            told.update(options, images=images, targets=targets)
            return SimpleNamespace(history={"loss": [0.5]})

    monkeypatch.setattr(literal, "build", lambda _: Model())
    script.make(small_run.parameters, tmp_path)
    assert told["targets"] is told["images"]
    assert told["images"].shape == (8, 16, 16)
    assert (told["shuffle"], told["epochs"], told["batch_size"]) == (True, 3, 3)
