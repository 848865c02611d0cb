"""The page "Try it" in Firefox, whose engine is another: the same bytes, and the same latent.

pytest tests/test_try_firefox.py --book build/sample/book
"""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reproduce import codec
from reproduce.book import try_it
from reproduce.codec import images
from tests import firefox
from tests.test_try_browser import GOLDEN, PHOTOGRAPH

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(firefox.FIREFOX is None, reason="needs Firefox: apt install firefox-esr"),
]

OPENED = """async (name, content) => {
    const root = document.querySelector("#try-program");
    const shown = () => root.dataset.shown;
    const until = async (reached) => {
        while (!reached()) await new Promise((go) => setTimeout(go, 20));
    };
    await until(shown); // of the example that is there from the start
    const coded = new Promise((go) => {
        root.addEventListener("coded", ({ detail }) => go(detail), { once: true });
    });
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    const dropped = new DataTransfer();
    dropped.items.add(new File([bytes], name));
    const told = { dataTransfer: dropped, bubbles: true, cancelable: true };
    root.dispatchEvent(new DragEvent("drop", told));
    const { file, latent, decoded } = await coded;
    return JSON.stringify({
        file: btoa(String.fromCharCode(...file)),
        latent: [...latent.values],
        levels: [...decoded.trained.levels],
        compiled: root.dataset.compiled,
        notes: root.querySelector(".try-notes").textContent,
    });
}"""
"""Drops a file on the page, and returns what it makes of it."""


@pytest.fixture(scope="module")
def found(book: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, Any]]:
    """What the page makes of a photograph and of a file of the command line."""
    address = (book / f"{try_it.PAGE}.html").as_uri()

    async def asked() -> dict[Path, dict[str, Any]]:
        made = {}
        async with firefox.tab(tmp_path_factory.mktemp("firefox")) as tab:
            await tab.open(address)
            for file in (PHOTOGRAPH, GOLDEN):
                content = base64.b64encode(file.read_bytes()).decode()
                made[file] = json.loads(await tab.evaluate(OPENED, file.name, content))
        return made

    return asyncio.run(asked())


def test_a_photograph_becomes_the_bytes_of_the_command_line(found) -> None:
    made = found[PHOTOGRAPH]
    assert base64.b64decode(made["file"]) == codec.compress(images.read_grey(PHOTOGRAPH))
    assert made["compiled"] == "true"
    assert made["notes"] == ""


def test_a_file_of_the_command_line_has_the_same_latent_here(found) -> None:
    header, latent = codec.shipped().decode_latent(GOLDEN.read_bytes())
    values = np.array(found[GOLDEN]["latent"]).reshape(latent.shape)
    assert np.array_equal(values / header.step, latent)
    assert base64.b64decode(found[GOLDEN]["file"]) == GOLDEN.read_bytes()
    expected = codec.decompress(GOLDEN.read_bytes())
    levels = np.array(found[GOLDEN]["levels"]).reshape(expected.shape)
    assert np.array_equal(levels, expected)
