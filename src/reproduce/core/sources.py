"""The source that something depends on: the closure of its imports, hashed by what it does.

Which modules count is read from the syntax trees, never listed by hand: every import of a module of
this package, also within a function, and the data files that a module names beside itself with
`Path(__file__).with_name("…")`. Comments, docstrings and layout do not count, so a sentence made
better makes nothing anew.
"""

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from reproduce.core import store

PACKAGE = Path(__file__).resolve().parents[1]
NAME = PACKAGE.name

MECHANISM = {
    f"{NAME}.{module}"
    for module in (
        *("core.store", "core.environment", "core.errors", "core.memory", "core.parameters"),
        *("core", "core.sources", "core.stage"),
    )
}
"""Modules that decide what is made, when and where it is kept, and never what is in it.

They are not followed, nor is a module named `stages`: a new parameter, or another message for a
full disk, makes nothing anew.
"""


class Tree:
    """The source files of a package, by the names of its modules.

    Parameters
    ----------
    files
        Path below the package, as `codec/tokens.py`, to content. Of a checkout these are the
        files on disk (`present`); of a commit, what git holds.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self._modules = {_module_name(path): path for path in self._files if path.endswith(".py")}

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The content of each file, by its path."""
        return self._files

    @property
    def modules(self) -> list[str]:
        """The names of all modules, in order."""
        return sorted(self._modules)

    def imports(self, module: str) -> set[str]:
        """Return the modules of the package that a module itself imports."""
        path = self._modules[module]
        return {name for name in _imports(module, path, self._files[path]) if name in self._modules}

    def closure(self, entries: Iterable[str]) -> list[str]:
        """Return the modules that these modules import, themselves included, in order.

        Raises
        ------
        KeyError
            There is no such module.
        """
        found: set[str] = set()
        waiting = set(entries)
        while waiting:
            module = waiting.pop()
            found.add(module)
            waiting |= {name for name in self.imports(module) - found if not _is_mechanism(name)}
        return sorted(found)

    def imported_by(self, code: str) -> list[str]:
        """Return the closure of what some code outside of the package imports."""
        imported = _imports("", "", code.encode())
        return self.closure(name for name in imported if name in self._modules)

    def files(self, modules: Sequence[str]) -> list[str]:
        """Return the files of these modules, and the data files that they name beside them."""
        paths: list[str] = []
        for module in modules:
            path = self._modules[module]
            paths.append(path)
            folder = path.rpartition("/")[0]
            for name in _data_names(self._files[path]):
                beside = f"{folder}/{name}".lstrip("/")
                paths += sorted(
                    other
                    for other in self._files
                    if other == beside or other.startswith(f"{beside}/")
                )
        return paths

    def digest(self, modules: Sequence[str]) -> str:
        """Return 16 hexadecimal digits that name what these modules do."""
        whole = hashlib.sha256()
        for path in self.files(modules):
            content = self._files[path]
            part = _meaning(content) if path.endswith(".py") else hashlib.sha256(content).digest()
            whole.update(path.encode() + b"\0" + part)
        return whole.hexdigest()[:16]


def present() -> Tree:
    """Return the package's files as they are on disk now."""
    return Tree(
        {
            file.relative_to(PACKAGE).as_posix(): file.read_bytes()
            for file in sorted(PACKAGE.rglob("*"))
            if file.is_file() and "__pycache__" not in file.parts
        }
    )


def remember(tree: Tree, file: Path) -> None:
    """Take what the modules do from a file, by the hashes of their content, and keep it there.

    Reading all modules' syntax takes a third of a second, each time that the workflow only looks
    whether something is to be made. The file may be lost or damaged: then they are read anew.
    """
    python_files = [content for path, content in tree.contents.items() if path.endswith(".py")]
    names = {_content_name(content): content for content in python_files}
    try:
        known = {name: bytes.fromhex(text) for name, text in json.loads(file.read_bytes()).items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        known = {}
    _KNOWN.update({name: known[name] for name in names & known.keys()})
    if names.keys() != known.keys():
        meanings = {name: _meaning(content).hex() for name, content in names.items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        store.write_whole(file, json.dumps(meanings, indent=0).encode())


def _is_mechanism(module: str) -> bool:
    return module in MECHANISM or module.endswith(".stages")


def _module_name(path: str) -> str:
    """Return the dotted name of a file below the package: `codec/__init__.py`, reproduce.codec."""
    parts = path.removesuffix(".py").split("/")
    return ".".join([NAME, *(part for part in parts if part != "__init__")])


@lru_cache(maxsize=4096)
def _imports(module: str, path: str, content: bytes) -> frozenset[str]:
    """Return the names that code imports and that could be modules, and packages around them."""
    names: set[str] = set()
    for node in _running(ast.parse(content)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = (
                    module.split(".") if path.endswith("__init__.py") else module.split(".")[:-1]
                )
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *([base] if base else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    ours = {name for name in names if name.partition(".")[0] == NAME}
    return frozenset(
        ".".join(name.split(".")[:length])
        for name in ours
        for length in range(1, name.count(".") + 2)
    )


def _running(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield all statements but for those that only type checkers see."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
            continue
        if isinstance(node, ast.stmt):
            yield node
        # Expressions hold no statements; looking into them would take most of the time.
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, name, ())


_BESIDE = re.compile(rb'Path\(__file__\)(?:\.resolve\(\))?\.with_name\("([^"]+)"\)')


def _data_names(content: bytes) -> list[str]:
    return [name.decode() for name in _BESIDE.findall(content)]


_KNOWN: dict[str, bytes] = {}
"""Hashes of what code does, by the name of its content."""

_READER = hashlib.sha256(str(sys.version_info[:2]).encode() + Path(__file__).read_bytes()).digest()


def _content_name(content: bytes) -> str:
    """Return a hash of code, and of what reads it: this module, and this Python."""
    return hashlib.sha256(_READER + content).hexdigest()


def _meaning(content: bytes) -> bytes:
    """Return a hash of what Python code does: its syntax tree without docstrings."""
    name = _content_name(content)
    if name not in _KNOWN:
        _KNOWN[name] = hashlib.sha256(repr(_plain(_without_texts(content))).encode()).digest()
    return _KNOWN[name]


def _without_texts(content: bytes) -> ast.Module:
    """Return a syntax tree without docstrings."""
    tree = ast.parse(content)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A text alone does nothing, at the start (a docstring) or below an assignment.
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _plain(node: object) -> object:
    """Return a syntax tree as nested tuples, without empty fields: Python versions add such."""
    if isinstance(node, ast.AST):
        kept: list[object] = [type(node).__name__]
        for name in node._fields:
            value = getattr(node, name, None)
            if value is not None and value != []:
                kept.append((name, _plain(value)))
        return tuple(kept)
    if isinstance(node, list):
        return tuple([_plain(one) for one in node])
    return repr(node) if isinstance(node, (bool, int, float, complex, bytes, str)) else node
