"""The kernel that executes notebooks: of this interpreter and package, with settings of its own.

Jupyter takes a kernel's command from the first `python3` that a user has installed anywhere,
IPython runs a user's profile in it, and a machine's, and its sockets stand where TMPDIR says.
"""

import ast
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import get_kernel_dict, make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

from reproduce.core import environment, store
from reproduce.core.errors import ReproduceError

NAME = "python3"

LONGEST_SOCKET = 103
"""Bytes of the path of a socket: on macOS; Linux takes 107."""


class OwnKernelManager(AsyncKernelManager):
    """Starts kernels of the interpreter that runs this."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """What is started, whatever is installed under that name."""
        # With -P, no module is taken from the notebook's folder before the kernel is up.
        command = make_ipkernel_cmd("reproduce.book.launcher", python_arguments=["-P"])
        return KernelSpec(**get_kernel_dict() | {"argv": command})


@contextmanager
def settings() -> Iterator[tuple[Config, dict[str, str]]]:
    """Yield the configuration of a kernel's client and the kernel's environment.

    A kernel talks through sockets in a folder of its own: kernels that start side by side can pick
    the same TCP ports. IPython finds an empty folder where a user's profile would be.
    """
    with tempfile.TemporaryDirectory(prefix="ipython-") as profile:
        variables = environment.own() | {"IPYTHONDIR": profile}
        place = _place_of_sockets()
        if place is None:
            yield Config(), variables
            return
        with tempfile.TemporaryDirectory(prefix="kernel-", dir=place) as folder:
            socket = str(Path(folder) / "socket")
            yield Config({"KernelManager": {"transport": "ipc", "ip": socket}}), variables


def _place_of_sockets() -> str | None:
    """Return a folder whose path is short enough for sockets in it; None if there is none."""
    if sys.platform == "win32":  # has no such sockets
        return None
    for place in (tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"):  # noqa: S108
        longest = os.path.join(place, "kernel-12345678", "socket-5")  # noqa: PTH118
        if os.access(place, os.W_OK | os.X_OK) and len(os.fsencode(longest)) <= LONGEST_SOCKET:
            return place
    return None


ABOUT = "__import__('reproduce.core.environment', fromlist=['about']).about()"
"""What a kernel is asked to evaluate: see `about`."""


def about(reply: Mapping[str, Any]) -> environment.About:
    """Return what a kernel has said of itself in reply to `ABOUT`.

    Raises
    ------
    ReproduceError
        It is of another interpreter or package than the process that has started it.
    """
    answer = reply["content"]["user_expressions"]["about"]
    if answer["status"] != "ok":
        raise ReproduceError(f"the kernel doesn't say what it is: {answer.get('evalue')}")
    said = environment.About.model_validate_json(ast.literal_eval(answer["data"]["text/plain"]))
    ours = (sys.executable, str(store.PACKAGE))
    if (said.executable, said.package) != ours:
        raise ReproduceError(
            f"the notebook was executed by {said.executable} with {said.package}, not by "
            f"{' with '.join(ours)}"
        )
    return said
