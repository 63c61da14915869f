import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.types import Side
from risk.strategies.legs import StrategyKind, build
from risk.strategies.payoff import outcome, payoff
from tests.risk import strategies as some
from tests.risk.strategies import NEAR, any_strategy, terms

INF = math.inf
PRICES = st.floats(0.01, 500.0)


@pytest.mark.parametrize(
    ("strategy", "side", "price", "loss", "gain", "break_evens"),
    [
        # Paid 4 for what is worth 0 to 10.
        (some.vertical(), Side.BUY, 4.0, 4.0, 6.0, (99.0,)),
        (some.vertical(), Side.SELL, 4.0, 6.0, 4.0, (99.0,)),
        (some.vertical(right="P"), Side.BUY, 4.0, 4.0, 6.0, (101.0,)),
        (some.vertical(right="P"), Side.SELL, 4.0, 6.0, 4.0, (101.0,)),
        # Received 1.50 and may owe 5 on one side, never on both.
        (some.condor(), Side.SELL, 1.5, 3.5, 1.5, (88.5, 111.5)),
        (some.condor(), Side.BUY, 1.5, 1.5, 3.5, (88.5, 111.5)),
        # A wing of 10 on one side: that is what counts.
        (some.condor(80.0, 90.0, 110.0, 115.0), Side.SELL, 1.5, 8.5, 1.5, (88.5, 111.5)),
        (some.straddle(), Side.BUY, 8.0, 8.0, INF, (92.0, 108.0)),
        (some.straddle(), Side.SELL, 8.0, INF, 8.0, (92.0, 108.0)),
        (some.strangle(), Side.BUY, 3.0, 3.0, INF, (87.0, 113.0)),
        (some.strangle(), Side.SELL, 3.0, INF, 3.0, (87.0, 113.0)),
        # Shares at 100 less a call at 2, called away at 105; worth nothing at the worst.
        (some.covered_call(), Side.BUY, 98.0, 98.0, 7.0, (98.0,)),
        (some.calendar(), Side.BUY, 1.8, 1.8, None, None),
        (some.calendar(), Side.SELL, 1.8, INF, 1.8, None),
    ],
)
def test_what_a_strategy_can_lose_and_win_is_what_the_arithmetic_says(
    strategy, side, price, loss, gain, break_evens
):
    found = outcome(strategy, side, price)
    assert found.max_loss == pytest.approx(loss)
    assert found.max_gain == (None if gain is None else pytest.approx(gain))
    assert found.break_evens == (None if break_evens is None else pytest.approx(break_evens))


def by_legs(strategy, underlying):
    """Exercise every leg on its own, in money, and divide by the multiplier."""
    total = 0.0
    for leg in strategy.legs:
        worth = underlying * leg.ratio
        if leg.right is not None:
            inside = underlying - leg.strike if leg.right == "C" else leg.strike - underlying
            worth = max(inside, 0.0) * leg.ratio * strategy.multiplier
        total += leg.side.sign * worth
    return total / strategy.multiplier


@given(any_strategy(), st.floats(0.0, 1000.0))
def test_the_broken_line_is_the_sum_of_its_legs_everywhere(strategy, underlying):
    assert payoff(strategy).at(underlying) == pytest.approx(by_legs(strategy, underlying))


@given(any_strategy(), st.sampled_from(Side), PRICES, st.floats(0.0, 1000.0))
def test_no_price_at_expiry_loses_more_than_the_computed_maximum(strategy, side, price, underlying):
    found = outcome(strategy, side, price)
    won = side.sign * (by_legs(strategy, underlying) - price)
    assert -won <= found.max_loss + 1e-9
    if found.max_gain is not None:
        assert won <= found.max_gain + 1e-9


@given(any_strategy(), st.sampled_from(Side), PRICES)
def test_one_side_loses_at_most_what_the_other_can_win(strategy, side, price):
    other = Side.SELL if side is Side.BUY else Side.BUY
    mine, theirs = outcome(strategy, side, price), outcome(strategy, other, price)
    if mine.max_gain is not None and theirs.max_gain is not None:
        assert (mine.max_loss, mine.max_gain) == (theirs.max_gain, theirs.max_loss)
        assert mine.break_evens == theirs.break_evens


@given(any_strategy(), PRICES)
def test_a_break_even_wins_and_loses_nothing(strategy, price):
    for underlying in outcome(strategy, Side.BUY, price).break_evens or ():
        assert by_legs(strategy, underlying) == pytest.approx(price, abs=1e-6)


@given(any_strategy())
def test_every_strategy_is_written_in_the_form_that_costs_money(strategy):
    assert payoff(strategy).low >= -1e-9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (terms(StrategyKind.VERTICAL, 100.0), r"1 strike given, it has 2"),
        (terms(StrategyKind.VERTICAL, 105.0, 95.0), "105, 95 do not ascend"),
        (terms(StrategyKind.VERTICAL, 95.0, 95.0), "do not ascend"),
        (terms(StrategyKind.VERTICAL, 95.0, 105.0, right=None), "calls .C. or of puts .P."),
        (terms(StrategyKind.VERTICAL, 95.0, 105.0, right="X"), "calls .C. or of puts .P."),
        (terms(StrategyKind.VERTICAL, -5.0, 105.0), "-5.0 is not above zero"),
        (terms(StrategyKind.VERTICAL, math.nan, 105.0), "nan is not above zero"),
        (terms(StrategyKind.STRADDLE, INF), "inf is not above zero"),
        (terms(StrategyKind.STRADDLE, 100.0, right="C"), "rights follow from what it is"),
        (terms(StrategyKind.IRON_CONDOR, 85.0, 90.0, 90.0, 95.0), "do not ascend"),
        (terms(StrategyKind.CALENDAR, 100.0, far_expiry=NEAR), "not after the near one"),
        (terms(StrategyKind.CALENDAR, 100.0, far_expiry=None), "far expiry None"),
        (terms(StrategyKind.STRANGLE, 90.0, 110.0, far_expiry=date(2027, 1, 15)), "one expiry"),
    ],
)
def test_terms_that_are_no_strategy_are_refused_and_told_why(wrong, words):
    with pytest.raises(DataError, match=words):
        build(wrong)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(DataError, match=r"do not ascend.*rights follow.*one expiry"):
        build(terms(StrategyKind.STRANGLE, 110.0, 90.0, right="C", far_expiry=NEAR))


def test_an_option_on_ten_shares_covers_ten_shares():
    strategy = build(terms(StrategyKind.COVERED_CALL, 105.0), multiplier=10)
    assert strategy.legs[0].ratio == 10
    assert outcome(strategy, Side.BUY, 98.0).max_gain == pytest.approx(7.0)
