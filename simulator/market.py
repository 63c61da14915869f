"""What a simulated market is: instruments, their daily bars and their splits.

Two bodies: `simulator.synthetic` (seeded) and `simulator.bars_file` (real bars from parquet).
A market knows the future; it is the gateway's and the exchange's duty never to ask beyond the
clock, which is why every method that returns history takes ``until``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Instrument:
    """One listed instrument of the simulated market."""

    con_id: int
    symbol: str
    name: str
    sec_type: str = "STK"
    primary_exchange: str = "NYSE"
    currency: str = "USD"
    sector: str | None = None
    industry: str | None = None
    min_tick: float = 0.01
    stock_type: str = "COMMON"  # IBKR's word; "ETF" for a fund
    member_since: date | None = None  # first day in this world's index; None: not a constituent


class DailyBar(NamedTuple):
    """One session's prices (per share, contract currency) and volume (shares)."""

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: int


class Split(NamedTuple):
    """One share becomes ``ratio`` shares before the open of ``session``."""

    session: date
    ratio: float


class Market(Protocol):
    """A set of instruments with a past and a future."""

    @property
    def world_id(self) -> str:
        """Twelve hexadecimal digits that name this market: same id, same bars."""

    @property
    def title(self) -> str:
        """One line for people, for example ``synthetic market, seed 7, 250 symbols``."""

    @property
    def first_session(self) -> date:
        """Day of the first bar."""

    @property
    def last_session(self) -> date:
        """Day of the last bar."""

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All instruments, sorted by symbol, then conId."""

    def bars(self, con_id: int, *, until: date) -> Sequence[DailyBar]:
        """Return the bars of sessions up to and including ``until``, oldest first.

        Prices and volumes are adjusted for the splits effective by ``until`` and for no later
        one, as a vendor would have served them on that day. Sessions without a bar are absent.
        """

    def bar(self, con_id: int, session: date) -> DailyBar | None:
        """Return one session's bar as it traded on that day, or None when there was no trading."""

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits of an instrument, oldest first."""
