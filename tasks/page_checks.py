"""What the gate checked and what could not be had, as people see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.day import Check, Quality, Unit
from tasks.page_stages import Records


def _checks(records: Records, name: str) -> Sequence[Mapping[str, Any]]:
    checks: Sequence[Mapping[str, Any]] = records[name].facts["checks"]
    return checks


def _failed_again(records: Records) -> list[Mapping[str, Any]]:
    """Return what failed only after the rehearsal had removed orders."""
    return [
        {**check, "name": f"after what-if: {check['name']}"}
        for check in _checks(records, "rehearse")
        if not check["passed"]
    ]


def gate_lines(records: Records) -> list[Check]:
    """Return every check that has a limit, and whatever failed; information is left out."""
    checks = [*_checks(records, "check"), *_failed_again(records)]
    return [_check(each) for each in checks if each["limit"] is not None or not each["passed"]]


def _check(plain: Mapping[str, Any]) -> Check:
    return Check(
        name=plain["name"],
        value=plain["value"],
        limit=0.0 if plain["limit"] is None else plain["limit"],
        passed=plain["passed"],
        unit=_unit(plain["name"]),
        detail=plain["detail"],
    )


_MULTIPLES = frozenset(
    {
        "gross", "gross change", "invested", "net", "turnover", "largest sector",
        "unknown sector", "beta", "short beta",
    }
)  # fmt: skip
_COUNTS = frozenset(
    {
        "finite weights", "finish line", "restricted", "order count", "orders: quantity",
        "orders this session", "account history", "losing days",
    }
)  # fmt: skip


def _unit(name: str) -> Unit:
    if name in _MULTIPLES:
        return Unit.MULTIPLE
    if name == "net asset value":
        return Unit.MONEY
    if name in _COUNTS or name.endswith(" quantity"):
        return Unit.COUNT
    return Unit.PERCENT


def quality_lines(records: Records) -> list[Quality]:
    """Return what was left out or unknown that day, and what followed from it."""
    market, features = records["market"].facts, records["features"].facts
    asked = records["market"].rows_in or 0
    lines = [
        _missing("symbols without a contract", records["universe"].facts["refused"],
                 records["universe"].rows_in or 0, "left out"),
        _missing("symbols without bars", market["no_bars"], asked, "left out"),
        _missing("symbols without a quote", market["no_quote"], asked, "left out"),
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


def _missing(what: str, reasons: Mapping[str, str], of: int, consequence: str) -> Quality:
    examples = tuple(f"{name}: {why}" for name, why in sorted(reasons.items())[:3])
    return Quality(
        what=what,
        affected=len(reasons),
        of=of,
        consequence=consequence if reasons else "",
        examples=examples,
    )
