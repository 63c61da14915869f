"""Changing the quantity or the price of an order that works, without ever making a second one.

On the wire a change is the same message as a new order, told apart by the order's id alone. An id
that the gateway does not know as a working order of this client would therefore be a new order:
the id is always the one that the broker itself has just stated for the order_ref, on this very
connection, and an order that is over or another client's is never touched.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from core.errors import DataError, GatewayError, GatewayUnreachable
from core.types import Order, OrderState, OrderStatus
from ibkr.orders.order_lists import OVER, Record, order_records
from ibkr.orders.order_tracking import known_order, refuse_foreign
from ibkr.orders.order_validation import contract_of, to_wire
from ibkr.orders.send import refuse_unsendable
from ibkr.wire.error_codes import REFUSED_CHANGES
from ibkr.wire.order_messages import OrderMessages, OrderReport
from ibkr.wire.requests import Requests

_ASK_AGAIN_AFTER = 2.0
_SAME_PRICE = 1e-9
_CHANGEABLE = frozenset({OrderStatus.PENDING, OrderStatus.WORKING})


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change. Not confirmed: the order may have its old terms, or the new ones."""

    state: OrderState
    confirmed: bool
    reason: str = ""  # why not


async def modify_order(
    requests: Requests,
    messages: OrderMessages,
    account: str,
    order: Order,
    *,
    client_id: int,
    within: float,
    lists_within: float,
) -> Change:
    """Give the working order of ``order.order_ref`` the quantity and limit price of ``order``.

    Before the first byte: `DataError` when the order is not known, over, of another instrument,
    side or type, or already filled beyond the new quantity; `RequestRefused` when another client
    placed it; `GatewayError` when the line or the lists fail. An order that has these terms
    already is left alone. Afterwards nothing is raised: see `Change.confirmed`.
    """
    refuse_unsendable([order])
    if requests.upstream_lost:
        raise GatewayUnreachable(f"nothing was sent: {requests.upstream_lost}")
    record = known_order(
        await order_records(requests, messages, account, within=lists_within), order.order_ref
    )
    if _has_terms(record, order):
        return Change(record.state, confirmed=True)
    _refuse_unchangeable(record, order)
    refuse_foreign(record, client_id)
    await requests.current_time(within=lists_within)
    await requests.turn()
    report = messages.open(record.order_id)
    report.sent = True
    wire = to_wire(order, account=account)
    requests.client.placeOrder(record.order_id, contract_of(order), wire)
    return await _followed(
        requests, messages, account, order, record, report, within=within, lists_within=lists_within
    )


def _refuse_unchangeable(record: Record, order: Order) -> None:
    state = record.state
    if state.status not in _CHANGEABLE:
        raise DataError(f"nothing was sent: order {order.order_ref} is {state.status} already")
    same = (state.symbol, state.side) == (order.symbol, order.side)
    if not same or (not state.legs and state.con_id != order.con_id):
        raise DataError(
            f"nothing was sent: order {order.order_ref} is {state.side} {state.symbol} (conId "
            f"{state.con_id}), not {order.side} {order.symbol} (conId {order.con_id})"
        )
    if record.order_type != order.order_type.value:
        raise DataError(
            f"nothing was sent: order {order.order_ref} is of type {record.order_type}, which "
            f"cannot become {order.order_type.value}: cancel it and place another"
        )
    if order.quantity <= state.filled:
        raise DataError(
            f"nothing was sent: {state.filled:g} of order {order.order_ref} are filled, so its "
            f"quantity cannot become {order.quantity}: cancel it instead"
        )


async def _followed(
    requests: Requests,
    messages: OrderMessages,
    account: str,
    order: Order,
    record: Record,
    report: OrderReport,
    *,
    within: float,
    lists_within: float,
) -> Change:
    """Wait until the broker's lists show the new terms, or it says why not, or the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    state = record.state
    while True:
        try:
            records = await order_records(requests, messages, account, within=lists_within)
        except GatewayError as error:
            return _unconfirmed(state, f"the change was sent, its outcome is unknown: {error}")
        shown = records.get(order.order_ref)
        state = shown.state if shown else state
        if shown and _has_terms(shown, order):
            return Change(shown.state, confirmed=True)
        if not shown or state.status in OVER or report.refusals or report.codes & REFUSED_CHANGES:
            told = report.text or f"the order was {state.status} before the change arrived"
            return _unconfirmed(state, told)
        left = deadline - loop.time()
        if left <= 0:
            told = f"not confirmed within {within:g} s" + (
                f" ({report.text})" if report.text else ""
            )
            return _unconfirmed(state, told)
        await messages.changed(within=min(left, _ASK_AGAIN_AFTER))


def _has_terms(record: Record, order: Order) -> bool:
    if record.state.status in OVER or record.state.quantity != order.quantity:
        return False
    shown, wanted = record.limit_price, order.limit_price
    if shown is None or wanted is None:
        return shown is wanted
    return abs(shown - wanted) <= _SAME_PRICE


def _unconfirmed(state: OrderState, reason: str) -> Change:
    message = "; ".join(part for part in (state.message, f"not changed: {reason}") if part)
    return Change(replace(state, message=message), confirmed=False, reason=reason)
