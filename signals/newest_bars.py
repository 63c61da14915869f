"""The newest bar of each name, held against what else is known of its price."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import pandas as pd

from core.data_quality import GAPS, RECENT
from core.settings import QualitySettings
from core.text.counts import count
from signals.unexplained_jumps import likely_cause
from signals.wide import Wide

Line: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

UNTRADED, UNCHANGED = 5, 10  # sessions in a row without a trade, at the same close
TELLING = 10_000  # shares; two bars of fewer agree by chance
ROUNDING = 0.001  # closes no further apart are the same, rounded to another tick


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a name's data."""

    con_id: int
    symbol: str
    rule: str
    evidence: str
    suspect: bool = False  # the newest price itself is contradicted; it is not merely old


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest bar of a name and the prices beside it; NaN where one is not known."""

    con_id: int
    session: date
    close: float
    moved: bool  # its close is another than that of the bar before
    repeats: date | None  # a recent session with the same close and the same volume
    missing: int  # of the recent sessions, those without a bar although it had bars before
    untraded: int  # sessions in a row without a trade, up to this one
    unchanged: int  # sessions in a row before this one with the same close
    quote: float
    previous_close: float  # the broker's own
    previous_off: float  # its ratio to the bar it belongs to
    close_apart: bool | None  # whether the two differ; None where they cannot be compared


def newest_bars(
    table: Wide, quotes: pd.DataFrame, *, rolled: bool, sessions: Collection[date]
) -> list[Newest]:
    """Return the newest bar of every name, by conId.

    ``quotes`` as of `signals.features.quoted_prices`. ``rolled`` tells whether the broker's
    previous close is the newest bar's already; until then it may be that of the bar before.
    ``sessions`` are the recent ones of which there are bars at all.
    """
    prices = quotes.reindex(table.con_ids)
    quoted, told = prices["price"].to_numpy(), prices["previous_close"].to_numpy()
    found = []
    for column, con_id in enumerate(table.con_ids):
        rows = np.flatnonzero(np.isfinite(table.closes[:, column]))
        if not rows.size:
            continue
        closes, volumes = table.closes[rows, column], table.volumes[rows, column]
        belongs = closes[-1:] if rolled else closes[-2:]
        off = min((told[column] / belongs).tolist(), key=lambda one: abs(math.log(one)))
        found.append(
            Newest(
                con_id=con_id,
                session=table.days[int(rows[-1])],
                close=float(closes[-1]),
                moved=bool((closes[-2:] != closes[-1]).any()),
                repeats=_repeated([table.days[row] for row in rows], closes, volumes),
                missing=sum(table.days[rows[0]] <= day < table.days[rows[-1]] for day in sessions)
                - sum(table.days[row] in sessions for row in rows[:-1]),
                untraded=_run(volumes == 0),
                unchanged=_run(closes == closes[-1]) - 1,
                quote=float(quoted[column]),
                previous_close=float(told[column]),
                previous_off=off,
                close_apart=None if math.isnan(off) else abs(off - 1.0) > ROUNDING,
            )
        )
    return found


def _repeated(days: list[date], closes: Line, volumes: Line) -> date | None:
    """Return the newest of the recent sessions before the last whose bar is the last once more."""
    if volumes[-1] == 0:
        return None
    recent = slice(-RECENT - 1, -1)
    same = np.flatnonzero((closes[recent] == closes[-1]) & (volumes[recent] == volumes[-1]))
    if not same.size:
        return None
    day = days[recent][same[-1]]
    return day if day == days[-2] or volumes[-1] >= TELLING else None


def _run(holds: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Return for how many places up to the last one something holds without a break."""
    breaks = np.flatnonzero(~holds[::-1])
    return int(breaks[0]) if breaks.size else len(holds)


def per_name(
    one: Newest, symbol: str, *, settings: QualitySettings, due: date | None, copies_count: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the newest bar of a name.

    ``due`` is the session whose bar it should be, None where no calendar says. ``copies_count``
    is False where most of the market is a copy: then it is no single name's fault.
    """

    def finding(rule: str, evidence: str, *, suspect: bool = False) -> Finding:
        return Finding(one.con_id, symbol, rule, evidence, suspect)

    if due is not None and one.session < due:
        yield finding("stale", f"newest bar of {one.session}, due {due}")
    if one.repeats and copies_count:
        yield finding("copy", f"the bar of {one.session} is the one of {one.repeats} once more")
    if due is not None and one.missing > GAPS:
        yield finding("gaps", f"no bar in {one.missing} of the last {RECENT} sessions")
    if one.untraded and one.moved:
        yield finding("no volume", f"close moved to {one.close:g} on {one.session} on volume 0")
    if one.untraded >= UNTRADED:
        yield finding("no trading", f"volume 0 in the last {count(one.untraded, 'session')}")
    elif one.unchanged >= UNCHANGED:
        yield finding("no trading", f"close {one.close:g} in each of {one.unchanged + 1} sessions")
    # Where no calendar says which session a previous close belongs to, a day's move is no fault.
    tolerance = settings.max_jump if due is None else settings.close_tolerance
    if abs(math.log(one.previous_off)) > math.log1p(tolerance):
        yield finding(
            "previous close",
            f"the broker's previous close is {one.previous_close:g}, the bar of {one.session} "
            f"says {one.close:g}{likely_cause(one.previous_off)}",
            suspect=True,
        )
    gap = one.quote / one.close
    if abs(math.log(gap)) > math.log1p(settings.max_jump):
        # With its previous close confirmed the gap is news of this morning: real, but the
        # scores know nothing of it.
        yield finding(
            "quote",
            f"quoted {one.quote:g}, {gap - 1:+.0%} from the close of {one.session}, "
            f"{one.close:g}{likely_cause(gap)}",
            suspect=math.isnan(one.previous_off),
        )
