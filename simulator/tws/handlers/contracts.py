"""Contract details, symbol search, price increments."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.errors import RequestRefused
from simulator.instruments.market_rules import RULES
from simulator.market.market import Instrument
from simulator.prices.market_view import phase
from simulator.prices.trading_hours import hours
from simulator.tws.handler_context import ClientSession, SharedState
from simulator.tws.messages import contracts as frames
from simulator.tws.messages.contracts import (
    NOT_FOUND,
    SECURITY_ID_TYPES,
    UNKNOWN_CONTRACT,
    ContractQuery,
    Described,
)
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.tws.protocol.versions import Since
from simulator.untidy.names import as_told


def contract_details(client: ClientSession, fields: Fields) -> None:
    """Describe every contract that fits: one, several when the query is ambiguous, or error 200."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    expired = fields.flag("includeExpired")
    query = _with_security_id(query, fields.text("secIdType"), fields.text("secId"))
    if fields.version >= Since.ISSUER:
        fields.skip("issuerId")
    fields.end()
    if not query.con_id and not query.sec_type and not query.security_id:
        raise RequestRefused(
            "Error validating request.-'bZ' : cause - Please enter a valid security type",
            code=VALIDATION_FAILED,
        )
    found = client.gateway.directory.find(query, expired=expired)
    if not found:
        raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
    for instrument in found:
        described = describe(instrument, client.gateway, client.gateway.clock.now())
        client.send(frames.contract_data(request_id, described, version=client.version))
    client.send(frames.contract_data_end(request_id))


def _with_security_id(query: ContractQuery, kind: str, number: str) -> ContractQuery:
    """Add the number a client names a security by. Raises `RequestRefused` (321) for no kind."""
    if kind and kind not in SECURITY_ID_TYPES:
        known = ", ".join(sorted(SECURITY_ID_TYPES))
        raise RequestRefused(
            f"Error validating request.-'bZ' : cause - Invalid secIdType {kind!r}: {known}",
            code=VALIDATION_FAILED,
        )
    return replace(query, security_id=f"{kind}:{number}") if kind and number else query


def describe(instrument: Instrument, gateway: SharedState, now: datetime) -> Described:
    """Return an instrument with what its contract details say of a moment."""
    today, view = phase(now).day, gateway.view
    numbers = gateway.directory.security_ids.of(instrument)
    isin = numbers.get("ISIN")
    under = instrument.underlying
    return Described(
        instrument=as_told(instrument, view.untidy),
        underlying=None if under is None else view.instrument(under, now),
        trading_hours=hours(today, view.announced, sec_type=instrument.sec_type, extended=True),
        liquid_hours=hours(today, view.announced, sec_type=instrument.sec_type, extended=False),
        # Other numbers take a subscription of their own at IBKR, and are only looked up.
        security_ids=(("ISIN", isin),) if isin else (),
        cusip=numbers.get("CUSIP", ""),
    )


def matching_symbols(client: ClientSession, fields: Fields) -> None:
    """List instruments by the beginning of their symbol or a part of their name."""
    request_id = fields.identify()
    pattern = fields.text("pattern")
    fields.end()
    found = client.gateway.directory.samples(pattern)
    client.send(frames.symbol_samples(request_id, found, version=client.version))


def market_rule(client: ClientSession, fields: Fields) -> None:
    """State the price increments of a rule."""
    rule = fields.whole("marketRuleId")
    fields.end()
    if rule not in RULES:
        raise RequestRefused(
            "Error validating request.-'b9' : cause - Invalid market rule id",
            code=VALIDATION_FAILED,
        )
    client.send(frames.market_rule(rule, RULES[rule]))


HANDLERS = {
    Request.CONTRACT_DETAILS: contract_details,
    Request.MATCHING_SYMBOLS: matching_symbols,
    Request.MARKET_RULE: market_rule,
}
