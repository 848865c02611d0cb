"""What a run ran in: versions as installed, and the commit, told apart from one with changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce.core import environment, store
from reproduce.core.backend import tensorflow


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that passes for the checkout; it is no repository yet."""
    root = tmp_path / "checkout"
    root.mkdir()
    monkeypatch.setattr(store, "project_root", lambda: root)
    return root


@pytest.fixture
def repository(root: Path) -> Path:
    """A checkout with one file and one commit."""
    (root / "file").write_text("text\n")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "A file")
    return root


def test_a_clean_tree_is_told_by_its_commit(repository: Path) -> None:
    assert environment.commit() == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["file", "new-file"])
def test_uncommitted_changes_are_told(repository: Path, name: str) -> None:
    (repository / name).write_text("another text\n")
    assert environment.commit() == git(repository, "rev-parse", "HEAD") + "-dirty"


def test_what_git_ignores_is_no_change(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("build\n")
    (repository / "build").write_text("made")
    assert not str(environment.commit()).endswith("-dirty")


def test_changes_in_a_folder_that_is_left_out_make_no_other_commit(repository: Path) -> None:
    (repository / "results").mkdir()
    (repository / "results" / "new.json").write_text("{}")
    assert str(environment.commit()).endswith("-dirty")
    assert environment.commit(apart_from=["results"]) == git(repository, "rev-parse", "HEAD")
    (repository / "more.py").write_text("")
    assert str(environment.commit(apart_from=["results"])).endswith("-dirty")


def test_outside_of_git_there_is_no_commit(root: Path) -> None:
    assert environment.commit() is None


def test_the_commit_of_a_repository_around_the_checkout_is_not_ours(root: Path) -> None:
    git(root.parent, "init", "--quiet")
    git(root.parent, "commit", "--quiet", "--allow-empty", "--message", "Nothing")
    assert environment.commit() is None


def test_without_git_there_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert environment.commit() is None


def test_versions_name_the_tensorflow_that_is_imported() -> None:
    assert environment.versions()["tensorflow"] == tensorflow.__version__


def test_variables_that_numbers_can_depend_on_are_told_without_paths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {})
    told = {"TF_X": "1", "OMP_NUM_THREADS": "3,2", "MKL_CBWR": "AVX2", "NPY_DISABLE_CPU": "X"}
    hidden = {"HOME": "/home/ada", "PATH": "/bin", "HF_TOKEN": "secret"}
    paths = {"XLA_FLAGS": "--a=true --dump=/home/ada lovelace", "KERAS_HOME": r"C:\Users\ada"}
    os.environ.update(told | hidden | paths)
    without = {"XLA_FLAGS": "--a=true --dump=…", "KERAS_HOME": "…"}
    assert environment.variables() == told | without


def test_the_command_line_drops_settings_and_keeps_threads(tmp_path: Path) -> None:
    """They are in effect once TensorFlow is loaded, and oneDNN's is made before that."""
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os\n"
        "atexit.register(lambda: print({n: os.environ.get(n) for n in ("
        "'TF_ENABLE_ONEDNN_OPTS', 'XLA_FLAGS', 'ONEDNN_MAX_CPU_ISA', 'TF_NUM_INTRAOP_THREADS')}))\n"
    )
    users = {"TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--none", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    # Before what stands there already: a copy of the package that is tested, as by `make mutants`.
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [Path(sys.executable).with_name("reproduce"), "--help"],
        env=os.environ | users | {"TF_NUM_INTRAOP_THREADS": "7", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(
        {
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "XLA_FLAGS": None,
            "ONEDNN_MAX_CPU_ISA": None,
            "TF_NUM_INTRAOP_THREADS": "7",
        }
    )
