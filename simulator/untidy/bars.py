"""Bars as they arrive: now and then one that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from simulator.market.market import DailyBar, in_new_shares
from simulator.untidy.oddities import Untidiness

ONE_IN = 4000  # bars that are odd; of two years of one name one in eight has one
LATE_ONE_IN = 60  # names whose split of today is not in their bars yet
MISSED_ONE_IN = 200  # months of a name that began with a split that nobody adjusted for
RATIOS = (2.0, 3.0, 0.1)  # shares that one share has become


def odd_bars(bars: Sequence[DailyBar], con_id: int, untidy: Untidiness) -> Sequence[DailyBar]:
    """Return daily bars, some of them odd, doubled or missing. The newest is never missing.

    Those before a split may be in the shares of then, all of them where the split is today's.
    """
    if not bars:
        return bars
    bars = _in_old_shares(bars, con_id, untidy)
    if "bars" not in untidy:
        return bars
    return [*_told(bars[:-1], con_id, untidy), bars[-1]]


def is_split_late(con_id: int, newest: date, untidy: Untidiness) -> bool:
    """Tell whether a share was split after its newest bar, and its bars do not know of it."""
    return untidy.strikes("late-split", con_id, newest, one_in=LATE_ONE_IN)


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


def _in_old_shares(bars: Sequence[DailyBar], con_id: int, untidy: Untidiness) -> Sequence[DailyBar]:
    newest = bars[-1].session
    if is_split_late(con_id, newest, untidy):
        return _before_split(bars, len(bars), untidy.draw("split", con_id, newest))
    for place, (before, bar) in enumerate(pairwise(bars), start=1):
        month = (con_id, bar.session.year, bar.session.month)
        if before.session.month != bar.session.month and untidy.strikes(
            "missed-split", *month, one_in=MISSED_ONE_IN
        ):
            bars = _before_split(bars, place, untidy.draw("split", *month))
    return bars


def _before_split(bars: Sequence[DailyBar], place: int, drawn: float) -> Sequence[DailyBar]:
    """Return the bars with those before a place as they were before a split."""
    old = 1.0 / RATIOS[int(drawn * len(RATIOS))]
    return [*(in_new_shares(bar, old) for bar in bars[:place]), *bars[place:]]
