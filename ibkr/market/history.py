"""Daily bars of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import ib_async
import pandas as pd

from core.errors import NoData
from core.tables import BARS
from core.types import Contract
from ibkr.market.bar_rows import read_rows
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import duration as checked_duration
from ibkr.wire.convert import end_time, number, price, session_date, to_wire
from ibkr.wire.requests import Requests


class Bar(NamedTuple):
    """One session of one contract, in the columns of `core.tables.BARS`."""

    con_id: int
    symbol: str
    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float


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

    async def ask(contract: Contract) -> list[Bar]:
        rows = await requests.by_id(
            lambda request: requests.client.reqHistoricalData(
                request,
                to_wire(contract),
                until,
                length,
                "1 day",
                "TRADES",
                1,  # regular trading hours only
                1,  # dates as text
                False,  # noqa: FBT003 - ib_async's signature: not kept up to date
                [],
            ),
            what=f"bars of {contract.symbol}",
            within=within,
            withdraw=requests.client.cancelHistoricalData,
        )
        return checked_bars(contract, rows)

    wanted = sorted(set(contracts), key=lambda c: c.con_id)
    found, failed = await ask_each(wanted, ask, at_once=at_once, progress=progress)
    rows = [bar for contract in wanted if contract in found for bar in found[contract]]
    return History(
        bars=pd.DataFrame.from_records(rows, columns=[column.name for column in BARS.columns]),
        missing={c.con_id: failed[c] for c in wanted if c in failed},
    )


def checked_bars(contract: Contract, rows: Sequence[ib_async.BarData]) -> list[Bar]:
    """Return the bars, oldest first. Raises `DataError` when one of them cannot be used."""
    if not rows:
        raise NoData(f"{contract.symbol}: the gateway has no bars")
    return read_rows(
        contract,
        rows,
        lambda row: _bar(contract, row),
        begins=lambda bar: bar.session,
        period="session",
    )


def _bar(contract: Contract, row: ib_async.BarData) -> Bar:
    opened, high, low, close = (price(value) for value in (row.open, row.high, row.low, row.close))
    volume = number(row.volume)
    told = f"open {row.open}, high {row.high}, low {row.low}, close {row.close}"
    if opened is None or high is None or low is None or close is None:
        raise ValueError(told)
    if volume is None or volume < 0:
        raise ValueError(f"volume {row.volume}")
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(told)
    session = session_date(str(row.date))
    return Bar(contract.con_id, contract.symbol, session, opened, high, low, close, volume)
