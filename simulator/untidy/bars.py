"""Bars as they arrive: now and then one that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.market.market import DailyBar
from simulator.untidy.oddities import Untidiness

ONE_IN = 4000  # bars that are odd; of two years of one name one in eight has one


def odd_bars(bars: Sequence[DailyBar], con_id: int, untidy: Untidiness) -> Sequence[DailyBar]:
    """Return daily bars, some of them odd, doubled or missing. The newest is never missing."""
    if "bars" not in untidy or not bars:
        return bars
    return [*_told(bars[:-1], con_id, untidy), bars[-1]]


def _told(bars: Sequence[DailyBar], con_id: int, untidy: Untidiness) -> Iterator[DailyBar]:
    for bar in bars:
        if not untidy.strikes("bars", con_id, bar.session, one_in=ONE_IN):
            yield bar
            continue
        kind = int(untidy.draw("bars", "kind", con_id, bar.session) * 4)
        if kind == 0:
            yield bar._replace(close=round(bar.high + 0.01, 2))
        elif kind == 1:
            yield bar._replace(volume=bar.volume // 3)
            yield bar
        elif kind == 2:
            yield bar._replace(volume=-1)
        # else: the day is missing
