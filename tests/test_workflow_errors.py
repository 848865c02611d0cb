"""Errors of Snakemake itself: one line each, and none for what a command has told already."""

import pytest

from reproduce.book import workflow_errors

MISSING = "MissingRuleException:\nNo rule to produce nosuch"
TRACEBACK = (
    "Traceback (most recent call last):\n\n  File x, line 1\n\nOSError: [Errno 30] Read-only\n"
)
FAILED = "RuleException:\nCalledProcessError in file x\nCommand 'reproduce' "


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("OSError: [Errno 28] No space left on device: 'x'", "no space left on the disk of"),
        (MISSING, "MissingRuleException: No rule to produce nosuch"),
        (TRACEBACK, "OSError: [Errno 30] Read-only"),
        (f"{FAILED}died with <Signals.SIGKILL: 9>.", "died with <Signals.SIGKILL: 9>"),
        (f"{FAILED}returned non-zero exit status 137.", "exit status 137"),
        (f"{FAILED}returned non-zero exit status 1.", ""),
        (f"{FAILED}returned non-zero exit status 2.", ""),
        ("WorkflowError:\nAt least one job did not complete successfully.", ""),
        ("Exiting because a job execution failed. Look above for error messages", ""),
        ("\n", ""),
    ],
)
def test_an_error_of_snakemake_is_one_line_unless_a_command_has_told_it(
    message: str, shown: str
) -> None:
    text = workflow_errors.brief(message)
    assert shown in text
    assert bool(text) == bool(shown)
    assert "\n" not in text
    assert "Traceback" not in text
