"""A market of real daily bars from a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from core.canonical import canonical_json, sha256_of
from core.errors import ConfigurationError, DataError
from core.settings import SimulatorSettings
from core.text.counts import count
from simulator.market.bars_layouts import PRICES
from simulator.market.bars_table import BarsTable, ibkr_symbol, read_bars
from simulator.market.market import Instrument
from simulator.market.names import con_ids
from simulator.market.series import BarSeries, SeriesMarket

DEFAULT_SPREAD = SimulatorSettings().assumed_spread


@dataclass(frozen=True, slots=True)
class Listed:
    """What a constituents file says of a company."""

    name: str
    sector: str  # GICS
    industry: str  # GICS sub-industry


class BarsFileMarket(SeriesMarket):
    """A `Market` of the bars in a file, all in the share unit of the file's end.

    The file knows prices only as adjusted later, so there are no splits, and ``bar`` gives the
    adjusted bar. Every stock of the bars file is a constituent from its first bar on; the funds
    of ``etfs`` are tradable and no constituents. The name, sector and industry come from
    ``constituents``; a stock it does not name keeps its symbol for a name and has no sector.

    A file that grows by later bars stays the same market with the same account: its id comes from
    the bars of its first day, so that nothing decided early hangs on what came later.

    Attributes
    ----------
    assumed_spread
        Of every quote, as a fraction of the price.
    warnings
        What was left out of the files, with counts, one line each.
    """

    def __init__(
        self,
        path: Path,
        constituents: Path | None = None,
        *,
        etfs: Path | None = None,
        assumed_spread: float = DEFAULT_SPREAD,
    ) -> None:
        stocks = read_bars(path)
        companies = read_constituents(constituents) if constituents else {}
        funds = read_bars(etfs) if etfs else None
        series, self.warnings = _series_of(stocks, funds)
        members = frozenset(stocks.frame["symbol"])
        ids = con_ids(f"{symbol}/USD" for symbol in sorted(series))
        instruments = [
            _instrument(symbol, con_id, series[symbol].sessions[0], companies.get(symbol))
            if symbol in members
            else _fund(symbol, con_id)
            for symbol, con_id in zip(sorted(series), ids.values(), strict=True)
        ]
        self.assumed_spread: float | None = assumed_spread
        self._first = min(one.sessions[0] for one in series.values())
        self._last = max(one.sessions[-1] for one in series.values())
        beginnings = [_first_day(one) for one in (stocks, funds) if one is not None]
        super().__init__(
            f"real bars from {path.name}, {self._first} to {self._last}, "
            f"{count(len(members), 'stock')} and {count(len(series) - len(members), 'fund')}",
            sha256_of(canonical_json(beginnings))[:12],
            instruments,
            {i.con_id: series[i.symbol] for i in instruments},
        )

    @property
    def title(self) -> str:
        """Name of the bars file, its days, how many stocks and funds, and what was left out."""
        return "; ".join([self._title, *self.warnings])

    @property
    def first_session(self) -> date:
        """Day of the first bar of any instrument."""
        return self._first

    @property
    def last_session(self) -> date:
        """Day of the last bar of any instrument."""
        return self._last


def _series_of(
    stocks: BarsTable, funds: BarsTable | None
) -> tuple[dict[str, BarSeries], tuple[str, ...]]:
    """Return the series of all symbols, and what was left out, one line each."""
    series = _split_by_symbol(stocks.frame)
    if funds is None:
        return series, tuple(stocks.warnings)
    extra = _split_by_symbol(funds.frame)
    twice = [
        f"{symbol} is in both bars files; the fund of that name is left out"
        for symbol in sorted(series.keys() & extra.keys())
    ]
    return extra | series, (*stocks.warnings, *funds.warnings, *twice)


def read_constituents(path: Path) -> dict[str, Listed]:
    """Read names and sectors by IBKR symbol from a CSV in the layout of Wikipedia's list.

    Raises `ConfigurationError` if there is no such file and `DataError` if it is another one.
    """
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}; correct the path of the constituents")
    try:
        # As text and without a missing-value word: NA and NULL have been tickers.
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:  # pandas' parser errors and undecodable bytes included
        raise DataError(f"{path.name} cannot be read as CSV: {error}") from error
    columns = ["Symbol", "Security", "GICS Sector", "GICS Sub-Industry"]
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DataError(f"{path.name} is not a list of constituents: no column {missing}")
    return {
        ibkr_symbol(symbol): Listed(name=name, sector=sector, industry=industry)
        for symbol, name, sector, industry in frame[columns].itertuples(index=False)
        if symbol
    }


def _fund(symbol: str, con_id: int) -> Instrument:
    return Instrument(
        con_id=con_id, symbol=symbol, name=symbol, primary_exchange="ARCA", stock_type="ETF"
    )


def _instrument(symbol: str, con_id: int, since: date, listed: Listed | None) -> Instrument:
    return Instrument(
        con_id=con_id,
        symbol=symbol,
        name=listed.name if listed else symbol,
        # No file says where a stock is listed; four letters mean Nasdaq for most of them.
        primary_exchange="NASDAQ" if len(symbol.split(maxsplit=1)[0]) > 3 else "NYSE",
        sector=listed.sector if listed else None,
        industry=listed.industry if listed else None,
        member_since=since,
    )


def _first_day(bars: BarsTable) -> list[list[float | str]]:
    """Return the rows of a table's first day, without the date: what a longer file keeps."""
    first = bars.frame[bars.frame["date"] == bars.frame["date"].min()]
    rows: list[list[float | str]] = first[["symbol", *PRICES, "volume"]].to_numpy().tolist()
    return [[str(first["date"].iloc[0].date())], *rows]


def _split_by_symbol(frame: pd.DataFrame) -> dict[str, BarSeries]:
    """Cut a table sorted by symbol and date into one series per symbol."""
    codes, symbols = pd.factorize(frame["symbol"])
    edges = np.append(np.flatnonzero(np.diff(codes, prepend=-1)), len(codes))
    numbers, days = pd.factorize(frame["date"])
    calendar = np.array([moment.date() for moment in pd.DatetimeIndex(days)], dtype=object)
    sessions = calendar[numbers].tolist()
    prices = np.ascontiguousarray(frame[list(PRICES)].to_numpy().T)
    volumes = np.rint(frame["volume"].to_numpy()).astype(np.int64)
    return {
        str(symbol): BarSeries(
            sessions=sessions[start:stop],
            prices=prices[:, start:stop],
            volumes=volumes[start:stop],
        )
        for symbol, start, stop in zip(symbols, edges[:-1], edges[1:], strict=True)
    }
