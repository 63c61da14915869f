from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import session
from core.errors import ConfigurationError
from core.types import Contract, Order, OrderStatus, OrderType, Side
from ibkr.replay.received import all_received, received
from simulator.exchange.orders import OrderTerms, TimeInForce
from simulator.exchange.orders import OrderType as Kind
from simulator.market.benchmarks import DELISTED, RENAMED
from simulator.market.synthetic import SyntheticMarket
from tests.ibkr.gateway_parity import two_gateways
from tests.simulator.tiny_market import (
    ACME,
    BOLT,
    CALM,
    DUAL_LONDON,
    EMPTY,
    NEXT_MORNING,
    TUESDAY,
    TinyMarket,
    split,
)

pytestmark = pytest.mark.world

DAY = session(date(2026, 6, 15))


@pytest.fixture(scope="module")
def market():
    return SyntheticMarket(7, 40)


@pytest.fixture
def gateways(market, tmp_path):
    with two_gateways(market, tmp_path, at=DAY.decision_time) as both:
        yield both


@pytest.fixture
def tiny(tmp_path):
    odd = {
        (BOLT, date(2026, 6, 10)): (50.0, 49.0, 51.0, 50.0, 1_000),  # the high below the low
        (CALM, date(2026, 6, 11)): (1 / 3, 1.0, 0.1, 0.123456789012, 30_000),
        (CALM, date(2026, 6, 12)): (20.00000049, 20.5, 19.5, 20.123456785, 30_000),
    }
    splits = {ACME: [split(3.0)], CALM: [split(1 / 7)]}
    market = TinyMarket(odd, splits=splits)
    with two_gateways(market, tmp_path, at=DAY.decision_time, cash=200_000.0) as both:
        yield both


def contracts_of(market):
    return [
        Contract(i.con_id, i.symbol, currency=i.currency, min_tick=i.min_tick)
        for i in market.instruments
    ]


def symbols_of(market):
    return [i.symbol for i in market.instruments]


def an_order(con_id=ACME, symbol="ACME", quantity=300, limit=103.5, ref="a", **changes):
    order = Order(con_id, symbol, Side.BUY, quantity, OrderType.LIMIT, limit, "DAY", ref)
    return replace(order, **changes)


def tiny_orders():
    return [
        an_order(BOLT, "BOLT", 200, 45.0, "short", side=Side.SELL),
        an_order(CALM, "CALM", 199, 19.6, "rests"),
        an_order(ref="filled"),
        an_order(quantity=100, limit=90.005, ref="off the grid"),
        an_order(quantity=9_999_999, ref="beyond margin"),
        an_order(EMPTY, "EMPTY", 10, 5.0, "never traded"),
        an_order(999, "GONE", 10, 5.0, "unknown contract"),
        an_order(DUAL_LONDON, "DUAL", 10, 8.0, "in pounds"),
        an_order(quantity=10, ref="immediate", time_in_force="IOC"),
        an_order(quantity=10, ref="early", outside_rth=True),
        an_order(quantity=10, limit=None, ref="market", order_type=OrderType.MARKET),
    ]


def assert_same(answers):
    over_socket, replayed = answers
    assert replayed == over_socket
    return over_socket


def test_both_gateways_name_the_same_account_and_time(gateways):
    account, now = assert_same(gateways.answers(lambda g: (g.account, g.server_time())))
    assert account.startswith("DU")
    assert now == DAY.decision_time


def test_both_gateways_resolve_and_refuse_the_same_symbols(gateways, market):
    asked = [*symbols_of(market), "ZZZZ", "NAÏVE", "", symbols_of(market)[0]]
    resolved = assert_same(gateways.answers(lambda g: g.market.resolve(asked)))
    assert len(resolved.contracts) == 41
    assert len(resolved.refused) == 3
    pounds = assert_same(gateways.answers(lambda g: g.market.resolve(asked, currency="GBP")))
    assert len(pounds.contracts) == 1


def test_both_gateways_describe_contracts_by_their_number_in_their_own_currency(gateways, market):
    asked = [*(one.con_id for one in contracts_of(market)), 1]
    described = assert_same(gateways.answers(lambda g: g.market.describe(asked)))
    known = {one.con_id: one.currency for one in contracts_of(market)}
    assert {number: one.currency for number, one in described.contracts.items()} == known
    assert {"GBP", "USD"} == set(known.values())
    assert list(described.refused) == [1]


