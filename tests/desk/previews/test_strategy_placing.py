"""A strategy's token: one order with all its legs, once, after the whole gate again."""

from dataclasses import replace

import pytest

from core.types import OrderStatus
from desk import kill_switch
from desk.errors import GateRefused, NotPermitted, Stopped, TokenUsed
from desk.orders import intents
from desk.records.audit import trail
from tests.desk.previews.strategy_harness import (
    EXPIRIES,
    NOW,
    OPTIONS,
    Sent,
    failed,
    named,
)


def test_a_token_places_one_strategy_once_even_after_a_restart(stage):
    token = stage.preview().token
    stage.place(token)
    with pytest.raises(TokenUsed):
        stage.restarted().place(token)
    assert len(stage.broker.sent) == 1


def test_a_strategy_whose_fate_is_not_known_counts_as_open_and_is_never_sent_again(stage):
    sent = []

    def mute(orders, *, timeout, leaving):
        sent.extend(orders)
        state = stage.broker._state(Sent(orders[0], status=OrderStatus.UNCERTAIN))
        return (replace(state, perm_id=0),)

    token = stage.preview().token
    stage.broker.place_orders = mute
    state = stage.place(token)
    assert state.status is OrderStatus.UNCERTAIN
    stage.limits(max_single=0.006)
    assert "largest single" in failed(stage.restarted().preview())
    closing = stage.closing(state.order_ref)
    assert (closing.order.quantity, failed(closing)) == (10, ["legs held"])
    assert len(sent) == 1


def test_the_gate_runs_again_when_the_strategy_is_placed(stage):
    token = stage.preview().token
    for con_id in OPTIONS:
        price = stage.broker.price(con_id)
        stage.broker.quotes[con_id] = (price + 1.0, price + 1.02)
    stage.broker.quotes[1000] = (9.0, 9.1)
    (low,) = (c for c, o in OPTIONS.items() if named(c) == (EXPIRIES[0], 85.0, "P"))
    stage.broker.quotes[low] = (0.01, 0.02)
    with pytest.raises(GateRefused, match="option prices"):
        stage.place(token)
    assert stage.broker.sent == {}


def test_limits_changed_since_the_preview_place_nothing(stage):
    token = stage.preview().token
    stage.limits(max_trade_risk=0.015)
    with pytest.raises(NotPermitted, match="no longer those of the preview"):
        stage.place(token)
    assert stage.broker.sent == {}


def test_what_the_desk_committed_to_has_its_legs_after_a_restart(stage):
    state = stage.place(stage.preview().token)
    (intent,) = intents.of_names(stage.restarted().store, [state.order_ref])
    assert intent.order == stage.broker.sent[state.order_ref].order
    assert [act.action for act in trail(stage.store)][-5:] == [
        "previewed", "used", "committed", "sending", "sent",
    ]  # fmt: skip


def test_a_halted_desk_opens_and_closes_nothing(stage):
    trade_id = stage.opened()
    token = stage.closing(trade_id).token
    kill_switch.stop(stage.store, by="ana", reason="", now=NOW)
    with pytest.raises(Stopped):
        stage.place(token)
    with pytest.raises(Stopped):
        stage.preview()


def test_a_reducing_desk_closes_and_opens_nothing(stage):
    trade_id = stage.opened()
    kill_switch.stop(stage.store, by="ana", reason="", now=NOW, reducing=True)
    with pytest.raises(Stopped):
        stage.preview()
    closing = stage.place(stage.closing(trade_id).token)
    assert closing.status is OrderStatus.WORKING
