import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.holdings import Holding, after_split, after_trade

PRICES = st.floats(1.0, 1000.0)
TRADES = st.lists(
    st.tuples(st.integers(-500, 500).filter(bool), PRICES, st.floats(0.0, 5.0)), max_size=30
)


@pytest.mark.parametrize(
    ("held", "quantity", "price", "after", "gain"),
    [
        (Holding(), 100, 10.0, Holding(100, 10.01), None),
        (Holding(100, 10.01), 100, 12.0, Holding(200, 11.01), None),
        (Holding(100, 10.01), -40, 12.0, Holding(60, 10.01), 40 * 1.99 - 1),
        (Holding(100, 10.01), -100, 12.0, Holding(0, 0.0), 100 * 1.99 - 1),
        # 100 close and 100 open: each pays half of the commission.
        (Holding(100, 10.01), -200, 12.0, Holding(-100, 11.995), 100 * 1.99 - 0.5),
        (Holding(), -100, 10.0, Holding(-100, 9.99), None),
        (Holding(-100, 9.99), 100, 9.0, Holding(0, 0.0), 100 * 0.99 - 1),
    ],
)
def test_cost_and_gain_by_worked_examples(held, quantity, price, after, gain):
    found, realized = after_trade(held, quantity, price, commission=1.0)
    assert found.quantity == after.quantity
    assert found.average_cost == pytest.approx(after.average_cost)
    assert realized == (None if gain is None else pytest.approx(gain))


@given(TRADES, PRICES)
def test_gains_and_cash_tell_the_same_story(trades, mark):
    held, cash, realized = Holding(), 0.0, 0.0
    for quantity, price, commission in trades:
        held, gain = after_trade(held, quantity, price, commission)
        cash -= quantity * price + commission
        realized += gain or 0.0
    unrealized = held.quantity * (mark - held.average_cost)
    assert realized + unrealized == pytest.approx(cash + held.quantity * mark, abs=1e-3)


@pytest.mark.parametrize(
    ("held", "ratio", "price", "after", "cash"),
    [
        (Holding(100, 40.0), 4.0, 10.0, Holding(400, 10.0), 0.0),
        (Holding(-100, 40.0), 4.0, 10.0, Holding(-400, 10.0), 0.0),
        (Holding(105, 1.0), 0.1, 10.0, Holding(10, 10.0), 5.0),
        (Holding(-105, 1.0), 0.1, 10.0, Holding(-10, 10.0), -5.0),
        (Holding(3, 1.0), 0.1, 10.0, Holding(0, 0.0), 3.0),
        (Holding(3, 30.0), 1 / 3, 90.0, Holding(1, 90.0), 0.0),
        (Holding(10, 30.0), 1.5, 20.0, Holding(15, 20.0), 0.0),
    ],
)
def test_splits_by_worked_examples(held, ratio, price, after, cash):
    found, paid = after_split(held, ratio, price)
    assert found.quantity == after.quantity
    assert found.average_cost == pytest.approx(after.average_cost)
    assert paid == pytest.approx(cash)


@given(st.integers(-10_000, 10_000), st.floats(0.05, 20.0), PRICES)
def test_a_split_changes_no_value_but_rounding(quantity, ratio, price):
    after, cash = after_split(Holding(quantity, 10.0), ratio, price)
    assert after.quantity * price + cash == pytest.approx(quantity * ratio * price, abs=0.01)
    assert abs(after.quantity) <= abs(quantity * ratio) + 1e-6
