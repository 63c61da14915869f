"""The orders of a day and what the broker's what-if said of them, as people see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.types import Order, Snapshot
from desk.tickets.order_ticket import Ticket, TicketLine
from review.day import OrderLine, Outcome, WhatIfLine
from review.standing import Standing
from review.states import OrderReport
from risk.what_if_answers import Action, Asked, Step, asked_of


def order_lines(
    ticket: Ticket, snapshot: Snapshot, standing: Standing, states: Iterable[OrderReport]
) -> tuple[OrderLine, ...]:
    """Return the ticket's lines in send order, with what was held of each name.

    ``states`` are those of the ticket that counts: no order of an earlier decision has one.
    """
    counts = standing.ticket_sha256 == ticket.sha256
    by_ref = {state.order_ref: state for state in states} if counts else {}
    held = _shares(snapshot)
    return tuple(
        order_line(line, by_ref, held=held.get(line.order.con_id, 0.0)) for line in ticket.lines
    )


def _shares(snapshot: Snapshot) -> dict[int, float]:
    return {position.con_id: position.quantity for position in snapshot.positions}


def order_line(line: TicketLine, states: Mapping[str, OrderReport], *, held: float) -> OrderLine:
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
        status=None if state is None else state.status,
        filled=0.0 if state is None else state.filled,
        average_price=None if state is None else state.average_price,
    )


def what_ifs(
    snapshot: Snapshot, kept: Sequence[Order], removed: Sequence[Order], steps: Iterable[Step]
) -> list[WhatIfLine]:
    """Return what the broker said of each order, and what was done about it."""
    orders = {order.order_ref: order for order in (*kept, *removed)}
    left = {order.order_ref for order in kept}
    held = _shares(snapshot)
    return [
        replace(
            _what_if_line(orders[ref], asked, kept=ref in left),
            held=held.get(orders[ref].con_id, 0.0),
        )
        for ref, asked in asked_of(steps).items()
    ]


def _what_if_line(order: Order, asked: Asked, *, kept: bool) -> WhatIfLine:
    answer = asked.last.answer
    outcome = Outcome.KEPT if kept else Outcome.REMOVED
    if kept and asked.last.asked_quantity != asked.first_quantity:
        outcome = Outcome.SIZED_DOWN
    elif not kept and asked.last.action is Action.FLAGGED:
        outcome = Outcome.FLAGGED
    return WhatIfLine(
        symbol=order.symbol,
        side=order.side,
        quantity=asked.first_quantity,
        quantity_after=order.quantity if kept else 0,
        outcome=outcome,
        margin_change=None if answer is None else answer.maintenance_margin_change,
        commission=None if answer is None else answer.commission,
        reason=asked.last.reason,
    )
