"""New terms for orders that work: on disk before they are sent, and whether they were taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from core.types import Order
from desk.records.schema import CHANGES


class ChangeState(StrEnum):
    """How far a change got, as far as we can prove."""

    SENT = "sent"  # a byte may have left
    CONFIRMED = "confirmed"  # the broker showed these terms
    NOT_SENT = "not sent"  # no byte left


def keep(connection: sa.Connection, order: Order, *, source: str, now: datetime) -> None:
    """Write down the terms that an order is about to get, within a transaction."""
    connection.execute(
        sa.insert(CHANGES).values(
            order_ref=order.order_ref,
            source=source,
            quantity=order.quantity,
            limit_price=order.limit_price,
            at=now.isoformat(),
            state=ChangeState.SENT.value,
        )
    )


def mark(connection: sa.Connection, source: str, state: ChangeState) -> None:
    """Write down how far the change of this token got, within a transaction."""
    connection.execute(
        sa.update(CHANGES).where(CHANGES.c.source == source).values(state=state.value)
    )


def kept(connection: sa.Connection, order_refs: Collection[str]) -> dict[str, list[Any]]:
    """Return the changes of these orders, each order's oldest first."""
    chosen = (
        sa.select(CHANGES).where(CHANGES.c.order_ref.in_(list(order_refs))).order_by(CHANGES.c.id)
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(chosen).mappings():
        found.setdefault(row["order_ref"], []).append(row)
    return found


def changed(order: Order, changes: Collection[Mapping[str, Any]]) -> Order:
    """Return an order with the terms it may have by now.

    A change that the broker did not confirm may have been taken all the same: then the larger
    quantity counts, because exposure must not be underestimated.
    """
    for change in changes:
        if change["state"] == ChangeState.CONFIRMED:
            order = replace(order, quantity=change["quantity"], limit_price=change["limit_price"])
        elif change["state"] == ChangeState.SENT:
            order = replace(order, quantity=max(order.quantity, change["quantity"]))
    return order
