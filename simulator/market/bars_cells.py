"""Numbers and dates of files of bars, as people and programs write them."""

from __future__ import annotations

import math
import re
from typing import Final

import pandas as pd

from core.limits import MAX_UNREADABLE
from core.text.counts import count

# $1,234.50 and 12.5 EUR are numbers; 12,5 is not one here, for without its comma it would be 125.
_NUMBER: Final = re.compile(
    r"(?:[A-Z]{3} ?|[$€£¥] ?)?(-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"(?: ?[$€£¥]| ?[A-Z]{3})?"
)
# By its days above 12 a file tells which of the two with slashes it is written in.
_MONTH_FIRST, _DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
_WRITTEN: Final = ("%Y%m%d", "ISO8601", "%d.%m.%Y", _MONTH_FIRST, _DAY_FIRST)


def numbers(column: pd.Series, notes: list[str]) -> pd.Series:
    """Return the numbers of decimals and of texts such as ``1,234`` or ``$12.50``.

    A cell that holds none becomes NaN and is counted in ``notes``; where more than
    ``limits.max_unreadable`` allows hold none, and more than one, the column is returned as it is.
    """
    found = pd.to_numeric(column.map(_bare), errors="coerce")
    odd = column[found.isna() & column.notna() & (column.astype(str).str.lower() != "nan")]
    if not _bearable(len(odd), len(column)):
        return column
    if len(odd):
        notes.append(_without("a number", odd))
    return found


def dates(column: pd.Series, notes: list[str]) -> pd.Series | None:
    """Return dates of texts, or of numbers: 20260105 or seconds since 1970. None: they are none.

    Of texts, days come first before dots; before slashes where no other reading fits all of them.
    A cell that holds no date is treated as one without a number is by `numbers`.
    """
    if pd.api.types.is_numeric_dtype(column):
        return _of_numbers(column)
    if column.isna().all():
        return pd.to_datetime(column)
    texts = column.dropna().astype(str).str.strip()
    every = pd.Series(texts.unique(), dtype=object)  # far fewer: each day is there for each symbol
    read = {form: _read(every, form) for form in _WRITTEN}
    lost = {form: texts.isin(every[found.isna()]).sum() for form, found in read.items()}
    best = [form for form in _WRITTEN if lost[form] == min(lost.values())]
    doubtful = {_MONTH_FIRST, _DAY_FIRST} <= {*best}
    if doubtful or not _bearable(lost[best[0]], len(texts)):
        return None
    found = texts.map(dict(zip(every, read[best[0]], strict=True))).reindex(column.index)
    if lost[best[0]]:
        notes.append(_without("a date", column[found.isna() & column.notna()]))
    return pd.to_datetime(found, utc=best[0] == "ISO8601")


def _bare(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    found = _NUMBER.fullmatch(cell.strip().replace("\u00a0", " "))
    return found[1].replace(",", "") if found else None


def _without(what: str, odd: pd.Series) -> str:
    return f"{count(len(odd), 'cell')} of {odd.name!r} without {what}: {odd.iloc[0]!r:.40}"


def _bearable(odd: int, cells: int) -> bool:
    return odd <= max(1, math.floor(MAX_UNREADABLE.default * cells)) and odd < max(cells, 1)


def _of_numbers(column: pd.Series) -> pd.Series | None:
    try:
        newest = float(column.max())
        if 19000101 <= newest <= 21001231:
            return pd.to_datetime(column.astype("Int64").astype(str), format="%Y%m%d")
        seconds = column / 1000 if newest > 1e11 else column
        return pd.to_datetime(seconds, unit="s", utc=True)
    except (ValueError, TypeError, OverflowError):
        return None


def _read(text: pd.Series, form: str) -> pd.Series:
    utc = form == "ISO8601"
    return pd.to_datetime(text, format=form, utc=utc, errors="coerce")
