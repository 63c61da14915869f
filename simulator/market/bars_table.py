"""A file of daily bars, checked: what cannot be used is refused, dropped or counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.calendar import sessions_between
from core.errors import DataError, NoData
from core.text.counts import count
from simulator.market.bars_layouts import PRICES, REPAIRED, read_layout
from simulator.market.share_units import in_units_of_the_end, split_like_jumps

KEY = ["symbol", "date"]
REPAIRED_DECIMALS = 6
NAMED = 5  # rows that a warning names


@dataclass(frozen=True, slots=True, eq=False)
class BarsTable:
    """Clean bars, sorted by symbol and date, and what had to be left out to get there."""

    frame: pd.DataFrame  # date (datetime64), symbol (str, IBKR's), open, high, low, close, volume
    warnings: tuple[str, ...]


def ibkr_symbol(symbol: str) -> str:
    """Write a ticker as IBKR does: ``BRK B`` for ``BRK-B``, ``BRK.B`` or ``BRK/B``."""
    return re.sub(r"[./-]", " ", symbol.strip())


def read_bars(path: Path) -> BarsTable:
    """Read daily bars and put them in one share unit.

    Layouts: see `simulator.market.bars_layouts`. Columns: date, symbol, open, high, low, close (per
    share), volume (shares), and optionally adj_close, split factors or split events. Where
    ``adj_close`` differs from ``close`` the whole bar is scaled by their ratio and the volume by
    its inverse, which removes the jumps of a file stitched together from windows with different
    split adjustments.

    Raises
    ------
    ConfigurationError
        There is no such file.
    DataError
        It is no file of daily bars, or no row of it can be used; lists every problem.
    """
    raw = read_layout(path)
    in_units_of_the_end(raw)
    frame = _in_one_unit(raw.frame)
    keep, warnings = _usable(frame, path.name)
    if not keep.any():
        raise DataError(f"{path.name} has no usable bar: {'; '.join(warnings) or 'it is empty'}")
    frame = frame[keep].sort_values(["symbol", "date"], ignore_index=True)
    jumps = split_like_jumps(frame)
    if jumps:
        more = f" and {len(jumps) - NAMED} more" if len(jumps) > NAMED else ""
        warnings.append(
            f"{path.name}: {count(len(jumps), 'close')} jumped as by a split that the file does "
            f"not tell: {', '.join(jumps[:NAMED])}{more}"
        )
    notes = [f"{path.name}: {note}" for note in raw.notes]
    return BarsTable(frame=frame, warnings=(*notes, *warnings))


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
    days = raw["date"]
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
        "of a day without a session": _without_session(frame["date"]),
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


def _without_session(days: pd.Series) -> np.ndarray:
    """Return which rows are of weekends and holidays of New York, as far as these are known."""
    known = days.dropna().dt.date
    try:
        sessions = sessions_between(min(known), max(known))
    except (NoData, ValueError):  # before 2015, or no day at all
        sessions = [day for day in set(known) if day.weekday() < 5]
    strange: np.ndarray = (days.notna() & ~days.isin(pd.DatetimeIndex(sessions))).to_numpy()
    return strange


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
    days = first["date"].dt.strftime("%Y-%m-%d").fillna("without a date")
    named = [f"{symbol} {day}" for symbol, day in zip(first["symbol"], days, strict=True)]
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(named) + more
