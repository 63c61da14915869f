"""Strategies: judged whole, sent whole, closed by their trade id."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from core.errors import DataError, NoData
from core.money import Money
from core.types import ComboOrder, OrderStatus, Side, WhatIf
from desk import kill_switch
from desk.previews import open_trades
from desk.previews.order_preview import StrategyRequest
from desk.records.schema import DESK_SCHEMA, LEGS, STRATEGIES
from desk.records.store import DeskStore
from risk.strategies.legs import StrategyKind
from tests.desk.previews.strategy_harness import (
    EXPIRIES,
    NOW,
    OPTIONS,
    STOCK,
    condor,
    failed,
    named,
    terms,
)


def described(order):
    """Return what an order does, by (expiry, strike, right); None for the shares."""
    found = {}
    for con_id, change in order.changes.items():
        found[named(con_id)] = change
    return found


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
    held = {named(con_id): quantity for con_id, quantity in stage.broker.held.items()}
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
    assert found.max_risk.amount == pytest.approx((5.0 - 1.5) * 1000)
    assert found.max_gain.amount == pytest.approx(1500.0)
    assert found.break_evens == pytest.approx((88.5, 111.5))
    assert found.funds_required.amount == pytest.approx(3500.0)
    assert found.value == Money(1500.0, "USD")


def test_without_a_limit_every_leg_trades_against_its_quote(stage):
    found = stage.preview()
    # Four legs, each half a spread of two cents worse than its midpoint.
    assert found.order.limit_price == pytest.approx(found.reference_price - 0.04)
    bought = stage.preview(side=Side.BUY)
    assert bought.order.limit_price == pytest.approx(bought.reference_price + 0.04)


def test_a_leg_that_nobody_bids_for_needs_a_limit(stage):
    (leg,) = (c for c, o in OPTIONS.items() if named(c) == (NEAR, 90.0, "P"))
    stage.broker.quotes[leg] = (None, 1.0)
    with pytest.raises(DataError, match="no bid for the AAA 2026-07-17 90 put"):
        stage.preview()
    stage.broker.quotes[leg] = (1.0, None)
    with pytest.raises(DataError, match="no ask for the AAA 2026-07-17 90 put"):
        stage.preview(side=Side.BUY)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), 0.0, -1.5])
def test_a_net_limit_that_is_no_price_is_an_error(stage, limit):
    with pytest.raises(DataError, match="is not above zero"):
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


COVERED = StrategyRequest(terms(StrategyKind.COVERED_CALL, 105.0), Side.BUY, 2)


@pytest.mark.parametrize("filled", [True, False])
def test_of_the_shares_held_only_those_of_the_covered_calls_are_left_out(stage, filled):
    stage.limits(max_single=0.12, max_trade_risk=0.5)
    order_ref = stage.place(stage.preview(COVERED).token).order_ref
    if filled:
        stage.broker.fill(order_ref)
    stage.broker.held[STOCK.con_id] = stage.broker.held.get(STOCK.con_id, 0) + 500
    values = {check.name: check.value for check in stage.preview(COVERED).checks}
    expected = 0.05 + 2 * values["trade risk"]
    assert values["largest single"] == pytest.approx(expected, abs=0.001)
    stage.broker.held[STOCK.con_id] += 800
    assert "largest single" in failed(stage.preview(COVERED))


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
