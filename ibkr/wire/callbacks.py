# ruff: noqa: D102, N802, N815 - ib_async calls these methods by their TWS names, documented there
"""What the gateway says, sorted to those who wait for it.

This takes the place of ib_async's own ``Wrapper`` and ``IB``. Those keep a picture of the world
that is wrong in ways that cost money: a warning makes a live order "Cancelled", a new snapshot
starts with the old prices, a commission that overtakes its execution is lost, two questions of
one kind leave one of them waiting for ever, and a dropped line leaves a shorter list. Nothing is
kept here: every answer is collected anew, whole, or is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC
from typing import Any

import ib_async
from ib_async.util import UNSET_INTEGER

from core.errors import GatewayUnreachable
from core.money import BASE, Money
from ibkr.wire.convert import number
from ibkr.wire.error_codes import (
    UNADDRESSED_REFUSALS,
    ends_request,
    refusal,
    voids_so_far,
)
from ibkr.wire.market_callbacks import MarketCallbacks
from ibkr.wire.messages import (
    AccountValue,
    CompletedOrder,
    Executed,
    Held,
    OpenOrder,
    Profit,
    Status,
    Summarised,
    Valued,
)
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.request_types import (
    ACCOUNT,
    ACCOUNTS,
    COMPLETED_ORDERS,
    CURRENT_TIME,
    OPEN_ORDERS,
    POSITIONS,
)
from ibkr.wire.requests import Requests
from ibkr.wire.times import UNKNOWN

_log = logging.getLogger(__name__)


class Callbacks(MarketCallbacks):
    """The receiver of every message, in the shape that ib_async's client and decoder call."""

    defaultTimezone = UTC  # ib_async's decoder gives times in this zone

    def __init__(self, requests: Requests, messages: OrderMessages, *, client_id: int) -> None:
        self.requests = requests
        self.replies = requests.replies
        self.order_messages = messages
        self.client_id = client_id
        self.on_unaddressed: Callable[[int, str], None] = lambda _code, _text: None

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Ignore the messages that no request of this room asks for."""
        if name.startswith("_"):
            raise AttributeError(name)
        return _ignore

    # The connection

    def connectionClosed(self) -> None:
        self.replies.fail_all(
            GatewayUnreachable(f"the connection to {self.requests.address} broke")
        )
        self.order_messages.wake()

    def error(self, request: int, code: int, text: str, _rejection: str = "") -> None:
        _log.debug("IBKR says %s for request %s: %s", code, request, text)
        self.requests.link_status.note(code, text)
        if request in self.order_messages.reports:
            self.order_messages.add_error(request, code, text)
        elif request in self.replies and voids_so_far(code):
            self.replies.drop_so_far(request)
        elif request in self.replies and ends_request(code, text, delayed=self.requests.delayed):
            self.replies.refuse(request, refusal(code, text))
        elif request == -1:
            self._unaddressed(code, text)

    def _unaddressed(self, code: int, text: str) -> None:
        self.on_unaddressed(code, text)
        if code in UNADDRESSED_REFUSALS and len(self.replies.kinds) == 1:
            (kind,) = self.replies.kinds
            self.replies.refuse(kind, refusal(code, text))

    def currentTime(self, epoch: int) -> None:
        self.replies.add(CURRENT_TIME, epoch)
        self.replies.finish(CURRENT_TIME)

    # The account

    def position(
        self, account: str, contract: ib_async.Contract, quantity: float, cost: float
    ) -> None:
        self.replies.add(POSITIONS, Held(account, contract, quantity, cost))

    def positionEnd(self) -> None:
        self.replies.finish(POSITIONS)

    def updateAccountValue(self, tag: str, value: str, currency: str, account: str) -> None:
        self.replies.add(ACCOUNT, AccountValue(account, tag, value, currency))

    def updatePortfolio(
        self, contract: ib_async.Contract, quantity: float, price: float, value: float, *rest: Any
    ) -> None:
        cost, unrealized, realized, account = rest
        row = Valued(account, contract, quantity, price, value, cost, unrealized, realized)
        self.replies.add(ACCOUNT, row)

    def accountDownloadEnd(self, _account: str) -> None:
        self.replies.finish(ACCOUNT)

    def managedAccounts(self, listed: str) -> None:
        self.replies.add(ACCOUNTS, listed)
        self.replies.finish(ACCOUNTS)

    def accountSummary(
        self, request: int, account: str, tag: str, value: str, currency: str
    ) -> None:
        self.replies.add(request, Summarised(account, tag, value, currency))

    def accountSummaryEnd(self, request: int) -> None:
        self.replies.finish(request)

    def pnl(self, request: int, *figures: float) -> None:
        self._profit(request, Profit(*figures))

    def pnlSingle(self, request: int, quantity: float, *figures: float) -> None:
        daily, unrealized, realized, value = figures
        self._profit(request, Profit(daily, unrealized, realized, quantity, value))

    def _profit(self, request: int, profit: Profit) -> None:
        self.replies.add(request, profit)
        # The first words often are the largest double: IBKR is still working it out.
        if number(profit.unrealized) is not None:
            self.replies.finish(request)

    # Orders

    def openOrder(
        self,
        order_id: int,
        contract: ib_async.Contract,
        order: ib_async.Order,
        state: ib_async.OrderState,
    ) -> None:
        self._avoid(order_id)
        if order.whatIf:
            self.replies.add(order_id, state)
            # The first answer often has no margin in it; a second one follows (ib_insync#380).
            if number(state.initMarginChange) is not None:
                self.replies.finish(order_id)
            return
        self.replies.add(OPEN_ORDERS, OpenOrder(contract, order, state))
        if order.clientId == self.client_id:
            self.order_messages.acknowledge(order_id, order.permId, state.status, 0.0)

    def orderStatus(
        self, order_id: int, status: str, filled: float, _left: float, _price: float, *rest: Any
    ) -> None:
        perm_id, _parent, _last, client_id, *_ = rest
        self.replies.add(OPEN_ORDERS, Status(order_id, client_id, perm_id, status, filled))
        if client_id == self.client_id:
            self.order_messages.acknowledge(order_id, perm_id, status, filled)

    def openOrderEnd(self) -> None:
        self.replies.finish(OPEN_ORDERS)

    def completedOrder(
        self, contract: ib_async.Contract, order: ib_async.Order, state: ib_async.OrderState
    ) -> None:
        self.replies.add(COMPLETED_ORDERS, CompletedOrder(contract, order, state))

    def completedOrdersEnd(self) -> None:
        self.replies.finish(COMPLETED_ORDERS)

    def execDetails(
        self, request: int, contract: ib_async.Contract, execution: ib_async.Execution
    ) -> None:
        self._avoid(execution.orderId)
        at = None if execution.time == UNKNOWN else execution.time
        self.replies.add(request, Executed(contract, execution, at))
        if execution.clientId == self.client_id:
            self.order_messages.acknowledge(
                execution.orderId, execution.permId, "", execution.cumQty
            )

    def execDetailsEnd(self, request: int) -> None:
        self.replies.finish(request)

    def _avoid(self, order_id: int) -> None:
        """Never give a new order an id that was used, by whichever client."""
        if order_id < UNSET_INTEGER:  # which executions of orders placed by hand carry
            self.requests.client.updateReqId(order_id + 1)

    def commissionReport(self, report: ib_async.CommissionReport) -> None:
        amount, currency = number(report.commission), report.currency or BASE
        commission = None if amount is None else Money(amount, currency)
        self.order_messages.add_commission(report.execId, commission)


def _ignore(*_arguments: Any) -> None:
    return None
