"""What-if orders: the broker's margin arithmetic without an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ib_async

from core.errors import GatewayError, GatewayUnreachable, RequestRefused
from core.money import BASE, Rates
from core.types import BrokerWhatIf, Order, OrderStatus, WhatIf
from ibkr.orders.order_validation import contract_of, problems, to_wire
from ibkr.wire.convert import number, order_status
from ibkr.wire.requests import Requests

_REFUSED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})


@dataclass(frozen=True, slots=True)
class BasketStep:
    """One order of a basket, and the account once it and all before it have filled.

    The broker answers each order as if it came alone; the changes of margin add up. What the
    orders before it cost in commissions is taken off the equity.
    """

    answer: WhatIf
    initial_margin_after: float | None  # None: this or an earlier order was not accepted
    maintenance_margin_after: float | None
    equity_with_loan_after: float | None

    @property
    def covered(self) -> bool:
        """Whether equity covers both margins at this point of the basket."""
        initial, maintenance = self.initial_margin_after, self.maintenance_margin_after
        equity = self.equity_with_loan_after
        if initial is None or maintenance is None or equity is None:
            return False
        return initial <= equity and maintenance <= equity


async def what_if_basket(
    requests: Requests, orders: Sequence[Order], account: str, *, rates: Rates, within: float
) -> tuple[BasketStep, ...]:
    """Ask about the orders of a basket one after the other, in the order of sending.

    Raises `GatewayUnreachable` only: half a basket is a portfolio nobody asked for.
    """
    answers = [await what_if_order(requests, order, account, within=within) for order in orders]
    return added_up([answer.in_base(rates) for answer in answers])


def added_up(answers: Sequence[WhatIf]) -> tuple[BasketStep, ...]:
    """Return each answer with the sum of what all before it would have changed."""
    initial = maintenance = commissions = 0.0
    broken = False
    steps = []
    for answer in answers:
        figures = (
            answer.initial_margin_after,
            answer.maintenance_margin_after,
            answer.equity_with_loan_after,
        )
        broken = broken or not answer.accepted or any(figure is None for figure in figures)
        if broken:
            steps.append(BasketStep(answer, None, None, None))
            continue
        steps.append(
            BasketStep(
                answer,
                (answer.initial_margin_after or 0.0) + initial,
                (answer.maintenance_margin_after or 0.0) + maintenance,
                (answer.equity_with_loan_after or 0.0) - commissions,
            )
        )
        initial += answer.initial_margin_change or 0.0
        maintenance += answer.maintenance_margin_change or 0.0
        commissions += answer.commission or 0.0
    return tuple(steps)


async def what_if_order(
    requests: Requests, order: Order, account: str, *, within: float
) -> BrokerWhatIf:
    """Ask what an order would do to the margin. Leaves no order at the broker.

    Raises `GatewayUnreachable` only: a refusal, a half answer and silence are that order's fate,
    not accepted.
    """
    if wrong := list(problems(order)):
        return BrokerWhatIf(order.order_ref, accepted=False, reason="; ".join(wrong))
    wire = to_wire(order, account=account, what_if=True)
    try:
        states = await requests.by_id(
            lambda request: requests.client.placeOrder(request, contract_of(order), wire),
            what=f"what-if {order.side} {order.quantity} {order.symbol}",
            within=within,
        )
    except GatewayUnreachable:
        raise
    except GatewayError as error:
        return refused(order.order_ref, error)
    return answer(order.order_ref, states)


def refused(order_ref: str, error: GatewayError) -> BrokerWhatIf:
    """Return what a refusal or silence is worth: no pass."""
    reason = str(error)
    beyond = isinstance(error, RequestRefused) and _is_about_margin(reason)
    return BrokerWhatIf(order_ref, accepted=False, reason=reason, beyond_margin=beyond)


def _is_about_margin(reason: str) -> bool:
    """Tell whether a refusal is TWS's for margin, by its words: it has no code of its own.

    "... your Equity with Loan Value [1000] must exceed the new total Initial Margin of [1500]"
    (ib_insync#704); 201 stands for every other reason as well.
    """
    words = reason.casefold()
    return "equity with loan value" in words and "margin" in words


def answer(order_ref: str, states: Sequence[ib_async.OrderState]) -> BrokerWhatIf:
    """Read the last of the broker's answers. One with a figure missing is not accepted."""
    state = states[-1]
    figures = {
        "initial_margin_change": number(state.initMarginChange),
        "initial_margin_after": number(state.initMarginAfter),
        "maintenance_margin_change": number(state.maintMarginChange),
        "maintenance_margin_after": number(state.maintMarginAfter),
        "equity_with_loan_after": number(state.equityWithLoanAfter),
    }
    missing = [name.replace("_", " ") for name, value in figures.items() if value is None]
    reason, beyond_margin = "", False
    if order_status(state.status) in _REFUSED:
        reason = f"status {state.status}: {state.warningText or 'no reason given'}"
        beyond_margin = _is_about_margin(reason)
    elif missing:
        reason = f"the answer lacks {', '.join(missing)}"
    commission = number(state.commission)
    return BrokerWhatIf(
        order_ref,
        accepted=not reason,
        reason=reason,
        commission=commission if commission is not None else number(state.maxCommission),
        commission_currency=state.commissionCurrency or BASE,
        warning=state.warningText,
        beyond_margin=beyond_margin,
        **figures,
    )
