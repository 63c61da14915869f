"""The broker's three lists of orders, joined: open orders, completed orders, executions.

What an order's state is, only these tell. They are asked in this order: an order that fills
meanwhile is then seen twice, never not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ib_async

from core.errors import GatewayError
from core.money import Money
from core.types import Fill, OrderState, OrderStatus
from ibkr.orders.combinations import BAG, legs_of, quantity_done
from ibkr.orders.fills import fills_by_order
from ibkr.wire.convert import number, order_status, side
from ibkr.wire.messages import CompletedOrder, Executed, OpenOrder, Status
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.request_types import COMPLETED_ORDERS, OPEN_ORDERS
from ibkr.wire.requests import Requests

OVER = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


@dataclass(frozen=True, slots=True)
class Record:
    """An order as the broker knows it, and which client may cancel it."""

    state: OrderState
    client_id: int
    order_id: int
    order_type: str = ""  # IBKR's word
    limit_price: float | None = None

    @property
    def settled(self) -> bool:
        """Whether the order is over and each of its fills is known with its commission."""
        fills = self.state.fills
        return (
            self.state.status in OVER
            and quantity_done(self.state.legs, fills) >= self.state.filled
            and all(fill.commission is not None for fill in fills)
        )


async def order_records(
    requests: Requests, messages: OrderMessages, account: str, *, within: float
) -> dict[str, Record]:
    """Ask for all three lists, each confirmed by its end marker, and join them by order_ref.

    Orders without an order_ref, which a person placed by hand, are left out. Raises
    `GatewayTimeout` when a list does not come: no answer is never "no orders".
    """
    opened = await ask_opened(requests, within=within)
    completed = await ask_completed(requests, within=within)
    executed = await ask_executed(requests, within=within)
    return join_lists(opened, completed, executed, messages.commissions, account=account)


async def ask_opened(requests: Requests, *, within: float) -> list[OpenOrder | Status]:
    """Ask for the orders of all clients that still work."""
    return await requests.by_kind(
        OPEN_ORDERS, requests.client.reqAllOpenOrders, what="open orders", within=within
    )


async def ask_completed(requests: Requests, *, within: float) -> list[CompletedOrder]:
    """Ask for the orders of all clients that are over, of today."""
    return await requests.by_kind(
        COMPLETED_ORDERS,
        lambda: requests.client.reqCompletedOrders(False),  # noqa: FBT003 - ib_async's signature
        what="completed orders",
        within=within,
    )


async def ask_executed(requests: Requests, *, within: float) -> list[Executed]:
    """Ask for the executions of all clients, of today."""
    return await requests.by_id(
        lambda request: requests.client.reqExecutions(request, ib_async.ExecutionFilter()),
        what="executions",
        within=within,
    )


def join_lists(
    opened: Sequence[OpenOrder | Status],
    completed: Sequence[CompletedOrder],
    executed: Sequence[Executed],
    commissions: Mapping[str, Money | None],
    *,
    account: str,
) -> dict[str, Record]:
    """Join the three lists of one account by order_ref, sorted.

    Raises `GatewayError` when one order_ref stands for two orders: something was sent twice.
    """
    fills = fills_by_order(executed, commissions, account=account)
    statuses = {row.perm_id: row for row in opened if isinstance(row, Status)}
    records: dict[int, Record] = {}
    for row in opened:
        if isinstance(row, OpenOrder) and row.order.account in {"", account}:
            records[row.order.permId] = _open_record(row, statuses.get(row.order.permId), fills)
    for over in completed:
        if over.order.account in {"", account}:
            earlier = records.get(over.order.permId)
            records[over.order.permId] = _completed_record(over, earlier, fills)
    # Of a combination, its own last execution counts: one of a leg does not tell of the others.
    for done in sorted(executed, key=lambda e: (e.contract.secType != BAG, -e.execution.cumQty)):
        execution = done.execution
        if execution.permId not in records and execution.acctNumber == account:
            records[execution.permId] = _executed_record(done, fills)
    return _by_order_ref(records.values())


def _by_order_ref(records: Iterable[Record]) -> dict[str, Record]:
    joined: dict[str, Record] = {}
    for record in records:
        ref = record.state.order_ref
        if ref in joined:
            raise GatewayError(
                f"order_ref {ref} names two orders at the broker, permId "
                f"{joined[ref].state.perm_id} and {record.state.perm_id}: stop and look in TWS"
            )
        if ref:
            joined[ref] = record
    return dict(sorted(joined.items()))


def _open_record(
    row: OpenOrder, status: Status | None, fills: Mapping[int, tuple[Fill, ...]]
) -> Record:
    state = _state(
        row.contract,
        row.order,
        fills,
        status=order_status(status.status if status else row.state.status),
        filled=status.filled if status else 0.0,
        message=row.state.warningText,
    )
    order = row.order
    return Record(
        state, order.clientId, order.orderId, order.orderType, number(order.lmtPrice) or None
    )


def _completed_record(
    row: CompletedOrder, earlier: Record | None, fills: Mapping[int, tuple[Fill, ...]]
) -> Record:
    # Completed orders carry no ids of the client, and a quantity of 0 when nothing was filled.
    status = order_status(row.state.status)
    state = _state(
        row.contract,
        row.order,
        fills,
        status=status,
        filled=number(row.order.filledQuantity) or 0.0,
        message="" if status is OrderStatus.FILLED else row.state.completedStatus,
    )
    return replace(earlier, state=state) if earlier else Record(state, 0, 0)


def _executed_record(row: Executed, fills: Mapping[int, tuple[Fill, ...]]) -> Record:
    """Return the record of an order that only its executions tell of: how it stands is unknown."""
    execution = row.execution
    done = fills.get(execution.permId, ())
    whole = row.contract.secType == BAG
    filled = execution.cumQty if whole else sum(fill.quantity for fill in done)
    state = OrderState(
        order_ref=execution.orderRef,
        con_id=row.contract.conId,
        symbol=row.contract.symbol,
        side=side(execution.side),
        quantity=filled,
        status=OrderStatus.UNCERTAIN,
        filled=filled,
        perm_id=execution.permId,
        message="executed, but neither among the open nor among the completed orders",
        fills=done,
    )
    return Record(state, execution.clientId, execution.orderId)


def _state(
    contract: ib_async.Contract,
    order: ib_async.Order,
    fills: Mapping[int, tuple[Fill, ...]],
    *,
    status: OrderStatus,
    filled: float,
    message: str,
) -> OrderState:
    done, legs = fills.get(order.permId, ()), legs_of(contract)
    # Orders can fill without any word about their status, and statuses lag behind executions.
    filled = max(filled, quantity_done(legs, done))
    total = float(order.totalQuantity) or filled
    if status is not OrderStatus.CANCELLED and 0 < total <= filled:
        status = OrderStatus.FILLED
    return OrderState(
        order_ref=order.orderRef,
        con_id=contract.conId,
        symbol=contract.symbol,
        side=side(order.action),
        quantity=total,
        status=status,
        filled=filled,
        perm_id=order.permId,
        message=message,
        fills=done,
        legs=legs,
    )
