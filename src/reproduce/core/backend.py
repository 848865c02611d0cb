"""Keras and TensorFlow, with settings that TensorFlow reads only once.

Every module that needs them imports them from here, so that the settings hold in each process
alike: the command line, a notebook, a test. They are loaded, which takes seconds, when something of
them is first used: a page that reads records alone has no need of them.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reproduce.core.parallel import available_threads

# oneDNN's kernels are several times faster, and off by default on processors without AVX-512. On
# everywhere, also because results are bit-identical only for one and the same setting.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# TensorFlow's notes of levels INFO and WARNING on stderr would land in the outputs of notebooks.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# With one thread oneDNN adds up gradients in another order than with several; from two on, where
# there is AVX-512, it is always the same. Two it is at least, so that cores don't change weights.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(2, available_threads())))
# Keras's settings are ours, not those of the user's ~/.keras/keras.json.
os.environ["KERAS_HOME"] = str(Path(__file__).with_name("keras"))
os.environ["KERAS_BACKEND"] = "tensorflow"
for _limit in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
    os.environ.pop(_limit, None)

# What TensorFlow writes to stderr before it has read that level.
_START_UP_NOTES = (
    b"All log messages before absl::InitializeLog()",
    b"oneDNN custom operations are on",
)


@contextmanager
def _without_start_up_notes() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, then pass on all but the known notes."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not any(note in line for note in _START_UP_NOTES):
                    os.write(2, line)


class _LoadedWhenUsed(ModuleType):
    """A module that is loaded, without the known notes, when an attribute of it is first read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_load(self.__name__), name)


_LOADING = Lock()


@cache
def _load(name: str) -> ModuleType:
    with _LOADING, _without_start_up_notes():
        return importlib.import_module(name)


if TYPE_CHECKING:
    import keras
    import tensorflow
else:
    keras = _LoadedWhenUsed("keras")
    tensorflow = _LoadedWhenUsed("tensorflow")

__all__ = ["keras", "tensorflow"]
