"""Strategies: judged whole, sent whole, closed by their trade id."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from core.errors import DataError, NoData
from core.types import ComboOrder, OrderStatus, Side, WhatIf
from desk import kill_switch
from desk.errors import GateRefused, NotPermitted, Stopped, TokenUsed, UnknownTrade
from desk.orders import intents
from desk.previews import open_trades
from desk.previews.order_preview import StrategyRequest
from desk.records.audit import trail
from desk.records.schema import DESK_SCHEMA, LEGS, STRATEGIES
from desk.records.store import DeskStore
from risk.strategy import StrategyKind
from tests.desk.strategies.strategy_harness import (
    EXPIRIES,
    NOW,
    OPTIONS,
    Sent,
    StrategyStage,
    condor,
    terms,
)


@pytest.fixture
def stage(tmp_path):
    built = StrategyStage(tmp_path)
    yield built
    built.close()


def failed(preview):
    return [check.name for check in preview.checks if not check.passed]


def described(order):
    """Return what an order does, by (expiry, strike, right); None for the shares."""
    found = {}
    for con_id, change in order.changes.items():
        found[_named(con_id)] = change
    return found


def _named(con_id):
    if con_id not in OPTIONS:
        return None
    of = OPTIONS[con_id].terms
    return (of.expiry, of.strike, of.right)


NEAR, FAR = EXPIRIES
REQUESTS = {
    "vertical": (
        StrategyRequest(terms(StrategyKind.VERTICAL, 95.0, 105.0, right="C"), Side.BUY, 3),
        {(NEAR, 95.0, "C"): 3, (NEAR, 105.0, "C"): -3},
    ),
    "credit spread": (
        StrategyRequest(terms(StrategyKind.VERTICAL, 90.0, 95.0, right="P"), Side.SELL, 3),
        {(NEAR, 90.0, "P"): 3, (NEAR, 95.0, "P"): -3},
    ),
    "iron condor": (
        condor(),
        {
            (NEAR, 85.0, "P"): 10,
            (NEAR, 90.0, "P"): -10,
            (NEAR, 110.0, "C"): -10,
            (NEAR, 115.0, "C"): 10,
        },
    ),
    "straddle": (
        StrategyRequest(terms(StrategyKind.STRADDLE, 100.0), Side.BUY, 2),
        {(NEAR, 100.0, "P"): 2, (NEAR, 100.0, "C"): 2},
    ),
    "strangle": (
        StrategyRequest(terms(StrategyKind.STRANGLE, 95.0, 105.0), Side.BUY, 2),
        {(NEAR, 95.0, "P"): 2, (NEAR, 105.0, "C"): 2},
    ),
    "calendar": (
        StrategyRequest(
            terms(StrategyKind.CALENDAR, 100.0, right="C", far_expiry=FAR), Side.BUY, 2
        ),
        {(NEAR, 100.0, "C"): -2, (FAR, 100.0, "C"): 2},
    ),
    "covered call": (
        StrategyRequest(terms(StrategyKind.COVERED_CALL, 105.0), Side.BUY, 2),
        {None: 200, (NEAR, 105.0, "C"): -2},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_strategy_is_previewed_placed_filled_and_closed_as_one(stage, name):
    request, changes = REQUESTS[name]
    found = stage.preview(request)
    assert (failed(found), stage.broker.sent) == ([], {})
    assert described(found.order) == changes
    state = stage.place(found.token)
    assert state.status is OrderStatus.WORKING
    stage.broker.fill(state.order_ref)
    held = {_named(con_id): quantity for con_id, quantity in stage.broker.held.items()}
    assert held == changes
    closing = stage.closing(state.order_ref)
    assert failed(closing) == []
    assert described(closing.order) == {leg: -change for leg, change in changes.items()}
    stage.broker.fill(stage.place(closing.token).order_ref)
    assert not any(stage.broker.held.values())
    (trade,) = open_trades.strategies(stage.store, "DU1")
    with pytest.raises(DataError, match="nothing is left of trade"):
        stage.closing(trade.trade_id)


def test_the_risk_shown_is_computed_from_the_legs_and_the_limit(stage):
    found = stage.preview(limit_price=1.5)
    assert found.max_risk == pytest.approx((5.0 - 1.5) * 1000)
    assert found.max_gain == pytest.approx(1500.0)
    assert found.break_evens == pytest.approx((88.5, 111.5))
    assert found.funds_required == pytest.approx(3500.0)


def test_without_a_limit_every_leg_trades_against_its_quote(stage):
    found = stage.preview()
    # Four legs, each half a spread of two cents worse than its midpoint.
    assert found.order.limit_price == pytest.approx(found.reference_price - 0.04)
    bought = stage.preview(side=Side.BUY)
    assert bought.order.limit_price == pytest.approx(bought.reference_price + 0.04)


def test_a_leg_that_nobody_bids_for_needs_a_limit(stage):
    (leg,) = (c for c, o in OPTIONS.items() if _named(c) == (NEAR, 90.0, "P"))
    stage.broker.quotes[leg] = (None, 1.0)
    with pytest.raises(DataError, match="nobody bids for the AAA 2026-07-17 90 put"):
        stage.preview()
    stage.broker.quotes[leg] = (1.0, None)
    with pytest.raises(DataError, match="nobody asks for the AAA 2026-07-17 90 put"):
        stage.preview(side=Side.BUY)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), 0.0, -1.5])
def test_a_net_limit_that_is_no_price_is_an_error(stage, limit):
    with pytest.raises(DataError, match="no price above zero"):
        stage.preview(limit_price=limit)


def test_an_expiry_that_is_not_listed_names_the_nearest(stage):
    with pytest.raises(NoData, match=r"expire on 2026-07-24; the nearest.*7, 17.*8, 21"):
        stage.preview(terms=terms(StrategyKind.STRADDLE, 100.0, expiry=date(2026, 7, 24)))


def test_a_strike_that_is_not_listed_names_the_nearest(stage):
    wrong = terms(StrategyKind.STRANGLE, 95.0, 107.5)
    with pytest.raises(
        NoData, match=r"no 2026-07-17 107.5 call; the nearest strikes: 95, 100, 105, 110, 115"
    ):
        stage.preview(terms=wrong)


def test_an_expiry_that_has_passed_is_refused(stage):
    with pytest.raises(DataError, match="2026-06-12 has passed"):
        stage.preview(terms=terms(StrategyKind.STRADDLE, 100.0, expiry=date(2026, 6, 12)))


def test_an_unknown_underlying_is_refused(stage):
    with pytest.raises(NoData, match="ZZZ: IBKR lists no stock"):
        stage.preview(terms=replace(condor().terms, symbol="ZZZ"))


@pytest.mark.parametrize(
    ("request_", "check"),
    [
        (condor(quantity=70), "trade risk"),
        (condor(quantity=0), "quantity"),
        (condor(quantity=-1), "quantity"),
        (condor(limit_price=4.0), "price collar"),
        (StrategyRequest(terms(StrategyKind.STRADDLE, 100.0), Side.SELL, 1), "max loss"),
    ],
)
def test_a_strategy_beyond_a_limit_gets_no_token(stage, request_, check):
    found = stage.preview(request_)
    assert found.token is None
    assert check in failed(found)


def test_what_works_already_counts_towards_the_name(stage):
    stage.limits(max_single=0.006)
    token = stage.preview().token  # risks about 3,700 of 1,000,000
    stage.place(token)
    assert "largest single" in failed(stage.preview())


def test_what_a_strategy_can_lose_counts_however_little_it_is_worth_by_now(stage):
    stage.limits(max_single=0.006)
    stage.opened()
    for con_id in stage.broker.held:
        stage.broker.quotes[con_id] = (0.05, 0.06)
    other = StrategyRequest(terms(StrategyKind.STRANGLE, 95.0, 105.0), Side.BUY, 5)
    assert "largest single" in failed(stage.preview(other))


def test_a_rehearsal_that_is_not_answered_is_not_a_pass(stage):
    stage.broker.answer = lambda order: WhatIf(order.order_ref, accepted=False, reason="silence")
    found = stage.preview()
    assert (found.token, failed(found)) == (None, ["what-if"])


def test_the_rehearsal_is_asked_with_all_legs(stage):
    asked = []
    answer = stage.broker.answer
    stage.broker.answer = lambda order: asked.append(order) or answer(order)
    stage.preview()
    (order,) = asked
    assert isinstance(order, ComboOrder)
    assert len(order.legs) == 4


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
    (low,) = (c for c, o in OPTIONS.items() if _named(c) == (NEAR, 85.0, "P"))
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


def test_a_desk_without_combinations_learns_them_and_keeps_what_it_has(stage):
    kill_switch.stop(stage.store, by="ana", reason="before", now=NOW)
    with stage.store.transaction() as connection:
        for table in (LEGS, STRATEGIES):
            table.drop(connection)
        connection.execute(sa.update(DESK_SCHEMA).values(version=1))
    stage.restarted()
    assert kill_switch.read(stage.store).reason == "before"
    kill_switch.resume(stage.store, by="ana", now=NOW)
    assert stage.opened()
    DeskStore(stage.home / "desk.sqlite").close()


@pytest.mark.parametrize(("base", "rate"), [("JPY", 155.0), ("EUR", 1 / 1.17)])
def test_a_strategy_has_the_weights_of_the_dollar_account_in_any_currency(stage, base, rate):
    def weights(request):
        return {
            check.name: check.value
            for check in stage.preview(request).checks
            if check.name in {"trade risk", "order value", "largest single"}
        }

    stage.broker.held = {1: 200}
    plain = weights(condor(quantity=20))
    stage.broker.base, stage.broker.worth = base, 1e6 * rate
    stage.broker.rates = {base: 1.0, "USD": rate}
    assert weights(condor(quantity=20)) == pytest.approx(plain)
    stage.broker.rates = {base: 1.0}
    assert {*failed(stage.preview(condor()))} >= {"trade risk", "order value", "largest single"}
