"""Contract details, symbol search, price increments."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from core.calendar import is_session, session
from core.errors import RequestRefused
from simulator.client import VALIDATION_FAILED, Client
from simulator.messages import contracts as frames
from simulator.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery
from simulator.messages.numbers import Request
from simulator.tape import NEW_YORK, phase
from simulator.wire import Fields

HOURS_SHOWN = 6  # days, as TWS does
EXTENDED_HOURS = ("0400", "2000")


def contract_details(client: Client, fields: Fields) -> None:
    """Describe every contract that fits: one, several when the query is ambiguous, or error 200."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    fields.flag("includeExpired")
    fields.skip("secIdType", "secId", "issuerId")
    fields.end()
    if not query.con_id and not query.sec_type:
        raise RequestRefused(
            "Error validating request.-'bZ' : cause - Please enter a valid security type",
            code=VALIDATION_FAILED,
        )
    found = client.gateway.directory.find(query)
    if not found:
        raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
    today = phase(client.gateway.clock.now()).day
    for instrument in found:
        client.send(
            frames.contract_data(
                request_id,
                instrument,
                trading_hours=hours(today, extended=True),
                liquid_hours=hours(today, extended=False),
            )
        )
    client.send(frames.contract_data_end(request_id))


def matching_symbols(client: Client, fields: Fields) -> None:
    """List instruments by the beginning of their symbol or a part of their name."""
    request_id = fields.identify()
    pattern = fields.text("pattern")
    fields.end()
    client.send(frames.symbol_samples(request_id, client.gateway.directory.samples(pattern)))


def market_rule(client: Client, fields: Fields) -> None:
    """State the price increments of the only rule there is."""
    rule = fields.whole("marketRuleId")
    fields.end()
    if rule != frames.PENNY_RULE:
        raise RequestRefused(
            "Error validating request.-'b9' : cause - Invalid market rule id",
            code=VALIDATION_FAILED,
        )
    client.send(frames.market_rule(rule, increment=0.01))


@lru_cache(maxsize=8)
def hours(today: date, *, extended: bool) -> str:
    """Return trading hours as TWS writes them: ``20260615:0930-20260615:1600;…:CLOSED``."""
    days = (today + timedelta(days=ahead) for ahead in range(HOURS_SHOWN))
    return ";".join(_hours_of(day, extended=extended) for day in days)


def _hours_of(day: date, *, extended: bool) -> str:
    if not is_session(day):
        return f"{day:%Y%m%d}:CLOSED"
    begin, end = EXTENDED_HOURS
    if not extended:
        regular = session(day)
        begin, end = (f"{at.astimezone(NEW_YORK):%H%M}" for at in (regular.open, regular.close))
    return f"{day:%Y%m%d}:{begin}-{day:%Y%m%d}:{end}"


HANDLERS = {
    Request.CONTRACT_DETAILS: contract_details,
    Request.MATCHING_SYMBOLS: matching_symbols,
    Request.MARKET_RULE: market_rule,
}
