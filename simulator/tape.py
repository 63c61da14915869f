"""What a market has shown by a given moment. Nothing else in the simulator looks at prices.

A market knows the future; the tape is where the future ends. A session's open is known from its
open on, everything else of it from its close on. Splits take effect at midnight in New York, so
before the open all earlier prices are already quoted in the day's shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from math import prod
from zoneinfo import ZoneInfo

from core.calendar import Session, is_session, last_complete_session, next_session, session
from simulator.market import DailyBar, Instrument, Market

NEW_YORK = ZoneInfo("America/New_York")
AVERAGE_OVER = 20  # sessions


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a moment lies between the sessions of the exchange."""

    day: date  # in New York
    last_complete: date  # newest session that has closed
    running: Session | None  # the session that is open
    next_open: datetime  # the next open after this moment


@lru_cache(maxsize=512)
def phase(now: datetime) -> Phase:
    """Return where ``now`` lies between the sessions of the New York exchange."""
    day = now.astimezone(NEW_YORK).date()
    today = session(day) if is_session(day) else None
    return Phase(
        day=day,
        last_complete=last_complete_session(now).day,
        running=today if today and today.open <= now < today.close else None,
        next_open=today.open if today and now < today.open else next_session(day).open,
    )


def midnight(day: date) -> datetime:
    """Return the beginning of a day in New York: when its splits take effect."""
    return datetime.combine(day, time(), NEW_YORK)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the complete bars of one instrument say. Prices and shares in today's shares."""

    bar: DailyBar  # the newest complete bar
    previous_close: float | None  # the close before that bar
    average_volume: float  # shares a day over the last 20 bars
    average_value: float  # price times shares a day over the last 20 bars


class Tape:
    """The market up to a moment, by conId."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.instruments = {item.con_id: item for item in market.instruments}
        self._summaries: dict[int, tuple[tuple[date, date], Summary | None]] = {}

    def instrument(self, con_id: int) -> Instrument:
        """Return the instrument of a conId that is known to exist."""
        return self.instruments[con_id]

    def daily(self, con_id: int, now: datetime) -> Sequence[DailyBar]:
        """Return the bars of all sessions closed by ``now``, in today's shares, oldest first."""
        where = phase(now)
        bars = self.market.bars(con_id, until=where.last_complete)
        ratio = self._split_ratio(con_id, after=where.last_complete, until=where.day)
        return bars if ratio == 1.0 else [_in_new_shares(bar, ratio) for bar in bars]

    def summary(self, con_id: int, now: datetime) -> Summary | None:
        """Return what the complete bars say, None before the first one."""
        where = phase(now)
        key = (where.last_complete, where.day)
        known = self._summaries.get(con_id)
        if known is None or known[0] != key:
            known = (key, _summarise(self.daily(con_id, now)))
            self._summaries[con_id] = known
        return known[1]

    def open_price(self, con_id: int, now: datetime) -> float | None:
        """Return the running session's opening price, None outside a session or untraded."""
        running = phase(now).running
        bar = self.market.bar(con_id, running.day) if running else None
        return bar.open if bar else None

    def opening_bar(self, con_id: int, day: date, now: datetime) -> DailyBar | None:
        """Return a session's bar for its opening price only; ``now`` must not be before it."""
        assert session(day).open <= now
        return self.market.bar(con_id, day)

    def closed_bar(self, con_id: int, day: date, now: datetime) -> DailyBar | None:
        """Return a closed session's whole bar as it traded, None when there was no trading."""
        assert session(day).close <= now
        return self.market.bar(con_id, day)

    def mark(self, con_id: int, now: datetime) -> float | None:
        """Return what a share is worth: the running session's open, else the last close."""
        opened = self.open_price(con_id, now)
        if opened is not None:
            return opened
        summary = self.summary(con_id, now)
        return summary.bar.close if summary else None

    def splits_on(self, con_id: int, day: date) -> float:
        """Return how many shares one share becomes on this day, 1.0 for no split."""
        return prod(split.ratio for split in self.market.splits(con_id) if split.session == day)

    def _split_ratio(self, con_id: int, *, after: date, until: date) -> float:
        return prod(
            split.ratio for split in self.market.splits(con_id) if after < split.session <= until
        )


def _in_new_shares(bar: DailyBar, ratio: float) -> DailyBar:
    return DailyBar(
        bar.session,
        bar.open / ratio,
        bar.high / ratio,
        bar.low / ratio,
        bar.close / ratio,
        round(bar.volume * ratio),
    )


def _summarise(bars: Sequence[DailyBar]) -> Summary | None:
    if not bars:
        return None
    recent = bars[-AVERAGE_OVER:]
    return Summary(
        bar=bars[-1],
        previous_close=bars[-2].close if len(bars) > 1 else None,
        average_volume=sum(bar.volume for bar in recent) / len(recent),
        average_value=sum(bar.volume * bar.close for bar in recent) / len(recent),
    )