def test_both_gateways_know_a_share_by_the_symbol_that_it_has_on_the_day(market, tmp_path):
    days = {date(2026, 7, 6): "OLDNE", date(2026, 7, 7): "NEWNE", date(2028, 10, 3): "NEWNE"}
    for day, symbol in days.items():
        at = session(day).decision_time
        with two_gateways(market, tmp_path / str(day), at=at) as both:
            found = assert_same(both.answers(lambda g: g.market.describe([RENAMED, DELISTED])))
        assert found.contracts[RENAMED].symbol == symbol
        assert list(found.refused) == ([DELISTED] if day.year == 2028 else [])


def test_both_gateways_give_the_same_quotes(gateways, market):
    asked = [*contracts_of(market), Contract(1, "GONE")]
    quotes = assert_same(gateways.answers(lambda g: g.market.bulk_quote(asked)))
    assert len(quotes.quotes) == 41
    assert len(quotes.missing) == 2  # the one that never traded, and the one that is not listed


@pytest.mark.parametrize("moment", ["open", "close"])
def test_both_gateways_give_the_same_quotes_during_and_after_the_session(gateways, market, moment):
    gateways.advance_to(getattr(DAY, moment) + timedelta(minutes=1))
    assert_same(gateways.answers(lambda g: g.market.bulk_quote(contracts_of(market))))


@pytest.mark.parametrize(
    ("duration", "end"),
    [
        ("2 Y", DAY.decision_time),
        ("90 D", None),
        ("1 M", session(date(2026, 3, 2)).close),
        ("1 W", session(date(2020, 3, 2)).close),
        ("90 M", None),
        ("two years", None),
    ],
)
def test_both_gateways_give_the_same_bars(gateways, market, duration, end):
    asked = [*contracts_of(market), Contract(1, "GONE")]

    def history(gateway):
        return gateway.market.history(asked, duration=duration, end=end)

    over_socket, replayed = gateways.answers(history)
    if hasattr(over_socket, "kind"):
        assert replayed == over_socket
        return
    assert replayed.missing == over_socket.missing
    pd.testing.assert_frame_equal(replayed.bars, over_socket.bars, check_exact=True)


def test_both_gateways_run_the_same_scans(gateways):
    over_socket, replayed = gateways.answers(lambda g: g.market.top_movers(rows=12))
    pd.testing.assert_frame_equal(replayed, over_socket, check_exact=True)
    assert len(over_socket) == 36
    assert_same(gateways.answers(lambda g: g.market.top_movers(["LOW_OPT_VOL"], rows=5)))


def test_bars_that_cannot_be_used_are_left_out_in_the_same_words(tiny):
    asked = [Contract(ACME, "ACME"), Contract(BOLT, "BOLT"), Contract(CALM, "CALM")]
    over_socket, replayed = tiny.answers(lambda g: g.market.history(asked))
    assert (replayed.missing, replayed.left_out) == (over_socket.missing, over_socket.left_out)
    assert "open 50.0, high 49.0" in over_socket.left_out[BOLT]
    pd.testing.assert_frame_equal(replayed.bars, over_socket.bars, check_exact=True)


def test_bars_in_the_shares_of_a_split_are_rounded_as_the_wire_does(tiny):
    tiny.advance_to(NEXT_MORNING)  # 1:3 and 7:1 since midnight
    asked = [Contract(ACME, "ACME"), Contract(CALM, "CALM")]
    over_socket, replayed = tiny.answers(lambda g: g.market.history(asked))
    pd.testing.assert_frame_equal(replayed.bars, over_socket.bars, check_exact=True)
    assert 34.66666667 in over_socket.bars["high"].tolist()


def test_both_gateways_rehearse_orders_alike(tiny):
    orders = [*tiny_orders(), an_order(quantity=0), an_order(limit=float("nan"))]
    answers = assert_same(
        tiny.answers(lambda g: [g.trading.what_if(order) for order in orders], for_orders=True)
    )
    assert [answer.accepted for answer in answers[:5]] == [True, True, True, False, False]
    assert answers[2].commission == 1.5


