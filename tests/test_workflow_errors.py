"""Errors of Snakemake, one line each, and of jobs: which, why, and where the rest is to be read."""

import logging
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

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


def told(capsys: pytest.CaptureFixture[str], event: LogEvent | None, **about: object) -> str:
    """What is told of an event of Snakemake's."""
    text = str(about.pop("text", "Error in rule"))
    level = logging.ERROR if event is LogEvent.JOB_ERROR else logging.INFO
    record = logging.LogRecord("snakemake", level, "", 0, text, (), None)
    vars(record).update(about, event=event)
    HANDLER.handle(record)
    return capsys.readouterr().err


HANDLER = workflow_errors.OwnErrors()
BAR = "training:  40%|████      | 4/10 [00:01<00:01,  3.0step/s]"


def a_failure(capsys: pytest.CaptureFixture[str], *logs: Path, **about: object) -> str:
    usual: dict[str, object] = {
        "rule_name": "model",
        "rule_msg": None,
        "indent": False,
        "output": [],
    }
    return told(capsys, LogEvent.JOB_ERROR, log=[str(log) for log in logs], **(usual | about))


def test_of_a_failed_job_the_rule_the_end_of_its_log_and_its_place_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "model.log"
    log.write_text(f"one\ntwo\nthree\n{BAR}\r{BAR.replace('4', '5')}\nerror: four\n\n")
    bar = BAR.replace("4", "5")
    expected = f"rule model failed; its log, {log}, ends so:\nthree\n{bar}\nerror: four\n"
    assert a_failure(capsys, log) == expected


def test_of_a_job_that_a_cluster_has_killed_its_word_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_rule, of_cluster = tmp_path / "model.log", tmp_path / "7.log"
    of_cluster.write_text("slurmstepd: error: *** JOB 7 CANCELLED DUE TO TIME LIMIT ***\n")
    why = "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. Detailed failure reason unavailable."
    said = a_failure(capsys, of_rule, of_cluster, rule_msg=why)
    first, last = said.splitlines()
    assert first.startswith("rule model failed: SLURM-job '7' failed, SLURM status is: 'TIMEOUT'; ")
    assert str(of_cluster) in first
    assert last.endswith("TIME LIMIT ***")
    assert "left no log" in a_failure(capsys, of_rule)


def test_of_a_job_that_a_cluster_has_ended_it_is_told_why_whatever_else_the_logs_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_rule, of_cluster = tmp_path / "model.log", tmp_path / "7.log"
    of_rule.write_text("going on after epoch 10\n")
    why = "slurmstepd-here: error: Exceeded job memory limit"
    of_cluster.write_text(f"{why}\n{why}\nsrun: x\nSnakemake\nWorkflowError:\nAt least one job\n")
    head, *rest = a_failure(capsys, of_rule, of_cluster).splitlines()
    assert str(of_rule) in head
    assert rest == ["going on after epoch 10", why]
    of_rule.unlink()
    assert a_failure(capsys, of_rule, of_cluster).splitlines()[-1] == why


def test_of_a_group_those_that_have_made_what_they_should_did_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "some.log"
    log.write_text("something\n")
    about = {"indent": True, "output": [str(log)]}
    assert a_failure(capsys, log, **about) == ""
    assert a_failure(capsys, log, **about | {"output": [str(tmp_path / "missing")]}) != ""


@pytest.mark.parametrize(("local", "said"), [(False, "going on after epoch 10\n"), (True, "")])
def test_of_a_job_on_a_node_what_it_has_told_is_passed_on_but_for_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], local: bool, said: str
) -> None:
    log = tmp_path / "model.log"
    log.write_text(f"going on after epoch 10\n{BAR}\r{BAR}\n")
    assert told(capsys, LogEvent.JOB_INFO, jobid=3, local=local, log=[str(log)]) == ""
    assert told(capsys, LogEvent.JOB_FINISHED, job_id=3) == said
    assert told(capsys, LogEvent.JOB_FINISHED, job_id=3) == ""


def test_that_a_failed_job_is_tried_again_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, None, text="Trying to restart job 3.")
    assert said == f"{workflow_errors.AGAIN}\n"
    assert told(capsys, None, text="Select jobs to execute...") == ""
