"""The same world twice: behind a socket, and in this process."""

from contextlib import contextmanager
from types import SimpleNamespace

from core.settings import GatewaySettings, Settings
from ibkr.replay.world import ReplayGateway
from ibkr.socket_gateway import open_socket
from ibkr.wire.event_loop import LoopThread
from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.tws.gateway import Gateway
from simulator.tws.queries.contract_lookup import ContractLookup


class TwoGateways:
    """Asks both gateways the same question; their clocks move together."""

    def __init__(self, thread, served, brokers, settings):
        self._thread, self._served, self._brokers = thread, served, brokers
        self._broker = broker = brokers[1]
        self._directory = ContractLookup(broker.exchange.view.market, now=lambda: broker.now)
        self.settings = settings

    def open_replay(self, *, for_orders=False):
        line = self.settings.gateway
        client_id = line.order_client_id if for_orders else line.client_id
        return ReplayGateway(
            self._broker, self._directory, client_id=client_id, for_orders=for_orders
        )

    def answers(self, question, *, for_orders=False):
        """Return what the socket and what the replay answer; an error is an answer."""
        with open_socket(self.settings, for_orders=for_orders) as gateway:
            over_socket = _asked(question, gateway)
        return over_socket, _asked(question, self.open_replay(for_orders=for_orders))

    def by_hand(self, terms):
        """Place an order at both as a person does in TWS."""
        for broker in self._brokers:
            broker.place(terms, order_id=broker.next_order_id, client_id=0)

    def advance_to(self, moment):
        self._thread.run(self._served.advance_to(moment))
        self._broker.exchange.advance_to(moment)


@contextmanager
def two_gateways(market, folder, *, at, cash=1_000_000.0):
    """Open a market at a moment, once behind a socket and once in this process."""
    served = Broker(market, state=folder / "served", now=at, cash=cash)
    replayed = Broker(market, state=folder / "replayed", now=at, cash=cash)
    gateway = Gateway(served, VirtualClock(at))
    thread = LoopThread("two gateways")
    try:
        port = thread.run(gateway.start())
        settings = Settings(gateway=GatewaySettings(port=port, messages_per_second=50.0))
        yield TwoGateways(thread, gateway, (served, replayed), settings)
    finally:
        thread.run(gateway.stop())
        thread.close()
        replayed.close()


def _asked(question, gateway):
    try:
        return question(gateway)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other body must say the same
        return SimpleNamespace(kind=type(error), text=str(error))
