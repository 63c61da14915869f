"""What the account's holdings are called on a day: as the universe calls them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from core.tables.columns import rows
from core.types import Snapshot
from core.types.labels import labels


@dataclass(frozen=True, slots=True)
class _Listed:
    con_id: int
    symbol: str
    primary_exchange: str
    currency: str


def named(snapshot: Snapshot, universe: pd.DataFrame) -> Snapshot:
    """Return the account with each position under its label; see `core.types.labels`.

    What the universe has keeps the label that it has there, also where the account page still
    tells an older symbol. No other holding may be called like it.
    """
    known = [
        _Listed(row["con_id"], row["symbol"], row["primary_exchange"], row["currency"])
        for row in rows(universe)
    ]
    others = [_Listed(p.con_id, p.symbol, "", p.currency) for p in snapshot.positions]
    names = labels([*known, *others])
    return replace(
        snapshot, positions=tuple(replace(p, symbol=names[p.con_id]) for p in snapshot.positions)
    )
