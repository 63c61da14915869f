"""Jumps in daily closes that nothing explains: a misplaced point, a missed split, a swapped row.

A real move of a quarter of a price is news, and news is traded: in 2025-26 every such move of 570
US stocks came with more than one and a half times the usual volume, those beyond 40 % with twelve
times and more. A damaged bar keeps the volume of an ordinary day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np

from signals.wide import Grid, Wide

MAD_TO_SIGMA = 1.4826  # for a normal sample, sigma = 1.4826 * median absolute deviation
OWN_SIGMAS = 6.0  # a name that moves 6 % a day moves 25 % now and then
ALWAYS = 0.38  # log, just below a 3:2 split: never an ordinary day, however wild the name
CROSS_SECTION = 5  # names from which on a day has a market move of its own
USUAL_DAYS, FEWEST_DAYS = 20, 5  # whose median is the usual volume
NEWS_VOLUME = 1.5  # times the usual, for a move up to that; larger ones need more
REVERTS_WITHIN = 10  # sessions; what lasts longer is no spike
ALIKE = 0.1  # log; how near a price must come to another name's to look swapped
RATIOS = {
    "2:1": 2.0, "3:1": 3.0, "3:2": 1.5, "4:1": 4.0, "5:1": 5.0, "8:1": 8.0, "10:1": 10.0,
    "20:1": 20.0, "50:1": 50.0, "100:1": 100.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Jump:
    """A move between two bars of a name that its volume does not explain."""

    con_id: int
    session: date  # of the bar that moved
    before: float  # close of the bar before it
    after: float
    volume_ratio: float  # volume against the usual; NaN where that is not known
    is_newest: bool  # no bar of the name came after it
    reverted_on: date | None  # the first session back at the old level
    swapped_with: int | None  # the name whose price it took, and that took its

    @property
    def evidence(self) -> str:
        """What was seen, in words with numbers."""
        volume = (
            "its usual volume is not known"
            if math.isnan(self.volume_ratio)
            else f"on {self.volume_ratio:.1f} times the usual volume"
        )
        looks = likely_cause(self.after / self.before)
        return (
            f"close {self.before:g} to {self.after:g} on {self.session} "
            f"({self.after / self.before - 1:+.0%}) {volume}{looks}"
        )


def likely_cause(ratio: float) -> str:
    """Say which split or slip of the decimal point a ratio of two prices looks like, if any.

    >>> likely_cause(0.5)
    ', which looks like a split of 2:1'
    >>> likely_cause(1.1)
    ''
    """
    size = max(ratio, 1.0 / ratio)
    for name, simple in RATIOS.items():
        if abs(math.log(size / simple)) < 0.05:
            power = name in {"10:1", "100:1"}
            slip = f" or a decimal point {math.log10(simple):.0f} off" if power else ""
            return f", which looks like a split of {name}{slip}"
    return ""


def unexplained_jumps(table: Wide, *, max_jump: float) -> list[Jump]:
    """Find the moves that need an explanation and have none.

    Parameters
    ----------
    table
        Bars of T sessions and n names.
    max_jump
        Fraction, either way (down it is 1 / (1 + max_jump)), measured against the cross-section's
        median of the day, from which on a move needs an explanation; a name that often moves so
        much needs one from six of its own robust standard deviations on, at most 50 %.

    A move is explained by volume: one and a half times the usual, and beyond 46 % in proportion to
    its logarithm. Two names that take each other's price are never explained.
    """
    if len(table.days) < 2:
        return []
    before = _bar_before(table.closes)
    limit = math.log1p(max_jump)
    moves: Grid = np.log(table.closes / before)
    rows, columns = np.nonzero(_large(moves, limit))
    large = list(zip(rows.tolist(), columns.tolist(), strict=True))
    swapped = _swapped(large, table.closes, before)
    newest = _last_known(table.closes)
    found = []
    for row, column in large:
        size = abs(float(moves[row, column]))
        needed = NEWS_VOLUME * (max(1.0, size / limit) if size > ALWAYS else 1.0)
        ratio = _volume_ratio(table.volumes[:, column], row)
        partner = swapped.get((row, column))
        if partner is None and ratio >= needed:
            continue
        back = _reverted(row, column, large, moves, table.closes, before)
        found.append(
            Jump(
                con_id=table.con_ids[column],
                session=table.days[row],
                before=float(before[row, column]),
                after=float(table.closes[row, column]),
                volume_ratio=ratio,
                is_newest=bool(row == newest[column]),
                reverted_on=None if back is None else table.days[back],
                swapped_with=None if partner is None else table.con_ids[partner],
            )
        )
    return _without_ends(found)


def _bar_before(closes: Grid) -> Grid:
    """Return the close of each name's bar before, however long ago; NaN where there is none."""
    rows = np.arange(len(closes))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(closes), rows, -1), axis=0)
    filled = np.where(last < 0, np.nan, np.take_along_axis(closes, np.maximum(last, 0), axis=0))
    return np.vstack([np.full((1, closes.shape[1]), np.nan), filled[:-1]])


