"""The gateway whose other end is an exchange in this process."""

from __future__ import annotations

from datetime import datetime

from core.closeable import Closeable
from core.errors import ConfigurationError
from ibkr.replay.market_data import ReplayMarketData
from ibkr.replay.portfolio import ReplayPortfolio
from ibkr.replay.received import whole_seconds
from ibkr.replay.trading import ReplayTrading
from simulator.broker.broker import Broker
from simulator.tws.queries.contract_lookup import Directory


class ReplayGateway(Closeable):
    """A `ibkr.gateway.Gateway` onto one broker, whose clock others move."""

    def __init__(
        self, broker: Broker, directory: Directory, *, client_id: int, for_orders: bool
    ) -> None:
        self._broker, self._directory = broker, directory
        self._client_id, self._for_orders = client_id, for_orders

    @property
    def account(self) -> str:
        """The account that everything here is about."""
        return self._broker.account

    @property
    def market(self) -> ReplayMarketData:
        """Market data as of now."""
        tape = self._broker.exchange.tape
        return ReplayMarketData(tape, self._directory, self._broker.now)

    @property
    def portfolio(self) -> ReplayPortfolio:
        """What the account holds now."""
        return ReplayPortfolio(self._broker)

    @property
    def trading(self) -> ReplayTrading:
        """Orders. Raises `ConfigurationError` unless the gateway was opened for them."""
        if not self._for_orders:
            raise ConfigurationError(
                "this connection is for market data: open one with for_orders=True"
            )
        return ReplayTrading(self._broker, self._directory, client_id=self._client_id)

    def server_time(self) -> datetime:
        """Return the exchange's moment in UTC; TWS tells whole seconds."""
        return whole_seconds(self._broker.now)

    def close(self) -> None:
        """Do nothing: the broker belongs to the world."""
