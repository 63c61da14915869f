"""What moves most today, by IBKR's scanner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ib_async
import pandas as pd

from core.tables import MOVERS
from ibkr.market.scanner import MOST_ROWS, ranked_rows
from ibkr.wire.messages import Ranked
from ibkr.wire.requests import Requests

SCANS = ("TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME")


async def top_movers(
    requests: Requests, scans: Sequence[str], *, rows: int, within: float
) -> pd.DataFrame:
    """Run each scan over US-listed stocks, one after the other, and return its first rows.

    Columns of `core.tables.MOVERS`. Raises `RequestRefused` for a scan that IBKR does not know.
    """
    found = {
        scan: [
            (ranked.contract.conId, ranked.contract.symbol)
            for ranked in await _scan(requests, scan, rows=rows, within=within)
        ]
        for scan in scans
        if rows > 0
    }
    return movers_table(found)


def movers_table(found: Mapping[str, Sequence[tuple[int, str]]]) -> pd.DataFrame:
    """Return the rows of each scan, conId and symbol, best first, as one table."""
    rows = [
        (scan, rank, con_id, symbol)
        for scan, ranked in found.items()
        for rank, (con_id, symbol) in enumerate(ranked)
    ]
    return pd.DataFrame.from_records(rows, columns=[column.name for column in MOVERS.columns])


async def _scan(requests: Requests, scan: str, *, rows: int, within: float) -> list[Ranked]:
    subscription = ib_async.ScannerSubscription(
        numberOfRows=min(rows, MOST_ROWS),
        instrument="STK",
        locationCode="STK.US.MAJOR",
        scanCode=scan,
    )
    return (await ranked_rows(requests, subscription, within=within))[:rows]
