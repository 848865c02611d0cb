"""Whose kernel executes a notebook: ours, whatever the user has installed and set."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from reproduce.book import execute, kernel, provenance
from reproduce.core import environment, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters

CELLS = [
    """%matplotlib inline
from matplotlib.figure import Figure
from reproduce.chapters import style
style.use_style()
figure = Figure(figsize=(1, 1))
figure.subplots().set_title("5 %")
figure""",
    """import locale, os, sys
from reproduce.core import store
from reproduce.core.backend import keras
print(sys.executable, store.PACKAGE)
print(keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon())
print([name for name in ("of_profile", "of_startup") if name in globals()])
print(locale.getpreferredencoding(), os.environ.get("TF_ENABLE_ONEDNN_OPTS"))""",
]


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a user who has many, in a folder with a long name."""
    home = tmp_path / ("x" * 110)
    profile = home / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00.py").write_text("of_profile = 1\n")
    (profile / "ipython_kernel_config.py").write_text(
        'c = get_config()\nc.InlineBackend.figure_formats = {"svg"}\n'
    )
    (home / "start.py").write_text("of_startup = 1\n")
    (home / "matplotlibrc").write_text("text.usetex: True\nfigure.facecolor: red\n")
    (home / "keras.json").write_text('{"image_data_format": "channels_first", "floatx": "float64"}')
    (home / "path" / "reproduce").mkdir(parents=True)
    (home / "path" / "reproduce" / "__init__.py").write_text("raise SystemExit(3)\n")
    spec = home / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = ["/no/such/checkout/.venv/bin/python", "-m", "ipykernel_launcher"]
    content = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content))
    for name, value in {
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_PATH": home / "jupyter",
        "IPYTHON_SUPPRESS_CONFIG_ERRORS": "maybe",
        "KERAS_HOME": home,
        "LC_ALL": "de_DE.ISO-8859-1",
        "MATPLOTLIBRC": home / "matplotlibrc",
        "PYTHONPATH": home / "path",
        "PYTHONSTARTUP": home / "start.py",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TMPDIR": home,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(tempfile, "tempdir", None)  # it is looked up once
    return home


def printed(outputs: list[Any]) -> list[str]:
    """The lines that a cell has written to stdout, which may come in several outputs."""
    lines: list[str] = "".join(
        one.text for one in outputs if one.get("name") == "stdout"
    ).splitlines()
    return lines


@pytest.mark.slow
def test_what_a_user_has_set_does_not_come_into_a_run(surroundings: Path, tmp_path: Path) -> None:
    assert tempfile.gettempdir() == str(surroundings)
    assert KernelSpecManager().get_kernel_spec("python3").argv[0].startswith("/no/such/checkout")
    source, output = tmp_path / "chapter.ipynb", tmp_path / "out" / "chapter.ipynb"
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), source)

    execute.execute(source, output, Parameters())

    figure, said = (cell.outputs for cell in nbformat.read(output, as_version=4).cells)
    assert set(figure[0].data) == {"image/png", "text/plain"}
    assert printed(said) == [
        f"{sys.executable} {store.PACKAGE}",
        "channels_last float32 1e-07",
        "[]",
        "utf-8 1",
    ]
    made = provenance.read(output)
    assert made.versions == environment.versions()
    assert made.variables["TF_ENABLE_ONEDNN_OPTS"] == "1"

    execute.refresh(source)

    figure, again = (cell.outputs for cell in nbformat.read(source, as_version=4).cells)
    assert set(figure[0].data) == {"image/png", "text/plain"}
    assert printed(again) == printed(said)


STARTED = """
import sys
sys.prefix = {prefix!r}  # where IPython looks for settings of this machine
from ipykernel import kernelapp
from reproduce.book import launcher

def start():
    app = kernelapp.IPKernelApp.instance()
    app.initialize([])
    of_machine = ("of_startup" in app.shell.user_ns, app.shell.show_rewritten_input)
    print(of_machine, file=sys.__stdout__)

kernelapp.launch_new_instance = start
{how}()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"), [("start", "(True, False)"), ("launcher.main", "(False, True)")]
)
def test_what_a_machine_sets_for_all_its_users_does_not_come_into_a_run(
    tmp_path: Path, how: str, said: str
) -> None:
    settings = tmp_path / "etc" / "ipython"
    (settings / "startup").mkdir(parents=True)
    (settings / "startup" / "00.py").write_text("of_startup = 1\n")
    (settings / "ipython_config.py").write_text(
        "c = get_config()\nc.InteractiveShell.show_rewritten_input = False\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", STARTED.format(prefix=str(tmp_path), how=how)],
        env=os.environ | {"IPYTHONDIR": str(tmp_path / "profile")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == said


def test_a_kernel_starts_with_that_and_without_modules_of_the_notebooks_folder() -> None:
    command = kernel.OwnKernelManager().kernel_spec.argv
    assert command == [
        *(sys.executable, "-P", "-m", "reproduce.book.launcher", "-f", "{connection_file}")
    ]


def reply(**changes: str) -> dict[str, Any]:
    said = environment.About.model_validate_json(environment.about()).model_copy(update=changes)
    answer = {"status": "ok", "data": {"text/plain": repr(said.model_dump_json())}}
    return {"content": {"user_expressions": {"about": answer}}}


def test_a_kernel_says_what_it_is() -> None:
    assert kernel.about(reply()).versions == environment.versions()


def test_a_kernel_that_does_not_say_what_it_is_is_refused() -> None:
    answer = {"status": "error", "evalue": "No module named 'reproduce'"}
    with pytest.raises(ReproduceError, match="doesn't say what it is: No module named 'reproduce'"):
        kernel.about({"content": {"user_expressions": {"about": answer}}})


@pytest.mark.parametrize("what", ["executable", "package"])
def test_a_kernel_of_another_checkout_is_refused(what: str) -> None:
    with pytest.raises(ReproduceError, match=r"was executed by .*/of/another.*, not by"):
        kernel.about(reply(**{what: "/of/another/checkout"}))


def test_sockets_have_a_short_path_wherever_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 110)
    long.mkdir()
    for place in (tmp_path, long):
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        with kernel.settings() as (config, variables):
            socket = Path(config.KernelManager.ip)
            assert len(str(socket)) + len("-5") <= 103  # as macOS takes it
            assert socket.parent.is_dir()
            assert Path(variables["IPYTHONDIR"]).is_dir()
        assert not socket.parent.exists()


def test_of_variables_only_those_of_settings_are_kept_from_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    foreign = (
        *("PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS"),
        *("MATPLOTLIBRC", "MPLBACKEND", "IPYTHONDIR", "KERAS_BACKEND", "XLA_FLAGS", "TF_X"),
        *("ONEDNN_MAX_CPU_ISA", "DNNL_VERBOSE"),
        *("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "IPYKERNEL_CELL_NAME"),
    )
    kept = ("OMP_NUM_THREADS", "HF_HOME", "REPRODUCE_BUILD", "HTTPS_PROXY", "LD_LIBRARY_PATH")
    for name in (*foreign, *kept, "PYTHONPATH"):
        monkeypatch.setenv(name, "of the user")
    own = environment.own()
    assert not set(foreign) & set(own)
    assert {own[name] for name in kept} == {"of the user"}
    assert (own["PYTHONNOUSERSITE"], own["PYTHONUTF8"]) == ("1", "1")
    assert own["PYTHONPATH"] == str(store.PACKAGE.parent)
    assert own["PATH"].startswith(str(Path(sys.executable).parent))
