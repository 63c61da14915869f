"""Bars on the wire."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from core.calendar import Session
from simulator.market.market import DailyBar
from simulator.prices.intraday import TimedBar
from simulator.tws.messages import times
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, encode, frame, message, text_of

LARGEST_PRICE, DECIMALS = 1e9, 8  # within which a number's shortest text is what TWS writes
SHARES_PER_TRADE = 200  # daily bars do not know their number of trades; a usual size stands in

BarFields = tuple[str, float, float, float, float, int, float, int]
"""Time, open, high, low, close, volume, average price, number of trades."""


def bar_fields(bar: DailyBar, *, traded: bool) -> BarFields:
    """Return the 8 fields of a bar. Without trades (a midpoint) volume, wap and count are -1."""
    day, opened, high, low, closed, volume = bar
    when = times.day(day)
    if not traded or not math.isfinite(closed):
        return when, opened, high, low, closed, -1, -1, -1
    average = round((opened + high + low + closed) / 4, 4)
    return when, opened, high, low, closed, volume, average, volume // SHARES_PER_TRADE


def timed_bar_fields(bar: TimedBar, *, traded: bool, as_epoch: bool) -> BarFields:
    """Return the 8 fields of a bar shorter than a day."""
    begin = str(int(bar.begin.timestamp())) if as_epoch else times.zoned(bar.begin)
    _, opened, high, low, closed, volume = bar
    if not traded:
        return begin, opened, high, low, closed, -1, -1, -1
    average = round((opened + high + low + closed) / 4, 4)
    return begin, opened, high, low, closed, volume, average, max(volume // SHARES_PER_TRADE, 1)


def encode_bars(bars: Sequence[DailyBar], *, traded: bool) -> bytes:
    """Encode bars as the part of a frame that does not depend on the request.

    Histories are most of what a gateway sends, so prices are written here without a detour.
    """
    return _encoded(bar_fields(bar, traded=traded) for bar in bars)


def _text(number: float) -> str:
    """Return what `text_of` returns, sooner for an ordinary price."""
    if 0 < number < LARGEST_PRICE:
        text = repr(number)
        whole, _, decimals = text.partition(".")
        if decimals == "0":
            return whole
        if 0 < len(decimals) <= DECIMALS and "e" not in decimals:
            return text
    return text_of(number)


def encode_timed_bars(bars: Sequence[TimedBar], *, traded: bool, as_epoch: bool) -> bytes:
    """Encode bars shorter than a day in the same way."""
    return _encoded(timed_bar_fields(bar, traded=traded, as_epoch=as_epoch) for bar in bars)


def _encoded(rows: Iterable[BarFields]) -> bytes:
    return "".join(
        f"{when}\0{_text(opened)}\0{_text(high)}\0{_text(low)}\0{_text(closed)}\0{volume}\0"
        f"{_text(average)}\0{count}\0"
        for when, opened, high, low, closed, volume, average, count in rows
    ).encode()


def historical_data(
    request_id: int, encoded: bytes, *, count: int, start: datetime, end: datetime
) -> bytes:
    """Answer a request with its bars; this frame also ends it."""
    head = (Answer.HISTORICAL_DATA, request_id, times.zoned(start), times.zoned(end), count)
    return frame(encode(head) + encoded)


def historical_update(request_id: int, bar: BarFields) -> bytes:
    """State a bar that came after the first answer; the fields are those of the answer."""
    when, opened, high, low, closed, volume, average, count = bar
    return message(
        Answer.HISTORICAL_DATA_UPDATE, request_id, count, when, opened, closed, high, low,
        average, volume,
    )  # fmt: skip


def real_time_bar(request_id: int, bar: TimedBar, *, traded: bool) -> bytes:
    """State a bar of five seconds that is over."""
    row = timed_bar_fields(bar, traded=traded, as_epoch=True)
    return message(Answer.REAL_TIME_BAR, 3, request_id, *row)


def schedule(request_id: int, sessions: Sequence[Session]) -> bytes:
    """State when sessions began and ended, at least one."""
    fields: list[Field] = []
    for one in sessions:
        fields += [times.in_new_york(one.open), times.in_new_york(one.close), times.day(one.day)]
    first, last = times.in_new_york(sessions[0].open), times.in_new_york(sessions[-1].close)
    return message(
        Answer.HISTORICAL_SCHEDULE, request_id, first, last, times.ZONE_NAME, len(sessions),
        *fields,
    )  # fmt: skip


def head_timestamp(request_id: int, moment: datetime, *, as_epoch: bool) -> bytes:
    """Say since when there is data."""
    value = str(int(moment.timestamp())) if as_epoch else times.in_utc(moment)
    return message(Answer.HEAD_TIMESTAMP, request_id, value)
