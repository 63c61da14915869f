"""Return scenarios without holes: the stand-in keeps a name's risk and invents no comfort."""

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import LedoitWolf

from core.errors import NoData
from optimiser.model.covariance import ledoit_wolf
from optimiser.model.scenarios import complete_scenarios


def market_of(n=30, days=252, seed=0):
    random = np.random.default_rng(seed)
    market = random.standard_t(5, days) * 0.01
    own = random.standard_t(5, (days, n)) * 0.01
    return pd.DataFrame(market[:, None] + own, columns=[f"S{i}" for i in range(n)])


def test_known_returns_are_never_changed():
    returns = market_of()
    returns.iloc[:100, 3] = np.nan
    complete = complete_scenarios(returns).returns
    known = returns.notna().to_numpy()
    np.testing.assert_array_equal(complete[known], returns.to_numpy()[known])
    assert np.isfinite(complete).all()


def test_a_stood_in_day_is_worked_out_by_hand():
    # Both names known have volatility 0.01 and moved by -2 and -1 of it on the first day.
    days = 64
    base = np.tile([1.0, -1.0], days // 2) * 0.01
    returns = pd.DataFrame({"A": base, "B": base, "C": base * 3.0})
    returns.loc[0, ["A", "B", "C"]] = [-0.02, -0.01, np.nan]
    scenarios = complete_scenarios(returns)
    sigma = {name: returns[name].std(ddof=0) for name in "ABC"}
    size = np.sqrt(((-0.02 / sigma["A"]) ** 2 + (-0.01 / sigma["B"]) ** 2) / 2)
    assert scenarios.returns[0, 2] == pytest.approx(-sigma["C"] * size)
    assert scenarios.stood_in == {"C": 1}


def test_the_stand_in_keeps_the_volatility_of_the_name():
    returns = market_of(days=400)
    whole = returns["S3"].std()
    returns.iloc[:200, 3] = np.nan
    stood_in = complete_scenarios(returns).returns[:200, 3]
    assert 0.8 < np.sqrt((stood_in**2).mean()) / whole < 1.25


def test_the_stand_in_diversifies_less_than_the_truth():
    returns = market_of(days=400)
    truth = returns.iloc[:200].mean(axis=1).std()
    returns.iloc[:200, :15] = np.nan
    complete = complete_scenarios(returns).returns
    assert complete[:200].mean(axis=1).std() > truth


def test_an_unmeasured_name_is_taken_as_one_of_the_riskier():
    returns = market_of()
    returns["S3"] = np.nan
    scenarios = complete_scenarios(returns)
    volatility = scenarios.returns.std(axis=0)
    assert (volatility < np.sqrt((scenarios.returns[:, 3] ** 2).mean())).mean() > 0.8
    assert scenarios.unmeasured == {"S3": "0 of 252 returns known, 60 needed"}


def test_two_names_that_cancel_each_other_do_not_divide_by_zero():
    moves = np.tile([0.01, -0.01], 40)
    returns = pd.DataFrame({"A": moves, "B": -moves, "C": np.nan})
    stood_in = complete_scenarios(returns).returns[:, 2]
    assert np.abs(stood_in) == pytest.approx(0.01)


def test_nobody_measurable_is_no_data():
    with pytest.raises(NoData, match=r"none of 30 symbols has a usable return history; .* S0: "):
        complete_scenarios(market_of() * 0.0)


@pytest.mark.parametrize(("n", "days"), [(5, 100), (60, 30)])
def test_the_covariance_is_the_sample_shrunk_towards_the_mean_variance(n, days):
    values = market_of(n, days).to_numpy()
    delta = LedoitWolf().fit(values).shrinkage_
    sample = np.cov(values.T, bias=True)
    expected = (1 - delta) * sample + delta * np.trace(sample) / n * np.eye(n)
    sigma = ledoit_wolf(values).block(np.arange(n))
    np.testing.assert_allclose(sigma, expected, atol=1e-15)
    np.testing.assert_array_equal(sigma, sigma.T)
    assert np.linalg.eigvalsh(sigma).min() > 0.0
