"""Quotes: snapshots, streams, and the kind of data."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.errors import RequestRefused
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers.quote_frames import send_ticks
from simulator.tws.messages import market_data as frames
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.market_data import DataType
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.generic_ticks import read_ticks
from simulator.tws.queries.subscriptions import QuoteSubscription, quote_subscription, read_legs

TOO_MANY_LINES, DUPLICATE_TICKER, UNKNOWN_TICKER = 101, 102, 300


def market_data(client: ClientSession, fields: Fields) -> None:
    """Send the ticks of one contract, once or until cancelled."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    legs = read_legs(fields, query)
    if fields.flag("deltaNeutralContract"):
        fields.skip("conId", "delta", "price")
    generic_ticks = fields.text("genericTickList")
    snapshot = fields.flag("snapshot")
    regulatory = fields.flag("regulatorySnapshot")
    fields.skip("mktDataOptions")
    fields.end()
    subscription = quote_subscription(client.gateway.directory, query, legs, frozenset())
    instrument = None if legs else client.gateway.view.instrument(subscription.con_id)
    if (snapshot or regulatory) and generic_ticks:
        raise RequestRefused(
            "Error validating request.-'bN' : cause - Snapshot market data subscription is not "
            "applicable to generic ticks",
            code=VALIDATION_FAILED,
        )
    subscription = replace(subscription, generic_ticks=read_ticks(generic_ticks, instrument))
    refuse_above_lines(client, request_id)
    send_ticks(client, request_id, subscription, with_notice=True)
    if snapshot or regulatory:
        _end_later(client, request_id)
    else:
        client.market_streams.quotes[request_id] = subscription


def refuse_above_lines(client: ClientSession, request_id: int) -> None:
    """Raise `RequestRefused` for an id in use, or when every line of market data is taken."""
    streams = client.market_streams
    # Snapshots under way count as well: the stricter reading of IBKR's rule.
    lines = [*streams.quotes, *streams.live_bars, *client.snapshots]
    if request_id in lines:
        raise RequestRefused("Duplicate ticker id", code=DUPLICATE_TICKER)
    most = client.gateway.limits.market_data_lines
    if most is not None and len(lines) >= most:
        raise RequestRefused("Max number of tickers has been reached", code=TOO_MANY_LINES)


def send_quote(client: ClientSession, request_id: int, subscription: QuoteSubscription) -> None:
    """Send a stream what is known of its market by the clock, or why nothing is any more."""
    try:
        send_ticks(client, request_id, subscription, with_notice=False)
    except RequestRefused as refusal:
        client.error(request_id, refusal.code, str(refusal))


def _end_later(client: ClientSession, request_id: int) -> None:
    """End a snapshot after the configured delay; real TWS takes about 11 seconds."""

    def end() -> None:
        client.snapshots.pop(request_id, None)
        client.send(frames.snapshot_end(request_id))

    delay = client.gateway.limits.snapshot_seconds
    if delay > 0:
        client.snapshots[request_id] = asyncio.get_running_loop().call_later(delay, end)
    else:
        end()


def cancel_market_data(client: ClientSession, fields: Fields) -> None:
    """End a stream, or a snapshot under way."""
    fields.skip("version")
    request_id = fields.identify("tickerId")
    fields.end()
    timer = client.snapshots.pop(request_id, None)
    if timer is not None:
        timer.cancel()
    elif client.market_streams.quotes.pop(request_id, None) is None:
        raise RequestRefused(f"Can't find EId with tickerId:{request_id}", code=UNKNOWN_TICKER)


def market_data_type(client: ClientSession, fields: Fields) -> None:
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
