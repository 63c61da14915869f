"""Bars of five seconds, as they come."""

from __future__ import annotations

from dataclasses import replace

from core.errors import RequestRefused
from simulator.prices.bar_kinds import QUOTED, SERVED, quoted
from simulator.prices.bar_sizes import SECONDS
from simulator.prices.intraday import SECOND
from simulator.prices.ticks import bars_between, completed
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers.market_data import UNKNOWN_TICKER, refuse_above_lines
from simulator.tws.messages import history as frames
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.market_data import DataType
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.live_streams import LiveBars

SIZE = "5 secs"
KINDS = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})
INVALID = 420


def real_time_bars(client: ClientSession, fields: Fields) -> None:
    """Send a bar whenever five seconds of a session are over, until it is cancelled."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.skip("barSize")  # TWS makes five seconds of every number
    what = fields.text("whatToShow")
    fields.flag("useRTH")  # nothing trades at other times
    fields.skip("realTimeBarsOptions")
    fields.end()
    gateway = client.gateway
    instrument = gateway.directory.one(query)
    if what not in KINDS:
        raise RequestRefused(
            f"Error validating request.-'b4' : cause - {what!r} is no kind of real-time bars: "
            f"{', '.join(sorted(KINDS))}",
            code=VALIDATION_FAILED,
        )
    # What a real session looks like from within no file of daily bars tells.
    if what not in SERVED[instrument.sec_type] or gateway.view.is_real:
        raise _invalid(f"No market data for {instrument.symbol} {instrument.sec_type} {what}")
    try:
        gateway.permissions.served(instrument.symbol, DataType.LIVE)
    except RequestRefused as refusal:
        raise _invalid(str(refusal)) from refusal
    refuse_above_lines(client, request_id)
    # The bar under way is the first one sent.
    passed = int(gateway.clock.now().timestamp()) % SECONDS[SIZE]
    since = gateway.clock.now().replace(microsecond=0) - passed * SECOND
    client.market_streams.live_bars[request_id] = LiveBars(instrument.con_id, what, since)


def send_live_bars(client: ClientSession) -> None:
    """Send the bars that are over since the last time."""
    gateway = client.gateway
    view, now = gateway.view, gateway.clock.now()
    for request_id, stream in client.market_streams.live_bars.items():
        instrument = view.instrument(stream.con_id)
        begun = bars_between(view, instrument, SIZE, since=stream.since, now=now)
        bars = completed(begun, SECONDS[SIZE], now)
        if not bars:
            continue
        summary = view.summary(stream.con_id, now)
        shown = bars
        if stream.what in QUOTED and summary is not None:
            shown = quoted(bars, stream.what, instrument, summary)
        traded = stream.what == "TRADES"
        client.send(*(frames.real_time_bar(request_id, bar, traded=traded) for bar in shown))
        since = bars[-1].begin + SECONDS[SIZE] * SECOND
        client.market_streams.live_bars[request_id] = replace(stream, since=since)


def cancel_real_time_bars(client: ClientSession, fields: Fields) -> None:
    """End a stream."""
    fields.skip("version")
    request_id = fields.identify()
    fields.end()
    if client.market_streams.live_bars.pop(request_id, None) is None:
        raise RequestRefused(f"Can't find EId with tickerId:{request_id}", code=UNKNOWN_TICKER)


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(f"Invalid Real-time Query:{cause}", code=INVALID)


HANDLERS = {
    Request.REAL_TIME_BARS: real_time_bars,
    Request.CANCEL_REAL_TIME_BARS: cancel_real_time_bars,
}
