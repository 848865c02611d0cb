"""Parameters: the defaults, the committed profiles, what is refused and how, command-line words."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reproduce.core import words
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import (
    Parameters,
    declared,
    load_parameters,
    parse_overrides,
    parse_seeds,
    read_profile,
)

PROFILES = Path(__file__).parents[1] / "profiles"
NAMES = list(Parameters.model_fields)


def refusal(**values: Any) -> str:
    """The message with which these values are refused."""
    with pytest.raises(ReproduceError) as caught:
        Parameters(**values)
    return str(caught.value)


# The committed profiles


def test_the_defaults_are_the_sample_profile_word_for_word():
    assert yaml.safe_load((PROFILES / "sample.yaml").read_text()) == Parameters().model_dump()


def test_the_paper_profile_is_the_setting_of_the_paper():
    paper = load_parameters("paper", PROFILES)
    assert (paper.source, paper.image_size) == ("beans", 500)
    assert (paper.epochs, paper.batch_size) == (10, 32)
    assert (paper.example_split, paper.example_index) == ("train", 0)
    assert paper.folder == ""


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_committed_profile_is_valid_complete_and_bears_the_name_of_its_file(file):
    values = yaml.safe_load(file.read_text())
    assert Parameters(**values).profile == file.stem
    assert list(values) == NAMES


# What is refused


def test_an_unknown_parameter_is_refused_with_the_list_of_the_known_ones():
    message = refusal(epoch=3)
    assert "unknown parameter 'epoch'" in message
    assert all(name in message for name in NAMES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", "ten"),
        ("epochs", "10"),
        ("epochs", 3.0),
        ("epochs", None),
        ("epochs", [10]),
        ("image_size", "500"),
        ("batch_size", {}),
        ("folder", 2024),
        ("folder", None),
        ("profile", 1),
        ("source", 1),
        ("other_sizes", True),
        ("example_index", "0"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_by_name_with_the_value(name, value):
    message = refusal(**{name: value})
    assert f"'{name}'" in message
    assert repr(value) in message


@pytest.mark.parametrize("name", ["epochs", "batch_size", "seed", "image_size", "example_index"])
def test_true_is_no_number(name):
    assert f"'{name}'" in refusal(**{name: True})


BOUNDS = {
    "image_size": (8, 4096),
    "crops_per_photograph": (1, 400),
    "epochs": (1, 10_000),
    "batch_size": (1, 4096),
    "seed": (0, 2**32 - 1),
    "example_index": (0, None),
    "rate_images": (1, 1_000_000),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_is_taken_up_to_its_bounds_and_refused_beyond_them(name):
    least, greatest = BOUNDS[name]
    assert getattr(Parameters(**{name: least}), name) == least
    assert f"'{name}'" in refusal(**{name: least - 1})
    if greatest is not None:
        assert getattr(Parameters(**{name: greatest}), name) == greatest
        message = refusal(**{name: greatest + 1})
        assert f"'{name}'" in message
        assert str(greatest) in message or str(greatest + 1) in message


ABOVE_NOTHING = {"quantisation_step": 16, "regularisation_weight": 1000}


@pytest.mark.parametrize("name", ABOVE_NOTHING)
def test_a_decimal_number_is_above_nothing_and_at_most_its_bound(name):
    greatest = ABOVE_NOTHING[name]
    for value in (1e-9, float(greatest)):
        assert getattr(Parameters(**{name: value}), name) == value
    for value in (0.0, -1e-9, greatest + 1e-6):
        assert f"'{name}'" in refusal(**{name: value})


CHOICES = {
    "source": ("sample", "beans", "excerpt", "folder"),
    "other_sizes": ("resize", "refuse"),
    "bad_images": ("refuse", "skip"),
    "quantisation": ("none", "noise", "straight-through"),
    "regularisation": ("none", "weight-decay", "latent-dropout", "latent-l1", "rate"),
    "example_split": ("train", "validation", "test"),
    "latent_reading": ("clip", "stretch"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_word_outside_the_choices_is_refused_with_the_choices(name):
    message = refusal(**{name: "other"})
    assert f"'{name}'" in message
    allowed = message.partition("should be ")[2].partition(", but got")[0]
    assert set(re.findall(r"'([^']+)'", allowed)) == set(CHOICES[name])


def test_every_parameter_has_bounds_choices_or_a_form_of_its_own():
    of_form = {"profile", "folder", "model", "seeds"}
    assert {*BOUNDS, *ABOVE_NOTHING, *CHOICES, *of_form} == set(NAMES)


@pytest.mark.parametrize("profile", ["", "../up", "a/b", ".hidden", "Größe", "two words", "-x"])
def test_a_profile_name_that_is_no_plain_folder_name_is_refused(profile):
    assert "'profile'" in refusal(profile=profile)


def test_all_faults_are_told_at_once():
    message = refusal(epochs=0, batch_size="many", epoch=3)
    assert all(f"'{name}'" in message for name in ("epochs", "batch_size", "epoch"))


@given(st.integers() | st.integers(-5, 10_005))
def test_any_whole_number_is_either_kept_or_refused_by_name(number):
    if 1 <= number <= 10_000:
        assert Parameters(epochs=number).epochs == number
    else:
        assert "'epochs'" in refusal(epochs=number)


# The folder belongs to its sources


def test_source_folder_needs_a_folder():
    assert refusal(source="folder").startswith("parameter folder: needed")


def test_source_sample_takes_no_folder():
    assert refusal(source="sample", folder="photographs").startswith("parameter folder: ")


@pytest.mark.parametrize("folder", ["", "beans"])
def test_source_beans_takes_a_local_copy_or_the_hub(folder):
    assert Parameters(source="beans", folder=folder).folder == folder


def test_parameters_cannot_be_changed_afterwards():
    parameters = Parameters()
    with pytest.raises(ValidationError):
        parameters.epochs = 3
    assert parameters.epochs == 10


# Reading profiles


def test_a_profile_is_found_by_its_name_and_by_its_path(tmp_path):
    (tmp_path / "mine.yaml").write_text("epochs: 3\n")
    assert read_profile("mine", tmp_path) == {"epochs": 3}
    assert read_profile(tmp_path / "mine.yaml", PROFILES) == {"epochs": 3}


def test_an_unknown_profile_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "yours.yaml").touch()
    with pytest.raises(ReproduceError, match=r"'theirs'.*known are mine, yours"):
        read_profile("theirs", tmp_path)


@pytest.mark.parametrize("text", ["1:30", "1_0", "0x10", "0o17", "2024-05-01"])
def test_a_number_of_a_profile_is_decimal_or_refused_as_written(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(f"seed: {text}\nfolder: {text}\nepochs: 010\n")
    assert read_profile("mine", tmp_path) == {"seed": text, "folder": text, "epochs": 10}
    with pytest.raises(ReproduceError, match=f"'seed'.*{text}"):
        load_parameters("mine", tmp_path)


def test_a_profile_that_is_not_yaml_is_refused_by_name(tmp_path):
    (tmp_path / "broken.yaml").write_text("epochs: [1, 2\nseed: 3")
    with pytest.raises(ReproduceError, match=r"broken\.yaml is not valid YAML"):
        read_profile("broken", tmp_path)


@pytest.mark.parametrize("text", ["", "- epochs\n- 3\n", "epochs\n", "3\n"])
def test_a_profile_that_holds_no_names_and_values_is_refused_by_name(tmp_path, text):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ReproduceError, match=r"odd\.yaml must hold lines of the form"):
        read_profile("odd", tmp_path)


def test_a_profile_in_another_encoding_than_utf8_is_refused_by_name(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("folder: Blätter\n".encode("latin-1"))
    with pytest.raises(ReproduceError, match=r"latin\.yaml"):
        read_profile("latin", tmp_path)


def test_a_profile_whose_names_are_no_words_is_refused(tmp_path):
    (tmp_path / "numbers.yaml").write_text("1: 2\n")
    with pytest.raises(ReproduceError, match="1"):
        load_parameters("numbers", tmp_path)


def test_overrides_win_over_the_profile_and_leave_the_rest():
    changed = load_parameters("paper", PROFILES, {"epochs": 3})
    assert changed.model_dump() == read_profile("paper", PROFILES) | {"epochs": 3}


def test_overrides_are_validated_like_a_profile():
    with pytest.raises(ReproduceError, match="'epochs'"):
        load_parameters("sample", PROFILES, {"epochs": 0})


# Words of a command line


def test_words_of_a_command_line_become_typed_values():
    words = ["epochs=3", "source=beans", "quantisation_step=1e-1", "seed=010"]
    expected = {"epochs": 3, "source": "beans", "quantisation_step": 0.1, "seed": 10}
    assert parse_overrides(words) == expected


@pytest.mark.parametrize(
    "text", ["0x10", "0b1", "1:30", "1_0", "1,000", "3.0", " 3", "٣", "9" * 99]
)
@pytest.mark.parametrize("name", ["epochs", "seed"])
def test_what_only_some_languages_take_for_a_number_is_refused_as_typed(name, text):
    with pytest.raises(ReproduceError, match=f"'{name}'") as caught:
        Parameters(**parse_overrides([f"{name}={text}"]))
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["1_0.5", "nan", "inf", "0x1p3", "1:30.5", "٣", ""])
def test_a_step_that_is_no_decimal_number_is_refused_as_typed(text):
    with pytest.raises(ReproduceError, match="'quantisation_step'"):
        Parameters(**parse_overrides([f"quantisation_step={text}"]))


@pytest.mark.parametrize("text", ["2024", "1e3", "true", "null", "", "a=b", "[x", "~", "a: b"])
@pytest.mark.parametrize("name", ["folder", "profile"])
def test_a_text_parameter_stays_text_whatever_yaml_makes_of_it(name, text):
    assert parse_overrides([f"{name}={text}"]) == {name: text}


@pytest.mark.parametrize("word", ["epochs", "=3", "", "epochs:3"])
def test_a_word_that_is_no_assignment_is_refused_with_the_right_form(word):
    with pytest.raises(ReproduceError, match="name=value") as caught:
        parse_overrides([word])
    assert repr(word) in str(caught.value)


def test_the_name_in_an_unknown_assignment_is_left_to_the_validation():
    assert parse_overrides(["epoch=3"]) == {"epoch": "3"}


# As papermill sets them


def test_a_name_that_papermill_only_warns_of_is_refused():
    cells = ["", "image_size = 128", '# Parameters\nprofile = "sample"\nimages_size = 64\n']
    namespace = {"In": cells, "image_size": 128, "profile": "sample", "images_size": 64, "np": None}
    with pytest.raises(ReproduceError, match="unknown parameter 'images_size'"):
        declared(namespace)


def test_what_papermill_sets_counts_and_other_names_of_a_notebook_do_not():
    cells = ["", "import os", '# Parameters\nepochs = 3\nseed = 7\nfolder = ""\n', "x = 1"]
    namespace = {"In": cells, "epochs": 3, "seed": 7, "folder": "", "os": None, "x": 1}
    assert declared(namespace) == Parameters(epochs=3, seed=7)


@pytest.mark.parametrize(("name", "value"), [("folder", 202405), ("seeds", 0), ("folder", None)])
def test_text_that_papermill_has_made_a_number_is_refused_with_the_way_to_give_it(name, value):
    cells = [f"# Parameters\n{name} = {value!r}\n"]
    with pytest.raises(ReproduceError, match=f"parameter '{name}': papermill.*-r {name}"):
        declared({"In": cells, name: value})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("~/photos", "home/photos"), ("photos", "here/photos"), ("../photos", "here/../photos")],
)
def test_a_folder_is_that_of_the_user_or_stands_beside_where_the_command_was_typed(
    tmp_path, monkeypatch, typed, meant
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    read = load_parameters("paper", PROFILES, {"folder": typed})
    assert read.folder == str(tmp_path / meant)


# Words of make


@pytest.mark.parametrize(
    "folder", ["/Trip #1", "/{x}", "2024_05", "/it's", '/a"b', "$HOME", "~/a b", "`x`;*", "a\\b"]
)
def test_a_word_of_make_reaches_the_command_as_typed(folder):
    typed = f"epochs=3 folder={shlex.quote(folder)}"
    assert shlex.split(words.quoted(typed, ["-p"])) == ["-p", "epochs=3", "-p", f"folder={folder}"]
    through_a_shell = subprocess.run(
        ["sh", "-c", f"printf '%s\n' {words.quoted(typed)}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert through_a_shell.stdout.splitlines() == ["epochs=3", f"folder={folder}"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("folder=/my photos", "parameter 'photos': write it as name=value"),
        ("folder=/Trip #1", "parameter '#1': write it as name=value"),
        ("epochs", "parameter 'epochs': write it as name=value"),
        ("e=3", "unknown parameter 'e'; known are profile"),
        ("folder=/Bob's", "PARAMETERS: No closing quotation in: folder=/Bob's"),
    ],
)
def test_words_of_make_that_are_no_parameters_are_refused(typed, message):
    with pytest.raises(ReproduceError, match=re.escape(message)):
        words.quoted(typed)


@given(number=st.integers(1, 10_000), folder=st.text(min_size=1))
def test_a_run_can_be_told_in_words_as_well_as_in_values(number, folder):
    words = [f"epochs={number}", "source=folder", f"folder={folder}"]
    expected = Parameters(epochs=number, source="folder", folder=folder)
    assert Parameters(**parse_overrides(words)) == expected


# Lists of seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("", []),
        ("7", [7]),
        ("0..4", [0, 1, 2, 3, 4]),
        ("3..3", [3]),
        ("0, 5..6,2", [0, 5, 6, 2]),
        ("4294967295", [2**32 - 1]),
    ],
)
def test_a_list_of_seeds_is_numbers_and_ranges_with_both_ends(text, seeds):
    assert parse_seeds(text) == seeds
    assert Parameters(seeds=text).seeds == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4..0", "must run upwards"),
        ("4294967296", "below 2^32"),
        ("0..4,3", "a seed comes twice"),
        ("0..1000", "more than 1000 seeds"),
        ("0..9999999999", "below 2^32"),
        ("1..2..3", "neither a seed nor a range"),
        ("-1", "neither a seed nor a range"),
        ("all", "neither a seed nor a range"),
        ("0,", "neither a seed nor a range"),
    ],
)
def test_any_other_list_of_seeds_is_refused_by_name(text, message):
    refused = refusal(seeds=text)
    assert refused.startswith("parameter 'seeds': ")
    assert message in refused
    assert refused.endswith(f"but got {text!r}")


@pytest.mark.parametrize("source", ["sample", "excerpt"])
def test_a_folder_is_refused_where_the_photographs_ship_with_a_package(source: str) -> None:
    message = refusal(source=source, folder="/data")
    assert f"no meaning with source '{source}'" in message
    assert "source: folder" in message
