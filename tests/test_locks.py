"""What two processes make at once: one waits, and says for what; nothing is half changed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import nbformat
import pytest

from reproduce.book import execute, pdf, provenance, render
from reproduce.core import store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from tests.test_provenance import an_execution, executed
from tests.test_store import wait_for

Make = Callable[[Path], object]

MAKERS: dict[str, tuple[Make, Callable[[Path], Path], str]] = {
    "notebook chapter.ipynb": (
        lambda build: execute.execute(Path("c.ipynb"), build / "chapter.ipynb", Parameters()),
        lambda build: build / "chapter.lock",
        "reproduce.book.execute._execute",
    ),
    "book of profile 'sample'": (
        lambda build: render.render("sample"),
        lambda build: build / "sample" / "book.lock",
        "reproduce.book.render._render",
    ),
    "book of profile 'paper'": (
        lambda build: pdf.write("paper"),
        lambda build: build / "paper" / "book.lock",
        "reproduce.book.pdf._write",
    ),
}


@pytest.mark.parametrize("what", MAKERS)
def test_who_makes_what_another_makes_waits_and_says_so(
    what: str,
    build_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make, lock, inner = MAKERS[what]
    begun: list[object] = []

    def begin(*arguments: object) -> Path:
        begun.append(arguments)
        return Path("made")

    monkeypatch.setattr(inner, begin)
    said = ""

    def told() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return bool(said)

    with store.locked(lock(build_folder), "same"):
        second = Thread(target=make, args=(build_folder,))
        second.start()
        wait_for(told, "the second says that it waits")
        assert not begun
    second.join(timeout=30)
    assert len(begun) == 1
    assert said.startswith(f"waiting for another process that makes the {what} (")


@pytest.fixture
def executes(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], nbformat.NotebookNode]:
    """A function that has notebooks executed at once, with a result and a seed of that number."""

    def run_as(number: int) -> nbformat.NotebookNode:
        content = executed(("code", f"print({number})", 1.0, None))
        content.cells[0].outputs = [nbformat.v4.new_output("stream", text=f"{number}\n")]
        provenance.attach(content, an_execution(seed=number))
        monkeypatch.setattr(execute, "_run", lambda *_: content)
        return content

    return run_as


def result(output: Path) -> tuple[str, int]:
    """What an executed notebook shows, and the seed of its provenance."""
    shown: str = nbformat.read(output, as_version=4).cells[0].outputs[0].text
    return shown, provenance.read(output).seed


@pytest.mark.parametrize("where", ["write_bytes", "replace"])
def test_a_notebook_and_its_provenance_change_together_or_not_at_all(
    where: str,
    tmp_path: Path,
    executes: Callable[[int], nbformat.NotebookNode],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "chapter.ipynb"
    executes(1)
    execute.execute(Path("chapter.ipynb"), output, Parameters())
    executes(2)
    with monkeypatch.context() as interrupted:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        interrupted.setattr(Path, where, stop)
        with pytest.raises(KeyboardInterrupt):
            execute.execute(Path("chapter.ipynb"), output, Parameters())
    assert result(output) == ("1\n", 1)
    execute.execute(Path("chapter.ipynb"), output, Parameters())
    assert result(output) == ("2\n", 2)


def test_what_a_killed_execution_has_left_disturbs_no_other(
    tmp_path: Path, executes: Callable[[int], nbformat.NotebookNode]
) -> None:
    output = tmp_path / "chapter.ipynb"
    output.with_suffix(".running.ipynb").write_text("half a noteb")
    executes(3)
    execute.execute(Path("chapter.ipynb"), output, Parameters())
    assert result(output) == ("3\n", 3)
    assert sorted(path.name for path in tmp_path.glob("chapter*")) == [
        "chapter.ipynb",
        "chapter.lock",
    ]


def test_a_book_is_replaced_as_a_whole(build_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is removed of the last one has another name by then."""
    book = build_folder / "sample" / "book"
    book.mkdir(parents=True)
    (book / "index.html").write_text("last")

    def rendered(command: list[str], **_: object) -> object:
        pages = Path(command[command.index("--path-output") + 1]) / "_build" / "html"
        pages.mkdir(parents=True)
        (pages / "index.html").write_text("new")
        return type("Done", (), {"returncode": 0})

    seen = []
    remove = shutil.rmtree

    def removed(folder: Path, ignore_errors: bool = False) -> None:
        seen.append((folder.name, (book / "index.html").read_text()))
        remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(render, "_assemble", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", rendered)
    monkeypatch.setattr(shutil, "rmtree", removed)
    assert render.render("sample").read_text() == "new"
    assert "book" not in [name for name, _ in seen]
    assert ("book-before", "new") in seen
    assert sorted(path.name for path in book.parent.iterdir()) == ["book", "book.lock", "book.log"]


def test_a_notebook_that_cannot_be_executed_is_waited_for_no_longer(tmp_path: Path) -> None:
    output = tmp_path / "chapter.ipynb"
    for _ in range(2):
        with pytest.raises((ReproduceError, OSError)):
            execute.execute(tmp_path / "missing.ipynb", output, Parameters())
