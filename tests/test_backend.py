"""Importing TensorFlow: quiet where it is known to chatter, and nothing else held back."""

import os
import subprocess
import sys


def run(code: str) -> "subprocess.CompletedProcess[str]":
    unset = ("TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120
    )


def test_the_import_writes_nothing_to_stderr() -> None:
    assert run("import reproduce.backend").stderr == ""


def test_keras_runs_on_tensorflow_with_the_settings_made() -> None:
    code = "from reproduce.backend import keras; import os; print(keras.backend.backend(), "
    code += "os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert run(code).stdout.split() == ["tensorflow", "1"]


def test_other_lines_on_stderr_pass() -> None:
    code = """
import os
from reproduce import backend
with backend._without_start_up_notes():
    os.write(2, b"oneDNN custom operations are on\\n")
    os.write(2, b"something is wrong\\n")
os.write(2, b"and after\\n")
"""
    assert run(code).stderr == "something is wrong\nand after\n"


def test_an_error_on_import_is_not_held_back() -> None:
    code = """
import os
from reproduce import backend
try:
    with backend._without_start_up_notes():
        os.write(2, b"before the fall\\n")
        raise ImportError
except ImportError:
    os.write(2, b"caught\\n")
"""
    assert run(code).stderr == "before the fall\ncaught\n"
