"""Bars of every size and kind, their beginning, and the sessions of the exchange."""

from __future__ import annotations

from core.calendar import session
from core.errors import RequestRefused
from simulator.market.market import DailyBar
from simulator.prices.bar_kinds import SERVED, TRADED
from simulator.prices.bar_sizes import DAY
from simulator.prices.market_view import phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import history as frames
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.bar_queries import (
    BarResult,
    bars_for,
    begin_of,
    newer_bars,
    sessions_for,
)
from simulator.tws.queries.history_request import HistoryRequest, failed, no_data

SCHEDULE = "SCHEDULE"


def historical_data(client: ClientSession, fields: Fields) -> None:
    """Send bars in the shares of the clock's day, of a running session what it has come to."""
    request = HistoryRequest.read(fields)
    gateway = client.gateway
    now = gateway.clock.now()
    if request.what == SCHEDULE:
        client.send(frames.schedule(request.request_id, sessions_for(request, now)))
        return
    found = bars_for(request, gateway.directory, gateway.view, now)
    symbol = found.instrument.symbol
    if gateway.faults.hits("refuse_history", symbol):
        raise failed(f"No market data permissions for {found.instrument.primary_exchange} STK")
    encoded = _encoded(client, request, found)
    client.send(
        frames.historical_data(
            request.request_id,
            encoded,
            count=len(found.bars or found.timed),
            start=found.start,
            end=found.end,
        )
    )
    if request.keep_up_to_date:
        client.market_streams.bars[request.request_id] = request, found.last


def _encoded(client: ClientSession, request: HistoryRequest, found: BarResult) -> bytes:
    gateway, traded = client.gateway, request.what in TRADED
    if found.timed:
        return frames.encode_timed_bars(found.timed, traded=traded, as_epoch=request.as_epoch)
    if gateway.faults.hits("nan_bars", found.instrument.symbol):
        return frames.encode_bars([_spoilt(bar) for bar in found.bars], traded=traded)
    is_plain = request.bar_size == DAY and request.what in {"TRADES", "MIDPOINT"}
    is_closed = found.bars[-1].session <= phase(gateway.clock.now()).last_complete
    if is_plain and is_closed and not request.legs:
        return gateway.encoded_bars(found.instrument.con_id, found.bars, traded=traded)
    return frames.encode_bars(found.bars, traded=traded)


def _spoilt(bar: DailyBar) -> DailyBar:
    nothing = float("nan") if bar.session.day % 2 else -1.0
    return DailyBar(bar.session, nothing, nothing, nothing, nothing, 0)


def send_new_bars(client: ClientSession) -> None:
    """Send what has changed since: the last bar while it runs, and those begun after it.

    Bars of what trades no more, or is called otherwise now, end with the reason.
    """
    for request_id in [*client.market_streams.bars]:
        try:
            _send_newer(client, request_id)
        except RequestRefused as refusal:
            del client.market_streams.bars[request_id]
            client.error(request_id, refusal.code, str(refusal))


def _send_newer(client: ClientSession, request_id: int) -> None:
    gateway = client.gateway
    request, last = client.market_streams.bars[request_id]
    begun, now = begin_of(last), gateway.clock.now()
    found = newer_bars(request, gateway.directory, gateway.view, now, since=begun)
    traded = request.what in TRADED
    rows = [
        frames.timed_bar_fields(bar, traded=traded, as_epoch=request.as_epoch)
        for bar in found.timed
        if bar.begin >= begun and bar != last
    ] + [
        frames.bar_fields(day, traded=traded)
        for day in found.bars
        if begin_of(day) >= begun and day != last
    ]
    client.send(*(frames.historical_update(request_id, row) for row in rows))
    client.market_streams.bars[request_id] = request, found.last


def head_timestamp(client: ClientSession, fields: Fields) -> None:
    """Say when the data of a contract begins."""
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.flag("includeExpired")
    fields.flag("useRTH")
    what = fields.text("whatToShow")
    as_epoch = fields.whole("formatDate") == 2
    fields.end()
    instrument = client.gateway.directory.one(query)
    bars = client.gateway.view.daily(instrument.con_id, client.gateway.clock.now())
    if not bars or what not in SERVED[instrument.sec_type]:
        raise no_data(instrument, what)
    first = session(bars[0].session).open
    client.send(frames.head_timestamp(request_id, first, as_epoch=as_epoch))


def cancel_historical_data(client: ClientSession, fields: Fields) -> None:
    """End bars that are kept up to date; of others the answer has already left."""
    fields.skip("version")
    request_id = fields.identify()
    fields.end()
    client.market_streams.bars.pop(request_id, None)


def cancel_head_timestamp(client: ClientSession, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.identify()
    fields.end()


HANDLERS = {
    Request.HISTORICAL_DATA: historical_data,
    Request.CANCEL_HISTORICAL_DATA: cancel_historical_data,
    Request.HEAD_TIMESTAMP: head_timestamp,
    Request.CANCEL_HEAD_TIMESTAMP: cancel_head_timestamp,
}
