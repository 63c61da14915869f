"""Orders as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from core.types import Order, OrderType, Side


def order_records(orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Return orders as plain values."""
    return [asdict(order) for order in orders]


def orders_of(records: Iterable[Mapping[str, Any]]) -> tuple[Order, ...]:
    """Return the orders that `order_records` wrote."""
    return tuple(
        Order(
            **{
                **record,
                "side": Side(record["side"]),
                "order_type": OrderType(record["order_type"]),
            }
        )
        for record in records
    )
