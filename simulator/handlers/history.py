"""Daily bars and their beginning."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.calendar import session
from core.errors import RequestRefused
from simulator.client import VALIDATION_FAILED, Client
from simulator.directory import Directory
from simulator.market import DailyBar, Instrument
from simulator.messages import history as frames
from simulator.messages import times
from simulator.messages.contracts import ContractQuery
from simulator.messages.numbers import Request
from simulator.tape import Tape, phase
from simulator.wire import Fields

HISTORY_FAILED = 162
DAY = "1 day"
BAR_SIZES = (
    "1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins",
    "10 mins", "15 mins", "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours",
    "8 hours", DAY, "1 week", "1 month",
)  # fmt: skip
TRADED = {"TRADES", "ADJUSTED_LAST"}  # no dividends here, so the two are the same
SERVED = TRADED | {"MIDPOINT"}
_DURATION = re.compile(r"([1-9][0-9]{0,5}) ([SDWMY])")
_DAYS = {"W": 7, "M": 30.4375, "Y": 365.25}
_LONGEST = {"S": 86400, "D": 365, "W": 52, "M": 12, "Y": 50}


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A request for bars, as the client sent it."""

    request_id: int
    query: ContractQuery
    end: str
    bar_size: str
    duration: str
    what: str
    keep_up_to_date: bool

    @classmethod
    def read(cls, fields: Fields) -> HistoryRequest:
        """Decode the request."""
        request_id = fields.identify()
        query = ContractQuery.read(fields)
        fields.flag("includeExpired")
        end, bar_size, duration = (
            fields.text(name) for name in ("endDateTime", "barSizeSetting", "durationStr")
        )
        fields.flag("useRTH")
        what = fields.text("whatToShow")
        fields.whole("formatDate")  # a daily bar has one spelling in both formats
        keep_up_to_date = fields.flag("keepUpToDate")
        fields.skip("chartOptions")
        fields.end()
        return cls(request_id, query, end, bar_size, duration, what, keep_up_to_date)


def historical_data(client: Client, fields: Fields) -> None:
    """Send daily bars of closed sessions only, in the shares of the clock's day."""
    request = HistoryRequest.read(fields)
    gateway = client.gateway
    found = bars_for(request, gateway.directory, gateway.tape, gateway.clock.now())
    symbol = found.instrument.symbol
    if gateway.faults.hits("refuse_history", symbol):
        raise _failed(f"No market data permissions for {found.instrument.primary_exchange} STK")
    bars, traded = found.bars, request.what in TRADED
    if gateway.faults.hits("nan_bars", symbol):
        encoded = frames.encode_bars([_spoilt(bar) for bar in bars], traded=traded)
    else:
        encoded = gateway.encoded_bars(found.instrument.con_id, bars, traded=traded)
    start = session(bars[0].session).open
    client.send(
        frames.historical_data(
            request.request_id, encoded, count=len(bars), start=start, end=found.end
        )
    )


@dataclass(frozen=True, slots=True)
class FoundBars:
    """The bars that answer a request, at least one, oldest first."""

    instrument: Instrument
    bars: Sequence[DailyBar]
    end: datetime


def bars_for(request: HistoryRequest, directory: Directory, tape: Tape, now: datetime) -> FoundBars:
    """Find the bars of sessions closed by ``now``. Raises `RequestRefused` as TWS would."""
    instrument = directory.one(request.query)
    number, unit = _checked(request)
    end = min(_end(request, now), now)
    bars = _window(tape.daily(instrument.con_id, now), number, unit, end)
    if not bars or request.bar_size != DAY or request.what not in SERVED:
        raise _no_data(instrument, request.what)
    return FoundBars(instrument, bars, end)


def _checked(request: HistoryRequest) -> tuple[int, str]:
    """Refuse what no market could serve; return the duration as number and unit."""
    if request.bar_size not in BAR_SIZES:
        legal = ", ".join(BAR_SIZES)
        raise _invalid(f"Historical data bar size setting is invalid. Legal ones are: {legal}")
    if request.keep_up_to_date:
        raise _invalid("Bars cannot be kept up to date here; request them again instead")
    if request.what == "ADJUSTED_LAST" and request.end:
        raise _invalid("End Date not supported with adjusted last")
    match = _DURATION.fullmatch(request.duration)
    if match is None:
        raise _invalid(
            "Historical data query duration string is invalid: an integer, a blank and one of "
            f"S, D, W, M, Y are expected, not {request.duration!r}"
        )
    number, unit = int(match[1]), match[2]
    if number > _LONGEST[unit]:
        raise _invalid(
            "Historical data requests for durations longer than 365 days must be made in years."
        )
    return number, unit


def _end(request: HistoryRequest, now: datetime) -> datetime:
    if not request.end:
        return now
    end = times.parse(request.end)
    if end is None:
        raise _invalid(
            f"Invalid end date/time {request.end!r}: 'yyyymmdd hh:mm:ss zone' or "
            "'yyyymmdd-hh:mm:ss' in UTC is expected"
        )
    return end


def _window(bars: Sequence[DailyBar], number: int, unit: str, end: datetime) -> Sequence[DailyBar]:
    """Cut the bars that ``number`` units up to ``end`` cover; days are trading days."""
    newest = phase(end).last_complete
    stop = bisect_right(bars, newest, key=_session_of)
    if unit in "SD":
        count = number if unit == "D" else 1
        return bars[max(stop - count, 0) : stop]
    oldest = newest - timedelta(days=round(number * _DAYS[unit]))
    return bars[bisect_right(bars, oldest, key=_session_of) : stop]


def _session_of(bar: DailyBar) -> date:
    return bar.session


def _spoilt(bar: DailyBar) -> DailyBar:
    nothing = float("nan") if bar.session.day % 2 else -1.0
    return DailyBar(bar.session, nothing, nothing, nothing, nothing, 0)


def head_timestamp(client: Client, fields: Fields) -> None:
    """Say when the data of a contract begins."""
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.flag("includeExpired")
    fields.flag("useRTH")
    what = fields.text("whatToShow")
    as_epoch = fields.whole("formatDate") == 2
    fields.end()
    instrument = client.gateway.directory.one(query)
    bars = client.gateway.tape.daily(instrument.con_id, client.gateway.clock.now())
    if not bars:
        raise _no_data(instrument, what)
    first = session(bars[0].session).open
    client.send(frames.head_timestamp(request_id, first, as_epoch=as_epoch))


def cancel_historical_data(client: Client, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    fields.skip("version")
    cancel_head_timestamp(client, fields)


def cancel_head_timestamp(client: Client, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.identify()
    fields.end()


def _no_data(instrument: Instrument, what: str) -> RequestRefused:
    about = f"{instrument.symbol}@SMART {what.replace('_', ' ').title()}"
    return _failed(f"HMDS query returned no data: {about}")


def _failed(reason: str) -> RequestRefused:
    return RequestRefused(
        f"Historical Market Data Service error message:{reason}", code=HISTORY_FAILED
    )


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bT' : cause - {cause}", code=VALIDATION_FAILED
    )


HANDLERS = {
    Request.HISTORICAL_DATA: historical_data,
    Request.CANCEL_HISTORICAL_DATA: cancel_historical_data,
    Request.HEAD_TIMESTAMP: head_timestamp,
    Request.CANCEL_HEAD_TIMESTAMP: cancel_head_timestamp,
}
