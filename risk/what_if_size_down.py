"""The what-if: each order is shown to the broker before it is sent, and the answer decides.

| the broker's answer | what happens |
|---|---|
| complete, margin covered, alone and with the orders kept before it | kept |
| complete, margin not covered, but the order frees margin | kept |
| complete, margin not covered, or rejected for margin | 20 % smaller, in whole lots, asked again |
| not covered, and the next step is below the floor or less than a lot | removed |
| rejected otherwise, incomplete, for another order, or no answer at all | removed and flagged |

The broker answers each order as if it came alone. What the orders kept before it would change is
added here, in the order of sending: margins add up, commissions come off the equity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from core.errors import GatewayError, GatewayUnreachable
from core.types import Order, WhatIf
from risk.what_if_answers import Action, Basket, BasketWhatIf, Step

SENTINEL = 1e15  # no margin is that large; TWS says "not known" with 1.797e308
NEEDED = (
    "initial_margin_change",
    "initial_margin_after",
    "maintenance_margin_change",
    "maintenance_margin_after",
    "equity_with_loan_after",
)


def what_if_basket(
    orders: Iterable[Order],
    what_if: Callable[[Order], WhatIf],
    *,
    size_down: float = 0.20,
    floor: float = 0.40,
    lot: Callable[[Order], int],
) -> BasketWhatIf:
    """Ask the broker about each order, in the order of sending, and keep what fits.

    Parameters
    ----------
    orders
        In the order of sending, sales first. What earlier orders take counts against later ones.
    what_if
        Asks the broker; a `GatewayError` counts as no answer, except `GatewayUnreachable`, which
        is passed on: without a connection there is nothing to decide about any order.
    size_down
        Fraction taken off the last quantity, again and again, while margin is not covered.
    floor
        Fraction of the quantity first asked below which an order is removed instead.
    lot
        Shares that an order's quantity must be a multiple of after it was sized down.
    """
    kept: list[Order] = []
    removed: list[Order] = []
    steps: list[Step] = []
    taken = _Taken()
    for order in orders:
        sizes = quantities(order.quantity, size_down=size_down, floor=floor, lot=lot(order))
        asked = _ask_down(order, sizes, what_if, taken, end=_end(order, floor, lot(order)))
        steps += asked
        last = asked[-1]
        if last.action is Action.KEPT and last.answer is not None:
            kept.append(replace(order, quantity=last.asked_quantity))
            taken = taken.plus(last.answer)
        else:
            removed.append(order)
    return BasketWhatIf(tuple(kept), tuple(removed), tuple(steps))


def quantities(quantity: int, *, size_down: float, floor: float, lot: int) -> tuple[int, ...]:
    """Return the quantities to ask about, largest first: the whole, then smaller in whole lots.

    1,000 shares in lots of 1, 20 % off each time, floor 0.40: 1000, 800, 640, 512, 409.

    >>> quantities(1000, size_down=0.20, floor=0.40, lot=1)
    (1000, 800, 640, 512, 409)
    """
    sizes = [quantity]
    while True:
        # 1e-9: 11000 * (1 - 0.3) / 100 is 76.99999999999999 and must be 77 lots.
        smaller = int(sizes[-1] * (1.0 - size_down) / lot + 1e-9) * lot
        if not 0 < smaller < sizes[-1] or smaller < floor * quantity * (1.0 - 1e-9):
            return tuple(sizes)
        sizes.append(smaller)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the orders kept so far change, in base currency."""

    initial: float = 0.0
    maintenance: float = 0.0
    commissions: float = 0.0

    def plus(self, answer: WhatIf) -> _Taken:
        return _Taken(
            self.initial + _number(answer.initial_margin_change),
            self.maintenance + _number(answer.maintenance_margin_change),
            self.commissions + _commission(answer),
        )


