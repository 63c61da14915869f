"""Faults F19 to F26: units, people, clocks, pacing and broken bytes."""

import time
from datetime import date, timedelta

import pytest

from core.calendar import session
from core.errors import GatewayError, GatewayTimeout, GatewayUnreachable
from core.types import Order, OrderStatus, OrderType, Side
from desk.errors import GateRefused, TicketExpired
from desk.tickets import approvals
from simulator.exchange.matching import MatchingRules
from simulator.tws.rate_limits import Limits, MessageRate
from tests.desk.desk_harness import MONDAY, NOW
from tests.faults.fault_harness import CURRENT_TIME, PLACE_ORDER, FaultHarness, within
from tests.simulator.tiny_market import CALM, DUAL, DUAL_LONDON, TinyMarket

HISTORY, CONTRACT_DETAILS = 20, 9
PUNCTUAL = 0.1  # seconds: at 45 messages a second, 50 come in 1.1


def by_ref(outcome):
    return {state.order_ref: state.status for state in outcome.states}


@pytest.fixture
def tiny_harness(tmp_path):
    harness = FaultHarness(tmp_path, market=TinyMarket())
    yield harness
    harness.close()


# F19, pence for pounds


def test_f19_a_price_in_pence_is_a_hundred_times_too_high_and_stops_the_batch(harness):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("quotes", symbol=order.symbol, kind="jump", ratio=100)
    with pytest.raises(GateRefused, match=order.symbol):
        harness.submit(sha256)
    assert harness.at_exchange() == []


def test_f19_a_listing_in_pounds_is_never_taken_for_the_one_in_dollars(tiny_harness):
    with tiny_harness.gateway() as gateway:
        found = gateway.market.resolve(["DUAL"])
        (contract,) = found.contracts
        assert (contract.con_id, contract.currency) == (DUAL, "USD")
        in_pounds = gateway.market.resolve(["DUAL"], currency="GBP")
        assert [c.con_id for c in in_pounds.contracts] == [DUAL_LONDON]


# F20, a restart within the batch


@pytest.mark.parametrize("ids", [None, 5])
def test_f20_a_restart_within_the_batch_leaves_no_order_twice_and_none_in_silence(harness, ids):
    orders = [harness.an_order(index) for index in range(4)]
    sha256 = harness.approved(*orders)
    rolled_back = {"ids": ids} if ids else {}
    harness.fault("restart", message=PLACE_ORDER, after=2, seconds=0.1, **rolled_back)
    with within(2):
        first = harness.submit(sha256)
    # Whose bytes were written is uncertain; whose were not never left, and only those leave now.
    at_first = by_ref(first)
    never_left = [o.order_ref for o in orders if at_first[o.order_ref] is OrderStatus.PENDING]
    assert len(first.uncertain) + len(never_left) >= 3
    time.sleep(0.3)
    second = harness.restarted().submit(sha256)
    assert second.sent == len(never_left)
    there = harness.at_exchange()
    assert there == [*(order.order_ref for order in orders[:2]), *never_left]
    statuses = by_ref(second)
    assert all(statuses[ref] is OrderStatus.WORKING for ref in there)
    lost = {o.order_ref for o in orders} - set(there)
    assert {statuses[ref] for ref in lost} <= {OrderStatus.UNCERTAIN}
    assert len(statuses) == 4


# F21, a person trades beside us


def test_f21_an_order_placed_by_hand_is_not_taken_for_one_of_ours(harness):
    order = harness.an_order(0)
    harness.fault("manual_order", symbol=order.symbol, quantity=500, at=NOW + timedelta(seconds=1))
    harness.advance_to(NOW + timedelta(seconds=2))
    assert harness.states() == {}
    harness.advance_to(MONDAY.open + timedelta(hours=7))
    (held,) = harness.snapshot().positions
    assert held.quantity == 500
    assert harness.states() == {}


def test_f21_a_position_that_a_person_changed_since_the_decision_holds_the_order(harness):
    order = harness.an_order(0)
    tuesday = session(date(2026, 6, 16))
    record = harness.register(
        harness.a_ticket(order, session=tuesday.day, finish_line=tuesday.finish_line)
    )
    approvals.approve(harness.store, record.sha256, by="ana", only=(), now=NOW)
    harness.fault("manual_order", symbol=order.symbol, quantity=500)
    harness.advance_to(tuesday.decision_time)
    with pytest.raises(GateRefused, match=order.symbol):
        harness.submit(record.sha256)
    assert harness.at_exchange() == []


# F23, the client id is taken


def test_f23_a_client_id_in_use_is_said_at_once_with_one_that_is_free(harness):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("id_in_use", client=12, times=1)
    with within(2), pytest.raises(GatewayUnreachable, match=r"client id 12 .* \(free: \d+\)"):
        harness.submit(sha256)
    assert harness.at_exchange() == []
    assert by_ref(harness.submit(sha256)) == {order.order_ref: OrderStatus.WORKING}


# F24, clocks that are wrong


