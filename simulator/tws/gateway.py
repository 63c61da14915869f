"""The TWS gateway: one port, many clients, one account, one clock."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.faults.schedule import Faults
from simulator.handlers import HANDLERS
from simulator.market.market import DailyBar
from simulator.messages.history import encode_bars
from simulator.prices.market_view import phase
from simulator.tws.client import Client
from simulator.tws.fault_script import FaultScript
from simulator.tws.notifications import Pushes
from simulator.tws.outages import Outages
from simulator.tws.pending_history import OpenHistories
from simulator.tws.protocol.frame_log import WireLog
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.contract_lookup import Directory
from simulator.tws.rate_limits import Limits, MessageRate
from simulator.vendors.newsroom import Newsroom
from simulator.vendors.vendor_facts import Facts

LOOPBACK = "127.0.0.1"
ENCODED_HISTORIES = 1000  # kept ready; two years of daily bars are about 30 kB

Handler = Callable[[Client, Fields], None]
HistoryKey = tuple[int, date, date, date, date, bool]


class Gateway:
    """What all clients share: market, account, clock, faults.

    It listens on the loopback address only: a simulator that other machines can reach would
    sooner or later be taken for a real gateway.
    """

    def __init__(
        self,
        broker: Broker,
        clock: VirtualClock,
        *,
        limits: Limits | None = None,
        faults: FaultScript | None = None,
        log: WireLog | None = None,
        master_client: int | None = None,
        facts: Facts | None = None,
    ) -> None:
        self.broker = broker
        self.clock = clock
        self.limits = limits or Limits()
        self.log = log
        self.master_client = master_client  # is told of the orders of all clients
        self.rate = MessageRate()
        self.histories = OpenHistories(self)
        self.tape = broker.exchange.tape
        self.facts = facts or Facts(self.tape)
        self.news = Newsroom(self.facts)
        self.directory = Directory(self.tape.market, tape=self.tape, now=clock.now)
        self.handlers: Mapping[int, Handler] = {
            int(number): act for number, act in HANDLERS.items()
        }
        script = faults or FaultScript()
        self.permissions = script.permissions
        self.faults = Faults(script.faults, seed=script.seed, now=clock.now)
        self.outages = Outages(self)
        self.clients: dict[int, Client] = {}  # started, by client id
        self.connected: set[Client] = set()  # started or not
        self.pushes = Pushes(self)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._histories: OrderedDict[HistoryKey, bytes] = OrderedDict()
        broker.watch(self.pushes.happened)
        clock.watch(self._clock_moved)

    @property
    def is_cut_off(self) -> bool:
        """Whether TWS has lost its line to IBKR, so that only it itself still answers."""
        return self.outages.is_cut_off

    @property
    def next_order_id(self) -> int:
        """What clients are told to number their next order."""
        rolled_back = self.faults.standing("roll_back_ids")
        ids = rolled_back.ids or 0 if rolled_back else 0
        return max(self.broker.next_order_id - ids, 1)

    async def start(self, port: int = 0) -> int:
        """Listen and return the port; 0 lets the system choose one."""
        await self.listen(port)
        self.outages.strike_due()
        return self._port

    async def listen(self, port: int = 0) -> None:
        """Open the port; 0 is the one it was open on before, if any."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, port or self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def close_port(self) -> None:
        """Stop listening and reset every connection."""
        if self._server is not None:
            self._server.close()
        for client in list(self.connected):
            client.abort()

    async def stop(self) -> None:
        """Close the port, every connection and the ledger."""
        self.outages.stop()
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.broker.close()
        if self.log is not None:
            self.log.close()

    async def advance_to(self, moment: datetime) -> None:
        """Move the clock and wait until everything that follows is written to the clients.

        Faults on the way strike at their moment. Raises `ConfigurationError` for an earlier
        moment and `NoData` for one beyond the calendar.
        """
        phase(moment)  # raises before anything has moved
        for stop in self.faults.moments(moment):
            if stop > self.clock.now():
                self.clock.advance_to(stop)
            self.outages.strike_due()
        self.clock.advance_to(moment)
        await asyncio.gather(*(client.drain() for client in self.clients.values()))

    def admit(self, client: Client, client_id: int) -> bool:
        """Give a client its id, unless another one has it."""
        if client_id in self.clients or self.outages.keeps(client_id):
            return False
        client.client_id = client_id
        self.clients[client_id] = client
        return True

    def forget(self, client: Client) -> None:
        """Free the id of a client that has gone, and drop what it waited for."""
        self.connected.discard(client)
        self.histories.forget(client)
        if client.client_id is not None and self.clients.get(client.client_id) is client:
            del self.clients[client.client_id]

    def encoded_bars(self, con_id: int, bars: Sequence[DailyBar], *, traded: bool) -> bytes:
        """Return bars ready for the wire. Encoding, not the socket, is what history costs."""
        where = phase(self.clock.now())
        span = bars[0].session, bars[-1].session
        key = (con_id, *span, where.last_complete, where.day, traded)
        if key not in self._histories:
            self._histories[key] = encode_bars(bars, traded=traded)
            if len(self._histories) > ENCODED_HISTORIES:
                self._histories.popitem(last=False)
        return self._histories[key]

    def _clock_moved(self, now: datetime) -> None:
        self.broker.advance_to(now)
        self.pushes.prices_moved()
        self.pushes.flush()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self, reader, writer)
        self.connected.add(client)
        connection = asyncio.create_task(client.run())
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
