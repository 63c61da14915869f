"""What an account is worth at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import NoData
from simulator.broker.exposure import exposure_of, foreign_value
from simulator.broker.margin import Margin, required
from simulator.exchange.exchange import Exchange
from simulator.market.market import Instrument
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView, midnight, phase
from simulator.untidy.holdings import Stated


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One position at its market price. Money in the contract's currency."""

    instrument: Instrument
    quantity: float
    average_cost: float  # of one share or contract, multiplier and commission included
    market_price: float  # per share
    realized: float  # since midnight in New York
    rate: float = 1.0  # base currency for one unit of the contract's
    stated: Stated | None = None  # what the broker only states of it; see `simulator.untidy`

    @property
    def market_value(self) -> float:
        """Quantity times price times multiplier, negative for short."""
        if self.stated is not None:
            return self.stated.value
        return self.quantity * self.market_price * self.instrument.multiplier

    @property
    def unrealized(self) -> float:
        """Gain against the average cost."""
        if self.stated is not None:
            return 0.0
        price = self.market_price * self.instrument.multiplier
        return self.quantity * (price - self.average_cost)


@dataclass(frozen=True, slots=True)
class Valuation:
    """The account at one moment. Money in base currency; positions at market."""

    cash: float
    rows: tuple[PortfolioRow, ...]  # sorted by conId
    beside: tuple[PortfolioRow, ...]  # what is only stated, by conId
    margin: Margin
    realized: float  # since midnight in New York, of positions closed meanwhile too
    balances: Mapping[str, float]  # of other currencies, each in itself
    rates: Mapping[str, float]  # of the same currencies, and of those of positions
    base: str = "USD"

    def value_of(self, *kinds: str) -> float:
        """Return the value of all positions of these kinds, short ones negative."""
        rows = (row for row in self.rows if row.instrument.sec_type in kinds)
        return sum(row.market_value * row.rate for row in rows)

    @property
    def stock_value(self) -> float:
        """Value of the shares."""
        return self.value_of("STK")

    @property
    def option_value(self) -> float:
        """Value of the options."""
        return self.value_of("OPT")

    @property
    def futures_gain(self) -> float:
        """Gain of the futures since they were bought or sold: all that they are worth."""
        rows = (row for row in self.rows if row.instrument.sec_type == "FUT")
        return sum(row.unrealized * row.rate for row in rows)

    @property
    def foreign_value(self) -> float:
        """Value of the balances in other currencies."""
        return sum(amount * self.rates[name] for name, amount in sorted(self.balances.items()))

    @property
    def gross(self) -> float:
        """Value of shares and options without sign."""
        rows = (row for row in self.rows if row.instrument.sec_type in {"STK", "OPT"})
        return sum(abs(row.market_value * row.rate) for row in rows)

    @property
    def total_cash(self) -> float:
        """Cash in all currencies."""
        return self.cash + self.foreign_value

    @property
    def equity(self) -> float:
        """Net liquidation value."""
        held = self.total_cash + self.value_of("STK", "OPT") + self.futures_gain
        return held + sum(
            row.market_value * row.rate for row in self.beside if row.stated and row.stated.counts
        )

    def listed(self) -> tuple[PortfolioRow, ...]:
        """Return the positions as they are listed, with what is only stated."""
        return (*self.rows, *self.beside)

    def on_page(self) -> tuple[PortfolioRow, ...]:
        """Return the positions of the account page."""
        return tuple(
            row
            for row in self.listed()
            if row.stated is None or (row.stated.is_on_page and not row.stated.account)
        )

    @property
    def equity_with_loan(self) -> float:
        """What margin can be taken on: all but the options, whose price is no collateral."""
        return self.equity - self.option_value

    @property
    def cushion(self) -> float:
        """Excess liquidity as a fraction of the net liquidation value, 0 when there is none."""
        excess = self.equity_with_loan - self.margin.maintenance
        return max(excess, 0.0) / self.equity if self.equity > 0 else 0.0

    @property
    def unrealized(self) -> float:
        """Gain of the open positions against their cost."""
        return sum(row.unrealized * row.rate for row in self.rows)


def value(exchange: Exchange) -> Valuation:
    """Value the account at the prices known by the exchange's moment."""
    view, now = exchange.view, exchange.now
    realized = realized_today(exchange)
    rows = tuple(
        PortfolioRow(
            instrument=view.instrument(con_id, now),
            quantity=held.quantity,
            average_cost=held.average_cost,
            market_price=price_of(view, con_id, now),
            realized=realized.get(con_id, 0.0),
            rate=rate(view, view.instrument(con_id).currency, now),
        )
        for con_id, held in sorted(exchange.holdings.items())
    )
    balances = exchange.positions.balances
    exposures = [
        exposure_of(view, row.instrument.con_id, row.quantity, row.market_price, now)
        for row in rows
    ]
    return Valuation(
        cash=exchange.cash,
        rows=rows,
        beside=tuple(map(_only_stated, exchange.beside)),
        margin=required(exposures, foreign=foreign_value(view, balances, now)),
        realized=sum(
            gain * rate(view, view.instrument(con_id).currency, now)
            for con_id, gain in realized.items()
        ),
        balances=dict(balances),
        rates={name: rate(view, name, now) for name in _foreign(exchange, rows)},
        base=view.base,
    )


def _only_stated(held: Stated) -> PortfolioRow:
    return PortfolioRow(
        instrument=held.instrument,
        quantity=held.quantity,
        average_cost=held.average_cost,
        market_price=held.market_price,
        realized=0.0,
        stated=held,
    )


def cushion(exchange: Exchange) -> float:
    """Return the account's cushion in percent, as conditions on the margin name it."""
    return 100 * value(exchange).cushion


def _foreign(exchange: Exchange, rows: Sequence[PortfolioRow]) -> list[str]:
    """Return the other currencies of the account's page; dollars always, all shares are in them."""
    base = exchange.view.base
    held = {row.instrument.currency for row in rows}
    traded = {"USD"} if base != "USD" else set()
    return sorted({*exchange.positions.balances, *held, *traded} - {base})


def closed_row(exchange: Exchange, con_id: int) -> PortfolioRow:
    """Return the portfolio row of a position that was closed."""
    return PortfolioRow(
        instrument=exchange.view.instrument(con_id, exchange.now),
        quantity=0.0,
        average_cost=0.0,
        market_price=price_of(exchange.view, con_id, exchange.now),
        realized=realized_today(exchange).get(con_id, 0.0),
    )


def realized_today(exchange: Exchange) -> dict[int, float]:
    """Return the realized gains since midnight in New York, by conId, in its currency."""
    return exchange.positions.realized_since(midnight(phase(exchange.now).day))


def price_of(view: MarketView, con_id: int, now: datetime) -> float:
    """Return what a share is worth. Raises `NoData` when it has never traded."""
    price = view.mark(con_id, now)
    if price is None:
        symbol = view.instrument(con_id).symbol
        raise NoData(f"{symbol} has not traded by {now:%Y-%m-%d}, it has no price")
    return price
