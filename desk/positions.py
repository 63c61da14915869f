"""Positions held against what they should be: what was there, plus our own fills since."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from core.types import Fill, OrderState, Snapshot
from desk.tickets import Holding
from risk.limits import Check

SHARES = 1e-6  # smaller differences are rounding


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A position that our own fills do not explain. Quantities in signed shares."""

    con_id: int
    symbol: str
    expected: float
    held: float

    @property
    def reason(self) -> str:
        """The difference in words."""
        return (
            f"{self.expected:g} expected, {self.held:g} held: {self.held - self.expected:+g} not "
            "by daybook (a trade by hand, another client, or a corporate action)"
        )


def mismatches(
    before: Iterable[Holding], fills: Iterable[Fill], after: Snapshot
) -> tuple[Mismatch, ...]:
    """Return every position that is not what it was before plus these fills, by symbol."""
    expected: dict[int, float] = {}
    names: dict[int, str] = {}
    for holding in before:
        expected[holding.con_id] = holding.quantity
        names[holding.con_id] = holding.symbol
    for fill in fills:
        expected[fill.con_id] = expected.get(fill.con_id, 0.0) + fill.side.sign * fill.quantity
        names[fill.con_id] = fill.symbol
    held = {position.con_id: position.quantity for position in after.positions}
    names |= {position.con_id: position.symbol for position in after.positions}
    found = [
        Mismatch(con_id, names[con_id], expected.get(con_id, 0.0), held.get(con_id, 0.0))
        for con_id in {*expected, *held}
    ]
    odd = [each for each in found if not abs(each.held - each.expected) <= SHARES]
    return tuple(sorted(odd, key=lambda each: (each.symbol, each.con_id)))


def fills_since(states: Iterable[OrderState], moment: datetime) -> tuple[Fill, ...]:
    """Return the fills of these orders after a moment, oldest first."""
    found = [fill for state in states for fill in state.fills if fill.time > moment]
    return tuple(sorted(found, key=lambda fill: (fill.time, fill.execution_id)))


def position_checks(odd: Iterable[Mismatch], traded: Collection[int]) -> tuple[Check, ...]:
    """Return a failed check for each mismatch among the names that are to be traded."""
    return tuple(
        Check(
            f"{each.symbol} position since the decision",
            abs(each.held - each.expected),
            0.0,
            passed=False,
            detail=each.reason,
        )
        for each in odd
        if each.con_id in traded
    )
