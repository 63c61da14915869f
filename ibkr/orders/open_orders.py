"""Every order the broker works or has worked today, whoever placed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import ib_async

from core.types import Leg, OrderState, OrderStatus, Side
from ibkr.orders.combinations import legs_of
from ibkr.orders.order_lists import OVER, ask_completed, ask_opened
from ibkr.wire.convert import number, order_status, side
from ibkr.wire.messages import CompletedOrder, OpenOrder, Status
from ibkr.wire.requests import Requests


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker describes it, also one that a person placed by hand.

    Quantities are shares, contracts or combinations; prices per share, in the contract's currency.
    """

    perm_id: int  # the broker's own name for it
    order_ref: str  # ours; empty for an order placed by hand
    client_id: int  # who placed it and may change it; 0 by hand, or not told of a completed order
    account: str
    con_id: int
    symbol: str
    sec_type: str
    side: Side
    order_type: str  # IBKR's word: MKT, LMT, STP, STP LMT, TRAIL, MOC, LOC, …
    quantity: float
    limit_price: float | None  # below zero for a combination that brings money
    stop_price: float | None  # or the trailing amount
    time_in_force: str
    outside_rth: bool
    status: OrderStatus
    status_text: str  # IBKR's word
    filled: float
    parent_id: int  # order id of the order it waits for; 0: none
    oca_group: str  # one of these cancels all others
    message: str
    legs: tuple[Leg, ...]

    @property
    def remaining(self) -> float:
        """What may still trade."""
        return max(self.quantity - self.filled, 0.0)


@dataclass(frozen=True, slots=True)
class BrokerOrders:
    """Orders of one account, by permId. An empty list is the broker's answer, not its silence."""

    as_of: datetime
    orders: tuple[BrokerOrder, ...]


async def open_orders(requests: Requests, account: str, *, within: float) -> BrokerOrders:
    """Ask for the orders that still work, of all clients and by hand."""
    rows = await ask_opened(requests, within=within)
    as_of = await requests.current_time(within=within)
    return BrokerOrders(as_of, by_perm_id(opened(rows, account)))


async def completed_orders(requests: Requests, account: str, *, within: float) -> BrokerOrders:
    """Ask for the orders that were filled or cancelled today, of all clients and by hand."""
    rows = await ask_completed(requests, within=within)
    as_of = await requests.current_time(within=within)
    own = (row for row in rows if row.order.account in {"", account})
    return BrokerOrders(as_of, by_perm_id(_completed(row) for row in own))


def by_hand(orders: Iterable[BrokerOrder]) -> tuple[OrderState, ...]:
    """Return how those of these orders stand that are for stocks and have no order_ref."""
    return tuple(
        OrderState(
            order_ref="",
            con_id=order.con_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            status=order.status,
            filled=order.filled,
            perm_id=order.perm_id,
            message=order.message,
        )
        for order in orders
        if not order.order_ref and order.sec_type == "STK" and order.status not in OVER
    )


def opened(rows: Sequence[OpenOrder | Status], account: str) -> list[BrokerOrder]:
    """Return the orders of one account from the list of open ones; the last word on each counts."""
    statuses = {row.perm_id: row for row in rows if isinstance(row, Status)}
    last = {
        row.order.permId: row
        for row in rows
        if isinstance(row, OpenOrder) and row.order.account in {"", account}
    }
    return [_opened(row, statuses.get(perm_id)) for perm_id, row in last.items()]


def _opened(row: OpenOrder, status: Status | None) -> BrokerOrder:
    text = status.status if status else row.state.status
    return _order(
        row.contract,
        row.order,
        status_text=text,
        quantity=float(row.order.totalQuantity),
        filled=status.filled if status else 0.0,
        message=row.state.warningText,
    )


def _completed(row: CompletedOrder) -> BrokerOrder:
    filled = number(row.order.filledQuantity) or 0.0
    return _order(
        row.contract,
        row.order,
        status_text=row.state.status,
        quantity=float(row.order.totalQuantity) or filled,
        filled=filled,
        message=f"{row.state.completedStatus} {row.state.completedTime}".strip(),
    )


def _order(
    contract: ib_async.Contract,
    order: ib_async.Order,
    *,
    status_text: str,
    quantity: float,
    filled: float,
    message: str,
) -> BrokerOrder:
    return BrokerOrder(
        perm_id=order.permId,
        order_ref=order.orderRef,
        client_id=order.clientId,
        account=order.account,
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        side=side(order.action),
        order_type=order.orderType,
        quantity=quantity,
        limit_price=number(order.lmtPrice) or None,
        stop_price=number(order.auxPrice) or None,
        time_in_force=order.tif,
        outside_rth=bool(order.outsideRth),
        status=order_status(status_text),
        status_text=status_text,
        filled=filled,
        parent_id=order.parentId,
        oca_group=order.ocaGroup,
        message=message,
        legs=legs_of(contract),
    )


def by_perm_id(orders: Iterable[BrokerOrder]) -> tuple[BrokerOrder, ...]:
    """Return orders sorted by permId."""
    return tuple(sorted(orders, key=lambda order: order.perm_id))
