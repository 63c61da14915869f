"""How contracts trade where their orders go: hours, market rule, sizes; asked for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import DataError, NoData
from core.types import Contract, Increments, TradingTerms
from core.types.trading_terms import without_terms
from ibkr.contracts.details import Details
from ibkr.contracts.increments import price_increments
from ibkr.contracts.search import ContractQuery, find, no_contract
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.requests import Requests
from ibkr.wire.times import zone

AT_ONCE = 45
NO_RULE = "IBKR names no market rule"


async def trading_terms(
    requests: Requests,
    contracts: Sequence[Contract],
    *,
    within: float,
    progress: Progress | None = None,
) -> dict[int, TradingTerms]:
    """Return how each contract trades, by conId: one of which IBKR does not say it has a doubt."""

    async def ask(con_id: int) -> Details:
        query = ContractQuery(con_id=con_id, exchange=wanted[con_id].exchange)
        found = await find(requests, query, within=within)
        if not found:
            raise NoData(no_contract(con_id))
        return found[0]

    async def ask_rule(rule: int) -> Increments:
        return Increments.of(await price_increments(requests, rule, within=within))

    wanted = {contract.con_id: contract for contract in contracts}
    found, failed = await ask_each(sorted(wanted), ask, at_once=AT_ONCE, progress=progress)
    named = {each.market_rule for each in found.values()} - {None}
    rules, refused = await ask_each(sorted(filter(None, named)), ask_rule, at_once=AT_ONCE)
    return {
        con_id: terms_of(found[con_id], rules, refused)
        if con_id in found
        else without_terms(contract, failed[con_id])
        for con_id, contract in sorted(wanted.items())
    }


def terms_of(
    found: Details, rules: Mapping[int, Increments], refused: Mapping[int, str]
) -> TradingTerms:
    """Join a description with its market rule; a rule that was refused leaves a guess.

    Raises nothing: what is not known is not known.
    """
    contract, rule = found.contract, found.market_rule
    increments = rules.get(rule) if rule is not None else None
    why = NO_RULE if rule is None else refused.get(rule, "")
    return TradingTerms(
        con_id=contract.con_id,
        symbol=contract.symbol,
        exchange=contract.primary_exchange or contract.exchange,
        increments=increments or Increments.guessed(contract.min_tick),
        lot=contract.lot,
        hours=found.liquid_hours,
        zone=_zone(found.time_zone),
        closed=found.closed_days,
        doubt="" if increments else why,
    )


def _zone(name: str) -> str:
    try:
        return zone(name).key
    except DataError:
        return ""
