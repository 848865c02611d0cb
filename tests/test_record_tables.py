"""The numbers of a record fit each other: what two tables say of one image is the same."""

import hashlib
import json
import math
from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reproduce.core import store
from reproduce.core import study as studies
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.measure import stages
from reproduce.models import autoencoder as model
from reproduce.models import description, training
from reproduce.models.loss import LOSS_OF_MID_GREY
from tests.recorded import RESULTS, all_files, each, profile_of

ROOT = Path(__file__).parents[1]
PAPER = RESULTS / "paper" / "paper"
SEEDS = range(5)
PIXELS = {("paper", "full"): 500**2, ("paper", "half"): 250**2}
PIXELS |= {("sample", "full"): 128**2, ("sample", "half"): 64**2}
PIXELS |= {("quarter", "full"): 250**2, ("quarter", "half"): 125**2}


@cache
def table(file: Path) -> pd.DataFrame:
    return pd.read_csv(file)


@cache
def of_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def scores_of(seed: int) -> pd.DataFrame:
    return table(PAPER / f"seed-{seed}" / "scores" / "test-images.csv")


# What was made with which parameters


@cache
def runs_of_studies(profile: str) -> dict[tuple[str, int], Parameters]:
    """The parameters of each run that a study of this profile plans, by its model and seed."""
    plans = [studies.read(one.stem, one.parent) for one in (ROOT / "studies").glob("*")]
    planned: dict[tuple[str, int], Parameters] = {}
    for plan in plans:
        if plan.profile == profile:
            for run in plan.runs(load_parameters(profile, ROOT / "profiles")):
                key = run.model, run.parameters.seed
                assert planned.setdefault(key, run.parameters) == run.parameters, "of one name"
    return planned


@each(store.MANIFEST)
def test_its_parameters_are_those_of_its_profile_or_study(file: Path) -> None:
    manifest = of_json(file)
    stage = stages.find(manifest["stage"])
    profile, run, *_ = file.relative_to(RESULTS).parts
    given = load_parameters(profile, ROOT / "profiles")
    if stage.of_seed:
        model, _, variant = run.partition("@")
        seed = int(file.relative_to(RESULTS).parts[2].removeprefix("seed-"))
        given = given.model_copy(update={"model": model, "seed": seed})
        if variant:
            given = runs_of_studies(profile)[run, seed]
    values = given.in_effect()
    assert manifest["dependencies"]["parameters"] == {
        name: values[name] for name in stage.reads if name in values
    }


def is_dead(run: Path) -> bool:
    return bool(of_json(run / "model" / "history.json")[-1]["loss"] > LOSS_OF_MID_GREY - 0.01)


@pytest.mark.parametrize("suffix", [".keras", ".npy", ".csv"])
def test_files_are_the_same_just_where_they_were_made_in_the_same_way(suffix: str) -> None:
    """Another seed's would be: each is the only one of its stage, parameters and data."""
    made_in = defaultdict(set)
    for file in all_files(f"*{suffix}"):
        manifest = file.with_name(store.MANIFEST)
        # Files of even grey are the same, whatever the model was.
        if not manifest.exists() or (file.parent.name == "own-files" and is_dead(file.parents[1])):
            continue
        of_stage = of_json(manifest)
        needs = of_stage["dependencies"]
        way = [file.name, of_stage["stage"], needs["parameters"], needs["needs"]]
        made_in[json.dumps(way, sort_keys=True)].add(file.read_bytes())
    assert len(made_in) > 5
    assert {len(contents) for contents in made_in.values()} == {1}
    assert len(set().union(*made_in.values())) == len(made_in)


def test_what_follows_in_a_run_within_an_hour_was_made_on_the_same_machine() -> None:
    of_runs = defaultdict(list)
    for file in all_files(store.MANIFEST):
        of_runs[file.parents[1]].append(of_json(file)["made"])
    compared = 0
    for run, made in of_runs.items():
        made.sort(key=lambda one: str(one["started"]))
        for one, after in pairwise(made):
            ended = datetime.fromisoformat(one["started"]) + timedelta(seconds=one["seconds"])
            if datetime.fromisoformat(after["started"]) - ended < timedelta(hours=1):
                # Not its cores: those that a process may use are told.
                same = [{**made["machine"], "cores": 0} for made in (one, after)]
                assert same[0] == same[1], run
                compared += 1
    assert compared > 40


@each("repetitions.json")
def test_what_was_repeated_are_the_recorded_weights(file: Path) -> None:
    found = of_json(file)
    trained = training.read(file.parents[1] / "model")
    weights = np.concatenate([one.ravel() for one in trained.autoencoder.get_weights()])
    assert found["reference"] == {
        "last_loss": trained.losses[-1],
        "mean_ratio": pytest.approx(
            table(file.parents[1] / "scores" / "test-images.csv")["size_ratio"].mean()
        ),
        "weights": hashlib.sha256(weights.tobytes()).hexdigest()[:16],
    }
    for run in found["runs"]:
        same = run["weights"] == found["reference"]["weights"]
        assert (run["greatest_difference"] == 0) == same
        assert (run["last_loss"] == found["reference"]["last_loss"]) == same


