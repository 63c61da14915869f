"""What-if orders: the broker's margin arithmetic without an order."""

from __future__ import annotations

from collections.abc import Sequence

import ib_async

from core.errors import GatewayError, GatewayUnreachable
from core.types import Order, OrderStatus, WhatIf
from ibkr.convert import number, order_status
from ibkr.order_checks import contract_of, problems, to_wire
from ibkr.requests import Requests

_REFUSED = frozenset({OrderStatus.CANCELLED, OrderStatus.REJECTED})


async def rehearse(requests: Requests, order: Order, account: str, *, within: float) -> WhatIf:
    """Ask what an order would do to the margin. Leaves no order at the broker.

    Raises `GatewayUnreachable` only: a refusal, a half answer and silence are that order's fate,
    not accepted.
    """
    if wrong := list(problems(order)):
        return WhatIf(order.order_ref, accepted=False, reason="; ".join(wrong))
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
        return WhatIf(order.order_ref, accepted=False, reason=str(error))
    return answer(order.order_ref, states)


def answer(order_ref: str, states: Sequence[ib_async.OrderState]) -> WhatIf:
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
    reason = ""
    if order_status(state.status) in _REFUSED:
        reason = f"status {state.status}: {state.warningText or 'no reason given'}"
    elif missing:
        reason = f"the answer lacks {', '.join(missing)}"
    commission = number(state.commission)
    return WhatIf(
        order_ref,
        accepted=not reason,
        reason=reason,
        commission=commission if commission is not None else number(state.maxCommission),
        warning=state.warningText,
        **figures,
    )
