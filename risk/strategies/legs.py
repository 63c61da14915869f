"""Option strategies: which legs each of them has, and what makes them one.

A strategy is written as its buyer trades it, in the form that costs money; selling it trades every
leg the other way round. Strikes ascend, ``+`` is bought, ``-`` is sold:

| strategy     | strikes | legs                                   | BUY           | SELL           |
|--------------|---------|----------------------------------------|---------------|----------------|
| vertical     | K1 K2   | calls +K1 -K2, or puts -K1 +K2         | debit spread  | credit spread  |
| iron condor  | K1 … K4 | puts -K1 +K2, calls +K3 -K4            | reverse       | iron condor    |
| straddle     | K       | put +K, call +K                        | long          | short, naked   |
| strangle     | K1 K2   | put +K1, call +K2                      | long          | short, naked   |
| calendar     | K       | near -K, far +K, both calls or puts    | long          | short          |
| covered call | K       | shares +multiplier, call -K            | buy-write     | closes one     |
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Literal, TypeAlias

from core.errors import DataError
from core.text.counts import count
from core.types import Side

Right: TypeAlias = Literal["C", "P"]


class StrategyKind(StrEnum):
    """Which strategy it is."""

    VERTICAL = "vertical"
    IRON_CONDOR = "iron_condor"
    STRADDLE = "straddle"
    STRANGLE = "strangle"
    CALENDAR = "calendar"
    COVERED_CALL = "covered_call"


@dataclass(frozen=True, slots=True)
class StrategyLeg:
    """One option, or the underlying's shares where ``right`` is None."""

    side: Side
    ratio: int  # contracts, or shares
    right: Right | None = None
    strike: float | None = None
    expiry: date | None = None

    def __str__(self) -> str:
        """Name the option, or the shares."""
        if self.right is None or self.strike is None:
            return "shares"
        return f"{self.expiry} {self.strike:g} {'call' if self.right == 'C' else 'put'}"


@dataclass(frozen=True, slots=True)
class Strategy:
    """The legs of one combination, as its buyer trades them."""

    kind: StrategyKind
    symbol: str  # the underlying's
    multiplier: int  # shares that an option is about
    legs: tuple[StrategyLeg, ...]

    @property
    def options(self) -> tuple[StrategyLeg, ...]:
        """The legs that are options."""
        return tuple(leg for leg in self.legs if leg.right is not None)

    @property
    def last_expiry(self) -> date:
        """The day after which none of its options is left."""
        return max(leg.expiry for leg in self.options if leg.expiry is not None)

    @property
    def widths(self) -> tuple[float, ...]:
        """The distance of the two strikes of each right that has two; empty where none has."""
        strikes = [
            sorted(leg.strike or 0.0 for leg in self.options if leg.right == right)
            for right in ("P", "C")
        ]
        return tuple(each[-1] - each[0] for each in strikes if len(each) > 1 and each[-1] > each[0])

    def per_share(self, leg: StrategyLeg) -> float:
        """Return how many of a leg one share of the combination has, negative where it is sold."""
        count = leg.ratio / self.multiplier if leg.right is None else leg.ratio
        return leg.side.sign * count


@dataclass(frozen=True, slots=True)
class StrategyTerms:
    """A strategy by its terms, as people name it."""

    kind: StrategyKind
    symbol: str
    expiry: date  # of a calendar: the nearer one
    strikes: tuple[float, ...]  # ascending
    right: Right | None = None  # of a vertical or a calendar
    far_expiry: date | None = None  # of a calendar


_STRIKES = {
    StrategyKind.VERTICAL: 2,
    StrategyKind.IRON_CONDOR: 4,
    StrategyKind.STRADDLE: 1,
    StrategyKind.STRANGLE: 2,
    StrategyKind.CALENDAR: 1,
    StrategyKind.COVERED_CALL: 1,
}
_ONE_RIGHT = frozenset({StrategyKind.VERTICAL, StrategyKind.CALENDAR})


def build(terms: StrategyTerms, *, multiplier: int = 100) -> Strategy:
    """Return the legs of a strategy. Raises `DataError` with everything that is wrong.

    >>> terms = StrategyTerms(StrategyKind.VERTICAL, "SPY", date(2026, 8, 21), (500.0, 510.0), "C")
    >>> [(leg.side.value, leg.strike) for leg in build(terms).legs]
    [('BUY', 500.0), ('SELL', 510.0)]
    """
    if wrong := list(_problems(terms, multiplier)):
        raise DataError(f"this is not a {terms.kind.replace('_', ' ')}: {'; '.join(wrong)}")
    return Strategy(terms.kind, terms.symbol, multiplier, _legs(terms, multiplier))


def _problems(terms: StrategyTerms, multiplier: int) -> Iterator[str]:
    if multiplier < 1:
        yield f"multiplier {multiplier}"
    wanted, given = _STRIKES[terms.kind], terms.strikes
    if len(given) != wanted:
        yield f"{count(len(given), 'strike')} given, it has {wanted}"
    if odd := [strike for strike in given if not (math.isfinite(strike) and strike > 0.0)]:
        yield f"strike {odd[0]} is not above zero"
    elif any(not low < high for low, high in pairwise(given)):
        yield f"the strikes {', '.join(f'{each:g}' for each in given)} do not ascend"
    if terms.kind in _ONE_RIGHT and terms.right not in {"C", "P"}:
        yield "say whether it is of calls (C) or of puts (P)"
    if terms.kind not in _ONE_RIGHT and terms.right is not None:
        yield "its rights follow from what it is; give none"
    if terms.kind is not StrategyKind.CALENDAR:
        if terms.far_expiry is not None:
            yield "it has one expiry; give no far one"
    elif terms.far_expiry is None or not terms.expiry < terms.far_expiry:
        yield f"the far expiry {terms.far_expiry} is not after the near one, {terms.expiry}"


def _legs(terms: StrategyTerms, multiplier: int) -> tuple[StrategyLeg, ...]:
    strikes: Sequence[float] = terms.strikes

    def option(side: Side, right: Right | None, number: int, expiry: date | None) -> StrategyLeg:
        return StrategyLeg(side, 1, right, strikes[number], expiry)

    expiry = terms.expiry
    match terms.kind:
        case StrategyKind.VERTICAL:
            low, high = (Side.BUY, Side.SELL) if terms.right == "C" else (Side.SELL, Side.BUY)
            return (option(low, terms.right, 0, expiry), option(high, terms.right, 1, expiry))
        case StrategyKind.IRON_CONDOR:
            return (
                option(Side.SELL, "P", 0, expiry),
                option(Side.BUY, "P", 1, expiry),
                option(Side.BUY, "C", 2, expiry),
                option(Side.SELL, "C", 3, expiry),
            )
        case StrategyKind.STRADDLE | StrategyKind.STRANGLE:
            return (option(Side.BUY, "P", 0, expiry), option(Side.BUY, "C", -1, expiry))
        case StrategyKind.CALENDAR:
            far = terms.far_expiry
            return (
                option(Side.SELL, terms.right, 0, expiry),
                option(Side.BUY, terms.right, 0, far),
            )
        case StrategyKind.COVERED_CALL:
            return (StrategyLeg(Side.BUY, multiplier), option(Side.SELL, "C", 0, expiry))
