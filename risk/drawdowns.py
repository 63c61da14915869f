"""Drawdowns of a series of daily returns: how deep, how long, and how fast made good.

They compound, and the starting capital is the first peak: a first day of -10 % is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def growth(returns: Floats) -> Floats:
    """Return what 1 has become after each day, shape (n,)."""
    return np.asarray(np.cumprod(1.0 + returns))


def drawdowns(returns: Floats) -> Floats:
    """Return how far each close lies below the highest before it, 0 or less, shape (n,).

    >>> drawdowns(np.array([-0.1, 0.2, -0.5])).round(6).tolist()
    [-0.1, 0.0, -0.5]
    """
    curve = np.concatenate([[1.0], growth(returns)])
    below: Floats = curve / np.maximum.accumulate(curve) - 1.0
    return below[1:]


def max_drawdown(returns: Floats) -> float:
    """Return the deepest drawdown, 0 or less.

    >>> max_drawdown(np.array([-0.1, 0.2, -0.5]))
    -0.5
    """
    return float(np.min(drawdowns(returns), initial=0.0))


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest drawdown, in sessions."""

    depth: float  # 0 or less, as a fraction
    fall: int | None  # from the peak to the deepest close; None: there was no drawdown
    recovery: int | None  # from there to the first close at the peak or above; None: not yet


def deepest_drawdown(returns: Floats) -> Drawdown:
    """Return the deepest drawdown, the first of equals, and how long it took.

    With an unknown return the depth is NaN and neither time is known.

    >>> deepest_drawdown(np.array([0.1, -0.5, 0.5, 0.5]))
    Drawdown(depth=-0.5, fall=1, recovery=2)
    """
    depth = max_drawdown(returns)
    if not depth < 0.0:
        return Drawdown(depth, None, None)
    below = drawdowns(returns)
    bottom = int(np.argmin(below))
    at_peak = np.flatnonzero(below[:bottom] == 0.0)
    fall = bottom - int(at_peak[-1]) if len(at_peak) else bottom + 1  # +1: the starting capital
    back = np.flatnonzero(below[bottom:] == 0.0)
    return Drawdown(depth, fall, int(back[0]) if len(back) else None)


def longest_drawdown(returns: Floats) -> float:
    """Return the most sessions in a row that closed below an earlier high; NaN if not known.

    >>> longest_drawdown(np.array([0.1, -0.5, 0.5, 0.5]))
    2.0
    """
    below = drawdowns(returns)
    if np.isnan(below).any():
        return math.nan
    longest = now = 0
    for close in below.tolist():
        now = now + 1 if close < 0.0 else 0
        longest = max(longest, now)
    return float(longest)
