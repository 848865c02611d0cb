"""What a run is and what it has found, as Markdown to be sent with a number that differs.

It names no folder and no user: whoever pastes it into an issue gives away nothing of the machine
but processor, cores, memory and system.
"""

import math
from pathlib import Path
from typing import Any

from reproduce.book import colophon
from reproduce.core import environment, markdown, store
from reproduce.core.errors import ReproduceError
from reproduce.core.parameters import Parameters
from reproduce.core.stage import present
from reproduce.measure import stages
from reproduce.results import claims, record
from reproduce.results.quantities import quantities as quantities_of
from reproduce.results.run import Run


def describe(parameters: Parameters) -> str:
    """Return what the run with these parameters is, without making anything of it.

    Raises
    ------
    ReproduceError
        Nothing of it is made, with the source and the libraries as they are now.
    """
    made = present(stages.ALL, parameters)
    if not made:
        raise ReproduceError(
            f"nothing is made of profile {parameters.profile!r} with these parameters, this source "
            f"and these libraries; run: make book PROFILE={parameters.profile}"
        )
    found = record.find(parameters)
    parts = [
        "## What it ran with and in",
        _facts(parameters),
        "## What is made of it",
        markdown.table([_artifact(folder) for folder in made.values()]),
        "## What the claims are held against",
        _numbers(parameters, found) if found else "Model or scores are not made: no numbers yet.",
    ]
    return "\n\n".join(parts)


def _facts(parameters: Parameters) -> str:
    values = parameters.model_dump(exclude={"profile", "folder"})
    facts = {
        "profile": f"`{parameters.profile}`",
        "all parameters": colophon.assignments(values, values),
        "git commit": _commit(environment.commit()),
        "versions": colophon.versions(environment.versions()),
        "variables": colophon.variables(environment.variables()) or "–",
        "machine": colophon.machine(environment.machine()),
    }
    return markdown.table([{"": name, "this run": text} for name, text in facts.items()])


def _commit(identity: str | None) -> str:
    """Return a commit and whether the checkout is as it was committed."""
    if identity is None:
        return "unknown: not in git"
    changes = "with uncommitted changes" if identity.endswith("-dirty") else "without changes"
    return f"`{identity.removesuffix('-dirty')}`, {changes}"


def _artifact(folder: Path) -> dict[str, str]:
    made: dict[str, Any] = store.read_manifest(folder)["made"]
    commit = f"`{made['commit'][:8]}`" if made["commit"] else "unknown"
    return {
        "artifact": f"`{folder.name}`",
        "made": made["started"],
        "by commit": commit + (" + changes" if made["uncommitted_changes"] else ""),
        "on": f"{made['machine']['processor']}, {made['machine']['cores']} cores",
    }


def _numbers(parameters: Parameters, found: Run) -> str:
    """Return the numbers of all claims, beside those of a record with the same setting."""
    recorded = record.of_same_setting(parameters, found.data.fingerprint)
    ours, theirs = quantities_of(found), quantities_of(recorded) if recorded else {}
    labels = {check.quantity: check.label for claim in claims.read() for check in claim.checks}
    rows = []
    for name, label in labels.items():
        if name not in ours:  # of rates that are not made
            continue
        row = {"number": label, "quantity": f"`{name}`", "this run": _exactly(ours[name])}
        if recorded:
            row |= {
                "record": _exactly(theirs[name]),
                "difference": _difference(ours[name], theirs[name]),
            }
        rows.append(row)
    return f"{_beside(parameters, rows)}\n\n{markdown.table(rows)}"


def _beside(parameters: Parameters, rows: list[dict[str, str]]) -> str:
    """Say how many numbers differ from the record's, or that there is none of this setting."""
    if "difference" not in rows[0]:
        return "There is no record of this setting and seed, to set these numbers beside."
    differing = sum(row["difference"] != "none" for row in rows)
    return (
        f"Beside the record, profile `paper`, seed {parameters.seed}: {differing} of {len(rows)} "
        "numbers differ."
    )


def _exactly(value: float) -> str:
    """Return a number with more digits than the book has, so that small differences show."""
    return "–" if math.isnan(value) else f"{value:.10g}"


def _difference(ours: float, theirs: float) -> str:
    if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
        return "none"
    return f"{ours - theirs:+.1e}"
