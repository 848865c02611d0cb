"""Run a command, and write what it took, with all that it has started, as JSON.

    python -m benchmarks.taken FILE COMMAND…

In a small process of its own: Linux counts what the starting process holds, with TensorFlow a
gigabyte, as the largest memory of what it starts. The exit status is the command's.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path


def costs(usage: resource.struct_rusage) -> dict[str, float]:
    """Return the seconds of processors, for the program and of the system for it, and bytes."""
    return {
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def main(file: str, *command: str) -> int:
    """Run the command; return its exit status."""
    status = subprocess.run(command, check=False).returncode
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(file).write_text(json.dumps(costs(usage)), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
