"""The gateway at the other end of a socket: TWS, IB Gateway, or the simulator."""

from __future__ import annotations

from datetime import datetime

from core.closeable import Closeable
from core.errors import ConfigurationError
from core.settings import Settings
from ibkr.account.portfolio import Portfolio
from ibkr.account.tools import AccountTools
from ibkr.contracts.tools import ContractTools
from ibkr.health import Health
from ibkr.market.market_data import MarketData
from ibkr.market.news import NewsTools
from ibkr.market.scanner import Scanner
from ibkr.options.tools import OptionTools
from ibkr.orders.tools import OrderTools
from ibkr.orders.trading import TradingTools
from ibkr.wire.connection import Connection


class SocketGateway(Closeable):
    """A `ibkr.gateway.FullGateway` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.market = MarketData(connection)
        self.contracts = ContractTools(connection)
        self.options = OptionTools(connection, self.market)
        self.scanner = Scanner(connection)
        self.news = NewsTools(connection)
        self.portfolio = Portfolio(connection)
        self.account_tools = AccountTools(connection)
        self.orders = OrderTools(connection)
        self.health = Health(connection, self.market, self.account_tools)

    @property
    def account(self) -> str:
        """The account that everything here is about."""
        return self._connection.account

    @property
    def trading(self) -> TradingTools:
        """Orders. Raises `ConfigurationError` unless the gateway was opened for them."""
        return TradingTools(self._connection)

    def server_time(self) -> datetime:
        """Return the gateway's clock, in UTC. An answer proves that the line works."""
        return self._connection.server_time()

    def close(self) -> None:
        """Close the line."""
        self._connection.close()


def open_socket(settings: Settings, *, for_orders: bool = False) -> SocketGateway:
    """Connect to the gateway that the settings name; see `ibkr.wire.connection.Connection.open`."""
    port = settings.gateway.port
    if port is None:
        raise ConfigurationError("gateway.port is not set: no gateway to connect to")
    return SocketGateway(
        Connection.open(settings.gateway, mode=settings.mode, port=port, for_orders=for_orders)
    )
