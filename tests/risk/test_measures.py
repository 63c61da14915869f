"""Measures by hand, and NaN never lost on the way."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import measures
from risk.limits import Limit, check, information, number, within

WEIGHTS = {1: 0.3, 2: -0.1, 3: 0.2}


def test_exposures_by_hand():
    assert measures.gross(WEIGHTS.values()) == pytest.approx(0.6)
    assert measures.net(WEIGHTS.values()) == pytest.approx(0.4)
    assert measures.invested(WEIGHTS.values()) == pytest.approx(0.5)
    assert measures.turnover({1: 0.1, 4: 0.1}, WEIGHTS) == pytest.approx(0.2 + 0.1 + 0.2 + 0.1)
    assert measures.largest(WEIGHTS) == (1, 0.3)
    assert measures.largest({2: -0.3, 1: 0.3}) == (1, 0.3)
    assert measures.largest({}) == (None, 0.0)
    assert measures.sector_weights(WEIGHTS, {1: "A", 2: "A"}) == pytest.approx(
        {"A": 0.4, "unknown": 0.2}
    )


@pytest.mark.parametrize(
    "measure",
    [
        measures.gross,
        measures.net,
        measures.invested,
        lambda w: measures.largest(dict(enumerate(w)))[1],
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_nan_makes_the_measure_nan(measure, place):
    weights = [0.3, -0.1, 0.2]
    weights[place] = math.nan
    assert math.isnan(measure(weights))


def test_historical_losses_of_one_to_a_hundred_percent():
    profits = -np.arange(1.0, 101.0) / 100
    # The 5 worst are 96 to 100 %: 95 of 100 days lost no more than 95 %.
    assert measures.historical_var(profits, level=0.95) == pytest.approx(0.95)
    assert measures.historical_cvar(profits, level=0.95) == pytest.approx(0.98)
    assert measures.historical_var(profits, level=0.9) == pytest.approx(0.9)


def test_a_tail_of_fractional_size_counts_its_last_day_in_part():
    profits = -np.arange(1.0, 31.0)
    assert measures.historical_var(profits, level=0.95) == 29.0
    assert measures.historical_cvar(profits, level=0.95) == pytest.approx(44.5 / 1.5)


def test_parametric_loss_is_a_normal_quantile_of_the_volatility_around_zero():
    profits = np.tile([0.011, -0.009], 50)  # a mean of 0.001 does not help
    expected = 1.6448536269514722 * profits.std(ddof=1)
    assert measures.parametric_var(profits, level=0.95) == pytest.approx(expected)


def test_the_parametric_tail_mean_is_the_normal_tails():
    profits = np.tile([0.01, -0.01], 50)
    # phi(1.6449) / 0.05 = 2.0627 standard deviations, against 1.6449 of the quantile.
    expected = 2.0627128 * profits.std(ddof=1)
    assert measures.parametric_cvar(profits, level=0.95) == pytest.approx(expected)


def days_of(values):
    return pd.Series(values, dtype=float)


def test_beta_is_the_slope_on_the_market_over_the_days_both_are_known():
    market = days_of([0.01, -0.01, 0.02, np.nan] * 30)
    profits = 0.7 * market.fillna(9.0) + 0.001
    assert measures.beta(profits, market, min_days=90) == pytest.approx(0.7)
    assert math.isnan(measures.beta(profits, market, min_days=91))
    assert measures.beta(profits.iloc[:60], market, min_days=45) == pytest.approx(0.7)


@pytest.mark.parametrize("still", [[0.0] * 99, [0.001] * 99, [math.inf, -0.01] * 50, [0.1] * 5])
def test_a_market_that_stands_still_or_is_not_known_has_no_beta(still):
    # A mean of 0.001 is not 0.001: what rounding leaves is no move.
    assert math.isnan(measures.beta(days_of([0.01, -0.02, 0.03] * 33), days_of(still), min_days=60))


def test_two_returns_of_one_day_are_no_market():
    market = pd.Series([0.01, -0.01] * 50, index=[1] * 100)
    assert math.isnan(measures.beta(market, market, min_days=60))


def test_the_market_of_these_names_is_the_mean_of_what_is_known():
    returns = pd.DataFrame({1: [0.01, np.nan, np.nan], 2: [0.03, 0.02, np.nan]})
    assert measures.mean_return(returns).round(9).tolist()[:2] == [0.02, 0.02]
    assert math.isnan(measures.mean_return(returns).iloc[2])


def test_a_sector_nobody_told_is_unknown():
    weights = {1: 0.1, 2: -0.1, 3: 0.05, 4: 0.02}
    sectors = {1: "Energy", 2: " Energy ", 3: " ", 4: None}
    found = measures.sector_weights(weights, sectors)
    assert found == pytest.approx({"Energy": 0.2, "unknown": 0.07})


@pytest.mark.parametrize("profits", [[], [0.01, np.nan], [np.inf, 0.0]])
def test_what_cannot_be_measured_is_nan(profits):
    for measure in (measures.historical_var, measures.historical_cvar, measures.parametric_var):
        assert math.isnan(measure(np.array(profits), level=0.95))
    assert math.isnan(measures.parametric_var(np.array([0.01]), level=0.95))


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=60), st.floats(0.6, 0.99))
def test_the_tail_mean_is_never_below_the_quantile(profits, level):
    profits = np.array(profits)
    quantile = measures.historical_var(profits, level=level)
    assert measures.historical_cvar(profits, level=level) >= quantile - 1e-12
    assert (-profits <= quantile).mean() >= level - 1e-9


def test_profit_and_loss_uses_only_days_known_for_every_position():
    returns = pd.DataFrame({1: [0.01, 0.02, np.nan], 2: [0.03, np.inf, 0.01], 9: [np.nan] * 3})
    profits = measures.profit_and_loss({1: 0.5, 2: -0.5, 9: 0.0}, returns)
    np.testing.assert_allclose(profits, [-0.01])
    assert len(measures.profit_and_loss({1: 0.5, 7: 0.1}, returns)) == 0
    assert measures.profit_and_loss({}, returns).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("volume", [math.nan, 0.0, -1.0, math.inf])
def test_the_share_of_an_unknown_volume_is_unknown(volume):
    assert math.isnan(measures.adv_share(100, volume))
    assert measures.adv_share(-100, 1000.0) == 0.1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_within(value):
    assert not within(value, 1e300)
    assert not within(value, math.inf)
    assert check("x", value, Limit(1.0, "units", "limits.x")).value is None
    assert information("x", value, "").value is None


def test_nothing_is_within_a_limit_that_is_no_number():
    assert not within(0.0, math.nan)


def test_within_ends_a_billionth_beyond_the_limit():
    assert within(0.12 + 0.9e-9, 0.12)
    assert not within(0.12 + 1.1e-9, 0.12)


@pytest.mark.parametrize("value", [None, True, False, "1", [], 10**400, math.nan, 1j])
def test_what_is_no_number_becomes_nan(value):
    assert math.isnan(number(value))


def test_numbers_stay_numbers():
    assert number(3) == number(np.int64(3)) == number(np.float32(3.0)) == 3.0
