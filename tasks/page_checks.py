"""What the gate checked and what could not be had, as people see it."""

from __future__ import annotations

from collections.abc import Mapping

import risk.limits
from review.day import Check, Quality, Unit
from tasks.judged import checks_of, judged_again, last_judgement
from tasks.page_stages import Records


def gate_lines(records: Records) -> list[Check]:
    """Return every check of the gate, as it judged the orders that would be sent."""
    gate, rehearsal = records["check"], records["rehearse"]
    prefix = "after what-if: " if judged_again(rehearsal) else ""
    return [_check(each, prefix) for each in checks_of(last_judgement(gate, rehearsal))]


def _check(found: risk.limits.Check, prefix: str) -> Check:
    return Check(
        name=found.name if found.passed else f"{prefix}{found.name}",
        value=found.value,
        limit=found.limit,
        passed=found.passed,
        unit=_unit(found),
        detail=found.detail,
    )


_MULTIPLES = frozenset(
    {
        "gross", "gross change", "invested", "net", "turnover", "largest sector",
        "unknown sector", "beta", "short beta",
    }
)  # fmt: skip
_COUNTS = frozenset({"missing sessions", "order count", "orders this session", "losing days"})
# They count faults or minutes and allow none: "is 1, limit 0" says less than the reason.
_WORDS = frozenset(
    {"finite weights", "finish line", "legs held", "newest bars", "restricted", "suspect prices"}
)


def _unit(found: risk.limits.Check) -> Unit:
    if found.limit is None or found.name in _WORDS:
        return Unit.WORDS
    if found.name in _MULTIPLES:
        return Unit.MULTIPLE
    return Unit.COUNT if found.name in _COUNTS else Unit.PERCENT


def quality_lines(records: Records) -> list[Quality]:
    """Return what was left out or unknown that day, and what followed from it."""
    market, features = records["market"].facts, records["features"].facts
    asked = records["market"].rows_in or 0
    lines = [
        _missing("symbols without a contract", records["universe"].facts["refused"],
                 records["universe"].rows_in or 0, "left out"),
        _missing("symbols without bars", market["no_bars"], asked, "left out"),
        _missing("symbols without a quote", market["no_quote"], asked, "left out"),
        _missing("symbols quarantined", _quarantined(market["quality"]), asked,
                 "no new position; frozen if held"),
        _missing("histories with bars left out", market["quality"]["spikes"], asked,
                 "the bars between a jump and its reversal are used by nothing"),
        _missing("symbols not usable", features["dropped"], asked, "left out; frozen if held"),
    ]  # fmt: skip
    for name in ("fundamentals", "news", "macro"):
        degraded = records[name].facts["degraded"]
        if degraded:
            lines.append(
                Quality(what=f"{name} source failed", affected=1, of=1,
                        consequence=f"its part of every score is unknown: {degraded}")
            )  # fmt: skip
    if degraded := records["earnings"].facts["degraded"]:
        lines.append(
            Quality(what="earnings calendar failed", affected=1, of=1,
                    consequence=f"the rule of earnings dates did not apply: {degraded}")
        )  # fmt: skip
    return lines


def unknown_sources(records: Records) -> tuple[str, ...]:
    """Name the sources that told nothing that day: what they would have said is unknown."""
    names = {
        "fundamentals": "fundamentals",
        "news": "news",
        "macro": "macro",
        "earnings": "earnings dates",
    }
    return tuple(said for name, said in names.items() if records[name].facts["degraded"])


def _quarantined(facts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {facts["symbols"][con_id]: why for con_id, why in facts["quarantined"].items()}


def _missing(what: str, reasons: Mapping[str, str], of: int, consequence: str) -> Quality:
    examples = tuple(f"{name}: {why}" for name, why in sorted(reasons.items())[:3])
    return Quality(
        what=what,
        affected=len(reasons),
        of=of,
        consequence=consequence if reasons else "",
        examples=examples,
    )
