"""Strategies closed by their trade id: whole or in part, never twice."""

import pytest

from core.errors import DataError
from desk.errors import GateRefused, UnknownTrade
from tests.desk.previews.strategy_harness import failed


def test_a_trade_is_never_closed_twice(stage):
    trade_id = stage.opened()
    first, second = stage.closing(trade_id).token, stage.closing(trade_id).token
    stage.place(first)  # it works, and may yet fill whole
    with pytest.raises(GateRefused, match="open quantity: 0 left to close"):
        stage.place(second)
    with pytest.raises(DataError, match="nothing is left"):
        stage.closing(trade_id)


def test_a_cancelled_closing_leaves_the_trade_to_be_closed(stage):
    trade_id = stage.opened()
    closing = stage.place(stage.closing(trade_id, quantity=6).token).order_ref
    stage.broker.fill(closing, 2)
    stage.broker.cancel(closing)
    assert stage.closing(trade_id).order.quantity == 8


def test_a_part_is_closed_and_the_rest_stays(stage):
    trade_id = stage.opened()
    stage.broker.fill(stage.place(stage.closing(trade_id, quantity=4).token).order_ref)
    assert sorted(stage.broker.held.values()) == [-6, -6, 6, 6]
    assert stage.closing(trade_id).order.quantity == 6
    assert "open quantity" in failed(stage.closing(trade_id, quantity=7))


def test_a_leg_that_is_gone_keeps_the_rest_from_being_closed_blindly(stage):
    trade_id = stage.opened()
    gone = next(con_id for con_id, quantity in stage.broker.held.items() if quantity < 0)
    stage.broker.held[gone] = 0  # assigned, or traded by hand
    found = stage.closing(trade_id)
    assert (found.token, failed(found)) == (None, ["legs held"])


def test_an_opening_that_never_filled_leaves_nothing_to_close(stage):
    state = stage.place(stage.preview().token)
    stage.broker.cancel(state.order_ref)
    with pytest.raises(DataError, match="nothing is left of trade"):
        stage.closing(state.order_ref)


def test_closing_is_not_held_up_by_limits_on_opening(stage):
    trade_id = stage.opened()
    stage.limits(max_trade_risk=0.0, max_single=0.0, max_order_value=0.0)
    assert failed(stage.closing(trade_id)) == []


@pytest.mark.parametrize("trade_id", ["", "DB1:NONE", "x" * 40])
def test_an_unknown_trade_is_refused(stage, trade_id):
    with pytest.raises(UnknownTrade, match="never placed an order"):
        stage.closing(trade_id)


def test_the_order_that_closes_is_no_trade_to_close(stage):
    trade_id = stage.opened()
    closing = stage.place(stage.closing(trade_id).token).order_ref
    with pytest.raises(UnknownTrade):
        stage.closing(closing)
