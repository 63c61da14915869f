from dataclasses import replace

import pytest

from core.calendar import session
from core.types import Side
from simulator.broker.broker import Broker
from simulator.exchange.matching import MatchingRules
from simulator.exchange.orders import OrderTerms, OrderType, Status, TimeInForce
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    CLOSE,
    MONDAY,
    OPEN,
    TUESDAY,
    TinyMarket,
    limit_order,
    market_order,
    split,
)

TUESDAY_OPEN, TUESDAY_CLOSE = session(TUESDAY).open, session(TUESDAY).close


def terms(order_type, side=Side.SELL, quantity=100, tif=TimeInForce.DAY, limit=None, **more):
    return OrderTerms(ACME, side, quantity, order_type, limit, tif, **more)


class Played:
    """A broker with an order in it, and what became of the order."""

    def __init__(self, folder, asked, *, now=BEFORE_OPEN, market=None, rules=None):
        self.broker = Broker(market or TinyMarket(), state=folder, now=now, cash=1e6, rules=rules)
        self.broker.place(asked, order_id=1, client_id=7)

    def at(self, moment):
        self.broker.advance_to(moment)
        return self.broker.find(7, 1)


def a_tuesday(open_, high, low, close):
    return TinyMarket({(ACME, TUESDAY): (open_, high, low, close, 1_000_000)})


def test_a_stop_sleeps_at_the_open_and_sells_at_its_stop_less_half_a_spread(tmp_path):
    played = Played(tmp_path, terms(OrderType.STOP, stop_price=97.0))
    waiting = played.at(OPEN)
    assert (waiting.status, waiting.why_held) == (Status.PRE_SUBMITTED, "trigger")
    assert played.at(CLOSE).average_price == 96.98


def test_a_stop_that_the_open_jumps_over_trades_at_the_open(tmp_path):
    market = a_tuesday(90.0, 91.0, 89.0, 90.5)
    asked = terms(OrderType.STOP, stop_price=95.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, market=market)
    assert played.at(CLOSE).status is Status.PRE_SUBMITTED
    assert played.at(TUESDAY_OPEN).average_price == 89.98


def test_a_stop_buys_above_the_market(tmp_path):
    played = Played(tmp_path, terms(OrderType.STOP, Side.BUY, stop_price=103.0))
    assert played.at(CLOSE).average_price == 103.03  # 103.0206, away from the trader


def test_a_stop_that_is_not_reached_expires_with_the_day(tmp_path):
    played = Played(tmp_path, terms(OrderType.STOP, stop_price=95.0))
    assert played.at(CLOSE).status is Status.CANCELLED


def test_a_stop_beyond_the_market_when_it_comes_trades_at_once(tmp_path):
    played = Played(tmp_path, terms(OrderType.STOP, stop_price=101.0), now=OPEN)
    assert played.at(OPEN).average_price == 99.98


@pytest.mark.parametrize(("limit", "price"), [(96.0, 96.98), (96.99, 96.99), (97.0, 97.0)])
def test_a_stop_limit_never_sells_below_its_limit(tmp_path, limit, price):
    asked = terms(OrderType.STOP_LIMIT, limit=limit, stop_price=97.0)
    assert Played(tmp_path, asked).at(CLOSE).average_price == price


def test_a_stop_limit_that_was_jumped_over_rests_at_its_limit(tmp_path):
    market = a_tuesday(90.0, 94.0, 89.0, 90.5)
    asked = terms(OrderType.STOP_LIMIT, limit=93.0, stop_price=95.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, market=market)
    woken = played.at(TUESDAY_OPEN)
    assert (woken.status, woken.triggered) == (Status.SUBMITTED, True)
    assert played.at(TUESDAY_CLOSE).average_price == 93.0


def test_a_trailing_stop_follows_the_session_and_is_kept_overnight(tmp_path):
    asked = terms(OrderType.TRAIL, trail_amount=5.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, market=a_tuesday(102.0, 102.5, 98.0, 99.0))
    assert played.at(OPEN).stop == 95.0  # the low of 96 stays above
    assert played.at(CLOSE).stop == 99.0  # five below the high of 104
    assert played.at(TUESDAY_CLOSE).average_price == 98.98


