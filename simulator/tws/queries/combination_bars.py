"""Daily bars of a combination, from those of its legs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.types import Leg
from simulator.exchange.pricing import net_weights
from simulator.market.market import DailyBar
from simulator.prices.market_view import Tape


def combination_bars(tape: Tape, legs: Sequence[Leg], now: datetime) -> list[DailyBar]:
    """Return net opens and closes per share, of the sessions in which every leg has a bar.

    The extremes of the legs need not have come together, so the higher and the lower of open and
    close stand for high and low.
    """
    weights = net_weights(legs, tape)
    by_day = [{bar.session: bar for bar in tape.daily(leg.con_id, now)} for leg in legs]
    found = []
    for day in sorted(set.intersection(*(set(bars) for bars in by_day))):
        bars = [bars_of_leg[day] for bars_of_leg in by_day]
        pairs = list(zip(weights, bars, strict=True))
        opened = round(sum(weight * bar.open for weight, bar in pairs), 6)
        closed = round(sum(weight * bar.close for weight, bar in pairs), 6)
        volume = min(bar.volume // leg.ratio for bar, leg in zip(bars, legs, strict=True))
        low, high = sorted((opened, closed))
        found.append(DailyBar(day, opened, high, low, closed, volume))
    return found
