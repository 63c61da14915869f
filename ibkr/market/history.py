"""Daily bars of many contracts, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from core.limits import MAX_UNREADABLE
from core.tables import BARS
from core.types import Contract
from ibkr.market.bars import Bar, Readable, historical_bars, read_bars
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import duration as checked_duration
from ibkr.wire.convert import end_time
from ibkr.wire.requests import Requests


@dataclass(frozen=True)
class History:
    """Daily bars with the columns of `core.tables.BARS`, sorted by its key; and what has none.

    ``missing`` says why, by conId. A contract is in one of the two. ``left_out`` says of one that
    has bars how many rows of the answer made none, and why one of them.
    """

    bars: pd.DataFrame
    missing: dict[int, str]
    left_out: dict[int, str] = field(default_factory=dict)


async def history(
    requests: Requests,
    contracts: Sequence[Contract],
    *,
    duration: str,
    end: datetime | None,
    at_once: int,
    within: float,
    most_unreadable: float = MAX_UNREADABLE.default,
    progress: Progress | None = None,
) -> History:
    """Ask for the daily bars of regular trading hours, adjusted for splits, of each contract."""
    until, length = end_time(end), checked_duration(duration)

    async def ask(contract: Contract) -> Readable:
        rows = await historical_bars(
            requests,
            contract,
            duration=length,
            bar_size="1 day",
            shown="TRADES",
            end=until,
            regular=True,
            within=within,
        )
        return read_bars(
            contract, rows, bar_size="1 day", shown="TRADES", most_unreadable=most_unreadable
        )

    wanted = sorted(set(contracts), key=lambda c: c.con_id)
    found, failed = await ask_each(wanted, ask, at_once=at_once, progress=progress)
    have = [contract for contract in wanted if contract in found]
    rows = [_row(contract, bar) for contract in have for bar in found[contract].bars]
    return History(
        bars=pd.DataFrame.from_records(rows, columns=[column.name for column in BARS.columns]),
        missing={c.con_id: failed[c] for c in wanted if c in failed},
        left_out={c.con_id: left_out_note(found[c].left_out) for c in have if found[c].left_out},
    )


def left_out_note(left_out: Sequence[str]) -> str:
    """Return how many rows made no bar, and why one of them."""
    return f"{len(left_out)} left out, for example {left_out[0]}"


def _row(contract: Contract, bar: Bar) -> tuple[int, str, date, float, float, float, float, Any]:
    session = bar.start.date()
    prices = bar.open, bar.high, bar.low, bar.close
    return contract.con_id, contract.symbol, session, *prices, bar.volume
