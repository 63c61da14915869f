"""A world in this process whose clock stands still until a replay moves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum
from pathlib import Path
from statistics import fmean

import uvicorn
from starlette.applications import Starlette

from core.calendar import Session, previous_session
from core.closeable import Closeable
from core.errors import ConfigurationError, NoData
from core.settings import Settings
from ibkr.replay.market_data import ReplayMarketData
from ibkr.replay.portfolio import ReplayPortfolio
from ibkr.replay.received import whole_seconds
from ibkr.replay.source import ReplaySource
from ibkr.replay.trading import ReplayTrading
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.clock import VirtualClock
from simulator.exchange.holdings import Holding
from simulator.exchange.orders import Execution
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import MarketView, midnight
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.vendors import build_vendors

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 3  # that a request under way is waited for


@dataclass(frozen=True, slots=True)
class Held:
    """One position between two sessions."""

    con_id: int
    quantity: float  # shares, negative for short
    average_cost: float  # per share, commission included


@dataclass(frozen=True, slots=True)
class Account:
    """All that an account is between two sessions, when no order works. Base currency."""

    cash: float
    holdings: tuple[Held, ...] = ()  # sorted by conId
    balances: Mapping[str, float] = field(default_factory=dict)  # other currencies, each in itself


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one session came to, at its close. Money in base currency."""

    equity: float
    traded: float  # value of everything bought and sold, without sign
    commissions: float
    spread: float  # paid beyond the opening price by what traded at the open
    fills: int
    equal_weight_return: float  # of the universe, from close to close, without costs
    account: Account


class ReplayGateway(Closeable):
    """A `ibkr.gateway.Gateway` onto one broker, whose clock others move."""

    def __init__(
        self, broker: Broker, directory: ContractLookup, *, client_id: int, for_orders: bool
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
        view = self._broker.exchange.view
        return ReplayMarketData(view, self._directory, self._broker.now)

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


class ReplayEnvironment:
    """One session after the other, at an exchange in this process.

    `begin`, then whatever the session asks of `open_gateway`, then `settle`; and the next.
    """

    def __init__(self, source: ReplaySource, clock: VirtualClock, http_url: str) -> None:
        self.http_url, self.title = http_url, source.title
        self._source, self._clock = source, clock
        self._directory = ContractLookup(source.market, now=clock.now)
        self._broker: Broker | None = None

    def begin(self, session: Session, account: Account, *, state: Path) -> None:
        """Give the account to a fresh broker and move to the session's decision time.

        Nothing of earlier sessions is kept: what a replay holds in memory does not grow.
        ``state`` is an empty folder for the session's orders.
        """
        is_first = self._broker is None
        self._broker = Broker(
            self._source.market,
            state=state,
            now=self._clock.now(),
            cash=account.cash,
            base=self._source.settings.base_currency,
        )
        self._broker.exchange.positions.balances.update(account.balances)
        if not is_first:  # what the account of an untidy world began with is among its holdings
            self._broker.exchange.holdings.clear()
        self._broker.exchange.holdings.update(
            {one.con_id: Holding(one.quantity, one.average_cost) for one in account.holdings}
        )
        self._advance_to(session.decision_time)

    def open_gateway(self, settings: Settings, *, for_orders: bool = False) -> ReplayGateway:
        """Open the account of the session that has begun; see `ibkr.gateway.OpenGateway`."""
        client_id = settings.gateway.order_client_id if for_orders else settings.gateway.client_id
        return ReplayGateway(
            self._begun, self._directory, client_id=client_id, for_orders=for_orders
        )

    def settle(self, session: Session, *, universe: Iterable[int]) -> Settlement:
        """Play the session up to its close and return what it came to.

        ``universe`` are the conIds that the equal-weight comparison holds.
        """
        self._advance_to(session.close)
        broker = self._begun
        exchange = broker.exchange
        assert not exchange.orders.working, "orders of a replay are valid for one session"
        executions = exchange.executions_since(midnight(session.day))
        holdings = sorted(exchange.holdings.items())
        settlement = Settlement(
            equity=value(exchange).equity,
            traded=fsum(_value(exchange.view, one, one.price) for one in executions),
            commissions=fsum(one.commission for one in executions),
            spread=fsum(_spread(exchange.view, one, session) for one in executions),
            fills=len(executions),
            equal_weight_return=_equal_weight_return(exchange.view, universe, session),
            account=Account(
                exchange.cash,
                tuple(Held(con_id, one.quantity, one.average_cost) for con_id, one in holdings),
                dict(sorted(exchange.positions.balances.items())),
            ),
        )
        broker.close()
        self._broker = None
        return settlement

    @property
    def _begun(self) -> Broker:
        assert self._broker is not None, "begin() comes first"
        return self._broker

    def _advance_to(self, moment: datetime) -> None:
        self._clock.advance_to(moment)
        self._begun.exchange.advance_to(moment)


@contextmanager
def open_replay(source: ReplaySource, first: Session) -> Iterator[ReplayEnvironment]:
    """Open the world at the close before its first session; its vendors listen until the end."""
    clock = VirtualClock(previous_session(first.day).close)
    vendors = build_vendors(
        source.market,
        clock,
        fundamentals=source.files.fundamentals,
        macro=source.files.macro,
        seed=source.settings.seed,
    )
    with _serve(vendors) as http_url:
        yield ReplayEnvironment(source, clock, http_url)


@contextmanager
def _serve(vendors: Starlette) -> Iterator[str]:
    """Serve the vendors over HTTP while the block runs, so that feeds ask them as ever.

    Yields their address, on a free loopback port of this process.
    """
    config = uvicorn.Config(
        vendors,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()  # from here on a request waits until the thread is ready for it
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="vendors", daemon=True
        )
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _value(view: MarketView, execution: Execution, price: float) -> float:
    """Return what an execution's shares are worth at a price, in the base currency."""
    currency = view.instrument(execution.con_id).currency
    return execution.quantity * price * rate(view, currency, execution.time)


def _spread(view: MarketView, execution: Execution, session: Session) -> float:
    """Return what an execution at the open cost beyond the opening price."""
    if execution.time != session.open:
        return 0.0  # it rested, and got its own limit
    bar = view.opening_bar(execution.con_id, session.day, session.close)
    assert bar is not None, "what traded has a bar"
    return execution.side.sign * _value(view, execution, execution.price - bar.open)


def _equal_weight_return(view: MarketView, universe: Iterable[int], session: Session) -> float:
    """Return the mean return from close to close of the names that traded on both days.

    In the base currency, as the account's own return is.

    Raises `NoData` when there is none.
    """
    before = previous_session(session.day)
    days = [before.day, session.day]
    returns = []
    for con_id in universe:
        bars = view.daily(con_id, session.close)[-2:]
        if [bar.session for bar in bars] == days:
            currency = view.instrument(con_id).currency
            was, now = (rate(view, currency, each.close) for each in (before, session))
            returns.append(bars[1].close * now / (bars[0].close * was) - 1.0)
    if not returns:
        raise NoData(f"no name traded both on {days[0]} and on {days[1]}")
    return fmean(returns)
