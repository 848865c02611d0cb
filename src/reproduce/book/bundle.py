"""JavaScript modules as one classic script, so that a page works that was opened from a disk.

Browsers load modules, and the code of workers, from servers alone. Each module becomes a function
that returns what it exports; all of them stand in one function, `program`, in the order in which
they need one another. The module that comes last exports `main`, which is given that function, with
whose text it can begin a worker, and the data.

Of JavaScript's ways to import and export, our modules have these:

    import { name, name as other } from "./module.js";
    export const name = …; export function name …; export async function …; export class Name …
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reproduce.core.errors import ReproduceError

_IMPORT = re.compile(
    r'^import \{(?P<names>[^}]*)\} from "\./(?P<module>[\w-]+)\.js";\n', re.MULTILINE
)
_EXPORT = re.compile(
    r"^export (?=(?:const|(?:async )?function\*?|class) (?P<name>\w+))", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(entry: Path, data: Mapping[str, Any]) -> str:
    """Return a script of a module, of all that it imports, and of data for its `main`.

    Raises
    ------
    ReproduceError
        A module imports or exports in another way, or modules need each other in a circle.
    """
    modules: dict[str, str] = {}
    _collect(entry.parent, entry.stem, modules, ())
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (
        "(() => {\n"
        "function program(data) {\n"
        '"use strict";\n'
        f"{''.join(modules.values())}"
        f"{_variable(entry.stem)}.main(program, data);\n"
        "}\n"
        f"program({told});\n"
        "})();\n"
    )


def _collect(folder: Path, name: str, modules: dict[str, str], within: tuple[str, ...]) -> None:
    """Add a module, after those that it needs."""
    if name in within:
        raise ReproduceError(f"modules need each other: {' -> '.join([*within, name])}")
    text = (folder / f"{name}.js").read_text(encoding="utf-8")
    for needed in _IMPORT.finditer(text):
        if needed["module"] not in modules:
            _collect(folder, needed["module"], modules, (*within, name))
    exported = [found["name"] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    other = _OTHER.search(body)
    if other:
        raise ReproduceError(f"{name}.js: the bundle has no way for: {other[0]}")
    modules[name] = (
        f"const {_variable(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"
    )


def _taken(imported: re.Match[str]) -> str:
    """Return what an import becomes: names out of a module's function."""
    names = re.sub(r"\s+as\s+", ": ", " ".join(imported["names"].split()).rstrip(","))
    return f"const {{ {names} }} = {_variable(imported['module'])};\n"


def _variable(module: str) -> str:
    return f"module_{module.replace('-', '_')}"
