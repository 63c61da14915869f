"""Whether the broker is really there: data that flows, not just a socket that is open.

A gateway can take connections and answer nothing, answer the time and serve an account page of
yesterday, or serve the account and no market data for an hour after IBKR's nightly reset. So each
of them is asked for, and each has its own verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from core.calendar import local_moment
from core.clock import stopwatch
from core.errors import DataError, GatewayError, NoData
from core.text.counts import count
from core.types import Contract, Order, OrderType, Side
from ibkr.account.tools import AccountTools
from ibkr.market.market_data import MarketData
from ibkr.orders.trading import TradingTools
from ibkr.wire.connection import Connection
from ibkr.wire.link_status import Farm

_BARS = "5 D"
_MOST_ACTIVE = "MOST_ACTIVE"


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """What is known of a connection without asking the gateway anything."""

    connected: bool  # the socket is open; whether anybody reads it, only `Health.check` tells
    address: str
    account: str
    accounts: tuple[str, ...]
    client_id: int
    server_version: int
    for_orders: bool
    upstream_lost: str  # what was said when the gateway lost IBKR's servers; empty: it has them
    data_losses: int  # how often they came back without what had been subscribed to (1101)
    farms: tuple[Farm, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to the gateway and how it went."""

    name: str  # "time", "account", "quote", "bars" or "what-if"
    passed: bool
    seconds: float
    detail: str  # what came, or why nothing did


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Whether everything a day needs is there. ``as_of`` is None when not even the time came."""

    as_of: datetime | None
    status: ConnectionStatus
    probes: tuple[Probe, ...]

    @property
    def healthy(self) -> bool:
        """Whether every probe passed, and the gateway says nothing to the contrary."""
        broken = any(farm.state == "broken" for farm in self.status.farms)
        return all(probe.passed for probe in self.probes) and not (
            self.status.upstream_lost or broken
        )


class Health:
    """Looks after one connection."""

    def __init__(self, connection: Connection, market: MarketData, account: AccountTools) -> None:
        self._connection = connection
        self._market = market
        self._account = account

    def status(self) -> ConnectionStatus:
        """Return what is known of the connection; asks nothing, never raises."""
        connection = self._connection
        line = connection.line
        link_status = line.requests.link_status
        return ConnectionStatus(
            connected=bool(line.client.isReady()),
            address=line.requests.address,
            account=connection.account,
            accounts=line.accounts,
            client_id=line.client.clientId,
            server_version=connection.server_version,
            for_orders=connection.for_orders,
            upstream_lost=link_status.upstream_lost,
            data_losses=link_status.data_losses,
            farms=link_status.farms,
        )

    def check(self, symbol: str | None = None) -> HealthReport:
        """Ask for the time, the account, a quote and bars; never raises over the gateway.

        Over a connection for orders also the what-if of one share. ``symbol`` is the stock that is
        asked about. None: something held, or else the most active stock of the day. Every question
        has its own time-out; a gateway that does not even tell the time is asked nothing more.
        """
        moments: list[datetime] = []
        probes = [_probe("time", lambda: self._time(moments))]
        if probes[0].passed:
            chosen: dict[str, Contract] = {}
            probes.append(_probe("account", lambda: self._read_account(chosen)))
            probes += self._market_probes(symbol, chosen)
        else:
            probes += [Probe(name, passed=False, seconds=0.0, detail="not asked: the time failed")
                       for name in ("account", *self._of_a_stock)]  # fmt: skip
        return HealthReport(moments[0] if moments else None, self.status(), tuple(probes))

    def reconnect(self, *, patience: float) -> ConnectionStatus:
        """Open a new line in place of this one; see `ibkr.wire.connection.Connection.reconnect`."""
        self._connection.reconnect(patience=patience)
        return self.status()

    def _time(self, moments: list[datetime]) -> str:
        moments.append(self._connection.server_time())
        return local_moment(moments[0], seconds=True)

    def _read_account(self, chosen: dict[str, Contract]) -> str:
        held = self._account.positions()
        stocks = [one.contract for one in held.holdings if one.contract.sec_type == "STK"]
        chosen |= {contract.symbol: contract for contract in stocks}
        return count(len(held.holdings), "position")

    def _market_probes(self, symbol: str | None, held: Mapping[str, Contract]) -> list[Probe]:
        try:
            contract = self._contract(symbol, held)
        except (GatewayError, DataError) as error:
            detail = f"no stock to ask about: {error}"
            return [Probe(name, passed=False, seconds=0.0, detail=detail)
                    for name in self._of_a_stock]  # fmt: skip
        ways = (self._quote, self._bars, self._what_if)
        with ThreadPoolExecutor(len(ways)) as pool:
            asked = [
                pool.submit(_probe, name, partial(ask, contract))
                for name, ask in zip(self._of_a_stock, ways, strict=False)
            ]
        return [one.result() for one in asked]

    @property
    def _of_a_stock(self) -> tuple[str, ...]:
        return ("quote", "bars", "what-if") if self._connection.for_orders else ("quote", "bars")

    def _what_if(self, contract: Contract) -> str:
        order = Order(
            con_id=contract.con_id,
            symbol=contract.symbol,
            side=Side.BUY,
            quantity=1,
            order_type=OrderType.MARKET,
            limit_price=None,
            time_in_force="DAY",
            order_ref="daybook-health",
        )
        answer = TradingTools(self._connection).what_if(order)
        if not answer.accepted:
            raise NoData(f"one share of {contract.symbol}: {answer.reason}")
        return f"one share of {contract.symbol} accepted"

    def _contract(self, symbol: str | None, held: Mapping[str, Contract]) -> Contract:
        if symbol is None and held:
            return held[min(held)]
        if symbol is None:
            rows = self._market.top_movers([_MOST_ACTIVE], rows=1)
            if rows.empty:
                raise NoData("nothing is held and the scan has no rows: name a symbol")
            symbol = str(rows["symbol"].iloc[0])
        resolved = self._market.resolve([symbol])
        if not resolved.contracts:
            raise NoData(f"{symbol}: {resolved.refused.get(symbol, 'not known')}")
        return resolved.contracts[0]

    def _quote(self, contract: Contract) -> str:
        quotes = self._market.bulk_quote([contract])
        if not quotes.quotes:
            raise NoData(quotes.missing.get(contract.con_id, f"{contract.symbol}: no quote"))
        (quote,) = quotes.quotes
        return f"{contract.symbol} {quote.reference_price:g}, {quote.source}"

    def _bars(self, contract: Contract) -> str:
        history = self._market.history([contract], duration=_BARS)
        if history.bars.empty:
            raise NoData(history.missing.get(contract.con_id, f"{contract.symbol}: no bars"))
        bars = count(len(history.bars), "bar")
        return f"{contract.symbol} {bars} to {history.bars['session'].max()}"


def _probe(name: str, ask: Callable[[], str]) -> Probe:
    started = stopwatch()
    try:
        detail, passed = ask(), True
    except (GatewayError, DataError) as error:
        detail, passed = str(error), False
    return Probe(name, passed=passed, seconds=round(stopwatch() - started, 3), detail=detail)