# Photographs


@pytest.mark.parametrize("profile", ["paper", "sample"])
def test_the_images_of_classes_and_sizes_and_their_pixels_add_up(profile: str) -> None:
    facts = of_json(RESULTS / profile / "data" / store.MANIFEST)["facts"]
    for split in facts["splits"].values():
        assert sum(split["classes"].values()) == sum(split["sizes"].values()) == split["images"]
        assert sum(split["histogram"]) == split["images"] * PIXELS[profile, "full"]
        assert list(split["classes"]) == facts["classes"]


def test_the_table_of_png_sizes_has_each_image_of_each_class() -> None:
    sizes = table(RESULTS / "paper" / "png-sizes" / "png-sizes.csv")
    assert sizes["name"].is_unique
    classes = sizes["name"].str.split("/").str[1]
    facts = of_json(RESULTS / "paper" / "data" / store.MANIFEST)["facts"]
    for name, split in facts["splits"].items():
        of_split = classes[sizes["split"] == name].value_counts()
        assert of_split.to_dict() == split["classes"]
    assert (sizes["split"] == sizes["name"].str.split("/").str[0]).all()


# Scores


@each("test-images.csv")
def test_ratios_of_scores_are_those_of_their_bytes_and_classes_those_of_their_names(
    file: Path,
) -> None:
    scores = table(file)
    ratios = scores["reconstruction_bytes"] / scores["original_bytes"]
    assert (ratios == scores["size_ratio"]).all()
    assert scores["name"].is_unique
    expected = of_json(RESULTS / profile_of(file) / "data" / store.MANIFEST)["facts"]
    assert scores["class"].value_counts().to_dict() == expected["splits"]["test"]["classes"]
    others = all_files("test-images.csv")
    same = [table(one) for one in others if profile_of(one) == profile_of(file)]
    for column in ("name", "class", "original_bytes"):
        assert all((one[column] == scores[column]).all() for one in same), column


@pytest.mark.parametrize("seed", SEEDS)
def test_the_originals_bytes_are_those_of_the_table_of_png_sizes(seed: int) -> None:
    sizes = table(RESULTS / "paper" / "png-sizes" / "png-sizes.csv").set_index("name")["bytes"]
    scores = scores_of(seed)
    assert (sizes[scores["name"]].to_numpy() == scores["original_bytes"]).all()
    example = of_json(PAPER / f"seed-{seed}" / "example" / "example.json")
    assert example["original_bytes"] == sizes[example["name"]]
    ratio = example["reconstruction_bytes"] / example["original_bytes"]
    assert example["size_ratio"] == ratio


def test_no_loss_of_a_training_is_that_of_one_with_other_parameters() -> None:
    ways_of = defaultdict(set)
    for file in all_files("history.json"):
        made = of_json(file.with_name(store.MANIFEST))["dependencies"]["parameters"]
        for epoch in of_json(file):
            if epoch["loss"] < LOSS_OF_MID_GREY - 0.01:  # what is even grey has the same one often
                ways_of[epoch["loss"]].add(json.dumps(made, sort_keys=True))
    assert len(ways_of) > 300
    assert {len(ways) for ways in ways_of.values()} == {1}


@each("history.json", "losses.json")
def test_losses_fall_and_stay_above_their_floor_unless_the_latent_is_dead(file: Path) -> None:
    losses = [one["loss"] if isinstance(one, dict) else one for one in of_json(file)]
    made = of_json(file.with_name(store.MANIFEST))["dependencies"]["parameters"]
    assert len(losses) == made["epochs"]
    floor = {"paper": 0.6075, "quarter": 0.614, "sample": 0.4939}[profile_of(file)]
    assert min(losses) > floor
    dead = losses[-1] > LOSS_OF_MID_GREY - 0.01
    assert dead or all(later < earlier + 0.005 for earlier, later in pairwise(losses))
    assert max(losses) < LOSS_OF_MID_GREY + 0.02


# Studies


@cache
def of_model(name: str) -> dict[str, float]:
    """What a model is made of: its weights, and multiplications for a pixel."""
    built = model.build(0, name)
    counted = description.multiplications(built)
    return {
        "weights": built.count_params(),
        "encoding_multiplications": counted.encoding,
        "decoding_multiplications": counted.decoding,
    }


