"""Option chains, and what an option would be worth."""

from __future__ import annotations

from math import isfinite

from core.errors import RequestRefused
from simulator.instruments.options import MULTIPLIER
from simulator.market.market import SMART, Instrument
from simulator.prices.option_model import implied_at, value_at
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import market_data as ticks
from simulator.tws.messages import options as frames
from simulator.tws.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery
from simulator.tws.messages.market_data import CUSTOM_COMPUTATION
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED

EXCHANGES = (SMART, "CBOE")


def option_parameters(client: ClientSession, fields: Fields) -> None:
    """Name what is listed on an underlying; nothing but the end when there are no options on it."""
    request_id = fields.identify()
    symbol = fields.text("underlyingSymbol")
    future_exchange = fields.text("futFopExchange")
    sec_type = fields.text("underlyingSecType")
    con_id = fields.whole("underlyingConId")
    fields.end()
    if con_id == 0 or not sec_type:
        raise _invalid("bX", "The underlying needs a security type and a conId")
    directory = client.gateway.directory
    found = directory.find(ContractQuery(con_id, "", "", "", "", "", ""))
    if not found or (found[0].symbol, found[0].sec_type) != (symbol, sec_type):
        raise _invalid("bX", f"Invalid underlying: {symbol} {sec_type} with conId {con_id}")
    for chain in directory.chains(found[0]) if not future_exchange else ():
        for exchange in EXCHANGES:
            client.send(
                frames.option_parameters(
                    request_id,
                    exchange,
                    underlying=con_id,
                    trading_class=chain.trading_class,
                    multiplier=MULTIPLIER,
                    expirations=chain.expirations,
                    strikes=chain.strikes,
                )
            )
    client.send(frames.option_parameters_end(request_id))


def implied_volatility(client: ClientSession, fields: Fields) -> None:
    """Say which volatility explains a price of an option."""
    request_id, option, price, underlying = _question(client, fields, "optionPrice")
    gateway = client.gateway
    found = implied_at(
        gateway.view, option.con_id, gateway.clock.now(), price=price, underlying=underlying
    )
    if found is None:
        raise _invalid("a5", f"No volatility explains a price of {price:g}")
    volatility, greeks = found
    client.send(
        ticks.tick_computation(
            request_id,
            CUSTOM_COMPUTATION,
            volatility=volatility,
            price=price,
            greeks=greeks,
            underlying=underlying,
        )
    )


def option_price(client: ClientSession, fields: Fields) -> None:
    """Say what an option is worth at a volatility."""
    request_id, option, volatility, underlying = _question(client, fields, "volatility")
    gateway = client.gateway
    greeks = value_at(
        gateway.view, option.con_id, gateway.clock.now(),
        volatility=volatility, underlying=underlying,
    )  # fmt: skip
    if greeks is None:
        raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
    client.send(
        ticks.tick_computation(
            request_id,
            CUSTOM_COMPUTATION,
            volatility=volatility,
            price=greeks.price,
            greeks=greeks,
            underlying=underlying,
        )
    )


def _question(
    client: ClientSession, fields: Fields, name: str
) -> tuple[int, Instrument, float, float]:
    """Read the option, the number of this name and the price of the underlying."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery.read(fields)
    number, underlying = fields.number(name), fields.number("underPrice")
    fields.skip_options()
    fields.end()
    option = client.gateway.directory.one(query)
    if option.sec_type != "OPT":
        raise _invalid("a5", f"{option.symbol} is no option")
    if not all(isfinite(value) and value > 0 for value in (number, underlying)):
        raise _invalid("a5", f"{name} {number:g} and underPrice {underlying:g} must be positive")
    return request_id, option, number, underlying


def cancel_computation(client: ClientSession, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.skip("version")
    fields.identify()
    fields.end()


def _invalid(where: str, cause: str) -> RequestRefused:
    return RequestRefused(
        f"Error validating request.-'{where}' : cause - {cause}", code=VALIDATION_FAILED
    )


HANDLERS = {
    Request.OPTION_PARAMETERS: option_parameters,
    Request.IMPLIED_VOLATILITY: implied_volatility,
    Request.OPTION_PRICE: option_price,
    Request.CANCEL_IMPLIED_VOLATILITY: cancel_computation,
    Request.CANCEL_OPTION_PRICE: cancel_computation,
}
