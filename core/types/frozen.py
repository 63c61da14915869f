"""A holding that a day leaves as it is, why, and what a person can do about it.

`desk.gate.frozen_holdings` finds it; gate and ticket keep it, `review` says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.text.counts import count

SHOWN = 5  # names a line of text repeats


@dataclass(frozen=True, slots=True)
class FrozenHolding:
    """One holding, or the fraction of a share of one, that is not traded."""

    con_id: int
    symbol: str  # its label
    sec_type: str
    quantity: float  # shares or contracts that stay, signed
    value: float | None  # of them, as the account page says, in the base currency; None: not said
    why: str
    remedy: str


def frozen_note(frozen: Sequence[FrozenHolding]) -> str:
    """Say how many holdings are frozen, and name the first; nothing where none is."""
    if not frozen:
        return ""
    more = f" and {len(frozen) - SHOWN} more" if len(frozen) > SHOWN else ""
    named = ", ".join(one.symbol for one in frozen[:SHOWN])
    return f"{count(len(frozen), 'holding')} frozen ({named}{more})"
