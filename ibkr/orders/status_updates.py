"""Watching orders: every state in which the broker shows them, as it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import stopwatch
from core.types import OrderState
from ibkr.orders.order_lists import Record, order_records
from ibkr.wire.connection import Connection
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.requests import Requests

# Notice of a change comes only for the orders of this client; those of others are looked for.
_ASK_AGAIN_AFTER = 2.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """One order as it stood at one moment by the gateway's clock."""

    as_of: datetime
    state: OrderState


def watch(
    connection: Connection, order_refs: Collection[str] | None, *, timeout: float
) -> Iterator[Sighting]:
    """Yield how each order stands, then every change, for at most ``timeout`` seconds.

    Ends earlier when all of ``order_refs`` are over with their commissions. None watches every
    order that carries a name, also those placed meanwhile. Raises `GatewayError` when the line is
    lost or a list does not come: silence never reads as "no change".
    """
    wanted = None if order_refs is None else frozenset(order_refs)
    seen: dict[str, OrderState] = {}
    deadline = stopwatch() + timeout
    wait = 0.0
    while True:
        as_of, records = connection.run(_look(connection, wanted, after=wait))
        for ref, record in records.items():
            if seen.get(ref) != record.state:
                seen[ref] = record.state
                yield Sighting(as_of, record.state)
        wait = min(deadline - stopwatch(), _ASK_AGAIN_AFTER)
        if wait <= 0 or _all_settled(records, wanted):
            return


async def _look(
    connection: Connection, wanted: frozenset[str] | None, *, after: float
) -> tuple[datetime, dict[str, Record]]:
    line, patience = connection.line, connection.settings.request_timeout
    if after:
        await line.order_messages.changed(within=after)
    return await _records(
        line.requests, line.order_messages, connection.account, wanted, within=patience
    )


async def _records(
    requests: Requests,
    messages: OrderMessages,
    account: str,
    wanted: frozenset[str] | None,
    *,
    within: float,
) -> tuple[datetime, dict[str, Record]]:
    records = await order_records(requests, messages, account, within=within)
    chosen = {ref: one for ref, one in records.items() if wanted is None or ref in wanted}
    return await requests.current_time(within=within), chosen


def _all_settled(records: Mapping[str, Record], wanted: frozenset[str] | None) -> bool:
    return (
        wanted is not None
        and wanted <= set(records)
        and all(record.settled for record in records.values())
    )
