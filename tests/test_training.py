"""Training: losses, seeds, the order of images, going on after a kill, the floor of the loss."""

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reproduce.core import store
from reproduce.core.backend import keras, tensorflow
from reproduce.core.errors import ReproduceError
from reproduce.core.sources import Tree
from reproduce.data import preparation
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.models.loss import loss_floor
from reproduce.models.stages import MODEL
from tests.conftest import slow

FINISHED = {"autoencoder.keras", "history.json", "manifest.json"}


def same_weights(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


# A run (of conftest.py: 8 dark images of 16x16, 3 epochs, batches of 3, seed 0)


@pytest.fixture
def small_run(made_small_run):
    """That run; nothing of it lies in this test's own build folder."""
    return made_small_run


def test_each_epoch_has_a_loss_and_a_time(small_run):
    assert len(small_run.trained.losses) == small_run.parameters.epochs == 3
    assert len(small_run.trained.epoch_seconds) == 3
    assert min(small_run.trained.epoch_seconds) >= 0


def test_the_loss_falls_from_epoch_to_epoch(small_run):
    first, second, third = small_run.trained.losses
    assert first > second > third


def test_the_loss_stays_above_the_floor_of_the_training_images(small_run):
    floor = loss_floor(small_run.data.histogram("train"))
    assert min(small_run.trained.losses) > floor > 0.1


def test_the_finished_folder_holds_the_model_and_the_history_and_no_checkpoint(small_run):
    assert {file.name for file in small_run.trained.folder.iterdir()} == FINISHED
    assert small_run.trained.weights.name == "autoencoder.keras"
    assert same_weights(model.load(small_run.trained.weights), small_run.trained.autoencoder)


def test_the_weights_are_not_the_initial_ones(small_run):
    assert not same_weights(small_run.trained.autoencoder, model.build(0))


def test_the_steps_of_an_epoch_are_on_record(small_run):
    facts = store.read_manifest(small_run.trained.folder)["facts"]
    assert facts["steps_per_epoch"] == 3  # 8 images in batches of 3


def test_the_greatest_latents_before_and_after_are_on_record(small_run):
    facts = store.read_manifest(small_run.trained.folder)["facts"]
    images = small_run.data.images("train")[:4][..., np.newaxis] / np.float32(255)
    for name, autoencoder in (
        ("greatest_latent", small_run.trained.autoencoder),
        ("greatest_latent_before", model.build(0)),
    ):
        assert facts[name] == pytest.approx(model.encode(autoencoder, images).max())


def test_the_same_seed_trains_the_same_weights_anew_and_then_loads_them(small_run, capfd):
    again = training.train(small_run.parameters)  # in a build folder of its own
    assert again.folder != small_run.trained.folder
    assert again.losses == small_run.trained.losses
    assert same_weights(again.autoencoder, small_run.trained.autoencoder)
    assert "training" in capfd.readouterr().err
    loaded = training.train(small_run.parameters)
    assert "training" not in capfd.readouterr().err
    assert (loaded.folder, loaded.losses) == (again.folder, again.losses)
    assert same_weights(loaded.autoencoder, again.autoencoder)


def test_another_seed_trains_other_weights(small_run, parameters_of):
    other = training.train(parameters_of(small_run.folder, seed=1))
    assert other.losses != small_run.trained.losses
    assert not same_weights(other.autoencoder, small_run.trained.autoencoder)


TRAINING = """
import sys
from reproduce.core.parameters import Parameters
from reproduce.data import preparation
from reproduce.models import training

parameters = Parameters.model_validate_json(sys.argv[1])
print(training.train(parameters).weights)
"""


@pytest.fixture
def weights_of(parameters_of, start, tmp_path, small_run):
    """A function that trains in a process for each number of threads, and returns their weights."""

    def train(*numbers_of_threads, image_size=64):
        processes = []
        for number, threads in enumerate(numbers_of_threads):
            # Larger images, for work that is spread over several threads.
            parameters = parameters_of(small_run.folder, image_size=image_size)
            variables = {"REPRODUCE_BUILD": f"{tmp_path / str(number)}"}
            variables["TF_NUM_INTRAOP_THREADS"] = str(threads)
            environment = os.environ | variables
            processes.append(start(TRAINING, parameters.model_dump_json(), env=environment))
        weights = []
        for process in processes:
            file, words = process.communicate(timeout=300)
            assert process.returncode == 0, words
            trained = model.load(Path(file.strip()))
            weights.append(np.concatenate([w.ravel() for w in trained.get_weights()]))
        return weights

    return train


@pytest.mark.slow
def test_processes_train_the_same_weights_to_the_bit_with_two_threads_or_more(weights_of):
    # More threads than two make no difference to oneDNN's kernels for AVX-512.
    first, second = weights_of(2, 8 if has_avx512() else 2)
    assert np.array_equal(first, second)


def has_avx512() -> bool:
    processor = Path("/proc/cpuinfo")
    return processor.is_file() and "avx512" in processor.read_text()


@pytest.mark.slow
def test_of_small_images_more_threads_change_weights_by_a_rounding(weights_of):
    first, second = weights_of(2, 8 if has_avx512() else 2, image_size=32)
    assert np.abs(first - second).max() <= 1.5e-8


@pytest.mark.parametrize(
    "change", [{"epochs": 4}, {"batch_size": 4}, {"seed": 1}, {"model": "no-attention"}]
)
def test_another_training_is_another_model(small_run, parameters_of, change):
    before = MODEL.dependencies(small_run.parameters)
    after = MODEL.dependencies(parameters_of(small_run.folder, **change))
    assert store.fingerprint(after) != store.fingerprint(before)


@pytest.mark.parametrize(
    "change", [{"example_index": 3}, {"example_split": "test"}, {"latent_reading": "stretch"}]
)
def test_what_concerns_the_figures_alone_retrains_nothing(small_run, parameters_of, change):
    before = MODEL.dependencies(small_run.parameters)
    after = MODEL.dependencies(parameters_of(small_run.folder, **change))
    assert after == before


def test_other_images_make_another_model(small_run, folder_of_images, parameters_of):
    before = MODEL.dependencies(small_run.parameters)
    after = MODEL.dependencies(parameters_of(folder_of_images))
    assert store.fingerprint(after) != store.fingerprint(before)


def test_other_pixels_under_the_same_names_make_another_model(small_run):
    before = MODEL.dependencies(small_run.parameters)
    manifest = preparation.prepare(small_run.parameters).folder / store.MANIFEST
    manifest.write_text(manifest.read_text().replace(small_run.data.fingerprint, "of others"))
    after = MODEL.dependencies(small_run.parameters)
    assert store.fingerprint(after) != store.fingerprint(before)


def test_an_older_source_makes_another_model(small_run, monkeypatch):
    now = MODEL.dependencies(small_run.parameters)
    monkeypatch.setattr(Tree, "digest", lambda *_: "older")
    before = MODEL.dependencies(small_run.parameters)
    assert store.fingerprint(before) != store.fingerprint(now)


def test_a_loss_that_is_no_number_stops_the_training_and_is_not_kept(
    small_run, monkeypatch, build_folder
):
    build = model.build

    def build_what_cannot_learn(seed: int, name: str) -> keras.Model:
        autoencoder = build(seed, name)
        autoencoder.compile(keras.optimizers.SGD(math.nan), "binary_crossentropy")
        return autoencoder

    monkeypatch.setattr(model, "build", build_what_cannot_learn)
    with pytest.raises(ReproduceError, match=r"training diverged: the loss of epoch \d is nan"):
        training.train(small_run.parameters)
    kept = [json.loads(history.read_text()) for history in build_folder.rglob("history.json")]
    assert all(math.isfinite(epoch["loss"]) for history in kept for epoch in history)


# Killed, and begun again

KILLED_TRAINING = """
import os, signal, sys
from reproduce.core import store
from reproduce.core.parameters import Parameters
from reproduce.data import preparation
from reproduce.models import training

write_json = store.write_json

def write_json_and_die(path, value):
    write_json(path, value)
    if path.name == "history.json":
        os.kill(os.getpid(), signal.SIGKILL)

parameters = Parameters.model_validate_json(sys.argv[1])
data = preparation.prepare(parameters)
store.write_json = write_json_and_die
training.train(parameters)
"""


@pytest.mark.slow
def test_a_training_killed_after_its_first_epoch_goes_on_to_the_same_weights(
    small_run, start, build_folder, capfd
):
    killed = start(KILLED_TRAINING, small_run.parameters.model_dump_json())
    words = killed.communicate(timeout=240)[1]
    assert killed.returncode == -signal.SIGKILL, words
    (partial,) = build_folder.glob("quick/model-*.partial")
    assert {file.name for file in partial.iterdir()} == {"checkpoint-00001.keras", "history.json"}

    resumed = training.train(small_run.parameters)
    assert "going on after epoch 1" in capfd.readouterr().err
    assert resumed.folder == partial.with_suffix("")
    assert resumed.losses == small_run.trained.losses
    assert same_weights(resumed.autoencoder, small_run.trained.autoencoder)
    assert {file.name for file in resumed.folder.iterdir()} == FINISHED


@pytest.mark.parametrize(
    ("moment", "epoch", "finished"),
    [
        ("before", 2, 1),
        # A checkpoint without a history doesn't count.
        *slow(("before", 1, 0), ("after", 2, 2), ("after", 3, 3)),
    ],
)
def test_a_training_interrupted_at_any_moment_goes_on_from_its_last_finished_epoch(
    small_run, monkeypatch, capfd, moment, epoch, finished
):
    write_json = store.write_json

    def write_history_or_stop(path: Path, value: Any) -> None:
        stop = path.name == "history.json" and len(value) == epoch
        if stop and moment == "before":
            raise KeyboardInterrupt
        write_json(path, value)
        if stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_json", write_history_or_stop)
    with pytest.raises(KeyboardInterrupt):
        training.train(small_run.parameters)
    monkeypatch.setattr(store, "write_json", write_json)
    capfd.readouterr()
    resumed = training.train(small_run.parameters)
    said = f"going on after epoch {finished}" in capfd.readouterr().err
    assert said == (finished > 0)
    assert resumed.losses == small_run.trained.losses
    assert same_weights(resumed.autoencoder, small_run.trained.autoencoder)
    assert {file.name for file in resumed.folder.iterdir()} == FINISHED


def test_a_training_killed_when_its_checkpoint_is_gone_already_can_be_repeated(small_run):
    first = training.train(small_run.parameters).folder
    # As it stands between the last sweeping and the naming of the finished artifact.
    (first / "manifest.json").unlink()
    first.rename(first.with_name(f"{first.name}.partial"))
    again = training.train(small_run.parameters)
    assert again.losses == small_run.trained.losses
    assert same_weights(again.autoencoder, small_run.trained.autoencoder)


@pytest.mark.slow
def test_a_full_disk_stops_the_training_with_the_way_out(small_run, run_on_a_small_disk):
    code = """
import os, sys
from reproduce.core import errors, parameters
from reproduce.data import preparation
from reproduce.models import training
run = parameters.Parameters.model_validate_json(sys.argv[2])
data = preparation.prepare(run)
os.environ["REPRODUCE_BUILD"] = sys.argv[1]
try:
    training.train(run)
except errors.ReproduceError as error:
    print(error)
"""
    disk_of_100_kilobytes = 100  # a checkpoint is larger
    finished = run_on_a_small_disk(
        disk_of_100_kilobytes, code, small_run.parameters.model_dump_json()
    )
    assert finished.returncode == 0, finished.stderr
    assert "no space left on the disk" in finished.stdout


# The images of an epoch


def as_lists(*arguments: int) -> list[list[int]]:
    """The images of each batch, of: count, batch size, seed, epoch."""
    return [batch.tolist() for batch in training.batches(*arguments)]


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 2**32 - 1), st.integers(0, 9999))
def test_an_epoch_shows_each_image_exactly_once(count, batch_size, seed, epoch):
    batches = as_lists(count, batch_size, seed, epoch)
    assert sorted(image for batch in batches for image in batch) == list(range(count))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert 0 < len(batches[-1]) <= batch_size


