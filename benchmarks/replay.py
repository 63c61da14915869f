"""A replay of real bars, 500 names and more: seconds and memory a session.

Run with ``python -m benchmarks.replay [sessions]``. Without the real data beside the checkout a
synthetic market of 500 symbols is replayed.
"""

import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from core import clock
from core.calendar import sessions_between
from core.settings import Settings
from flows.replay.date_range import Range
from flows.replay.replay import replay
from flows.replay.results import write_results

BARS = Path(__file__).resolve().parents[1] / "../shared/data/sp500_daily_2025_2026_yahoo.parquet"
LAST = date(2026, 8, 7)
SESSIONS = 10
WARM = 5  # sessions after which memory should not grow any more


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sessions: int = SESSIONS) -> None:
    world = {"bars": BARS} if BARS.is_file() else {"symbols": 500}
    first = sessions_between(date(2026, 1, 2), LAST)[-sessions]
    peaks = {}

    def progress(_what: str, done: int, _total: int) -> None:
        peaks[done] = megabytes()

    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), simulator=world)  # type: ignore[arg-type]
        wall, cpu = time.perf_counter(), time.process_time()
        done = replay(
            settings, Range(first, LAST), now=clock.now(), resume="again", progress=progress
        )
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        row = write_results(settings, done).row
    print(f"{row['world']}")
    print(f"{sessions} sessions: {wall:.0f} s, {cpu:.0f} s CPU, {cpu / sessions:.2f} s a session")
    growth = peaks[sessions] - peaks.get(WARM, peaks[sessions])
    print(f"peak memory {peaks[sessions]:.0f} MB, {growth:.0f} MB of it after session {WARM}")
    print(f"Sharpe {row['sharpe']:.2f}, turnover {row['turnover']:.2f} a day")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS)
