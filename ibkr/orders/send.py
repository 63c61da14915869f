"""Orders on the wire: sent once, in the given order, and never again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from core.errors import DataError, DaybookError, GatewayError, GatewayUnreachable
from core.text.counts import count
from core.types import Order, OrderState, OrderStatus
from ibkr.orders.order_lists import Record, order_records
from ibkr.orders.order_validation import batch_problems, contract_of, to_wire
from ibkr.wire.convert import order_status
from ibkr.wire.order_messages import OrderMessages, OrderReport
from ibkr.wire.requests import Requests

# What an order leaves inside of: it asks once more whether it may, and holds that answer meanwhile.
Leaving = Callable[[Order], AbstractContextManager[object]]


def unasked(_order: Order) -> AbstractContextManager[object]:
    """Let every order leave."""
    return nullcontext()


async def send_orders(
    requests: Requests,
    messages: OrderMessages,
    orders: Sequence[Order],
    account: str,
    *,
    acknowledged_within: float,
    lists_within: float,
    leaving: Leaving = unasked,
) -> tuple[OrderState, ...]:
    """Send a batch and return how each order that left stands, in the given order.

    Before the first byte: every order is checked, none of them is known to the broker yet, and
    the link works both ways. Each order leaves inside ``leaving``; what that raises keeps it and
    every later order back. An error from here means that nothing was sent. Afterwards nothing is
    raised: an order whose fate cannot be learnt is UNCERTAIN, one that is not returned never left.
    """
    if not orders:
        return ()
    await _nothing_speaks_against(requests, messages, orders, account, within=lists_within)
    left: list[tuple[Order, OrderReport]] = []
    try:
        for order in orders:
            await requests.turn()
            with leaving(order):
                left.append((order, _send(requests, messages, order, account)))
    except DaybookError:
        if not left:
            raise
    try:
        await _acknowledged(requests, messages, [w for _, w in left], within=acknowledged_within)
        records = await order_records(requests, messages, account, within=lists_within)
    except GatewayError as error:
        return tuple(_unreported_state(order, report, error) for order, report in left)
    return tuple(reported_state(order, report, records) for order, report in left)


async def _nothing_speaks_against(
    requests: Requests,
    messages: OrderMessages,
    orders: Sequence[Order],
    account: str,
    *,
    within: float,
) -> None:
    refuse_unsendable(orders)
    if requests.upstream_lost:
        raise GatewayUnreachable(f"nothing was sent: {requests.upstream_lost}")
    # The lists of orders also raise the next order id above every id in use: after a restart the
    # gateway offers old ids again, and an id of a live order would change that order.
    known = await order_records(requests, messages, account, within=within)
    refuse_repeated(orders, known)
    # A gateway that has gone mute still takes bytes; only an answer shows that somebody reads.
    await requests.current_time(within=within)


def refuse_unsendable(orders: Sequence[Order]) -> None:
    """Raise `DataError` with everything that is wrong with a batch."""
    if wrong := batch_problems(orders):
        raise DataError(f"nothing was sent, {count(len(wrong), 'problem')}: {'; '.join(wrong)}")


def refuse_repeated(orders: Sequence[Order], known: Mapping[str, Record]) -> None:
    """Raise `DataError` when the broker already knows one of the orders."""
    if repeated := sorted({order.order_ref for order in orders} & set(known)):
        told = ", ".join(f"{ref} ({known[ref].state.status})" for ref in repeated)
        raise DataError(f"nothing was sent: the broker already knows {told}")


def _send(requests: Requests, messages: OrderMessages, order: Order, account: str) -> OrderReport:
    order_id = requests.client.getReqId()
    report = messages.open(order_id)
    report.sent = True
    requests.client.placeOrder(order_id, contract_of(order), to_wire(order, account=account))
    return report


async def _acknowledged(
    requests: Requests, messages: OrderMessages, reports: Sequence[OrderReport], *, within: float
) -> None:
    """Wait until each order was acknowledged or refused, or the time is over, or the link."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not all(report.answered for report in reports):
        left = deadline - loop.time()
        if left <= 0 or not requests.client.isReady():
            return
        await messages.changed(within=left)


def reported_state(order: Order, report: OrderReport, records: Mapping[str, Record]) -> OrderState:
    """Return an order's state after the broker's lists came."""
    record = records.get(order.order_ref)
    if record:
        state = record.state
        # An error about an order that lives on (10349, 399, …) is no refusal: the lists decide.
        gone = state.status is OrderStatus.CANCELLED and not state.filled and report.refusals
        status = OrderStatus.REJECTED if gone else state.status
        told = "; ".join(part for part in (report.text, state.message) if part)
        return replace(state, status=status, message=told)
    if report.refusals:
        return _state(order, report, OrderStatus.REJECTED, report.text)
    if report.perm_id:
        return _state(order, report, order_status(report.status), report.text)
    told = f" ({report.text})" if report.text else ""
    return _state(
        order,
        report,
        OrderStatus.UNCERTAIN,
        f"sent, not acknowledged{told}, and in none of the broker's lists: it may still arrive. "
        "Look in TWS before anything is sent again",
    )


def _unreported_state(order: Order, report: OrderReport, error: GatewayError) -> OrderState:
    """Return an order's state when the broker's lists could not be had."""
    if report.perm_id and not report.refusals:
        return _state(order, report, order_status(report.status), report.text)
    told = "; ".join(part for part in (report.text, str(error)) if part)
    return _state(order, report, OrderStatus.UNCERTAIN, told)


def _state(order: Order, report: OrderReport, status: OrderStatus, message: str) -> OrderState:
    return OrderState.of(
        order,
        status=status,
        # Executions of a leg count its own contracts.
        filled=min(report.filled, float(order.quantity)),
        perm_id=report.perm_id,
        message=message,
    )