def test_both_gateways_take_a_batch_through_two_days_alike(tiny):
    placed = assert_same(
        tiny.answers(lambda g: g.trading.place_orders(tiny_orders(), timeout=5), for_orders=True)
    )
    assert [state.status for state in placed[:5]] == [
        OrderStatus.WORKING,
        OrderStatus.WORKING,
        OrderStatus.WORKING,
        OrderStatus.REJECTED,
        OrderStatus.REJECTED,
    ]
    for moment in (DAY.open, DAY.close, NEXT_MORNING, session(TUESDAY).close):
        tiny.advance_to(moment)
        assert_same(tiny.answers(lambda g: g.trading.order_states(), for_orders=True))
        snapshot = assert_same(tiny.answers(lambda g: g.portfolio.snapshot()))
    assert {p.symbol: p.quantity for p in snapshot.positions} == {
        "ACME": 990.0,  # 300, then 10 at once, 10 before the open and 10 in it, split into three
        "BOLT": -200.0,
        "CALM": 28.0,
    }


def test_both_gateways_show_orders_by_hand_alike_until_they_are_over(tiny):
    placed = tiny_orders()[:1]
    tiny.answers(lambda g: g.trading.place_orders(placed, timeout=5), for_orders=True)
    assert assert_same(tiny.answers(lambda g: g.trading.orders_by_hand(), for_orders=True)) == ()
    tiny.by_hand(OrderTerms(CALM, Side.BUY, 7, Kind.LIMIT, 19.6, TimeInForce.DAY))
    tiny.by_hand(OrderTerms(ACME, Side.SELL, 5, Kind.MARKET, None, TimeInForce.DAY))
    calm, acme = assert_same(tiny.answers(lambda g: g.trading.orders_by_hand(), for_orders=True))
    assert (calm.order_ref, calm.symbol, calm.side, calm.quantity) == ("", "CALM", Side.BUY, 7.0)
    assert (acme.symbol, acme.side, acme.filled) == ("ACME", Side.SELL, 0.0)
    tiny.advance_to(DAY.close)
    assert assert_same(tiny.answers(lambda g: g.trading.orders_by_hand(), for_orders=True)) == ()


def test_both_gateways_cancel_alike(tiny):
    orders = tiny_orders()[:3]
    tiny.answers(lambda g: g.trading.place_orders(orders, timeout=5), for_orders=True)
    for ref in ("rests", "nobody"):
        assert_same(tiny.answers(lambda g, r=ref: g.trading.cancel(r, timeout=5), for_orders=True))
    tiny.advance_to(DAY.open)
    for ref in ("rests", "filled"):
        assert_same(tiny.answers(lambda g, r=ref: g.trading.cancel(r, timeout=5), for_orders=True))
    states = assert_same(
        tiny.answers(lambda g: g.trading.await_fills(["filled"], timeout=5), for_orders=True)
    )
    assert states["filled"].status is OrderStatus.FILLED


def test_both_gateways_refuse_a_batch_that_was_sent_or_is_wrong(tiny):
    orders = tiny_orders()[:1]
    for batch in (orders, orders, [an_order(quantity=0)], [an_order(), an_order()], []):
        assert_same(
            tiny.answers(lambda g, b=batch: g.trading.place_orders(b, timeout=5), for_orders=True)
        )


def test_a_gateway_for_market_data_never_sends(tiny):
    with pytest.raises(ConfigurationError, match="for market data"):
        tiny.open_replay().trading.order_states()


def test_another_clients_order_is_refused_alike(tiny):
    tiny.answers(lambda g: g.trading.place_orders(tiny_orders()[:1], timeout=5), for_orders=True)
    line = tiny.settings.gateway.model_copy(update={"order_client_id": 17})
    tiny.settings = tiny.settings.model_copy(update={"gateway": line})
    refused = assert_same(
        tiny.answers(lambda g: g.trading.cancel("short", timeout=5), for_orders=True)
    )
    assert "client id 12" in refused.text


DECIMALS = st.builds(lambda n, p: n / 10.0**p, st.integers(-(10**12), 10**12), st.integers(0, 12))


@given(st.lists(DECIMALS | st.floats(min_value=-1e12, max_value=1e12), min_size=1))
def test_an_array_is_received_as_its_numbers_are(values):
    assert all_received(np.array(values)).tolist() == [received(value) for value in values]


@given(st.integers(min_value=1, max_value=10**12))
def test_a_price_of_six_decimals_is_received_unchanged(millionths):
    assert received(millionths / 1e6) == millionths / 1e6
