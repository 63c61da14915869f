"""Single ticks, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.prices.intraday import SECOND
from simulator.prices.ticks import (
    EACH_SECOND,
    Trade,
    bars_between,
    completed,
    past_trades,
    trades_of,
)
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers.market_data import DUPLICATE_TICKER, UNKNOWN_TICKER
from simulator.tws.messages import historical_ticks as frames
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.historical_ticks import TickKind
from simulator.tws.messages.market_data import DataType
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.live_streams import TickStream

KINDS = {
    "Last": TickKind.LAST, "AllLast": TickKind.ALL_LAST,
    "BidAsk": TickKind.BID_ASK, "MidPoint": TickKind.MIDPOINT,
}  # fmt: skip
PAST = {TickKind.BID_ASK: "BID_ASK", TickKind.MIDPOINT: "MIDPOINT"}  # others are trades
# Source: IBKR's page on tick-by-tick data: options have only past ticks, combinations none.
OF_QUOTES = frozenset({TickKind.BID_ASK, TickKind.MIDPOINT})
STREAMED = {
    "STK": frozenset(TickKind), "FUT": frozenset(TickKind), "CASH": OF_QUOTES,
    "IND": frozenset({TickKind.LAST, TickKind.ALL_LAST}),
}  # fmt: skip
REFUSED, TOO_MANY = 10189, 10190
MOST_PAST = 1000


def tick_by_tick(client: ClientSession, fields: Fields) -> None:
    """Send single ticks as they come, after as many past ones as asked for, until cancelled."""
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    kind_text = fields.text("tickType")
    past = fields.whole("numberOfTicks")
    fields.flag("ignoreSize")  # the sizes of a quote never change alone
    fields.end()
    gateway = client.gateway
    if kind_text not in KINDS or not 0 <= past <= MOST_PAST:
        raise RequestRefused(
            f"Error validating request.-'b5' : cause - {past} ticks of {kind_text!r}: up to "
            f"{MOST_PAST} of {', '.join(KINDS)}",
            code=VALIDATION_FAILED,
        )
    kind = KINDS[kind_text]
    instrument = gateway.directory.one(query)
    _refuse(client, instrument, kind_text)
    if request_id in client.market_streams.ticks:
        raise RequestRefused("Duplicate ticker id", code=DUPLICATE_TICKER)
    most = gateway.limits.tick_by_tick
    if most is not None and len(client.market_streams.ticks) >= most:
        raise RequestRefused("Max number of tick-by-tick requests has been reached.", code=TOO_MANY)
    if past:
        found = past_trades(gateway.view, instrument, gateway.clock.now())
        chosen = list(islice(found, past))[::-1]
        client.send(frames.historical_ticks(request_id, PAST.get(kind, "TRADES"), chosen))
    since = gateway.clock.now().replace(microsecond=0)
    client.market_streams.ticks[request_id] = TickStream(instrument.con_id, kind, since)


def _refuse(client: ClientSession, instrument: Instrument, kind: str) -> None:
    """Raise `RequestRefused` (10189) where TWS streams no such ticks."""
    cause = ""
    if KINDS[kind] not in STREAMED.get(instrument.sec_type, ()) or client.gateway.view.is_real:
        cause = f"{kind} tick-by-tick requests are not supported for {instrument.local_symbol}."
    try:
        client.gateway.permissions.served(instrument.symbol, DataType.LIVE)
    except RequestRefused as refusal:
        cause = str(refusal)
    if cause:
        raise RequestRefused(f"Failed to request tick-by-tick data.{cause}", code=REFUSED)


def send_ticks_by_tick(client: ClientSession) -> None:
    """Send the ticks of the seconds that have passed since the last time."""
    gateway = client.gateway
    view, now = gateway.view, gateway.clock.now()
    for request_id, stream in client.market_streams.ticks.items():
        instrument = view.instrument(stream.con_id)
        begun = bars_between(view, instrument, EACH_SECOND, since=stream.since, now=now)
        seconds = completed(begun, 1, now)
        if not seconds:
            continue
        trades = [trade for second in seconds for trade in trades_of(view, instrument, second)]
        shown = list(_changed(stream, trades))
        client.send(*(frames.tick_by_tick(request_id, stream.kind, one) for one in shown))
        quoted = _quote(shown[-1], stream.kind) if shown else stream.shown
        client.market_streams.ticks[request_id] = replace(
            stream, since=seconds[-1].begin + SECOND, shown=quoted
        )


def _changed(stream: TickStream, trades: list[Trade]) -> Iterator[Trade]:
    """Yield every trade; of quotes those that differ from the one before."""
    before = stream.shown
    for trade in trades:
        quoted = _quote(trade, stream.kind)
        if stream.kind not in OF_QUOTES or quoted != before:
            yield trade
        before = quoted


def _quote(trade: Trade, kind: TickKind) -> tuple[float, ...]:
    return (trade.middle,) if kind is TickKind.MIDPOINT else (trade.bid, trade.ask)


def cancel_tick_by_tick(client: ClientSession, fields: Fields) -> None:
    """End a stream."""
    request_id = fields.identify()
    fields.end()
    if client.market_streams.ticks.pop(request_id, None) is None:
        raise RequestRefused(f"Can't find EId with tickerId:{request_id}", code=UNKNOWN_TICKER)


HANDLERS = {
    Request.TICK_BY_TICK: tick_by_tick,
    Request.CANCEL_TICK_BY_TICK: cancel_tick_by_tick,
}
