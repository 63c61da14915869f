"""The orders of a day and their rehearsals, as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.types import OrderStatus, Side, Snapshot
from desk.tickets.order_ticket import Ticket, TicketLine
from review.day import OrderLine, Outcome, Rehearsal
from tasks.page_stages import Records


def order_states(ticket: Ticket, records: Records) -> dict[str, Mapping[str, Any]]:
    """Return how each order of the ticket stands, by order_ref; none of a later decision does."""
    facts = records["state"].facts
    if facts["standing"]["ticket_sha256"] != ticket.sha256:
        return {}
    return {state["order_ref"]: state for state in facts["states"]}


def order_lines(ticket: Ticket, snapshot: Snapshot, records: Records) -> tuple[OrderLine, ...]:
    """Return the ticket's lines in send order, with what was held of each name."""
    states = order_states(ticket, records)
    held = _shares(snapshot)
    return tuple(
        order_line(line, states, held=held.get(line.order.con_id, 0.0)) for line in ticket.lines
    )


def _shares(snapshot: Snapshot) -> dict[int, float]:
    return {position.con_id: position.quantity for position in snapshot.positions}


def order_line(
    line: TicketLine, states: Mapping[str, Mapping[str, Any]], *, held: float
) -> OrderLine:
    """Return one line of the ticket, with what became of it; ``held`` are signed shares."""
    state = states.get(line.order.order_ref)
    return OrderLine(
        side=line.order.side,
        symbol=line.order.symbol,
        quantity=line.order.quantity,
        limit_price=line.order.limit_price,
        weight_before=line.weight_before,
        weight_after=line.weight_after,
        alpha=line.alpha_score,
        adv_share=line.adv_share,
        margin_change=line.maintenance_margin_change,
        value=line.notional,
        flag=line.flag,
        held=held,
        status=None if state is None else OrderStatus(state["status"]),
        filled=0.0 if state is None else state["filled"],
        average_price=None if state is None else state["average_price"],
    )


def rehearsals(snapshot: Snapshot, records: Records) -> list[Rehearsal]:
    """Return what the broker said of each order, and what was done about it."""
    facts = records["rehearse"].facts
    orders = {order["order_ref"]: order for order in (*facts["orders"], *facts["removed"])}
    first: dict[str, int] = {}
    last: dict[str, Mapping[str, Any]] = {}
    for step in facts["steps"]:
        first.setdefault(step["order_ref"], step["asked_quantity"])
        last[step["order_ref"]] = step
    kept = {order["order_ref"] for order in facts["orders"]}
    held = _shares(snapshot)
    return [
        replace(
            _rehearsal(orders[ref], first[ref], step, kept=ref in kept),
            held=held.get(orders[ref]["con_id"], 0.0),
        )
        for ref, step in last.items()
    ]


def _rehearsal(
    order: Mapping[str, Any], first: int, step: Mapping[str, Any], *, kept: bool
) -> Rehearsal:
    answer = step["answer"] or {}
    outcome = Outcome.KEPT if kept else Outcome.REMOVED
    if kept and step["asked_quantity"] != first:
        outcome = Outcome.SIZED_DOWN
    elif not kept and step["action"] == "removed and flagged":
        outcome = Outcome.FLAGGED
    return Rehearsal(
        symbol=order["symbol"],
        side=Side(order["side"]),
        quantity=first,
        quantity_after=order["quantity"] if kept else 0,
        outcome=outcome,
        margin_change=answer.get("maintenance_margin_change"),
        commission=answer.get("commission"),
        reason=step["reason"],
    )
