"""What a day asks of the market, described once for both gateways that answer it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

from core.limits import MAX_UNREADABLE
from core.types import Contract, TradingTerms
from core.types.sought import Sought
from ibkr.contracts.resolution import Described, Found, Resolved
from ibkr.market.history import History
from ibkr.market.movers import SCANS
from ibkr.market.quotes import Quotes
from ibkr.wire.concurrent_requests import Progress


class MarketTools(Protocol):
    """Market data of many instruments at once.

    What cannot be had for one instrument is reported beside the rest: no answer is never an empty
    one. ``progress`` is called with (done, all).
    """

    def resolve(
        self, symbols: Sequence[str], *, currency: str = "USD", progress: Progress | None = None
    ) -> Resolved:
        """Look up stocks by IBKR's symbols; repeated ones once."""

    def resolve_listings(
        self, sought: Sequence[Sought], *, progress: Progress | None = None
    ) -> Found:
        """Look up stocks by ISIN, or by symbol, exchange and currency."""

    def describe(self, con_ids: Collection[int], *, progress: Progress | None = None) -> Described:
        """Look up contracts by conId, with the currency and the unit that their prices are in."""

    def trading_terms(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> dict[int, TradingTerms]:
        """Return how each contract trades where its orders go, by conId; see its ``doubt``."""

    def bulk_quote(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> Quotes:
        """Take one snapshot of each contract."""

    def history(
        self,
        contracts: Sequence[Contract],
        *,
        duration: str = "2 Y",
        end: datetime | None = None,
        most_unreadable: float = MAX_UNREADABLE.default,
        progress: Progress | None = None,
    ) -> History:
        """Return daily bars up to ``end`` (aware; none: the gateway's present).

        Of a contract with more than ``most_unreadable`` of its rows damaged there are none.
        """

    def top_movers(self, scans: Sequence[str] = SCANS, *, rows: int = 10) -> pd.DataFrame:
        """Return the first rows of each scan, with the columns of `core.tables.MOVERS`."""
