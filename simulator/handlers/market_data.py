"""Quotes: snapshots, streams, and the kind of data."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from core.errors import RequestRefused
from simulator.client import VALIDATION_FAILED, Client
from simulator.messages import market_data as frames
from simulator.messages.contracts import ContractQuery
from simulator.messages.market_data import DataType, Tick
from simulator.messages.numbers import Request
from simulator.quotes import Quote, quote
from simulator.tape import phase
from simulator.wire import Fields

MOST_LINES = 100  # snapshots under way included: the stricter reading of IBKR's rule
TOO_MANY_LINES, DUPLICATE_TICKER, UNKNOWN_TICKER = 101, 102, 300


def market_data(client: Client, fields: Fields) -> None:
    """Send the ticks of one contract, once or until cancelled."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    if fields.flag("deltaNeutralContract"):
        fields.skip("conId", "delta", "price")
    generic_ticks = fields.text("genericTickList")
    snapshot = fields.flag("snapshot")
    regulatory = fields.flag("regulatorySnapshot")
    fields.skip("mktDataOptions")
    fields.end()
    con_id = client.gateway.directory.one(query).con_id
    if (snapshot or regulatory) and generic_ticks:
        raise RequestRefused(
            "Error validating request.-'bN' : cause - Snapshot market data subscription is not "
            "applicable to generic ticks",
            code=VALIDATION_FAILED,
        )
    if request_id in client.lines or request_id in client.snapshots:
        raise RequestRefused("Duplicate ticker id", code=DUPLICATE_TICKER)
    if len(client.lines) + len(client.snapshots) >= MOST_LINES:
        raise RequestRefused("Max number of tickers has been reached", code=TOO_MANY_LINES)
    send_quote(client, request_id, con_id)
    if snapshot or regulatory:
        _end_later(client, request_id)
    else:
        client.lines[request_id] = con_id


def send_quote(client: Client, request_id: int, con_id: int) -> None:
    """Send what is known of the instrument's market by the clock."""
    gateway = client.gateway
    now = gateway.clock.now()
    data_type = _served(client.data_type, open_now=phase(now).running is not None)
    instrument = gateway.tape.instrument(con_id)
    client.send(
        frames.market_data_type(request_id, data_type),
        frames.tick_parameters(request_id, instrument.min_tick),
    )
    known = quote(gateway.tape, con_id, now)
    if known is not None:
        client.send(*_ticks(request_id, known, data_type))


def _served(asked: DataType, *, open_now: bool) -> DataType:
    """Return the kind of data TWS gives: frozen kinds only differ while the market is closed."""
    if not open_now:
        return asked
    return {DataType.FROZEN: DataType.LIVE, DataType.DELAYED_FROZEN: DataType.DELAYED}.get(
        asked, asked
    )


def _ticks(request_id: int, known: Quote, data_type: DataType) -> Iterator[bytes]:
    prices = (
        (Tick.BID, known.bid, known.bid_size),
        (Tick.ASK, known.ask, known.ask_size),
        (Tick.LAST, known.last, 100),
        (Tick.CLOSE, known.close, 0),
        (Tick.OPEN, known.open, 0),
        (Tick.HIGH, known.high, 0),
        (Tick.LOW, known.low, 0),
    )
    for tick, price, size in prices:
        if price is not None:
            yield frames.tick_price(request_id, tick.number(data_type), price, size)
    if known.volume is not None:
        yield frames.tick_size(request_id, Tick.VOLUME.number(data_type), known.volume)


def _end_later(client: Client, request_id: int) -> None:
    """End a snapshot after the configured delay; real TWS takes about 11 seconds."""

    def end() -> None:
        client.snapshots.pop(request_id, None)
        client.send(frames.snapshot_end(request_id))

    delay = client.gateway.snapshot_delay
    if delay > 0:
        client.snapshots[request_id] = asyncio.get_running_loop().call_later(delay, end)
    else:
        end()


def cancel_market_data(client: Client, fields: Fields) -> None:
    """End a stream, or a snapshot under way."""
    fields.skip("version")
    request_id = fields.identify("tickerId")
    fields.end()
    timer = client.snapshots.pop(request_id, None)
    if timer is not None:
        timer.cancel()
    elif client.lines.pop(request_id, None) is None:
        raise RequestRefused(f"Can't find EId with tickerId:{request_id}", code=UNKNOWN_TICKER)


def market_data_type(client: Client, fields: Fields) -> None:
    """Choose live, frozen, delayed or delayed-frozen data for the requests to come."""
    fields.skip("version")
    number = fields.whole("marketDataType")
    fields.end()
    if number not in set(DataType):
        raise RequestRefused(
            f"Error validating request.-'cc' : cause - Invalid market data type {number}",
            code=VALIDATION_FAILED,
        )
    client.data_type = DataType(number)


HANDLERS = {
    Request.MARKET_DATA: market_data,
    Request.CANCEL_MARKET_DATA: cancel_market_data,
    Request.MARKET_DATA_TYPE: market_data_type,
}
