"""Orders at an exchange in this process."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import ib_async

from core.errors import DaybookError, GatewayError, RequestRefused
from core.types import BrokerWhatIf, ComboOrder, Order, OrderState
from ibkr.orders.open_orders import by_hand
from ibkr.orders.order_tracking import known_order, refuse_foreign
from ibkr.orders.order_validation import problems
from ibkr.orders.send import Leaving, refuse_repeated, refuse_unsendable, reported_state, unasked
from ibkr.orders.what_if import answer, refused
from ibkr.replay.order_lists import open_orders, order_records
from ibkr.replay.received import as_refusal, received, refused_as
from ibkr.wire.order_messages import OrderMessages, OrderReport
from simulator.broker.broker import Broker
from simulator.broker.order_checks import REJECTED
from simulator.exchange.orders import Status
from simulator.market.market import SMART
from simulator.tws.handlers.orders import ORDER_MESSAGE, closed_market_warning
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.orders import preview_fields
from simulator.tws.messages.placing.request import PlaceOrder
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.order_request import OrderRead, read_order


class ReplayTrading:
    """The `ibkr.gateway.TradingToolsProtocol` of the exchange's present moment.

    The exchange answers at once, so nothing here waits: a ``timeout`` is never used up.
    """

    def __init__(self, broker: Broker, directory: ContractLookup, *, client_id: int) -> None:
        self._broker, self._directory, self._client_id = broker, directory, client_id
        self._messages = OrderMessages()

    def what_if(self, order: Order) -> BrokerWhatIf:
        """Ask the what-if of one order; it leaves no order behind. A refusal is an answer."""
        if wrong := list(problems(order)):
            return BrokerWhatIf(order.order_ref, accepted=False, reason="; ".join(wrong))
        try:
            with refused_as(f"what-if {order.side} {order.quantity} {order.symbol}"):
                terms = self._read(order, order_id=0).terms
                effect = self._broker.what_if(terms)
        except GatewayError as error:
            return refused(order.order_ref, error)
        figures: dict[str, Any] = preview_fields(effect)
        figures["commission"] = received(effect.commission)
        figures["commissionCurrency"] = self._broker.exchange.view.base
        state = ib_async.OrderState(status=Status.PRE_SUBMITTED.value, **figures)
        return answer(order.order_ref, [state])

    def place_orders(
        self, orders: Sequence[Order], *, timeout: float, leaving: Leaving = unasked
    ) -> tuple[OrderState, ...]:
        """Send a batch in the given order, each inside ``leaving``; return how those that left are.

        One bad order, or one that is already known, refuses the batch with `DataError`.
        """
        del timeout
        if not orders:
            return ()
        refuse_unsendable(orders)
        refuse_repeated(orders, order_records(self._broker))
        left: list[tuple[Order, OrderReport]] = []
        try:
            for order in orders:
                with leaving(order):
                    left.append((order, self._send(order)))
        except DaybookError:
            if not left:
                raise
        records = order_records(self._broker)
        return tuple(reported_state(order, report, records) for order, report in left)

    def order_states(self) -> dict[str, OrderState]:
        """Return every order of this account that is known today, by order_ref."""
        return {ref: record.state for ref, record in order_records(self._broker).items()}

    def orders_by_hand(self) -> tuple[OrderState, ...]:
        """Return the orders for stocks without an order_ref that still work, by permId."""
        return by_hand(open_orders(self._broker))

    def await_fills(self, order_refs: Collection[str], *, timeout: float) -> dict[str, OrderState]:
        """Return how these orders stand; waiting would not move the clock."""
        del timeout
        states = self.order_states()
        return {ref: states[ref] for ref in sorted(order_refs) if ref in states}

    def cancel(self, order_ref: str, *, timeout: float) -> OrderState:
        """Cancel one order and return how it stands."""
        del timeout
        record = known_order(order_records(self._broker), order_ref)
        if record.settled:
            return record.state
        refuse_foreign(record, self._client_id)
        with refused_as(f"cancel {order_ref}"):
            self._broker.cancel(self._client_id, record.order_id)
        return known_order(order_records(self._broker), order_ref).state

    def _send(self, order: Order) -> OrderReport:
        order_id = self._broker.next_order_id
        report = self._messages.open(order_id)
        report.sent = True
        try:
            read = self._read(order, order_id=order_id)
            terms = read.terms
            for code, text in read.notices:
                self._messages.add_error(order_id, code, text)
            self._broker.place(terms, order_id=order_id, client_id=self._client_id)
        except DaybookError as error:
            refused = as_refusal(error)
            self._messages.add_error(order_id, refused.code, str(refused))
            return report
        placed = self._broker.find(self._client_id, order_id)
        assert placed is not None, "an accepted order is in the book"
        if placed.status is Status.PRE_SUBMITTED:
            announced = self._broker.exchange.view.announced
            warning = closed_market_warning(terms, read.instrument, announced, self._broker.now)
            self._messages.add_error(order_id, ORDER_MESSAGE, warning)
        self._messages.acknowledge(
            order_id, placed.perm_id, placed.status.value, float(placed.filled)
        )
        return report

    def _read(self, order: Order, *, order_id: int) -> OrderRead:
        if isinstance(order, ComboOrder):
            raise RequestRefused("combinations are traded over a socket only", code=REJECTED)
        contract = ContractQuery(order.con_id, order.symbol, "", SMART, "", "", "")
        request = PlaceOrder(
            order_id=order_id,
            contract=contract,
            action=order.side.value,
            quantity=float(order.quantity),
            order_type=order.order_type.value,
            limit_price=order.limit_price,
            time_in_force=order.time_in_force,
            account=self._broker.account,
            order_ref=order.order_ref,
            what_if=False,
            unsupported=(),
            outside_hours=order.outside_rth,
        )
        return read_order(request, self._broker.accounts, self._directory, now=self._broker.now)
