"""The TWS gateway: one port, many clients, one account, one clock."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime

from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.faults.schedule import Faults
from simulator.market.market import DailyBar
from simulator.prices.market_view import phase
from simulator.tws.client_connection import Client
from simulator.tws.fault_script import FaultScript
from simulator.tws.gateway_faults import GatewayFaults
from simulator.tws.handler_context import ClientSession
from simulator.tws.handlers import HANDLERS
from simulator.tws.listener import Listener
from simulator.tws.messages.history import encode_bars
from simulator.tws.notifications import Notifications
from simulator.tws.permissions import odd_permissions
from simulator.tws.protocol.frame_log import FrameLog
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.rate_limits import Limits
from simulator.tws.request_dispatch import Service
from simulator.vendors.newsroom import Newsroom
from simulator.vendors.vendor_facts import VendorFacts

ENCODED_HISTORIES = 1000  # kept ready; two years of daily bars are about 30 kB

HistoryKey = tuple[int, date, date, date, date, bool]


class Gateway:
    """What all clients share, wired together: market, accounts, clock, faults and one port."""

    def __init__(
        self,
        broker: Broker,
        clock: VirtualClock,
        *,
        limits: Limits | None = None,
        faults: FaultScript | None = None,
        log: FrameLog | None = None,
        master_client: int | None = None,
        vendor_facts: VendorFacts | None = None,
    ) -> None:
        self.broker = broker
        self.clock = clock
        self.limits = limits or Limits()
        self.log = log
        self.master_client = master_client  # sees the orders of all clients
        self.view = broker.exchange.view
        self.vendor_facts = vendor_facts or VendorFacts(self.view)
        self.news = Newsroom(self.vendor_facts)
        self.directory = ContractLookup(self.view.market, view=self.view, now=clock.now)
        script = faults or FaultScript()
        self.permissions = odd_permissions(
            script.permissions, self.view.market.instruments, self.view.untidy
        )
        self.faults = Faults(script.faults, seed=script.seed, now=clock.now)
        self.view.announced.faults = self.faults.announced
        self.clients: dict[int, ClientSession] = {}  # started, by client id
        self._listener = Listener(self._connect, self._forget)
        self.gateway_faults = GatewayFaults(self, self._listener)
        self._notifications = Notifications(self)
        self.service = Service(
            self, HANDLERS, notifications=self._notifications, gateway_faults=self.gateway_faults
        )
        self._histories: OrderedDict[HistoryKey, bytes] = OrderedDict()
        broker.watch(self._notifications.on_event)
        clock.watch(self._clock_moved)

    @property
    def is_cut_off(self) -> bool:
        """Whether TWS has lost its line to IBKR, so that only it itself still answers."""
        return self.gateway_faults.is_cut_off

    @property
    def next_order_id(self) -> int:
        """What clients are told to number their next order."""
        rolled_back = self.faults.standing("roll_back_ids")
        ids = rolled_back.ids or 0 if rolled_back else 0
        return max(self.broker.next_order_id - ids, 1)

    async def start(self, port: int = 0) -> int:
        """Listen and return the port; 0 lets the system choose one."""
        port = await self._listener.listen(port)
        self.gateway_faults.trigger_due()
        return port

    async def stop(self) -> None:
        """Close the port, every connection and the ledger."""
        self.gateway_faults.stop()
        await self._listener.stop()
        self.broker.close()
        if self.log is not None:
            self.log.close()

    async def advance_to(self, moment: datetime) -> None:
        """Move the clock and wait until everything that follows is written to the clients.

        Faults on the way act at their moment. Raises `ConfigurationError` for an earlier
        moment and `NoData` for one beyond the calendar.
        """
        phase(moment)  # raises before anything has moved
        for stop in self.faults.moments(moment):
            if stop > self.clock.now():
                self.clock.advance_to(stop)
            self.gateway_faults.trigger_due()
        self.clock.advance_to(moment)
        await self._listener.drain()

    def admit(self, client: ClientSession, client_id: int) -> bool:
        """Give a client its id, unless another one has it."""
        if client_id in self.clients or self.gateway_faults.keeps(client_id):
            return False
        client.client_id = client_id
        self.clients[client_id] = client
        return True

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
        self._notifications.prices_moved()
        self._notifications.flush()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Client:
        return Client(self, self.service.serve, reader, writer)

    def _forget(self, client: Client) -> None:
        """Free the id of a client that has gone, and drop what it waited for."""
        self.service.pending_history.forget(client)
        if client.client_id is not None and self.clients.get(client.client_id) is client:
            del self.clients[client.client_id]
