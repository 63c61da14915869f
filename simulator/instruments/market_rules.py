"""Market rules: which increment a price has, from which price on, and what sizes there are."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.market.market import Instrument

Steps = tuple[tuple[float, float], ...]  # from which price on, and the increment

PENNY_RULE = 26
TICKS: Mapping[float, int] = {0.01: PENNY_RULE, 0.25: 67, 0.00005: 239, 0.005: 240, 0.001: 241}
# Like those of Xetra and Euronext: wider at higher prices, with a cent as the smallest.
WIDER_RULE = 1902
RULES: Mapping[int, Steps] = {
    **{number: ((0.0, tick),) for tick, number in TICKS.items()},
    WIDER_RULE: ((0.0, 0.01), (20.0, 0.02), (50.0, 0.05), (100.0, 0.1), (200.0, 0.2), (500.0, 0.5)),
}
LOT = 10  # shares of the names that an untidy world trades in lots


def rule_of(instrument: Instrument) -> int:
    """Return the number of an instrument's market rule."""
    return instrument.market_rule or TICKS[instrument.min_tick]


def increment_at(instrument: Instrument, price: float) -> float:
    """Return the increment that an instrument has at a price."""
    steps = RULES[rule_of(instrument)]
    return next(step for low, step in reversed(steps) if low <= max(price, 0.0))
