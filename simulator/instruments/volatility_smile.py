"""How volatile an underlying is taken to be at each strike: its own past, and a smile."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, sqrt
from statistics import pstdev

from simulator.market.market import DailyBar

LOOK_BACK, FEWEST = 60, 20  # sessions; with fewer the usual volatility stands in
USUAL = 0.30  # a year
PREMIUM = 1.08  # implied over realised
LOWEST, HIGHEST = 0.08, 1.50
SKEW, CURVE = -0.06, 0.025  # per standard deviation of the strike from the forward, and its square
WIDEST = 3.0  # standard deviations; flat beyond
SESSIONS_A_YEAR = 252


def base_volatility(bars: Sequence[DailyBar]) -> float:
    """Return the volatility a year at the money, from the newest of the bars (oldest first)."""
    closes = [bar.close for bar in bars[-(LOOK_BACK + 1) :]]
    if len(closes) <= FEWEST:
        return USUAL
    moves = [log(after / before) for before, after in pairwise(closes)]
    return min(max(PREMIUM * pstdev(moves) * sqrt(SESSIONS_A_YEAR), LOWEST), HIGHEST)


def volatility(base: float, *, strike: float, spot: float, years: float, rate: float) -> float:
    """Return the implied volatility of a strike: higher below the forward, and at both ends."""
    width = base * sqrt(max(years, 1 / 365))
    away = log(strike / (spot * exp(rate * years))) / width
    away = min(max(away, -WIDEST), WIDEST)
    return base * (1.0 + SKEW * away + CURVE * away * away)