def test_an_order_for_the_close_trades_there_and_nowhere_else(tmp_path):
    played = Played(tmp_path, terms(OrderType.MARKET_ON_CLOSE))
    assert played.at(OPEN).status is Status.SUBMITTED
    closed = played.at(CLOSE)
    assert (closed.average_price, closed.done_at) == (101.97, CLOSE)  # 102 less 2 basis points


@pytest.mark.parametrize(("limit", "status"), [(102.0, Status.FILLED), (102.01, Status.CANCELLED)])
def test_a_limit_on_close_looks_at_the_close_and_not_at_the_range(tmp_path, limit, status):
    asked = terms(OrderType.LIMIT_ON_CLOSE, limit=limit)
    assert Played(tmp_path, asked).at(CLOSE).status is status


def test_an_order_at_the_open_or_the_close_can_be_sent_during_the_session(tmp_path):
    played = Played(tmp_path, terms(OrderType.MARKET_ON_CLOSE), now=OPEN)
    assert played.at(CLOSE).status is Status.FILLED


def test_a_modified_stop_sleeps_again_at_its_new_price(tmp_path):
    played = Played(tmp_path, terms(OrderType.STOP, stop_price=97.0))
    played.broker.modify(played.at(OPEN), terms(OrderType.STOP, stop_price=95.0))
    assert played.at(CLOSE).status is Status.CANCELLED


def test_a_big_order_can_be_made_to_fill_over_days_and_pay_as_one(tmp_path):
    # A thousandth of 5,000,000 shares a day: 5,000 of 12,000.
    rules = MatchingRules(most_of_volume=0.001)
    asked = limit_order(ACME, 9_000, 97.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, rules=rules)
    partly = played.at(CLOSE)
    assert (partly.filled, partly.remaining) == (5_000, 4_000)
    assert partly.status is Status.PRE_SUBMITTED
    whole = played.at(TUESDAY_CLOSE)
    assert (whole.filled, whole.status) == (9_000, Status.FILLED)
    assert whole.commission == pytest.approx(45.0)
    held = played.broker.exchange.holdings[ACME]
    assert held.quantity == 9_000


def test_what_is_left_of_a_day_order_is_cancelled_and_what_was_filled_stays(tmp_path):
    rules = MatchingRules(most_of_volume=0.001)
    played = Played(tmp_path, limit_order(ACME, 9_000, 97.0), rules=rules)
    order = played.at(CLOSE)
    assert (order.status, order.filled) == (Status.CANCELLED, 5_000)


def test_a_modification_below_what_is_filled_is_refused(tmp_path):
    rules = MatchingRules(most_of_volume=0.001)
    asked = limit_order(ACME, 9_000, 97.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, rules=rules)
    with pytest.raises(Exception, match="does not match original order"):
        played.broker.modify(played.at(CLOSE), replace(asked, quantity=5_000))


def test_a_split_moves_stops_and_distances_with_the_price(tmp_path):
    after = {(ACME, TUESDAY): (25.0, 26.0, 24.0, 25.5, 20_000_000)}
    market = TinyMarket(after, splits={ACME: [split(4.0)]})
    asked = terms(OrderType.TRAIL, trail_amount=8.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked, market=market)
    assert played.at(CLOSE).stop == 96.0
    order = played.at(session(TUESDAY).decision_time)
    assert (order.stop, order.terms.trail_amount, order.terms.quantity) == (24.0, 2.0, 400)


def test_a_restart_keeps_stops_where_they_stood(tmp_path):
    asked = terms(OrderType.TRAIL, trail_amount=5.0, tif=TimeInForce.GTC)
    played = Played(tmp_path, asked)
    before = played.at(CLOSE)
    played.broker.close()
    again = Broker(TinyMarket(), state=tmp_path, now=CLOSE, cash=1e6)
    assert again.find(7, 1) == before
    again.close()


def test_the_market_is_never_asked_about_a_session_before_its_end(tmp_path):
    # Two worlds that differ only in the rest of Monday: nothing shows before the close.
    wild = TinyMarket({(ACME, MONDAY): (100.0, 500.0, 1.0, 50.0, 1_000_000)})
    states = []
    for number, market in enumerate((TinyMarket(), wild)):
        folder = tmp_path / str(number)
        played = Played(folder, terms(OrderType.STOP, stop_price=97.0), market=market)
        played.broker.place(market_order(ACME, 50), order_id=2, client_id=7)
        played.at(OPEN)
        states.append((played.broker.exchange.executions, played.broker.find(7, 1)))
    assert states[0] == states[1]
