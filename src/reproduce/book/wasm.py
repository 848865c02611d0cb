"""The costly layers of the page "Try it", from C to WebAssembly.

    python -m reproduce.book.wasm

compiles `layers.c` in `book/try_it/` to `layers.wasm` beside it, by the C compiler of Zig, which
`make compiler` installs. The result is committed: the book is made without a compiler.
"""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from reproduce.core import store
from reproduce.core.errors import ReproduceError

SOURCE = Path("book") / "try_it" / "layers.c"

MEMORY = 8 << 20
"""Bytes of the module's memory: of the paper's model, a band is then nearly a whole tile."""

_OPTIONS = (
    *("-target", "wasm32-freestanding", "-msimd128", "-O3", "-nostdlib"),
    # A product and a sum are rounded one after the other, as JavaScript's.
    "-ffp-contract=off",
    *("-Wall", "-Wextra", "-Werror"),
    "-Wl,--no-entry,--strip-all,--export=convolve,--export=__heap_base",
    f"-Wl,--initial-memory={MEMORY},--max-memory={MEMORY}",
)


def compiled(source: Path) -> bytes:
    """Return a module of WebAssembly, from its source in C.

    Raises
    ------
    ReproduceError
        The compiler isn't installed, or refuses the source.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise ReproduceError("needs the C compiler of Zig: make compiler")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "layers.wasm"
        command = [sys.executable, "-m", "ziglang", "cc", *_OPTIONS, "-o", str(target), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ReproduceError(f"{source} does not compile: {done.stderr}")
        return target.read_bytes()


def main() -> None:
    """Compile the page's layers."""
    source = store.project_root() / SOURCE
    try:
        module = compiled(source)
    except ReproduceError as error:
        sys.exit(f"error: {error}")
    target = source.with_suffix(".wasm")
    store.write_whole(target, module)
    print(f"{target}: {len(module):,} bytes")


if __name__ == "__main__":
    main()
