"""What a strategy costs, from one snapshot of each of its legs and of the underlying."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import DataError
from core.types import Contract, Increments, Quote, Side
from desk.previews.planned_order import PlannedOrder
from ibkr.gateway import Gateway
from risk.limit_price import kept_within, marketable_limit
from risk.strategies.legs import Strategy

CENT = 0.01  # the increment of combinations of American shares and their options


@dataclass(frozen=True, slots=True)
class StrategyPrices:
    """The quotes of a strategy's legs, in their order, and of the underlying; None: it has none."""

    legs: tuple[Quote | None, ...]
    underlying: Quote | None
    contract: Contract  # the underlying's

    @property
    def leg_prices(self) -> tuple[float, ...]:
        """What each leg is worth now, per share; NaN where that is not known."""
        return tuple(_worth(quote) for quote in self.legs)

    @property
    def underlying_price(self) -> float:
        """What a share of the underlying is worth now; NaN where that is not known."""
        return _worth(self.underlying)


def prices(gateway: Gateway, plan: PlannedOrder) -> StrategyPrices:
    """Take a snapshot of everything that a strategy consists of.

    Raises `DataError` when the gateway does not know the underlying.
    """
    con_id = plan.order.con_id
    described = gateway.market.describe([con_id])
    if con_id not in described.contracts:
        why = described.refused.get(con_id, "not known")
        raise DataError(f"{plan.order.symbol}, conId {con_id}: {why}")
    underlying = described.contracts[con_id]
    contracts = leg_contracts(plan, underlying)
    quotes = gateway.market.bulk_quote([underlying, *contracts])
    found: Mapping[int, Quote] = {quote.con_id: quote for quote in quotes.quotes}
    return StrategyPrices(
        legs=tuple(found.get(contract.con_id) for contract in contracts),
        underlying=found.get(con_id),
        contract=underlying,
    )


def leg_contracts(plan: PlannedOrder, underlying: Contract) -> tuple[Contract, ...]:
    """Return the contracts of a strategy's legs, in their order; options in its currency."""
    assert plan.strategy is not None, "only a strategy has legs"
    pairs = zip(plan.strategy.legs, plan.order.parts, strict=True)
    return tuple(
        underlying
        if leg.right is None
        else Contract(named.con_id, plan.order.symbol, "OPT", currency=underlying.currency)
        for leg, named in pairs
    )


def limit_price(plan: PlannedOrder, gateway: Gateway) -> float:
    """Return the limit that was asked for or, without one, the one that trades right away.

    Raises `DataError` for a limit that is not above zero, and as `marketable`.
    """
    given = plan.order.limit_price
    if given is None:
        assert plan.strategy is not None, "only a strategy has a net limit"
        found = prices(gateway, plan)
        increments = combined(leg_contracts(plan, found.contract), gateway)
        return marketable(plan.strategy, plan.order.side, found, increments)
    if not (math.isfinite(given) and given > 0.0):
        raise DataError(
            f"the limit price {given} is not above zero: it is net per share, what the "
            "buyer of the combination pays and its seller receives"
        )
    underlying = Contract(plan.order.con_id, plan.order.symbol)
    increments = combined(leg_contracts(plan, underlying), gateway)
    return kept_within(given, side=plan.order.side, increments=increments)


def combined(legs: Iterable[Contract], gateway: Gateway) -> Increments:
    """Return the increments of a combination: the widest of its legs' smallest ones.

    No market rule is of a combination. Those of index options are in the options' 0.05, whatever
    the net price (QuantConnect Lean.Brokerages.InteractiveBrokers PR #215).
    """
    terms = gateway.market.trading_terms([leg for leg in legs if leg.sec_type == "OPT"])
    smallest = [one.increments.steps[0].increment for one in terms.values() if not one.doubt]
    return Increments.flat(max([CENT, *smallest]))


def marketable(
    strategy: Strategy, side: Side, found: StrategyPrices, increments: Increments
) -> float:
    """Return the net limit per share at which every leg trades against its quote right away.

    Raises `DataError` when a leg has nobody to trade with, and when it comes to nothing.
    """
    total = 0.0
    for leg, quote in zip(strategy.legs, found.legs, strict=True):
        count = strategy.per_share(leg)
        buys = count * side.sign > 0.0
        wanted = None if quote is None else quote.ask if buys else quote.bid
        if wanted is None:
            raise DataError(
                f"no {'ask' if buys else 'bid'} for the {strategy.symbol} {leg}; give a limit price"
            )
        total += count * wanted
    if not total > 0.0:
        raise DataError(
            f"at its legs' quotes the {strategy.kind.replace('_', ' ')} of {strategy.symbol} is "
            f"worth {total:.4g} per share; give a limit price above zero"
        )
    # Quotes are sums of cents; in binary they are not, and would be rounded away from them.
    return marketable_limit(round(total, 6), side=side, offset=0.0, increments=increments)


def _worth(quote: Quote | None) -> float:
    price = None if quote is None else quote.reference_price
    return math.nan if price is None else price
