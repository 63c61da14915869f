"""Ticks, past and as they come, and histograms on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from simulator.prices.ticks import Trade
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message

NO_ATTRIBUTES, DONE = 0, 1


class TickKind(IntEnum):
    """What the ticks of a stream are of, by the number TWS gives them."""

    LAST = 1
    ALL_LAST = 2
    BID_ASK = 3
    MIDPOINT = 4


def historical_ticks(request_id: int, what: str, ticks: Sequence[Trade]) -> bytes:
    """State ticks, oldest first: trades, quotes or their middle. One frame ends the request."""
    answer = {"TRADES": Answer.HISTORICAL_TICKS_LAST, "BID_ASK": Answer.HISTORICAL_TICKS_BID_ASK}
    fields = [field for tick in ticks for field in _fields(what, tick)]
    number = answer.get(what, Answer.HISTORICAL_TICKS)
    return message(number, request_id, len(ticks), *fields, DONE)


def histogram_data(request_id: int, rows: Sequence[tuple[float, int]]) -> bytes:
    """State how much traded at each price."""
    fields = [field for row in rows for field in row]
    return message(Answer.HISTOGRAM, request_id, len(rows), *fields)


def _fields(what: str, tick: Trade) -> Iterator[Field]:
    yield int(tick.at.timestamp())
    yield NO_ATTRIBUTES  # of a midpoint: unused
    match what:
        case "TRADES":
            yield from (tick.price, tick.size, "ISLAND", "")
        case "BID_ASK":
            yield from (tick.bid, tick.ask, tick.bid_size, tick.ask_size)
        case _:
            yield from (tick.middle, 0)


def tick_by_tick(request_id: int, kind: TickKind, tick: Trade) -> bytes:
    """State one tick of a stream: a trade, or the quote around it, or its middle."""
    head = (Answer.TICK_BY_TICK, request_id, kind, int(tick.at.timestamp()))
    match kind:
        case TickKind.LAST | TickKind.ALL_LAST:
            return message(*head, tick.price, tick.size, NO_ATTRIBUTES, "ISLAND", "")
        case TickKind.BID_ASK:
            sizes = tick.bid_size, tick.ask_size
            return message(*head, tick.bid, tick.ask, *sizes, NO_ATTRIBUTES)
        case TickKind.MIDPOINT:
            return message(*head, tick.middle)
