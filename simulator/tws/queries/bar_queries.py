"""The bars that answer a request, and the sessions that one covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from core.calendar import Session, session, sessions_between
from core.types import Leg
from simulator.clock import NEW_YORK
from simulator.exchange.pricing import net_weights
from simulator.market.market import DailyBar, Instrument
from simulator.prices.bar_kinds import (
    QUOTED,
    SERVED,
    VOLATILITIES,
    quoted,
    volatility_bars,
    without_dividends,
)
from simulator.prices.bar_sizes import (
    DAY,
    MONTH,
    SECONDS,
    WEEK,
    closed_by,
    longer_bars,
    path_of,
    trading_time_before,
)
from simulator.prices.intraday import TimedBar
from simulator.prices.market_view import MarketView, phase
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.history_request import HistoryRequest, failed, no_data
from simulator.untidy.bars import odd_bars

MOST_TIMED_BARS = 100_000
MOST_DAYS = 365  # of a duration in days
_DAYS = {"W": 7, "M": 30.4375, "Y": 365.25}


@dataclass(frozen=True, slots=True)
class BarResult:
    """The bars that answer a request, at least one, oldest first: daily or longer, or shorter."""

    instrument: Instrument
    bars: Sequence[DailyBar]
    end: datetime
    timed: Sequence[TimedBar] = ()

    @property
    def start(self) -> datetime:
        """When the first bar began."""
        return self.timed[0].begin if self.timed else session(self.bars[0].session).open

    @property
    def last(self) -> DailyBar | TimedBar:
        """The last bar, which of a running session is still to change."""
        return self.timed[-1] if self.timed else self.bars[-1]


def begin_of(bar: DailyBar | TimedBar) -> datetime:
    """Return when a bar began."""
    return bar.begin if isinstance(bar, TimedBar) else session(bar.session).open


@dataclass(frozen=True, slots=True)
class _Search:
    """Bars of one instrument up to a moment."""

    request: HistoryRequest
    instrument: Instrument
    view: MarketView
    end: datetime
    running: DailyBar | None  # the bar so far of the session that runs now and at the end


def bars_for(
    request: HistoryRequest, directory: ContractLookup, view: MarketView, now: datetime
) -> BarResult:
    """Find the bars known by ``now``, of a running session what it has come to by then.

    Raises `RequestRefused` as TWS would.
    """
    if request.legs:
        con_ids = [leg.con_id for leg in request.legs]
        items = [directory.one(ContractQuery(i, "", "", "", "", "", "")) for i in con_ids]
        instrument = items[0]
    else:
        instrument = directory.one(request.query)
    number, unit = request.span()
    end = request.end_by(now)
    if request.what not in SERVED[instrument.sec_type] or _unknown(request, view):
        raise no_data(instrument, request.what)
    if request.legs:
        daily: Sequence[DailyBar] = _combination_bars(view, request.legs, now)
    else:
        daily = view.daily(instrument.con_id, now)
    newest = phase(end).last_complete
    running = None if request.legs else _running(instrument, view, now, end)
    if running is not None:
        daily, newest = [*daily, running], running.session
    if request.bar_size in SECONDS:
        return _timed(_Search(request, instrument, view, end, running), daily)
    bars = _window(daily, number, unit, newest)
    if request.bar_size in {WEEK, MONTH}:
        bars = longer_bars(bars, request.bar_size)
    if not bars:
        raise no_data(instrument, request.what)
    told = _of_kind(bars, request.what, instrument, view, now)
    if request.bar_size == DAY and request.what == "TRADES":
        told = odd_bars(told, instrument.con_id, view.untidy)
    return BarResult(instrument, told, end)


def newer_bars(
    request: HistoryRequest,
    directory: ContractLookup,
    view: MarketView,
    now: datetime,
    *,
    since: datetime,
) -> BarResult:
    """Find the bars from the one that began at ``since`` on, without cutting those before it."""
    if request.bar_size not in SECONDS:
        return bars_for(request, directory, view, now)
    sessions = len(sessions_between(since.astimezone(NEW_YORK).date(), phase(now).day))
    days = min(max(sessions, 1), MOST_DAYS)
    return bars_for(replace(request, duration=f"{days} D"), directory, view, now)


def _running(
    instrument: Instrument, view: MarketView, now: datetime, end: datetime
) -> DailyBar | None:
    """Return the bar of the session that runs now, as it was at ``end``; None before its open."""
    running = phase(now).running
    if view.is_real or running is None or running != phase(end).running or end == running.open:
        return None
    return view.so_far(instrument.con_id, end)


def _unknown(request: HistoryRequest, view: MarketView) -> bool:
    """Return whether only a synthetic market could answer: real daily bars say nothing of a day."""
    within_the_day = request.bar_size in SECONDS
    return view.is_real and (within_the_day or request.what == "OPTION_IMPLIED_VOLATILITY")


def _of_kind(
    bars: Sequence[DailyBar], what: str, instrument: Instrument, view: MarketView, now: datetime
) -> Sequence[DailyBar]:
    con_id = instrument.con_id
    if what in VOLATILITIES:
        return volatility_bars(bars, what, view, con_id)
    if what == "ADJUSTED_LAST":
        today = phase(now).day
        paid = [one for one in view.securities.dividends(con_id) if one.ex_date <= today]
        return without_dividends(bars, paid) if paid else bars
    summary = view.summary(con_id, now)
    if what not in QUOTED or what == "MIDPOINT" or summary is None:
        return bars
    return quoted(bars, what, instrument, summary)


def _timed(search: _Search, daily: Sequence[DailyBar]) -> BarResult:
    request, instrument, end = search.request, search.instrument, search.end
    number, unit = request.span()
    closed = daily[: closed_by(daily, phase(end).day)]
    if closed and session(closed[-1].session).open >= end:
        closed = closed[:-1]  # asked for up to a moment before that day's open
    begin: datetime | None = None
    if unit == "S":
        bars, begin = trading_time_before(closed, end, timedelta(seconds=number))
    elif unit == "D":
        bars = closed[max(len(closed) - number, 0) :]
    else:
        newest = closed[-1].session if closed else end.date()
        oldest = newest - timedelta(days=round(number * _DAYS[unit]))
        bars = closed[closed_by(closed, oldest) :]
    if len(bars) * 23_400 // SECONDS[request.bar_size] > MOST_TIMED_BARS:
        raise failed("Time length exceed max.")
    found = _cut(search, bars, begin)
    if not found or request.what in VOLATILITIES:
        raise no_data(instrument, request.what)
    return BarResult(instrument, (), end, timed=found)


def _cut(search: _Search, sessions: Sequence[DailyBar], begin: datetime | None) -> list[TimedBar]:
    """Cut sessions into the bars that begin before the end, of the first session from ``begin``."""
    request, instrument, view = search.request, search.instrument, search.view
    path, size, con_id = path_of(instrument), request.bar_size, instrument.con_id
    found: list[TimedBar] = []
    for number, daily in enumerate(sessions):
        since = begin if number == 0 else None
        if daily is search.running:
            found += view.running_bars(con_id, search.end, size, since=since)
        else:
            bars = path.bars(daily, size, since=since)
            found += [bar for bar in bars if bar.begin < search.end]
    summary = view.summary(con_id, search.end)
    if request.what in QUOTED and request.what != "MIDPOINT" and summary is not None:
        return quoted(found, request.what, instrument, summary)
    return found


def _window(bars: Sequence[DailyBar], number: int, unit: str, newest: date) -> Sequence[DailyBar]:
    """Cut the bars that ``number`` units up to a session cover; days are trading days."""
    stop = closed_by(bars, newest)
    if unit in "SD":
        count = number if unit == "D" else 1
        return bars[max(stop - count, 0) : stop]
    oldest = newest - timedelta(days=round(number * _DAYS[unit]))
    return bars[closed_by(bars, oldest) : stop]


def sessions_for(request: HistoryRequest, now: datetime) -> list[Session]:
    """Return the sessions that a duration covers, the one of the end's day included."""
    number, unit = request.span()
    end = phase(request.end_by(now)).day
    days = {"D": number * 1.6 + 7, "S": 7}.get(unit, number * _DAYS.get(unit, 0))
    listed = sessions_between(end - timedelta(days=round(days)), end)
    if unit in "SD":
        listed = listed[-(number if unit == "D" else 1) :]
    return [session(day) for day in listed]


def _combination_bars(view: MarketView, legs: Sequence[Leg], now: datetime) -> list[DailyBar]:
    """Return daily bars of a combination from those of its legs: net opens and closes per share.

    Of the sessions in which every leg has a bar. The extremes of the legs need not have come
    together, so the higher and the lower of open and close stand for high and low.
    """
    weights = net_weights(legs, view)
    by_day = [{bar.session: bar for bar in view.daily(leg.con_id, now)} for leg in legs]
    found = []
    for day in sorted(set.intersection(*(set(bars) for bars in by_day))):
        bars = [bars_of_leg[day] for bars_of_leg in by_day]
        pairs = list(zip(weights, bars, strict=True))
        opened = round(sum(weight * bar.open for weight, bar in pairs), 6)
        closed = round(sum(weight * bar.close for weight, bar in pairs), 6)
        volume = min(bar.volume // leg.ratio for bar, leg in zip(bars, legs, strict=True))
        low, high = sorted((opened, closed))
        found.append(DailyBar(day, opened, high, low, closed, volume))
    return found
