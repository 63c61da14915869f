"""What an account is worth at a moment, and what a further order would do to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import NoData
from simulator.commission import order_commission
from simulator.exchange import Exchange
from simulator.margin import Margin, requirement
from simulator.market import Instrument
from simulator.orders import OrderTerms
from simulator.tape import Tape, midnight, phase

BASE = "USD"


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One position at its market price. Money in the contract's currency."""

    instrument: Instrument
    quantity: float
    average_cost: float
    market_price: float
    realized: float  # since midnight in New York

    @property
    def market_value(self) -> float:
        """Quantity times price, negative for short."""
        return self.quantity * self.market_price

    @property
    def unrealized(self) -> float:
        """Gain against the average cost."""
        return self.quantity * (self.market_price - self.average_cost)


@dataclass(frozen=True, slots=True)
class MarginPreview:
    """What an order would do to the account's margin and equity. Base currency."""

    initial_before: float
    maintenance_before: float
    equity_before: float
    initial_after: float
    maintenance_after: float
    equity_after: float
    commission: float


@dataclass(frozen=True, slots=True)
class Valuation:
    """The account at one moment. Money in base currency; positions at market."""

    cash: float
    rows: tuple[PortfolioRow, ...]  # sorted by conId
    margin: Margin
    realized: float  # since midnight in New York, of positions closed meanwhile too

    @property
    def stock_value(self) -> float:
        """Value of all positions, short ones negative."""
        return sum(row.market_value for row in self.rows)

    @property
    def gross(self) -> float:
        """Value of all positions without sign."""
        return sum(abs(row.market_value) for row in self.rows)

    @property
    def equity(self) -> float:
        """Net liquidation value; with stocks alone also the equity with loan value."""
        return self.cash + self.stock_value

    @property
    def unrealized(self) -> float:
        """Gain of the open positions against their cost."""
        return sum(row.unrealized for row in self.rows)


def value(exchange: Exchange) -> Valuation:
    """Value the account at the prices known by the exchange's moment."""
    tape, now = exchange.tape, exchange.now
    realized = realized_today(exchange)
    rows = tuple(
        PortfolioRow(
            instrument=tape.instrument(con_id),
            quantity=held.quantity,
            average_cost=held.average_cost,
            market_price=price_of(tape, con_id, now),
            realized=realized.get(con_id, 0.0),
        )
        for con_id, held in sorted(exchange.holdings.items())
    )
    margin = requirement(row.market_value for row in rows)
    return Valuation(exchange.cash, rows, margin, sum(realized.values()))


def closed_row(exchange: Exchange, con_id: int) -> PortfolioRow:
    """Return the portfolio row of a position that was closed."""
    return PortfolioRow(
        instrument=exchange.tape.instrument(con_id),
        quantity=0.0,
        average_cost=0.0,
        market_price=price_of(exchange.tape, con_id, exchange.now),
        realized=realized_today(exchange).get(con_id, 0.0),
    )


def realized_today(exchange: Exchange) -> dict[int, float]:
    """Return the realized gains since midnight in New York, by conId."""
    gains: dict[int, float] = {}
    for execution in exchange.executions_since(midnight(phase(exchange.now).day)):
        if execution.realized is not None:
            gains[execution.con_id] = gains.get(execution.con_id, 0.0) + execution.realized
    return gains


def price_of(tape: Tape, con_id: int, now: datetime) -> float:
    """Return what a share is worth. Raises `NoData` when it has never traded."""
    price = tape.mark(con_id, now)
    if price is None:
        symbol = tape.instrument(con_id).symbol
        raise NoData(f"{symbol} has not traded by {now:%Y-%m-%d}, it has no price")
    return price


def preview(exchange: Exchange, orders: Iterable[OrderTerms]) -> MarginPreview:
    """Return margin and equity before and after the orders have filled at the present prices."""
    before, now = value(exchange), exchange.now
    quantities = {row.instrument.con_id: row.quantity for row in before.rows}
    commission = 0.0
    for terms in orders:
        quantities[terms.con_id] = quantities.get(terms.con_id, 0.0) + terms.signed_quantity
        worth = terms.quantity * price_of(exchange.tape, terms.con_id, now)
        commission += order_commission(terms.quantity, worth)
    after = _margin_of(exchange.tape, quantities, now)
    return MarginPreview(
        initial_before=before.margin.initial,
        maintenance_before=before.margin.maintenance,
        equity_before=before.equity,
        initial_after=after.initial,
        maintenance_after=after.maintenance,
        equity_after=before.equity - commission,
        commission=commission,
    )


def _margin_of(tape: Tape, quantities: Mapping[int, float], now: datetime) -> Margin:
    return requirement(
        quantity * price_of(tape, con_id, now) for con_id, quantity in quantities.items()
    )
