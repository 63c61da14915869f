"""Order books on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.prices.market_depth import Row
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message

INSERT, UPDATE, DELETE = 0, 1, 2


def depth_row(request_id: int, row: Row, *, operation: int, is_smart: bool) -> bytes:
    """State one row of a book; of a smart one with the exchange it is from."""
    if is_smart:
        return message(
            Answer.MARKET_DEPTH_L2, 1, request_id, row.position, row.maker, operation,
            row.side, row.price, row.size, int(is_smart),
        )  # fmt: skip
    return message(
        Answer.MARKET_DEPTH, 1, request_id, row.position, operation, row.side, row.price, row.size
    )


def depth_exchanges(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Name the exchanges with order books: exchange, kind of contract, kind of service."""
    listed = list(rows)
    fields: list[Field] = []
    for exchange, sec_type, service in listed:
        fields += [exchange, sec_type, exchange, service, 1]
    return message(Answer.DEPTH_EXCHANGES, len(listed), *fields)


def smart_components(request_id: int, components: Iterable[tuple[str, str]]) -> bytes:
    """Name the exchanges of a quote map: exchange and its letter, by ascending bit."""
    listed = list(components)
    fields: list[Field] = []
    for bit, (exchange, letter) in enumerate(listed):
        fields += [bit, exchange, letter]
    return message(Answer.SMART_COMPONENTS, request_id, len(listed), *fields)
