"""The margin model: one for previews, account values and rejections.

Regulation T as IBKR applies it to a US stock account: half of every position's value, long or
short, to open it; a quarter of long and 30 % of short positions to keep it. No netting, no
concentration add-ons, no special memorandum account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

INITIAL = 0.50
MAINTENANCE_LONG = 0.25
MAINTENANCE_SHORT = 0.30
BUYING_POWER = 1 / INITIAL  # of available funds


@dataclass(frozen=True, slots=True)
class Margin:
    """What positions require, in base currency."""

    initial: float
    maintenance: float


def requirement(values: Iterable[float]) -> Margin:
    """Return the margin of positions given by market value, negative for short."""
    initial = maintenance = 0.0
    for value in values:
        initial += INITIAL * abs(value)
        maintenance += MAINTENANCE_LONG * value if value > 0 else -MAINTENANCE_SHORT * value
    return Margin(initial, maintenance)
