"""What can be scanned for, and how what is found may be narrowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from simulator.instruments.futures import SYMBOL as FUTURE
from simulator.market.market import DailyBar, Instrument
from simulator.prices.market_view import MarketView, Summary
from simulator.vendors.figures.fundamentals import Figures

YEAR, QUARTER = 252, 65  # sessions
# Kinds of instruments by TWS's word, and where each may be looked for.
LOCATIONS: Mapping[str, tuple[str, ...]] = {
    "STK": ("STK.US", "STK.US.MAJOR", "STK.NASDAQ", "STK.NYSE"),
    "ETF.EQ.US": ("ETF.EQ.US", "ETF.EQ.US.MAJOR", "ETF.EQ.ARCA"),
    "IND.US": ("IND.US",),
    "FUT.US": ("FUT.US", "FUT.CME"),
}
STOCK_TYPES = {"ALL": None, "STOCK": "COMMON", "CORP": "COMMON", "ETF": "ETF", "ADR": "ADR",
               "REIT": "REIT"}  # fmt: skip


@dataclass(frozen=True)
class Scanned:
    """One instrument as the scans see it."""

    instrument: Instrument
    summary: Summary
    view: MarketView
    now: datetime
    figures: Figures | None = None

    @property
    def bar(self) -> DailyBar:
        """The newest complete bar."""
        return self.summary.bar

    @property
    def change(self) -> float:
        """Change of the close, as a fraction."""
        before = self.summary.previous_close
        return self.bar.close / before - 1 if before else 0.0

    @property
    def gap(self) -> float:
        """From the close before to the open, as a fraction."""
        before = self.summary.previous_close
        return self.bar.open / before - 1 if before else 0.0

    @property
    def since_open(self) -> float:
        """From open to close, as a fraction."""
        return self.bar.close / self.bar.open - 1

    @property
    def relative_volume(self) -> float:
        """Volume against its average."""
        average = self.summary.average_volume
        return self.bar.volume / average if average else 0.0

    @property
    def market_cap(self) -> float | None:
        """Market capitalisation in USD, as the vendor has it."""
        return self.figures.market_cap if self.figures else None

    @cached_property
    def volatility(self) -> float:
        """Implied volatility at the money, a year."""
        securities = self.view.securities
        return securities.base_volatility(self.instrument.con_id, self.bar.session)

    @cached_property
    def year(self) -> list[DailyBar]:
        """The bars of the last year, oldest first."""
        return list(self.view.daily(self.instrument.con_id, self.now)[-YEAR:])

    def place(self, sessions: int) -> float:
        """Where the close lies between the extremes of so many sessions: 0 lowest, 1 highest."""
        bars = self.year[-sessions:]
        low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
        return (self.bar.close - low) / (high - low) if high > low else 0.5


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: its name, and by what it ranks; the highest comes first."""

    title: str
    rank: Callable[[Scanned], float]
    instruments: tuple[str, ...] = ("STK", "ETF.EQ.US")


EVERYTHING = tuple(LOCATIONS)
SCANS: Mapping[str, Scan] = {
    "HIGH_OPEN_GAP": Scan("Top Close-to-Open % Gainers", lambda row: row.gap),
    "HIGH_OPT_IMP_VOLAT": Scan("High Option Imp Vol", lambda row: row.volatility, ("STK",)),
    "HIGH_VS_13W_HL": Scan("13-Week High", lambda row: row.place(QUARTER), EVERYTHING),
    "HIGH_VS_52W_HL": Scan("52-Week High", lambda row: row.place(YEAR), EVERYTHING),
    "HOT_BY_PRICE_RANGE": Scan(
        "Hot Contracts by Price Range", lambda row: (row.bar.high - row.bar.low) / row.bar.close
    ),
    "HOT_BY_VOLUME": Scan("Hot Contracts by Volume", lambda row: row.relative_volume),
    "LOW_OPEN_GAP": Scan("Top Close-to-Open % Losers", lambda row: -row.gap),
    "LOW_OPT_IMP_VOLAT": Scan("Low Option Imp Vol", lambda row: -row.volatility, ("STK",)),
    "LOW_VS_13W_HL": Scan("13-Week Low", lambda row: -row.place(QUARTER), EVERYTHING),
    "LOW_VS_52W_HL": Scan("52-Week Low", lambda row: -row.place(YEAR), EVERYTHING),
    "MOST_ACTIVE": Scan("Most Active", lambda row: row.bar.volume, EVERYTHING),
    "MOST_ACTIVE_USD": Scan("Most Active ($)", lambda row: row.bar.volume * row.bar.close),
    "TOP_OPEN_PERC_GAIN": Scan("Top % Gainers Since Open", lambda row: row.since_open),
    "TOP_OPEN_PERC_LOSE": Scan("Top % Losers Since Open", lambda row: -row.since_open),
    "TOP_PERC_GAIN": Scan("Top % Gainers", lambda row: row.change, EVERYTHING),
    "TOP_PERC_LOSE": Scan("Top % Losers", lambda row: -row.change, EVERYTHING),
}

OPTION_SCANS = frozenset({"HIGH_OPT_IMP_VOLAT", "LOW_OPT_IMP_VOLAT"})  # rank by what options cost


@dataclass(frozen=True, slots=True)
class Filter:
    """A number that a row has to lie above or below; a row without that number never does."""

    group: str
    title: str
    value: Callable[[Scanned], float | None]
    is_floor: bool

    def passes(self, row: Scanned, bound: float) -> bool:
        """Return whether a row stays."""
        value = self.value(row)
        if value is None:
            return False
        return value > bound if self.is_floor else value < bound


def _both(group: str, stem: str, title: str, value: Callable[[Scanned], float | None],
          unit: str = "") -> dict[str, Filter]:  # fmt: skip
    return {
        f"{stem}Above{unit}": Filter(group, f"{title} Above", value, is_floor=True),
        f"{stem}Below{unit}": Filter(group, f"{title} Below", value, is_floor=False),
    }


def _millions(row: Scanned) -> float | None:
    return None if row.market_cap is None else row.market_cap / 1e6


FILTERS: Mapping[str, Filter] = {
    **_both("PRICE", "price", "Price", lambda row: row.bar.close),
    **_both("VOLUME", "volume", "Volume", lambda row: row.bar.volume),
    **_both("AVGVOLUME", "avgVolume", "Avg Volume", lambda row: row.summary.average_volume),
    **_both("AVGUSDVOLUME", "avgUsdVolume", "Avg Volume ($)",
            lambda row: row.summary.average_value),
    **_both("CHANGEPERC", "changePerc", "Change (%)", lambda row: 100 * row.change),
    **_both("MKTCAP", "marketCap", "Market Cap ($1M)", _millions, "1e6"),
    **_both("IMPVOLAT", "impVolat", "Imp Vol (%)", lambda row: 100 * row.volatility),
}  # fmt: skip


OPTION_FILTERS = frozenset({"impVolatAbove", "impVolatBelow"})


def in_location(instrument: Instrument, kind: str, location: str) -> bool:
    """Return whether an instrument is of a kind of scan and at its location."""
    exchange = location.rpartition(".")[2]
    if exchange in {"NASDAQ", "NYSE", "ARCA"} and instrument.primary_exchange != exchange:
        return False
    match kind:
        case "ETF.EQ.US":
            return instrument.stock_type == "ETF"
        case "IND.US":
            return instrument.sec_type == "IND"
        case "FUT.US":
            return instrument.symbol == FUTURE
    return instrument.sec_type == "STK"
