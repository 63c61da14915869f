"""The same desk in front of the same exchange, but behind a socket: with every tool there is."""

from contextlib import ExitStack

from core.settings import GatewaySettings
from ibkr.socket_gateway import open_socket
from ibkr.wire.event_loop import LoopThread
from simulator.clock import VirtualClock
from simulator.tws.gateway import Gateway
from tests.desk.desk_harness import NOW, ORDERS_FROM, Faulty, Stage
from tests.fixtures.pace import hurried


class SocketStage(Stage):
    """Connections are kept until the end: one for each client id."""

    def __init__(self, home):
        super().__init__(home)
        self._served = Gateway(self.broker, VirtualClock(NOW))
        self._thread = LoopThread("socket stage")
        self._port = self._thread.run(self._served.start())
        self._open = {}
        self._connections = ExitStack()

    def close(self):
        self._connections.close()
        self._thread.run(self._served.stop())  # the ledger with it
        self._thread.close()
        self.store.close()

    def gateway(self, *, client_id=ORDERS_FROM, **parts):
        if client_id not in self._open:
            line = GatewaySettings(
                port=self._port,
                order_client_id=client_id,
                request_timeout=5.0,
                messages_per_second=50.0,
            )
            settings = self.settings.model_copy(update={"gateway": line})
            with hurried():
                opened = open_socket(settings, for_orders=True)
            self._open[client_id] = self._connections.enter_context(opened)
        real = self._open[client_id]
        return Faulty(real, **parts) if parts else real

    def advance_to(self, moment):
        self._thread.run(self._served.advance_to(moment))

    def placed(self):
        """Return the events that placed or changed orders at the exchange."""
        return [e.event for e in self.broker.ledger.events if e.event in {"placed", "modified"}]
