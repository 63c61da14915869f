"""The rows of a history: each of them can be used, or none is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

import ib_async

from core.errors import DataError
from core.types import Contract

B = TypeVar("B")


def read_rows(
    contract: Contract,
    rows: Sequence[ib_async.BarData],
    read: Callable[[ib_async.BarData], B],
    *,
    begins: Callable[[B], date],
    period: str,
) -> list[B]:
    """Return what ``read`` makes of each row, oldest first.

    ``begins`` tells the start of a bar, ``period`` what no two bars may share, in a word. Raises
    `DataError` when they do, or when ``read`` raises `ValueError` for a row.
    """
    bars: dict[date, B] = {}
    problems: list[str] = []
    for row in rows:
        try:
            bar = read(row)
        except ValueError as error:
            problems.append(f"{row.date}: {error}")
            continue
        if begins(bar) in bars:
            problems.append(f"{row.date}: a second bar of this {period}")
        bars[begins(bar)] = bar
    if problems:
        raise DataError(
            f"{contract.symbol}: {len(problems)} of {len(rows)} bars cannot be used, "
            f"for example {problems[0]}"
        )
    return [bars[start] for start in sorted(bars)]
