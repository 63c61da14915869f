"""Files of daily bars as people have them, put into one layout.

Read are parquet and CSV (also gzip) with one row for each symbol and day under any of the usual
names: plain, Tiingo, Alpaca, stooq, Nasdaq Data Link, yfinance long; yfinance wide, with prices
and tickers in the header (yfinance #2193, #2355); and a file of one symbol that only its name
tells, as yfinance and stooq write it. What is not read is refused with the layout's name and what
to do about it.
"""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ConfigurationError, DataError
from core.path_checks import file_trouble
from simulator.market.bars_cells import dates, numbers

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
REPAIRED = "adj_close"  # the close in one share unit over the whole file
UNIT = "split_factor"  # what turns a price into the share unit of the file's end
EVENT = "split"  # new shares for an old one, on the day that they are

_NEW_YORK = "America/New_York"
_SNIFFED = 65536  # bytes of a CSV that tell how it is written
_KINDS = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "csv",  # packed
    b"PK\x03\x04": "an Excel or zip file",
    codecs.BOM_UTF16_LE: "text in UTF-16",
    codecs.BOM_UTF16_BE: "text in UTF-16",
    b"ARROW1": "a Feather file",
    b"FEA1": "a Feather file",
    b"\x89HDF": "binary",
    b"\x80\x05\x95": "binary",  # a pickle
}

# Lower case and without spaces, brackets and underscores: what a column may be called.
_NAMES = {
    "date": "date", "datetime": "date", "timestamp": "date", "day": "date", "session": "date",
    "t": "date", "time": "date", "tradedate": "date",
    "symbol": "symbol", "ticker": "symbol", "s": "symbol", "instrument": "symbol",
    "open": "open", "o": "open", "high": "high", "h": "high", "low": "low", "l": "low",
    "close": "close", "c": "close", "volume": "volume", "v": "volume", "vol": "volume",
    "splitfactor": UNIT, "splitratio": EVENT, "stocksplits": EVENT, "split": EVENT,
}  # fmt: skip
# Adjusted for splits and nothing else: ours. Tiingo's and Yahoo's are for dividends as well, and
# a price without its dividends is none that was ever traded.
_REPAIRED = "adj_close"
_TOTAL_RETURN = {"adjclose", "adjustedclose", "adjusted", "adjopen", "adjhigh", "adjlow"}
_STOOQ = {"TICKER", "PER", "DATE", "OPENINT"}


@dataclass(slots=True, eq=False)
class RawBars:
    """Rows of a file: date (datetime64, a day), symbol, open, high, low, close, volume.

    Maybe also `REPAIRED`. ``notes`` say what was done to get there.
    """

    frame: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def read_layout(path: Path) -> RawBars:
    """Read a file of daily bars in any layout that is known.

    Raises `ConfigurationError` where there is no such file, and `DataError` naming the layout and
    every column that is missing or holds something else.
    """
    if trouble := file_trouble(path):
        raise ConfigurationError(f"cannot read the bars {path}: it is {trouble}")
    kind = _kind(path)
    if kind not in _READERS:
        raise DataError(f"{path.name} is {kind}, not parquet or CSV: save it as one of these")
    raw = _READERS[kind](path)
    if isinstance(raw.columns, pd.MultiIndex):
        raw = _from_wide(raw)
    raw = _with_index(raw)
    notes: list[str] = []
    bars = RawBars(_renamed(raw, path, notes), notes)
    problems = [*_missing(bars.frame), *_unfit(bars)]
    if problems:
        raise DataError(f"{path.name} is not a file of daily bars: {'; '.join(problems)}")
    bars.frame["date"] = _days(bars, path.name)
    _refuse_intraday(bars.frame, path.name)
    _note_returns(raw, bars)
    return bars


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
    for begins, kind in _KINDS.items():
        if start.startswith(begins):
            return kind
    if b"\x00" in start:
        return "binary"
    return "csv" if start.strip() else "empty"


