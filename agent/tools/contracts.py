"""Tools about instruments of every kind: found, described, with hours and price increments."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.market_arguments import ConId, ConIds, Exchange, Wanted
from core.settings import Effect
from core.types import Hours
from ibkr.contracts.details import Details
from ibkr.contracts.search import Ambiguous

Pattern = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,40}$", description="a symbol or a name")]
RuleId = Annotated[int, Field(ge=1, le=100_000)]


@tool(Effect.READ, Scope.MARKET)
def find_contract(context: ToolContext, contract: Wanted) -> Answer:
    """Find one instrument of any kind: stock, fund, index, currency pair, future or option.

    Returns ``contract`` when exactly one fits, else null and ``candidates``, all that fit: say
    more, or use the con_id of the one you mean. An unknown contract is an error. ``expiry`` is
    the last day of trading (YYYY-MM-DD).
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        data: dict[str, Any]
        try:
            data = {"contract": shown(gateway.contracts.resolve(contract.query)), "candidates": []}
        except Ambiguous as several:
            data = {"contract": None, "candidates": [shown(one) for one in several.candidates]}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def contract_details(
    context: ToolContext, con_id: ConId, exchange: Exchange | None = None
) -> Answer:
    """Describe one contract: terms, order types, exchanges, price increments, industry.

    ``market_rules`` are the ids of its price increments, one for each of ``exchanges``; see
    market_rule. min_size and size_increment in shares or contracts.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.contracts.details(con_id, exchange=exchange or "")
    data = {
        **shown(found),
        "order_types": found.order_types,
        "exchanges": found.exchanges,
        "market_rules": found.market_rules,
        "industry": found.industry,
        "category": found.category,
        "subcategory": found.subcategory,
        "min_size": found.min_size,
        "size_increment": found.size_increment,
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def describe_contracts(context: ToolContext, con_ids: ConIds) -> Answer:
    """Describe up to a hundred contracts by con_id: what they are, and in what they are quoted.

    Prices are in ``currency`` divided by ``price_magnifier`` (100 where in pence). ``refused``
    says why of a con_id that cannot be described.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.market.describe(con_ids)
    data = {
        "contracts": [asdict(contract) for contract in found.contracts.values()],
        "refused": {str(con_id): why for con_id, why in found.refused.items()},
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def trading_hours(context: ToolContext, con_id: ConId, exchange: Exchange | None = None) -> Answer:
    """Say when a contract trades on the coming days, and whether it does at this moment.

    ``regular`` and ``extended`` hours as start and end, UTC; a day without an entry is closed.
    Null where what the gateway wrote could not be read.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.contracts.details(con_id, exchange=exchange or "")
    data = {
        "time_zone": found.time_zone,
        "open_now": found.trades_at(now),
        "open_now_extended": found.trades_at(now, regular=False),
        "regular": _spans(found.liquid_hours),
        "extended": _spans(found.trading_hours),
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def market_rule(context: ToolContext, rule: RuleId) -> Answer:
    """Return the price increments of a market rule, lowest prices first.

    From ``low_edge`` upwards a price must be a multiple of ``increment``. contract_details names
    the rules of a contract.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.contracts.market_rule(rule)
    return Answer(as_of=now, source=context.broker, data={"increments": found})


@tool(Effect.READ, Scope.MARKET)
def search_symbols(context: ToolContext, pattern: Pattern) -> Answer:
    """Search instruments by the beginning of their symbol or a part of their name.

    Returns ``matches``: con_id, symbol, sec_type, primary_exchange, currency, name, and the
    kinds of derivative there are.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.contracts.search(pattern)
    return Answer(as_of=now, source=context.broker, data={"matches": found})


def shown(found: Details) -> dict[str, Any]:
    """Return what identifies an instrument."""
    contract, terms = found.contract, found.terms
    return {
        "con_id": contract.con_id,
        "symbol": contract.symbol,
        "name": contract.name,
        "sec_type": contract.sec_type,
        "exchange": contract.exchange,
        "primary_exchange": contract.primary_exchange,
        "currency": contract.currency,
        "min_tick": contract.min_tick,
        "stock_type": contract.stock_type,
        "expiry": terms.expiry,
        "strike": terms.strike,
        "right": terms.right,
        "multiplier": terms.multiplier,
        "trading_class": terms.trading_class,
        "underlying": terms.underlying,
    }


def _spans(hours: tuple[Hours, ...] | None) -> list[dict[str, Any]] | None:
    if hours is None:
        return None
    return [{"start": span.start, "end": span.end} for span in hours]
