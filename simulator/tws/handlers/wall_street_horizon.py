"""The calendar of corporate events, and who is logged in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.prices.market_view import phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import fundamentals as frames
from simulator.tws.messages import times
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import UNSET_INTEGER, Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.protocol.versions import Since

NO_META, META_NOT_REQUESTED = 10279, 10282
UNKNOWN = "the bars are real, and no file tells of dividends and splits"
DIVIDEND, SPLIT = "wshe_div", "wshe_splits"
META = json.dumps(
    {
        "meta_data": {
            "event_types": [
                {"tag": DIVIDEND, "name": "Dividend", "dateField": "ex_date"},
                {"tag": SPLIT, "name": "Stock Split", "dateField": "effective_date"},
            ],
            "filters": [{"name": "watchlist", "type": "array"}],
        }
    },
    separators=(",", ":"),
)


def calendar_meta(client: ClientSession, fields: Fields) -> None:
    """Say which events there are; has to be asked before any event."""
    request_id = fields.identify()
    fields.end()
    if client.gateway.view.is_real:
        raise RequestRefused(f"Failed to request WSH metadata: {UNKNOWN}", code=NO_META)
    client.market_streams.knows_calendar = True
    client.send(frames.calendar_meta(request_id, META))


def calendar_events(client: ClientSession, fields: Fields) -> None:
    """Send the dividends and splits of a company that are known by now."""
    request_id = fields.identify()
    con_id = fields.whole("conId")
    most = UNSET_INTEGER
    begin = end = ""
    if fields.version >= Since.CALENDAR_FILTERS:
        fields.skip("filter", "fillWatchlist", "fillPortfolio", "fillCompetitors")
        begin, end = fields.text("startDate"), fields.text("endDate")
        most = fields.optional_whole("totalLimit") or UNSET_INTEGER
    fields.end()
    if not client.market_streams.knows_calendar:
        raise RequestRefused("WSH metadata not requested", code=META_NOT_REQUESTED)
    if con_id in {0, UNSET_INTEGER}:
        raise RequestRefused(
            "Error validating request.-'b8' : cause - a conId is needed", code=VALIDATION_FAILED
        )
    gateway = client.gateway
    instrument = gateway.directory.one(ContractQuery(con_id, "", "", "", "", "", ""))
    today = phase(gateway.clock.now()).day
    events = [
        event
        for day, event in _events(client, instrument, today)
        if (not begin or times.day(day) >= begin) and (not end or times.day(day) <= end)
    ]
    client.send(frames.calendar_events(request_id, json.dumps(events[-most:], sort_keys=True)))


def _events(
    client: ClientSession, instrument: Instrument, today: date
) -> Iterator[tuple[date, dict[str, object]]]:
    securities = client.gateway.view.securities
    about = {"conids": [instrument.con_id], "symbol": instrument.symbol}
    for dividend in securities.dividends(instrument.con_id):
        if dividend.ex_date <= today:
            data = {
                "ex_date": times.day(dividend.ex_date),
                "pay_date": times.day(dividend.pay_date),
                "amount": dividend.amount,
            }
            yield dividend.ex_date, {"event_type": DIVIDEND, "data": data, **about}
    for split in securities.splits(instrument.con_id):
        if split.session <= today:
            data = {"effective_date": times.day(split.session), "ratio": split.ratio}
            yield split.session, {"event_type": SPLIT, "data": data, **about}


def cancel_calendar(client: ClientSession, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.identify()
    fields.end()


def user_info(client: ClientSession, fields: Fields) -> None:
    """Say that the login carries no brand but IBKR's own."""
    request_id = fields.identify()
    fields.end()
    client.send(frames.user_info(request_id, ""))


HANDLERS = {
    Request.WSH_META: calendar_meta,
    Request.CANCEL_WSH_META: cancel_calendar,
    Request.WSH_EVENTS: calendar_events,
    Request.CANCEL_WSH_EVENTS: cancel_calendar,
    Request.USER_INFO: user_info,
}
