"""What was left out or unknown that day, and what followed from it, as people see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.data_quality import DataQuality, HeadlinesSeen
from review.day import Quality

# Sources that can fail without ending the day, and what people call what they tell.
SOURCES = {
    "fundamentals": "fundamentals",
    "news": "news",
    "macro": "macro",
    "earnings": "earnings dates",
}


def missing_symbols(
    *,
    listed: int,
    asked: int,
    refused: Mapping[str, str],
    no_bars: Mapping[str, str],
    no_quote: Mapping[str, str],
    quality: DataQuality,
    dropped: Mapping[str, str],
) -> list[Quality]:
    """Return the symbols that something is missing of, each with its reason.

    ``listed`` symbols were to be resolved, ``asked`` contracts were asked about.
    """
    quarantined = {quality.symbols[con_id]: why for con_id, why in quality.quarantined.items()}
    return [
        _missing("symbols without a contract", refused, listed, "left out"),
        _missing("symbols without bars", no_bars, asked, "left out"),
        _missing("symbols without a quote", no_quote, asked, "left out"),
        _missing("symbols quarantined", quarantined, asked, "no new position; frozen if held"),
        _missing("histories with bars left out", quality.spikes, asked,
                 "the bars between a jump and its reversal are not used"),
        _missing("symbols not usable", dropped, asked, "left out; frozen if held"),
    ]  # fmt: skip


def headlines_unseen(seen: HeadlinesSeen | None) -> list[Quality]:
    """Return how many headlines the rule against bad news did not see; nothing without feeds."""
    if seen is None:
        return []
    hidden = "the rule against bad news does not see them"
    unplaced, of = seen.read - seen.placed, seen.read + seen.lost
    return [
        Quality(what=what, affected=affected, of=of, consequence=hidden if affected else "")
        for what, affected in (
            ("headlines whose company is not known", unplaced),
            ("headlines without a date", seen.undated),
            ("headlines that cannot be read", seen.lost),
        )
    ]


def failed_sources(failures: Mapping[str, str | None]) -> list[Quality]:
    """Return the sources that failed; ``failures`` by the names of `SOURCES`, None: it answered."""
    lines = [
        Quality(what=f"{name} source failed", affected=1, of=1,
                consequence=f"its part of every score is unknown: {failures[name]}")
        for name in ("fundamentals", "news", "macro")
        if failures[name]
    ]  # fmt: skip
    if failures["earnings"]:
        lines.append(
            Quality(what="earnings calendar failed", affected=1, of=1,
                    consequence=f"the rule of earnings dates did not apply: {failures['earnings']}")
        )  # fmt: skip
    return lines


def unknown_sources(
    failures: Mapping[str, str | None], doubted: Collection[str] = ()
) -> tuple[str, ...]:
    """Name the sources that told nothing that day: what they would have said is unknown.

    ``doubted`` are news feeds that are not believed; beside others they are part of the news.
    """
    partly = ("part of the news",) if doubted and not failures["news"] else ()
    return (*(told for name, told in SOURCES.items() if failures[name]), *partly)


def _missing(what: str, reasons: Mapping[str, str], of: int, consequence: str) -> Quality:
    examples = tuple(f"{name}: {why}" for name, why in sorted(reasons.items())[:3])
    return Quality(
        what=what,
        affected=len(reasons),
        of=of,
        consequence=consequence if reasons else "",
        examples=examples,
    )
