"""Nothing that is read runs code, and what is written is whole, or as it was before.

A file from elsewhere, such as a model or a table, may be made to do harm; a disk may fail at any
moment. The loaders are listed and each is given a hostile file; each writer is made to fail behind
every one of its calls on the file system in turn.
"""

import ast
import builtins
import errno
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reproduce import codec
from reproduce.codec import files, fitted, models
from reproduce.codec.stages import TABLES
from reproduce.core import sources, store
from reproduce.core import study as studies
from reproduce.core.backend import keras
from reproduce.core.errors import CodecError, ReproduceError
from reproduce.core.parameters import Parameters, read_profile
from reproduce.core.stage import Stage
from reproduce.data.preparation import PreparedData
from reproduce.models import autoencoder as model
from reproduce.models import training
from reproduce.results import claims, excerpt, record

# What reads files that may run code


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """Each call in the package: the file, the name that is called, and the call."""
    return [
        (path.relative_to(sources.PACKAGE).as_posix(), ast.unparse(node.func), node)
        for path in sorted(sources.PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
    ]


def option(call: ast.Call, name: str) -> Any:
    """Return what a call gives for an option, as source; None if it gives nothing."""
    return next((ast.unparse(one.value) for one in call.keywords if one.arg == name), None)


def test_models_are_read_in_one_place_and_in_safe_mode() -> None:
    found = [(file, call) for file, name, call in calls() if name.endswith("load_model")]
    assert [file for file, _ in found] == ["models/autoencoder.py"]
    assert option(found[0][1], "safe_mode") == "True"
    assert not [name for _, name, _ in calls() if "unsafe" in name]


def test_no_table_may_hold_pickles_and_nothing_else_runs_what_it_reads() -> None:
    tables = [call for _, name, call in calls() if name in ("np.load", "numpy.load")]
    assert len(tables) >= 5
    assert {option(call, "allow_pickle") for call in tables} <= {None, "False"}  # the default
    forbidden = {"eval", "exec", "compile", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}
    forbidden |= {"pickle.load", "pickle.loads", "os.system", "pd.read_pickle", "np.fromfile"}
    allowed = {("core/parameters.py", "yaml.load")}  # with a SafeLoader of our own, tried below
    assert {(file, name) for file, name, _ in calls() if name in forbidden} <= allowed


class Harm:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that is there when harm was done."""
    path = tmp_path / "harm"
    pickle.loads(pickle.dumps(Harm(path)))  # noqa: S301  # ours: it must be able to do harm
    assert path.exists()
    path.unlink()
    return path


def of_folder(tmp_path: Path) -> PreparedData:
    return PreparedData(tmp_path, ("a",), "f" * 64, {})


TABLE_LOADERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "images": ("train.npy", lambda folder: of_folder(folder).images("train")),
    "labels": ("train-labels.npy", lambda folder: of_folder(folder).labels("train")),
    "fitted tables": (fitted.FILE, lambda _: fitted.fit(Parameters())),
    "recorded tables": (fitted.FILE, lambda _: excerpt.recorded_codec()),
    "shipped tables": ("paper-0-tables.npy", lambda _: models.shipped.__wrapped__()),
}


@pytest.mark.parametrize("name", TABLE_LOADERS)
def test_a_table_with_a_pickle_in_it_is_refused_and_does_nothing(
    name: str, tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, load = TABLE_LOADERS[name]
    np.save(tmp_path / file, np.array([Harm(marker)], dtype=object), allow_pickle=True)
    monkeypatch.setattr(Stage, "folder", lambda *_: tmp_path)
    monkeypatch.setattr(record, "folder", lambda *_, **__: tmp_path)
    monkeypatch.setattr(models, "known", lambda: {1: {"name": "paper-0", "fingerprint": "00"}})
    monkeypatch.setattr(models, "SHIPPED", tmp_path)
    with pytest.raises(ValueError, match=r"allow_pickle|[Oo]bject"):
        load(tmp_path)
    assert not marker.exists()
    assert TABLES.recorded == (fitted.FILE,)


@pytest.mark.parametrize("load", [model.load, model.load_checkpoint])
def test_a_model_with_code_in_it_is_refused(load: Callable[[Path], object], tmp_path: Path) -> None:
    harmful = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Lambda(lambda x: 1 - x)])
    harmful.compile(optimizer="adam", loss="mse")
    harmful.save(tmp_path / "harmful.keras")
    with pytest.raises(ValueError, match=r"[Ll]ambda"):
        load(tmp_path / "harmful.keras")


YAML_LOADERS: dict[str, Callable[[Path], object]] = {
    "profile": lambda folder: read_profile("mine", folder),
    "study": lambda folder: studies.read("mine", folder),
    "claims": lambda folder: claims.read(folder / "mine.yaml"),
}


@pytest.mark.parametrize("name", YAML_LOADERS)
def test_yaml_that_asks_for_a_call_is_refused_and_nothing_is_called(
    name: str, tmp_path: Path, marker: Path
) -> None:
    text = f"profile: !!python/object/apply:os.mkdir ['{marker}']\n"
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ReproduceError):
        YAML_LOADERS[name](tmp_path)
    assert not marker.exists()


# What fails while it writes


@contextmanager
def failing_after(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Let the call on the file system of this number, from 0, do its work and then fail.

    `made` counts the calls, so that a caller knows when none was left to fail.
    """
    state = SimpleNamespace(made=0)

    def failing(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            done = call(*args, **options)
            state.made += 1
            if state.made == number + 1:
                if hasattr(done, "close"):
                    done.close()
                raise OSError(errno.EIO, "the disk fails")
            return done

        return wrapped

    def opening(call: Callable[..., Any]) -> Callable[..., Any]:
        broken = failing(call)

        def wrapped(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            return (call if mode in ("r", "rb") else broken)(file, mode, *args, **options)

        return wrapped

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "chmod"):
            patch.setattr(os, name, failing(getattr(os, name)))
        patch.setattr(io, "open", opening(io.open))
        patch.setattr(builtins, "open", opening(builtins.open))
        yield state


def with_each_call_failing(
    monkeypatch: pytest.MonkeyPatch, write: Callable[[], object], check: Callable[[], None]
) -> int:
    """Write again and again, each time with the next call failing; return how many calls there are.

    After each failure, `check` says what must hold.
    """
    for number in range(60):
        with failing_after(number, monkeypatch) as state:
            try:
                write()
            except (OSError, ReproduceError, CodecError):
                failed = True
            else:
                failed = False
        check()
        if not failed and state.made <= number:
            return number
    raise AssertionError("more calls than one can follow")


def test_an_artifact_has_its_name_only_with_all_its_files_whatever_fails(
    build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = iter(range(1000))

    def make(folder: Path) -> dict[str, int]:
        (folder / "one").write_text("one")
        (folder / "two").write_text("two")
        return {"answer": 42}

    def write() -> None:
        store.load_or_make("stage", "quick", {"attempt": next(attempts)}, make)

    def check() -> None:
        artifacts = [path for path in build_folder.glob("quick/stage-*") if not path.suffix]
        for artifact in artifacts:
            names = sorted(path.name for path in artifact.iterdir())
            assert names == [store.MANIFEST, "one", "two"]
            assert store.read_manifest(artifact)["facts"] == {"answer": 42}
            assert (artifact / "two").read_text() == "two"

    assert with_each_call_failing(monkeypatch, write, check) >= 6


def test_a_file_is_as_it_was_or_whole_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def check() -> None:
        assert file.read_bytes() in (b"old", b"new")
        file.write_bytes(b"old")

    calls = with_each_call_failing(monkeypatch, lambda: store.write_whole(file, b"new"), check)
    assert calls >= 3


def test_a_record_is_the_old_or_the_new_one_and_never_of_both_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, artifacts = tmp_path / "record" / "it", {}
    for word in ("old", "new"):
        artifacts[word] = tmp_path / word
        artifacts[word].mkdir()
        for name in (store.MANIFEST, "table.csv"):
            (artifacts[word] / name).write_text(json.dumps(word))
    record._write_stage(artifacts["old"], place, ["table.csv"])

    def check() -> None:
        if place.exists():  # else the old one is beside it, and git has it
            said = {(place / name).read_text() for name in (store.MANIFEST, "table.csv")}
            assert said in ({'"old"'}, {'"new"'})
            assert len((place / record.SUMS).read_text().splitlines()) == 2
        shutil.rmtree(place.parent)
        record._write_stage(artifacts["old"], place, ["table.csv"])

    def write() -> None:
        record._write_stage(artifacts["new"], place, ["table.csv"])

    assert with_each_call_failing(monkeypatch, write, check) >= 6


def test_a_training_always_has_the_checkpoint_of_its_last_epoch_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Autoencoder:
        """Saves the number of its epoch."""

        def save(self, path: Path) -> None:
            path.write_text(path.stem)

    def write() -> None:
        for epochs in (1, 2, 3):
            training._keep_epoch(tmp_path, Autoencoder(), [{"loss": 0.6}] * epochs)

    def check() -> None:
        history = training._read_history(tmp_path)
        if history:
            kept = tmp_path / f"checkpoint-{len(history):05d}.keras"
            assert kept.read_text() == kept.stem
        for path in tmp_path.iterdir():
            path.unlink()

    assert with_each_call_failing(monkeypatch, write, check) >= 9


@pytest.fixture
def compressed(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.cae"
    path.write_bytes(codec.compress(np.full((8, 12), 99, np.uint8)))
    return path


def test_a_decompressed_file_is_as_it_was_or_whole_whatever_fails(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = compressed.with_name("made.png")

    def check() -> None:
        if output.exists():
            with Image.open(output) as image:
                image.load()
        assert {path.suffix for path in compressed.parent.iterdir()} <= {".cae", ".png", ".tmp"}

    def write() -> None:
        files.decompress(compressed, output, force=True)

    assert with_each_call_failing(monkeypatch, write, check) >= 3


@pytest.mark.parametrize("force", [False, True])
def test_a_link_that_leads_nowhere_counts_as_a_file_and_stays_a_link(
    compressed: Path, force: bool
) -> None:
    link, target = compressed.with_name("link.png"), compressed.with_name("target.png")
    link.symlink_to(target)
    if not force:
        with pytest.raises(CodecError, match="exists already"):
            files.decompress(compressed, link)
        assert not target.exists()
    else:
        files.decompress(compressed, link, force=True)
        assert target.is_file()
    assert link.is_symlink()
