"""Turn pytest-benchmark's JSON into the result that the book shows, and print its tables.

python -m benchmarks.report RESULT RAW …
"""

import json
import sys
from pathlib import Path

from benchmarks.test_costs import BY_SIZE, FULL
from reproduce.chapters import cost
from reproduce.core import environment, store
from reproduce.results import costs


def main() -> None:
    """Write the result and print the tables."""
    result, *raw = map(Path, sys.argv[1:])
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in raw]
    measurements = [entry["extra_info"] for report in reports for entry in report["benchmarks"]]
    (images,) = {entry.pop("images") for entry in measurements if "images" in entry}
    commit = reports[0]["commit_info"]
    values = costs.Benchmark(
        machine=environment.machine(),
        versions=environment.versions(),
        commit=commit["id"] + ("-dirty" if commit["dirty"] else ""),
        measured=reports[0]["datetime"][:10],
        images=images,
        settings=FULL | {"training_by_size": BY_SIZE},
        measurements=measurements,
    )
    store.write_json(result, values.model_dump())
    print(cost.benchmark(values))
    print()
    print(cost.cost_ratios(values))
    print()
    print(cost.book_costs(values))


if __name__ == "__main__":
    main()
