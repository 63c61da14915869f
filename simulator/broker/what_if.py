"""What further orders would do to an account's margin and equity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from simulator.broker.exposure import exposure_of, foreign_value
from simulator.broker.margin import required
from simulator.broker.valuation import price_of, value
from simulator.exchange.commission import commission_of
from simulator.exchange.exchange import Exchange
from simulator.exchange.orders import OrderRecord, OrderTerms
from simulator.market.market import Instrument
from simulator.prices.exchange_rates import rate

ROUNDING = 1e-6  # of sums of money


@dataclass(frozen=True, slots=True)
class MarginPreview:
    """What orders would do to the account's margin and equity with loan. Base currency."""

    initial_before: float
    maintenance_before: float
    equity_before: float
    initial_after: float
    maintenance_after: float
    equity_after: float
    commission: float

    @property
    def shortfall(self) -> float:
        """By how much the equity falls short of the initial margin, the commission left aside.

        The commission alone makes no order one that adds to the shortfall.
        """
        return self.initial_after - self.equity_after - self.commission

    @property
    def is_covered(self) -> bool:
        """Whether the equity covers the initial margin, or is short by no more than before.

        What reduces a commitment must be possible even when too much is committed already.
        """
        if self.initial_after <= self.equity_after:
            return True
        return self.shortfall <= self.initial_before - self.equity_before + ROUNDING


def preview(exchange: Exchange, orders: Iterable[OrderTerms]) -> MarginPreview:
    """Return margin and equity before and after the orders have filled at the present prices."""
    before, view, now = value(exchange), exchange.view, exchange.now
    quantities = {row.instrument.con_id: int(row.quantity) for row in before.rows}
    prices = {row.instrument.con_id: row.market_price for row in before.rows}
    balances = dict(before.balances)
    commission = premium = 0.0
    for terms in orders:
        for con_id, signed in terms.trades:
            if con_id not in prices:
                prices[con_id] = price_of(view, con_id, now)
            instrument, price = view.instrument(con_id), prices[con_id]
            quantities[con_id] = quantities.get(con_id, 0) + signed
            if instrument.sec_type == "OPT":
                in_base = rate(view, instrument.currency, now)
                premium += signed * price * instrument.multiplier * in_base
            elif instrument.sec_type == "CASH":
                _exchange(balances, instrument, signed, price, base=view.base)
        notional = 0.0 if terms.legs else terms.quantity * prices[terms.con_id]
        commission += commission_of(terms, terms.quantity, notional, view, now)
    exposures = [
        exposure_of(view, con_id, quantity, prices[con_id], now)
        for con_id, quantity in quantities.items()
    ]
    after = required(exposures, foreign=foreign_value(view, balances, now))
    return MarginPreview(
        initial_before=before.margin.initial,
        maintenance_before=before.margin.maintenance,
        equity_before=before.equity_with_loan,
        initial_after=after.initial,
        maintenance_after=after.maintenance,
        equity_after=before.equity_with_loan - commission - premium,
        commission=commission,
    )


def commitments(
    exchange: Exchange, *, instead_of: OrderRecord | None = None, also: OrderTerms | None = None
) -> list[OrderTerms]:
    """Return the working orders that could all fill, ``instead_of`` left out, ``also`` added.

    A child cannot while its parent waits. Of a group in which one cancels all, only the order
    of the largest value counts, and of an order filled in part what is left of it.
    """
    counted: list[OrderTerms] = []
    groups: dict[str, list[OrderTerms]] = {}
    for terms in [*_working(exchange, instead_of), *([also] if also else [])]:
        if terms.oca_group:
            groups.setdefault(terms.oca_group, []).append(terms)
        else:
            counted.append(terms)
    largest = (max(group, key=lambda terms: _size(exchange, terms)) for group in groups.values())
    return [*counted, *largest]


def _working(exchange: Exchange, instead_of: OrderRecord | None) -> Iterator[OrderTerms]:
    for order in exchange.orders.working:
        if order.has_parent or (instead_of and order.perm_id == instead_of.perm_id):
            continue
        yield replace(order.terms, quantity=order.remaining) if order.filled else order.terms


def _size(exchange: Exchange, terms: OrderTerms) -> float:
    view, now = exchange.view, exchange.now
    return sum(
        abs(signed) * price_of(view, con_id, now) * view.instrument(con_id).multiplier
        for con_id, signed in terms.trades
    )


def _exchange(
    balances: dict[str, float], pair: Instrument, signed: int, price: float, *, base: str
) -> None:
    for currency, amount in ((pair.symbol, signed), (pair.currency, -signed * price)):
        if currency != base:
            balances[currency] = balances.get(currency, 0.0) + amount
