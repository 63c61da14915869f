"""What-if: margin and commission of one order, against a gateway that answers by halves."""

import math

import pytest

from core.errors import GatewayUnreachable
from tests.ibkr.conftest import gateway_settings
from tests.ibkr.fake_gateway import (
    PLACE,
    UNSET,
    error,
    open_order,
)
from tests.ibkr.fake_orders import MARGIN, SENTINELS, Broker, acknowledge, an_order


def rehearsal(*states):
    def answer(gateway, fields):
        gateway.say(*[
            open_order(int(fields[1]), "one", what_if=1, status="PreSubmitted", **state)
            for state in states
        ])  # fmt: skip

    return {PLACE: answer}


def test_the_first_answer_without_margin_is_not_the_answer(trading):
    # TWS first sends the largest double for every figure (ib_insync#380).
    _, tools = trading(rehearsal(SENTINELS, MARGIN))
    answer = tools.what_if(an_order())
    assert answer.accepted
    assert (answer.initial_margin_change, answer.initial_margin_after) == (500.5, 500.5)
    assert (answer.maintenance_margin_after, answer.equity_with_loan_after) == (250.25, 99999.0)
    assert answer.commission == 1.0
    assert not answer.margin_exceeded


@pytest.mark.parametrize(
    "states", [(), (SENTINELS,), (MARGIN | {"init_change": ""},), (MARGIN | {"init_change": "?"},)]
)
def test_a_rehearsal_without_figures_is_not_a_pass(trading, states):
    _, tools = trading(rehearsal(*states), impatient=True)
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert answer.margin_exceeded
    assert "no answer" in answer.reason or "cannot be read" in answer.reason


@pytest.mark.parametrize("missing", ["maint_after", "equity_after", "init_after"])
def test_half_an_answer_is_not_a_pass(trading, missing):
    _, tools = trading(rehearsal(MARGIN | {missing: UNSET}))
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert "lacks" in answer.reason


def test_a_commission_that_is_only_a_range_counts_as_its_upper_end(trading):
    _, tools = trading(
        rehearsal(MARGIN | {"commission": UNSET, "min_commission": 1, "max_commission": 2.5})
    )
    assert tools.what_if(an_order()).commission == 2.5


def test_a_rejected_rehearsal_is_an_answer_not_an_exception(trading):
    _, tools = trading({PLACE: lambda g, f: g.say(error(f[1], 201, "Order rejected - margin"))})
    answer = tools.what_if(an_order())
    assert not answer.accepted
    assert "201: Order rejected - margin" in answer.reason
    assert not answer.beyond_margin


@pytest.mark.parametrize(
    "said",
    [
        "your Equity with Loan Value [1000] must exceed the new total Initial Margin of [1500].",
        "Order rejected - reason:YOUR EQUITY WITH LOAN VALUE [1] MUST EXCEED THE INITIAL MARGIN",
    ],
)
def test_a_rejection_for_margin_is_told_apart_from_every_other(trading, said):
    _, tools = trading({PLACE: lambda g, f: g.say(error(f[1], 201, said))})
    answer = tools.what_if(an_order())
    assert (answer.accepted, answer.beyond_margin, answer.margin_exceeded) == (False, True, True)


def test_news_during_a_rehearsal_does_not_end_it(trading):
    def answer(gateway, fields):
        gateway.say(error(fields[1], 10349, "preset"), error(fields[1], 399, "held until open"))
        rehearsal(MARGIN)[PLACE](gateway, fields)

    _, tools = trading({PLACE: answer})
    assert tools.what_if(an_order()).accepted


def test_an_order_that_could_not_be_sent_is_not_rehearsed(trading):
    gateway, tools = trading(rehearsal(MARGIN))
    answer = tools.what_if(an_order(limit_price=math.nan))
    assert (answer.accepted, answer.reason) == (False, "limit price nan")
    assert not gateway.asked(PLACE)


def test_a_rehearsal_says_what_if_on_the_wire(trading):
    gateway, tools = trading(rehearsal(MARGIN))
    tools.what_if(an_order())
    (sent,) = gateway.asked(PLACE)
    real = Broker(acknowledge)
    other, others = trading(real.answers)
    others.place_orders([an_order()], timeout=2)
    (placed,) = other.asked(PLACE)
    differing = [i for i, (a, b) in enumerate(zip(sent, placed, strict=True)) if a != b]
    assert [(sent[i], placed[i]) for i in differing if i != 1] == [("1", "0")]


def test_only_a_lost_connection_stops_a_rehearsal(trading):
    _, tools = trading(
        {PLACE: lambda g, _f: g.drop()}, settings=gateway_settings(request_timeout=30)
    )
    with pytest.raises(GatewayUnreachable):
        tools.what_if(an_order())
