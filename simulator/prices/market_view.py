"""What a market has shown by a given moment. Nothing else in the simulator looks at prices.

It answers for instruments of every kind. A market knows the future; the view is where the future
ends. Of a running session its path up to the moment is known (where the bars are real only its
open), the whole of it from its close on. Splits take effect at midnight in New York, so before the
open all earlier prices are already quoted in the day's shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from math import prod

from core.calendar import Session, is_session, last_complete_session, next_session, session
from simulator.clock import NEW_YORK
from simulator.instruments.options import intrinsic
from simulator.instruments.securities import Securities
from simulator.market.market import DailyBar, Instrument, Market, in_new_shares
from simulator.prices.announcements import Announcements
from simulator.prices.bar_sizes import path_of
from simulator.prices.intraday import TimedBar
from simulator.untidy.market import untidiness_of

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
    average_volume: float  # shares a day over the last 20 bars, 2 of a derivative
    average_value: float  # price times shares a day over the same bars
    assumed_spread: float | None = None  # of a market of real bars, as a fraction


class MarketView:
    """The market up to a moment, by conId.

    Attributes
    ----------
    market
        The shares, and whatever else the market itself lists.
    securities
        Instruments of every kind, without regard to time.
    base
        The currency of the accounts that trade here.
    untidy
        How untidily the world tells of it.
    announced
        Sessions that were closed or shortened after the calendar was written.
    """

    def __init__(self, market: Market, *, base: str = "USD") -> None:
        self.market, self.base = market, base
        self.untidy = untidiness_of(market)
        self.announced = Announcements(self.untidy)
        self.securities = Securities(market)
        self._summaries: dict[int, tuple[tuple[date, date], Summary | None]] = {}

    @property
    def is_real(self) -> bool:
        """Whether the bars are real, so that nothing about their companies may be drawn."""
        return self.market.assumed_spread is not None

    @cached_property
    def instruments(self) -> dict[int, Instrument]:
        """The market's shares and its benchmarks, by conId; derivatives are not counted."""
        return {**self.securities.shares, **self.securities.benchmarks.instruments}

    def instrument(self, con_id: int, now: datetime | None = None) -> Instrument:
        """Return the instrument of a conId that is known to exist.

        With ``now`` under the symbol it has then, without under its first one.
        """
        known = self.securities.shares.get(con_id)
        if known is not None:
            return known
        day = date.min if now is None else phase(now).day
        found = self.securities.named(con_id, day)
        if found is None:
            raise KeyError(con_id)
        return found

    def daily(self, con_id: int, now: datetime) -> Sequence[DailyBar]:
        """Return the bars of all sessions closed by ``now``, in today's shares, oldest first."""
        where = phase(now)
        bars = self.securities.bars(con_id, until=where.last_complete)
        ratio = self._split_ratio(con_id, after=where.last_complete, until=where.day)
        return bars if ratio == 1.0 else [in_new_shares(bar, ratio) for bar in bars]

    def summary(self, con_id: int, now: datetime) -> Summary | None:
        """Return what the complete bars say, None before the first one."""
        where = phase(now)
        key = (where.last_complete, where.day)
        known = self._summaries.get(con_id)
        if known is None or known[0] != key:
            over = AVERAGE_OVER if self.instrument(con_id).underlying is None else 2
            known = (key, _summarise(self.daily(con_id, now)[-over:], self.market.assumed_spread))
            self._summaries[con_id] = known
        return known[1]

    def so_far(
        self, con_id: int, now: datetime, *, since: datetime | None = None
    ) -> DailyBar | None:
        """Return the bar of the running session up to a moment, None outside one or untraded.

        Its close is the last price; with ``since`` it begins at that moment. Real daily bars tell
        nothing between open and close: of them the bar stays at the open, without volume.
        """
        running = phase(now).running
        bar = self.securities.bar(con_id, running.day) if running else None
        if bar is None:
            return None
        if self.is_real:
            return DailyBar(bar.session, bar.open, bar.open, bar.open, bar.open, 0)
        path = path_of(self.instrument(con_id))
        if since is None or running is None or since <= running.open:
            return path.so_far(bar, now)
        return path.between(bar, since, now)

    def running_bars(
        self, con_id: int, now: datetime, size: str, *, since: datetime | None = None
    ) -> list[TimedBar]:
        """Return the shorter bars of the running session, the last one up to the moment.

        From the one that holds ``since`` on. None outside a session, or where the bars are real.
        """
        running = phase(now).running
        bar = self.securities.bar(con_id, running.day) if running else None
        if bar is None or self.is_real:
            return []
        return path_of(self.instrument(con_id)).bars(bar, size, since=since, until=now)

    def opening_bar(self, con_id: int, day: date, now: datetime) -> DailyBar | None:
        """Return a session's bar for its opening price only; ``now`` must not be before it."""
        assert session(day).open <= now
        return self.securities.bar(con_id, day)

    def closed_bar(
        self, con_id: int, day: date, now: datetime, *, since: datetime | None = None
    ) -> DailyBar | None:
        """Return a closed session's bar as it traded, None when there was no trading.

        With ``since`` of what followed that moment; of real bars always of the whole session.
        """
        assert session(day).close <= now
        bar = self.securities.bar(con_id, day)
        if bar is None or since is None or since <= session(day).open or self.is_real:
            return bar
        return path_of(self.instrument(con_id)).rest(bar, since)

    def mark(self, con_id: int, now: datetime) -> float | None:
        """Return what a share is worth: the running session's last price, else the last close.

        An option or future is worth its settlement from the close of its last day on.
        """
        settled = self.settlement(con_id, now)
        if settled is not None:
            return settled
        running = self.so_far(con_id, now)
        if running is not None:
            return running.close
        summary = self.summary(con_id, now)
        return summary.bar.close if summary else None

    def splits_on(self, con_id: int, day: date) -> float:
        """Return how many shares one share becomes on this day, 1.0 for no split."""
        return prod(split.ratio for split in self.securities.splits(con_id) if split.session == day)

    def dividends_on(self, con_id: int, day: date) -> float:
        """Return what a share pays to its holder at the beginning of this day, 0.0 for nothing."""
        paid = self.securities.dividends(con_id)
        return sum(dividend.amount for dividend in paid if dividend.ex_date == day)

    def is_listed(self, con_id: int, now: datetime) -> bool:
        """Return whether an instrument still trades: neither expired nor delisted."""
        item = self.instrument(con_id)
        last = item.expiry or item.listed_until
        return last is None or now < session(last).close

    def settlement(self, con_id: int, now: datetime) -> float | None:
        """Return what an expired option or future came to per share, None before it expired.

        An option comes to its intrinsic value at the underlying's last close by then, a future to
        the level of the index.
        """
        item = self.instrument(con_id)
        if item.expiry is None or item.underlying is None or self.is_listed(con_id, now):
            return None
        under = self.mark(item.underlying, session(item.expiry).close)
        if under is None or item.sec_type == "FUT":
            return under
        return self.intrinsic(con_id, session(item.expiry).close)

    def intrinsic(self, con_id: int, now: datetime) -> float:
        """Return what an option is in the money per share, 0.0 for nothing."""
        item = self.instrument(con_id)
        assert item.underlying is not None
        under = self.mark(item.underlying, now)
        if under is None:
            return 0.0
        day = min(phase(now).day, item.expiry or date.max)
        shares = self.securities.shares_for_one(item, day)
        return round(intrinsic(self.securities.key(con_id), under * shares), 2)

    def deliverable(self, con_id: int, now: datetime) -> float:
        """Return how many shares exercising one contract of an option delivers.

        It is the multiplier, times the splits of the underlying since the option was listed.
        """
        item = self.instrument(con_id)
        day = min(phase(now).day, item.expiry or date.max)
        return item.multiplier * self.securities.shares_for_one(item, day)

    def _split_ratio(self, con_id: int, *, after: date, until: date) -> float:
        splits = self.securities.splits(con_id)
        return prod(split.ratio for split in splits if after < split.session <= until)


def _summarise(bars: Sequence[DailyBar], assumed_spread: float | None) -> Summary | None:
    """Summarise the newest bars, as many as are to be averaged over."""
    if not bars:
        return None
    return Summary(
        bar=bars[-1],
        previous_close=bars[-2].close if len(bars) > 1 else None,
        average_volume=sum(bar.volume for bar in bars) / len(bars),
        average_value=sum(bar.volume * bar.close for bar in bars) / len(bars),
        assumed_spread=assumed_spread,
    )
