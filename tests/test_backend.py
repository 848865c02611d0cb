"""Loading TensorFlow: when it is used, quiet where it is known to chatter, no more held back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MADE = ("TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTRAOP_THREADS", "KERAS_BACKEND")


def run(code: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run Python code in a process in which none of the settings is made, but for these."""
    environment = {name: value for name, value in os.environ.items() if name not in MADE}
    environment |= variables
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120
    )


def test_keras_runs_on_tensorflow_with_our_settings_whatever_the_users_file_says(
    tmp_path: Path,
) -> None:
    users = '{"image_data_format": "channels_first", "floatx": "float64", "epsilon": 1.0}'
    (tmp_path / "keras.json").write_text(users)
    code = """
import os
from reproduce.core.backend import keras, tensorflow
settings = keras.config
print(settings.image_data_format(), settings.floatx(), settings.epsilon(), settings.max_epochs())
print(settings.backend(), tensorflow.constant(1).numpy(), os.environ["TF_ENABLE_ONEDNN_OPTS"])
"""
    done = run(code, KERAS_HOME=str(tmp_path), KERAS_MAX_EPOCHS="1")
    ours = ["channels_last", "float32", "1e-07", "None"]
    assert done.stdout.split() == [*ours, "tensorflow", "1", "1"]
    assert done.stderr == ""
    assert (tmp_path / "keras.json").read_text() == users


def test_what_needs_no_model_loads_no_tensorflow() -> None:
    codes = [
        "import reproduce.book.render, reproduce.chapters.page, reproduce.chapters.report",
        "import reproduce.cli, reproduce.codec.files, reproduce.results.studies",
        "from reproduce.models import registry; registry.find('no-attention')",
        "from reproduce.results import record; record.read()",
    ]
    loaded = "; print('tensorflow' in sys.modules)\n"
    told = run("import sys\n" + "".join(code + loaded for code in codes)).stdout
    assert told.split() == ["False"] * len(codes)


@pytest.mark.parametrize(
    ("variables", "threads"),
    [
        ({"OMP_NUM_THREADS": "1"}, "2"),
        ({"OMP_NUM_THREADS": "3"}, "3"),
        ({"OMP_NUM_THREADS": "3", "TF_NUM_INTRAOP_THREADS": "1"}, "1"),
    ],
    ids=["one-core", "three-cores", "told"],
)
def test_two_threads_are_the_least_unless_fewer_are_told(
    variables: dict[str, str], threads: str
) -> None:
    code = "import reproduce.core.backend, os; print(os.environ['TF_NUM_INTRAOP_THREADS'])"
    assert run(code, **variables).stdout.strip() == threads


def test_other_lines_on_stderr_pass() -> None:
    code = """
import os
from reproduce.core import backend
with backend._without_start_up_notes():
    os.write(2, b"oneDNN custom operations are on\\n")
    os.write(2, b"something is wrong\\n")
os.write(2, b"and after\\n")
"""
    assert run(code).stderr == "something is wrong\nand after\n"


def test_an_error_on_import_is_not_held_back() -> None:
    code = """
import os
from reproduce.core import backend
try:
    with backend._without_start_up_notes():
        os.write(2, b"before the fall\\n")
        raise ImportError
except ImportError:
    os.write(2, b"caught\\n")
"""
    assert run(code).stderr == "before the fall\ncaught\n"
