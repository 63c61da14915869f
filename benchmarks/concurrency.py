"""Fifty callers from eight threads, all tools mixed, for a minute against a simulator.

Run with: ``python -m benchmarks.concurrency [seconds]``. Exits with 1 when any answer was wrong.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.ibkr.stress import a_world, brewed, run

SECONDS = 60.0


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        world = stack.enter_context(a_world(Path(folder)))
        storm = run(brewed(world, stack), seconds=seconds)
    for name, count in storm.asked.most_common():
        print(f"{name:12} {count:6} calls, slowest {storm.slowest[name]:.2f} s")
    print(f"{sum(storm.asked.values())} calls in {seconds:g} s, {len(storm.failures)} failures")
    for where, error in storm.failures[:10]:
        print(f"{where}: {error!r}")
    return int(bool(storm.failures))


if __name__ == "__main__":
    sys.exit(main())
