import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.broker.margin import Margin, requirement
from simulator.exchange.commission import order_commission


@pytest.mark.parametrize(
    ("quantity", "price", "commission"),
    [
        (100, 25.0, 1.00),  # 0.50 would be below the minimum
        (200, 25.0, 1.00),
        (1_000, 25.0, 5.00),
        (1_000, 0.25, 2.50),  # 5.00 is above 1 % of the value
        (10, 5.0, 0.50),  # 1 % is below the minimum: the maximum applies
        (0, 25.0, 0.0),
    ],
)
def test_the_fixed_schedule_by_worked_examples(quantity, price, commission):
    assert order_commission(quantity, quantity * price) == commission


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0.01, 5000))
def test_a_part_never_gets_commission_back(first, second, price):
    whole = order_commission(first + second, (first + second) * price)
    assert whole >= order_commission(first, first * price) - 1e-6


def test_margin_is_half_to_open_and_more_to_keep_short_than_long():
    assert requirement([10_000.0]) == Margin(5_000.0, 2_500.0)
    assert requirement([-10_000.0]) == Margin(5_000.0, 3_000.0)
    assert requirement([10_000.0, -10_000.0]) == Margin(10_000.0, 5_500.0)
    assert requirement([]) == Margin(0.0, 0.0)


@given(st.lists(st.floats(-1e8, 1e8), max_size=20))
def test_what_keeps_a_position_is_never_more_than_what_opens_it(values):
    margin = requirement(values)
    assert 0 <= margin.maintenance <= margin.initial