def test_the_batches_differ_from_epoch_to_epoch_and_from_seed_to_seed():
    kinds = [(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    all_batches = [[set(batch) for batch in as_lists(60, 8, *kind)] for kind in kinds]
    for place, batches in enumerate(all_batches):
        assert all(batches != others for others in all_batches[place + 1 :])
    assert all_batches[0] == [set(batch) for batch in as_lists(60, 8, 0, 0)]


def test_a_batch_is_not_a_run_of_neighbours():
    first, *_ = as_lists(60, 8, 0, 0)
    assert max(first) - min(first) > 8


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The batches that training takes its steps on; the loss of each is its number of images."""
    batches: list[np.ndarray] = []

    def step(images: np.ndarray) -> int:
        batches.append(images)
        return len(images)

    monkeypatch.setattr(training, "training_step", lambda *_: step)
    return batches


def test_each_epoch_shows_the_training_images_alone_in_batches_of_the_size_asked_for(
    small_run, shown
):
    training.train(small_run.parameters)
    assert [len(batch) for batch in shown] == [3, 3, 2] * 3  # 8 images in batches of 3, 3 epochs
    expected = sorted(image.tobytes() for image in small_run.data.images("train"))
    for epoch in range(3):
        images = np.concatenate(shown[3 * epoch : 3 * epoch + 3])
        assert sorted(image.tobytes() for image in images) == expected


@pytest.mark.usefixtures("shown")
def test_the_loss_of_an_epoch_is_the_mean_over_its_images_and_not_over_its_batches(small_run):
    losses = training.train(small_run.parameters).losses
    assert losses == pytest.approx([(3 * 3 + 3 * 3 + 2 * 2) / 8] * 3)


# The floor of the loss


def cross_entropy(targets: np.ndarray, predictions: np.ndarray) -> float:
    """Mean binary cross-entropy, by its definition."""
    logs = targets * np.log(predictions) + (1 - targets) * np.log(1 - predictions)
    return float(-logs.mean())


def histogram(images: np.ndarray) -> np.ndarray:
    return np.bincount(images.ravel(), minlength=256)


def test_black_and_white_alone_have_no_floor():
    assert loss_floor(histogram(np.array([0, 0, 255], dtype=np.uint8))) == 0


@pytest.mark.parametrize("level", [127, 128])
def test_middle_grey_has_the_highest_floor_ln_2(level):
    floor = loss_floor(histogram(np.array([level], dtype=np.uint8)))
    assert floor == pytest.approx(math.log(2), abs=1e-4)
    assert floor < math.log(2)


def test_the_floor_is_the_mean_over_the_pixels():
    floor = loss_floor(histogram(np.array([0, 0, 0, 51], dtype=np.uint8)))
    of_one_fifth = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    assert floor == pytest.approx(of_one_fifth / 4, abs=1e-12)


@given(arrays(np.uint8, (3, 4)))
def test_the_floor_is_the_loss_of_a_perfect_reconstruction(images):
    targets = (images / 255).astype(np.float32)
    perfect = float(keras.ops.mean(keras.losses.binary_crossentropy(targets, targets)))
    assert loss_floor(histogram(images)) == pytest.approx(perfect, abs=1e-4)


@given(arrays(np.uint8, (3, 4)), arrays(np.float64, (3, 4), elements=st.floats(1e-6, 1 - 1e-6)))
def test_no_reconstruction_has_a_loss_below_the_floor(images, predictions):
    loss = cross_entropy(images / 255, predictions)
    assert loss_floor(histogram(images)) <= loss + 1e-12


@given(arrays(np.uint8, (3, 4), elements=st.integers(1, 254)), st.floats(0.01, 0.9))
def test_any_error_of_the_reconstruction_raises_the_loss_above_the_floor(images, part):
    targets = images / 255
    wrong = targets + part * (0.5 - targets) + 0.001
    assume(np.abs(wrong - targets).max() > 0.005)
    assert loss_floor(histogram(images)) < cross_entropy(targets, wrong)


def test_the_loss_of_an_epoch_is_in_the_unit_of_the_floor(small_run):
    # The loss of the trained model, by its definition, lies near that of its last epoch.
    images = small_run.data.images("train")
    predictions = model.reconstruct(small_run.trained.autoencoder, images).astype(np.float64)
    loss = cross_entropy(np.asarray(images) / 255, predictions)
    assert loss == pytest.approx(small_run.trained.losses[-1], abs=0.05)


# Quantisation of the latent


def test_noise_stays_within_half_a_step_and_is_drawn_from_its_seed_alone():
    latents = np.linspace(0, 3, 40_000, dtype=np.float32).reshape(1, 200, 200, 1)
    noisy = np.asarray(training.quantised(latents, "noise", 0.5, (3, 7)))
    moved = noisy - latents
    assert np.abs(moved).max() <= 0.25 + 1e-6
    assert moved.std() == pytest.approx(0.5 / math.sqrt(12), rel=0.02)  # a uniform distribution's
    again, other = (training.quantised(latents, "noise", 0.5, (3, last)) for last in (7, 8))
    assert np.array_equal(noisy, again)
    assert not np.array_equal(noisy, other)


def test_straight_through_rounds_and_has_the_gradient_of_no_rounding():
    latents = tensorflow.constant([0.1, 0.6, 1.0, 2.3])
    with tensorflow.GradientTape() as tape:
        tape.watch(latents)
        rounded = training.quantised(latents, "straight-through", 0.5)
        total = tensorflow.reduce_sum(rounded**2)
    np.testing.assert_allclose(rounded, [0, 0.5, 1, 2.5])
    np.testing.assert_allclose(tape.gradient(total, latents), 2 * rounded)


def test_without_quantisation_latents_stay_what_they_are():
    latents = tensorflow.constant([0.1, 0.6])
    assert training.quantised(latents, "none", 0.5) is latents


def test_logits_of_the_models_own_latents_are_its_logits():
    autoencoder = model.build(0)
    images = np.random.default_rng(0).random((2, 7, 10, 1), dtype=np.float32)
    latents = autoencoder.get_layer("encoder")(images)
    np.testing.assert_allclose(
        model.logits_of_latents(autoencoder, latents, images),
        model.logits(autoencoder)(images),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.parametrize("quantisation", ["noise", *slow("straight-through")])
def test_training_with_quantisation_gives_other_weights_and_the_same_again(
    small_run, parameters_of, tmp_path, monkeypatch, quantisation
):
    parameters = parameters_of(small_run.folder, quantisation=quantisation, quantisation_step=0.5)
    once = training.train(parameters)
    monkeypatch.setenv("REPRODUCE_BUILD", str(tmp_path / "another-build"))
    again = training.train(parameters)
    assert once.folder != again.folder
    assert same_weights(once.autoencoder, again.autoencoder)
    assert not same_weights(once.autoencoder, small_run.trained.autoencoder)


def test_the_step_counts_only_where_there_is_quantisation(small_run, parameters_of):
    def stage(**changes: Any) -> dict[str, Any]:
        return MODEL.dependencies(parameters_of(small_run.folder, **changes))

    assert stage(quantisation_step=0.5) == stage()
    noisy = stage(quantisation="noise")
    assert noisy != stage()
    assert stage(quantisation="noise", quantisation_step=0.5) != noisy


def test_each_step_and_each_part_of_a_batch_draws_other_noise(monkeypatch):
    drawn = []

    def note(latents: Any, *settings: Any) -> Any:
        drawn.append(settings[-1])
        return latents

    monkeypatch.setattr(training, "quantised", note)
    autoencoder = model.build(3)
    tensorflow.config.run_functions_eagerly(True)
    try:
        step = training.training_step(autoencoder, "noise", 0.5, seed=3)
        for _ in range(3):
            step(np.zeros((3, 8, 8), np.uint8))
    finally:
        tensorflow.config.run_functions_eagerly(False)
    seeds = {(int(first), int(second)) for first, second in drawn}
    assert len(seeds) == len(drawn) == 6  # two parts, two and one images, in each of three steps
    assert {first for first, _ in seeds} == {3}
