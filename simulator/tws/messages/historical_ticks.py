"""Past ticks and histograms on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.prices.ticks import PastTick
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message

NO_ATTRIBUTES, DONE = 0, 1


def historical_ticks(request_id: int, what: str, ticks: Sequence[PastTick]) -> bytes:
    """State ticks, oldest first: trades, quotes or their middle. One frame ends the request."""
    answer = {"TRADES": Answer.HISTORICAL_TICKS_LAST, "BID_ASK": Answer.HISTORICAL_TICKS_BID_ASK}
    fields = [field for tick in ticks for field in _fields(what, tick)]
    number = answer.get(what, Answer.HISTORICAL_TICKS)
    return message(number, request_id, len(ticks), *fields, DONE)


def histogram_data(request_id: int, rows: Sequence[tuple[float, int]]) -> bytes:
    """State how much traded at each price."""
    fields = [field for row in rows for field in row]
    return message(Answer.HISTOGRAM, request_id, len(rows), *fields)


def _fields(what: str, tick: PastTick) -> Iterator[Field]:
    yield int(tick.at.timestamp())
    yield NO_ATTRIBUTES  # of a midpoint: unused
    match what:
        case "TRADES":
            yield from (tick.price, tick.size, "ISLAND", "")
        case "BID_ASK":
            yield from (tick.bid, tick.ask, tick.size, tick.size)
        case _:
            yield from (round((tick.bid + tick.ask) / 2, 6), 0)
