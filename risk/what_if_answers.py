"""What the broker was asked about each order of a basket, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.types import Order, WhatIf


class Action(StrEnum):
    """What an answer led to."""

    KEPT = "kept"
    SIZED_DOWN = "sized down"
    REMOVED = "removed"
    FLAGGED = "removed and flagged"


@dataclass(frozen=True, slots=True)
class Basket:
    """The account, in base currency, once some orders of the basket have filled."""

    initial_margin: float
    maintenance_margin: float
    equity_with_loan: float


@dataclass(frozen=True, slots=True)
class Step:
    """One question to the broker and what came of it.

    ``basket_before`` is the account with every order kept so far, ``basket_after`` with this one
    as well, at the quantity asked. Both are None where the broker gave no figures.
    """

    order_ref: str
    asked_quantity: int
    answer: WhatIf | None  # None: there was none
    action: Action
    reason: str
    basket_before: Basket | None = None
    basket_after: Basket | None = None


@dataclass(frozen=True, slots=True)
class BasketWhatIf:
    """The orders that may be sent, in the order given, and every step that led there."""

    kept: tuple[Order, ...]  # with the quantity that passed
    removed: tuple[Order, ...]  # as they were given
    steps: tuple[Step, ...]

    @property
    def flagged(self) -> tuple[Step, ...]:
        """The steps that a person should look at: no proper answer."""
        return tuple(step for step in self.steps if step.action is Action.FLAGGED)

    @property
    def sized_down(self) -> tuple[str, ...]:
        """The order_ref of each order that is kept with a smaller quantity."""
        smaller = {step.order_ref for step in self.steps if step.action is Action.SIZED_DOWN}
        return tuple(order.order_ref for order in self.kept if order.order_ref in smaller)

    @property
    def basket(self) -> tuple[Basket, Basket] | None:
        """The account before the first kept order and after the last; None where none is kept."""
        kept = [step for step in self.steps if step.action is Action.KEPT]
        if not kept or kept[0].basket_before is None or kept[-1].basket_after is None:
            return None
        return kept[0].basket_before, kept[-1].basket_after


@dataclass(frozen=True, slots=True)
class Asked:
    """What the broker was asked of one order, from the first quantity to the last answer."""

    first_quantity: int
    last: Step


def asked_of(steps: Iterable[Step]) -> dict[str, Asked]:
    """Return what was asked of each order, by order_ref, in the order of asking."""
    found: dict[str, Asked] = {}
    for step in steps:
        earlier = found.get(step.order_ref)
        found[step.order_ref] = Asked(
            step.asked_quantity if earlier is None else earlier.first_quantity, step
        )
    return found
