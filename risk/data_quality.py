"""Whether the data of a day is good enough to trade on: its figures held against the settings.

The rule against bad news sells on what a headline says of a company. A headline whose company is
not known, or whose time is not, it does not see: how many those are is said every day, and a day of
which it saw next to nothing is a recommendation only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from core.data_quality import FEWEST, GAPS, MOST, RECENT, DataQuality, HeadlinesSeen
from core.settings import LimitSettings, QualitySettings
from core.text.counts import count
from core.types import LIVE, PREVIOUS_CLOSE, Contract, Order, Quote
from risk.limits import Check

SHOWN = 5  # names a line of text repeats
# Of the usual volume. Christmas Eve of 2025, a half day, had 0.32 of it; a bar that a vendor took
# in the first hours of a session has less.
LEAST_VOLUME = 0.25


def quality_note(data: DataQuality) -> str:
    """Return what a person has to know, in one line; nothing where all is well."""
    parts = []
    if data.behind:
        parts.append(
            f"newest bars of {data.newest}, {count(data.behind, 'session')} behind {data.expected}"
        )
    if data.copied > MOST * data.names:
        parts.append(f"{data.copied} of {data.names} newest bars repeat an earlier one")
    if data.missing:
        parts.append(f"no bars at all of {_days(data)}")
    if data.holidays:
        parts.append(f"{count(data.holidays, 'bar')} of days without a session left out")
    if data.quarantined:
        parts.append(f"{len(data.quarantined)} quarantined ({_named(data, ())})")
    if data.spikes:
        parts.append(f"bars left out of {', '.join(sorted(data.spikes)[:SHOWN])}")
    return "; ".join(parts)


def closing_quotes(
    contracts: Iterable[Contract], closes: Mapping[int, float], *, as_of: datetime
) -> tuple[Quote, ...]:
    """Return a quote made of the newest close of each contract that has one, by conId.

    For names that no kind of market data is to be had of: what they are worth, and no more.
    """
    return tuple(
        Quote(
            con_id=contract.con_id,
            symbol=contract.symbol,
            as_of=as_of,
            bid=None,
            ask=None,
            last=None,
            close=closes[contract.con_id],
            volume=None,
            source=PREVIOUS_CLOSE,
        )
        for contract in sorted(contracts, key=lambda one: (one.symbol, one.con_id))
        if contract.con_id in closes
    )


def quotes_note(kinds: Mapping[int, str]) -> str:
    """Return how many names have a quote that is not live, by kind; nothing where all have one.

    ``kinds`` are the quotes' kinds of market data by conId.
    """
    found = Counter(kind for kind in kinds.values() if kind != LIVE)
    return ", ".join(f"{count(number, 'quote')} {kind}" for kind, number in sorted(found.items()))


def quote_checks(
    orders: Iterable[Order], kinds: Mapping[int, str], *, unattended: bool
) -> tuple[Check, ...]:
    """Return a check on orders whose price rests on a quote that is not live; none: all are.

    Delayed and closing prices may value, decide and propose: whoever approves sees them named.
    ``unattended`` orders, which nobody looks at before they are sent, need live quotes.
    """
    old = [(each.symbol, kinds[each.con_id]) for each in orders if each.con_id in kinds]
    old = sorted({(symbol, kind) for symbol, kind in old if kind != LIVE})
    if not old:
        return ()
    named = ", ".join(f"{symbol} {kind}" for symbol, kind in old[:SHOWN]) + _more(len(old))
    return (
        Check(
            "quotes that are not live",
            float(len(old)),
            0.0 if unattended else None,
            passed=not unattended,
            detail=f"limit prices of {named}",
        ),
    )


def quality_checks(
    settings: QualitySettings, data: DataQuality, *, held: Collection[int]
) -> tuple[Check, ...]:
    """Hold the day's data against the settings; what fails makes the day a recommendation only.

    ``held`` are the conIds of the holdings: they are named first.
    """
    return (*_newest_bars(data), *_of_the_market(data), *_of_single_names(settings, data, held))


def headlines_note(seen: HeadlinesSeen | None) -> str:
    """Return ``214 of 260 headlines placed; 3 undated``; nothing where none were asked for.

    >>> headlines_note(HeadlinesSeen(read=260, placed=214, undated=3, lost=0))
    '214 of 260 headlines placed; 3 undated'
    """
    if seen is None:
        return ""
    parts = [f"{seen.placed:,} of {seen.read:,} headlines placed"]
    parts += [f"{seen.undated:,} undated"] if seen.undated else []
    parts += [f"{seen.lost:,} unreadable"] if seen.lost else []
    return "; ".join(parts)


def headline_checks(limits: LimitSettings, seen: HeadlinesSeen | None) -> Iterator[Check]:
    """Hold the share of headlines that were placed against its limit; None: none were asked for.

    Placed are those whose company is known, be it one of the universe or a stranger. Without any
    headline there is nothing that could have been placed, and a few need not be about companies.
    """
    if seen is None:
        return
    missed = 1.0 - seen.placed / seen.read if seen.read else 0.0
    most = 1.0 - limits.min_placed
    yield Check(
        "headlines not placed",
        missed,
        most,
        passed=seen.read < FEWEST or missed <= most,
        detail=headlines_note(seen),
    )


def _newest_bars(data: DataQuality) -> Iterator[Check]:
    names = max(data.names, 1)
    copied = data.copied / names
    yield Check(
        "newest bars",
        float(data.behind),
        0.0,
        passed=data.behind == 0,
        detail=f"newest bars of {data.newest}, last complete session {data.expected}",
    )
    yield Check(
        "repeated bars",
        copied,
        MOST,
        passed=copied <= MOST,
        detail=f"{data.copied} of {names} newest bars repeat an earlier one",
    )


def _of_the_market(data: DataQuality) -> Iterator[Check]:
    compared, apart = data.closes_compared, data.closes_apart
    yield Check(
        "missing sessions",
        float(len(data.missing)),
        float(GAPS),
        passed=len(data.missing) <= GAPS,
        detail=f"no bars at all of {_days(data)}"
        if data.missing
        else f"there are bars of each of the last {RECENT}",
    )
    yield Check(
        "volume of the market",
        None,
        None,
        passed=data.volume is None or data.volume >= LEAST_VOLUME,
        detail=_volume(data),
    )
    yield Check(
        "previous closes",
        apart / compared if compared else 0.0,
        MOST,
        passed=compared < FEWEST or apart <= MOST * compared,
        detail=f"{apart} of {compared} newest bars are not the broker's previous close",
    )


def _of_single_names(
    settings: QualitySettings, data: DataQuality, held: Collection[int]
) -> Iterator[Check]:
    names = max(data.names, 1)
    stops = settings.suspect_price == "recommendation"
    suspects = data.suspect
    yield Check(
        "quarantined names",
        len(data.quarantined) / names,
        max(settings.max_quarantined, 1.0 / names),
        passed=len(data.quarantined) <= max(settings.max_quarantined * names, 1.0),
        detail=_named(data, held) or "none",
    )
    yield Check(
        "suspect prices",
        float(len(suspects)),
        0.0 if stops else None,
        passed=not (stops and suspects),
        detail="; ".join(_why(data, symbol) for symbol in suspects[:SHOWN]) + _more(len(suspects))
        or "none",
    )


def _days(data: DataQuality) -> str:
    return ", ".join(day.isoformat() for day in data.missing[-SHOWN:])


def _volume(data: DataQuality) -> str:
    if data.volume is None:
        return "too few names to tell"
    said = f"the median name traded {data.volume:.0%} of its usual volume"
    short = data.volume < LEAST_VOLUME
    unfinished = f": below {LEAST_VOLUME:.0%} the session looks unfinished" if short else ""
    return f"on {data.newest} {said}{unfinished}"


def _named(data: DataQuality, held: Collection[int]) -> str:
    holdings = sorted(symbol for con_id, symbol in data.symbols.items() if con_id in held)
    others = sorted(symbol for con_id, symbol in data.symbols.items() if con_id not in held)
    ordered = [*(f"{symbol} (held, frozen)" for symbol in holdings), *others]
    return ", ".join(ordered[:SHOWN]) + _more(len(ordered))


def _why(data: DataQuality, symbol: str) -> str:
    key = next(key for key, name in data.symbols.items() if name == symbol)
    return f"{symbol}: {data.quarantined[key]}"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""
