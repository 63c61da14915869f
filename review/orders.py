"""What the desk holds, as people see it: what waits, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core.calendar import local_moment
from core.order_action import action
from core.text.untrusted import one_line
from core.types import Order, OrderState
from desk import kill_switch
from desk.kill_switch import KillSwitch, TradingState
from desk.orders import intents
from desk.orders.intents import Intent
from desk.orders.reconciliation import state_of
from desk.records.order_events import last_seen
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketRecord
from review.standing import Standing, ticket_standing
from review.text import number

NEWEST = 5  # tickets listed when no session is named


def desk_view(store: DeskStore, day: date | None, *, now: datetime | None = None) -> dict[str, Any]:
    """Return switch, tickets and orders of a session, or the newest tickets, as plain values.

    Orders stand as the broker last showed them; here nobody is asked. ``now`` tells which
    tickets are too late for an approval; None where time stands still, as in the embedded
    simulator.
    """
    shown = (
        ticket_store.listed(store, last=NEWEST) if day is None else ticket_store.listed(store, day)
    )
    sessions = sorted({(record.ticket.account, record.ticket.session) for record in shown})
    return {
        "switch": _switch(kill_switch.read(store)),
        "tickets": [_ticket(store, record, now) for record in shown],
        "other_orders": [
            order for account, session in sessions for order in _others(store, account, session)
        ],
    }


def desk_lines(view: Mapping[str, Any], day: date | None = None) -> list[str]:
    """Return the view as plain lines; ``day`` is the session that was asked for, if any."""
    lines = []
    turned = view["switch"]
    if turned["state"] != TradingState.ACTIVE:
        why = f" ({one_line(turned['reason'])})" if turned["reason"] else ""
        at = _moment(turned["at"])
        lines.append(f"{turned['state'].upper()} by {turned['by']} at {at}{why}")
    if not view["tickets"]:
        lines.append(_none_of(day))
    for ticket in view["tickets"]:
        told = one_line(ticket["headline"])
        lines.append(f"{ticket['session']}  {ticket['sha256'][:12]}  {told}")
        lines += [f"  {one_line(ticket['told'], 1000)}"] if ticket["told"] else []
        lines += [_line(order) for order in ticket["orders"]]
    if view["other_orders"]:
        lines += ["not on a ticket", *(_line(order) for order in view["other_orders"])]
    lines += _asked(view.get("broker"))
    return lines


def _none_of(day: date | None) -> str:
    if day is None:
        return "no ticket; to make one: daybook run"
    return (
        f"no ticket of {day}; the newest of all days: daybook orders; "
        f"to make one: daybook run --date {day}"
    )


def _asked(broker: Mapping[str, Any] | None) -> list[str]:
    """Say when the broker was asked, or as of when this is and why it was not."""
    if broker is None:
        return []
    if broker["asked_at"]:
        return [f"the broker was asked at {_moment(broker['asked_at'])}"]
    since = f"as of {_moment(broker['as_of'])}" if broker["as_of"] else "as committed"
    why = one_line(broker["not_asked_because"], 300)
    return [f"{since}, the broker was not asked because {why}; to ask it: {broker['to_ask']}"]


def _moment(moment: str) -> str:
    return local_moment(datetime.fromisoformat(moment))


def _switch(turned: KillSwitch) -> dict[str, Any]:
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
    found = ticket_standing(store, record, now=now)
    return {
        "session": ticket.session.isoformat(),
        "sha256": record.sha256,
        "state": record.state.value,
        "verdict": found.verdict.value,
        "headline": found.headline,
        "told": f"{found.meaning} {found.next_step}".strip(),
        "finish_line": ticket.finish_line.isoformat(),
        "path": record.path,
        "orders": [*_states(store, committed, held), *_others_of(record, committed, found)],
    }


def _others_of(
    record: TicketRecord, committed: Sequence[Intent], found: Standing
) -> list[dict[str, Any]]:
    """Return the ticket's orders that nobody is committed to; all of them before it was sent."""
    refs = {intent.order.order_ref for intent in committed}
    rest = [order for order in record.ticket.orders if order.order_ref not in refs]
    plain = [_plain(order, record.held) for order in rest]
    if not refs:
        return [order | {"status": found.verdict.value} for order in plain]
    return [
        order | {"status": "pending" if order["symbol"] in found.unsent else "not approved"}
        for order in plain
    ]


def _others(store: DeskStore, account: str, session: date) -> list[dict[str, Any]]:
    known = {record.sha256 for record in ticket_store.listed(store, session)}
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
