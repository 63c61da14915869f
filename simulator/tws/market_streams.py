"""What a client has asked to be told of the market, besides quotes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simulator.prices.market_depth import Book
from simulator.tws.queries.history_request import HistoryRequest


@dataclass(slots=True)
class MarketStreams:
    """The running subscriptions of one client, by request id."""

    scans: set[int] = field(default_factory=set)
    books: dict[int, Book] = field(default_factory=dict)
    bars: dict[int, tuple[HistoryRequest, datetime]] = field(default_factory=dict)  # newest begin
    knows_calendar: bool = False  # has asked which corporate events there are

    def end(self) -> None:
        """End all of them."""
        self.scans.clear()
        self.books.clear()
        self.bars.clear()
