"""The TWS gateway: one port, many clients, one account, one clock."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from simulator.broker import Broker
from simulator.client import Client
from simulator.clock import VirtualClock
from simulator.directory import Directory
from simulator.faults import Faults
from simulator.handlers import HANDLERS
from simulator.market import DailyBar
from simulator.messages.history import encode_bars
from simulator.pushes import Pushes
from simulator.tape import phase
from simulator.wire import Fields

LOOPBACK = "127.0.0.1"
ENCODED_HISTORIES = 1000  # kept ready; two years of daily bars are about 30 kB

Handler = Callable[[Client, Fields], None]
HistoryKey = tuple[int, date, date, date, date, bool]


class Gateway:
    """What all clients share: market, account, clock, faults.

    It listens on the loopback address only: a simulator that other machines can reach would
    sooner or later be taken for a real gateway.
    """

    def __init__(self, broker: Broker, clock: VirtualClock, *, snapshot_delay: float = 0.0) -> None:
        self.broker = broker
        self.clock = clock
        self.snapshot_delay = snapshot_delay  # seconds before the end of a snapshot
        self.tape = broker.exchange.tape
        self.directory = Directory(self.tape.market)
        self.handlers: Mapping[int, Handler] = {
            int(number): act for number, act in HANDLERS.items()
        }
        self.faults = Faults()
        self.clients: dict[int, Client] = {}
        self.pushes = Pushes(self)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._histories: OrderedDict[HistoryKey, bytes] = OrderedDict()
        broker.exchange.watch(self.pushes.happened)
        clock.watch(self._clock_moved)

    async def start(self, port: int = 0) -> int:
        """Listen and return the port; 0 lets the system choose one."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, port)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Close the port, every connection and the ledger."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.broker.close()

    async def advance_to(self, moment: datetime) -> None:
        """Move the clock and wait until everything that follows is written to the clients.

        Raises `ConfigurationError` for an earlier moment and `NoData` for one beyond the calendar.
        """
        phase(moment)  # raises before anything has moved
        self.clock.advance_to(moment)
        await asyncio.gather(*(client.drain() for client in self.clients.values()))

    def admit(self, client: Client, client_id: int) -> bool:
        """Give a client its id, unless another one has it."""
        if client_id in self.clients:
            return False
        client.client_id = client_id
        self.clients[client_id] = client
        return True

    def forget(self, client: Client) -> None:
        """Free the id of a client that has gone."""
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
        self.broker.exchange.advance_to(now)
        self.pushes.prices_moved()
        self.pushes.flush()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(Client(self, reader, writer).run())
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
