"""The exercises: their solutions work, what the page says of them holds, its commands are true."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from examples import rate_term
from reproduce.chapters import exercises
from reproduce.codec import network
from reproduce.core import study as studies
from reproduce.core.backend import tensorflow
from reproduce.core.parameters import Parameters, load_parameters, parse_overrides
from reproduce.data import preparation
from reproduce.measure.size_ratio.methods import METHODS
from reproduce.measure.subject import Levels, Subject
from reproduce.models import autoencoder as model
from reproduce.models import registry, training
from reproduce.results import excerpt
from reproduce.results import studies as recorded

ROOT = Path(__file__).parents[1]
PAGE = nbformat.read(ROOT / "notebooks" / "exercises.ipynb", as_version=4)
SHOWN = "\n\n".join(
    [cell.source for cell in PAGE.cells if cell.cell_type == "markdown"]
    + [
        output.data["text/markdown"]
        for cell in PAGE.cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    ]
)
COMMANDS = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", SHOWN, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
] + re.findall(r"(?<!`)`(make [^`]+)`", SHOWN)


# What the page names


def dry_run(command: str) -> list[str]:
    """The words of the commands that make would run."""
    words = [*shlex.split(command), "--dry-run"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("make[")]
    return shlex.split("\n".join(lines))


def test_each_command_is_known() -> None:
    assert COMMANDS
    for command in COMMANDS:
        program, what, *_ = shlex.split(command)
        if program == "make":
            assert dry_run(command)
        else:
            assert program == "python"
            assert (ROOT / what).is_file(), command


def test_a_book_without_the_attention_is_made_by_a_parameter_that_there_is() -> None:
    command = next(line for line in COMMANDS if line.startswith("make book PARAMETERS"))
    (changed,) = [word for word in shlex.split(command) if word.startswith("PARAMETERS=")]
    setting = changed.partition("=")[2]
    assert {"profile=sample", setting} <= set(dry_run(command))
    parameters = load_parameters("sample", ROOT / "profiles", parse_overrides(setting.split()))
    assert registry.find(parameters.model).attention.name == "no-attention"
    fewer = model.build(0).count_params() - model.build(0, parameters.model).count_params()
    assert fewer == 10
    assert "ten parameters fewer" in SHOWN


def test_the_study_that_the_page_names_is_the_one_that_it_shows() -> None:
    (command,) = [line for line in COMMANDS if "STUDY" in line]
    name = command.partition("STUDY=")[2]
    assert name == recorded.EXERCISES
    assert f"study={name}" in dry_run(command)
    study = studies.read(name, ROOT / "studies")
    models = {one["model"] for one in study.variants.values()}
    assert models == {registry.PAPER, "no-attention"}


def test_each_file_and_function_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", SHOWN))
    files = {name for name in named if re.fullmatch(r"[\w/]+/[\w.]+\.(py|yaml)", name)}
    assert len(files) > 3
    for name in files:
        assert any((ROOT / start / name).is_file() for start in ("", "src/reproduce")), name
    for function, place in {
        "training_step": training,
        "quantised": training,
        "logits_of_latents": model,
        "bits": rate_term,
        "IN_STEPS": exercises,
        "excerpt.names()": excerpt,
        "excerpt.original(name)": excerpt,
    }.items():
        assert function in named
        assert hasattr(place, function.partition("(")[0].rpartition(".")[2]), function


# Without the attention


def test_what_is_recorded_of_the_attention_is_of_both_models_and_the_same_seeds() -> None:
    trainings = recorded.attention()
    assert trainings.with_it.keys() == trainings.without.keys()
    assert len(trainings.with_it) > 1
    of_all = [*trainings.with_it.values(), *trainings.without.values()]
    assert len({one.size_ratio for one in of_all}) == len(of_all)
    table = exercises.attention(trainings)
    for one in of_all:
        assert f"{one.size_ratio:.3f}" in table


def measured(bits: float) -> recorded.Measured:
    """A model whose files have so many bits per pixel at 25 dB, and twice as many at 30 dB."""
    curve = pd.DataFrame({"bpp": [bits, 2 * bits], "psnr_db": [25.0, 30.0]})
    return recorded.Measured(learned=True, size_ratio=0.5, psnr_db=30.0, curve=curve)


def test_the_table_says_how_many_bytes_more_files_take_without_the_attention() -> None:
    study = recorded.AttentionStudy({7: measured(0.4)}, {7: measured(0.6)}, "quick", "c0ffee", "")
    names, _, row = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in exercises.attention(study).splitlines()
    )
    cells = dict(zip(names, row, strict=True))
    assert (cells["seed"], cells["bytes without"]) == ("7", "+50 %")
    told = exercises.attention_facts(study)
    assert told["bytes_least"] == told["bytes_most"] == pytest.approx(50)


def test_the_recorded_seeds_do_not_agree_on_the_attention_as_the_page_says() -> None:
    told = exercises.attention_facts(recorded.attention())
    assert "The seeds don't agree" in SHOWN
    assert told["bytes_least"] < 0 < told["bytes_most"]
    assert told["dead_without"] < told["dead_with"]


# A rate term


@pytest.fixture(scope="module")
def soft_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images that can be predicted from one pixel to the next, as photographs can."""
    folder, random = tmp_path_factory.mktemp("soft"), np.random.default_rng(0)
    for split, count in {"train": 8, "validation": 1, "test": 4}.items():
        (folder / split / "leaf").mkdir(parents=True)
        for number in range(count):
            soft = gaussian_filter(random.normal(size=(48, 48)), 3.5, mode="wrap")
            levels = 255 * (soft - soft.min()) / np.ptp(soft)
            image = Image.fromarray(levels.astype(np.uint8))
            image.save(folder / split / "leaf" / f"{number}.png")
    return folder


