"""A world in this process whose clock stands still until a replay moves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from pathlib import Path
from statistics import fmean

from core.calendar import Session, previous_session
from core.errors import NoData
from core.settings import Settings
from ibkr.replay.gateway import ReplayGateway
from ibkr.replay.source import ReplaySource
from ibkr.replay.vendors import serve
from simulator.broker.broker import Broker
from simulator.broker.valuation import value
from simulator.clock import VirtualClock
from simulator.exchange.holdings import Holding
from simulator.exchange.orders import Execution
from simulator.prices.market_view import Tape, midnight
from simulator.tws.queries.contract_lookup import Directory
from simulator.vendors import build_vendors


@dataclass(frozen=True, slots=True)
class Held:
    """One position between two sessions."""

    con_id: int
    quantity: int  # shares, negative for short
    average_cost: float  # per share, commission included


@dataclass(frozen=True, slots=True)
class Account:
    """All that an account is between two sessions, when no order works. Base currency."""

    cash: float
    holdings: tuple[Held, ...] = ()  # sorted by conId


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


class ReplayWorld:
    """One session after the other, at an exchange in this process.

    `begin`, then whatever the session asks of `open_gateway`, then `settle`; and the next.
    """

    def __init__(self, source: ReplaySource, clock: VirtualClock, http_url: str) -> None:
        self.http_url, self.title = http_url, source.title
        self._source, self._clock = source, clock
        self._directory = Directory(source.market)
        self._broker: Broker | None = None

    def begin(self, session: Session, account: Account, *, state: Path) -> None:
        """Give the account to a fresh broker and move to the session's decision time.

        Nothing of earlier sessions is kept: what a replay holds in memory does not grow.
        ``state`` is an empty folder for the session's orders.
        """
        self._broker = Broker(
            self._source.market, state=state, now=self._clock.now(), cash=account.cash
        )
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
            traded=fsum(one.quantity * one.price for one in executions),
            commissions=fsum(one.commission for one in executions),
            spread=fsum(_spread(exchange.tape, one, session) for one in executions),
            fills=len(executions),
            equal_weight_return=_equal_weight_return(exchange.tape, universe, session),
            account=Account(
                exchange.cash,
                tuple(Held(con_id, one.quantity, one.average_cost) for con_id, one in holdings),
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
def open_world(source: ReplaySource, first: Session) -> Iterator[ReplayWorld]:
    """Open the world at the close before its first session; its vendors listen until the end."""
    clock = VirtualClock(previous_session(first.day).close)
    vendors = build_vendors(
        source.market,
        clock,
        fundamentals=source.files.fundamentals,
        macro=source.files.macro,
        seed=source.settings.seed,
    )
    with serve(vendors) as http_url:
        yield ReplayWorld(source, clock, http_url)


def _spread(tape: Tape, execution: Execution, session: Session) -> float:
    """Return what an execution at the open cost beyond the opening price."""
    if execution.time != session.open:
        return 0.0  # it rested, and got its own limit
    bar = tape.opening_bar(execution.con_id, session.day, session.close)
    assert bar is not None, "what traded has a bar"
    return execution.side.sign * execution.quantity * (execution.price - bar.open)


def _equal_weight_return(tape: Tape, universe: Iterable[int], session: Session) -> float:
    """Return the mean return from close to close of the names that traded on both days.

    Raises `NoData` when there is none.
    """
    days = [previous_session(session.day).day, session.day]
    returns = []
    for con_id in universe:
        bars = tape.daily(con_id, session.close)[-2:]
        if [bar.session for bar in bars] == days:
            returns.append(bars[1].close / bars[0].close - 1.0)
    if not returns:
        raise NoData(f"no name traded both on {days[0]} and on {days[1]}")
    return fmean(returns)
