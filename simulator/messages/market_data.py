"""Quotes on the wire: ticks, the end of a snapshot, the kind of data."""

from __future__ import annotations

from enum import IntEnum

from simulator.messages.numbers import Answer
from simulator.wire import message

TICK_VERSION = 6  # sent and ignored


class DataType(IntEnum):
    """Kinds of market data a client may ask for."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4

    @property
    def is_delayed(self) -> bool:
        """Whether ticks of this kind have their own numbers."""
        return self in {DataType.DELAYED, DataType.DELAYED_FROZEN}


class Tick(IntEnum):
    """Ticks of a stock's snapshot, by their live number."""

    BID = 1
    ASK = 2
    LAST = 4
    HIGH = 6
    LOW = 7
    VOLUME = 8
    CLOSE = 9
    OPEN = 14

    def number(self, data_type: DataType) -> int:
        """Return the tick's number for this kind of data: delayed ticks have their own."""
        return _DELAYED[self] if data_type.is_delayed else self.value


_DELAYED = {
    Tick.BID: 66,
    Tick.ASK: 67,
    Tick.LAST: 68,
    Tick.HIGH: 72,
    Tick.LOW: 73,
    Tick.VOLUME: 74,
    Tick.CLOSE: 75,
    Tick.OPEN: 76,
}


def tick_price(request_id: int, number: int, price: float, size: int) -> bytes:
    """State a price with its size: exactly 7 fields. Nothing there is -1 with size 0."""
    return message(Answer.TICK_PRICE, TICK_VERSION, request_id, number, price, size, 0)


def tick_size(request_id: int, number: int, size: int) -> bytes:
    """State a size, for example the volume of the day."""
    return message(Answer.TICK_SIZE, TICK_VERSION, request_id, number, size)


def tick_parameters(request_id: int, min_tick: float) -> bytes:
    """State what precedes the ticks of a request: price increment, exchange map, permissions."""
    return message(Answer.TICK_PARAMETERS, request_id, min_tick, "9c0001", 3)


def snapshot_end(request_id: int) -> bytes:
    """Say that the snapshot is complete."""
    return message(Answer.SNAPSHOT_END, 1, request_id)


def market_data_type(request_id: int, data_type: DataType) -> bytes:
    """Say which kind of data the following ticks are."""
    return message(Answer.MARKET_DATA_TYPE, 1, request_id, data_type)
