"""Bars of every size, and when a contract's data begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import ib_async

from core.errors import ConfigurationError, DataError, NoData
from core.types import Contract
from ibkr.market.bar_rows import read_rows
from ibkr.wire.convert import duration as checked_duration
from ibkr.wire.convert import end_time, number, price, session_date, to_wire
from ibkr.wire.requests import Requests

BarSize = Literal[
    "1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins",
    "10 mins", "15 mins", "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours",
    "8 hours", "1 day", "1 week", "1 month",
]  # fmt: skip
Shown = Literal[
    "TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "HISTORICAL_VOLATILITY",
    "OPTION_IMPLIED_VOLATILITY",
]  # fmt: skip
TRADED = frozenset({"TRADES", "ADJUSTED_LAST"})  # the only ones with a volume

_UNITS = {
    "secs": timedelta(seconds=1), "min": timedelta(minutes=1), "mins": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hours": timedelta(hours=1), "day": timedelta(days=1),
    "week": timedelta(weeks=1), "month": timedelta(days=30),
    "S": timedelta(seconds=1), "D": timedelta(days=1), "W": timedelta(weeks=1),
    "M": timedelta(days=30), "Y": timedelta(days=365),
}  # fmt: skip
# Up to each length of time, the smallest and the largest bars that IBKR serves.
# Source: IBKR, "Historical data limitations", valid duration and bar size settings.
_STEPS: tuple[tuple[str, BarSize, BarSize], ...] = (
    ("60 S", "1 secs", "1 min"),
    ("120 S", "1 secs", "2 mins"),
    ("1800 S", "1 secs", "30 mins"),
    ("3600 S", "5 secs", "1 hour"),
    ("14400 S", "10 secs", "3 hours"),
    ("28800 S", "30 secs", "8 hours"),
    ("1 D", "1 min", "1 day"),
    ("2 D", "2 mins", "1 day"),
    ("1 W", "3 mins", "1 week"),
    ("1 M", "30 mins", "1 month"),
    ("9999 Y", "1 day", "1 month"),
)
_MOST = {"S": 86_400, "D": 365, "W": 52, "M": 12}


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


def check_step(duration: str, bar_size: str) -> None:
    """Refuse what IBKR refuses, and name what it serves instead. Raises `ConfigurationError`."""
    if bar_size not in get_args(BarSize):
        raise ConfigurationError(f"{bar_size!r} is none of the bar sizes {_listed()}")
    length = _length(checked_duration(duration))
    count, unit = duration.split()
    if int(count) > _MOST.get(unit, int(count)):
        raise ConfigurationError(
            f"IBKR refuses a duration of {duration}: at most {_MOST[unit]} {unit}, beyond that a "
            "larger unit; durations longer than a year must be made in years"
        )
    smallest, largest = next((low, high) for top, low, high in _STEPS if length <= _length(top))
    if not _length(smallest) <= _length(bar_size) <= _length(largest):
        longest = _longest_for(bar_size)
        raise ConfigurationError(
            f"IBKR serves no bars of {bar_size} over {duration}: over {duration} take {smallest} "
            f"to {largest}" + (f", or {bar_size} over at most {longest}" if longest else "")
        )


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
    """Ask for the bars of one contract up to ``end`` (None: the gateway's present)."""
    check_step(duration, bar_size)
    if shown == "ADJUSTED_LAST" and end is not None:
        raise ConfigurationError("ADJUSTED_LAST ends at the present: leave the end out")
    until = end_time(end)
    as_of = await requests.current_time(within=within)
    rows = await requests.by_id(
        lambda request: requests.client.reqHistoricalData(
            request,
            to_wire(contract),
            until,
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
    if not rows:
        raise NoData(f"{contract.symbol}: the gateway has no bars")
    found = read_rows(
        contract,
        rows,
        lambda row: _bar(row, shown=shown),
        begins=lambda bar: bar.start,
        period="time",
    )
    return Bars(contract, bar_size, shown, as_of, tuple(found))


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


def _bar(row: ib_async.BarData, *, shown: Shown) -> Bar:
    prices = [price(value) for value in (row.open, row.high, row.low, row.close)]
    known = [value for value in prices if value is not None]
    told = f"open {row.open}, high {row.high}, low {row.low}, close {row.close}"
    if len(known) < len(prices):
        raise ValueError(told)
    opened, high, low, close = known
    # Bars of bid and ask are averages of the two, which need not lie between low and high.
    if shown != "BID_ASK" and not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(told)
    traded = shown in TRADED
    volume = number(row.volume)
    if traded and (volume is None or volume < 0):
        raise ValueError(f"volume {row.volume}")
    return Bar(
        _start(str(row.date)),
        opened,
        high,
        low,
        close,
        volume if traded else None,
        price(row.average) if traded else None,
        int(row.barCount) if traded and row.barCount >= 0 else None,
    )


def _start(text: str) -> datetime:
    if len(text) == 8:
        day = session_date(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not re.fullmatch(r"\d{9,11}", text):
        raise ValueError(f"{text!r} is no time")
    return datetime.fromtimestamp(int(text), UTC)


def _length(text: str) -> timedelta:
    count, unit = text.split()
    return int(count) * _UNITS[unit]


def _longest_for(bar_size: str) -> str | None:
    served = [
        top for top, low, high in _STEPS if _length(low) <= _length(bar_size) <= _length(high)
    ]
    return served[-1] if served and served[-1] != _STEPS[-1][0] else None


def _listed() -> str:
    return ", ".join(get_args(BarSize))
