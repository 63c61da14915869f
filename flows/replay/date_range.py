"""Which sessions a replay goes through; everything that is wrong with a range is said at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

import pandas as pd

from core.calendar import (
    Exchange,
    is_session,
    last_complete_session,
    previous_session,
    sessions_between,
)
from core.errors import ConfigurationError
from core.text.counts import count
from ibkr.replay.source import ReplaySource

MONTHS = 6  # replayed when nothing is said
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Range:
    """What was asked for: first and last day, or so many months up to the last; None: not said."""

    first: date | None = None
    last: date | None = None
    months: int | None = None


def choose_sessions(
    asked: Range, source: ReplaySource, *, now: datetime, min_bars: int, exchange: Exchange = "XNYS"
) -> tuple[date, ...]:
    """Return the sessions of a range, all of which the source can replay.

    Parameters
    ----------
    now
        A session counts as past when it has closed by this moment.
    min_bars
        Sessions of history that a symbol needs to be scored.
    exchange
        Whose sessions a day follows: a session of the source that is none of it is left out.

    Raises `ConfigurationError` with everything that is wrong, before any work is done.
    """
    if asked.first is not None and asked.months is not None:
        raise ConfigurationError("give --from or --months, not both")
    if asked.months is not None and asked.months < 1:
        raise ConfigurationError(f"--months {asked.months}: at least one month is replayed")
    newest = min(source.last_session, last_complete_session(now).day)
    last = asked.last or newest
    first = asked.first or _months_before(last, asked.months or MONTHS)
    if first > last:
        raise ConfigurationError(f"the range is empty: --from {first} is after --to {last}")
    problems = list(_beyond(first, last, source, newest=newest, min_bars=min_bars))
    if problems:
        raise ConfigurationError(f"{source.title}: {'; '.join(problems)}")
    days = [day for day in sessions_between(first, last) if is_session(day, exchange=exchange)]
    if not days:
        raise ConfigurationError(f"there is no session from {first} to {last}")
    gaps = _gaps(days, source)
    if gaps:
        raise ConfigurationError(
            f"{source.title}: {len(gaps)} of {count(len(days), 'session')} without bars, or bars "
            f"of less than half of the symbols: {_named(gaps)}; choose a range without them"
        )
    return tuple(days)


def _months_before(last: date, months: int) -> date:
    start = pd.Timestamp(last) - pd.DateOffset(months=months) + pd.DateOffset(days=1)
    return start.date()


def _beyond(
    first: date, last: date, source: ReplaySource, *, newest: date, min_bars: int
) -> Iterator[str]:
    """Yield how a range reaches beyond what the source holds."""
    usable = sessions_between(source.first_session, source.last_session)
    if len(usable) <= min_bars:
        held = count(len(usable), "session")
        yield f"it holds {held}, and {min_bars} are needed before the first"
        return
    earliest = usable[min_bars]
    if first < earliest:
        yield (
            f"--from {first} is too early: the bars begin on {source.first_session}, and a score "
            f"needs {min_bars} of them, so the first day to replay is {earliest}"
        )
    beyond = _sessions_after(min(source.last_session, newest), last)
    if beyond and last > source.last_session:
        yield f"--to {last} is after the last bar, of {source.last_session}"
    elif beyond:
        yield (
            f"--to {last}: the session of {beyond[0]} has not closed; the newest that has is "
            f"{newest}"
        )


def _sessions_after(day: date, last: date) -> list[date]:
    """Return the sessions after a day: none when only a weekend or holidays follow."""
    return sessions_between(day + timedelta(days=1), last) if last > day else []


def _gaps(days: Sequence[date], source: ReplaySource) -> list[date]:
    """Return the sessions on which too little traded, the one before the first included."""
    counts = {day: source.traded(day) for day in (previous_session(days[0]).day, *days)}
    usual = median(counts.values())
    return [day for day, count in counts.items() if count == 0 or count < usual / 2]


def _named(days: Sequence[date]) -> str:
    shown = ", ".join(day.isoformat() for day in days[:EXAMPLES])
    return shown + ("…" if len(days) > EXAMPLES else "")
