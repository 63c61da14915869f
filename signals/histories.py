"""Usable daily bars, symbol by symbol."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from core.errors import DataError, SchemaError
from core.text.counts import count
from signals.known import Days, as_days

PRICES = ("open", "high", "low", "close")
NEEDED = ("con_id", "session", *PRICES, "volume")


def symbol_histories(bars: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield each con_id with its usable bars: con_ids ascending, oldest bar first.

    Parameters
    ----------
    bars
        Columns of `core.tables.BARS`, several con_ids, any order. A row with a missing or
        non-positive price, or a missing or negative volume, is no bar and is left out: one NaN
        would poison every later value of ta's recursive indicators.

    Yields
    ------
    The con_id and its bars: ``session`` (datetime64), ``open``, ``high``, ``low``, ``close``,
    ``volume``, all floats finite. A con_id without a usable bar is not yielded.

    Raises
    ------
    SchemaError
        A column is missing.
    DataError
        A symbol has two bars of one session.
    """
    missing = [name for name in NEEDED if name not in bars.columns]
    if missing:
        raise SchemaError("bars", [f"column {name!r} is missing" for name in missing])
    values = bars[[*PRICES, "volume"]].to_numpy(dtype=float, na_value=np.nan)
    usable = np.isfinite(values).all(axis=1) & (values[:, :4] > 0).all(axis=1)
    usable &= values[:, 4] >= 0
    con_ids = bars["con_id"].to_numpy()[usable].astype("int64")
    sessions = as_days(bars["session"][usable])
    order = np.lexsort((sessions, con_ids))
    con_ids, sessions = con_ids[order], sessions[order]
    _refuse_repeated(con_ids, sessions)
    table = pd.DataFrame(values[usable][order], columns=[*PRICES, "volume"])
    table.insert(0, "session", sessions.astype("datetime64[s]"))
    starts = np.flatnonzero(np.diff(con_ids, prepend=con_ids[:1] - 1)).tolist()
    for start, stop in pairwise([*starts, len(con_ids)]):
        yield int(con_ids[start]), table.iloc[start:stop]


def _refuse_repeated(
    con_ids: np.ndarray[tuple[int], np.dtype[np.int64]],
    sessions: Days,
) -> None:
    repeated = np.flatnonzero((con_ids[1:] == con_ids[:-1]) & (sessions[1:] == sessions[:-1]))
    if repeated.size:
        first = repeated[0]
        raise DataError(
            f"{count(repeated.size, 'repeated bar')}, the first of con_id {con_ids[first]} on "
            f"{sessions[first]}; keep one bar per symbol and session"
        )
