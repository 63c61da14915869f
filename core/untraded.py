"""Why a name is left as it is when target weights become whole shares.

`optimiser.lots` finds it, the gate keeps it, `review` says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a name is left as it is although its target differs."""

    FROZEN = "cannot be traded"
    BAND = "inside the no-trade band"
    VALUE = "below the smallest trade value"
    LOT = "less than a lot"
    LIMITS = "no whole lots keep the limits"


@dataclass(frozen=True, slots=True)
class Untraded:
    """One name that is left as it is."""

    cause: Cause
    change: float  # wanted, fraction of net asset value
    lot: float  # what one lot is worth, likewise
    told: str
