"""Prices of a file in one share unit: split factors used, jumps that look like a split named."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.errors import DataError
from simulator.market.bars_layouts import EVENT, REPAIRED, UNIT, RawBars

NAMED = 5  # names that a note repeats
# New shares for old ones, both ways: what companies do, and what a vendor's missing split leaves.
_RATIOS = np.array([1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0])
_NEAR = 0.06  # of the ratio: the day has a move of its own
_JUMP = 0.30  # smaller ones may be news


def in_units_of_the_end(bars: RawBars) -> None:
    """Add `REPAIRED` from split factors or split events where the file has them and not it.

    Vendors mean three things by such a column: what to multiply the prices of a day by, what to
    divide them by, or the new shares for an old one on the day of a split. The reading that
    leaves the smallest jumps is taken. Raises `DataError` where none makes them smaller.
    """
    frame = bars.frame
    if REPAIRED in frame or not {UNIT, EVENT} & set(frame):
        return
    frame = frame.sort_values(["symbol", "date"], kind="stable")
    column = UNIT if UNIT in frame else EVENT
    given = frame[column].astype(float)
    given = given.where(given > 0, 1.0)  # no split: 0, 1 or nothing
    before = given.groupby(frame["symbol"], observed=True).shift(1)
    told = before.notna() & ((given != before) | (given != 1.0))
    if not told.any():
        return
    factor = _factor(frame, given, told, column)
    bars.frame = frame.assign(**{REPAIRED: (frame["close"] * factor).round(6)}).sort_index()
    names = sorted(set(frame["symbol"][factor != 1.0].astype(str)))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    bars.notes.append(f"prices put in one share unit by splits: {', '.join(names[:NAMED])}{more}")


def _factor(
    frame: pd.DataFrame, given: pd.Series, told: pd.Series, column: str
) -> pd.Series[float]:
    """Return what turns the prices of each row into the share unit of the file's end."""
    after = given[::-1].groupby(frame["symbol"][::-1], observed=True).cumprod()[::-1]
    readings = {UNIT: [given, 1.0 / given, given / after], EVENT: [given / after]}[column]

    def jumps(factor: pd.Series | float) -> float:
        prices = frame["close"] * factor
        logs = pd.Series(np.log(prices.where(prices > 0)), index=frame.index)
        moves = logs.groupby(frame["symbol"], observed=True).diff()
        return float(moves[told].abs().median())

    best = min(readings, key=jumps)
    if not jumps(best) < jumps(1.0):
        raise DataError(
            f"the column {column!r} tells splits where no price jumps: the prices are adjusted "
            "already, leave the column out, or it means another thing"
        )
    return best


def split_like_jumps(frame: pd.DataFrame) -> list[str]:
    """Name the days on which a close jumped by a simple ratio against the one before.

    ``frame`` is sorted by symbol and date, in one share unit as far as the file tells: what is
    left looks like a split that it does not tell.
    """
    before = frame["close"].groupby(frame["symbol"], observed=True).shift(1)
    up = (frame["close"] / before).to_numpy(dtype=np.float64)
    ratio = np.maximum(up, 1.0 / up)
    large = np.flatnonzero(np.nan_to_num(ratio, nan=1.0) > 1.0 + _JUMP)
    near = np.abs(_RATIOS[None, :] / ratio[large, None] - 1.0)
    simple = large[near.min(axis=1) < _NEAR] if len(large) else large
    return [
        f"{row.symbol} {row.date:%Y-%m-%d} ({old:g} to {row.close:g})"
        for row, old in zip(
            frame.iloc[simple].itertuples(index=False), before.iloc[simple], strict=True
        )
    ]
