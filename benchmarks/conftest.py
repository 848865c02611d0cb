"""Fixtures of the benchmark: photographs in folders, and processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce.results.costs import AS_IT_IS

# oneDNN is off by default on processors without AVX-512. This is how each subject runs on one:
# oneDNN's kernels don't go beyond AVX2, and the literal script has none of them.
SETTINGS_WITHOUT_AVX512 = {
    "literal": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "ours": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
}
AVX512 = "avx512f" in (Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else "")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run take its own photographs, and CI a minute-long form."""
    parser.addoption(
        "--images", type=Path, help="folder <split>/<class>/*.jpg; by default crops are made"
    )
    parser.addoption("--quick", action="store_true", help="tiny and once: finds errors, no speed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Measure both subjects in turn, several rounds."""
    if "round_number" in metafunc.fixturenames:
        rounds = 1 if metafunc.config.getoption("quick") else 3
        metafunc.parametrize("round_number", range(rounds))


@pytest.fixture(scope="session")
def quick(request: pytest.FixtureRequest) -> bool:
    """Whether this run only looks for errors."""
    return bool(request.config.getoption("quick"))


@pytest.fixture(scope="session", autouse=True)  # a wrong folder is told at once
def photographs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, quick: bool
) -> dict[str, list[Path]]:
    """JPEG files of both splits: beans with --images, else crops of scikit-image's photographs."""
    needed = {"train": 16, "test": 8} if quick else {"train": 1034, "test": 128}
    folder = request.config.getoption("images")
    if folder is None:
        folder = tmp_path_factory.mktemp("photographs")
        _write_crops(folder, needed)
    found = {
        split: sorted((folder / split).rglob("*.jpg"), key=lambda file: file.name)
        for split in needed
    }
    for split, count in needed.items():
        if len(found[split]) < count:
            pytest.exit(
                f"{folder / split} has {len(found[split])} images (.jpg), the benchmark needs "
                f"{count}; name a folder of beans, or none",
                returncode=1,
            )
    return found


def _write_crops(folder: Path, counts: dict[str, int]) -> None:
    """Write random crops of 200 pixels a side, enlarged to 500, as JPEGs of quality 95."""
    from reproduce.data.sources.sample import sample_collection

    random = np.random.default_rng(0)
    for split, count in counts.items():
        (folder / split / "crop").mkdir(parents=True)
        pieces = [photo.decode() for photo in sample_collection(300, 9).splits[split]]
        for number in range(count):
            image = pieces[random.integers(len(pieces))].convert("RGB")
            left, top = random.integers(0, 100, 2)
            crop = image.crop((left, top, left + 200, top + 200)).resize((500, 500))
            crop.save(folder / split / "crop" / f"{number:05d}.jpg", quality=95)


@pytest.fixture(scope="session")
def some(
    photographs: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int, int], Path]:
    """A function that makes a folder of the first photographs: some(train, test)."""
    made: dict[tuple[int, int], Path] = {}

    def some(train: int, test: int) -> Path:
        if (train, test) not in made:
            folder = made[train, test] = tmp_path_factory.mktemp("images")
            for split, count in (("train", train), ("test", test)):
                (folder / split).mkdir()
                for file in photographs[split][:count]:
                    (folder / split / file.name).symlink_to(file.resolve())
        return made[train, test]

    return some


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded run's weights as plain arrays, in the order of the paper's layers."""
    from reproduce.models import autoencoder as model
    from reproduce.models import training
    from reproduce.models.stages import MODEL
    from reproduce.results import record

    recorded = record.folder(MODEL) / training.WEIGHTS
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    np.savez(path, *model.load(recorded).get_weights())
    return path


@pytest.fixture
def measure(benchmark: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that lets a subject do one thing in a process of its own, and records it."""

    def measure(
        subject: str, thing: str, settings: dict[str, Any], processor: str = AS_IT_IS
    ) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TF_")
        } | {"REPRODUCE_BUILD": str(tmp_path)}
        if processor != AS_IT_IS:
            environment |= SETTINGS_WITHOUT_AVX512[subject]
        command = [sys.executable, "-m", "benchmarks.subjects", subject, thing]

        def run() -> dict[str, float]:
            done = subprocess.run(
                [*command, json.dumps(settings)],
                cwd=Path(__file__).parents[1],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            return measured

        measured = benchmark.pedantic(run, rounds=1, iterations=1)
        shown = {name: value for name, value in settings.items() if isinstance(value, int)}
        benchmark.extra_info.update(
            thing=thing, subject=subject, processor=processor, settings=shown, measured=measured
        )
        folder = request.config.getoption("images")
        benchmark.extra_info["images"] = folder.name if folder else "crops of sample photographs"

    return measure
