"""The drawing of the rooms: it is what the imports say, and the rooms are what it says."""

import re
from pathlib import Path

import pytest

from reproduce.book import rooms
from reproduce.core import sources
from reproduce.core.sources import Tree

ROOT = Path(__file__).parents[1]
FILES = {"__init__.py": b"", "core/__init__.py": b"", "cli.py": b"from reproduce.core import one"}


def test_the_committed_drawing_is_what_the_imports_say() -> None:
    committed = (ROOT / "book" / "drawings" / "rooms.svg").read_text(encoding="utf-8")
    assert committed == rooms.draw(sources.present()), "run: reproduce rooms"


def test_the_page_shows_the_declaration_of_a_stage_as_it_is() -> None:
    page = (ROOT / "book" / "architecture.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert shown in (ROOT / "src" / "reproduce" / "models" / "stages.py").read_text()


def test_there_are_at_most_a_dozen_rooms_and_each_is_used() -> None:
    used = {room for pair in rooms.uses(sources.present()) for room in pair}
    assert used == set(rooms.ROOMS)
    assert len(used) <= 12


def test_a_use_is_counted_once_for_each_module() -> None:
    tree = Tree({**FILES, "core/one.py": b"", "core/two.py": b""})
    assert rooms.uses(tree) == {("cli", "core"): 1}
    more = Tree({**FILES, "core/one.py": b"", "book/a.py": b"import reproduce.core.one\n" * 2})
    assert rooms.uses(more) == {("cli", "core"): 1, ("book", "core"): 1}


def test_a_room_that_uses_one_above_it_is_refused() -> None:
    with pytest.raises(ValueError, match=r"use one above them: .*core.*cli"):
        rooms.draw(Tree({**FILES, "core/one.py": b"from reproduce import cli"}))


def test_a_module_in_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="not in any room: cellar"):
        rooms.draw(Tree({**FILES, "core/one.py": b"", "cellar/wine.py": b""}))