def _ask_down(
    order: Order,
    sizes: tuple[int, ...],
    what_if: Callable[[Order], WhatIf],
    taken: _Taken,
    *,
    end: str,
) -> list[Step]:
    """Ask about ever smaller quantities until an answer settles the order's fate."""
    steps: list[Step] = []
    in_full = ""  # what was wrong with the whole quantity
    for quantity, smaller in pairwise((*sizes, 0)):
        asked = replace(order, quantity=quantity)
        answer, fault = _ask(asked, what_if)
        if answer is None or fault:
            return [*steps, Step(order.order_ref, quantity, answer, Action.FLAGGED, fault)]
        shortfall = _shortfall(answer, taken) if answer.accepted else f"rejected: {answer.reason}"
        action, reason = _verdict(answer, shortfall, smaller=smaller, end=end)
        if action is Action.KEPT and in_full:
            reason += f" at {quantity:,} of {order.quantity:,} shares; in full: {in_full}"
        in_full = in_full or shortfall
        before, after = _basket(answer, taken) if answer.accepted else (None, None)
        steps.append(Step(order.order_ref, quantity, answer, action, reason, before, after))
        if action is not Action.SIZED_DOWN:
            break
    return steps


def _verdict(answer: WhatIf, shortfall: str, *, smaller: int, end: str) -> tuple[Action, str]:
    """Judge a proper answer; ``smaller`` is the quantity to try next, 0 when there is none."""
    if not shortfall:
        return Action.KEPT, "margin covered"
    if answer.accepted and _frees(answer):
        # Removing it would leave the account deeper in the margin it already lacks.
        return Action.KEPT, f"{shortfall}, but this order frees margin"
    if smaller:
        return Action.SIZED_DOWN, f"{shortfall}; smaller: {smaller:,} shares"
    return Action.REMOVED, f"{shortfall}; {end}"


def _end(order: Order, floor: float, lot: int) -> str:
    """Say why there is no smaller quantity to try."""
    return (
        f"nothing smaller to try of {order.quantity:,} shares: "
        f"at least {floor:.0%} of them, in lots of {lot:,}"
    )


def _ask(order: Order, what_if: Callable[[Order], WhatIf]) -> tuple[WhatIf | None, str]:
    """Return the answer and what is wrong with it, if anything."""
    try:
        answer = what_if(order)
    except GatewayUnreachable:
        # Half a basket is a portfolio nobody asked for: the what-if is repeated, not cut short.
        raise
    except GatewayError as error:
        return None, f"no answer: {error}"
    if answer.order_ref != order.order_ref:
        return answer, f"the answer is for {answer.order_ref}"
    if not answer.accepted:
        # A rejection for margin settles this quantity only: nothing is wrong with the answer.
        return answer, "" if answer.beyond_margin else f"rejected: {answer.reason}"
    unknown = [name for name in NEEDED if not _known(getattr(answer, name))]
    if unknown:
        return answer, f"the answer lacks {', '.join(unknown)}"
    return answer, ""


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < SENTINEL


def _number(value: float | None) -> float:
    """Return a figure of an answer in which every one that is needed was found known."""
    return 0.0 if value is None else value


def _commission(answer: WhatIf) -> float:
    """Return what an order costs; a rebate is not counted on, an unknown one not made up."""
    return max(_number(answer.commission), 0.0) if _known(answer.commission) else 0.0


def _frees(answer: WhatIf) -> bool:
    initial, maintenance = answer.initial_margin_change, answer.maintenance_margin_change
    return _number(initial) <= 0.0 and _number(maintenance) <= 0.0


def _basket(answer: WhatIf, taken: _Taken) -> tuple[Basket, Basket]:
    """Return the account with the orders kept so far, and with this one as well."""
    initial = _number(answer.initial_margin_after) + taken.initial
    maintenance = _number(answer.maintenance_margin_after) + taken.maintenance
    equity = _number(answer.equity_with_loan_after) - taken.commissions
    before = Basket(
        initial - _number(answer.initial_margin_change),
        maintenance - _number(answer.maintenance_margin_change),
        equity + _commission(answer),
    )
    return before, Basket(initial, maintenance, equity)


def _shortfall(answer: WhatIf, taken: _Taken) -> str:
    """Say which margin equity would not cover, alone or after the orders before; "" if all."""
    equity = _number(answer.equity_with_loan_after) - taken.commissions
    for what, alone, before in (
        ("initial", _number(answer.initial_margin_after), taken.initial),
        ("maintenance", _number(answer.maintenance_margin_after), taken.maintenance),
    ):
        # What earlier orders free offsets what others of them take, but never saves an order
        # that alone is not covered: they may not fill.
        needed = alone + max(before, 0.0)
        if not needed <= equity:
            also = f", {before:,.0f} of it for orders before this one," if before > 0.0 else ""
            return f"{what} margin {needed:,.0f}{also} exceeds equity {equity:,.0f}"
    return ""
