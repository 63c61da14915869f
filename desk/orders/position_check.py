"""Positions held against what they should be: what was there, plus our own fills since."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from core.types import Fill, OrderState, OrderStatus, Side, Snapshot, oldest_first
from desk.tickets.ticket_store import Holding
from risk.limits import Check

SHARES = 1e-6  # smaller differences are rounding


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A position that our own fills do not explain. Quantities in signed shares."""

    con_id: int
    symbol: str
    expected: float
    held: float
    # Signed shares that our own orders may have traded without the broker having said so, and
    # those orders' names.
    low: float = 0.0
    high: float = 0.0
    own: tuple[str, ...] = ()

    @property
    def may_be_ours(self) -> bool:
        """Whether orders of our own, of which not everything is known, can be the whole reason."""
        return bool(self.own) and (
            self.low - SHARES <= self.held - self.expected <= self.high + SHARES
        )

    @property
    def reason(self) -> str:
        """The difference in words."""
        if self.may_be_ours:
            return (
                f"{self.expected:g} expected, {self.held:g} held: not known; "
                f"{self.held - self.expected:+g} may be of daybook's own {', '.join(self.own)}, "
                "of which the broker did not say how much was filled"
            )
        return (
            f"{self.expected:g} expected, {self.held:g} held: {self.held - self.expected:+g} not "
            "by daybook (a trade by hand, another client, or a corporate action)"
        )


@dataclass(frozen=True, slots=True)
class Unreported:
    """What an order of ours traded by its status, or may have traded, without an execution."""

    order_ref: str
    con_id: int
    symbol: str
    side: Side
    quantity: float  # shares filled by the order's status, of which no execution was reported
    possible: float  # shares beyond those that may have been filled: the order's fate is not known

    @property
    def known(self) -> float:
        """Signed shares that were certainly traded."""
        return self.side.sign * self.quantity


def unreported(states: Iterable[OrderState]) -> tuple[Unreported, ...]:
    """Return what these orders traded, or may have, beyond the executions that were reported.

    Orders and executions are lists of their own at the broker; one can be short. Combinations are
    left out: their status counts combinations, not what each leg traded.
    """
    found = []
    for state in states:
        if state.legs:
            continue
        reported = sum(fill.quantity for fill in state.fills)
        missing = max(state.filled - reported, 0.0)
        unknown = state.status is OrderStatus.UNCERTAIN
        possible = max(state.quantity - state.filled, 0.0) if unknown else 0.0
        if missing > SHARES or possible > SHARES:
            found.append(
                Unreported(
                    state.order_ref, state.con_id, state.symbol, state.side, missing, possible
                )
            )
    return tuple(found)


def mismatches(
    before: Iterable[Holding],
    fills: Iterable[Fill],
    after: Snapshot,
    beside: Iterable[Unreported] = (),
) -> tuple[Mismatch, ...]:
    """Return every position that is not what it was before plus these fills, by symbol.

    ``beside`` is what own orders traded without an execution that tells of it: what their status
    says is counted, what is not known is told of a position that it can explain.
    """
    also = tuple(beside)
    expected: dict[int, float] = {}
    names: dict[int, str] = {}
    for holding in before:
        expected[holding.con_id] = holding.quantity
        names[holding.con_id] = holding.symbol
    for fill in fills:
        expected[fill.con_id] = expected.get(fill.con_id, 0.0) + fill.side.sign * fill.quantity
        names[fill.con_id] = fill.symbol
    for each in also:
        expected[each.con_id] = expected.get(each.con_id, 0.0) + each.known
        names[each.con_id] = each.symbol
    held = after.held
    names |= {position.con_id: position.symbol for position in after.positions}
    found = [
        _mismatch(con_id, names[con_id], expected.get(con_id, 0.0), held.get(con_id, 0.0), also)
        for con_id in {*expected, *held}
    ]
    odd = [each for each in found if not abs(each.held - each.expected) <= SHARES]
    return tuple(sorted(odd, key=lambda each: (each.symbol, each.con_id)))


def _mismatch(
    con_id: int, symbol: str, expected: float, held: float, beside: Iterable[Unreported]
) -> Mismatch:
    open_ended = [each for each in beside if each.con_id == con_id and each.possible > 0.0]
    return Mismatch(
        con_id,
        symbol,
        expected,
        held,
        low=-sum(each.possible for each in open_ended if each.side is Side.SELL),
        high=sum(each.possible for each in open_ended if each.side is Side.BUY),
        own=tuple(f"{each.side} order {each.order_ref}" for each in open_ended),
    )


def fills_since(states: Iterable[OrderState], moment: datetime) -> tuple[Fill, ...]:
    """Return the fills of these orders after a moment, oldest first.

    One whose time is not known counts: the orders of a ticket are sent after its decision.
    """
    each = (fill for state in states for fill in state.fills)
    found = [fill for fill in each if fill.time is None or fill.time > moment]
    return tuple(sorted(found, key=oldest_first))


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
