"""What a strategy is worth at expiry, and so the most that it can lose or win.

Everything is per share of one combination and follows from the legs alone: no figure is taken from
anyone else. At expiry the value is a broken line over the underlying's price, with a corner at
each strike; its extremes lie at the corners, at 0, or beyond the last corner.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from core.types import Side
from risk.strategies.legs import Strategy, StrategyLeg


@dataclass(frozen=True, slots=True)
class Payoff:
    """The value to the buyer at expiry: a broken line from an underlying at 0 upwards."""

    corners: tuple[tuple[float, float], ...]  # (underlying, value), ascending, the first at 0
    slope: float  # of the value, beyond the last corner

    @property
    def low(self) -> float:
        """The least it can be worth; -inf where there is no least."""
        return -math.inf if self.slope < 0.0 else min(value for _, value in self.corners)

    @property
    def high(self) -> float:
        """The most it can be worth; +inf where there is no most."""
        return math.inf if self.slope > 0.0 else max(value for _, value in self.corners)

    def at(self, underlying: float) -> float:
        """Return the value at one price of the underlying, 0 or more."""
        for (left, before), (right, after) in pairwise(self.corners):
            if underlying <= right:
                return before + (after - before) * (underlying - left) / (right - left)
        last, value = self.corners[-1]
        return value + self.slope * (underlying - last)

    def crossings(self, level: float) -> tuple[float, ...]:
        """Return where the value goes through a level, ascending; touching it counts."""
        found = list(self._crossings(level))
        last, value = self.corners[-1]
        if self.slope and (level - value) / self.slope > 0.0:
            found.append(last + (level - value) / self.slope)
        if value == level:
            found.append(last)
        return tuple(sorted(set(found)))

    def _crossings(self, level: float) -> Iterator[float]:
        for (left, before), (right, after) in pairwise(self.corners):
            if before == level:
                yield left
            elif min(before, after) < level < max(before, after):
                yield left + (right - left) * (level - before) / (after - before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What can come of a trade, per share of one combination.

    ``max_loss`` is inf where it has no bound, and ``max_gain`` likewise; both may be negative at a
    price that no market would give. None is "not known": what the far option of a calendar is
    worth when the near one expires depends on a volatility that nobody knows.
    """

    max_loss: float
    max_gain: float | None
    break_evens: tuple[float, ...] | None  # prices of the underlying at expiry


def payoff(strategy: Strategy) -> Payoff:
    """Return a strategy's value at expiry. Of a calendar, at the near one, it is the least value.

    An option that lives on is worth at least what its exercise pays. Of a European option that
    is deep in the money this is short by the interest on its strike.
    """
    strikes = sorted({leg.strike for leg in strategy.options if leg.strike is not None})
    corners = tuple((x, _value(strategy, x)) for x in (0.0, *strikes))
    slope = sum(strategy.per_share(leg) for leg in strategy.legs if leg.right != "P")
    return Payoff(corners, slope)


def outcome(strategy: Strategy, side: Side, price: float) -> Outcome:
    """Return what can come of buying or selling a strategy at a net price per share.

    >>> from datetime import date
    >>> from risk.strategies.legs import StrategyKind, StrategyTerms, build
    >>> terms = StrategyTerms(StrategyKind.VERTICAL, "SPY", date(2026, 8, 21), (500.0, 510.0), "C")
    >>> outcome(build(terms), Side.BUY, 4.0)
    Outcome(max_loss=4.0, max_gain=6.0, break_evens=(504.0,))
    """
    line = payoff(strategy)
    if len({leg.expiry for leg in strategy.options}) > 1:
        # Whoever sold a calendar is left with a short option: nothing covers it.
        loss = price - line.low if side is Side.BUY else math.inf
        gain = None if side is Side.BUY else price - line.low
        return Outcome(loss, gain, None)
    pays, wins = price - line.low, line.high - price
    loss, best = (pays, wins) if side is Side.BUY else (wins, pays)
    return Outcome(loss, best, line.crossings(price))


def _value(strategy: Strategy, underlying: float) -> float:
    return sum(strategy.per_share(leg) * _exercised(leg, underlying) for leg in strategy.legs)


def _exercised(leg: StrategyLeg, underlying: float) -> float:
    if leg.right is None or leg.strike is None:
        return underlying
    inside = underlying - leg.strike if leg.right == "C" else leg.strike - underlying
    return max(inside, 0.0)
