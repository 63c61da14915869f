"""A parquet of daily bars, checked: what cannot be used is refused, dropped or counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ConfigurationError, DataError
from core.text.counts import count

PRICES = ("open", "high", "low", "close")
KEY = ["symbol", "date"]
REQUIRED = ("date", "symbol", *PRICES, "volume")
REPAIRED = "adj_close"  # optional: the close in one share unit over the whole file
REPAIRED_DECIMALS = 6
NAMED = 5  # rows that a warning names


@dataclass(frozen=True, slots=True, eq=False)
class BarsTable:
    """Clean bars, sorted by symbol and date, and what had to be left out to get there."""

    frame: pd.DataFrame  # date (datetime64), symbol (str, IBKR's), open, high, low, close, volume
    warnings: tuple[str, ...]


def ibkr_symbol(symbol: str) -> str:
    """Write a ticker as IBKR does: ``BRK B`` for ``BRK-B`` or ``BRK.B``."""
    return symbol.strip().replace(".", " ").replace("-", " ")


def read_bars(path: Path) -> BarsTable:
    """Read daily bars and put them in one share unit.

    Columns: date, symbol, open, high, low, close (per share), volume (shares), and optionally
    adj_close. Where ``adj_close`` differs from ``close`` the whole bar is scaled by their ratio
    and the volume by its inverse, which removes the jumps of a file stitched together from
    windows with different split adjustments.

    Raises
    ------
    ConfigurationError
        There is no such file.
    DataError
        It is no parquet file of bars, or no row of it can be used; lists every problem.
    """
    raw = _read(path)
    problems = _column_problems(raw)
    if problems:
        raise DataError(f"{path.name} is not a file of daily bars: {'; '.join(problems)}")
    frame = _in_one_unit(raw)
    keep, warnings = _usable(frame, path.name)
    if not keep.any():
        raise DataError(f"{path.name} has no usable bar: {'; '.join(warnings) or 'it is empty'}")
    frame = frame[keep].sort_values(["symbol", "date"], ignore_index=True)
    return BarsTable(frame=frame, warnings=tuple(warnings))


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}; correct the path of the bars")
    try:
        known = set(pq.read_schema(path).names)
        columns = [name for name in (*REQUIRED, REPAIRED) if name in known]
        frame: pd.DataFrame = pq.read_table(path, columns=columns).to_pandas(date_as_object=False)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as parquet: {error}") from error
    return frame


def _column_problems(raw: pd.DataFrame) -> list[str]:
    problems = [f"no column {name!r}" for name in REQUIRED if name not in raw]
    numbers = [name for name in (*PRICES, "volume", REPAIRED) if name in raw]
    problems += [
        f"column {name!r} holds {raw[name].dtype}, not numbers"
        for name in numbers
        if not pd.api.types.is_numeric_dtype(raw[name])
    ]
    if "date" in raw and not pd.api.types.is_datetime64_any_dtype(raw["date"]):
        problems.append(f"column 'date' holds {raw['date'].dtype}, not dates")
    if "symbol" in raw and not _is_text(raw["symbol"]):
        problems.append(f"column 'symbol' holds {raw['symbol'].dtype}, not text")
    return problems


def _is_text(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.api.types.is_string_dtype(column.cat.categories)
    return pd.api.types.is_string_dtype(column)


def _in_one_unit(raw: pd.DataFrame) -> pd.DataFrame:
    prices = raw[list(PRICES)].to_numpy(dtype=np.float64, copy=True)
    volume = raw["volume"].to_numpy(dtype=np.float64, copy=True)
    if REPAIRED in raw:
        close = np.where(prices[:, 3] > 0, prices[:, 3], np.nan)
        ratio = raw[REPAIRED].to_numpy(dtype=np.float64) / close
        moved = ratio != 1.0  # NaN counts as moved: a bar without a known unit is no bar
        prices[moved] = np.round(prices[moved] * ratio[moved, None], REPAIRED_DECIMALS)
        volume[moved] /= ratio[moved]
    columns = dict(zip(PRICES, prices.T, strict=True))
    days = raw["date"].dt.tz_localize(None).dt.normalize()
    return pd.DataFrame(
        {"date": days, "symbol": _symbols(raw["symbol"]), **columns, "volume": volume}
    )


def _symbols(column: pd.Series) -> pd.Series:
    named = column.astype("category")
    renamed = {old: ibkr_symbol(str(old)) for old in named.cat.categories}
    return named.map(renamed)


def _usable(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, list[str]]:
    prices = frame[list(PRICES)].to_numpy()
    open_, high, low, close = prices.T
    volume = frame["volume"].to_numpy()
    # Each row is counted once, under the first thing that is wrong with it.
    checks = {
        "without date or symbol": (
            frame["date"].isna() | frame["symbol"].isna() | (frame["symbol"] == "")
        ).to_numpy(),
        "with a price that is missing, infinite or not above zero": ~(
            np.isfinite(prices) & (prices > 0)
        ).all(axis=1),
        "with the high below the low": high < low,
        "with open or close outside low to high": (np.maximum(open_, close) > high)
        | (np.minimum(open_, close) < low),
        "with a volume that is missing or negative": ~(np.isfinite(volume) & (volume >= 0)),
    }
    sound = ~np.logical_or.reduce(list(checks.values()))
    checks |= {
        "that contradict another of the same symbol and date": _contradicting(frame, sound),
        "that repeat a symbol and date": _repeating(frame, sound),
    }
    keep = np.ones(len(frame), dtype=bool)
    warnings = []
    for what, bad in checks.items():
        hit = keep & bad
        if hit.any():
            warnings.append(
                f"{name}: {count(hit.sum(), 'row')} {what}, left out: {_named(frame[hit])}"
            )
            keep &= ~bad
    return keep, warnings


def _contradicting(frame: pd.DataFrame, sound: np.ndarray) -> np.ndarray:
    """Return which sound rows say something else than another of their symbol and date."""
    found = np.zeros(len(frame), dtype=bool)
    places = np.flatnonzero(sound & frame.duplicated(KEY, keep=False).to_numpy())
    several = frame.iloc[places]
    if len(several):
        different = several.drop_duplicates().groupby(KEY, observed=True).size() > 1
        doubted = different.index[different]
        found[places] = pd.MultiIndex.from_frame(several[KEY]).isin(doubted)
    return found


def _repeating(frame: pd.DataFrame, sound: np.ndarray) -> np.ndarray:
    """Return which sound rows repeat an earlier one of their symbol and date."""
    found = np.zeros(len(frame), dtype=bool)
    found[sound] = frame[sound].duplicated(KEY).to_numpy()
    return found


def _named(rows: pd.DataFrame) -> str:
    """Name the first rows by symbol and date, and count the others."""
    first = rows.head(NAMED)
    named = [f"{one.symbol} {one.date:%Y-%m-%d}" for one in first.itertuples(index=False)]
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(named) + more
