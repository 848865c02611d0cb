"""The WebAssembly of the page "Try it": what is committed is what its source compiles to."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from reproduce.book import wasm
from reproduce.core import store
from reproduce.core.errors import ReproduceError

SOURCE = store.project_root() / wasm.SOURCE
COMMITTED = SOURCE.with_suffix(".wasm")

IS_COMPILER_THERE = importlib.util.find_spec("ziglang") is not None

compiler = pytest.mark.skipif(not IS_COMPILER_THERE, reason="needs Zig: make compiler")


@compiler
def test_the_source_compiles_to_the_bytes_that_are_committed_wherever_it_lies(
    tmp_path: Path,
) -> None:
    elsewhere = Path(shutil.copy(SOURCE, tmp_path / "other.c"))
    assert wasm.compiled(elsewhere) == COMMITTED.read_bytes()


@compiler
def test_what_does_not_compile_is_told(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int convolve(void) { return none; }\n")
    with pytest.raises(ReproduceError, match=r"wrong\.c does not compile: .*undeclared"):
        wasm.compiled(source)


def test_without_the_compiler_the_way_to_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    before = COMMITTED.read_bytes()
    with pytest.raises(SystemExit) as ended:
        wasm.main()
    assert ended.value.code == "error: needs the C compiler of Zig: make compiler"
    assert COMMITTED.read_bytes() == before


def test_the_module_is_small_asks_for_nothing_and_has_a_memory_that_does_not_grow() -> None:
    module = COMMITTED.read_bytes()
    assert module[:8] == b"\0asm\1\0\0\0"
    assert len(module) < 8_000
    # One memory with a least and a most, both in pages of 64 KiB, seven bits in a byte.
    pages = bytes([wasm.MEMORY >> 16 & 127 | 128, wasm.MEMORY >> 23])
    assert sections(module)[5] == b"\1\1" + pages + pages
    assert 2 not in sections(module), "it imports something"


def sections(module: bytes) -> dict[int, bytes]:
    """The sections of a module by their numbers: 2 are imports, 5 is the memory."""
    found, at = {}, 8
    while at < len(module):
        kind, at = module[at], at + 1
        size = shift = 0
        while True:
            byte, at = module[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        found[kind], at = module[at : at + size], at + size
    return found
