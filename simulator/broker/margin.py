"""The margin model: one for previews, account values and rejections.

Regulation T as IBKR applies it to a US margin account. Shares: half of every position's value,
long or short, to open it; a quarter of long and 30 % of short positions to keep it. Options by
strategy, see `simulator.broker.option_margin`. Futures and foreign currency: a flat share of their
value, where exchanges and IBKR set amounts of their own. No netting, no concentration add-ons, no
special memorandum account, and nothing is liquidated: the margin decides only what may be added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.broker.option_margin import OptionHeld, options_requirement
from simulator.market.market import Instrument

INITIAL = 0.50
MAINTENANCE_LONG = 0.25
MAINTENANCE_SHORT = 0.30
BUYING_POWER = 1 / INITIAL  # of available funds
FUTURES_MAINTENANCE = 0.08  # of the value; a cautious index future
FUTURES_INITIAL = 1.1 * FUTURES_MAINTENANCE
CURRENCIES = 0.05  # of the value of every foreign balance; the least the NFA asks for most


@dataclass(frozen=True, slots=True)
class Margin:
    """What positions require, in base currency."""

    initial: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """One position as the margin model sees it."""

    instrument: Instrument
    quantity: float
    value: float  # in base currency, negative for short
    option: OptionHeld | None = None


def required(exposures: Sequence[Exposure], *, foreign: float) -> Margin:
    """Return the margin of an account; ``foreign`` is the value of its foreign balances."""
    shares = [one for one in exposures if one.instrument.sec_type == "STK"]
    total = requirement(one.value for one in shares)
    flat = CURRENCIES * foreign + _of_options(exposures)
    futures = sum(abs(one.value) for one in exposures if one.instrument.sec_type == "FUT")
    return Margin(
        total.initial + FUTURES_INITIAL * futures + flat,
        total.maintenance + FUTURES_MAINTENANCE * futures + flat,
    )


def requirement(values: Iterable[float]) -> Margin:
    """Return the margin of shares given by market value, negative for short."""
    initial = maintenance = 0.0
    for value in values:
        initial += INITIAL * abs(value)
        maintenance += MAINTENANCE_LONG * value if value > 0 else -MAINTENANCE_SHORT * value
    return Margin(initial, maintenance)


def _of_options(exposures: Sequence[Exposure]) -> float:
    held = {one.instrument.con_id: one.quantity for one in exposures}
    by_underlying: dict[int, list[OptionHeld]] = {}
    for one in exposures:
        if one.option is not None:
            assert one.instrument.underlying is not None
            by_underlying.setdefault(one.instrument.underlying, []).append(one.option)
    return sum(
        options_requirement(options, shares=int(held.get(con_id, 0)))
        for con_id, options in sorted(by_underlying.items())
    )
