"""A day of 700 names in the untidiest world against the tidy one: CPU seconds, in turn.

Run with ``python -m benchmarks.untidy``. Both are one session of a replay, with the same stage
functions as a day; each side's market is built before it is measured.
"""

import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time

from core.settings import Settings
from flows.replay.date_range import Range
from flows.replay.replay import replay

SYMBOLS, TIMES = 700, 3
SESSION, NOW = date(2026, 6, 15), datetime(2026, 7, 1, tzinfo=UTC)
LEVELS = ("0", "3")
GOAL = 1.15


def day(level: str) -> float:
    """Return the CPU time of one session, user and system, of all threads."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = {"symbols": SYMBOLS, "untidy": level}
        settings = Settings(home=home, simulator=world, universe={"history": "1 Y"})
        before = process_time()
        replay(settings, Range(SESSION, SESSION), now=NOW, resume="again")
        return process_time() - before


def main() -> None:
    """Measure both in turn and print the ratio of the fastest of each."""
    found = {level: [] for level in LEVELS}
    for _ in range(TIMES):
        for level in LEVELS:
            found[level].append(day(level))
    tidy, untidy = (min(found[level]) for level in LEVELS)
    print(f"tidy {tidy:.2f} s, untidy {untidy:.2f} s: ratio {untidy / tidy:.2f}")
    if untidy > GOAL * tidy:
        sys.exit(f"an untidy day takes more than {GOAL:g} of the time of a tidy one")


if __name__ == "__main__":
    main()
