"""The page "Try it": its modules as one script, and what they are given."""

import base64
import json
import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from reproduce.book import bundle, try_it
from reproduce.codec import models
from reproduce.core.errors import ReproduceError
from reproduce.measure.rates import curves
from reproduce.results import page_times
from tests.try_it import NODE

ROOT = Path(__file__).parents[1]
MODULES = ROOT / try_it.FOLDER

node = pytest.mark.skipif(NODE is None, reason="needs Node: apt install nodejs")


def write(folder: Path, **modules: str) -> Path:
    """Write modules, and return the one that comes last."""
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "main.js"


SAYS = "export function main(program, data) {\n  console.log(JSON.stringify([data, FOUND]));\n}\n"


@node
def test_a_bundle_runs_each_module_once_before_those_that_need_it(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        last="export const order = [];\n",
        left='import { order } from "./last.js";\norder.push("left");\nexport class Left {}\n',
        right=(
            'import {\n  order as known,\n} from "./last.js";\nknown.push("right");\n'
            "export async function right() {}\nexport function* more() {}\n"
        ),
        main=(
            'import { Left } from "./left.js";\nimport { right, more } from "./right.js";\n'
            'import { order } from "./last.js";\n'
            "const FOUND = [...order, Left.name, right.name, more.name];\n" + SAYS
        ),
    )
    script = bundle.bundle(entry, {"a": "</script>"})
    assert NODE is not None
    said = subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [
        {"a": "</script>"},
        ["left", "right", "Left", "right", "more"],
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("export default 1;\n", "main.js: the bundle has no way for: export default 1;"),
        ('import "./other.js";\n', 'has no way for: import "./other.js";'),
        ('import { main } from "./main.js";\n', "modules need each other: main -> main"),
    ],
)
def test_what_a_bundle_cannot_hold_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReproduceError) as error:
        bundle.bundle(write(tmp_path, main=text), {})
    assert told in str(error.value)


def text_of_program() -> str:
    return json.dumps(base64.b64encode((MODULES / "layers.wasm").read_bytes()).decode())


def test_the_script_holds_every_module_of_the_page_and_loads_nothing() -> None:
    script = try_it.script(MODULES)
    assert text_of_program() in script
    for file in MODULES.glob("*.js"):
        assert f"const module_{file.stem} = (" in script
    code = re.sub(r"/\*\*.*?\*/", "", script, flags=re.DOTALL)
    loading = r"^(?:import|export)\b|\bimport\(|importScripts|\bfetch\(|XMLHttpRequest|https?:"
    assert re.findall(loading, code.replace("http://www.w3.org/2000/svg", ""), re.MULTILINE) == []


def test_the_page_is_given_the_shipped_models_and_the_colours_of_the_book() -> None:
    data = try_it.data()
    numbers = [base64.b64decode(model["numbers"]) for model in data["models"]]
    assert numbers == [
        (models.SHIPPED / f"{entry['name']}.bin").read_bytes() for entry in models.known().values()
    ]
    colours = np.frombuffer(base64.b64decode(data["colours"]), np.uint8).reshape(256, 3)
    assert colours[0].tolist() == [0, 34, 77]  # the darkest and the brightest of cividis
    assert colours[-1].tolist() == [253, 231, 55]


def test_the_curves_under_the_readers_own_rise() -> None:
    found = try_it.data()["curves"]
    assert list(found) == ["model", "jpeg"]
    for points in found.values():
        assert len(points) >= 5
        for name in ("bpp", "psnr"):
            values = [point[name] for point in points]
            assert values == sorted(values)
    # As the chapter has it, JPEG goes on where the model stands still.
    assert found["jpeg"][-1]["psnr"] > found["model"][-1]["psnr"] + 5
    assert curves.ANCHOR == "JPEG"


def two_digits(milliseconds: float) -> str:
    places = 1 - math.floor(math.log10(milliseconds))
    return f"{round(milliseconds, places):,.0f}"


def test_the_page_says_its_size_and_the_times_that_were_measured() -> None:
    said = try_it.foot(MODULES)
    files = [(MODULES / name).stat().st_size for name in ("page.html", "page.css")]
    assert f"{len(try_it.script(MODULES).encode()) + sum(files):,} bytes" in said
    times = page_times.read()
    ways = {one.way for one in times.photographs}
    assert "JavaScript" in ways
    for way in ways:
        photographs = times.by(way)
        assert [one.width * one.height for one in photographs] == [250_000, 3_000_000, 12_000_000]
        each = [f"{two_digits(min(one.milliseconds))} ms for" for one in photographs]
        assert re.search(".* ".join(map(re.escape, each)) + f".* in {way}", said)
        assert all(len(one.milliseconds) == len(one.processor_seconds) == 3 for one in photographs)
    assert f"the shortest of 3 openings each, with {times.workers} workers in" in said
    assert f"{times.browser} on {times.machine.processor}, {times.measured}" in said


def test_processors_worked_for_most_of_the_time_and_no_more_than_there_are_workers() -> None:
    times = page_times.read()
    for one in times.photographs:
        for waited, worked in zip(one.milliseconds, one.processor_seconds, strict=True):
            assert 0.5 < 1000 * worked / waited < times.workers + 0.5, one


def test_the_times_of_each_way_are_told_beside_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = page_times.read()
    slow = recorded.by("JavaScript")
    fast = [
        one.model_copy(
            update={"way": "WebAssembly", "milliseconds": (9999.0, 214.0 + 4000 * number)}
        )
        for number, one in enumerate(slow)
    ]
    both = recorded.model_copy(update={"photographs": (*slow, *fast)})
    monkeypatch.setattr(page_times, "read", lambda: both)
    told = (
        "takes 210 ms for 0.25 megapixels, 4,200 ms for 3 megapixels, "
        "8,200 ms for 12 megapixels in WebAssembly; "
    )
    assert told in try_it.foot(MODULES)


def test_each_module_says_at_its_head_what_it_is_for() -> None:
    for file in MODULES.glob("*.js"):
        assert file.read_text(encoding="utf-8").startswith(("//", "/**")), file.name