@pytest.mark.slow
def test_the_rate_term_makes_files_shorter_and_too_much_of_it_makes_them_empty(
    soft_images: Path,
) -> None:
    of_images = {"source": "folder", "folder": str(soft_images), "image_size": 48}
    parameters = Parameters(**of_images, batch_size=2)
    data = preparation.prepare(parameters)
    originals = [data.image("test", place) for place in range(data.counts["test"])]

    def trained(weight: float, epochs: int) -> tuple[float, float]:
        changed = parameters.model_copy(update={"epochs": epochs})
        files = rate_term.codec_of(rate_term.train(changed, data, weight), data)
        return rate_term.measure(files, originals)

    (without, psnr), (with_it, psnr_with_it) = (
        trained(weight, 20) for weight in (0, rate_term.WEIGHT)
    )
    assert with_it < 0.97 * without
    assert psnr_with_it == pytest.approx(psnr, abs=0.5)
    nothing, _ = trained(1, 3)
    assert nothing < 45  # hardly more than the header


def test_the_tables_of_the_solution_are_fitted_to_training_images_alone(
    soft_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_images = {"source": "folder", "folder": str(soft_images), "image_size": 48}
    data = preparation.prepare(Parameters(**of_images))
    read = []
    latent_of = network.latent_of

    def noted(of: network.Network, image: Levels) -> Any:
        read.append(image)
        return latent_of(of, image)

    monkeypatch.setattr(network, "latent_of", noted)
    rate_term.codec_of(model.build(0), data)
    of_training = [data.image("train", place) for place in range(data.counts["train"])]
    np.testing.assert_array_equal(read, of_training)


def test_the_estimate_grows_with_what_the_neighbours_do_not_tell() -> None:
    ramp = np.arange(64, dtype=np.float32)
    slope = np.add.outer(ramp, ramp)[np.newaxis, :, :, np.newaxis]
    noise = np.random.default_rng(0).normal(size=slope.shape).astype(np.float32)
    flat, little, much = (
        float(rate_term.bits(tensorflow.constant(slope * 0 + factor * noise)))
        for factor in (0, 1, 4)
    )
    assert flat == 0
    assert much == pytest.approx(little + 2, abs=0.2)  # fourfold: two bits


# Beside the blur


@pytest.fixture(scope="module")
def photographs() -> list[str]:
    return excerpt.names()[:3]


def test_grey_levels_in_steps_are_multiples_within_half_a_step_and_no_brighter_than_white() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for method in exercises.IN_STEPS:
        step = int(method.name.partition("-")[2])
        size, picture = method.apply(Subject(None, levels))
        assert picture.dtype == np.uint8
        assert set(picture.ravel() % step) <= {0, 255 % step}
        assert np.abs(picture.astype(int) - levels).max() <= step / 2
        assert size > 0


def test_the_solution_beats_the_blur_on_photographs_and_the_extremes_do_not(
    photographs: list[str],
) -> None:
    measured = exercises.measure(photographs)
    assert exercises.beats_the_blur(measured, exercises.CHOSEN.name) == len(photographs)
    assert exercises.beats_the_blur(measured, exercises.BLUR) == 0
    told = exercises.facts(measured)
    assert told["ratio_steps"] < told["ratio_blur"]
    assert told["psnr_steps"] > told["psnr_blur"]
    assert f"on {len(photographs)} of {len(photographs)}" in exercises.beside_the_blur(measured)


def test_the_solution_is_a_method_as_the_others_are_but_for_its_name() -> None:
    names = {method.name for method in METHODS}
    assert exercises.BLUR in names
    assert not names & {method.name for method in exercises.IN_STEPS}


def test_both_conditions_count_at_once() -> None:
    rows = [
        ("a", exercises.BLUR, 0.5, 27.0),
        ("a", "mine", 0.4, 28.0),
        ("b", exercises.BLUR, 0.5, 27.0),
        ("b", "mine", 0.4, 26.0),
        ("c", "mine", 0.6, 28.0),
        ("c", exercises.BLUR, 0.5, 27.0),
    ]
    measured = pd.DataFrame(rows, columns=["image", "method", "size_ratio", "psnr_db"])
    assert exercises.beats_the_blur(measured, "mine") == 1


# The code on the page


def test_code_is_shown_as_it_stands_and_folded() -> None:
    shown = exercises.solution_in("examples/rate_term.py", ["bits"], "After it.")
    assert shown.startswith("````{dropdown} Solution\n```python\ndef bits(")
    assert shown.endswith("```\n\nAfter it.\n````")
    code = (ROOT / "examples" / "rate_term.py").read_text()
    assert re.findall(r"```python\n(.*?)\n```", shown, re.DOTALL)[0] in code
    with pytest.raises(KeyError, match="nothing"):
        exercises.solution_in("examples/rate_term.py", ["nothing"])


def test_the_solutions_are_about_twenty_lines() -> None:
    for listing in re.findall(r"```python\n(.*?)\n```", SHOWN, re.DOTALL):
        lines = [line for line in listing.splitlines() if line.strip()]
        assert len(lines) <= 25