def _large(moves: Grid, limit: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    known = np.isfinite(moves)
    market = np.zeros(len(moves))
    wide = known.sum(axis=1) >= CROSS_SECTION
    market[wide] = np.nanmedian(moves[wide], axis=1)
    own = np.abs(np.where(known, moves - market[:, None], np.nan))
    sigma = np.zeros(own.shape[1])
    any_ = known.any(axis=0)
    sigma[any_] = MAD_TO_SIGMA * np.nanmedian(own[:, any_], axis=0)
    bound = np.minimum(np.maximum(limit, OWN_SIGMAS * sigma), max(limit, ALWAYS))
    return np.asarray(known & (own > bound))


def _volume_ratio(volumes: np.ndarray[Any, np.dtype[np.float64]], row: int) -> float:
    """Return a day's volume against the usual: the median of the days before, or of all others.

    The lower of the two counts: in the middle of a squeeze the days before are no measure.
    """
    known = np.isfinite(volumes)
    start = max(row - USUAL_DAYS, 0)
    before = volumes[start:row][known[start:row]]
    others = np.delete(volumes, row)[np.delete(known, row)]
    medians = [float(np.median(days)) for days in (before, others) if len(days) >= FEWEST_DAYS]
    usual = min(medians, default=math.nan)
    return float(volumes[row]) / usual if usual > 0 else math.nan


def _swapped(
    large: list[tuple[int, int]], prices: Grid, before: Grid
) -> dict[tuple[int, int], int]:
    """Return, by place, the column of the name that took its price and whose price it took."""
    by_row: dict[int, list[int]] = {}
    for row, column in large:
        by_row.setdefault(row, []).append(column)
    found: dict[tuple[int, int], int] = {}
    for row, columns in by_row.items():
        for one, other in combinations(columns, 2):
            taken = math.log(prices[row, one] / before[row, other])
            given = math.log(prices[row, other] / before[row, one])
            if abs(taken) < ALIKE and abs(given) < ALIKE:
                found[row, one], found[row, other] = other, one
    return found


def _reverted(
    row: int, column: int, large: list[tuple[int, int]], moves: Grid, prices: Grid, before: Grid
) -> int | None:
    """Return the row of the move that undoes this one, None where there is none in time."""
    move, level = moves[row, column], before[row, column]
    for later, other in large:
        if other == column and row < later <= row + REVERTS_WITHIN:
            left = math.log(prices[later, column] / level)
            if moves[later, column] * move < 0 and abs(left) < abs(move) / 2:
                return later
    return None


def _last_known(prices: Grid) -> np.ndarray[Any, np.dtype[np.int64]]:
    known = np.isfinite(prices)
    last: np.ndarray[Any, np.dtype[np.int64]] = len(prices) - 1 - np.argmax(known[::-1], axis=0)
    return last


def _without_ends(jumps: list[Jump]) -> list[Jump]:
    """Leave out the moves back: they belong to the spike that they end."""
    ends = {(jump.con_id, jump.reverted_on) for jump in jumps if jump.reverted_on}
    return [jump for jump in jumps if (jump.con_id, jump.session) not in ends]
