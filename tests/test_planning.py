"""What is made anew when something changes: a dry run of the workflow, on a build that is finished.

The build is a copy of the project in which every file that the workflow makes is there, and noted
by Snakemake as made: it takes seconds. Then one input of each class is changed at a time.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reproduce.core.parameters import Parameters
from tests import mutants
from tests.conftest import noise, write_folder_of_images
from tests.test_workflow import TINY, command

pytestmark = pytest.mark.slow

CHAPTERS = {path.stem for path in (mutants.ROOT / "notebooks").glob("*.ipynb")}
OF_THE_RECORD = {"cost", "exercises", "future_work", "gallery"}
"""Chapters that show nothing of the run itself."""
OF_THE_RUN = CHAPTERS - OF_THE_RECORD
OF_SCORES = {"results", "compression_size", "size_ratio", "rate_distortion"}
OF_MODEL = {*OF_SCORES, "training"}
OF_DATA = {*OF_MODEL, "dataset"}

AFTER_MODEL = {"scores", "rates", "ratios"}
STAGES = {"data", "model", "codecs", *AFTER_MODEL}


@dataclass(frozen=True)
class Plan:
    """What would be made: stages, by the names of their rules; chapters; and the book, if any."""

    stages: set[str] = field(default_factory=set)
    chapters: set[str] = field(default_factory=set)


# Runs Snakemake in a process of its own for each line, without importing all of it each time.
RUNS = """
import os, sys
import numpy, PIL.Image, pydantic, yaml
from snakemake.cli import main

for line in sys.stdin:
    output, *arguments = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        to = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(to, 1), os.dup2(to, 2)
        main(arguments)
        os._exit(3)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Copy:
    """A copy of the project with a finished build of the photographs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.root, self.build = folder / "project", folder / "build"
        self.printed = folder / "printed"
        mutants.copy_tracked_files(self.root)
        profile, photographs = self.root / TINY, write_folder_of_images(folder / "photographs")
        change = swap(b'sample\nfolder: ""', f"folder\nfolder: {photographs}".encode())
        profile.write_bytes(change(profile.read_bytes()))
        # The copy's package comes first, and versions of libraries that a test puts beside it.
        places = {"PYTHONPATH": str(self.root / "src"), "REPRODUCE_BUILD": str(self.build)}
        self.runs = subprocess.Popen(
            [sys.executable, "-c", RUNS],
            cwd=self.root,
            env={**os.environ, **places},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def snakemake(self, *options: str) -> str:
        """Run Snakemake on the copy and return what it prints."""
        line = command()[3:]
        line[line.index("--quiet") : line.index("--config")] = options
        assert self.runs.stdin
        assert self.runs.stdout
        print(self.printed, *line, sep="\t", file=self.runs.stdin, flush=True)
        status, text = self.runs.stdout.readline(), self.printed.read_text()
        assert status == "0\n", text[-3000:]
        return text

    def finish(self) -> None:
        """Have everything made, as far as Snakemake knows."""
        for made in re.findall(r"^    output: (.*)$", self.snakemake("--dry-run"), re.MULTILINE):
            for path in map(Path, made.split(", ")):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        self.snakemake("--touch", "--forceall")

    def planned(self) -> Plan:
        """Return what would be made; the book, if and only if something else is, or `book` is."""
        text = self.snakemake("--dry-run")
        rules = re.findall(r"^rule (\w+):$", text, re.MULTILINE)
        chapters = set(re.findall(r"^    wildcards: chapter=(\w+)$", text, re.MULTILINE))
        assert rules.count("notebook") == len(chapters)
        assert rules.count("book") == bool(rules)
        return Plan(set(rules) - {"notebook"}, chapters)

    @contextmanager
    def changed(self, name: str, change: Callable[[bytes], bytes]) -> Iterator[None]:
        """Change a file of the copy, or write a new one, for a while."""
        path = self.root / name
        old, when = (path.read_bytes(), path.stat()) if path.exists() else (None, None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(change(old or b""))
        assert path.read_bytes() != old, "nothing is changed"
        try:
            yield
        finally:
            if old is None or when is None:
                path.unlink()
                with suppress(OSError):  # it is not empty
                    path.parent.rmdir()
            else:
                path.write_bytes(old)
                os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The finished copy."""
    copy = Copy(tmp_path_factory.mktemp("planning"))
    copy.finish()
    yield copy
    copy.runs.communicate()


