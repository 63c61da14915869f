"""The rehearsal: each order is shown to the broker before it is sent, and the answer decides.

| the broker's answer | what happens |
|---|---|
| complete, margin covered, alone and with the orders kept before it | kept |
| complete, margin not covered, but the order frees margin | kept |
| complete, margin not covered | 20 % smaller, in whole lots, asked once more |
| the smaller one: covered | kept, smaller |
| the smaller one: not covered, or less than a lot is left | removed |
| rejected, incomplete, for another order, or no answer at all | removed and flagged |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from core.errors import GatewayError, GatewayUnreachable
from core.types import Order, WhatIf

SENTINEL = 1e15  # no margin is that large; TWS says "not known" with 1.797e308
NEEDED = (
    "initial_margin_change",
    "initial_margin_after",
    "maintenance_margin_change",
    "maintenance_margin_after",
    "equity_with_loan_after",
)


class Action(StrEnum):
    """What an answer led to."""

    KEPT = "kept"
    SIZED_DOWN = "sized down"
    REMOVED = "removed"
    FLAGGED = "removed and flagged"


@dataclass(frozen=True, slots=True)
class Step:
    """One question to the broker and what came of it."""

    order_ref: str
    asked_quantity: int
    answer: WhatIf | None  # None: there was none
    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The orders that may be sent, in the order given, and every step that led there."""

    kept: tuple[Order, ...]  # with the quantity that passed
    removed: tuple[Order, ...]  # as they were given
    steps: tuple[Step, ...]

    @property
    def flagged(self) -> tuple[Step, ...]:
        """The steps that a person should look at: no proper answer."""
        return tuple(step for step in self.steps if step.action is Action.FLAGGED)


def rehearse(
    orders: Iterable[Order],
    what_if: Callable[[Order], WhatIf],
    *,
    size_down: float = 0.20,
    lot: Callable[[Order], int],
) -> Rehearsal:
    """Ask the broker about each order, in the order of sending, and keep what fits.

    Parameters
    ----------
    what_if
        Asks the broker; a `GatewayError` counts as no answer, except `GatewayUnreachable`, which
        is passed on: without a connection there is nothing to decide about any order.
    size_down
        Fraction taken off an order whose margin is not covered.
    lot
        Shares that an order's quantity must be a multiple of after it was sized down.
    """
    kept: list[Order] = []
    removed: list[Order] = []
    steps: list[Step] = []
    basket = _Margin()
    for order in orders:
        asked, smaller = order, _smaller(order.quantity, size_down, lot(order))
        steps.append(_judge(asked, what_if, basket, smaller=smaller))
        if steps[-1].action is Action.SIZED_DOWN:
            asked = replace(order, quantity=smaller)
            steps.append(_judge(asked, what_if, basket, smaller=0))
        answer = steps[-1].answer
        if answer is not None and steps[-1].action is Action.KEPT:
            kept.append(asked)
            basket = basket.plus(_change(answer))
        else:
            removed.append(order)
    return Rehearsal(tuple(kept), tuple(removed), tuple(steps))


@dataclass(frozen=True, slots=True)
class _Margin:
    """Change of margin, initial and maintenance, in base currency."""

    initial: float = 0.0
    maintenance: float = 0.0

    def plus(self, other: _Margin) -> _Margin:
        return _Margin(self.initial + other.initial, self.maintenance + other.maintenance)

    @property
    def frees(self) -> bool:
        return self.initial <= 0.0 and self.maintenance <= 0.0


def _judge(
    order: Order, what_if: Callable[[Order], WhatIf], basket: _Margin, *, smaller: int
) -> Step:
    """Ask about one order; ``smaller`` is the quantity to try next, 0 when there is none."""
    answer, fault = _ask(order, what_if)
    if answer is None or fault:
        action, reason = Action.FLAGGED, fault
    elif not (shortfall := _shortfall(answer, basket)):
        action, reason = Action.KEPT, "margin covered"
    elif _change(answer).frees:
        # Removing it would leave the account deeper in the margin it already lacks.
        action, reason = Action.KEPT, f"{shortfall}, but this order frees margin"
    elif smaller:
        action, reason = Action.SIZED_DOWN, f"{shortfall}; smaller: {smaller} shares"
    else:
        action, reason = Action.REMOVED, f"{shortfall}; no smaller quantity to try"
    return Step(order.order_ref, order.quantity, answer, action, reason)


def _ask(order: Order, what_if: Callable[[Order], WhatIf]) -> tuple[WhatIf | None, str]:
    """Return the answer and what is wrong with it, if anything."""
    try:
        answer = what_if(order)
    except GatewayUnreachable:
        # Half a basket is a portfolio nobody asked for: the rehearsal is repeated, not cut short.
        raise
    except GatewayError as error:
        return None, f"no answer: {error}"
    if answer.order_ref != order.order_ref:
        return answer, f"the answer is for {answer.order_ref}"
    if not answer.accepted:
        return answer, f"rejected: {answer.reason}"
    unknown = [name for name in NEEDED if not _known(getattr(answer, name))]
    if unknown:
        return answer, f"the answer lacks {', '.join(unknown)}"
    return answer, ""


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < SENTINEL


def _change(answer: WhatIf) -> _Margin:
    return _Margin(answer.initial_margin_change or 0.0, answer.maintenance_margin_change or 0.0)


def _shortfall(answer: WhatIf, basket: _Margin) -> str:
    """Say which margin equity would not cover, alone or after the orders before; "" if all."""
    equity = answer.equity_with_loan_after or 0.0
    initial = answer.initial_margin_after or 0.0
    maintenance = answer.maintenance_margin_after or 0.0
    for what, alone, before in (
        ("initial", initial, basket.initial),
        ("maintenance", maintenance, basket.maintenance),
    ):
        # What earlier orders free offsets what others of them take, but never saves an order
        # that alone is not covered: they may not fill.
        needed = alone + max(before, 0.0)
        if not needed <= equity:
            return f"{what} margin {needed:,.0f} exceeds equity {equity:,.0f}"
    return ""


def _smaller(quantity: int, size_down: float, lot: int) -> int:
    """Return the quantity less ``size_down``, in whole lots; 0 when none is left."""
    # 1e-9: 11000 * (1 - 0.3) / 100 is 76.99999999999999 and must be 77 lots.
    return int(quantity * (1.0 - size_down) / lot + 1e-9) * lot
