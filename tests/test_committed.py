"""Data that is committed is what it was when it was made, and the excerpt what was recorded."""

import io

import pandas as pd
from PIL import Image

from reproduce.data.sources.excerpt import EXCERPT
from reproduce.results import excerpt
from tests import committed


def test_it_is_the_same_to_the_bit_as_when_it_was_made() -> None:
    listed = committed.LIST.read_text(encoding="utf-8").splitlines()
    assert len(listed) > 100
    changed = sorted(set(listed) ^ set(committed.lines()))
    assert changed == [], "if a command has made it anew: python -m tests.committed"


def test_the_photographs_of_the_excerpt_are_those_that_were_recorded() -> None:
    table = committed.ROOT / "results" / "paper" / "png-sizes" / "png-sizes.csv"
    sizes = pd.read_csv(table).set_index("name")["bytes"]
    names = excerpt.names()
    assert len(names) == len(set(names)) == 12
    for name in names:
        file = io.BytesIO()
        with Image.open(EXCERPT / name) as photograph:
            photograph.convert("L").save(file, "PNG")
        assert len(file.getvalue()) == sizes[name], name
