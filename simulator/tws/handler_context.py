"""What the handler of a request may see and do: its client's session, and what clients share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from simulator.broker.broker import Broker
from simulator.clock import VirtualClock
from simulator.faults.schedule import Faults
from simulator.market.market import DailyBar
from simulator.prices.intraday import TimedBar
from simulator.prices.market_depth import Book
from simulator.prices.market_view import MarketView
from simulator.tws.messages.market_data import DataType
from simulator.tws.permissions import Permissions
from simulator.tws.protocol.frame_log import FrameLog
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.history_request import HistoryRequest
from simulator.tws.queries.live_streams import LiveBars, TickStream
from simulator.tws.queries.subscriptions import QuoteSubscription
from simulator.tws.rate_limits import Limits
from simulator.vendors.newsroom import Newsroom
from simulator.vendors.vendor_facts import VendorFacts


@dataclass(frozen=True, slots=True)
class MultiRequest:
    """Which values of an account a client follows under a request id."""

    account: str
    ledger_only: bool  # the ledger and the net liquidation value, nothing else


@dataclass(slots=True)
class AccountStreams:
    """A client's subscriptions about accounts; those with a request id by that id."""

    positions: bool = False
    account: str | None = None  # whose values and portfolio it follows; one at a time
    multi: dict[int, MultiRequest] = field(default_factory=dict)
    summaries: dict[int, frozenset[str]] = field(default_factory=dict)  # their tags
    gains: dict[int, str] = field(default_factory=dict)  # of an account
    gains_of_one: dict[int, tuple[str, int]] = field(default_factory=dict)  # of a conId in it

    def end(self) -> None:
        """End them all."""
        self.positions, self.account = False, None
        for requests in (self.multi, self.summaries, self.gains, self.gains_of_one):
            requests.clear()


@dataclass(slots=True)
class MarketStreams:
    """A client's subscriptions about the market, by request id."""

    quotes: dict[int, QuoteSubscription] = field(default_factory=dict)
    scans: set[int] = field(default_factory=set)
    books: dict[int, Book] = field(default_factory=dict)
    bars: dict[int, tuple[HistoryRequest, DailyBar | TimedBar]] = field(default_factory=dict)
    live_bars: dict[int, LiveBars] = field(default_factory=dict)
    ticks: dict[int, TickStream] = field(default_factory=dict)
    bulletins_since: datetime | None = None  # until when bulletins were sent, None: not wanted
    knows_calendar: bool = False  # has asked which corporate events there are

    def end(self) -> None:
        """End all of them."""
        self.quotes.clear()
        self.scans.clear()
        self.books.clear()
        self.bars.clear()
        self.live_bars.clear()
        self.ticks.clear()
        self.bulletins_since = None


class SharedState(Protocol):
    """What all clients share: market, accounts, clock, limits, faults, and who is connected.

    Handlers read it. Only the gateway, which owns it, and its control port change it.
    """

    broker: Broker
    clock: VirtualClock
    view: MarketView
    directory: ContractLookup
    vendor_facts: VendorFacts
    news: Newsroom
    limits: Limits
    permissions: Permissions
    faults: Faults
    log: FrameLog | None
    master_client: int | None  # sees the orders of all clients

    @property
    def clients(self) -> Mapping[int, ClientSession]:
        """The clients that have started, by client id."""

    @property
    def is_cut_off(self) -> bool:
        """Whether TWS has lost its line to IBKR, so that only it itself still answers."""

    @property
    def next_order_id(self) -> int:
        """What clients are told to number their next order."""

    def admit(self, client: ClientSession, client_id: int) -> bool:
        """Give a client its id, unless another one has it."""

    def encoded_bars(self, con_id: int, bars: Sequence[DailyBar], *, traded: bool) -> bytes:
        """Return bars ready for the wire."""


class ClientSession(Protocol):
    """One connected client: what it was told, what it follows, and the way to answer it."""

    version: int  # of the protocol; encoders of frames that differ take it
    client_id: int | None  # none until startApi
    data_type: DataType
    account_streams: AccountStreams
    market_streams: MarketStreams
    snapshots: dict[int, asyncio.TimerHandle]  # not yet ended

    @property
    def gateway(self) -> SharedState:
        """What it shares with all other clients."""

    def send(self, *answers: bytes) -> None:
        """Write frames, each a whole one."""

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error, a warning or a notice."""

    def hang_up(self) -> None:
        """Close the connection after what was written."""

    def forget_subscriptions(self) -> None:
        """End every stream."""


Handler = Callable[[ClientSession, Fields], None]  # serves one request
