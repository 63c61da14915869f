import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import drawdowns as d
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


def test_the_downside_counts_every_day_and_squares_only_the_losses():
    # Shortfalls 0, 0.03, 0, 0.04 over four days: sqrt(0.0025 / 4) = 0.025 a day.
    returns = arr(0.02, -0.03, 0.05, -0.04)
    assert p.downside_deviation(returns) == pytest.approx(0.025 * YEAR)
    # The mean is zero, and so is the ratio; one per cent more a day is 0.01 / 0.0177 a day.
    assert p.sortino_ratio(returns) == pytest.approx(0.0, abs=1e-12)
    downside = math.sqrt((0.02**2 + 0.03**2) / 4)
    assert p.sortino_ratio(returns + 0.01) == pytest.approx(0.01 / downside * YEAR)


def test_the_sortino_ratio_measures_both_its_parts_against_the_risk_free_rate():
    daily = 1.05 ** (1 / 252) - 1
    returns = arr(0.0, daily, 3 * daily)  # one day is short by the rate, one on it, one beyond
    expected = (daily / 3) / (daily / math.sqrt(3)) * YEAR
    assert p.sortino_ratio(returns, risk_free=0.05) == pytest.approx(expected)


def test_a_past_without_a_loss_has_no_sortino_calmar_or_profit_factor():
    returns = arr(0.01, 0.0, 0.02)
    assert p.downside_deviation(returns) == 0.0
    for measure in (p.sortino_ratio, p.calmar_ratio, p.profit_factor):
        assert math.isnan(measure(returns))


def test_the_tail_of_twenty_days_is_the_worst_of_them():
    # 5 % of 20 days is one day: the CVaR is its loss, the value at risk the next one's.
    returns = np.concatenate([arr(-0.08, -0.03), np.full(18, 0.01)])
    found = p.performance(returns)
    assert found.cvar == pytest.approx(0.08)
    assert found.value_at_risk == pytest.approx(0.03)


def test_the_tail_of_thirty_days_takes_half_of_a_second_one():
    returns = np.concatenate([arr(-0.08, -0.02), np.full(28, 0.01)])
    assert p.performance(returns).cvar == pytest.approx((0.08 + 0.5 * 0.02) / 1.5)


def test_skewness_and_kurtosis_of_a_worked_sample():
    # -1, -1, -1, 3: moments 3, 6, 21 about the mean of 0.
    sample = arr(-0.01, -0.01, -0.01, 0.03)
    assert p.skewness(sample) == pytest.approx(6 / 3**1.5 * math.sqrt(12) / 2)  # 2: all to one side
    assert p.skewness(sample) == pytest.approx(2.0)
    assert p.excess_kurtosis(sample) == pytest.approx(4.0)
    assert p.skewness(arr(-0.02, 0.0, 0.02)) == pytest.approx(0.0, abs=1e-12)


def test_too_few_days_have_no_shape():
    assert math.isnan(p.skewness(arr(0.01, 0.02)))
    assert math.isnan(p.excess_kurtosis(arr(0.01, 0.02, 0.04)))
    assert math.isnan(p.skewness(np.full(9, 0.01)))
    assert math.isnan(p.excess_kurtosis(np.full(9, 0.01)))


def test_the_profit_factor_is_gains_over_losses():
    assert p.profit_factor(arr(0.02, -0.01, 0.01, 0.0, -0.01)) == pytest.approx(1.5)
    assert p.profit_factor(arr(-0.01)) == 0.0


def test_one_way_turnover_is_half_and_the_mean_is_of_the_days():
    assert p.one_way_turnover(200_000.0, net_asset_value=100_000.0) == 1.0
    assert math.isnan(p.one_way_turnover(1.0, net_asset_value=0.0))
    assert p.mean_turnover(arr(0.0, 0.5, 0.1)) == pytest.approx(0.2)
    assert math.isnan(p.mean_turnover(arr()))
    assert math.isnan(p.mean_turnover(arr(0.1, math.nan)))


def test_months_compound_their_own_days():
    days = [date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 3), date(2027, 2, 1)]
    months = p.monthly_returns(days, arr(0.1, 0.1, 0.1, -0.5))
    assert list(months) == [(2026, 1), (2026, 2), (2027, 2)]
    assert list(months.values()) == pytest.approx([0.1, 0.21, -0.5])


@pytest.mark.parametrize(
    "measure",
    [p.total_return, p.annual_return, p.annual_volatility, p.sharpe_ratio, p.sharpe_error,
     d.max_drawdown, p.hit_rate, p.downside_deviation, p.sortino_ratio, p.calmar_ratio,
     p.skewness, p.excess_kurtosis, p.profit_factor, d.longest_drawdown],
)  # fmt: skip
def test_one_unknown_return_makes_every_measure_unknown(measure):
    assert math.isnan(measure(arr(0.01, math.nan, -0.02, 0.03, -0.01)))


@pytest.mark.parametrize(
    "measure",
    [p.annual_volatility, p.sharpe_ratio, p.sharpe_error, p.annual_return, p.downside_deviation,
     p.sortino_ratio, p.calmar_ratio, p.skewness, p.excess_kurtosis, p.profit_factor],
)  # fmt: skip
def test_no_day_has_no_measure(measure):
    assert math.isnan(measure(arr()))


def test_everything_lost_is_a_return_of_minus_one_a_year():
    assert p.annual_return(arr(0.1, -1.0, 0.0)) == -1.0
    assert math.isnan(p.annual_return(arr(-2.0)))


# Against independent implementations: plain Python, and pandas


@given(RETURNS)
def test_risk_and_sharpe_are_those_of_pandas(values):
    series = pd.Series(values)
    returns = np.array(values)
    assert p.annual_volatility(returns) == pytest.approx(series.std() * YEAR, abs=1e-12)
    if series.std() > 1e-6:
        assert p.sharpe_ratio(returns) == pytest.approx(series.mean() / series.std() * YEAR)


@given(RETURNS)
def test_shape_and_downside_are_finite_or_unknown_and_never_overflow(values):
    found = p.performance(np.array(values))
    for name in ("sortino_ratio", "skewness", "excess_kurtosis", "value_at_risk", "cvar"):
        assert not math.isinf(getattr(found, name))
    assert found.cvar >= found.value_at_risk - 1e-12
    assert p.downside_deviation(np.array(values)) >= 0.0


@given(RETURNS)
def test_growth_is_the_product_of_all_days(values):
    product = math.exp(math.fsum(math.log1p(value) for value in values))
    assert 1.0 + p.total_return(np.array(values)) == pytest.approx(product)
    assert 1.0 + p.annual_return(np.array(values)) == pytest.approx(product ** (252 / len(values)))


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
    assert found.max_drawdown == d.max_drawdown(returns)
    assert found.hit_rate == pytest.approx(2 / 3)
