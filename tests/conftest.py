"""Fixtures shared by the tests: build folders, small real images, one small trained run."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from hypothesis import settings
from PIL import Image

from reproduce.book import pdf
from reproduce.core.parameters import Parameters

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]

# The same examples in each run, so that a run that was green can be repeated.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")


def slow(*cases: Any) -> list[Any]:
    """Cases of a test that are among the slow ones, each a value or a tuple of values."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for case in cases
    ]


@pytest.fixture(autouse=True)
def build_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that takes what this test makes: its own."""
    folder = tmp_path / "build"
    monkeypatch.setenv("REPRODUCE_BUILD", str(folder))
    return folder


def noise(seed: int, width: int = 16, height: int = 16, brightest: int = 255) -> Image.Image:
    """An RGB image of random pixels, another for each seed."""
    pixels = np.random.default_rng(seed).integers(0, brightest + 1, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture(name="noise", scope="session")
def noise_fixture() -> Callable[..., Image.Image]:
    """A function that makes an RGB image of random pixels: noise(seed, width=16, height=16)."""
    return noise


def write_folder_of_images(folder: Path, brightest: int = 255) -> Path:
    """Write an imagefolder: classes `leaf` and `rust`; 8 train, 2 validation and 4 test images."""
    seed = 0
    for split, images_per_class in (("train", 4), ("validation", 1), ("test", 2)):
        for name in ("leaf", "rust"):
            (folder / split / name).mkdir(parents=True)
            for number in range(images_per_class):
                file = folder / split / name / f"{number}.png"
                noise(seed, brightest=brightest).save(file)
                seed += 1
    return folder


@pytest.fixture
def folder_of_images(tmp_path: Path) -> Path:
    """An imagefolder of 16x16 PNGs: classes `leaf` and `rust`; 8 train, 2 validation, 4 test."""
    return write_folder_of_images(tmp_path / "images")


def parameters_of(folder: Path, **changes: Any) -> Parameters:
    """Parameters of a quick run on a folder of 16x16 images."""
    quick = {"profile": "quick", "source": "folder", "folder": str(folder), "image_size": 16}
    return Parameters(**(quick | {"epochs": 3, "batch_size": 3} | changes))


@pytest.fixture(name="parameters_of", scope="session")
def parameters_of_fixture() -> Callable[..., Parameters]:
    """A function that makes the parameters of a quick run: parameters_of(folder, epochs=1)."""
    return parameters_of


@pytest.fixture(scope="session")
def made_small_run(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A finished run on dark images, made once: folder, parameters, data, trained, build."""
    from reproduce.data import preparation
    from reproduce.models import training

    folder = write_folder_of_images(tmp_path_factory.mktemp("run") / "images", brightest=60)
    parameters = parameters_of(folder)
    build = tmp_path_factory.mktemp("run-build")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REPRODUCE_BUILD", str(build))
        data = preparation.prepare(parameters)
        trained = training.train(parameters)
    return SimpleNamespace(
        folder=folder, parameters=parameters, data=data, trained=trained, build=build
    )


@pytest.fixture
def small_run(made_small_run: SimpleNamespace, build_folder: Path) -> SimpleNamespace:
    """That run, to look at: its data and model lie in this test's own build folder, too."""
    for artifact in made_small_run.build.glob("*/*-*"):
        if artifact.is_dir():
            profile = artifact.parent.name
            shutil.copytree(artifact, build_folder / profile / artifact.name)
    return made_small_run


@pytest.fixture(scope="session")
def beans() -> Path:
    """The photographs of beans, in folders <split>/<class>."""
    place = os.environ.get("REPRODUCE_BEANS")
    if not place:
        pytest.skip("needs a local copy of beans: set REPRODUCE_BEANS to its folder")
    assert (Path(place) / "train").is_dir(), f"REPRODUCE_BEANS: {place} holds no folder train"
    return Path(place)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that all users may look into, unlike pytest's tmp_path."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)
        for folder in (Path(place), *Path(place).rglob("*/")):
            folder.chmod(0o755)


