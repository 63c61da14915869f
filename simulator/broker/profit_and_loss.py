"""Profit and loss: of a day, unrealized and realized; of one position and of an account.

The day begins at midnight in New York of the last trading day. Its gain is what positions are
worth now less what they were worth then, plus what came in for them meanwhile, costs taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.broker.valuation import Valuation
from simulator.exchange.exchange import Exchange
from simulator.exchange.positions import since
from simulator.prices.exchange_rates import rate


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain of one position, or of all, in base currency."""

    position: float
    daily: float
    unrealized: float
    realized: float
    value: float


def gains(exchange: Exchange, valuation: Valuation) -> dict[int, Gain]:
    """Return the gain of every position held now or today, by conId."""
    positions, view = exchange.positions, exchange.view
    flows, costs = _flows(exchange)
    rows = {row.instrument.con_id: row for row in valuation.rows}
    realized = positions.realized_since(positions.day_began)
    found: dict[int, Gain] = {}
    for con_id in sorted({*rows, *flows, *positions.overnight}):
        row = rows.get(con_id)
        value = row.market_value if row else 0.0
        in_base = rate(view, view.instrument(con_id).currency, exchange.now)
        gained = value - _worth_overnight(exchange, con_id) + flows.get(con_id, 0.0)
        found[con_id] = Gain(
            position=row.quantity if row else 0.0,
            daily=gained * in_base - costs.get(con_id, 0.0),
            unrealized=row.unrealized * in_base if row else 0.0,
            realized=realized.get(con_id, 0.0) * in_base,
            value=value * in_base,
        )
    return found


def total(of_positions: Mapping[int, Gain]) -> Gain:
    """Return the gain of all positions together; their number has no meaning."""
    every = of_positions.values()
    return Gain(
        position=0.0,
        daily=sum(gain.daily for gain in every),
        unrealized=sum(gain.unrealized for gain in every),
        realized=sum(gain.realized for gain in every),
        value=sum(gain.value for gain in every),
    )


def _flows(exchange: Exchange) -> tuple[dict[int, float], dict[int, float]]:
    """Return what came in for each instrument today, in its currency, and the commissions."""
    flows: dict[int, float] = {}
    costs: dict[int, float] = {}
    positions, view = exchange.positions, exchange.view

    def pay(con_id: int, quantity: float, price: float, received: float) -> None:
        paid = quantity * price * view.instrument(con_id).multiplier
        flows[con_id] = flows.get(con_id, 0.0) + received - paid

    for one in since(positions.executions, positions.day_began):
        if not one.is_combination:
            pay(one.con_id, one.side.sign * one.quantity, one.price, 0.0)
            costs[one.con_id] = costs.get(one.con_id, 0.0) + one.commission
    for settled in since(positions.settlements, positions.day_began):
        pay(settled.con_id, settled.quantity, settled.price, settled.paid)
    return flows, costs


def _worth_overnight(exchange: Exchange, con_id: int) -> float:
    quantity = exchange.positions.overnight.get(con_id, 0)
    if not quantity:
        return 0.0
    price = exchange.view.mark(con_id, exchange.positions.day_began) or 0.0
    return quantity * price * exchange.view.instrument(con_id).multiplier
