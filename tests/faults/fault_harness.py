"""A desk and the real tool layer at one end of a socket, the simulator with faults at the other."""

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from core.settings import GatewaySettings, Mode, OrderSettings, Settings
from core.storage.artefacts import write_atomically
from core.types import OrderType, Side
from desk.tickets.registration import register
from desk.tickets.ticket_store import Holding
from ibkr.socket_gateway import open_socket
from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.faults.request import FaultRequest
from simulator.tws.gateway import Gateway
from tests.desk.desk_harness import NOW, Stage

REQUEST_SECONDS = 0.6
ACKNOWLEDGE_SECONDS = 0.4
PLACE_ORDER, CURRENT_TIME = 3, 49
HEARTBEAT = 0.01
OUR_LOOPS = "ibkr "  # how the threads of `ibkr.wire.event_loop` are called
WATCHER = 3  # a client id beside the desk's


class FaultHarness(Stage):
    """One account on one Monday, reached over a real socket.

    The gateway runs in a thread of its own, so that the tool layer meets it as it meets TWS.
    """

    def __init__(self, home, *, market=None, limits=None, rules=None, script=None):
        super().__init__(home)
        if market is not None:
            self.broker.close()
            self.market = market
            self.broker = Broker(market, state=home / "other", now=NOW, cash=1e6, rules=rules)
            self.account = self.broker.account
        self._prices = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.simulator = Gateway(self.broker, VirtualClock(NOW), limits=limits, faults=script)
        port = self._run(self.simulator.start())
        self.settings = Settings(
            mode=Mode.SIM,
            gateway=GatewaySettings(
                port=port,
                connect_timeout=1.0,
                request_timeout=REQUEST_SECONDS,
                history_timeout=2.0,
                messages_per_second=50.0,
            ),
            orders=OrderSettings(acknowledge_timeout=ACKNOWLEDGE_SECONDS),
        )

    @contextmanager
    def lateness(self):
        """Yield a list that fills with the seconds by which the gateway's loop wakes too late."""
        late = [0.0]

        async def beat():
            while True:
                due = self._loop.time() + HEARTBEAT
                await asyncio.sleep(HEARTBEAT)
                late.append(self._loop.time() - due)

        beating = asyncio.run_coroutine_threadsafe(beat(), self._loop)
        try:
            yield late
        finally:
            beating.cancel()

    def close(self):
        self.store.close()
        self._run(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def gateway(self, *, client_id=None, **_parts):
        changes = {} if client_id is None else {"order_client_id": client_id}
        chosen = self.settings.gateway.model_copy(update=changes)
        return open_socket(self.settings.model_copy(update={"gateway": chosen}), for_orders=True)

    @property
    def contracts(self):
        return super().contracts[:8]  # as many as the tests need: each is asked for at 50 a second

    def prices(self):
        """Return the prices of Monday morning, before any fault."""
        if not self._prices:
            with self.gateway(client_id=WATCHER) as gateway:
                quotes = gateway.market.bulk_quote(self.contracts).quotes
            self._prices = {quote.con_id: quote.reference_price for quote in quotes}
        return self._prices

    def register(self, ticket, *, now=NOW):
        path = f"reports/{ticket.sha256[:8]}.json"
        write_atomically(self.home / path, ticket.content())
        held = [
            Holding(p.con_id, p.symbol, p.quantity, p.market_price)
            for p in self.snapshot().positions
        ]
        return register(self.store, ticket, path=path, holdings=held, world={}, now=now)

    def snapshot(self):
        with self.gateway(client_id=WATCHER) as gateway:
            return gateway.portfolio.snapshot()

    def states(self):
        with self.gateway() as gateway:
            return gateway.trading.order_states()

    def held(self, order, quantity):
        """Let the account order shares already, without a word to the desk."""
        bought = replace(
            order,
            side=Side.BUY if quantity > 0 else Side.SELL,
            quantity=abs(quantity),
            order_type=OrderType.MARKET,
            limit_price=None,
            order_ref=f"hand:{order.con_id}:{quantity}",
        )
        with self.gateway(client_id=WATCHER) as gateway:
            gateway.trading.place_orders([bought], timeout=1.0)

    def fault(self, name, **options):
        """Switch a fault on, as the control port does."""
        self.call(self.simulator.gateway_faults.switch, FaultRequest(fault=name, **options))

    def triggered(self):
        """Return the names of the faults that have triggered, oldest first."""
        return [fault.fault for fault in self.simulator.faults.history]

    def advance_to(self, moment):
        self._run(self.simulator.advance_to(moment))

    def call(self, function, *arguments):
        """Call something of the gateway on the gateway's own thread."""

        async def calling():
            return function(*arguments)

        return self._run(calling())

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@contextmanager
def within(seconds):
    """Fail when the deadlines and pauses that ran out in the block add up to more.

    What counts is what our side of the line asked for, however long a slow machine takes over it.
    """
    ran_out, call_at = [], asyncio.BaseEventLoop.call_at

    def recorded(loop, when, callback, *arguments, **context):
        asked = when - loop.time()

        def at_its_time(*arguments):
            ran_out.append(asked)
            return callback(*arguments)

        ours = threading.current_thread().name.startswith(OUR_LOOPS)
        called = at_its_time if ours else callback
        return call_at(loop, when, called, *arguments, **context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "call_at", recorded)
        yield
    assert sum(ran_out) < seconds, f"waited for {sum(ran_out):.1f} s, may wait {seconds} s"