@pytest.fixture
def as_ordinary_user() -> Callable[[], AbstractContextManager[None]]:
    """A context that takes the powers of root, whom no permission stops, from this process."""

    @contextmanager
    def ordinary_user() -> Iterator[None]:
        superuser = os.geteuid() == 0
        if superuser:
            os.seteuid(65534)  # nobody
        try:
            yield
        finally:
            if superuser:
                os.seteuid(0)

    return ordinary_user


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """A function that starts Python code in a process of its own, killed at the end of the test."""
    processes = []

    def start_python(code: str, *arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", code, *map(str, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        processes.append(subprocess.Popen(command, **options))
        return processes[-1]

    yield start_python
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run_on_a_small_disk(
    tmp_path: Path,
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """A function that runs Python code in whose process sys.argv[1] is a disk of a few kilobytes.

    The disk lives in memory and in a mount namespace of that process, so it ends with it.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size="$1"k none "$2"'

    def run(kilobytes: int, code: str, *arguments: Any) -> "subprocess.CompletedProcess[str]":
        script = f'{mount} && shift && exec "$0" -c "$CODE" "$@"'
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", script, sys.executable, str(kilobytes), str(disk)]
            + [str(argument) for argument in arguments],
            env=os.environ | {"CODE": code},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux) to mount a small disk")
    trial = ["unshare", "-rm", "sh", "-c", mount, "sh", "100", str(disk)]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a small disk")
    return run


@pytest.fixture(scope="session")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build folder in which the workflow has run on tiny parameters, book and all.

    It holds the photographs, too: a reader's own, in a folder of theirs.
    """
    from tests.test_workflow import PHOTOGRAPHS, of_folder, snakemake

    build = tmp_path_factory.mktemp("tiny")
    write_folder_of_images(build / PHOTOGRAPHS)
    done = snakemake(build, *of_folder(build))
    assert done.returncode == 0, done.stdout
    return build


@pytest.fixture(scope="session")
def tiny_book(tiny_build: Path) -> Path:
    """Return the folder of the pages of a book made with tiny parameters."""
    return tiny_build / "tiny" / "book"


@pytest.fixture(scope="session")
def stored_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the pages of a book of the notebooks' stored outputs.

    nbval holds these against what the cells put out. What is told of their execution is made up.
    """
    return render_stored(tmp_path_factory.mktemp("stored"))


@pytest.fixture(scope="session")
def published_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the same pages, with both settings that open doors."""
    repository, site = "https://github.com/someone/reproduced", "https://someone.github.io/it"
    folder = tmp_path_factory.mktemp("published")
    return render_stored(folder, {"book_repository": repository, "book_site": site})


def render_stored(build: Path, settings: Mapping[str, str] | None = None) -> Path:
    """Render a book of the stored outputs, with these settings in place of those of _config.yml."""
    from reproduce.book import render
    from reproduce.core import store

    assemble = render._assemble

    def assemble_with_settings(executed: Path, source: Path) -> None:
        assemble(executed, source)
        configuration = yaml.safe_load((source / "_config.yml").read_text())
        configuration["sphinx"]["config"] |= settings or {}
        (source / "_config.yml").write_text(yaml.safe_dump(configuration))

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REPRODUCE_BUILD", str(build))
        environment.setattr(render, "_assemble", assemble_with_settings)
        notebooks = store.build_folder("sample") / "notebooks"
        notebooks.mkdir(parents=True)
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            write_as_executed(path, notebooks / path.name)
        return render.render("sample").parent


def write_as_executed(notebook: Path, target: Path) -> None:
    """Write a notebook as papermill would have left it, with its provenance beside it."""
    import nbformat
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from reproduce.book import provenance
    from reproduce.book.notebook import Notebook
    from reproduce.core import environment
    from reproduce.core.parameters import load_parameters
    from reproduce.models.stages import MODEL
    from reproduce.results import record

    parameters = load_parameters("sample", ROOT / "profiles")
    declared = Notebook(notebook).parameters
    values = {name: getattr(parameters, name) for name in declared}
    content = parameterize_notebook(load_notebook_node(str(notebook)), values)
    content.metadata.papermill |= nbformat.from_dict(
        {
            "start_time": "2026-01-02T03:04:05",
            "duration": 1.5,
            "about": {"versions": environment.versions(), "variables": {"OMP_NUM_THREADS": "2"}},
        }
    )
    content.metadata.kernelspec.name = "no-kernel"  # rendering that executed anything would fail
    for cell in content.cells:
        cell.metadata.papermill = nbformat.from_dict({"duration": 0.25})
    used = [record.folder(MODEL)]
    made = provenance.collect(notebook.name, content, parameters, declared, used, 10 * "c0de")
    artifacts = [
        {"name": f"{stage}-{20 * digit}", "seconds": 1, "peak_memory_bytes": 10**9}
        for stage, digit in (("data", "a"), ("model", "b"), ("scores", "c"))
    ]
    with_artifacts = provenance.Provenance(**{**made.model_dump(), "artifacts": artifacts})
    provenance.attach(content, with_artifacts)
    nbformat.write(content, target)


@pytest.fixture(scope="module")
def book(request: pytest.FixtureRequest) -> Path:
    """The folder of a rendered book."""
    folder = request.config.getoption("--book")
    if folder is None:
        pytest.skip("needs a rendered book: --book build/sample/book")
    return Path(folder).resolve()


@pytest.fixture(scope="module")
def site(book: Path) -> Iterator[str]:
    """The address at which the book is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing of each request."""

    handler = functools.partial(Quiet, directory=str(book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, as the system has it."""
    from playwright.sync_api import sync_playwright  # which few of the tests need

    if not any(map(shutil.which, pdf.BROWSERS)):
        pytest.skip("needs Chromium: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=pdf.browser(), args=["--no-sandbox"])
        yield browser
        browser.close()
