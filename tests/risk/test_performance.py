import math
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import performance as p

YEAR = math.sqrt(252)
RETURNS = st.lists(st.floats(min_value=-0.5, max_value=0.5), min_size=2, max_size=300)


def arr(*values):
    return np.array(values, dtype=float)


# Worked examples


def test_the_first_day_is_measured_against_the_starting_capital():
    returns = p.daily_returns(arr(110.0, 99.0, 99.0), start=100.0)
    assert returns == pytest.approx([0.10, -0.10, 0.0])


def test_nothing_is_earned_on_capital_that_is_gone():
    returns = p.daily_returns(arr(0.0, 10.0), start=100.0)
    assert returns[0] == -1.0
    assert math.isnan(returns[1])
    assert len(p.daily_returns(arr(), start=100.0)) == 0


def test_a_loss_on_the_first_day_is_a_drawdown():
    assert p.max_drawdown(arr(-0.10, 0.05)) == pytest.approx(-0.10)


def test_drawdowns_compound_and_do_not_add_up():
    # Two losses of 20 %: 0.64 of the peak is left, not 0.60.
    assert p.max_drawdown(arr(0.5, -0.2, -0.2, 0.1)) == pytest.approx(-0.36)


def test_a_past_that_only_rose_has_no_drawdown():
    assert p.max_drawdown(arr(0.01, 0.02)) == 0.0
    assert p.max_drawdown(arr()) == 0.0


def test_a_year_has_252_sessions():
    assert p.annual_return(np.full(126, 0.001)) == pytest.approx(1.001**252 - 1)
    assert p.annual_volatility(arr(0.01, -0.01)) == pytest.approx(math.sqrt(0.0002) * YEAR)


def test_the_sharpe_ratio_divides_by_the_sample_deviation():
    # Mean 0.02; deviations -0.01, 0, 0.01: variance 0.0001 with ddof 1.
    assert p.sharpe_ratio(arr(0.01, 0.02, 0.03)) == pytest.approx(0.02 / 0.01 * YEAR)


def test_the_risk_free_rate_is_a_yearly_one():
    # 4 % a year costs about 1.6 basis points a day, not 4 %.
    with_rate = p.sharpe_ratio(arr(0.01, 0.02, 0.03), risk_free=0.04)
    daily = 1.04 ** (1 / 252) - 1
    assert with_rate == pytest.approx((0.02 - daily) / 0.01 * YEAR)
    assert 31.4 < with_rate < 31.75


def test_returns_that_never_vary_have_no_sharpe_ratio():
    assert math.isnan(p.sharpe_ratio(np.full(100, 0.001)))


def test_the_error_of_a_sharpe_ratio_of_zero_over_a_year_is_one():
    returns = np.tile(arr(0.01, -0.01), 126)
    assert p.sharpe_error(returns) == pytest.approx(1.0)


def test_days_without_a_move_are_neither_hits_nor_misses():
    assert p.hit_rate(arr(0.01, 0.0, -0.01, 0.02)) == pytest.approx(2 / 3)
    assert math.isnan(p.hit_rate(arr(0.0, 0.0)))


def test_a_full_switch_of_the_portfolio_is_a_two_way_turnover_of_two():
    assert p.two_way_turnover(200_000.0, net_asset_value=100_000.0) == 2.0
    assert math.isnan(p.two_way_turnover(1.0, net_asset_value=0.0))


def test_months_compound_their_own_days():
    days = [date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 3), date(2027, 2, 1)]
    months = p.monthly_returns(days, arr(0.1, 0.1, 0.1, -0.5))
    assert list(months) == [(2026, 1), (2026, 2), (2027, 2)]
    assert list(months.values()) == pytest.approx([0.1, 0.21, -0.5])


@pytest.mark.parametrize(
    "measure",
    [p.total_return, p.annual_return, p.annual_volatility, p.sharpe_ratio, p.sharpe_error,
     p.max_drawdown, p.hit_rate],
)  # fmt: skip
def test_one_unknown_return_makes_every_measure_unknown(measure):
    assert math.isnan(measure(arr(0.01, math.nan, -0.02)))


@pytest.mark.parametrize(
    "measure", [p.annual_volatility, p.sharpe_ratio, p.sharpe_error, p.annual_return]
)
def test_no_day_has_no_measure(measure):
    assert math.isnan(measure(arr()))


def test_everything_lost_is_a_return_of_minus_one_a_year():
    assert p.annual_return(arr(0.1, -1.0, 0.0)) == -1.0
    assert math.isnan(p.annual_return(arr(-2.0)))


# Against independent implementations: plain Python, and pandas


def plain_max_drawdown(returns):
    equity, peak, worst = 1.0, 1.0, 0.0
    for value in returns:
        equity *= 1.0 + value
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
    return worst


@given(RETURNS)
def test_the_drawdown_is_that_of_a_plain_loop(values):
    assert p.max_drawdown(np.array(values)) == pytest.approx(plain_max_drawdown(values), abs=1e-12)


@given(RETURNS)
def test_the_deepest_drawdown_lies_between_a_peak_and_a_later_close(values):
    equity = [1.0, *np.cumprod(1.0 + np.array(values))]
    deepest = min(later / earlier - 1.0 for i, earlier in enumerate(equity) for later in equity[i:])
    assert p.max_drawdown(np.array(values)) == pytest.approx(deepest, abs=1e-12)


@given(RETURNS)
def test_risk_and_sharpe_are_those_of_pandas(values):
    series = pd.Series(values)
    returns = np.array(values)
    assert p.annual_volatility(returns) == pytest.approx(series.std() * YEAR, abs=1e-12)
    if series.std() > 1e-6:
        assert p.sharpe_ratio(returns) == pytest.approx(series.mean() / series.std() * YEAR)


@given(RETURNS)
def test_growth_is_the_product_of_all_days(values):
    product = math.exp(math.fsum(math.log1p(value) for value in values))
    assert 1.0 + p.total_return(np.array(values)) == pytest.approx(product)
    assert 1.0 + p.annual_return(np.array(values)) == pytest.approx(product ** (252 / len(values)))


@given(st.lists(st.floats(min_value=1.0, max_value=1e9), min_size=1, max_size=50))
def test_returns_lead_back_to_the_equity(equity):
    returns = p.daily_returns(np.array(equity), start=100.0)
    assert 100.0 * p.growth(returns) == pytest.approx(equity)
    assert [a * (1 + r) for (a, _), r in zip(pairwise([100.0, *equity]), returns, strict=True)] == (
        pytest.approx(equity)
    )


@given(RETURNS)
def test_months_are_those_of_pandas(values):
    days = pd.bdate_range("2026-01-15", periods=len(values))
    months = p.monthly_returns([day.date() for day in days], np.array(values))
    expected = (1.0 + pd.Series(values, index=days)).resample("ME").prod() - 1.0
    assert list(months) == [(month.year, month.month) for month in expected.index]
    assert list(months.values()) == pytest.approx(expected.tolist(), abs=1e-12)


def test_the_measures_come_together():
    returns = arr(0.01, -0.02, 0.03)
    found = p.performance(returns)
    assert found.sharpe_ratio == p.sharpe_ratio(returns)
    assert found.max_drawdown == p.max_drawdown(returns)
    assert found.hit_rate == pytest.approx(2 / 3)