@pytest.mark.parametrize("minutes", [5, -5])
def test_f24_five_minutes_wrong_never_let_an_order_leave_after_the_open(harness, minutes):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("skew", seconds=minutes * 60.0)
    harness.advance_to(MONDAY.finish_line + timedelta(minutes=2 if minutes > 0 else -2))
    if minutes > 0:
        with pytest.raises(TicketExpired):
            harness.submit(sha256)
        assert harness.at_exchange() == []
    else:
        harness.submit(sha256)
        (event,) = harness.broker.ledger.events
        assert event.at < MONDAY.open - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("day", "hours_before_open"),
    [(date(2026, 3, 10), 1.5), (date(2026, 3, 27), 1.5), (date(2026, 3, 30), 2.5),
     (date(2026, 10, 26), 1.5), (date(2026, 11, 2), 2.5)],
)  # fmt: skip
def test_f24_in_the_weeks_when_only_one_side_has_summer_time_the_finish_line_moves(
    day, hours_before_open
):
    hours = session(day)
    assert hours.open - hours.decision_time == timedelta(hours=hours_before_open)
    assert hours.open - hours.finish_line == timedelta(minutes=15)


# F25, too many requests


@pytest.fixture
def strict_harness(tmp_path):
    harness = FaultHarness(tmp_path, limits=Limits(messages_per_second=50, open_histories=50,
                                        history_seconds=0.1))  # fmt: skip
    changes = {"messages_per_second": 45.0, "request_timeout": 5.0, "history_timeout": 5.0}
    gateway = harness.settings.gateway.model_copy(update=changes)
    harness.settings = harness.settings.model_copy(update={"gateway": gateway})
    yield harness
    harness.close()


def ask_for_many(harness):
    """Return the history found, and by how many seconds the gateway's own loop was late meanwhile.

    What came evenly is read in bursts by a gateway that waits for its core.
    """
    harness.simulator.service.rate = MessageRate()
    symbols = [contract.symbol for contract in harness.contracts]
    with harness.lateness() as late, harness.gateway() as gateway:
        for _ in range(16):
            gateway.market.resolve(symbols)
        found = gateway.market.history(harness.contracts, duration="1 M")
    return found, max(late)


def test_f25_many_symbols_never_break_the_message_rate(strict_harness):
    for _ in range(3):  # a gateway that was late itself has measured nothing
        found, late = ask_for_many(strict_harness)
        if late < PUNCTUAL:
            break
    rate = strict_harness.simulator.service.rate
    assert found.missing == {}
    assert rate.total > 130
    assert (rate.refused, rate.most <= 50) == (0, True)


def test_f25_bars_refused_for_pacing_are_missing_by_name_and_never_empty(harness):
    harness.fault("refuse", code=162, message=HISTORY, chance=0.4)
    with harness.gateway() as gateway:
        found = gateway.market.history(harness.contracts, duration="1 M")
    served = set(found.bars["con_id"])
    assert served | set(found.missing) == {contract.con_id for contract in harness.contracts}
    assert served
    assert found.missing
    assert all("pacing violation" in reason for reason in found.missing.values())


# F26, broken bytes


@pytest.mark.parametrize(
    ("kind", "message"),
    [("huge", CURRENT_TIME), ("short", 61), ("truncated", 61), ("short", 16), ("huge", 16)],
)
def test_f26_broken_bytes_are_an_error_in_time_and_never_an_empty_answer(harness, kind, message):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.fault("garbage", kind=kind, message=message, after=2 if message == CURRENT_TIME else 1)
    with within(2):
        try:
            outcome = harness.submit(sha256)
        except GatewayError:
            assert harness.at_exchange() == []
        else:
            assert by_ref(outcome) == {order.order_ref: OrderStatus.WORKING}
    harness.fault("garbage", on=False)
    assert len(harness.at_exchange()) <= 1
    (state,) = harness.restarted().submit(sha256).states
    assert state.status is OrderStatus.WORKING
    assert harness.at_exchange() == [order.order_ref]


def test_f26_noise_between_two_answers_harms_nothing(harness):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    for message in (CURRENT_TIME, 61, 16, PLACE_ORDER, 99):
        harness.fault("garbage", kind="noise", message=message, after=1)
    assert by_ref(harness.submit(sha256)) == {order.order_ref: OrderStatus.WORKING}


def test_f26_a_list_with_a_torn_line_is_not_a_shorter_list(harness):
    harness.held(harness.an_order(0), 100)
    harness.held(harness.an_order(1), 100)
    harness.advance_to(MONDAY.open + timedelta(hours=7))
    harness.fault("garbage", kind="short", message=61, after=1)
    with within(2), pytest.raises(GatewayError):
        harness.snapshot()


# F22, an order that fills in part


def test_f22_an_order_filled_in_part_and_then_cancelled_counts_what_was_filled(tmp_path):
    rules = MatchingRules(most_of_volume=0.1)
    harness = FaultHarness(tmp_path, market=TinyMarket(), rules=rules)
    order = limit(CALM, "CALM", 19.8, 20_000)  # CALM trades 30,000 shares a day
    with harness.gateway() as gateway:
        gateway.trading.place_orders([order], timeout=1)
        harness.advance_to(MONDAY.close + timedelta(minutes=1))
        states = gateway.trading.await_fills([order.order_ref], timeout=1)
    state = states[order.order_ref]
    (held,) = harness.snapshot().positions
    harness.close()
    assert state.status is OrderStatus.CANCELLED
    assert held.quantity == state.filled == 3000
    assert sum(fill.quantity for fill in state.fills) == 3000


def limit(con_id, symbol, price, quantity):
    return Order(con_id, symbol, Side.BUY, quantity, OrderType.LIMIT, price, "DAY", f"DB1:{symbol}")


def test_f03_a_gateway_that_never_answers_is_given_up_in_time(harness):
    harness.fault("mute")
    with within(2), pytest.raises(GatewayTimeout):
        harness.gateway()
