"""Snakemake's own errors, one line each, which its option `--quiet all` swallows with all else."""

import logging
import re
import sys
from collections.abc import Collection
from pathlib import Path

from snakemake.logging import get_event, logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from reproduce.core import store

_TOLD = re.compile(r"returned non-zero exit status [12]\.")
"""A command of ours that ends with these has said why; one that was killed has not."""

_CONSEQUENCES = ("At least one job did not complete successfully", "Exiting because a job")


class OwnErrors(logging.Handler):
    """Shows what Snakemake finds wrong itself: a target, a pattern, a folder, a killed command."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for an error to stderr, unless a command has told it already."""
        text = brief(record.getMessage())
        if text and get_event(record) not in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            print(f"error: {text}", file=sys.stderr, flush=True)


def brief(message: str) -> str:
    """Return an error of Snakemake as one line; empty if it is told elsewhere."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines or _TOLD.search(message) or any(text in message for text in _CONSEQUENCES):
        return ""
    if store.tells_of_full_disk(message):
        return str(store.no_space(Path.cwd()))
    return lines[-1] if lines[0].startswith("Traceback") else " ".join(lines)


def show(quiet: Collection[Quietness] | None) -> None:
    """Have errors of Snakemake itself shown where it is told to be quiet about everything."""
    if Quietness.ALL in (quiet or ()):
        logger.addHandler(OwnErrors())
