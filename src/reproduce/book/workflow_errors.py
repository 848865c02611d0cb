"""What goes wrong in the workflow, and what its jobs tell: Snakemake's `--quiet all` swallows both.

Of Snakemake's own errors it is a line each; of a job that failed, the rule, the end of its log and
where that is, for jobs that ran here and on a cluster's nodes alike, and that it is tried again. Of
a job that succeeded on a node it is what its command has told, such as after which epoch a training
went on.
"""

import logging
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from snakemake.logging import get_event, logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from reproduce.core import store

_TOLD = re.compile(r"returned non-zero exit status [12]\.")
"""A command of ours that ends with these has said why; one that was killed has not."""

_CONSEQUENCES = ("At least one job did not complete successfully", "Exiting because a job")

_TRIED_AGAIN = "Trying to restart job"

AGAIN = "it is tried again, with more memory and time, and goes on where it was"

_OF_THE_CLUSTER = re.compile(r"slurmstepd\S*: error: ")
"""Why it has ended a job, such as for its memory; Snakemake's errors stand behind it in its log."""

_PROGRESS = re.compile(r".*(\d%\||\?\S*/s)")
"""A bar of tqdm."""

LINES = 3
"""How many lines of a failed job's log are shown."""


class OwnErrors(logging.Handler):
    """Shows what Snakemake finds wrong, and of its jobs what a user would miss."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._away: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write what there is to tell of a record to stderr."""
        text = self._told(record)
        if text:
            print(text, file=sys.stderr, flush=True)

    def _told(self, record: logging.LogRecord) -> str:
        event = get_event(record)
        about = vars(record)
        if event == LogEvent.JOB_INFO and not about["local"]:
            self._away[about["jobid"]] = about["log"]
        elif event == LogEvent.JOB_FINISHED:
            return remarks(self._away.pop(about["job_id"], []))
        elif event == LogEvent.JOB_ERROR:
            made = all(Path(output).exists() for output in about["output"])
            if not (about["indent"] and made):  # of a group, others may have succeeded
                return failure(about["rule_name"], about["rule_msg"] or "", about["log"])
        elif record.getMessage().startswith(_TRIED_AGAIN):
            return AGAIN
        elif event != LogEvent.GROUP_ERROR and record.levelno >= logging.ERROR:
            text = brief(record.getMessage())
            return f"error: {text}" if text else ""
        return ""


def failure(rule: str, reason: str, logs: Sequence[str]) -> str:
    """Return what is told of a failed job.

    Parameters
    ----------
    rule
        Its name.
    reason
        What the cluster says of it, if it ran there.
    logs
        Its log, and that of the cluster, which says why if the job itself had no time to. What the
        cluster's servers say is told in any case.
    """
    said = f": {reason.partition(' Detailed failure')[0].rstrip('.')}" if reason else ""
    words = [line for log in logs for line in _lines(Path(log)) if _OF_THE_CLUSTER.match(line)]
    words = list(dict.fromkeys(words))[-LINES:]
    for log in map(Path, logs):
        ends = _lines(log)[-LINES:]
        if ends:
            head = f"rule {rule} failed{said}; its log, {log}, ends so:"
            return "\n".join([head, *ends, *(word for word in words if word not in ends)])
    return f"error: rule {rule} failed{said}; it has left no log"


def remarks(logs: Sequence[str]) -> str:
    """Return what a command has told in its log, but for bars of progress."""
    return "\n".join(
        line for log in logs for line in _lines(Path(log)) if not _PROGRESS.match(line)
    )


def _lines(log: Path) -> list[str]:
    """Return the lines of a log as they are seen on a terminal, where bars are drawn over."""
    if not log.is_file():
        return []
    text = log.read_bytes().decode(errors="replace")
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [line for line in lines if line]


def brief(message: str) -> str:
    """Return an error of Snakemake as one line; empty if it is told elsewhere."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines or _TOLD.search(message) or any(text in message for text in _CONSEQUENCES):
        return ""
    if store.tells_of_full_disk(message):
        return str(store.no_space(Path.cwd()))
    return lines[-1] if lines[0].startswith("Traceback") else " ".join(lines)


def show(quiet: Collection[Quietness] | None) -> None:
    """Have these told where Snakemake is told to be quiet about everything."""
    if Quietness.ALL in (quiet or ()):
        logger.addHandler(OwnErrors())
