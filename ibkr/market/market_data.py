# ruff: noqa: D102 - what `MarketTools` describes is not described again
"""Market data: contracts, quotes, bars, order books, movers."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import date, datetime

import pandas as pd

from core.limits import MAX_UNREADABLE
from core.types import Contract, TradingTerms
from core.types.sought import Sought
from ibkr.contracts.resolution import Described, Found, Resolved, resolve, resolve_listings
from ibkr.contracts.search import describe
from ibkr.contracts.store import ContractStore, resolve_stored
from ibkr.contracts.trading_terms import trading_terms
from ibkr.market.bar_sizes import BarSize
from ibkr.market.bar_store import BarStore
from ibkr.market.bars import Bars, Shown, bars, head_timestamp
from ibkr.market.history import History, history
from ibkr.market.incremental_history import incremental_history
from ibkr.market.live_quotes import LiveQuotes, live_quotes
from ibkr.market.movers import SCANS, top_movers
from ibkr.market.order_book import OrderBook, order_book
from ibkr.market.quotes import Quotes, bulk_quote
from ibkr.market.snapshots import SnapshotLines, Source
from ibkr.market.tools import MarketTools
from ibkr.wire.concurrent_requests import Progress
from ibkr.wire.connection import Connection
from ibkr.wire.requests import Requests

QUIET_SECONDS = 0.3  # an order book that has not changed for so long is whole


class MarketData(MarketTools):
    """Asks for many instruments at once, at the pace IBKR allows.

    What cannot be had for one instrument is reported beside the rest. `GatewayTimeout` or
    `GatewayUnreachable` is raised when the gateway is silent or lost: no answer is never an empty
    one. ``progress`` is called with (done, all), on the connection's thread.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lines: SnapshotLines | None = None
        self._choosing = threading.Lock()  # two callers must not both make the lines

    @property
    def lines(self) -> SnapshotLines:
        """The lines that all snapshots of this connection share."""
        requests = self._requests
        with self._choosing:
            # A connection that was opened anew has new lines.
            if self._lines is None or self._lines.requests is not requests:
                most = self._connection.settings.market_data_lines
                self._lines = SnapshotLines(requests, most=most)
            return self._lines

    def resolve(
        self, symbols: Sequence[str], *, currency: str = "USD", progress: Progress | None = None
    ) -> Resolved:
        return self._connection.run(
            resolve(
                self._requests,
                symbols,
                currency=currency,
                within=self._within,
                progress=progress,
            )
        )

    def resolve_listings(
        self, sought: Sequence[Sought], *, progress: Progress | None = None
    ) -> Found:
        return self._connection.run(
            resolve_listings(self._requests, sought, within=self._within, progress=progress)
        )

    def describe(self, con_ids: Collection[int], *, progress: Progress | None = None) -> Described:
        return self._connection.run(
            describe(self._requests, con_ids, within=self._within, progress=progress)
        )

    def trading_terms(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> dict[int, TradingTerms]:
        return self._connection.run(
            trading_terms(self._requests, contracts, within=self._within, progress=progress)
        )

    def stored_contracts(
        self,
        store: ContractStore,
        symbols: Sequence[str],
        *,
        today: date,
        currency: str = "USD",
        progress: Progress | None = None,
    ) -> Resolved:
        """Look up stocks as `resolve` does, asking only for those not seen in the past week.

        See `ibkr.contracts.store.resolve_stored`.
        """

        def ask(unknown: Sequence[str], report: Progress | None) -> Resolved:
            return self.resolve(unknown, currency=currency, progress=report)

        return resolve_stored(
            store, symbols, ask, today=today, currency=currency, progress=progress
        )

    def bulk_quote(
        self,
        contracts: Sequence[Contract],
        *,
        release: bool = False,
        as_of: datetime | None = None,
        progress: Progress | None = None,
    ) -> Quotes:
        """Take one snapshot of each contract, as of the gateway's time; None asks for that.

        IBKR ends each after 11 seconds. With ``release`` a line whose quote is whole is given
        back as soon as another contract waits for it: faster, for up to one more message each.
        Where the account may not see live data, the other kinds of ``gateway.market_data`` are
        asked for in turn; each quote says which it is.
        """
        return self._connection.run(
            bulk_quote(
                self.lines,
                contracts,
                within=self._within,
                release=release,
                as_of=as_of,
                kinds=self._connection.settings.market_data,
                progress=progress,
            )
        )

    def quotes(
        self,
        contracts: Sequence[Contract],
        *,
        source: Source = "live",
        progress: Progress | None = None,
    ) -> LiveQuotes:
        """Take one snapshot of each contract, of any kind, with sizes, the day's range and age.

        ``source`` is what to ask for; each quote says what it got.
        """
        return self._connection.run(
            live_quotes(
                self.lines,
                contracts,
                source=source,
                within=self._within,
                progress=progress,
            )
        )

    def order_book(self, contract: Contract, *, rows: int = 5, smart: bool = True) -> OrderBook:
        """Return the best ``rows`` bids and asks; ``smart`` joins the books of all exchanges."""
        return self._connection.run(
            order_book(
                self._requests,
                contract,
                rows=rows,
                smart=smart,
                quiet=QUIET_SECONDS,
                within=self._within,
            )
        )

    def bars(
        self,
        contract: Contract,
        *,
        duration: str,
        bar_size: BarSize,
        shown: Shown = "TRADES",
        end: datetime | None = None,
        regular: bool = True,
    ) -> Bars:
        """Return bars of any size up to ``end`` (aware; none: the gateway's present).

        Raises `ConfigurationError` for a size that IBKR does not serve over this duration.
        ``regular`` leaves out what is traded outside regular hours.
        """
        return self._connection.run(
            bars(
                self._requests,
                contract,
                duration=duration,
                bar_size=bar_size,
                shown=shown,
                end=end,
                regular=regular,
                within=self._connection.settings.history_timeout,
            )
        )

    def head_timestamp(
        self, contract: Contract, *, shown: Shown = "TRADES", regular: bool = True
    ) -> datetime:
        """Return when a contract's data begins, UTC."""
        return self._connection.run(
            head_timestamp(
                self._requests,
                contract,
                shown=shown,
                regular=regular,
                within=self._within,
            )
        )

    def history(
        self,
        contracts: Sequence[Contract],
        *,
        duration: str = "2 Y",
        end: datetime | None = None,
        most_unreadable: float = MAX_UNREADABLE.default,
        progress: Progress | None = None,
    ) -> History:
        settings = self._connection.settings
        return self._connection.run(
            history(
                self._requests,
                contracts,
                duration=duration,
                end=end,
                at_once=settings.open_history_requests,
                within=settings.history_timeout,
                most_unreadable=most_unreadable,
                progress=progress,
            )
        )

    def stored_history(
        self,
        store: BarStore,
        contracts: Sequence[Contract],
        *,
        end: datetime,
        duration: str = "2 Y",
        progress: Progress | None = None,
    ) -> History:
        """Return the daily bars of sessions closed by ``end``, asking only for those not held.

        See `ibkr.market.incremental_history.incremental_history`.
        """

        def ask(wanted: Sequence[Contract], length: str, report: Progress | None) -> History:
            return self.history(wanted, duration=length, end=end, progress=report)

        return incremental_history(
            store, contracts, ask, duration=duration, as_of=end, progress=progress
        )

    def top_movers(self, scans: Sequence[str] = SCANS, *, rows: int = 10) -> pd.DataFrame:
        return self._connection.run(
            top_movers(
                self._requests,
                scans,
                rows=rows,
                within=self._within,
            )
        )

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout
