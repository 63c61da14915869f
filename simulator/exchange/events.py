"""The events an exchange notifies its watchers of."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.exchange.orders import Execution, OrderRecord


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order has a new state or new terms."""

    order: OrderRecord


@dataclass(frozen=True, slots=True)
class Executed:
    """A part of an order traded; cash and position have changed."""

    order: OrderRecord
    execution: Execution


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position changed, or was paid on, without an order: split, dividend, expiry."""

    account: str
    con_id: int


ExchangeEvent = OrderChanged | Executed | PositionChanged
