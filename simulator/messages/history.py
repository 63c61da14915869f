"""Daily bars on the wire."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from simulator.market import DailyBar
from simulator.messages import times
from simulator.messages.numbers import Answer
from simulator.wire import Field, encode, frame, message

SHARES_PER_TRADE = 200  # daily bars do not know their number of trades; a usual size stands in


def bar_fields(bar: DailyBar, *, traded: bool) -> tuple[Field, ...]:
    """Return the 8 fields of a bar. Without trades (a midpoint) volume, wap and count are -1."""
    prices = (times.day(bar.session), bar.open, bar.high, bar.low, bar.close)
    if not traded or not math.isfinite(bar.close):
        return (*prices, -1, -1, -1)
    average = round((bar.open + bar.high + bar.low + bar.close) / 4, 4)
    return (*prices, bar.volume, average, bar.volume // SHARES_PER_TRADE)


def encode_bars(bars: Sequence[DailyBar], *, traded: bool) -> bytes:
    """Encode bars as the part of a frame that does not depend on the request."""
    return encode(field for bar in bars for field in bar_fields(bar, traded=traded))


def historical_data(
    request_id: int, encoded: bytes, *, count: int, start: datetime, end: datetime
) -> bytes:
    """Answer a request with its bars; this frame also ends it."""
    head = (Answer.HISTORICAL_DATA, request_id, times.zoned(start), times.zoned(end), count)
    return frame(encode(head) + encoded)


def head_timestamp(request_id: int, moment: datetime, *, as_epoch: bool) -> bytes:
    """Say since when there is data."""
    value = str(int(moment.timestamp())) if as_epoch else times.in_utc(moment)
    return message(Answer.HEAD_TIMESTAMP, request_id, value)
