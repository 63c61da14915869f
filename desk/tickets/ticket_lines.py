"""The lines of a ticket: each order with what a reviewer needs to judge it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.types import Order, OrderState
from desk.records.order_ref import is_ours
from desk.tickets.order_ticket import TicketLine
from risk.what_if_answers import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an order was decided by. Weights are fractions of net asset value."""

    price: float  # per share, as its market quotes it
    worth: float  # per share, in the base currency
    weight_before: float
    alpha_score: float | None
    overridden: bool
    adv: float | None  # average daily volume in shares


def ticket_line(
    order: Order,
    basis: Basis,
    *,
    net_asset_value: float,
    asked: Asked | None,
    beside: str = "",
) -> TicketLine:
    """Return an order with what a reviewer needs to judge it.

    ``asked`` is what the broker was asked of it, ``beside`` the orders that others have open in
    its name, in words.
    """
    notional = order.quantity * basis.worth
    change = order.side.sign * notional / net_asset_value
    answer = None if asked is None else asked.last.answer
    return TicketLine(
        order=order,
        reference_price=basis.price,
        notional=notional,
        weight_before=basis.weight_before,
        weight_after=basis.weight_before + change,
        alpha_score=basis.alpha_score,
        adv_share=None if not basis.adv else order.quantity / basis.adv,
        maintenance_margin_change=None if answer is None else answer.maintenance_margin_change,
        commission=None if answer is None else answer.commission,
        flag=_flag(order, asked, beside, overridden=basis.overridden),
    )


def orders_of_others(working: Iterable[OrderState]) -> dict[int, str]:
    """Return what is open and not ours, in words, by conId."""
    found: dict[int, str] = {}
    for state in working:
        if not is_ours(state.order_ref):
            told = f"{state.side} {state.quantity - state.filled:g}"
            earlier = f"{found[state.con_id]} and " if state.con_id in found else ""
            found[state.con_id] = f"{earlier}{told}"
    return found


def _flag(order: Order, asked: Asked | None, beside: str, *, overridden: bool) -> str:
    flags = [f"also open by hand: {beside}"] if beside else []
    if asked is not None and asked.first_quantity != order.quantity:
        flags.append(f"sized down from {asked.first_quantity}")
    if overridden:
        flags.append("override")
    return ", ".join(flags)
