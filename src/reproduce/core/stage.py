"""One object for each stage: what makes it, what it depends on, where it is kept.

A stage is declared where no heavy import is needed, in the `stages.py` of a room, so that the
workflow and the command line know all stages at once. What makes it is named by module and
function, and imported when there is something to make. All else follows from the declaration: the
name of the artifact, its manifest, the rule of the workflow, the command, the place in the record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from reproduce.core import environment, sources, store
from reproduce.core.errors import DivergedError
from reproduce.core.parameters import Parameters
from reproduce.core.sources import Tree

DIVERGED = "diverged"
"""A fact of the artifact of a training that diverged, which has no other: what was said of it."""


def _nothing(_: Parameters) -> dict[str, Any]:
    return {}


def _no_modules(_: Parameters) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, eq=False)  # there is one of each
class Stage:
    """A step of a run.

    Attributes
    ----------
    name
        Of the stage, for the command line, and its place in builds and records.
    title
        What is done, for people: one sentence.
    made_by
        `module:function`. The function takes parameters, a folder to write into, and what
        `arguments` says; it returns facts for the manifest.
    reads
        The parameters that it reads itself, beyond those of the stages it needs.
    needs
        The stages whose artifacts it reads.
    packages
        The distributions whose versions count.
    job
        Stages with the same name of a job are made one after the other by one process of the
        workflow, which imports TensorFlow once; by default each is a job of its own.
    of_seed
        Whether each model and seed has one of its own, or all share it.
    resumable
        Whether what makes it goes on with what an interrupted run has left in the folder.
    in_parts
        Whether it is measured of images one by one (`measure.rows`), and so can be in parts.
    recorded
        The files that a record keeps of it, besides the manifest: small ones, and no photographs.
    weights
        Those of them that hold a model: the record of a study of many runs does without.
    arguments
        Further arguments of the function: `module:object`, by name.
    modules
        Returns modules that count besides the one of the function and those of the arguments, with
        what they import.
    contents
        Returns what else it depends on, such as the files of a folder.
    """

    name: str
    title: str
    made_by: str
    reads: tuple[str, ...] = ()
    needs: tuple["Stage", ...] = ()
    packages: tuple[str, ...] = ()
    job: str = ""
    of_seed: bool = True
    resumable: bool = False
    in_parts: bool = False
    recorded: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    modules: Callable[[Parameters], Sequence[str]] = _no_modules
    contents: Callable[[Parameters], Mapping[str, Any]] = _nothing

    def folder(self, parameters: Parameters) -> Path:
        """Return the folder of the artifact; make it first if needed, and all that it needs.

        Raises
        ------
        DivergedError
            It is of a training that diverged, now or when it was made.
        ReproduceError
            Whatever its function raises for the user.
        """
        with _resolving() as resolved:
            key = (self.name, parameters)
            if key not in resolved:
                folder = self.make(parameters, self.name, self.make_whole)
                told = store.read_manifest(folder)["facts"].get(DIVERGED)
                if told:
                    raise DivergedError(told, folder)
                resolved[key] = folder
            return resolved[key]

    def make(
        self,
        parameters: Parameters,
        name: str,
        make: Callable[[Parameters, Path], Mapping[str, Any]],
    ) -> Path:
        """Return the folder of an artifact with this stage's dependencies, made in another way.

        For a part of the artifact, under a name of its own, or for the whole put together of parts.
        """
        return store.load_or_make(
            name,
            parameters.profile,
            self.dependencies(parameters),
            lambda folder: make(parameters, folder),
            about=lambda: self._about(parameters),
            resumable=self.resumable,
        )

    def place(self, model: str, seed: int | str) -> str:
        """Return where builds and records have this stage: `paper/seed-0/scores`, or `data`.

        In a study, the name of the variant stands behind that of the model: `paper@noise`.
        """
        return f"{model}/seed-{seed}/{self.name}" if self.of_seed else self.name

    def note(self, parameters: Parameters, model: str = "") -> Path:
        """Return the file that says which artifact is the present one: the workflow wants it.

        Takes what stands for the model in its path, if that isn't just the model's name.
        """
        place = self.place(model or parameters.model, parameters.seed)
        return store.build_folder(parameters.profile) / f"{place}.json"

    def all_needs(self) -> "list[Stage]":
        """Return the stages that it needs, and those that they need, first things first."""
        found: list[Stage] = []
        for stage in self.needs:
            found += [one for one in (*stage.all_needs(), stage) if one not in found]
        return found

    def present(self, parameters: Parameters) -> Path | None:
        """Return the folder of the artifact if it is made; else None, and make nothing."""
        with _resolving() as resolved:
            key = (self.name, parameters)
            if key not in resolved:
                needed = present(self.needs, parameters)
                if len(needed) < len(self.needs):
                    return None
                made = {stage.name: folder for stage, folder in needed.items()}
                dependencies = self._with_needs(parameters, made)
                folder = store.folder_of(self.name, parameters.profile, dependencies)
                if not folder.is_dir() or DIVERGED in store.read_manifest(folder)["facts"]:
                    return None
                resolved[key] = folder
            return resolved[key]

    def dependencies(self, parameters: Parameters) -> dict[str, Any]:
        """Return all that the artifact depends on; what it needs is made first."""
        needed = {stage.name: stage.folder(parameters) for stage in self.needs}
        return self._with_needs(parameters, needed)

    def _with_needs(self, parameters: Parameters, needed: Mapping[str, Path]) -> dict[str, Any]:
        return {
            **self.own_dependencies(parameters),
            "needs": {name: _identity(folder) for name, folder in needed.items()},
        }

    def own_dependencies(
        self, parameters: Parameters, contents: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what the artifact depends on besides the stages that it needs.

        Takes what `contents` returns, if that is known already.
        """
        values = parameters.in_effect()
        return {
            "parameters": {name: values[name] for name in self.reads if name in values},
            "source": _present().digest(self.closure(parameters)),
            "versions": store.library_versions(self.packages),
            **(self.contents(parameters) if contents is None else contents),
        }

    def closure(self, parameters: Parameters) -> list[str]:
        """Return the modules whose source counts."""
        return _present().closure(self.entries(parameters))

    def entries(self, parameters: Parameters) -> list[str]:
        """Return the modules that the closure starts from."""
        objects = [self.made_by, *self.arguments.values()]
        return sorted({*(name.partition(":")[0] for name in objects), *self.modules(parameters)})

    def make_whole(self, parameters: Parameters, folder: Path) -> Mapping[str, Any]:
        """Call the function that makes the artifact; returns facts for the manifest."""
        arguments = {name: _imported(place) for name, place in self.arguments.items()}
        try:
            facts: Mapping[str, Any] = _imported(self.made_by)(parameters, folder, **arguments)
        except DivergedError as error:
            return {DIVERGED: str(error)}
        return facts

    def _about(self, parameters: Parameters) -> dict[str, Any]:
        """Return when, where and with what an artifact is made."""
        # No stage reads a record, and the one that was written last isn't committed yet.
        commit = environment.commit(apart_from=["results"])
        return {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit and commit.removesuffix("-dirty"),
            "uncommitted_changes": commit and commit.endswith("-dirty"),
            "entries": self.entries(parameters),
            "modules": self.closure(parameters),
            "versions": environment.versions(),
            "variables": environment.variables(),
            "machine": environment.machine().model_dump(),
        }


