"""Why a day has no orders: each reason by its figures, none by the comfortable one."""

import pytest

from core.untraded import Cause, Untraded
from desk.tickets.order_ticket import Removed
from review.page_parts.no_orders import no_orders
from tests.flows.days.days import settings_for
from tests.tasks.a_day import a_ticket, an_order

SETTLED = "The portfolio is already at its target, in 1 name."

MANY = (
    "The target changes 3 names by 1.30% of net asset value in all, and none makes an order: "
    "1 inside the no-trade band of 0.20% (orders.no_trade_band); 2 less than a lot (the "
    "largest change is 1.00%, the smallest lot 4.00% or 4,000; of 1 one lot is more than "
    "limits.max_single allows, 12.00%; orders.even_lots = false trades single shares)."
)


def a_target(**changes):
    plain = {
        "symbol": "ABC", "alpha_score": 0.2, "weight_before": 0.0, "weight_optimal": 0.0,
        "weight": 0.0, "override": None,
    }  # fmt: skip
    return plain | changes


def a_gate(status="optimal", **left_alone):
    return {"status": status, "left_alone": left_alone}


def left(cause, change=0.001, lot=0.04):
    return Untraded(cause, change, lot, "")


@pytest.mark.parametrize(
    ("gate", "targets", "said"),
    [
        (a_gate(), [a_target(weight_before=0.1, weight=0.1)], SETTLED),
        (a_gate(), [a_target()], "The target is empty: no expected return is worth"),
        (a_gate(), [a_target(alpha_score=None)], "No score of 1 name is known"),
        (a_gate(), [], "No score of 0 names is known"),
        (
            a_gate(),
            [a_target(weight_optimal=0.05, override="halted")],
            "Overrides removed every position from the target: ABC.",
        ),
        (
            a_gate("failed"),
            [a_target(weight_before=0.1)],
            "no target (status failed): holdings",
        ),
        (a_gate("hold"), [a_target()], "no target (status hold)"),
        (a_gate(A=left(Cause.BAND)), [a_target()], "1 inside the no-trade band of 0.20%"),
        (a_gate(A=left(Cause.FROZEN), B=left(Cause.FROZEN)), [], "2 cannot be traded (A, B)"),
        (a_gate(A=left(Cause.LIMITS)), [], "1 no whole lots keep the limits (A)"),
        (a_gate(A=left(Cause.VALUE)), [], "1 below the smallest trade value of 200.00"),
        (
            a_gate(A=left(Cause.LOT, -0.01, 0.2), B=left(Cause.LOT, 0.002), C=left(Cause.BAND)),
            [a_target(weight_before=0.1)],
            MANY,
        ),
    ],
)
def test_the_reason_is_said_with_its_figures(tmp_path, gate, targets, said):
    told = no_orders(a_ticket(), targets, settings_for(tmp_path), **gate)
    assert said in told
    assert ("already at its target" in told) == (said == SETTLED)


def test_a_day_that_lost_every_order_in_rehearsal_says_so_and_why(tmp_path):
    lost = a_ticket(removed=(Removed("ABC", 1, "no answer within 15 s"),))
    assert no_orders(lost, [], settings_for(tmp_path), **a_gate()) == (
        "The what-if removed every order (ABC: no answer within 15 s)."
    )


def test_a_day_with_orders_has_no_such_reason(tmp_path):
    gate = a_gate(A=left(Cause.BAND))
    assert no_orders(a_ticket(an_order()), [], settings_for(tmp_path), **gate) == ""
