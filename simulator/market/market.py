"""What a simulated market is: instruments, their daily bars and their splits.

Two implementations: `simulator.market.synthetic` (seeded) and `simulator.market.bars_file` (real
bars from a file). Both list shares only; `simulator.instruments.securities` puts every other kind
of instrument beside them. A market knows the future; it is the gateway's and the exchange's duty
never to ask beyond the clock, which is why every method that returns history takes ``until``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, Protocol

SMART = "SMART"
Right = Literal["C", "P"]
MONTH_CODES = "FGHJKMNQUVXZ"  # of futures, January to December


@dataclass(frozen=True, slots=True)
class Instrument:
    """One listed instrument of the simulated market, of any kind.

    Quantities of options and futures are contracts, prices are per share or per index point:
    the value of a position is quantity times price times ``multiplier``.
    """

    con_id: int
    symbol: str
    name: str
    sec_type: str = "STK"  # or IND, CASH (a currency pair), FUT, OPT, BOND
    primary_exchange: str = "NYSE"
    currency: str = "USD"
    sector: str | None = None
    industry: str | None = None
    min_tick: float = 0.01
    stock_type: str = "COMMON"  # IBKR's word; "ETF" for a fund
    member_since: date | None = None  # first day in this market's index; None: not a constituent
    multiplier: int = 1
    expiry: date | None = None  # the last day of trading
    strike: float | None = None
    right: Right | None = None
    trading_class: str = ""
    underlying: int | None = None  # conId
    listed_until: date | None = None  # the last session before it is delisted
    renamed: tuple[date, str] | None = None  # from this day on it has another symbol
    market_rule: int | None = None  # None: the one of ``min_tick`` at every price
    lot: int = 1  # shares or contracts that trade together

    @property
    def local_symbol(self) -> str:
        """The name at the exchange: ``ACME  260717C00105000``, ``DBFU6``, ``EUR.USD``."""
        if self.expiry is not None and self.strike is not None:
            root = self.trading_class or self.symbol
            return f"{root:<6}{self.expiry:%y%m%d}{self.right}{self.strike * 1000:08.0f}"
        if self.expiry is not None:
            return f"{self.symbol}{MONTH_CODES[self.expiry.month - 1]}{self.expiry.year % 10}"
        if self.sec_type == "BOND":
            return f"IBCID{self.con_id}"
        return f"{self.symbol}.{self.currency}" if self.sec_type == "CASH" else self.symbol

    @property
    def routed_to(self) -> str:
        """The exchange of an order that states none: SMART where smart routing exists."""
        return SMART if self.sec_type in {"STK", "OPT", "BOND"} else self.primary_exchange


class DailyBar(NamedTuple):
    """One session's prices (per share, contract currency) and volume (shares)."""

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: int


def in_new_shares(bar: DailyBar, ratio: float) -> DailyBar:
    """Return a bar after one share has become ``ratio`` shares."""
    return DailyBar(
        bar.session,
        bar.open / ratio,
        bar.high / ratio,
        bar.low / ratio,
        bar.close / ratio,
        round(bar.volume * ratio),
    )


class Split(NamedTuple):
    """One share becomes ``ratio`` shares before the open of ``session``."""

    session: date
    ratio: float


class Dividend(NamedTuple):
    """Cash for whoever holds a share when ``ex_date`` begins."""

    ex_date: date
    pay_date: date
    amount: float  # per share, in the instrument's currency


class Market(Protocol):
    """A set of instruments with a past and a future."""

    @property
    def world_id(self) -> str:
        """Twelve hexadecimal digits that name this market, and its accounts with it."""

    @property
    def title(self) -> str:
        """One line for people, for example ``synthetic market, seed 7, 250 symbols``."""

    @property
    def assumed_spread(self) -> float | None:
        """Width of every quote as a fraction of its price, where the bars are real.

        None in a synthetic market, where whatever no bar says is drawn at random. Nothing of a
        real company is drawn: it is derived from the bars, stated as an assumption, or not known.
        """

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
