"""Bars of every size, and when a contract's data begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

import ib_async

from core.errors import ConfigurationError, DataError, NoData
from core.limits import MAX_UNREADABLE
from core.types import Contract
from ibkr.market.bar_sizes import SESSION_BARS, BarSize, check_step
from ibkr.wire.convert import end_time, number, price, session_date, to_wire
from ibkr.wire.requests import Requests

Shown = Literal[
    "TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "HISTORICAL_VOLATILITY",
    "OPTION_IMPLIED_VOLATILITY",
]  # fmt: skip
# An official price may lie this far outside the range of the trades, as a fraction of it: the range
# is then widened. Vendors round prices apart from each other (IEX-API#1197, longbridge#1020).
ROUNDING = 0.001
TRADED = frozenset({"TRADES", "ADJUSTED_LAST"})  # the only ones with a volume


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices over one stretch of time. Per share, contract currency; volume in shares."""

    start: datetime  # aware, UTC; of daily and longer bars: midnight UTC of the (last) session
    open: float
    high: float
    low: float
    close: float
    volume: float | None  # None for bars that are not of trades
    average: float | None  # weighted by volume
    trades: int | None


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one contract, oldest first, as of the gateway's time."""

    contract: Contract
    bar_size: BarSize
    shown: Shown
    as_of: datetime
    bars: tuple[Bar, ...]
    left_out: tuple[str, ...] = ()  # why, of each row of the answer that made no bar


@dataclass(frozen=True, slots=True)
class Readable:
    """The rows of an answer that make a bar, oldest first, and why the others make none."""

    bars: tuple[Bar, ...]
    left_out: tuple[str, ...] = ()


async def bars(
    requests: Requests,
    contract: Contract,
    *,
    duration: str,
    bar_size: BarSize,
    shown: Shown,
    end: datetime | None,
    regular: bool,
    within: float,
) -> Bars:
    """Ask for the bars of one contract, as of the gateway's time; see `MarketData.bars`."""
    check_step(duration, bar_size)
    if shown == "ADJUSTED_LAST" and end is not None:
        raise ConfigurationError("ADJUSTED_LAST ends at the present: leave the end out")
    until = end_time(end)
    as_of = await requests.current_time(within=within)
    rows = await historical_bars(
        requests,
        contract,
        duration=duration,
        bar_size=bar_size,
        shown=shown,
        end=until,
        regular=regular,
        within=within,
    )
    found = read_bars(contract, rows, bar_size=bar_size, shown=shown)
    return Bars(contract, bar_size, shown, as_of, found.bars, found.left_out)


async def historical_bars(
    requests: Requests,
    contract: Contract,
    *,
    duration: str,
    bar_size: BarSize,
    shown: Shown,
    end: str,
    regular: bool,
    within: float,
) -> list[ib_async.BarData]:
    """Send one request for bars and return the rows of the answer, for `read_bars`.

    ``end`` is what `ibkr.wire.convert.end_time` returns.
    """
    return await requests.by_id(
        lambda request: requests.client.reqHistoricalData(
            request,
            to_wire(contract),
            end,
            duration,
            bar_size,
            shown,
            int(regular),
            2,  # times as seconds since 1970: a text would depend on the login's time zone
            False,  # noqa: FBT003 - ib_async's signature: not kept up to date
            [],
        ),
        what=f"bars of {contract.symbol}",
        within=within,
        withdraw=requests.client.cancelHistoricalData,
    )


def read_bars(
    contract: Contract,
    rows: Sequence[ib_async.BarData],
    *,
    bar_size: BarSize,
    shown: Shown,
    most_unreadable: float = MAX_UNREADABLE.default,
) -> Readable:
    """Return the bars of an answer. A row that makes none costs itself and is told.

    Of two rows of one time the one with more volume counts: the other is an earlier state of it.
    Raises `NoData` when there is no row, and `DataError` when more than ``most_unreadable`` of
    them, and more than one, make no bar: then the answer is not believed at all.
    """
    if not rows:
        raise NoData(f"{contract.symbol}: the gateway has no bars")
    begin, period = (_session_start, "session") if bar_size in SESSION_BARS else (_start, "time")
    bars: dict[datetime, Bar] = {}
    left_out: list[str] = []
    for row in rows:
        try:
            bar = _bar(row, start=begin(str(row.date)), shown=shown)
        except ValueError as error:
            left_out.append(f"{row.date}: {error}")
            continue
        known = bars.get(bar.start)
        if known is not None and bar != known:
            left_out.append(f"{row.date}: a second bar of this {period}")
        if known is None or (bar.volume or 0.0) > (known.volume or 0.0):
            bars[bar.start] = bar
    if not bars or len(left_out) > max(most_unreadable * len(rows), 1.0):
        raise DataError(
            f"{contract.symbol}: {len(left_out)} of {len(rows)} bars cannot be used, "
            f"for example {left_out[0]}"
        )
    return Readable(tuple(bars[start] for start in sorted(bars)), tuple(left_out))


async def head_timestamp(
    requests: Requests, contract: Contract, *, shown: Shown, regular: bool, within: float
) -> datetime:
    """Return when a contract's data begins, UTC.

    The real gateway stops answering after some 50 of these requests (ib_async#149), which is why
    each is withdrawn after its time-out.
    """
    (told,) = await requests.by_id(
        lambda request: requests.client.reqHeadTimeStamp(
            request, to_wire(contract), shown, int(regular), 2
        ),
        what=f"beginning of {contract.symbol}",
        within=within,
        withdraw=requests.client.cancelHeadTimeStamp,
    )
    if not re.fullmatch(r"-?\d{1,11}", str(told)):
        raise DataError(f"{contract.symbol}: its data is said to begin at {told!r}")
    return datetime.fromtimestamp(int(told), UTC)


def _bar(row: ib_async.BarData, *, start: datetime, shown: Shown) -> Bar:
    prices = [price(value) for value in (row.open, row.high, row.low, row.close)]
    known = [value for value in prices if value is not None]
    told = f"open {row.open}, high {row.high}, low {row.low}, close {row.close}"
    if len(known) < len(prices):
        raise ValueError(told)
    opened, high, low, close = known
    # Bars of bid and ask are averages of the two, which need not lie between low and high.
    if shown != "BID_ASK":
        lowest, highest = min(opened, close), max(opened, close)
        slack = ROUNDING * close
        if not low - slack <= lowest <= highest <= high + slack:
            raise ValueError(told)
        low, high = min(low, lowest), max(high, highest)
    traded = shown in TRADED
    volume = number(row.volume)
    if traded and (volume is None or volume < 0):
        raise ValueError(f"volume {row.volume}")
    return Bar(
        start,
        opened,
        high,
        low,
        close,
        volume if traded else None,
        price(row.average) if traded else None,
        int(row.barCount) if traded and row.barCount >= 0 else None,
    )


def _session_start(text: str) -> datetime:
    """Return midnight UTC of a session, ``YYYYMMDD`` whatever form of time is asked for."""
    return datetime.combine(session_date(text), time(), UTC)


def _start(text: str) -> datetime:
    if not re.fullmatch(r"\d{9,11}", text):
        raise ValueError(f"{text!r} is not a time")
    return datetime.fromtimestamp(int(text), UTC)
