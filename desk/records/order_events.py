"""What the broker showed of our orders: every state seen, every fill, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core.money import BASE, Money
from core.types import Fill, Order, OrderState, OrderStatus, Side
from desk.records.schema import FILLS, INTENTS, ORDER_EVENTS
from desk.records.store import DeskStore

OVER = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


def remember(store: DeskStore, states: Iterable[OrderState], *, now: datetime) -> None:
    """Keep how these orders stand, where that is news, and their fills."""
    shown = tuple(states)
    with store.transaction() as connection:
        last = _latest(connection, [state.order_ref for state in shown])
        for state in shown:
            row = {
                "order_ref": state.order_ref,
                "status": state.status.value,
                "filled": state.filled,
                "perm_id": state.perm_id,
                "message": state.message,
            }
            before = last.get(state.order_ref)
            if before is None or any(before[name] != value for name, value in row.items()):
                connection.execute(sa.insert(ORDER_EVENTS).values(**row, at=now.isoformat()))
            if state.fills:
                _keep(connection, state.order_ref, state.fills)


def last_seen(store: DeskStore, orders: Iterable[Order]) -> dict[str, OrderState]:
    """Return the last state in which each of these orders was seen, with all its fills."""
    wanted = {order.order_ref: order for order in orders}
    with store.transaction() as connection:
        latest = _latest(connection, wanted)
        fills = _fills(connection, wanted)
    return {
        ref: OrderState.of(
            wanted[ref],
            status=OrderStatus(seen["status"]),
            filled=seen["filled"],
            perm_id=seen["perm_id"],
            message=seen["message"],
            fills=tuple(fills.get(ref, ())),
        )
        for ref, seen in latest.items()
    }


def newest(store: DeskStore, account: str, session: date) -> datetime | None:
    """Return when the broker was last seen saying anything new of a session's orders."""
    of_session = (INTENTS.c.account == account) & (INTENTS.c.session == session)
    moments = sa.select(ORDER_EVENTS.c.at).join(INTENTS).where(of_session)
    with store.transaction() as connection:
        found = [datetime.fromisoformat(at) for at in connection.scalars(moments)]
    return max(found, default=None)


def _latest(connection: sa.Connection, order_refs: Collection[str]) -> dict[str, Any]:
    newest = (
        sa.select(sa.func.max(ORDER_EVENTS.c.id))
        .where(ORDER_EVENTS.c.order_ref.in_(list(order_refs)))
        .group_by(ORDER_EVENTS.c.order_ref)
    )
    rows = connection.execute(
        sa.select(ORDER_EVENTS).where(ORDER_EVENTS.c.id.in_(newest))
    ).mappings()
    return {row["order_ref"]: row for row in rows}


def _fills(connection: sa.Connection, order_refs: Collection[str]) -> dict[str, list[Fill]]:
    chosen = (
        sa.select(FILLS)
        .where(FILLS.c.order_ref.in_(list(order_refs)), FILLS.c.corrected.is_(False))
        .order_by(FILLS.c.time, FILLS.c.execution_id)
    )
    found: dict[str, list[Fill]] = {}
    for row in connection.execute(chosen).mappings():
        fill = Fill(
            execution_id=row["execution_id"],
            order_ref=row["order_ref"],
            con_id=row["con_id"],
            symbol=row["symbol"],
            side=Side(row["side"]),
            quantity=row["quantity"],
            price=row["price"],
            time=datetime.fromisoformat(row["time"]) if row["time"] else None,
            commission=_commission(row),
        )
        found.setdefault(fill.order_ref, []).append(fill)
    return found


def _commission(row: Any) -> Money | None:
    """Return what a fill cost; a row from before currencies were kept is in the account's own."""
    amount = row["commission"]
    return None if amount is None else Money(amount, row["commission_currency"] or BASE)


def _keep(connection: sa.Connection, order_ref: str, fills: Collection[Fill]) -> None:
    """Keep the fills of an order. They are all it has: one that is missing was corrected."""
    of_order = sa.select(FILLS.c.execution_id).where(FILLS.c.order_ref == order_ref)
    known = set(connection.scalars(of_order))
    for fill in fills:
        paid = fill.commission
        values = {
            "commission": None if paid is None else paid.amount,
            "commission_currency": None if paid is None else paid.currency,
            "corrected": False,
        }
        if fill.execution_id not in known:
            connection.execute(sa.insert(FILLS).values(**_fill_row(order_ref, fill), **values))
        elif paid is not None:
            _change(connection, [fill.execution_id], values)
    _change(connection, sorted(known - {f.execution_id for f in fills}), {"corrected": True})


def _change(connection: sa.Connection, execution_ids: list[str], values: dict[str, Any]) -> None:
    connection.execute(
        sa.update(FILLS).where(FILLS.c.execution_id.in_(execution_ids)).values(**values)
    )


def _fill_row(order_ref: str, fill: Fill) -> dict[str, Any]:
    return {
        "execution_id": fill.execution_id,
        "order_ref": order_ref,
        "con_id": fill.con_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "time": "" if fill.time is None else fill.time.isoformat(),
    }
