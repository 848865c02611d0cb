"""What jobs ask a cluster for: more than recorded runs have taken, and not much more."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from reproduce.core import store
from reproduce.core.parameters import Parameters, load_parameters
from reproduce.measure import resources, stages
from reproduce.models.stages import LITERAL, MODEL
from tests.recorded import all_files, each, profile_of

ROOT = Path(__file__).parents[1]
SNAKEMAKE = 360
"""Megabytes of the two processes that a job starts with, measured."""


def parameters_of(path: Path, stage: dict[str, Any]) -> Parameters:
    parameters = load_parameters(profile_of(path), ROOT / "profiles")
    return parameters.model_copy(update=stage["dependencies"]["parameters"])


@each(store.MANIFEST)
def test_a_job_asks_for_what_the_recorded_one_has_taken_and_not_for_thrice_that(
    path: Path,
) -> None:
    told = json.loads(path.read_text())
    stage = stages.find(told["stage"])
    asked = resources.megabytes(
        [stage], parameters_of(path, told), told["made"]["machine"]["cores"]
    )
    taken = told["made"]["peak_memory_bytes"] / 1e6 + SNAKEMAKE
    assert taken <= asked
    assert asked <= max(3 * taken, 1.3 * resources.MEGABYTES)
    assert told["made"]["seconds"] < 60 * resources.MINUTES


def test_memory_grows_with_the_image_and_where_it_does_with_batch_and_threads() -> None:
    small, large = Parameters(image_size=100), Parameters(image_size=1000)
    for stage in stages.EVERY:
        asked = [resources.megabytes([stage], one, 2) for one in (small, large)]
        assert asked[1] > asked[0] + 500
    whole = [resources.megabytes([LITERAL], large, 2)]
    more = large.model_copy(update={"batch_size": 2 * large.batch_size})
    assert resources.megabytes([LITERAL], more, 2) > 1.8 * whole[0]
    assert resources.megabytes([MODEL], more, 8) == resources.megabytes([MODEL], large, 2)
    assert resources.megabytes([stages.SCORES], large, 8) > resources.megabytes(
        [stages.SCORES], large, 2
    )
    assert resources.of_notebook(large) > resources.of_notebook(small) + 500


def test_one_process_for_several_stages_asks_for_the_largest() -> None:
    parameters = Parameters(image_size=1000)
    of_each = [resources.megabytes([one], parameters, 8) for one in (MODEL, stages.SCORES)]
    assert resources.megabytes([MODEL, stages.SCORES], parameters, 8) == max(of_each)


def test_each_rule_that_runs_something_has_memory_time_and_a_log() -> None:
    text = (ROOT / "Snakefile").read_text()
    rules = re.split(r"^ *rule\b", text, flags=re.MULTILINE)[1:]
    running = [rule for rule in rules if re.search(r"^ *shell:", rule, re.MULTILINE)]
    assert len(running) == 4
    for rule in running:
        assert re.search(r"^ *log:\n", rule, re.MULTILINE), rule
        assert re.search(r"^ *mem_mb=.*\n *runtime=minutes", rule, re.MULTILINE), rule


def test_a_job_is_started_again_as_often_and_with_as_much_as_the_page_says() -> None:
    settings = yaml.safe_load((ROOT / "cluster" / "slurm" / "config.yaml").read_text())
    page = " ".join((ROOT / "book" / "cluster.md").read_text(encoding="utf-8").split())
    (told,) = re.findall(r"is started again with (.*?);", page)
    times = ["twice as much of both", "three times as much", "four times as much"]
    assert told == ", then with ".join(times[: settings["retries"]])
    asked = re.findall(r"(\S+ . |)resources\.[a-zM]", (ROOT / "Snakefile").read_text())
    assert asked == ["attempt * "] * 4


def test_a_job_has_as_many_threads_as_the_page_says_and_as_the_recorded_runs_had() -> None:
    snakefile = (ROOT / "Snakefile").read_text()
    asked = re.findall(
        r"^THREADS = (\d+) if workflow.resource_settings.nodes", snakefile, re.MULTILINE
    )
    trained = [
        path for path in all_files(store.MANIFEST) if path.match("paper/paper/seed-*/model/*")
    ]
    cores = {json.loads(path.read_text())["made"]["machine"]["cores"] for path in trained}
    assert [int(one) for one in asked] == list(cores) == [2]
    assert "A job has two, as the recorded runs had" in (ROOT / "book" / "cluster.md").read_text()


def test_the_profile_for_slurm_names_no_account_and_is_no_profile_of_parameters() -> None:
    settings = yaml.safe_load((ROOT / "cluster" / "slurm" / "config.yaml").read_text())
    assert settings["executor"] == "slurm"
    assert settings["slurm-no-account"] is True
    assert settings["latency-wait"] >= 60, "NFS shows a file of another node after as long"
    assert not {"default-resources", "slurm-qos", "slurm-reservation"} & settings.keys()
    assert not list((ROOT / "profiles").glob("*/"))
    # As `make` has it, but for the cores.
    line = re.search(r"^SNAKEMAKE = snakemake (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line is not None
    assert line[1] == "--cores all --nolock --rerun-incomplete --quiet all --config"
    assert (settings["nolock"], settings["rerun-incomplete"], settings["quiet"]) == (
        True,
        True,
        "all",
    )
