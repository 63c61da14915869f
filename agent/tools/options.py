"""Tools about options: expirations, strikes, chains and greeks."""

from __future__ import annotations

from datetime import date
from typing import Any

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.contracts import shown
from agent.tools.market_arguments import (
    ConIds,
    DeltaRange,
    Exchange,
    Fraction,
    OptionRight,
    Strike,
    StrikeRange,
    TradingClass,
    Wanted,
)
from core.errors import ConfigurationError, NoData
from core.settings import Effect
from core.types import Contract
from ibkr.gateway import FullGateway
from ibkr.options.chain import ChainQuery
from ibkr.options.quotes import OptionQuote

MOST_LISTED = 400  # options of one answer


@tool(Effect.READ, Scope.MARKET)
def option_expirations(context: ToolContext, underlying: Wanted) -> Answer:
    """List the expirations and strikes of an underlying's options.

    ``listings``: exchange, trading_class, multiplier (shares of one option), expirations and
    strikes, each sorted. Not every strike exists for every expiration: option_chain knows.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.options.listings(_underlying(gateway, underlying))
    return Answer(as_of=now, source=context.broker, data={"listings": found})


@tool(Effect.READ, Scope.MARKET)
def option_chain(
    context: ToolContext,
    underlying: Wanted,
    expiry: date,
    right: OptionRight | None = None,
    strike: Strike | None = None,
    strikes: StrikeRange | None = None,
    trading_class: TradingClass | None = None,
    exchange: Exchange = "SMART",
) -> Answer:
    """List the options of one expiration, without prices: sorted by strike, calls before puts.

    ``options``: con_id, strike, right, multiplier, trading_class and more. A wrong expiry or
    strike is an error that names the nearest ones, and so are several trading classes.
    """
    query = ChainQuery(
        expiry=expiry,
        right=right,
        strike=strike,
        strike_above=strikes.low if strikes else None,
        strike_below=strikes.high if strikes else None,
        trading_class=trading_class or "",
        exchange=exchange,
    )
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.options.chain(_underlying(gateway, underlying), query)
    if len(found) > MOST_LISTED:
        raise ConfigurationError(
            f"{len(found)} options fit, more than {MOST_LISTED}: narrow the strikes or the right"
        )
    data = {"options": [shown(one) for one in found]}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def option_chain_live(
    context: ToolContext,
    underlying: Wanted,
    expiry: date,
    right: OptionRight | None = None,
    near_price: Fraction | None = None,
    delta: DeltaRange | None = None,
    trading_class: TradingClass | None = None,
    exchange: Exchange = "SMART",
) -> Answer:
    """Return the options of one expiration with live prices and greeks, filtered by either.

    Name exactly one filter: ``near_price`` keeps strikes within this fraction of the underlying's
    live price, ``delta`` keeps a range of deltas without their sign (0.25 to 0.35, say).
    ``quotes``: terms, bid, ask, last, mid per share, and greeks (implied_volatility per year,
    delta, gamma, vega per percentage point, theta per day); null is "not known". ``missing`` says
    which options have none, and why.
    """
    query = ChainQuery(expiry, right, trading_class=trading_class or "", exchange=exchange)
    with context.connect() as gateway:
        stock = _underlying(gateway, underlying)
        if near_price is not None and delta is None:
            found = gateway.options.chain_near_price(stock, query, within=near_price)
        elif delta is not None and near_price is None:
            found = gateway.options.chain_by_delta(stock, query, low=delta.low, high=delta.high)
        else:
            raise ConfigurationError("name exactly one of near_price and delta")
    data = {
        "underlying_price": found.underlying.reference_price,
        "quotes": [_quoted(one) for one in found.quotes],
        "missing": {str(con_id): why for con_id, why in found.missing.items()},
    }
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def option_greeks(context: ToolContext, con_ids: ConIds) -> Answer:
    """Return live price and greeks of options that you name by con_id.

    The same fields as option_chain_live. A con_id that is not an option is an error.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        options = [gateway.contracts.details(con_id) for con_id in sorted(set(con_ids))]
        if others := [one.contract.con_id for one in options if one.terms.right is None]:
            raise NoData(f"no options: conId {', '.join(map(str, others))}")
        found = gateway.options.quotes(options)
    data = {
        "quotes": [_quoted(one) for one in found.quotes],
        "missing": {str(con_id): why for con_id, why in found.missing.items()},
    }
    return Answer(as_of=now, source=context.broker, data=data)


def _underlying(gateway: FullGateway, wanted: Wanted) -> Contract:
    return gateway.contracts.resolve(wanted.query).contract


def _quoted(found: OptionQuote) -> dict[str, Any]:
    market, terms = found.market, found.details.terms
    return {
        "con_id": found.details.contract.con_id,
        "symbol": found.details.contract.symbol,
        "expiry": terms.expiry,
        "strike": terms.strike,
        "right": terms.right,
        "bid": market.bid if market else None,
        "ask": market.ask if market else None,
        "last": market.last if market else None,
        "mid": found.mid,
        "volume": market.volume if market else None,
        "data": market.source if market else None,
        "age_seconds": market.age if market else None,
        "greeks": found.greeks,
    }
