"""Faults F10 to F18: the broker's answers mislead. What is not known is never taken for granted."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.calendar import session
from core.errors import GatewayError, GatewayTimeout, GatewayUnreachable
from core.types import OrderStatus
from desk.errors import GateRefused
from simulator.faults.request import FaultRequest
from simulator.faults.scripted_market import scripted
from tests.desk.desk_harness import MONDAY, NOW, a_market
from tests.faults.fault_harness import PLACE_ORDER, FaultHarness, within

TUESDAY = session(date(2026, 6, 16))


def by_ref(outcome):
    return {state.order_ref: state.status for state in outcome.states}


def test_f10_while_the_line_to_ibkr_is_lost_no_order_leaves(harness):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("link")
    with within(2), pytest.raises(GatewayError):
        harness.submit(sha256)
    assert harness.at_exchange() == []
    harness.fault("link", on=False, kind="kept")
    assert by_ref(harness.submit(sha256)) == {order.order_ref: OrderStatus.WORKING}


@pytest.mark.parametrize("kind", ["lost", "kept"])
def test_f10_the_same_connection_works_again_when_the_line_is_restored(harness, kind):
    order = harness.an_order(0)
    with harness.gateway() as gateway:
        harness.fault("link")
        with pytest.raises(GatewayUnreachable, match="1100"):
            gateway.trading.place_orders([order], timeout=0.2)
        harness.fault("link", on=False, kind=kind)
        assert gateway.portfolio.snapshot().cash == 1e6
        (state,) = gateway.trading.place_orders([order], timeout=1)
    assert state.status is OrderStatus.WORKING
    assert len(harness.at_exchange()) == 1


@pytest.mark.parametrize("end", [53, 102, 55])
def test_f11_a_list_without_its_end_is_no_list_and_nothing_is_sent(harness, end):
    sha256 = harness.approved(harness.an_order(0))
    harness.fault("swallow", answer=[end])
    with within(2), pytest.raises(GatewayTimeout):
        harness.submit(sha256)
    assert harness.at_exchange() == []


@pytest.mark.parametrize("end", [54, 62])
def test_f11_positions_without_their_end_are_not_a_flat_account(harness, end):
    harness.held(harness.an_order(0), 100)
    harness.advance_to(MONDAY.open + timedelta(hours=7))
    harness.fault("swallow", answer=[end])
    with within(2), pytest.raises(GatewayTimeout):
        harness.snapshot()


@pytest.mark.parametrize("code", [10349, 399, 404])
def test_f12_a_warning_about_an_order_that_lives_is_not_its_end(harness, code):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("warn", code=code, message=PLACE_ORDER)
    assert by_ref(harness.submit(sha256)) == {order.order_ref: OrderStatus.WORKING}
    assert harness.submit(sha256).sent == 0
    assert harness.at_exchange() == [order.order_ref]


@pytest.mark.parametrize(
    ("code", "status"), [(201, "rejected"), (200, "rejected"), (460, "rejected"), (202, None)]
)
def test_f13_a_rejected_order_is_rejected_or_held_and_not_sent_again(harness, code, status):
    refused, taken = harness.an_order(0), harness.an_order(1)
    sha256 = harness.approved(refused, taken)
    harness.fault("refuse", code=code, symbol=refused.symbol, message=PLACE_ORDER)
    said = by_ref(harness.submit(sha256))
    assert said[taken.order_ref] is OrderStatus.WORKING
    # 202 says "cancelled" and not "never taken": without a trace of the order it is held.
    assert said[refused.order_ref] == (status or OrderStatus.UNCERTAIN)
    assert harness.restarted().submit(sha256).sent == 0
    assert harness.at_exchange() == [taken.order_ref]


@pytest.mark.parametrize(
    "fault", [{"name": "whatif_silent"}, {"name": "swallow", "answer": [5], "after": 2}]
)
def test_f14_a_what_if_order_without_figures_is_not_accepted(harness, fault):
    # TWS answers twice, first with every figure unset. Nothing, or only that, must not pass.
    harness.fault(fault.pop("name"), **fault)
    with harness.gateway() as gateway, within(2):
        answer = gateway.trading.what_if(harness.an_order(0))
    assert not answer.accepted
    assert answer.reason


def test_f14_the_second_answer_of_a_what_if_order_is_the_one_that_counts(harness):
    with harness.gateway() as gateway:
        answer = gateway.trading.what_if(harness.an_order(0))
    assert answer.accepted
    assert answer.initial_margin_change > 0


@pytest.fixture
def split_harness(tmp_path):
    """A harness in which the first stock is split ten for one on Tuesday."""
    symbol = a_market().instruments[0].symbol
    script = [FaultRequest(fault="split", symbol=symbol, ratio=10, at=TUESDAY.open)]
    harness = FaultHarness(tmp_path, market=scripted(a_market(), script))
    yield harness
    harness.close()


def test_f15_an_overnight_split_changes_shares_and_prices_and_no_value(split_harness):
    harness, order = split_harness, split_harness.an_order(0)
    harness.held(order, 100)
    harness.advance_to(TUESDAY.decision_time - timedelta(hours=12))
    (before,) = harness.snapshot().positions
    harness.advance_to(TUESDAY.decision_time)
    (after,) = harness.snapshot().positions
    assert (before.quantity, after.quantity) == (100, 1000)
    assert after.market_value == pytest.approx(before.market_value)
    assert after.average_cost == pytest.approx(before.average_cost / 10)
    with harness.gateway() as gateway:
        bars = gateway.market.history([c for c in harness.contracts if c.con_id == order.con_id])
    closes = bars.bars["close"].to_numpy()
    assert (abs(closes[1:] / closes[:-1] - 1) < 0.5).all()  # the whole series is in new shares


def test_f15_an_order_decided_before_the_split_is_not_sent_after_it(split_harness):
    harness, order = split_harness, split_harness.an_order(0)
    harness.held(order, 100)
    harness.advance_to(MONDAY.open + timedelta(hours=7))
    record = harness.register(
        harness.a_ticket(order, session=TUESDAY.day, finish_line=TUESDAY.finish_line)
    )
    from desk.tickets import approvals

    approvals.approve(harness.store, record.sha256, by="ana", only=(), now=NOW)
    harness.advance_to(TUESDAY.decision_time)
    with pytest.raises(GateRefused, match=order.symbol):
        harness.submit(record.sha256)
    assert harness.at_exchange() == []


def test_f16_an_order_in_a_halted_symbol_stays_open_and_is_never_said_to_be_filled(tmp_path):
    symbol = a_market().instruments[0].symbol
    script = [FaultRequest(fault="halt", symbol=symbol, at=MONDAY.open)]
    harness = FaultHarness(tmp_path, market=scripted(a_market(), script))
    order = harness.an_order(0)
    harness.fault("quotes", symbol=symbol, kind="halted")
    with harness.gateway() as gateway:
        (quote,) = gateway.market.quotes([harness.contracts[0]]).quotes
        gateway.trading.place_orders([order], timeout=1)
        harness.advance_to(MONDAY.open + timedelta(hours=1))
        states = gateway.trading.await_fills([order.order_ref], timeout=0.3)
    held = harness.snapshot().positions
    harness.close()
    assert quote.halted
    assert (states[order.order_ref].status, states[order.order_ref].filled) == ("working", 0)
    assert held == ()


@pytest.mark.parametrize("kind", ["empty", "nan", "zero"])
def test_f17_a_quote_without_a_price_is_missing_and_its_order_is_not_sent(harness, kind):
    order, contract = harness.an_order(0), harness.contracts[0]
    sha256 = harness.approved(order)
    harness.fault("quotes", symbol=order.symbol, kind=kind)
    with harness.gateway() as gateway:
        found = gateway.market.bulk_quote([contract, harness.contracts[1]])
    assert [quote.con_id for quote in found.quotes] == [harness.contracts[1].con_id]
    assert "no bid and ask" in found.missing[contract.con_id]
    with pytest.raises(GateRefused, match=order.symbol):
        harness.submit(sha256)
    assert harness.at_exchange() == []


def test_f17_a_delayed_quote_says_that_it_is_delayed(harness):
    contract = harness.contracts[0]
    harness.fault("quotes", symbol=contract.symbol, kind="delayed")
    with harness.gateway() as gateway:
        (delayed,) = gateway.market.bulk_quote([contract]).quotes
        (live,) = gateway.market.bulk_quote([harness.contracts[1]]).quotes
    assert (delayed.source, live.source) == ("delayed", "live")


@pytest.mark.parametrize("ratio", [1.4, 0.6])
def test_f18_a_price_that_jumps_between_decision_and_submission_stops_the_batch(harness, ratio):
    jumped, calm = harness.an_order(0), harness.an_order(1)
    sha256 = harness.approved(jumped, calm)
    harness.fault("quotes", symbol=jumped.symbol, kind="jump", ratio=ratio)
    with pytest.raises(GateRefused, match=jumped.symbol):
        harness.submit(sha256)
    assert harness.at_exchange() == []


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 0.0, -1.0])
def test_f17_a_price_that_is_none_never_leaves_as_a_limit(harness, price):
    with harness.gateway() as gateway, pytest.raises(Exception, match="limit price"):
        gateway.trading.place_orders([replace(harness.an_order(0), limit_price=price)], timeout=0.2)
    assert harness.at_exchange() == []