def _parquet(path: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas(date_as_object=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as parquet: {error}") from error
    return frame


def _csv(path: Path) -> pd.DataFrame:
    try:
        packed = path.read_bytes()[:2] == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            start = file.read(_SNIFFED).decode("utf-8-sig", "replace")
        lines = start.splitlines()
        separator = max(",;\t|", key=lines[0].count)
        second = lines[1].split(separator)[0].strip().lower() if len(lines) > 1 else ""
        # yfinance: prices and tickers in the first two lines, either first, "Date" in the third.
        header = [0, 1] if second in {"ticker", "tickers", "price"} else 0
        decimal = "," if separator == ";" and re.search(r"\d,\d", lines[-1]) else "."
        frame = pd.read_csv(
            path,
            sep=separator,
            decimal=decimal,
            header=header,
            encoding="utf-8-sig",
            compression="gzip" if packed else None,
            # NA and NULL have been tickers.
            keep_default_na=False,
            na_values=["", "nan", "NaN", "null", "N/A", "-"],
        )
    except (ValueError, OSError, IndexError) as error:  # pandas' parser errors included
        raise DataError(f"{path.name} cannot be read as CSV: {str(error).strip()}") from error
    if isinstance(frame.columns, pd.MultiIndex):
        frame = frame.set_index(frame.columns[0])
        frame = frame[frame.index.astype(str).str.lower() != "date"]
        frame.index.name = "date"
    return frame


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {"parquet": _parquet, "csv": _csv}


def _plain(name: object) -> str:
    return re.sub(r"[\s<>_().\-]", "", str(name)).lower()


def _from_wide(raw: pd.DataFrame) -> pd.DataFrame:
    """Turn one column for each price of each ticker into one row for each ticker and day."""
    levels = [{_plain(each) for each in raw.columns.get_level_values(n)} for n in range(2)]
    tickers = 1 if levels[0] & {"open", "close"} else 0
    stacked = pd.DataFrame(raw.stack(level=tickers))  # noqa: PD013 - melt knows no levels
    stacked.index.names = ["date", "symbol"]
    stacked.columns = [str(name) for name in stacked.columns]
    long = stacked.reset_index()
    prices = [name for name in long.columns if _plain(name) in {*PRICES}]
    # A day on which one ticker did not trade is a hole of the table, not a row of the file.
    return long.dropna(subset=prices, how="all")


def _with_index(raw: pd.DataFrame) -> pd.DataFrame:
    """Make columns of an index that has names or dates: pandas stores both beside the columns."""
    if isinstance(raw.index, pd.DatetimeIndex) and raw.index.name is None:
        raw = raw.rename_axis(index="date")
    return raw.reset_index() if any(name is not None for name in raw.index.names) else raw


def _renamed(raw: pd.DataFrame, path: Path, notes: list[str]) -> pd.DataFrame:
    """Return the columns that are used, under our names; two for one name are left both."""
    found: dict[str, str] = {}
    for column in raw.columns:
        name = REPAIRED if str(column) == _REPAIRED else _NAMES.get(_plain(column))
        if name and name not in found.values():
            found[str(column)] = name
    frame = raw[list(found)].rename(columns=found)
    if "symbol" not in frame and "close" in frame:
        symbol = re.split(r"[._]", path.name)[0]
        frame["symbol"] = symbol.upper()
    if "volume" not in frame and _plain_columns(raw) & {"adjvolume"}:
        frame["volume"] = raw[next(c for c in raw.columns if _plain(c) == "adjvolume")]
    if "symbol" in frame:
        frame["symbol"] = _symbols(frame["symbol"])
    for name in (*NUMBERS, REPAIRED, UNIT, EVENT):
        if name in frame and not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = numbers(frame[name], notes)
    return frame


def _plain_columns(raw: pd.DataFrame) -> set[str]:
    return {_plain(column) for column in raw.columns}


def _symbols(column: pd.Series) -> pd.Series:
    named = column.astype("category")
    every = [str(each) for each in named.cat.categories]
    # In a file without one capital letter lower case is a habit, not another share class.
    shouted = not any(re.search("[A-Z]", each) for each in every)
    # stooq's: AAPL.US
    american = bool(every) and all(re.search(r"\.us$", each, re.IGNORECASE) for each in every)

    def spelt(symbol: str) -> str:
        bare = re.sub(r"\.us$", "", symbol, flags=re.IGNORECASE) if american else symbol
        return bare.upper() if shouted else bare

    return named.map({old: spelt(str(old)) for old in named.cat.categories}).astype("category")


def _missing(frame: pd.DataFrame) -> Iterable[str]:
    wanted = ("date", "symbol", *NUMBERS)
    return [f"no column {name!r}" for name in wanted if name not in frame]


def _example(column: pd.Series) -> str:
    """Return the first value, shortened, for a message."""
    return f"{column.dropna().iloc[0]!r:.40}" if column.notna().any() else "nothing"


def _unfit(bars: RawBars) -> list[str]:
    frame = bars.frame
    problems = [
        f"column {name!r} holds {_example(frame[name])}, not numbers"
        for name in (*NUMBERS, REPAIRED, UNIT, EVENT)
        if name in frame and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    if "date" in frame and not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        read = dates(frame["date"], bars.notes)
        if read is None:
            problems.append(
                f"column 'date' holds {_example(frame['date'])}, not dates such as 2026-01-05"
            )
        else:
            bars.frame = frame.assign(date=read)
    return problems


def _days(bars: RawBars, name: str) -> pd.Series:
    """Return the trading day of each row.

    A moment is a day of New York where it is not midnight as written: daily bars are stamped with
    the open, the close or midnight of the exchange, in UTC. Midnight of a zone east of it would
    fall on the evening before; Sundays tell.
    """
    stamps = bars.frame["date"]
    local = stamps.dt.tz_localize(None)
    if stamps.dt.tz is not None and not (local.dropna() == local.dropna().dt.normalize()).all():
        local = stamps.dt.tz_convert(_NEW_YORK).dt.tz_localize(None)
    days: pd.Series = local.dt.normalize()
    sundays = float((days.dt.dayofweek == 6).mean())
    if sundays > 0.1:
        raise DataError(
            f"{name}: {sundays:.0%} of the rows fall on Sundays, so its times are in a wrong zone; "
            "write each bar with the date of its session, 2026-01-05 for example"
        )
    return days


def _refuse_intraday(frame: pd.DataFrame, name: str) -> None:
    rows, days = len(frame), len(frame.drop_duplicates(["symbol", "date"]))
    if days and rows > 3 * days:
        raise DataError(
            f"{name} holds intraday bars, {rows / days:.0f} for each symbol and day: make daily "
            "ones of them first (first open, highest high, lowest low, last close, sum of volume)"
        )


def _note_returns(raw: pd.DataFrame, bars: RawBars) -> None:
    if REPAIRED not in bars.frame and _plain_columns(raw) & _TOTAL_RETURN:
        bars.notes.append("closes adjusted for dividends are not used: nothing traded at them")
