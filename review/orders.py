"""What the desk holds, as people see it: what waits, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core.action import action
from core.types import Order, OrderState
from core.untrusted import one_line
from desk import approvals, intents, switch, tickets
from desk.intents import Intent
from desk.reconciliation import state_of
from desk.sightings import last_seen
from desk.store import DeskStore
from desk.switch import Switch, SwitchState
from desk.tickets import OPEN, TicketRecord, TicketState
from review.text import count, local, number

NEWEST = 5  # tickets listed when no session is named


def desk_view(store: DeskStore, day: date | None, *, now: datetime | None = None) -> dict[str, Any]:
    """Return switch, tickets and orders of a session, or the newest tickets, as plain values.

    Orders stand as the broker last showed them; nobody is asked. ``now`` tells which tickets are
    too late for an approval; None where time stands still, as in the embedded simulator.
    """
    shown = tickets.listed(store, last=NEWEST) if day is None else tickets.listed(store, day)
    sessions = sorted({(record.ticket.account, record.ticket.session) for record in shown})
    return {
        "switch": _switch(switch.read(store)),
        "tickets": [_ticket(store, record, now) for record in shown],
        "other_orders": [
            order for account, session in sessions for order in _others(store, account, session)
        ],
    }


def desk_lines(view: Mapping[str, Any], day: date | None = None) -> list[str]:
    """Return the view as plain lines; ``day`` is the session that was asked for, if any."""
    lines = []
    turned = view["switch"]
    if turned["state"] != SwitchState.ACTIVE:
        why = f" ({one_line(turned['reason'])})" if turned["reason"] else ""
        at = f"{datetime.fromisoformat(turned['at']):%Y-%m-%d %H:%M} UTC"
        lines.append(f"{turned['state'].upper()} by {turned['by']} at {at}{why}")
    if not view["tickets"]:
        lines.append(_none_of(day))
    for ticket in view["tickets"]:
        orders = count(len(ticket["orders"]), "order")
        lines.append(f"{ticket['session']}  {ticket['sha256'][:12]}  {ticket['told']}  {orders}")
        lines += [_line(order) for order in ticket["orders"]]
    if view["other_orders"]:
        lines += ["beside the tickets", *(_line(order) for order in view["other_orders"])]
    return lines


def _none_of(day: date | None) -> str:
    if day is None:
        return "no ticket; to make one: daybook run"
    return (
        f"no ticket of {day}; the newest of all days: daybook orders; "
        f"to make one: daybook run --date {day}"
    )


def _switch(turned: Switch) -> dict[str, Any]:
    return {
        "state": turned.state.value,
        "by": turned.by,
        "reason": turned.reason,
        "at": None if turned.at is None else turned.at.isoformat(),
    }


def _ticket(store: DeskStore, record: TicketRecord, now: datetime | None) -> dict[str, Any]:
    ticket = record.ticket
    committed = intents.of_source(store, record.sha256)
    held = record.held
    return {
        "session": ticket.session.isoformat(),
        "sha256": record.sha256,
        "state": record.state.value,
        "told": _told(store, record, now),
        "finish_line": ticket.finish_line.isoformat(),
        "path": record.path,
        "orders": _states(store, committed, held)
        or [_plain(order, held) for order in ticket.orders],
    }


def _told(store: DeskStore, record: TicketRecord, now: datetime | None) -> str:
    """Say how far a ticket got, and by whom."""
    if record.state in OPEN and now is not None and now > record.ticket.finish_line:
        return "expired: nothing was sent by its finish line"
    match record.state:
        case TicketState.WAITING:
            until = local(record.ticket.finish_line)
            return f"waits until {until} Bucharest: daybook approve {record.short}"
        case TicketState.APPROVED | TicketState.COMMITTED:
            approval = approvals.approval_of(store, record.sha256)
            scope = f", only {', '.join(approval.only)}" if approval.only else ""
            return f"{record.state}, approved by {one_line(approval.by)}{scope}"
        case TicketState.REJECTED:
            return f"rejected by {one_line(approvals.rejection_of(store, record.sha256))}"
        case _:
            return record.state.value


def _others(store: DeskStore, account: str, session: date) -> list[dict[str, Any]]:
    known = {record.sha256 for record in tickets.listed(store, session)}
    beside = [i for i in intents.of_session(store, account, session) if i.source not in known]
    return _states(store, beside, {})


def _states(
    store: DeskStore, committed: Sequence[Intent], held: Mapping[str, float]
) -> list[dict[str, Any]]:
    seen = last_seen(store, [intent.order for intent in committed])
    return [_plain(i.order, held, state_of(i, seen, {})) for i in committed]


def _plain(
    order: Order, held: Mapping[str, float], state: OrderState | None = None
) -> dict[str, Any]:
    return {
        "order_ref": order.order_ref,
        "symbol": order.symbol,
        "side": order.side.value,
        "action": action(order.side, order.quantity, held.get(order.order_ref)),
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "status": "proposed" if state is None else state.status.value,
        "filled": 0.0 if state is None else state.filled,
        "message": "" if state is None else state.message,
    }


def _line(order: Mapping[str, Any]) -> str:
    line = (
        f"  {order['action']:<12} {order['symbol']:<8}{number(order['quantity'], 0):>9}"
        f"{number(order['limit_price']):>12}  {order['status']}"
    )
    done = f" {number(order['filled'], 0)}" if order["filled"] else ""
    said = one_line(order["message"])
    return f"{line}{done}  ({said})" if said else f"{line}{done}"
