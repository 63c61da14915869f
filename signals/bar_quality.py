"""Whether the bars and quotes of a day can be believed, name by name and for the whole market.

1. The newest bar of each name, and of the market, is held against the last complete session.
2. The newest bar is held against the recent ones: a copy is no new bar, and sessions without a
   bar make a return of many days look like one of a day.
3. The broker's own previous close, and the quote, are held against the newest bar.
4. A move beyond a limit has to be explained by volume; see `signals.unexplained_jumps`.
5. A name that nobody has traded for a week has no price.

What fails is quarantined by name, rule and numbers. What is wrong with most names is a fault of
the source, and no name is singled out for it. Nothing is corrected or filled in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from core.calendar import Exchange, last_complete_session, sessions_between
from core.data_quality import FEWEST, MOST, RECENT, DataQuality
from core.settings import QualitySettings
from core.text.counts import count
from signals.features import quoted_prices
from signals.newest_bars import Finding, Newest, newest_bars, per_name
from signals.unexplained_jumps import Jump, unexplained_jumps
from signals.wide import Wide, wide_bars

SESSIONS = 253  # as many as a year of return scenarios needs; older bars decide nothing
# By then the broker has rolled its "previous close" to the session that closed.
CLOSE_ROLLED = timedelta(hours=8)
FEW = 0.1  # share of names: a session of which no more have a bar has not arrived yet
MOVER = "mover"  # somebody's gainer of the day: damaged data there says nothing about ours
MARKET = 15  # names; fewer may all close unchanged, or trade little, on an ordinary day


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found."""

    expected: date  # the last complete session
    newest: date  # the newest session that the market has bars of
    behind: int  # sessions from newest to expected
    findings: tuple[Finding, ...]  # by symbol; each of their names is quarantined
    spikes: tuple[Finding, ...]  # bars left out of a history that is sound without them
    left_out: tuple[tuple[int, date], ...]  # bars that nothing may use, by conId and session
    fresh: int  # names with a new bar of the expected session, and no finding
    copied: int  # names whose newest bar is an earlier one once more
    missing: tuple[date, ...]  # recent sessions up to the newest without bars of more than a few
    holidays: int  # bars of days without a session, left out
    volume: float  # median of the newest volumes against the usual; NaN of too few names
    compared: int  # names whose previous close was held against their newest bar
    apart: int  # of these, those that differ by more than a rounding

    @property
    def quarantined(self) -> dict[int, str]:
        """Each quarantined name's findings in words, by conId."""
        found: dict[int, str] = {}
        for one in self.findings:
            said = f"{one.rule}: {one.evidence}"
            found[one.con_id] = f"{found[one.con_id]}; {said}" if one.con_id in found else said
        return found

    def figures(self, universe: pd.DataFrame) -> DataQuality:
        """Return what was found as figures; ``universe`` as given to `judge_bars`."""
        movers = set(universe["con_id"][universe["origin"] == MOVER].tolist())
        return DataQuality(
            expected=self.expected,
            newest=self.newest,
            behind=self.behind,
            names=len(universe),
            fresh=self.fresh,
            copied=self.copied,
            missing=self.missing,
            holidays=self.holidays,
            volume=None if math.isnan(self.volume) else self.volume,
            closes_compared=self.compared,
            closes_apart=self.apart,
            quarantined=self.quarantined,
            symbols={one.con_id: one.symbol for one in self.findings},
            suspect=tuple(
                sorted({o.symbol for o in self.findings if o.suspect and o.con_id not in movers})
            ),
            spikes={one.symbol: one.evidence for one in self.spikes},
            left_out=self.left_out,
        )


def judge_bars(
    universe: pd.DataFrame,
    quotes: pd.DataFrame,
    bars: pd.DataFrame,
    *,
    as_of: datetime,
    settings: QualitySettings,
    exchange: Exchange = "XNYS",
) -> Quality:
    """Judge the bars and quotes that a decision at ``as_of`` would rest on.

    Parameters
    ----------
    universe, quotes, bars
        Tables of these names in `core.tables`; bars of sessions that had closed by ``as_of``, at
        least one.
    as_of
        The moment of the decision, aware.
    exchange
        Calendar of the names in the universe's usual currency. Others have holidays of their own:
        no rule of the calendar applies to them.
    """
    closed = last_complete_session(as_of, exchange=exchange)
    symbols = dict(zip(universe["con_id"].tolist(), universe["symbol"].tolist(), strict=True))
    home = _home(universe)
    table = wide_bars(bars[bars["con_id"].isin(list(symbols))], sessions=SESSIONS)
    table, holidays = _without_holidays(table, home, exchange=exchange)
    jumps = unexplained_jumps(table, max_jump=settings.max_jump)
    spiked = {(jump.con_id, day) for jump in jumps for day in _spike(jump, table)}
    rolled = as_of - closed.close >= CLOSE_ROLLED
    due, missing = _recent(table, home, closed.day, exchange=exchange)
    seen = newest_bars(table, quoted_prices(quotes), rolled=rolled, sessions=due)
    newest = _newest_of_market(seen, home, closed.day)
    copied = _copied(seen)
    due_of = dict.fromkeys(home, newest)
    findings = [*_of_jumps(jumps, symbols), *_of_names(seen, symbols, due_of, copied, settings)]
    doubted = {one.con_id for one in findings} | copied
    compared = [one.close_apart for one in seen if one.close_apart is not None]
    return Quality(
        expected=closed.day,
        newest=newest,
        behind=max(len(sessions_between(newest, closed.day, exchange=exchange)) - 1, 0),
        findings=tuple(sorted(findings, key=lambda one: (one.symbol, one.con_id, one.rule))),
        spikes=tuple(_of_spikes(jumps, symbols, table)),
        left_out=tuple(sorted({*holidays, *spiked})),
        fresh=_fresh(seen, home, closed.day, doubted),
        copied=len(copied),
        missing=tuple(day for day in missing if day < newest),
        holidays=len(holidays),
        volume=_volume(table, newest),
        compared=len(compared),
        apart=sum(compared),
    )


