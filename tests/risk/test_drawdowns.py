import math
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import drawdowns as d
from risk import performance as p

RETURNS = st.lists(st.floats(min_value=-0.5, max_value=0.5), min_size=2, max_size=300)


def arr(*values):
    return np.array(values, dtype=float)


def test_a_loss_on_the_first_day_is_a_drawdown():
    assert d.max_drawdown(arr(-0.10, 0.05)) == pytest.approx(-0.10)


def test_drawdowns_compound_and_do_not_add_up():
    # Two losses of 20 %: 0.64 of the peak is left, not 0.60.
    assert d.max_drawdown(arr(0.5, -0.2, -0.2, 0.1)) == pytest.approx(-0.36)


def test_a_past_that_only_rose_has_no_drawdown():
    assert d.max_drawdown(arr(0.01, 0.02)) == 0.0
    assert d.max_drawdown(arr()) == 0.0


def test_the_calmar_ratio_is_the_yearly_return_over_the_deepest_drawdown():
    # 126 days that come to +21 %, of which one loses a tenth: +46.41 % a year over 10 %.
    returns = np.zeros(126)
    returns[:2] = -0.1, 1.21 / 0.9 - 1.0
    assert p.calmar_ratio(returns) == pytest.approx((1.21**2 - 1) / 0.1)
    assert p.calmar_ratio(arr(-1.0)) == -1.0


def test_a_drawdown_is_timed_from_its_peak_to_the_bottom_and_back():
    # 100, 110, 99, 88, 99, 110, 121: down for two sessions, back after two more.
    closes = arr(110.0, 99.0, 88.0, 99.0, 110.0, 121.0)
    returns = p.daily_returns(closes, start=100.0)
    # In binary the way back may end a rounding below the peak; a little above is unmistakable.
    returns[4] += 1e-9
    assert d.deepest_drawdown(returns) == d.Drawdown(pytest.approx(-0.2), fall=2, recovery=2)
    assert d.longest_drawdown(returns) == 3.0


def test_a_drawdown_from_the_starting_capital_that_is_not_over_has_no_recovery():
    assert d.deepest_drawdown(arr(-0.1, -0.1, 0.05)) == d.Drawdown(
        pytest.approx(-0.19), fall=2, recovery=None
    )
    assert d.longest_drawdown(arr(-0.1, -0.1, 0.05)) == 3.0


def test_a_past_that_only_rose_is_never_below_a_high():
    assert d.deepest_drawdown(arr(0.01, 0.02)) == d.Drawdown(0.0, None, None)
    assert d.longest_drawdown(arr(0.01, 0.02)) == 0.0
    assert d.longest_drawdown(arr()) == 0.0


def test_of_equal_drawdowns_the_first_counts():
    returns = arr(-0.5, 1.5, -0.5, 0.1)
    assert d.deepest_drawdown(returns) == d.Drawdown(-0.5, fall=1, recovery=1)


def test_one_unknown_return_makes_the_whole_summary_unknown():
    found = asdict(p.performance(arr(0.01, math.nan, -0.02, 0.03, -0.01)))
    assert {name for name, value in found.items() if not math.isnan(value)} == set()
    drawdown = d.deepest_drawdown(arr(0.01, -0.5, math.nan))
    assert math.isnan(drawdown.depth)
    assert (drawdown.fall, drawdown.recovery) == (None, None)


def plain_max_drawdown(returns):
    equity, peak, worst = 1.0, 1.0, 0.0
    for value in returns:
        equity *= 1.0 + value
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
    return worst


@given(RETURNS)
def test_the_drawdown_is_that_of_a_plain_loop(values):
    assert d.max_drawdown(np.array(values)) == pytest.approx(plain_max_drawdown(values), abs=1e-12)


@given(RETURNS)
def test_the_deepest_drawdown_lies_between_a_peak_and_a_later_close(values):
    equity = [1.0, *np.cumprod(1.0 + np.array(values))]
    deepest = min(later / earlier - 1.0 for i, earlier in enumerate(equity) for later in equity[i:])
    assert d.max_drawdown(np.array(values)) == pytest.approx(deepest, abs=1e-12)


@given(RETURNS)
def test_the_times_of_a_drawdown_point_at_its_peak_bottom_and_end(values):
    found = d.deepest_drawdown(np.array(values))
    equity = [1.0, *np.cumprod(1.0 + np.array(values))]
    if found.fall is None:
        assert found.depth == 0.0
        return
    bottom = 1 + int(np.argmin(d.drawdowns(np.array(values))))
    peak = equity[bottom - found.fall]
    assert peak == max(equity[:bottom])
    assert equity[bottom] / peak - 1.0 == pytest.approx(found.depth)
    later = equity[bottom + 1 :]
    if found.recovery is None:
        assert all(close < peak for close in later)
    else:
        assert all(close < peak for close in later[: found.recovery - 1])
        assert later[found.recovery - 1] >= peak


@given(st.lists(st.floats(min_value=1.0, max_value=1e9), min_size=1, max_size=50))
def test_returns_lead_back_to_the_equity(equity):
    returns = p.daily_returns(np.array(equity), start=100.0)
    assert 100.0 * d.growth(returns) == pytest.approx(equity)
    assert [a * (1 + r) for (a, _), r in zip(pairwise([100.0, *equity]), returns, strict=True)] == (
        pytest.approx(equity)
    )
