"""The quality of the day's bars and quotes: judged once, kept as facts, asked by every stage."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import pandas as pd

from core.settings import Settings
from core.storage.runs import StageRecord
from core.tables import BARS
from risk.limits import Check
from signals.newest_bars import GAPS, RECENT
from signals.quality import FEWEST, MOST, Quality
from tasks.day import Day

SHOWN = 5  # names a line of text repeats
# Of the usual volume. Christmas Eve of 2025, a half day, had 0.32 of it; a bar that a vendor took
# in the first hours of a session has less.
LEAST_VOLUME = 0.25
MOVER = "mover"  # somebody's gainer of the day: damaged data there says nothing about ours


def quality_facts(quality: Quality, universe: pd.DataFrame) -> dict[str, Any]:
    """Return what was found as plain JSON values."""
    movers = set(universe["con_id"][universe["origin"] == MOVER].tolist())
    return {
        "expected": quality.expected.isoformat(),
        "newest": quality.newest.isoformat(),
        "behind": quality.behind,
        "names": len(universe),
        "fresh": quality.fresh,
        "copied": quality.copied,
        "missing": [day.isoformat() for day in quality.missing],
        "holidays": quality.holidays,
        "volume": None if math.isnan(quality.volume) else quality.volume,
        "closes_compared": quality.compared,
        "closes_apart": quality.apart,
        "quarantined": {str(con_id): why for con_id, why in quality.quarantined.items()},
        "symbols": {str(one.con_id): one.symbol for one in quality.findings},
        "suspect": sorted({
            one.symbol for one in quality.findings if one.suspect and one.con_id not in movers
        }),
        "spikes": {one.symbol: one.evidence for one in quality.spikes},
        "left_out": [[con_id, day.isoformat()] for con_id, day in quality.left_out],
    }  # fmt: skip


def facts_of(market: StageRecord) -> Mapping[str, Any]:
    """Return the facts of the quality that the market stage wrote down."""
    facts: Mapping[str, Any] = market.facts["quality"]
    return facts


def quarantined(market: StageRecord) -> dict[int, str]:
    """Return why each quarantined name is, by conId."""
    return {int(con_id): why for con_id, why in facts_of(market)["quarantined"].items()}


def usable_bars(day: Day, market: StageRecord) -> pd.DataFrame:
    """Return the bars of the day without those that nothing may use."""
    bars = day.read(market.artefacts["bars"], BARS)
    for con_id, session in facts_of(market)["left_out"]:
        bars = bars[(bars["con_id"] != con_id) | (bars["session"] != date.fromisoformat(session))]
    return bars


def quality_note(facts: Mapping[str, Any]) -> str:
    """Return what a person has to know, in one line; nothing where all is well."""
    parts = []
    if facts["behind"]:
        parts.append(
            f"newest bars of {facts['newest']}, {facts['behind']} session(s) behind "
            f"{facts['expected']}"
        )
    if facts["copied"] > MOST * facts["names"]:
        parts.append(f"{facts['copied']} of {facts['names']} newest bars repeat an earlier one")
    if facts["missing"]:
        parts.append(f"no bars at all of {', '.join(facts['missing'][-SHOWN:])}")
    if facts["holidays"]:
        parts.append(f"{facts['holidays']} bar(s) of days without a session left out")
    if facts["quarantined"]:
        parts.append(f"{len(facts['quarantined'])} quarantined ({_named(facts, ())})")
    if facts["spikes"]:
        parts.append(f"bars left out of {', '.join(sorted(facts['spikes'])[:SHOWN])}")
    return "; ".join(parts)


def quality_checks(
    settings: Settings, facts: Mapping[str, Any], *, held: Collection[int]
) -> tuple[Check, ...]:
    """Hold the day's data against the settings; what fails makes the day a recommendation only.

    ``held`` are the conIds of the holdings: they are named first.
    """
    quality, names = settings.quality, max(facts["names"], 1)
    share = len(facts["quarantined"]) / names
    copied = facts["copied"] / names
    compared, apart = facts["closes_compared"], facts["closes_apart"]
    stops = quality.suspect_price == "recommendation"
    suspects = facts["suspect"]
    return (
        Check(
            "newest bars",
            float(facts["behind"]),
            0.0,
            passed=facts["behind"] == 0,
            detail=f"newest bars of {facts['newest']}, last complete session {facts['expected']}",
        ),
        Check(
            "repeated bars",
            copied,
            MOST,
            passed=copied <= MOST,
            detail=f"{facts['copied']} of {names} newest bars repeat an earlier one",
        ),
        Check(
            "missing sessions",
            float(len(facts["missing"])),
            float(GAPS),
            passed=len(facts["missing"]) <= GAPS,
            detail=f"no bars at all of {', '.join(facts['missing'][-SHOWN:])}"
            if facts["missing"]
            else f"there are bars of each of the last {RECENT}",
        ),
        Check(
            "volume of the market",
            None,
            None,
            passed=facts["volume"] is None or facts["volume"] >= LEAST_VOLUME,
            detail=_volume(facts),
        ),
        Check(
            "previous closes",
            apart / compared if compared else 0.0,
            MOST,
            passed=compared < FEWEST or apart <= MOST * compared,
            detail=f"{apart} of {compared} newest bars are not the broker's previous close",
        ),
        Check(
            "quarantined names",
            share,
            max(quality.max_quarantined, 1.0 / names),
            passed=len(facts["quarantined"]) <= max(quality.max_quarantined * names, 1.0),
            detail=_named(facts, held) or "none",
        ),
        Check(
            "suspect prices",
            float(len(suspects)),
            0.0 if stops else None,
            passed=not (stops and suspects),
            detail="; ".join(_why(facts, symbol) for symbol in suspects[:SHOWN])
            + _more(len(suspects))
            or "none",
        ),
    )


def _volume(facts: Mapping[str, Any]) -> str:
    if facts["volume"] is None:
        return "too few names to tell"
    said = f"half of the names traded {facts['volume']:.0%} of their usual or less"
    short = facts["volume"] < LEAST_VOLUME
    unfinished = f": below {LEAST_VOLUME:.0%} the session looks unfinished" if short else ""
    return f"on {facts['newest']} {said}{unfinished}"


def _named(facts: Mapping[str, Any], held: Collection[int]) -> str:
    symbols = facts["symbols"]
    holdings = sorted(symbols[key] for key in symbols if int(key) in held)
    others = sorted(symbols[key] for key in symbols if int(key) not in held)
    ordered = [*(f"{symbol} (held, frozen)" for symbol in holdings), *others]
    return ", ".join(ordered[:SHOWN]) + _more(len(ordered))


def _why(facts: Mapping[str, Any], symbol: str) -> str:
    key = next(key for key, name in facts["symbols"].items() if name == symbol)
    return f"{symbol}: {facts['quarantined'][key]}"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""