@each("own-files.csv")
def test_what_is_said_of_a_studys_run_is_so_of_its_model_its_losses_and_its_table(
    file: Path,
) -> None:
    run = file.parents[1]
    losses = of_json(run / "model" / "history.json")
    even_grey = {of_json(one.with_name(store.MANIFEST))["facts"]["flat_psnr_db"]
        for one in all_files(file.name) if profile_of(one) == profile_of(file)}  # fmt: skip
    assert of_json(file.with_name(store.MANIFEST))["facts"] == {
        "images": table(file)["image"].nunique(),
        "last_loss": losses[-1]["loss"],
        **of_model(run.parent.name.partition("@")[0]),
        "flat_psnr_db": even_grey.pop(),
    }
    assert not even_grey, "the photographs are the same for all"


# Size ratios


@pytest.mark.parametrize("seed", SEEDS)
def test_the_table_of_ratios_says_of_the_model_what_the_scores_say(seed: int) -> None:
    folder = PAPER / f"seed-{seed}" / "ratios"
    scores, ratios = scores_of(seed), table(folder / "ratios.csv")
    of_method = dict(iter(ratios.groupby("method")))
    for method, column, more in (
        ("autoencoder", "reconstruction_bytes", 0),
        ("latent-clip", "latent_clip_bytes", 0),
        ("latent-stretch", "latent_stretch_bytes", 8),  # where its range begins and ends
    ):
        assert of_method[method]["bytes"].tolist() == (scores[column] + more).tolist(), method
    for column in ("size_ratio", "psnr_db", "ssim"):
        np.testing.assert_allclose(of_method["autoencoder"][column], scores[column], rtol=1e-5)
    original = scores["original_bytes"].to_numpy()[ratios["image"]]
    np.testing.assert_allclose(ratios["size_ratio"], ratios["bytes"] / original, rtol=1e-5)
    np.testing.assert_allclose(ratios["bpp"], ratios["bytes"] * 8 / 500**2, rtol=1e-5)
    writers = table(folder / "png-writers.csv")
    by_pillow = writers[writers["writer"] == "pillow"]
    for column in ("original_bytes", "reconstruction_bytes"):
        assert by_pillow[column].tolist() == scores[column].tolist()
    np.testing.assert_allclose(
        writers["size_ratio"],
        writers["reconstruction_bytes"] / writers["original_bytes"],
        rtol=1e-5,
    )


def test_what_has_nothing_to_do_with_the_model_is_the_same_with_each_seed() -> None:
    models = {"autoencoder", "latent-clip", "latent-stretch", "latent-float16", "latent-float32"}
    tables = [table(PAPER / f"seed-{seed}" / "ratios" / "ratios.csv") for seed in SEEDS]
    others = [one[~one["method"].isin(models)].reset_index(drop=True) for one in tables]
    assert set(tables[0]["method"]) > models
    assert all(one.equals(others[0]) for one in others)
    writers = [table(PAPER / f"seed-{seed}" / "ratios" / "png-writers.csv") for seed in SEEDS]
    originals = [one[["image", "writer", "original_bytes"]] for one in writers]
    assert all(one.equals(originals[0]) for one in originals)


# Rates


@each("rates.csv")
def test_rates_are_those_of_their_bytes_at_each_quality_of_each_image(file: Path) -> None:
    rates = table(file)
    pixels = rates["size"].map({size: PIXELS[profile_of(file), size] for size in ("full", "half")})
    np.testing.assert_allclose(rates["bpp"], rates["bytes"] * 8 / pixels, rtol=1e-5)
    assert not rates.duplicated(["image", "size", "codec", "quality"]).any()
    assert rates["ssim"].between(0, 1).all()
    assert len(rates) == math.prod(
        rates[column].nunique() for column in ("image", "size", "codec", "quality")
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_files_with_the_finest_step_give_what_the_scores_say_of_the_reconstruction(
    seed: int,
) -> None:
    rates = table(PAPER / f"seed-{seed}" / "rates" / "rates.csv")
    finest = rates[(rates["size"] == "full") & (rates["quality"] == rates["quality"].max())]
    of_image = finest.set_index("image").loc[scores_of(seed)["name"]]
    np.testing.assert_allclose(of_image["psnr_db"], scores_of(seed)["psnr_db"], atol=0.05)
    np.testing.assert_allclose(of_image["ssim"], scores_of(seed)["ssim"], atol=0.005)


@each("tables.npy")
def test_the_frequencies_of_each_row_of_the_coders_tables_have_one_sum(file: Path) -> None:
    frequencies = np.load(file, allow_pickle=False).astype(int)
    assert len(set(frequencies.sum(axis=-1).ravel())) == 1
    assert math.log2(frequencies[..., 0, :].sum()).is_integer()
    assert frequencies.min() >= 1


@each("times.csv")
def test_the_model_takes_longer_to_decode_with_each_seed_and_other_codecs_to_encode(
    file: Path,
) -> None:
    median = table(file)[["encode_seconds", "decode_seconds"]].median()
    is_model = set(table(file)["codec"]) == {"autoencoder"}
    assert (median["decode_seconds"] > median["encode_seconds"]) == is_model
