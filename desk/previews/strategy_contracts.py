"""From the terms of a strategy to the contracts it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.errors import DataError, NoData
from core.types import Contract, Leg
from ibkr.contracts.details import Details
from ibkr.gateway import FullGateway
from ibkr.options.chain import ChainQuery, nearest
from risk.strategies.legs import Strategy, StrategyLeg, StrategyTerms, build


@dataclass(frozen=True, slots=True)
class FoundStrategy:
    """A strategy and the contracts of its legs, in their order."""

    strategy: Strategy
    underlying: Contract
    legs: tuple[Leg, ...]


def find_strategy(
    gateway: FullGateway, terms: StrategyTerms, *, currency: str, trading_class: str, today: date
) -> FoundStrategy:
    """Look up the underlying, a stock or a fund in this currency, and every option.

    Raises `DataError` for terms that are no strategy, `ibkr.options.chain.AmbiguousClass` with the
    candidates when the underlying has several classes of options, and `NoData` that names the
    nearest expiries or strikes for an option that is not listed.
    """
    wanted = build(terms)  # terms that are none need not be looked up
    if terms.expiry < today:
        raise DataError(f"the expiry {terms.expiry} has passed: it is {today}")
    resolved = gateway.market.resolve([terms.symbol], currency=currency)
    if not resolved.contracts:
        raise NoData(f"{terms.symbol}: {resolved.refused.get(terms.symbol, 'not known')}")
    underlying = resolved.contracts[0]
    expiries = sorted({leg.expiry for leg in wanted.options if leg.expiry is not None})
    chains = {
        expiry: gateway.options.chain(underlying, ChainQuery(expiry, trading_class=trading_class))
        for expiry in expiries
    }
    every = [option for chain in chains.values() for option in chain]
    found = {leg: _option(leg, every, terms.symbol) for leg in wanted.options}
    strategy = build(terms, multiplier=_multiplier(found.values(), terms.symbol))
    named = zip(wanted.legs, strategy.legs, strict=True)
    legs = tuple(
        Leg(found[old].contract.con_id if old in found else underlying.con_id, leg.side, leg.ratio)
        for old, leg in named
    )
    return FoundStrategy(strategy, underlying, legs)


def _option(leg: StrategyLeg, listed: Sequence[Details], symbol: str) -> Details:
    alike = [o for o in listed if (o.terms.expiry, o.terms.right) == (leg.expiry, leg.right)]
    for option in alike:
        if option.terms.strike == leg.strike:
            return option
    wanted = leg.strike or 0.0
    strikes = sorted(o.terms.strike for o in alike if o.terms.strike is not None)
    near = nearest(strikes, by=lambda strike: abs(strike - wanted))
    told = ", ".join(f"{strike:g}" for strike in near) or "none"
    raise NoData(f"{symbol} has no {leg}; the nearest strikes: {told}")


def _multiplier(options: Iterable[Details], symbol: str) -> int:
    found = sorted({option.terms.multiplier for option in options})
    if len(found) != 1 or not found[0].is_integer() or found[0] < 1:
        told = ", ".join(f"{each:g}" for each in found)
        raise DataError(f"options of {symbol} with multiplier {told} cannot form a strategy")
    return int(found[0])
