"""Daily bars of many contracts, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from core.tables import BARS
from core.types import Contract
from ibkr.market.bars import Bar, historical_bars
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import duration as checked_duration
from ibkr.wire.convert import end_time
from ibkr.wire.requests import Requests


@dataclass(frozen=True)
class History:
    """Daily bars with the columns of `core.tables.BARS`, sorted by its key; and what has none.

    ``missing`` says why, by conId. A contract is in one of the two, whole.
    """

    bars: pd.DataFrame
    missing: dict[int, str]


async def history(
    requests: Requests,
    contracts: Sequence[Contract],
    *,
    duration: str,
    end: datetime | None,
    at_once: int,
    within: float,
    progress: Progress | None = None,
) -> History:
    """Ask for the daily bars of regular trading hours, adjusted for splits, of each contract."""
    until, length = end_time(end), checked_duration(duration)

    async def ask(contract: Contract) -> tuple[Bar, ...]:
        return await historical_bars(
            requests,
            contract,
            duration=length,
            bar_size="1 day",
            shown="TRADES",
            end=until,
            regular=True,
            within=within,
        )

    wanted = sorted(set(contracts), key=lambda c: c.con_id)
    found, failed = await ask_each(wanted, ask, at_once=at_once, progress=progress)
    rows = [_row(contract, bar) for contract in wanted for bar in found.get(contract, ())]
    return History(
        bars=pd.DataFrame.from_records(rows, columns=[column.name for column in BARS.columns]),
        missing={c.con_id: failed[c] for c in wanted if c in failed},
    )


def _row(contract: Contract, bar: Bar) -> tuple[int, str, date, float, float, float, float, Any]:
    session = bar.start.date()
    prices = bar.open, bar.high, bar.low, bar.close
    return contract.con_id, contract.symbol, session, *prices, bar.volume
