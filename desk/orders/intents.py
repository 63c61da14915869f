"""What the account is committed to, order by order, on disk before the first byte leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.types import ComboOrder, Leg, Order, OrderType, Side
from desk.errors import AlreadyCommitted
from desk.records.audit import DESK, Act, note
from desk.records.order_changes import changed
from desk.records.order_changes import kept as changes_kept
from desk.records.order_ref import order_ref
from desk.records.order_rows import columns_of, keep_legs, kept_legs, with_legs
from desk.records.schema import INTENTS
from desk.records.store import DeskStore
from desk.tickets.approval_state import load_approval, uncommitted
from desk.tickets.ticket_store import TicketRecord, TicketState, set_state


class IntentState(StrEnum):
    """How far an order got, as far as we can prove."""

    INTENDED = "intended"  # committed to disk, no byte sent
    SENT = "sent"  # a byte may have left
    ACKNOWLEDGED = "acknowledged"  # the broker answered: it has it, or it refused it


_ACTS = {IntentState.SENT: "sending", IntentState.INTENDED: "not sent"}


@dataclass(frozen=True, slots=True)
class Intent:
    """One order the account is committed to."""

    order: Order
    source: str  # sha256 of the ticket, or of the preview's token
    state: IntentState


def commit_ticket(
    store: DeskStore,
    record: TicketRecord,
    *,
    now: datetime,
    only: Collection[str] | None = None,
) -> tuple[Intent, ...]:
    """Commit the account to the approved orders of a ticket: all of them or none.

    Of a committed ticket it adds those that were approved since; none is committed to twice.
    ``only`` are the names of the orders that were checked: one approved meanwhile has to wait.
    Returns every order of the ticket that is committed to.

    Raises `NotApproved` when the ticket's approval was withdrawn meanwhile, and
    `AlreadyCommitted` when the account is committed to a ticket of the session.
    """
    ticket = record.ticket
    try:
        with store.transaction() as connection:
            approval = load_approval(connection, record.sha256)
            orders = [
                order
                for order in uncommitted(connection, record)
                if only is None or order.order_ref in only
            ]
            if not orders:
                raise _committed_before(record)
            set_state(connection, record.sha256, TicketState.COMMITTED)
            before = connection.scalar(
                sa.select(sa.func.count())
                .select_from(INTENTS)
                .where(INTENTS.c.source == record.sha256)
            )
            rows = [
                _row(order, number, record.sha256, ticket.account, ticket.session, now)
                for number, order in enumerate(orders, start=before or 0)
            ]
            connection.execute(sa.insert(INTENTS), rows)
            detail = {
                "orders": len(rows),
                "approved_by": approval.by,
                "order_refs": [order.order_ref for order in orders],
            }
            note(connection, Act(now, approval.by, "committed", record.sha256, detail))
    except IntegrityError as error:
        raise _committed_before(record) from error
    return of_source(store, record.sha256)


def _committed_before(record: TicketRecord) -> AlreadyCommitted:
    ticket = record.ticket
    return AlreadyCommitted(
        f"{ticket.account} is already committed to orders of {ticket.session}; "
        f"nothing was sent. See: daybook orders --date {ticket.session}"
    )


def commit_order(
    connection: sa.Connection,
    order: Order,
    *,
    account: str,
    session: date,
    source: str,
    now: datetime,
) -> Order:
    """Commit the account to one more order, within a transaction, and return it named.

    The name's revision counts the orders of this contract and side beyond the session's ticket,
    which has revision 0 to itself.
    """
    alike = connection.scalar(
        sa.select(sa.func.count())
        .select_from(INTENTS)
        .where(
            INTENTS.c.account == account,
            INTENTS.c.session == session,
            INTENTS.c.con_id == order.con_id,
            INTENTS.c.side == order.side.value,
            INTENTS.c.order_ref != order_ref(account, session, order.con_id, order.side),
        )
    )
    ref = order_ref(account, session, order.con_id, order.side, revision=1 + (alike or 0))
    connection.execute(sa.insert(INTENTS), _row(order, 0, source, account, session, now, ref=ref))
    if isinstance(order, ComboOrder):
        keep_legs(connection, replace(order, order_ref=ref))
    return replace(order, order_ref=ref)


def mark(store: DeskStore, order_refs: Iterable[str], state: IntentState, *, now: datetime) -> None:
    """Record how far these orders got, with a line in the audit trail that says the same."""
    chosen = list(order_refs)
    if not chosen:
        return
    with store.transaction() as connection:
        connection.execute(
            sa.update(INTENTS).where(INTENTS.c.order_ref.in_(chosen)).values(state=state.value)
        )
        if state in _ACTS:
            for ref in chosen:
                note(connection, Act(now, DESK, _ACTS[state], ref, {}))


def of_source(store: DeskStore, source: str) -> tuple[Intent, ...]:
    """Return the orders of one ticket or preview, in send order."""
    return _chosen(store, INTENTS.c.source == source)


def of_names(store: DeskStore, order_refs: Iterable[str]) -> tuple[Intent, ...]:
    """Return the orders of these names, oldest first."""
    return _chosen(store, INTENTS.c.order_ref.in_(list(order_refs)))


def of_session(store: DeskStore, account: str, session: date) -> tuple[Intent, ...]:
    """Return every order of a session, each source in its send order."""
    return _chosen(store, INTENTS.c.account == account, INTENTS.c.session == session)


def committed_among(store: DeskStore, order_refs: Iterable[str]) -> frozenset[str]:
    """Return those of these names that an account was ever committed to."""
    chosen = INTENTS.c.order_ref.in_(list(order_refs))
    with store.transaction() as connection:
        return frozenset(connection.scalars(sa.select(INTENTS.c.order_ref).where(chosen)))


def _chosen(store: DeskStore, *conditions: sa.ColumnElement[bool]) -> tuple[Intent, ...]:
    chosen = (
        sa.select(INTENTS)
        .where(*conditions)
        .order_by(INTENTS.c.committed_at, INTENTS.c.source, INTENTS.c.position)
    )
    with store.transaction() as connection:
        rows = connection.execute(chosen).mappings().all()
        names = [row["order_ref"] for row in rows]
        legs, changes = kept_legs(connection, names), changes_kept(connection, names)
    return tuple(
        Intent(
            changed(_order(row, legs.get(row["order_ref"], ())), changes.get(row["order_ref"], ())),
            row["source"],
            IntentState(row["state"]),
        )
        for row in rows
    )


def _row(
    order: Order,
    position: int,
    source: str,
    account: str,
    session: date,
    now: datetime,
    *,
    ref: str = "",
) -> dict[str, Any]:
    return {
        "order_ref": ref or order.order_ref,
        "account": account,
        "session": session,
        "position": position,
        "source": source,
        **columns_of(order),
        "state": IntentState.INTENDED.value,
        "committed_at": now.isoformat(),
    }


def _order(row: Mapping[str, Any] | Any, legs: tuple[Leg, ...]) -> Order:
    plain = Order(
        con_id=row["con_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=row["quantity"],
        order_type=OrderType(row["order_type"]),
        limit_price=row["limit_price"],
        time_in_force=row["time_in_force"],
        order_ref=row["order_ref"],
        outside_rth=row["outside_rth"],
    )
    return with_legs(plain, legs) if legs else plain
