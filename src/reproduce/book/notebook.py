"""What a notebook says of itself before it is executed: its parameters, stages and imports."""

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reproduce.core.sources import Tree


@dataclass(frozen=True)
class Notebook:
    """A notebook that is stored in the project."""

    path: Path

    @cached_property
    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @property
    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = self._content["metadata"].get("reproduce", {})
        return about

    @property
    def stages(self) -> list[str]:
        """Names of the stages whose artifacts it uses, as its metadata lists them; * is any."""
        stages: list[str] = self._about.get("stages", [])
        return stages

    @property
    def of_seeds(self) -> bool:
        """Whether it uses them of each of the run's seeds that are judged, and of no other."""
        return bool(self._about.get("of") == "seeds")

    @property
    def reads(self) -> list[str]:
        """Further files of the project that it reads."""
        reads: list[str] = self._about.get("reads", [])
        return reads

    @cached_property
    def parameters(self) -> list[str]:
        """Names of the parameters that it declares, in the cell tagged `parameters`."""
        names = []
        for cell in self._cells("parameters"):
            for statement in ast.parse(_source(cell)).body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                names += [target.id for target in targets if isinstance(target, ast.Name)]
        return names

    @cached_property
    def code(self) -> str:
        """All its code as one text, without IPython's magic commands."""
        lines = "\n".join(_source(cell) for cell in self._cells()).splitlines()
        return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))

    def digest(self, tree: Tree) -> str:
        """Return 16 hexadecimal digits that name what the modules do that it imports."""
        return tree.digest(tree.imported_by(self.code))

    def _cells(self, tag: str | None = None) -> list[dict[str, Any]]:
        return [
            cell
            for cell in self._content["cells"]
            if cell["cell_type"] == "code"
            and (tag is None or tag in cell["metadata"].get("tags", []))
        ]


def executed_source(content: Mapping[str, Any]) -> str:
    """Return a hash of the source of the code cells of a notebook's content.

    Stored with the outputs when they are renewed, it tells later whether the source was changed
    since then.
    """
    code = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def stored_outputs(content: Mapping[str, Any]) -> str:
    """Return a hash of the outputs of a notebook's content, with all that they tell beside.

    Stored with them when they are renewed: nothing else may change them.
    """
    outputs = [cell["outputs"] for cell in content["cells"] if cell["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(outputs, sort_keys=True).encode()).hexdigest()


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
