"""What the gate checked, as people see it."""

from __future__ import annotations

from collections.abc import Iterable

import risk.limits
from review.day import Check, Unit


def gate_lines(checks: Iterable[risk.limits.Check], *, judged_again: bool) -> list[Check]:
    """Return every check of the gate, as it judged the orders that would be sent.

    ``judged_again`` tells that the what-if had changed them.
    """
    prefix = "after what-if: " if judged_again else ""
    return [_check(each, prefix) for each in checks]


def _check(found: risk.limits.Check, prefix: str) -> Check:
    return Check(
        name=found.name if found.passed else f"{prefix}{found.name}",
        value=found.value,
        limit=found.limit,
        passed=found.passed,
        unit=_unit(found),
        either_way=found.name in _EITHER_WAY,
        detail=found.detail,
    )


_MULTIPLES = frozenset(
    {
        "gross", "gross change", "invested", "net", "turnover", "largest sector",
        "unknown sector", "beta", "short beta",
    }
)  # fmt: skip
_EITHER_WAY = frozenset({"net"})  # long minus short: its limit is for both
_COUNTS = frozenset({"missing sessions", "order count", "orders this session", "losing days"})
# They count faults or minutes and allow none: "is 1, limit 0" says less than the reason.
_WORDS = frozenset(
    {
        "finite weights",
        "finite returns",
        "order cut-off",
        "legs held",
        "newest bars",
        "orders lead to targets",
        "restricted",
        "suspect prices",
    }
)


def _unit(found: risk.limits.Check) -> Unit:
    if found.limit is None or found.name in _WORDS:
        return Unit.WORDS
    if found.name in _MULTIPLES:
        return Unit.MULTIPLE
    return Unit.COUNT if found.name in _COUNTS else Unit.PERCENT
