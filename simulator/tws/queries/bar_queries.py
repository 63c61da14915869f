"""The bars that answer a request, and the sessions that one covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.calendar import Session, session, sessions_between
from core.types import Leg
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
    MONTH,
    SECONDS,
    WEEK,
    Paths,
    closed_by,
    longer_bars,
    timed_bars,
    trading_time_before,
)
from simulator.prices.intraday import TimedBar
from simulator.prices.market_view import MarketView, phase
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.history_request import HistoryRequest, failed, no_data

MOST_TIMED_BARS = 100_000
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
    def newest(self) -> datetime:
        """When the last bar began."""
        return self.timed[-1].begin if self.timed else session(self.bars[-1].session).open


def bars_for(
    request: HistoryRequest, directory: ContractLookup, view: MarketView, now: datetime
) -> BarResult:
    """Find the bars of sessions closed by ``now``. Raises `RequestRefused` as TWS would."""
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
    if request.bar_size in SECONDS:
        return _timed(request, instrument, daily, view, end)
    bars = _window(daily, number, unit, end)
    if request.bar_size in {WEEK, MONTH}:
        bars = longer_bars(bars, request.bar_size)
    if not bars:
        raise no_data(instrument, request.what)
    return BarResult(instrument, _of_kind(bars, request.what, instrument, view, now), end)


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


def _timed(
    request: HistoryRequest,
    instrument: Instrument,
    daily: Sequence[DailyBar],
    view: MarketView,
    end: datetime,
) -> BarResult:
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
    found = list(
        timed_bars(
            bars, Paths(instrument.con_id, instrument.min_tick), request.bar_size,
            begin=begin, end=end,
        )
    )  # fmt: skip
    if not found or request.what in VOLATILITIES:
        raise no_data(instrument, request.what)
    summary = view.summary(instrument.con_id, end)
    if request.what in QUOTED and request.what != "MIDPOINT" and summary is not None:
        found = quoted(found, request.what, instrument, summary)
    return BarResult(instrument, (), end, timed=found)


def _window(bars: Sequence[DailyBar], number: int, unit: str, end: datetime) -> Sequence[DailyBar]:
    """Cut the bars that ``number`` units up to ``end`` cover; days are trading days."""
    newest = phase(end).last_complete
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
