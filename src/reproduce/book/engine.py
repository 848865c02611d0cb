"""papermill's engine, with two things more: memory is measured, variables are given to the kernel.

A cell's peak of memory goes where papermill keeps the cell's time, into its metadata, as
`peak_memory_bytes`; it is None where the system doesn't tell it.
"""

import os
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.log import logger
from traitlets.config import Config

from reproduce.core import memory

NAME = "measuring"
"""What papermill knows this engine by: its `engine_name`."""


class MeasuringClient(PapermillNotebookClient):
    """Executes a notebook's cells and notes how much memory the kernel held meanwhile."""

    def execute_cell(self, cell: NotebookNode, cell_index: int) -> None:
        """Execute one cell.

        Raises
        ------
        CellExecutionError
            It failed.
        """
        kernel = self.km.provisioner.pid
        counted = memory.forget_peak_of(kernel)
        super().execute_cell(cell, cell_index)
        peak = memory.peak_of(kernel) if counted else None
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
            Environment variables for the kernel, besides those of this process.
        config
            Of nbclient and what it uses.
        """
        client = MeasuringClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            config=config,
            log=logger,
        )
        client.execute(env=os.environ | variables)


papermill_engines.register(NAME, MeasuringEngine)
