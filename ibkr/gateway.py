"""What every stage, the desk and the agent know of IBKR: one protocol, two implementations.

`ibkr.socket_gateway` speaks to TWS, IB Gateway or the simulator over a socket; `ibkr.replay` is
the simulator's exchange in this process. Both give the same answers to the same questions. What a
day does not need, a `FullGateway` has: it always is a socket.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from core.settings import Settings
from core.types import Order, OrderState, Snapshot, WhatIf
from ibkr.account.tools import AccountTools
from ibkr.contracts.tools import ContractTools
from ibkr.health import Health
from ibkr.market.market_data import MarketData
from ibkr.market.news import NewsTools
from ibkr.market.scanner import Scanner
from ibkr.market.tools import MarketTools
from ibkr.options.tools import OptionTools
from ibkr.orders.send import Leaving, unasked
from ibkr.orders.tools import OrderTools


class PortfolioTools(Protocol):
    """The account; documented at `ibkr.account.portfolio.Portfolio`."""

    def snapshot(self) -> Snapshot:
        """Return positions and account figures, whole, as of the gateway's time."""


class TradingToolsProtocol(Protocol):
    """The broker's verbs; documented at `ibkr.orders.trading.TradingTools`."""

    def what_if(self, order: Order) -> WhatIf:
        """Ask the what-if of one order; it leaves no order behind."""

    def place_orders(
        self, orders: Sequence[Order], *, timeout: float, leaving: Leaving = unasked
    ) -> tuple[OrderState, ...]:
        """Send a batch, each order inside ``leaving``; return how those stand that left."""

    def order_states(self) -> dict[str, OrderState]:
        """Return every order of this account that the broker knows today, by order_ref."""

    def orders_by_hand(self) -> tuple[OrderState, ...]:
        """Return the orders for stocks without an order_ref that still work, by permId."""

    def await_fills(self, order_refs: Collection[str], *, timeout: float) -> dict[str, OrderState]:
        """Wait until these orders are over with all commissions, at most ``timeout`` seconds."""

    def cancel(self, order_ref: str, *, timeout: float) -> OrderState:
        """Cancel one order and return how it stands, at the latest after ``timeout`` seconds."""


class Gateway(Protocol):
    """An open, checked line to one account; leaving the ``with`` block closes it."""

    @property
    def account(self) -> str:
        """The account that everything here is about."""

    @property
    def market(self) -> MarketTools:
        """Market data."""

    @property
    def portfolio(self) -> PortfolioTools:
        """What the account holds."""

    @property
    def trading(self) -> TradingToolsProtocol:
        """Orders. Raises `ConfigurationError` unless the gateway was opened for them."""

    def server_time(self) -> datetime:
        """Return the gateway's clock, in UTC. An answer proves that the line works."""

    def __enter__(self) -> Self:
        """Return the gateway itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the line."""


class OpenGateway(Protocol):
    """Opens a gateway: the one place that decides which body a run talks to."""

    def __call__(self, settings: Settings, *, for_orders: bool = False) -> Gateway:
        """Open a line; one for orders has its own client id. Raises `GatewayError`."""


class FullGateway(Gateway, Protocol):
    """A gateway with every tool there is. People and agents have one; the day needs less."""

    @property
    def market(self) -> MarketData:
        """Market data of any instrument: quotes, order book, bars of every size."""

    @property
    def account_tools(self) -> AccountTools:
        """The account, question by question: figures, ledgers, positions, profit."""

    @property
    def orders(self) -> OrderTools:
        """Orders, question by question, and the verbs that change them."""

    @property
    def health(self) -> Health:
        """Whether data flows, and a new line when it does not."""

    @property
    def contracts(self) -> ContractTools:
        """Instruments of every kind: looked up, described, with hours and price increments."""

    @property
    def options(self) -> OptionTools:
        """Expirations, strikes, chains and greeks."""

    @property
    def scanner(self) -> Scanner:
        """Market scans and the codes they are asked by."""

    @property
    def news(self) -> NewsTools:
        """Providers, headlines and articles."""


class OpenFullGateway(Protocol):
    """Opens a gateway with every tool."""

    def __call__(self, settings: Settings, *, for_orders: bool = False) -> FullGateway:
        """Open a line; one for orders has its own client id. Raises `GatewayError`."""
