"""The columns and the legs of the orders that an account is committed to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from core.types import ComboOrder, Leg, Order, Side
from desk.records.schema import LEGS


def columns_of(order: Order) -> dict[str, Any]:
    """Return the columns of an order that decide what it does, its name apart."""
    return {
        "con_id": order.con_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": order.quantity,
        "order_type": order.order_type.value,
        "limit_price": order.limit_price,
        "time_in_force": order.time_in_force,
        "outside_rth": order.outside_rth,
    }


def with_legs(order: Order, legs: tuple[Leg, ...]) -> ComboOrder:
    """Return the order of these terms for a combination."""
    terms = {each.name: getattr(order, each.name) for each in fields(Order)}
    return ComboOrder(**terms, legs=legs)


def keep_legs(connection: sa.Connection, order: ComboOrder) -> None:
    """Keep the legs of a named order."""
    rows = [
        {
            "order_ref": order.order_ref,
            "position": position,
            "con_id": leg.con_id,
            "side": leg.side.value,
            "ratio": leg.ratio,
        }
        for position, leg in enumerate(order.legs)
    ]
    connection.execute(sa.insert(LEGS), rows)


def kept_legs(connection: sa.Connection, order_refs: Collection[str]) -> dict[str, tuple[Leg, ...]]:
    """Return the legs of these orders, in order; an order for one instrument has no entry."""
    chosen = (
        sa.select(LEGS)
        .where(LEGS.c.order_ref.in_(list(order_refs)))
        .order_by(LEGS.c.order_ref, LEGS.c.position)
    )
    found: dict[str, list[Leg]] = {}
    for row in connection.execute(chosen).mappings():
        leg = Leg(row["con_id"], Side(row["side"]), row["ratio"])
        found.setdefault(row["order_ref"], []).append(leg)
    return {ref: tuple(legs) for ref, legs in found.items()}