def _copied(seen: list[Newest]) -> set[int]:
    """Return the names whose newest bar is a copy: of the one before, or the whole market's."""
    copied = {one.con_id for one in seen if one.repeats}
    same = {one.con_id for one in seen if not one.moved}
    if len(seen) >= MARKET and len(same) > MOST * len(seen):
        copied |= same
    return copied


def _of_names(
    seen: list[Newest],
    symbols: dict[int, str],
    due: dict[int, date],
    copied: set[int],
    settings: QualitySettings,
) -> Iterator[Finding]:
    """Yield what is found in each name alone; ``due`` is the session it should have reached."""
    all_copied = len(seen) >= FEWEST and len(copied) > MOST * len(seen)
    for one in seen:
        yield from per_name(
            one,
            symbols[one.con_id],
            settings=settings,
            due=due.get(one.con_id),
            copies_count=not all_copied,
        )


def _fresh(seen: list[Newest], home: frozenset[int], expected: date, doubted: set[int]) -> int:
    """Count the names whose newest bar is believed and of the session that was expected."""
    return sum(
        one.con_id not in doubted and (one.session == expected or one.con_id not in home)
        for one in seen
    )


def _home(universe: pd.DataFrame) -> frozenset[int]:
    """Return the conIds of the currency that most of the universe is quoted in."""
    currencies = Counter(universe["currency"].tolist())
    usual = min(currencies, key=lambda name: (-currencies[name], name))
    return frozenset(universe["con_id"][universe["currency"] == usual].tolist())


def _without_holidays(
    table: Wide, home: frozenset[int], *, exchange: Exchange
) -> tuple[Wide, list[tuple[int, date]]]:
    """Leave out the bars that names of this exchange have of days without a session."""
    known = set(sessions_between(table.days[0], table.days[-1], exchange=exchange))
    odd = [row for row, day in enumerate(table.days) if day not in known]
    columns = [column for column, con_id in enumerate(table.con_ids) if con_id in home]
    places = [(row, column) for row in odd for column in columns if table.has(row, column)]
    left_out = [(table.con_ids[column], table.days[row]) for row, column in places]
    return (table.without(places), left_out) if places else (table, [])


def _recent(
    table: Wide, home: frozenset[int], expected: date, *, exchange: Exchange
) -> tuple[frozenset[date], list[date]]:
    """Return the recent sessions that names of this exchange have bars of, and the others."""
    columns = [column for column, con_id in enumerate(table.con_ids) if con_id in home]
    known = np.isfinite(table.closes[:, columns]).sum(axis=1)
    enough = FEW * len(columns)
    there = {day for day, count in zip(table.days, known.tolist(), strict=True) if count > enough}
    if not there:
        return frozenset(), []
    sessions = sessions_between(min(there), max(expected, min(there)), exchange=exchange)[-RECENT:]
    return frozenset(there.intersection(sessions)), [day for day in sessions if day not in there]


def _volume(table: Wide, newest: date) -> float:
    """Return the median over the names of the newest session's volume against their usual one."""
    if newest not in table.days:
        return math.nan
    row = table.days.index(newest)
    before = pd.DataFrame(table.volumes[max(row - RECENT, 0) : row])
    usual = before.median().fillna(0.0).to_numpy()
    told = np.isfinite(table.volumes[row]) & (usual > 0)
    ratios = table.volumes[row, told] / usual[told]
    return float(np.median(ratios)) if len(ratios) >= MARKET else math.nan


def _newest_of_market(seen: list[Newest], home: frozenset[int], expected: date) -> date:
    """Return the newest session that more than a few names of the market have a bar of."""
    days = Counter(one.session for one in seen if one.con_id in home)
    reached = 0
    for day in sorted(days, reverse=True):
        reached += days[day]
        if reached > FEW * days.total():
            return min(day, expected)
    return max((one.session for one in seen), default=expected)


def _spike(jump: Jump, table: Wide) -> list[date]:
    """Return the days whose bars a jump makes unusable: up to its reversal, or its own."""
    return [
        day
        for day in table.days
        if day == jump.session or (jump.reverted_on and jump.session < day < jump.reverted_on)
    ]


def _of_jumps(jumps: list[Jump], symbols: dict[int, str]) -> Iterator[Finding]:
    for jump in jumps:
        if jump.reverted_on is None:
            partner = jump.swapped_with
            looks = f", as if swapped with {symbols[partner]}" if partner is not None else ""
            yield Finding(
                jump.con_id, symbols[jump.con_id], "jump", jump.evidence + looks,
                suspect=jump.is_newest,
            )  # fmt: skip


def _of_spikes(jumps: list[Jump], symbols: dict[int, str], table: Wide) -> Iterator[Finding]:
    for jump in jumps:
        if jump.reverted_on is not None:
            bars = sum(table.has_bar(jump.con_id, day) for day in _spike(jump, table))
            said = f"{jump.evidence}, back on {jump.reverted_on}; {count(bars, 'bar')} left out"
            yield Finding(jump.con_id, symbols[jump.con_id], "spike", said)
