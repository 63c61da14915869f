from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.types import ComboOrder, Leg, Order, OrderType, Position, Side, Snapshot

TERMS = {
    "con_id": 1,
    "symbol": "AAA",
    "order_type": OrderType.LIMIT,
    "limit_price": 1.0,
    "time_in_force": "DAY",
    "order_ref": "one",
}


@given(st.sampled_from(Side), st.integers(1, 1000), st.integers(1, 100))
def test_the_other_side_undoes_every_change_of_a_combination(side, quantity, ratio):
    legs = (Leg(10, Side.BUY, ratio), Leg(11, Side.SELL, 1))
    order = ComboOrder(side=side, quantity=quantity, legs=legs, **TERMS)
    other = ComboOrder(side=side.opposite, quantity=quantity, legs=legs, **TERMS)
    assert order.changes == {
        10: side.sign * quantity * ratio,
        11: -side.sign * quantity,
    }
    assert {con_id: -change for con_id, change in order.changes.items()} == other.changes


def test_a_plain_order_changes_one_position():
    assert Order(side=Side.SELL, quantity=5, **TERMS).changes == {1: -5}


def test_a_portfolio_of_stocks_leaves_the_options_out_and_the_account_as_it_is():
    stock = Position(1, "AAA", 10, 100.0, 100.0, 1000.0)
    option = Position(2, "AAA", 1, 300.0, 3.0, 300.0, sec_type="OPT")
    now = datetime(2026, 6, 15, 11, tzinfo=UTC)
    account = Snapshot("DU1", now, "USD", 10_000.0, 8_700.0, 0.0, 0.0, 0.0, (stock, option))
    assert account.stocks.weights == {1: 0.1}
    assert account.stocks.net_asset_value == account.net_asset_value
