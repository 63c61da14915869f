"""Past ticks and histograms."""

from __future__ import annotations

import re
from itertools import islice

from core.errors import RequestRefused
from simulator.prices.ticks import histogram, past_trades
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import historical_ticks as frames
from simulator.tws.messages import times
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.queries.history_request import no_data

MOST_TICKS = 1000
KINDS = frozenset({"TRADES", "BID_ASK", "MIDPOINT"})
_PERIOD = re.compile(r"([1-9][0-9]{0,2}) (day|week|month)s?")
_SESSIONS = {"day": 1, "week": 5, "month": 21}


def historical_ticks(client: ClientSession, fields: Fields) -> None:
    """Send the ticks from a moment on, or up to a moment: one of the two has to be stated."""
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.flag("includeExpired")
    begin_text, end_text = fields.text("startDateTime"), fields.text("endDateTime")
    wanted = fields.whole("numberOfTicks")
    what = fields.text("whatToShow")
    fields.flag("useRth")
    fields.flag("ignoreSize")
    fields.skip("miscOptions")
    fields.end()
    begin, end = times.parse(begin_text), times.parse(end_text)
    if bool(begin_text) == bool(end_text) or (begin or end) is None:
        raise _invalid("one of startDateTime and endDateTime is needed, as a time")
    if what not in KINDS or not 1 <= wanted <= MOST_TICKS:
        raise _invalid(f"{wanted} ticks of {what!r}: 1 to {MOST_TICKS} of {sorted(KINDS)}")
    gateway = client.gateway
    now = gateway.clock.now()
    instrument = gateway.directory.one(query)
    if gateway.view.summary(instrument.con_id, now) is None or gateway.view.is_real:
        raise no_data(instrument, what)  # real bars do not tell single trades
    found = past_trades(gateway.view, instrument, now, begin=begin, end=end)
    chosen = list(islice(found, wanted))[:: 1 if begin is not None else -1]
    client.send(frames.historical_ticks(request_id, what, chosen))


def histogram_data(client: ClientSession, fields: Fields) -> None:
    """Send how much traded at each price over a period."""
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.flag("includeExpired")
    fields.flag("useRTH")
    period = _PERIOD.fullmatch(fields.text("timePeriod"))
    fields.end()
    if period is None:
        raise _invalid("a period is a number and day, week or month: '3 days'")
    gateway = client.gateway
    instrument = gateway.directory.one(query)
    daily = gateway.view.daily(instrument.con_id, gateway.clock.now())
    sessions = daily[-int(period[1]) * _SESSIONS[period[2]] :]
    if not sessions or gateway.view.is_real:
        raise no_data(instrument, "TRADES")
    client.send(frames.histogram_data(request_id, histogram(sessions, instrument)))


def cancel_histogram_data(client: ClientSession, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.identify()
    fields.end()


def _invalid(cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'bW' : cause - {cause}", code=VALIDATION_FAILED
    )


HANDLERS = {
    Request.HISTORICAL_TICKS: historical_ticks,
    Request.HISTOGRAM: histogram_data,
    Request.CANCEL_HISTOGRAM: cancel_histogram_data,
}
