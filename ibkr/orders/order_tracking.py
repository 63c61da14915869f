"""Orders after they were sent: waiting for their end, and asking for it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

from core.errors import DataError, RequestRefused
from core.types import OrderState
from ibkr.orders.order_lists import Record, order_records
from ibkr.wire.error_codes import ORDER_CANCELLED
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.requests import Requests

# How long to wait for word of a change before the lists are asked again all the same: orders of
# other clients change without a word to this one.
_ASK_AGAIN_AFTER = 2.0
_OF_ANOTHER_CLIENT = 10147


async def await_settled(
    requests: Requests,
    messages: OrderMessages,
    account: str,
    order_refs: Collection[str],
    *,
    within: float,
    lists_within: float,
) -> dict[str, OrderState]:
    """Wait until all these orders are over, fills and commissions included; or for the time-out.

    Returns their states then. An order_ref that the broker does not know has no entry.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    wanted = set(order_refs)
    while True:
        records = await order_records(requests, messages, account, within=lists_within)
        found = {ref: record for ref, record in records.items() if ref in wanted}
        left = deadline - loop.time()
        if left <= 0 or (len(found) == len(wanted) and all(r.settled for r in found.values())):
            return {ref: record.state for ref, record in found.items()}
        await messages.changed(within=min(left, _ASK_AGAIN_AFTER))


async def cancel_order(
    requests: Requests,
    messages: OrderMessages,
    account: str,
    order_ref: str,
    *,
    client_id: int,
    within: float,
    lists_within: float,
) -> OrderState:
    """Ask to cancel one order and return how it stands when it is over or the time is.

    Raises `DataError` for an order_ref that the broker does not know and `RequestRefused` for an
    order that another client sent: only that one can cancel it.
    """
    record = await _record(requests, messages, account, order_ref, lists_within)
    if record.settled:
        return record.state
    refuse_foreign(record, client_id)
    report = messages.reports.get(record.order_id) or messages.open(record.order_id)
    before = len(report.news)
    await requests.turn()
    requests.client.cancelOrder(record.order_id)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not record.settled and (left := deadline - loop.time()) > 0:
        await messages.changed(within=min(left, _ASK_AGAIN_AFTER))
        record = await _record(requests, messages, account, order_ref, lists_within)
    told = [text for text in report.news[before:] if not text.startswith(f"{ORDER_CANCELLED}:")]
    if not record.settled:
        told.append(f"cancelling was asked for and not confirmed within {within:g} s")
    return replace(record.state, message="; ".join([*told, record.state.message]).strip("; "))


def refuse_foreign(record: Record, client_id: int) -> None:
    """Raise `RequestRefused` for an order that another client sent."""
    if record.client_id != client_id:
        raise RequestRefused(
            f"order {record.state.order_ref} was sent by client id {record.client_id}; only that "
            f"client can change or cancel it, not {client_id}: connect with that id, or use TWS",
            code=_OF_ANOTHER_CLIENT,
        )


def known_order(records: Mapping[str, Record], order_ref: str) -> Record:
    """Return an order's record. Raises `DataError` when the broker knows no such order."""
    if order_ref not in records:
        raise DataError(f"the broker knows no order {order_ref}")
    return records[order_ref]


async def _record(
    requests: Requests, messages: OrderMessages, account: str, order_ref: str, within: float
) -> Record:
    records = await order_records(requests, messages, account, within=within)
    return known_order(records, order_ref)
