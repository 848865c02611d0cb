"""What source something depends on: the closure of imports, and what the code does."""

import json
from pathlib import Path

import pytest

from reproduce.core import sources
from reproduce.core.sources import Tree

FILES = {
    "__init__.py": b"",
    "one.py": b"from reproduce import two\n",
    "two.py": b"VALUE = 2\n",
    "three.py": b"from reproduce.two import VALUE\n",
    "room/__init__.py": b"",
    "room/inner.py": b"import reproduce.three\n",
}


def closure_of(code: str, **files: str) -> set[str]:
    """The modules that a module with this code depends on, without the package itself."""
    written = {f"{name}.py": text.encode() for name, text in files.items()}
    tree = Tree({**FILES, **written, "main.py": code.encode()})
    return set(tree.closure(["reproduce.main"])) - {"reproduce", "reproduce.main"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", set()),
        ("from reproduce import one", {"reproduce.one", "reproduce.two"}),
        (
            "from reproduce import (\n    two,\n    three as other,\n)",
            {"reproduce.two", "reproduce.three"},
        ),
        ("import reproduce.two as two", {"reproduce.two"}),
        ("def f():\n    from reproduce import two", {"reproduce.two"}),
        ("try:\n    import reproduce.two\nexcept ImportError:\n    pass", {"reproduce.two"}),
        ("from reproduce.two import VALUE", {"reproduce.two"}),
        ("from .two import VALUE", {"reproduce.two"}),
        ("from . import two", {"reproduce.two"}),
        (
            "from reproduce.room import inner",
            {"reproduce.room", "reproduce.room.inner", "reproduce.three", "reproduce.two"},
        ),
        ("import numpy.two\nfrom numpy import two", set()),
        ("# from reproduce import two", set()),
        ('"""from reproduce import two"""', set()),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reproduce import two",
            set(),
        ),
        (
            "if typing.TYPE_CHECKING:\n    import reproduce.one\nelse:\n    import reproduce.two",
            {"reproduce.two"},
        ),
    ],
)
def test_what_a_module_imports_counts_and_what_that_imports(code: str, expected: set[str]) -> None:
    assert closure_of(code) == expected


def test_modules_that_import_each_other_come_to_an_end() -> None:
    found = closure_of("from reproduce import four", four="from reproduce import main")
    assert found == {"reproduce.four"}


def test_a_relative_import_within_a_package_is_found() -> None:
    tree = Tree({**FILES, "room/__init__.py": b"from . import inner"})
    assert "reproduce.two" in tree.closure(["reproduce.room"])


def test_what_decides_where_artifacts_are_kept_is_not_followed() -> None:
    files = {"core/parameters": "from reproduce import two", "stages": "from reproduce import one"}
    assert (
        closure_of("from reproduce import stages; from reproduce.core import parameters", **files)
        == set()
    )


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        Tree(FILES).closure(["reproduce.nowhere"])


def test_the_modules_that_are_not_followed_exist() -> None:
    tree = sources.present()
    assert tree.closure(sources.MECHANISM)


def digest(**files: str) -> str:
    written = {f"{name}.py": text.encode() for name, text in files.items()}
    tree = Tree({**FILES, **written})
    return tree.digest(tree.closure(["reproduce.one"]))


@pytest.mark.parametrize(
    "same",
    [
        "VALUE = 2  # a comment",
        "# a comment\nVALUE = 2",
        "VALUE = (\n    2\n)",
        '"""A docstring."""\n\nVALUE = 2',
        'VALUE = 2\n"""What it is."""',
    ],
)
def test_comments_docstrings_and_layout_do_not_count(same: str) -> None:
    assert digest(two=same) == digest()


def test_a_docstring_of_a_function_or_class_does_not_count() -> None:
    texts = [
        f"class A:\n    {one}\n    def f(self):\n        {one}\n        return 'kept'"
        for one in ('"""One."""', '"""Another."""')
    ]
    assert digest(two=texts[0]) == digest(two=texts[1])
    assert digest(two=texts[0].replace("kept", "other")) != digest(two=texts[0])


@pytest.mark.parametrize(
    "other",
    [
        *("VALUE = 3", "VALUE = 2.0", "VALUE = '2'", "VALUE = b'2'", "VALUE: int = 2"),
        *("value = 2", "VALUE = 2\nVALUE", "VALUE = None", "VALUE = -2", ""),
    ],
)
def test_what_the_code_does_counts(other: str) -> None:
    assert digest(two=other) != digest()


@pytest.mark.parametrize("damaged", ["", "{", "[]", '"text"', '{"name": "no hash"}', '{"name": 1}'])
def test_what_modules_do_is_kept_by_their_content_and_found_anew_if_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    def tree_and_digest(two: bytes) -> tuple[Tree, str]:
        tree = Tree({**FILES, "two.py": two})
        return tree, tree.digest(["reproduce.two"])

    file = tmp_path / "sources.json"
    file.write_text(damaged)
    other = tree_and_digest(b"VALUE = 3")[1]
    tree, expected = tree_and_digest(b"VALUE = 2")
    monkeypatch.setattr(sources, "_KNOWN", {})
    sources.remember(tree, file)
    monkeypatch.setattr(sources, "_KNOWN", {})
    monkeypatch.setattr(sources, "_without_texts", None)  # nothing is read again
    sources.remember(tree, file)
    assert tree_and_digest(b"VALUE = 2")[1] == expected
    monkeypatch.undo()
    changed, digest = tree_and_digest(b"VALUE = 3")
    sources.remember(changed, file)
    assert digest == other != expected
    assert len(json.loads(file.read_bytes())) == len(set(FILES.values()))


def test_what_modules_do_is_kept_in_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    file = tmp_path / "of a fresh clone" / "sources.json"
    sources.remember(Tree(FILES), file)
    assert len(json.loads(file.read_bytes())) == len(set(FILES.values()))


def test_a_module_that_is_not_imported_does_not_count() -> None:
    assert digest(three="VALUE = 3") == digest()


def test_data_files_beside_a_module_count_and_no_others() -> None:
    code = b'DATA = Path(__file__).with_name("table")\nONE = Path(__file__).with_name("one.txt")'
    files = {**FILES, "room/inner.py": code, "room/table/a.npy": b"1", "room/one.txt": b"2"}
    modules = ["reproduce.room.inner"]
    now = Tree(files).digest(modules)
    assert Tree({**files, "room/table/a.npy": b"3"}).digest(modules) != now
    assert Tree({**files, "room/one.txt": b"3"}).digest(modules) != now
    assert Tree({**files, "room/other.txt": b"3"}).digest(modules) == now
    assert Tree({**files, "table/a.npy": b"3"}).digest(modules) == now


def test_the_digest_does_not_depend_on_the_order_of_modules_in_the_tree() -> None:
    backwards = dict(reversed(FILES.items()))
    names = ["reproduce.one", "reproduce.three"]
    found = Tree(backwards).closure(names)
    assert found == Tree(FILES).closure(reversed(names))
    assert Tree(backwards).digest(found) == Tree(FILES).digest(found)


def test_the_imports_of_code_outside_of_the_package_are_followed() -> None:
    tree = Tree(FILES)
    found = tree.imported_by("from reproduce import one\nimport numpy")
    assert found == ["reproduce", "reproduce.one", "reproduce.two"]


def test_the_shipped_model_counts_for_the_codec() -> None:
    tree = sources.present()
    files = tree.files(tree.closure(["reproduce.codec"]))
    assert {"codec/shipped/paper-0.keras", "codec/shipped/paper-0-tables.npy"} <= set(files)
