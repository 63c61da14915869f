"""How far the bars, quotes and headlines of a day can be believed, in figures.

`signals.bar_quality` and `feeds.news` find them, `risk.data_quality` judges them, the page shows
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

MOST = 0.5  # share of names: what is wrong with more of them is wrong with their source
FEWEST = 5  # names, or headlines, for a word on their source
RECENT = 20  # sessions that a bar can be a copy of, and in which a name may not have many gaps
GAPS = 2  # of these; with more, a return of one day is none


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlinesSeen:
    """How much of a day's news the rule against bad news could see."""

    read: int  # headlines of all feeds
    placed: int  # of these, those whose company is known, ours or another
    undated: int  # of those read; they might be old and do not count
    lost: int  # items besides them that could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """What was found in the bars and quotes of one day."""

    expected: date  # the last complete session
    newest: date  # the newest session that the market has bars of
    behind: int  # sessions from newest to expected
    names: int  # of the universe
    fresh: int  # names with a new bar of the expected session, and nothing wrong
    copied: int  # names whose newest bar is an earlier one once more
    missing: tuple[date, ...]  # recent sessions without bars of more than a few names
    holidays: int  # bars of days without a session, left out
    volume: float | None  # median of the newest volumes against the usual; None of too few names
    closes_compared: int  # names whose previous close was held against their newest bar
    closes_apart: int  # of these, those that differ by more than a rounding
    quarantined: Mapping[int, str]  # why, by conId: nothing of them is traded
    symbols: Mapping[int, str]  # of the quarantined
    suspect: tuple[str, ...]  # symbols whose newest price is contradicted, movers left out
    spikes: Mapping[str, str]  # symbol -> bars left out of a history that is sound without them
    left_out: tuple[tuple[int, date], ...]  # bars that nothing may use