def more(text: bytes) -> Callable[[bytes], bytes]:
    return lambda old: old + text


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def swapped(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return swapped


BOOK = Plan({"book"})
RECORD = Plan({"book"}, CHAPTERS)
EVERYTHING = Plan({*STAGES, "book"}, OF_DATA)

RECORDED = "results/paper/paper"
CODE = b"\nNEW = 1\n"

CHANGES: dict[str, tuple[str, Callable[[bytes], bytes], Plan]] = {
    "prose": ("book/background.md", more(b"\nMore.\n"), BOOK),
    "the front page": ("index.md", more(b"\nMore.\n"), BOOK),
    "a drawing": ("book/drawings/cnn.svg", more(b"<!-- -->"), BOOK),
    "a style": ("book/static/book.css", more(b"\na {}\n"), BOOK),
    "a script of the pages": ("book/static/zoom.js", more(b"\n;\n"), BOOK),
    "the bibliography": ("book/references.bib", more(b"\n"), BOOK),
    "a new page": ("book/more.md", more(b"# More\n"), BOOK),
    "the order of the chapters": ("_toc.yml", more(b"\n"), BOOK),
    "the book's settings": ("_config.yml", more(b"\n"), BOOK),
    "a claim": ("book/claims.yaml", more(b"\n"), Plan({"book"}, {"reproduction_report"})),
    "a solution": ("examples/rate_term.py", more(b"\n"), Plan({"book"}, {"exercises"})),
    "a study": (
        "studies/quantisation.yaml",
        more(b"\n"),
        Plan({"book"}, {"rate_distortion"}),
    ),
    "a table of the record": (f"{RECORDED}/seed-3/rates/rates.csv", more(b"\n"), RECORD),
    "a manifest of the record": ("results/paper/data/manifest.json", more(b"\n"), RECORD),
    "weights of the record": (f"{RECORDED}/seed-0/model/autoencoder.keras", more(b"\n"), RECORD),
    "tables of the codec": (f"{RECORDED}/seed-0/codec/tables.npy", more(b"\n"), RECORD),
    "a new run of the record": (f"{RECORDED}/seed-9/model/history.json", more(b"{}"), RECORD),
    "the benchmark": ("results/benchmark.json", more(b"\n"), RECORD),
    "a caption": ("notebooks/training.ipynb", more(b"\n"), Plan({"book"}, {"training"})),
    "a photograph": ("../photographs/test/leaf/0.png", more(b"\0"), EVERYTHING),
    "a new photograph": ("../photographs/train/rust/9.png", more(noise(99).tobytes()), EVERYTHING),
    "a comment": ("src/reproduce/data/preparation.py", more(b"\n# More.\n"), Plan()),
    "a source that is not used": ("src/reproduce/data/sources/sample.py", more(CODE), Plan()),
    "the command line": ("src/reproduce/cli.py", more(CODE), Plan()),
    "the README": ("README.md", more(b"\n"), Plan()),
    "a test": ("tests/test_cli.py", more(b"\n"), Plan()),
}
"""By what is changed: the file, how, and what is to be made anew."""


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_anew_what_depends_on_it_and_nothing_else(copy: Copy, what: str) -> None:
    name, change, expected = CHANGES[what]
    with copy.changed(name, change):
        assert copy.planned() == expected


TRAINED = Plan({"model", *AFTER_MODEL, "book"}, {*OF_MODEL, "reproduction_report"})
MEASURED = {*OF_SCORES, "reproduction_report"}

PARAMETERS = {
    "image_size": ("64", Plan({*STAGES, "book"}, OF_THE_RUN)),
    "other_sizes": ("refuse", Plan({*STAGES, "book"}, OF_THE_RUN - {"model"})),
    "bad_images": ("skip", Plan({*STAGES, "book"}, OF_THE_RUN - {"model"})),
    # Without effect on photographs in a folder, but shown by the chapters that declare it.
    "crops_per_photograph": ("4", Plan({"book"}, OF_THE_RUN - {"model"})),
    "model": ("no-attention", Plan(TRAINED.stages, OF_THE_RUN - {"dataset"})),
    "epochs": ("3", TRAINED),
    "batch_size": ("4", TRAINED),
    "seed": ("2", Plan(TRAINED.stages, {*OF_MODEL, "model"})),
    "quantisation": ("noise", TRAINED),
    "quantisation_step": ("0.5", Plan({"book"}, {*OF_MODEL, "reproduction_report"})),
    "regularisation": ("latent-dropout", TRAINED),
    "regularisation_weight": ("0.5", Plan({"book"}, {*OF_MODEL, "reproduction_report"})),
    "example_split": ("train", Plan({"scores", "book"}, MEASURED)),
    "example_index": ("1", Plan({"scores", "book"}, MEASURED)),
    "latent_reading": ("clip", Plan({"book"}, {"results"})),
    "rate_images": (
        "1",
        Plan(
            {"rates", "ratios", "codecs", "book"},
            {"rate_distortion", "size_ratio", "reproduction_report", "exercises", "gallery"},
        ),
    ),
    "seeds": ('"1"', Plan({"book"}, {"reproduction_report"})),
}
"""By parameter: another value in the profile, and what is to be made anew."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_makes_anew_what_reads_it(copy: Copy, name: str) -> None:
    value, expected = PARAMETERS[name]

    def change(profile: bytes) -> bytes:
        return re.sub(rb"(?m)^%s: .*$" % name.encode(), f"{name}: {value}".encode(), profile)

    with copy.changed(TINY, change):
        assert copy.planned() == expected


def test_every_parameter_is_in_the_table() -> None:
    assert PARAMETERS.keys() | {"profile", "source", "folder"} == Parameters.model_fields.keys()


SOURCES = {
    "data/preparation": EVERYTHING,
    "data/sources/folder": EVERYTHING,
    "models/training": Plan({"model", *AFTER_MODEL, "book"}, OF_MODEL),
    "codec/entropy": Plan({"rates", "book"}, {"rate_distortion"}),
    "measure/metrics": Plan({"scores", "codecs", "rates", "book"}, {"results", "rate_distortion"}),
    "measure/rates/codecs/webp": Plan({"codecs", "book"}, {"rate_distortion"}),
    "measure/size_ratio/methods": Plan({"ratios", "book"}, {"size_ratio"}),
    "chapters/cost": Plan({"book"}, {"cost"}),
    "book/execute": Plan({"book"}, CHAPTERS),
    "book/render": BOOK,
    "book/extension": BOOK,
}


@pytest.mark.parametrize("module", SOURCES)
def test_changed_code_makes_anew_what_imports_it(copy: Copy, module: str) -> None:
    expected = SOURCES[module]
    with copy.changed(f"src/reproduce/{module}.py", more(CODE)):
        planned = copy.planned()
    assert planned.stages >= expected.stages
    assert planned.stages - expected.stages <= AFTER_MODEL
    assert planned.chapters >= expected.chapters


VERSIONS = {
    "constriction": {"rates"},
    "pyoxipng": {"ratios"},
    "tensorflow-cpu": {"model", "codecs", *AFTER_MODEL},
    "pillow": STAGES,
    "matplotlib": set[str](),
}


@pytest.mark.parametrize("package", VERSIONS)
def test_a_version_makes_anew_the_stages_that_it_computes_in_and_all_chapters(
    copy: Copy, package: str
) -> None:
    about = f"src/{package.replace('-', '_')}-0.0.1.dist-info/METADATA"
    text = f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\n"
    with copy.changed(about, more(text.encode())):
        assert copy.planned() == Plan({*VERSIONS[package], "book"}, CHAPTERS)


def test_nothing_is_planned_where_nothing_is_changed(copy: Copy) -> None:
    assert copy.planned() == Plan()
