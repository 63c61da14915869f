"""Market data for the day: contracts, quotes, bars, movers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from core.types import Contract
from ibkr.batches import Progress
from ibkr.connection import Connection
from ibkr.contracts import Resolved, resolve
from ibkr.history import History, history
from ibkr.movers import SCANS, top_movers
from ibkr.quotes import Quotes, bulk_quote


class MarketData:
    """Asks for many instruments at once, at the pace IBKR allows.

    What cannot be had for one instrument is reported beside the rest. `GatewayTimeout` or
    `GatewayUnreachable` is raised when the gateway is silent or lost: no answer is never an empty
    one. ``progress`` is called with (done, all), on the connection's thread.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def resolve(
        self, symbols: Sequence[str], *, currency: str = "USD", progress: Progress | None = None
    ) -> Resolved:
        """Look up stocks by IBKR's symbols; repeated ones once."""
        return self._connection.run(
            resolve(
                self._connection.line.requests,
                symbols,
                currency=currency,
                within=self._connection.settings.request_timeout,
                progress=progress,
            )
        )

    def bulk_quote(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> Quotes:
        """Take one snapshot of each contract."""
        settings = self._connection.settings
        return self._connection.run(
            bulk_quote(
                self._connection.line.requests,
                contracts,
                lines=settings.market_data_lines,
                within=settings.request_timeout,
                progress=progress,
            )
        )

    def history(
        self,
        contracts: Sequence[Contract],
        *,
        duration: str = "2 Y",
        end: datetime | None = None,
        progress: Progress | None = None,
    ) -> History:
        """Return daily bars up to ``end`` (aware; none: the gateway's present)."""
        settings = self._connection.settings
        return self._connection.run(
            history(
                self._connection.line.requests,
                contracts,
                duration=duration,
                end=end,
                at_once=settings.open_history_requests,
                within=settings.history_timeout,
                progress=progress,
            )
        )

    def top_movers(self, scans: Sequence[str] = SCANS, *, rows: int = 10) -> pd.DataFrame:
        """Return the first rows of each scan, with the columns of `core.tables.MOVERS`."""
        return self._connection.run(
            top_movers(
                self._connection.line.requests,
                scans,
                rows=rows,
                within=self._connection.settings.request_timeout,
            )
        )
