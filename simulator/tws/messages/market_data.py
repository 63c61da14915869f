"""Quotes on the wire: ticks, the end of a snapshot, the kind of data."""

from __future__ import annotations

from enum import IntEnum

from simulator.instruments.black_scholes import Greeks
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import message

EXCHANGE_MAP = "9c0001"  # which exchanges a quote may come from; see reqSmartComponents
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
    """What a tick is of, by its live number."""

    BID = 1
    ASK = 2
    LAST = 4
    HIGH = 6
    LOW = 7
    VOLUME = 8
    CLOSE = 9
    BID_COMPUTATION = 10
    ASK_COMPUTATION = 11
    LAST_COMPUTATION = 12
    MODEL_COMPUTATION = 13
    OPEN = 14
    LAST_TIMESTAMP = 45
    HALTED = 49

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
    Tick.BID_COMPUTATION: 80,
    Tick.ASK_COMPUTATION: 81,
    Tick.LAST_COMPUTATION: 82,
    Tick.MODEL_COMPUTATION: 83,
    Tick.OPEN: 76,
    Tick.LAST_TIMESTAMP: 88,
    Tick.HALTED: 90,
}
CUSTOM_COMPUTATION = 53  # answers a question about an option's price or volatility
NOT_COMPUTED = -1.0, -2.0  # of volatility and prices; of greeks


def tick_price(request_id: int, number: int, price: float, size: int) -> bytes:
    """State a price with its size: exactly 7 fields. Nothing there is -1 with size 0."""
    return message(Answer.TICK_PRICE, TICK_VERSION, request_id, number, price, size, 0)


def tick_size(request_id: int, number: int, size: int) -> bytes:
    """State a size, for example the volume of the day."""
    return message(Answer.TICK_SIZE, TICK_VERSION, request_id, number, size)


def tick_generic(request_id: int, number: int, value: float) -> bytes:
    """State a number that is neither a price nor a size."""
    return message(Answer.TICK_GENERIC, TICK_VERSION, request_id, number, value)


def tick_string(request_id: int, number: int, value: str) -> bytes:
    """State a text, for example the time of the last trade."""
    return message(Answer.TICK_STRING, TICK_VERSION, request_id, number, value)


def tick_computation(
    request_id: int,
    number: int,
    *,
    volatility: float | None,
    price: float | None,
    greeks: Greeks | None,
    underlying: float | None,
) -> bytes:
    """State an option's model: exactly 12 fields, all numbers; None is not computed."""
    nothing, no_greek = NOT_COMPUTED
    sensitivities = (
        (greeks.delta, greeks.gamma, greeks.vega, greeks.theta) if greeks else (no_greek,) * 4
    )
    delta, gamma, vega, theta = sensitivities
    pays = 0.0 if greeks else nothing  # nothing that has options here pays a dividend to its model
    first = (nothing if volatility is None else volatility, delta)
    return message(
        Answer.OPTION_COMPUTATION, request_id, number, 1, *first,
        nothing if price is None else price, pays, gamma, vega, theta,
        nothing if underlying is None else underlying,
    )  # fmt: skip


def tick_news(
    request_id: int, *, epoch_ms: int, provider: str, article: str, headline: str
) -> bytes:
    """State a headline about the contract of a stream."""
    return message(Answer.TICK_NEWS, request_id, epoch_ms, provider, article, headline, "")


def tick_parameters(request_id: int, min_tick: float) -> bytes:
    """State what precedes the ticks of a request: price increment, exchange map, permissions."""
    return message(Answer.TICK_PARAMETERS, request_id, min_tick, EXCHANGE_MAP, 3)


def snapshot_end(request_id: int) -> bytes:
    """Say that the snapshot is complete."""
    return message(Answer.SNAPSHOT_END, 1, request_id)


def market_data_type(request_id: int, data_type: DataType) -> bytes:
    """Say which kind of data the following ticks are."""
    return message(Answer.MARKET_DATA_TYPE, 1, request_id, data_type)
