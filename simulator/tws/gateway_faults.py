"""Faults of the gateway as a whole: restarts, a lost line to IBKR, manual orders, notices."""

from __future__ import annotations

import asyncio

from core.errors import ConfigurationError
from core.types import Side
from simulator.broker.untransmitted import Untransmitted
from simulator.exchange.orders import OrderTerms, OrderType, TimeInForce
from simulator.faults.effects import error_of
from simulator.faults.request import FaultRequest
from simulator.tws.handler_context import SharedState
from simulator.tws.listener import Listener
from simulator.tws.messages.session import NOT_A_REQUEST

LINK_LOST = 1100, "Connectivity between IB and Trader Workstation has been lost."
DATA_LOST = 1101, "Connectivity between IB and Trader Workstation has been restored - data lost."
DATA_KEPT = (
    1102,
    "Connectivity between IB and Trader Workstation has been restored - data maintained.",
)


class GatewayFaults:
    """Carries out the faults of the gateway as a whole, not of one request."""

    def __init__(self, gateway: SharedState, listener: Listener) -> None:
        self.is_cut_off = False
        self._gateway = gateway
        self._listener = listener
        self._reopening: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[int]] = set()

    def switch(self, request: FaultRequest) -> None:
        """Switch a fault on or off; one of the gateway as a whole that is due acts now."""
        if request.fault == "link" and not request.on:
            self._restore_link(request)
        if request.fault in {"split", "halt"}:
            raise ConfigurationError(
                f"a {request.fault} is part of the market: give it in the fault script at the start"
            )
        self._gateway.faults.switch(request)
        self.trigger_due()

    def trigger_due(self) -> None:
        """Carry out the faults whose moment has come."""
        for fault in self._gateway.faults.due():
            self.trigger(fault)

    def keeps(self, client_id: int) -> bool:
        """Return whether a client id counts as in use though nobody is there: an old session."""
        kept = self._gateway.faults.standing("id_in_use")
        if kept is None or kept.client != client_id:
            return False
        self._gateway.faults.record(kept)
        return True

    def stop(self) -> None:
        """Cancel what is scheduled."""
        if self._reopening is not None:
            self._reopening.cancel()

    def trigger(self, fault: FaultRequest) -> None:
        """Carry out one fault."""
        match fault.fault:
            case "drop":
                self._listener.reset_connections()
            case "restart":
                self._restart(fault)
            case "link":
                self.is_cut_off = False  # or the notice itself would not get through
                self._notify_all(LINK_LOST)
                self.is_cut_off = True
            case "notice":
                said = error_of(fault)
                self._notify_all((said.code, str(said)))
            case "manual_order":
                self._order_by_hand(fault)

    def _restart(self, fault: FaultRequest) -> None:
        """Close everything; open the port again a moment later, with order ids rolled back."""
        gateway = self._gateway
        self._listener.close()
        gateway.broker.untransmitted = Untransmitted()
        self.is_cut_off = False
        if fault.ids:
            gateway.faults.switch(FaultRequest(fault="roll_back_ids", ids=fault.ids))
        loop = asyncio.get_running_loop()
        self._reopening = loop.call_later(fault.seconds or 0.0, self._reopen)

    def _reopen(self) -> None:
        task = asyncio.get_running_loop().create_task(self._listener.listen())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _restore_link(self, request: FaultRequest) -> None:
        if not self.is_cut_off:
            raise ConfigurationError("the line to IBKR is not lost, it cannot be restored")
        self.is_cut_off = False
        if request.kind == "lost":
            for client in self._gateway.clients.values():
                client.forget_subscriptions()
        self._notify_all(DATA_LOST if request.kind == "lost" else DATA_KEPT)

    def _order_by_hand(self, fault: FaultRequest) -> None:
        """Place the market order that a person types into TWS: a quantity below zero sells."""
        listed = self._gateway.view.market.instruments
        found = next((item for item in listed if item.symbol == fault.symbol), None)
        quantity = fault.quantity or 0
        if found is None or quantity == 0:
            raise ConfigurationError(f"no order of {quantity} {fault.symbol} can be placed by hand")
        self._gateway.broker.place_by_hand(
            OrderTerms(
                con_id=found.con_id,
                side=Side.BUY if quantity > 0 else Side.SELL,
                quantity=abs(quantity),
                order_type=OrderType.MARKET,
                limit_price=None,
                time_in_force=TimeInForce.DAY,
            )
        )

    def _notify_all(self, notice: tuple[int, str]) -> None:
        for client in list(self._gateway.clients.values()):
            client.error(NOT_A_REQUEST, *notice)
