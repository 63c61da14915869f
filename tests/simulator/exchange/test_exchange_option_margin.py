from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.broker.option_margin import OptionHeld, options_requirement

NEAR, FAR = date(2026, 7, 17), date(2026, 8, 21)
SPOT = 100.0


def held(right, strike, quantity, *, price=2.0, expiry=NEAR, spot=SPOT):
    return OptionHeld(right, float(strike), expiry, quantity, price, spot, 100, 100.0)


def required(*options, shares=0):
    return options_requirement(options, shares=shares)


def test_long_options_are_paid_for_and_need_nothing():
    assert required(held("C", 100, 5), held("P", 90, 3)) == 0.0


@pytest.mark.parametrize(
    ("right", "strike", "needs"),
    [
        ("C", 100, 200 + 2_000),  # at the money: 20 % of the underlying
        ("C", 105, 200 + 1_500),  # less the 5 it is out of the money
        ("C", 120, 200 + 1_000),  # never below 10 % of the underlying
        ("C", 90, 200 + 2_000),
        ("P", 100, 200 + 2_000),
        ("P", 95, 200 + 1_500),
        ("P", 80, 200 + 800),  # never below 10 % of the strike
    ],
)
def test_a_naked_option_by_worked_examples(right, strike, needs):
    assert required(held(right, strike, -1)) == pytest.approx(needs)


@pytest.mark.parametrize(
    ("long", "short", "right", "needs"),
    [
        (105, 100, "C", 500.0),  # sold: what can be lost
        (100, 105, "C", 0.0),  # bought: paid for
        (95, 100, "P", 500.0),
        (100, 95, "P", 0.0),
    ],
)
def test_a_vertical_needs_its_width_when_it_was_sold(long, short, right, needs):
    assert required(held(right, long, 3), held(right, short, -3)) == pytest.approx(3 * needs)


def test_a_calendar_is_covered_when_its_long_side_lives_longer():
    assert required(held("C", 100, 1, expiry=FAR), held("C", 100, -1, expiry=NEAR)) == 0.0
    naked = required(held("C", 100, -1, expiry=FAR))
    assert required(held("C", 100, 1, expiry=NEAR), held("C", 100, -1, expiry=FAR)) == naked


def condor(put_width=5, call_width=5, quantity=1):
    return (
        held("P", 95 - put_width, quantity), held("P", 95, -quantity),
        held("C", 105, -quantity), held("C", 105 + call_width, quantity),
    )  # fmt: skip


def test_an_iron_condor_of_equal_widths_needs_one_of_them_and_of_others_both():
    # IBKR's example: 10 x 160/170/180/190 need 10 * 10 * 100.
    assert required(*condor(10, 10, quantity=10)) == pytest.approx(10_000.0)
    assert required(*condor(5, 10)) == pytest.approx(1_500.0)


def test_two_spreads_that_can_both_lose_are_both_margined():
    # Strikes that cross: puts sold above the calls sold.
    crossed = (held("P", 100, 1), held("P", 105, -1), held("C", 95, -1), held("C", 100, 1))
    assert required(*crossed) == pytest.approx(1_000.0)
    apart = (
        held("P", 90, 1), held("P", 95, -1),
        held("C", 105, -1, expiry=FAR), held("C", 110, 1, expiry=FAR),
    )  # fmt: skip
    assert required(*apart) == pytest.approx(1_000.0)


def test_a_straddle_needs_its_larger_side_and_the_value_of_the_other():
    call, put = held("C", 100, -1, price=3.0), held("P", 100, -1, price=2.5)
    assert required(call, put) == pytest.approx(300 + 2_000 + 250)
    strangle = held("C", 105, -2, price=1.0), held("P", 98, -1, price=1.0)
    # One pair: the put needs 100 + 1,800, the call 100 + 1,500; the second call stands alone.
    assert required(*strangle) == pytest.approx(1_900 + 100 + 1_600)


def test_shares_cover_calls_and_what_is_in_the_money_counts():
    assert required(held("C", 105, -2), shares=200) == 0.0
    assert required(held("C", 90, -1), shares=100) == pytest.approx(1_000.0)
    assert required(held("C", 105, -2), shares=199) == required(held("C", 105, -1))
    assert required(held("P", 95, -1), shares=-100) == 0.0
    assert required(held("P", 95, -1), shares=100) == required(held("P", 95, -1))


def test_an_option_that_delivers_more_after_a_split_needs_more_shares():
    call = replace(held("C", 105, -1), deliverable=400.0)
    assert required(call, shares=399) > 0
    assert required(call, shares=400) == 0.0


OPTIONS = st.lists(
    st.builds(
        held,
        st.sampled_from("CP"),
        st.integers(70, 130),
        st.integers(-5, 5).filter(bool),
        price=st.floats(0.01, 30.0),
        expiry=st.sampled_from([NEAR, FAR]),
    ),
    max_size=8,
    unique_by=lambda one: (one.right, one.strike, one.expiry),
)


@given(OPTIONS, st.integers(-500, 500))
def test_a_requirement_is_never_below_zero_nor_above_all_sold_naked(options, shares):
    naked = sum(-one.quantity * one.naked for one in options if one.quantity < 0)
    shorts = [one for one in options if one.quantity < 0]
    inside = sum(-one.quantity * max(one.in_the_money, 0) * 100 for one in shorts)
    assert -1e-9 <= required(*options, shares=shares) <= naked + inside + 1e-6


@given(OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_positions_does_not_matter(options, random):
    shuffled = random.sample(options, len(options))
    assert required(*shuffled) == pytest.approx(required(*options))
