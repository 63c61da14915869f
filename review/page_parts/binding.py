"""The limits that hold a target back, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingLimit:
    """A limit that the target reached.

    ``price`` is what one unit more of it would add to daily utility.
    """

    kind: str  # "single", or the portfolio's own: "gross", "net high", "group Energy"
    con_id: int | None  # whose weight it holds; None: the whole portfolio's
    symbol: str | None
    value: float
    limit: float
    price: float


def binding_line(limit: BindingLimit) -> str:
    """Return a limit in one line."""
    gain = limit.price * 0.01 * 1e4
    what = limit.kind if limit.symbol is None else f"{limit.kind} {limit.symbol}"
    return (
        f"{what} {limit.value:.3f} of {limit.limit:.3f}; "
        f"one point (0.01) more would add {gain:.3g} bp a day"
    )