def present(wanted: Iterable[Stage], parameters: Parameters) -> dict[Stage, Path]:
    """Return the folders of those of these stages whose artifacts are made; make nothing."""
    with _resolving():
        folders = {stage: stage.present(parameters) for stage in wanted}
    return {stage: folder for stage, folder in folders.items() if folder is not None}


_RESOLVED: ContextVar[dict[Any, Path] | None] = ContextVar("resolved", default=None)


@contextmanager
def _resolving() -> Iterator[dict[Any, Path]]:
    """Give what has been resolved since the outermost call began.

    Most stages need the data, and to see whether these are the present ones may mean to list a
    folder of millions of files: once is enough.
    """
    resolved = _RESOLVED.get()
    if resolved is not None:
        yield resolved
        return
    begun: dict[Any, Path] = {}
    token = _RESOLVED.set(begun)
    try:
        yield begun
    finally:
        _RESOLVED.reset(token)


def _identity(folder: Path) -> dict[str, str]:
    """Return the name of an artifact, and the fingerprint of what is in it, if it tells one."""
    facts = store.read_manifest(folder)["facts"]
    return {"artifact": folder.name} | (
        {"fingerprint": facts["fingerprint"]} if "fingerprint" in facts else {}
    )


def _imported(place: str) -> Any:
    """Return an object by its module and its name there, as `module:object`."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@cache
def _present() -> Tree:
    """Return the package's source, as this process has begun to import it."""
    return sources.present()
