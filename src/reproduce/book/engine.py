"""papermill's engine, with a kernel of our own whose memory is measured, and which says what it is.

A cell's peak of memory goes where papermill keeps the cell's time, into its metadata, as
`peak_memory_bytes`; it is None where the system doesn't tell it.
"""

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.log import logger
from traitlets.config import Config

from reproduce.book import kernel
from reproduce.core import memory

NAME = "measuring"
"""What papermill knows this engine by: its `engine_name`."""


class MeasuringClient(PapermillNotebookClient):
    """Executes a notebook's cells and notes how much memory the kernel held meanwhile.

    What the kernel says of itself goes into the notebook's metadata, as `papermill.about`.
    """

    def papermill_execute_cells(self) -> None:
        """Execute the cells, then ask the kernel what it is."""
        super().papermill_execute_cells()
        asked = self.kc.execute("", silent=True, user_expressions={"about": kernel.ABOUT})
        said = kernel.about(self.wait_for_reply(asked))
        self.nb.metadata.papermill["about"] = said.model_dump(include={"versions", "variables"})

    def execute_cell(self, cell: NotebookNode, cell_index: int) -> None:
        """Execute one cell.

        Raises
        ------
        CellExecutionError
            It failed.
        """
        process = self.km.provisioner.pid
        counted = memory.forget_peak_of(process)
        super().execute_cell(cell, cell_index)
        peak = memory.peak_of(process) if counted else None
        cell.metadata.papermill["peak_memory_bytes"] = peak


class MeasuringEngine(NBClientEngine):
    """Starts the kernel and hands the notebook to the client above."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        variables: Mapping[str, str],
        start_timeout: int,
        config: Config,
        **_: Any,
    ) -> None:
        """Execute a notebook.

        Parameters
        ----------
        nb_man, kernel_name, start_timeout
            As papermill gives them; the last is in seconds.
        variables
            The kernel's environment.
        config
            Of nbclient and what it uses.
        """
        client = MeasuringClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            kernel_manager_class=kernel.OwnKernelManager,
            config=config,
            log=logger,
        )
        client.execute(env=dict(variables))


papermill_engines.register(NAME, MeasuringEngine)
