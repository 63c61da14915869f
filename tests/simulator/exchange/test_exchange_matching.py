import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Side
from simulator.exchange.matching import (
    MatchingRules,
    immediate_price,
    on_tick,
    parts,
    resting_price,
    scaled_limit,
)
from tests.simulator.tiny_market import ACME, MONDAY, TinyMarket, limit_order, market_order

RULES = MatchingRules()
BASIS_POINTS = 2.0
BAR = TinyMarket().bar(ACME, MONDAY)  # open 100, high 104, low 96


def price_of(terms, reference=100.0, *, min_tick=0.01, basis_points=BASIS_POINTS):
    half = basis_points / 1e4 * reference
    return immediate_price(terms, reference, min_tick=min_tick, half_spread=half)


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        (market_order(side=Side.BUY), 100.02),
        (market_order(side=Side.SELL), 99.98),
        (limit_order(limit=100.01, side=Side.BUY), 100.01),
        (limit_order(limit=105.0, side=Side.BUY), 100.02),
        (limit_order(limit=100.0, side=Side.BUY), 100.0),
        (limit_order(limit=99.99, side=Side.BUY), None),
        (limit_order(limit=99.99, side=Side.SELL), 99.99),
        (limit_order(limit=100.01, side=Side.SELL), None),
    ],
)
def test_what_meets_the_market_by_worked_examples(terms, price):
    assert price_of(terms) == price


def test_the_cost_is_rounded_away_from_the_trader():
    assert price_of(market_order(side=Side.BUY), 10.0) == 10.01
    assert price_of(market_order(side=Side.SELL), 10.0) == 9.99
    assert price_of(market_order(), 10.0, basis_points=0.0) == 10.0


def test_what_is_worth_less_than_the_spread_finds_no_buyer_but_has_a_seller():
    assert (
        immediate_price(market_order(side=Side.SELL), 0.01, min_tick=0.01, half_spread=0.005)
        is None
    )
    assert (
        immediate_price(market_order(side=Side.BUY), 0.01, min_tick=0.01, half_spread=0.005) == 0.02
    )


@pytest.mark.parametrize(
    ("limit", "side", "price"),
    [
        (96.01, Side.BUY, 96.01),
        (96.0, Side.BUY, None),  # touched, not crossed
        (95.0, Side.BUY, None),
        (103.99, Side.SELL, 103.99),
        (104.0, Side.SELL, None),
    ],
)
def test_a_resting_order_needs_the_range_to_cross_its_limit(limit, side, price):
    assert resting_price(limit_order(limit=limit, side=side), BAR) == price


def test_a_market_order_never_rests():
    assert resting_price(market_order(), BAR) is None


@given(st.integers(1, 10**7))
def test_parts_add_up_and_are_one_or_two(quantity):
    found = parts(quantity, rules=RULES)
    assert sum(found) == quantity
    assert len(found) == (1 if quantity < 200 else 2)
    assert all(part > 0 for part in found)


@given(st.integers(1, 10**6), st.sampled_from(["BUY", "SELL"]), st.integers(1, 10**6))
def test_no_price_is_worse_than_the_limit_and_all_are_on_the_grid(cents, side, reference):
    terms = limit_order(limit=cents / 100, side=Side(side))
    price = price_of(terms, reference / 100)
    if price is not None:
        assert on_tick(price, 0.01)
        assert (terms.limit_price - price) * terms.side.sign >= -1e-9


def test_a_limit_is_scaled_by_a_split_and_stays_on_the_grid():
    assert scaled_limit(100.0, 4.0, min_tick=0.01) == 25.0
    assert scaled_limit(100.0, 3.0, min_tick=0.01) == 33.33
    assert scaled_limit(0.01, 4.0, min_tick=0.01) == 0.01
    assert scaled_limit(None, 4.0, min_tick=0.01) is None
