"""Turn pytest-benchmark's JSON into the result that the book shows, and print its table.

python -m benchmarks.report RAW RESULT
"""

import json
import sys
from pathlib import Path

from benchmarks.test_costs import BY_SIZE, FULL
from reproduce import artifacts, costs, record, tables


def main() -> None:
    """Write the result and print the table."""
    raw, result = map(Path, sys.argv[1:])
    report = json.loads(raw.read_text(encoding="utf-8"))
    values = {
        "machine": record.machine(),
        "versions": record.versions(),
        "commit": record.commit(),
        "measured": report["datetime"][:10],
        "images": report["benchmarks"][0]["extra_info"]["images"],
        "settings": FULL | {"training_by_size": BY_SIZE},
        "measurements": [entry["extra_info"] for entry in report["benchmarks"]],
    }
    artifacts.write_json(result, values)
    print(tables.benchmark(values))
    print()
    print(tables.cost_ratios(costs.read(result)))


if __name__ == "__main__":
    main()
