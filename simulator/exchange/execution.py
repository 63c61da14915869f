"""A part of an order trades: what becomes of the order, the account, and what is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.types import Side
from simulator.exchange.commission import commission_of
from simulator.exchange.orders import Execution, OrderRecord, OrderTerms, Status
from simulator.exchange.positions import Positions
from simulator.exchange.pricing import net_weights
from simulator.prices.market_view import MarketView


@dataclass(frozen=True, slots=True)
class Trade:
    """So much of one instrument at one price."""

    con_id: int
    signed: int
    price: float


def executed(
    order: OrderRecord, quantity: int, price: float, *, now: datetime, positions: Positions
) -> tuple[OrderRecord, list[Execution]]:
    """Trade a part of an order and settle it in the account.

    Returns the order after it and the executions to report: one, or for a combination one of its
    own and one for each leg, of which only the legs move cash and positions.
    """
    terms, view = order.terms, positions.view
    filled, notional = order.filled + quantity, order.notional + quantity * price
    complete = filled == terms.quantity
    # The schedule is per order: a part pays what the order costs more because of it.
    commission = commission_of(terms, filled, notional, view, now)
    after = replace(
        order,
        filled=filled,
        notional=notional,
        commission=commission,
        executions=order.executions + 1 + len(terms.legs),
        last_price=price,
        status=Status.FILLED if complete else Status.SUBMITTED,
        done_at=now if complete else None,
    )
    trades = trades_of(terms, quantity, price, view, now)
    shares = _shared_out(round(commission - order.commission, 6), trades)
    report = _Report(after, positions, now, order.executions)
    executions = [report.of_combination(quantity)] if terms.legs else []
    for trade, share in zip(trades, shares, strict=True):
        executions.append(report.of_trade(trade, share))
    return after, executions


def trades_of(
    terms: OrderTerms, quantity: int, price: float, view: MarketView, now: datetime
) -> list[Trade]:
    """Return what trades when so much of an order does: of a combination, each leg.

    A leg gets its present price; what the combination's own price is better or worse than that
    falls on the most expensive leg, where it shows least.
    """
    if not terms.legs:
        return [Trade(terms.con_id, terms.side.sign * quantity, price)]
    weights = net_weights(terms.legs, view)
    prices = [view.mark(leg.con_id, now) or 0.0 for leg in terms.legs]
    gap = price - sum(weight * each for weight, each in zip(weights, prices, strict=True))
    most = prices.index(max(prices))
    prices[most] = round(prices[most] + gap / weights[most], 6)
    return [
        Trade(con_id, signed * quantity // terms.quantity, each)
        for (con_id, signed), each in zip(terms.trades, prices, strict=True)
    ]


def _shared_out(commission: float, trades: Sequence[Trade]) -> list[float]:
    """Divide a commission among trades by their size; the last one takes the rounding."""
    total = sum(abs(trade.signed) for trade in trades)
    shares = [round(commission * abs(trade.signed) / total, 6) for trade in trades[:-1]]
    return [*shares, round(commission - sum(shares), 6)]


class _Report:
    """Settles the trades of one part of an order and numbers its executions."""

    def __init__(
        self, after: OrderRecord, positions: Positions, now: datetime, reported: int
    ) -> None:
        self._order, self._positions, self._now = after, positions, now
        self._number = reported

    def of_combination(self, quantity: int) -> Execution:
        """Report the combination as a whole; it moves nothing by itself."""
        order = self._order
        return Execution(
            self._next_id(), order.perm_id, order.terms.con_id, order.terms.side, quantity,
            order.last_price, self._now, 0.0, None, order.filled, order.average_price,
            is_combination=True,
        )  # fmt: skip

    def of_trade(self, trade: Trade, commission: float) -> Execution:
        """Settle one trade and report it."""
        con_id, signed, price = trade.con_id, trade.signed, trade.price
        realized = self._positions.trade(con_id, signed, price, commission, self._now)
        return Execution(
            self._next_id(), self._order.perm_id, con_id, Side.BUY if signed > 0 else Side.SELL,
            abs(signed), price, self._now, commission, realized, *self._so_far(trade),
        )  # fmt: skip

    def _so_far(self, trade: Trade) -> tuple[int, float]:
        """Return how much of an instrument the order has traded, and at what average price."""
        order = self._order
        if not order.terms.legs:
            return order.filled, order.average_price
        lots = [(abs(trade.signed), trade.price)]
        for one in self._positions.executions:
            if one.perm_id == order.perm_id and one.con_id == trade.con_id:
                lots += [] if one.is_combination else [(one.quantity, one.price)]
        done = sum(quantity for quantity, _ in lots)
        return done, sum(quantity * price for quantity, price in lots) / done

    def _next_id(self) -> str:
        self._number += 1
        world = self._positions.view.market.world_id[:8]
        return f"{world}.{self._order.perm_id:08x}.{self._number:02d}.01"
