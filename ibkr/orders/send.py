"""Orders on the wire: sent once, in the given order, and never again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from core.errors import DataError, DaybookError, GatewayError, GatewayUnreachable
from core.types import Order, OrderState, OrderStatus
from ibkr.orders.order_lists import Record, order_records
from ibkr.orders.order_validation import batch_problems, contract_of, to_wire
from ibkr.wire.convert import order_status
from ibkr.wire.order_messages import Ledger, Word
from ibkr.wire.requests import Requests

# What an order leaves inside of: it asks once more whether it may, and holds that answer meanwhile.
Leaving = Callable[[Order], AbstractContextManager[object]]


def unasked(_order: Order) -> AbstractContextManager[object]:
    """Let every order leave."""
    return nullcontext()


async def send_orders(
    requests: Requests,
    ledger: Ledger,
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
    await _nothing_speaks_against(requests, ledger, orders, account, within=lists_within)
    left: list[tuple[Order, Word]] = []
    try:
        for order in orders:
            await requests.turn()
            with leaving(order):
                left.append((order, _send(requests, ledger, order, account)))
    except DaybookError:
        if not left:
            raise
    try:
        await _acknowledged(requests, ledger, [w for _, w in left], within=acknowledged_within)
        records = await order_records(requests, ledger, account, within=lists_within)
    except GatewayError as error:
        return tuple(_untold(order, word, error) for order, word in left)
    return tuple(state_told(order, word, records) for order, word in left)


async def _nothing_speaks_against(
    requests: Requests, ledger: Ledger, orders: Sequence[Order], account: str, *, within: float
) -> None:
    refuse_unsendable(orders)
    if requests.upstream_lost:
        raise GatewayUnreachable(f"nothing was sent: {requests.upstream_lost}")
    # The lists of orders also raise the next order id above every id in use: after a restart the
    # gateway offers old ids again, and an id of a live order would change that order.
    known = await order_records(requests, ledger, account, within=within)
    refuse_repeated(orders, known)
    # A gateway that has gone mute still takes bytes; only an answer shows that somebody reads.
    await requests.current_time(within=within)


def refuse_unsendable(orders: Sequence[Order]) -> None:
    """Raise `DataError` with everything that is wrong with a batch."""
    if wrong := batch_problems(orders):
        raise DataError(f"nothing was sent, {len(wrong)} problem(s): {'; '.join(wrong)}")


def refuse_repeated(orders: Sequence[Order], known: Mapping[str, Record]) -> None:
    """Raise `DataError` when the broker already knows one of the orders."""
    if repeated := sorted({order.order_ref for order in orders} & set(known)):
        told = ", ".join(f"{ref} ({known[ref].state.status})" for ref in repeated)
        raise DataError(f"nothing was sent: the broker already knows {told}")


def _send(requests: Requests, ledger: Ledger, order: Order, account: str) -> Word:
    order_id = requests.client.getReqId()
    word = ledger.open(order_id)
    word.sent = True
    requests.client.placeOrder(order_id, contract_of(order), to_wire(order, account=account))
    return word


async def _acknowledged(
    requests: Requests, ledger: Ledger, words: Sequence[Word], *, within: float
) -> None:
    """Wait until each order was acknowledged or refused, or the time is over, or the link."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not all(word.answered for word in words):
        left = deadline - loop.time()
        if left <= 0 or not requests.client.isReady():
            return
        await ledger.change(within=left)


def state_told(order: Order, word: Word, records: Mapping[str, Record]) -> OrderState:
    """Return an order's state after the broker's lists came."""
    record = records.get(order.order_ref)
    if record:
        state = record.state
        # An error about an order that lives on (10349, 399, …) is no refusal: the lists decide.
        gone = state.status is OrderStatus.CANCELLED and not state.filled and word.refusals
        status = OrderStatus.REJECTED if gone else state.status
        told = "; ".join(part for part in (word.text, state.message) if part)
        return replace(state, status=status, message=told)
    if word.refusals:
        return _state(order, word, OrderStatus.REJECTED, word.text)
    if word.perm_id:
        return _state(order, word, order_status(word.status), word.text)
    told = f" ({word.text})" if word.text else ""
    return _state(
        order,
        word,
        OrderStatus.UNCERTAIN,
        f"sent, not acknowledged{told}, and in none of the broker's lists: it may still arrive. "
        "Look in TWS before anything is sent again",
    )


def _untold(order: Order, word: Word, error: GatewayError) -> OrderState:
    """Return an order's state when the broker's lists could not be had."""
    if word.perm_id and not word.refusals:
        return _state(order, word, order_status(word.status), word.text)
    told = "; ".join(part for part in (word.text, str(error)) if part)
    return _state(order, word, OrderStatus.UNCERTAIN, told)


def _state(order: Order, word: Word, status: OrderStatus, message: str) -> OrderState:
    return OrderState(
        order_ref=order.order_ref,
        con_id=order.con_id,
        symbol=order.symbol,
        side=order.side,
        quantity=float(order.quantity),
        status=status,
        # Executions of a leg count its own contracts.
        filled=min(word.filled, float(order.quantity)),
        perm_id=word.perm_id,
        message=message,
    )
