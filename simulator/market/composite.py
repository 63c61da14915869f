"""The index of a market: thirty of its shares, equally weighted every day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import prod

import numpy as np

from simulator.market.market import DailyBar, Instrument, Market
from simulator.market.random_walk import on_grid
from simulator.market.series import BarSeries

MEMBERS = 30
BASE = 1000.0  # index points at the first close
TICK = 0.01


def index_members(market: Market) -> list[Instrument]:
    """Return the shares the index is made of: known without knowing any price."""
    shares = [i for i in market.instruments if i.currency == "USD" and i.stock_type != "ETF"]
    return sorted(shares, key=lambda share: share.con_id)[:MEMBERS]


def index_series(market: Market, sessions: Sequence[date]) -> BarSeries:
    """Return the index level, session by session; a share without a bar does not count that day."""
    members = [_Member(market, share.con_id) for share in index_members(market)]
    level, rows = BASE, []
    for day in sessions:
        moves = [move for member in members if (move := member.move(day)) is not None]
        row = [level * value for value in np.mean(moves, axis=0)] if moves else [level] * 4
        rows.append(row)
        level = row[3]
    prices = on_grid(np.array(rows).T, TICK)
    return BarSeries(list(sessions), prices, np.zeros(len(sessions), dtype=np.int64))


@dataclass(slots=True)
class _Member:
    """One share of the index, and where it was last seen."""

    market: Market
    con_id: int
    last: DailyBar | None = None

    def move(self, day: date) -> list[float] | None:
        """Return open, high, low and close over the close before; None without both."""
        bar = self.market.bar(self.con_id, day)
        if bar is None:
            return None
        before, self.last = self.last, bar
        if before is None:
            return None
        ratio = prod(
            split.ratio
            for split in self.market.splits(self.con_id)
            if before.session < split.session <= day
        )
        return [price * ratio / before.close for price in bar[1:5]]
