"""Bad, missing and odd inputs: each has one clear answer, and none is NaN."""

import inspect
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigurationError, DataError, NoData
from optimiser.model.inputs import Raw
from optimiser.model.terms import Limits, Utility
from optimiser.target import Choices, mean_variance_cvar


def some_inputs(n=6, days=80, seed=0):
    random = np.random.default_rng(seed)
    names = [f"S{i}" for i in range(n)]
    returns = pd.DataFrame(random.normal(0.0, 0.01, (days, n)), columns=names)
    return pd.Series(random.normal(0.0, 5e-4, n), index=names), returns


def test_every_argument_of_the_call_reaches_exactly_one_group_of_terms():
    named = [each.name for kind in (Raw, Limits, Utility, Choices) for each in fields(kind)]
    assert sorted(named) == sorted(inspect.signature(mean_variance_cvar).parameters)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5])
def test_a_symbol_without_a_usable_alpha_is_not_bought(value):
    alpha, returns = some_inputs()
    alpha["S2"] = value
    target = mean_variance_cvar(alpha, returns)
    assert target.weights["S2"] == 0.0
    assert "expected return" in target.dropped["S2"]
    assert list(target.dropped) == ["S2"]


@pytest.mark.parametrize("held", [0.08, -0.08])
def test_a_holding_without_alpha_may_only_shrink(held):
    alpha, returns = some_inputs()
    alpha["S2"] = np.nan
    # A strong market-wide view would otherwise want the name on the other side or bigger.
    for push in (0.01, -0.01):
        target = mean_variance_cvar(alpha + push, returns, pd.Series({"S2": held}))
        assert 0.0 <= target.weights["S2"] / held <= 1.0


def test_a_holding_that_nobody_scored_or_measured_stays_in_sight():
    alpha, returns = some_inputs()
    target = mean_variance_cvar(alpha, returns, pd.Series({"GONE": 0.05}), cost=0.01)
    assert "GONE" in target.weights.index
    assert 0.0 <= target.weights["GONE"] <= 0.05
    assert "0 of 80 returns known" in target.dropped["GONE"]
    # Its unknown risk is not no risk: alone, it still shows as volatility and tail.
    assert target.weights["GONE"] > 0.0
    alone = mean_variance_cvar(alpha * 0.0, returns, pd.Series({"GONE": 0.05}), cost=0.01)
    assert alone.expectation.volatility > 0.02 * 0.01
    assert alone.expectation.cvar > 0.0


def test_a_holding_beyond_the_limit_is_brought_within_it():
    alpha, returns = some_inputs()
    alpha["S1"] = np.nan
    target = mean_variance_cvar(alpha, returns, pd.Series({"S0": 0.3, "S1": 0.3}), cost=0.01)
    assert target.weights[["S0", "S1"]].abs().max() <= 0.12


BAD_HISTORIES = {
    "infinite": (lambda r: r.where(r.index != 5, np.inf), "infinite"),
    "never moved": (lambda r: r * 0.0, "never moved"),
    "unknown": (lambda r: r * np.nan, "0 of 80 returns known"),
    "short": (lambda r: r.where(r.index >= 40), "40 of 80 returns known, 60 needed"),
    "stale": (lambda r: r.where(r.index < 79), "no return on the newest day"),
    "impossible": (lambda r: r.where(r.index != 5, -1.0), "return of -1 in a day"),
    "missed split": (lambda r: r.where(r.index != 5, 19.0), "return of 19 in a day"),
}


@pytest.mark.parametrize(("spoil", "reason"), BAD_HISTORIES.values(), ids=BAD_HISTORIES)
def test_a_symbol_without_a_usable_history_is_dropped_by_name(spoil, reason):
    alpha, returns = some_inputs()
    returns["S3"] = spoil(returns["S3"])
    target = mean_variance_cvar(alpha, returns)
    assert target.weights["S3"] == 0.0
    assert reason in target.dropped["S3"]
    assert np.isfinite(target.weights).all()


def test_a_shorter_but_sufficient_history_is_stood_in_and_said_so():
    alpha, returns = some_inputs()
    returns.loc[:14, "S3"] = np.nan
    target = mean_variance_cvar(alpha, returns)
    assert target.dropped == {}
    assert any("S3, 15 of 80 days" in warning for warning in target.warnings)


def test_duplicate_columns_share_and_do_not_break_the_solver():
    alpha, returns = some_inputs()
    returns["S1"], alpha["S1"] = returns["S0"], alpha["S0"]
    target = mean_variance_cvar(alpha, returns)
    assert target.weights["S0"] == pytest.approx(target.weights["S1"], abs=1e-5)


def test_few_scenarios_work_with_a_warning():
    alpha, returns = some_inputs(n=8, days=5)
    target = mean_variance_cvar(alpha, returns)
    assert np.isfinite(target.weights).all()
    assert "only 5 return scenarios" in target.warnings[0]
    assert "tail beyond 0.95 is 0.3 scenarios" in target.warnings[1]


def test_two_scenarios_are_the_least():
    alpha, returns = some_inputs()
    assert np.isfinite(mean_variance_cvar(alpha, returns[:2]).weights).all()
    with pytest.raises(DataError, match="1 return scenario"):
        mean_variance_cvar(alpha, returns[:1])


def test_a_day_without_any_trade_is_no_scenario():
    alpha, returns = some_inputs()
    holiday = pd.concat([returns[:40], returns[:1] * np.nan, returns[40:]], ignore_index=True)
    with_holiday, without = mean_variance_cvar(alpha, holiday), mean_variance_cvar(alpha, returns)
    assert with_holiday.weights.equals(without.weights)


def test_no_alpha_at_all_is_an_error_and_not_an_empty_portfolio():
    alpha, returns = some_inputs()
    with pytest.raises(NoData, match="none of 6 symbols can be invested in"):
        mean_variance_cvar(alpha * np.nan, returns, pd.Series({"S0": 0.1}))
    with pytest.raises(NoData, match="none of 6 symbols has a usable return history"):
        mean_variance_cvar(alpha, returns * np.nan)
    with pytest.raises(NoData, match="no symbols at all"):
        mean_variance_cvar(alpha[:0], returns[[]])


def test_an_unknown_holding_is_never_taken_as_none():
    alpha, returns = some_inputs()
    with pytest.raises(DataError, match=r"1 holding without a finite weight, .*'S1'"):
        mean_variance_cvar(alpha, returns, pd.Series({"S1": np.nan}))


def test_an_unknown_tradability_is_never_taken_as_yes():
    alpha, returns = some_inputs()
    with pytest.raises(DataError, match="neither true nor false for 1, for example 'S1'"):
        mean_variance_cvar(alpha, returns, tradable=pd.Series({"S0": True, "S1": None}))
    empty = pd.Series({})
    assert mean_variance_cvar(alpha, returns, tradable=empty).status == "optimal"


def test_repeated_and_mixed_names_are_refused():
    alpha, returns = some_inputs()
    with pytest.raises(DataError, match="alpha names 'S0' more than once"):
        mean_variance_cvar(pd.concat([alpha, alpha[:1]]), returns)
    with pytest.raises(DataError, match="conIds or symbols, not both"):
        mean_variance_cvar(alpha, returns, pd.Series({265598: 0.1}))


def test_every_wrong_term_is_named_at_once():
    alpha, returns = some_inputs()
    with pytest.raises(ConfigurationError) as caught:
        mean_variance_cvar(
            alpha, returns, max_single=12.0, cost=np.nan, cash_buffer=-0.1, cash_mode="gross"
        )
    for name in ("max_single = 12", "cost = nan", "cash_buffer = -0.1", "cash_mode = 'gross'"):
        assert name in str(caught.value)
    with pytest.raises(ConfigurationError, match="on_infeasible"):
        mean_variance_cvar(alpha, returns, on_infeasible="ignore")


def test_the_inputs_are_left_as_they_were():
    alpha, returns = some_inputs()
    returns.loc[3, "S1"] = np.nan
    before = alpha.copy(), returns.copy()
    mean_variance_cvar(alpha, returns)
    pd.testing.assert_series_equal(alpha, before[0])
    pd.testing.assert_frame_equal(returns, before[1])


def test_con_ids_work_as_names_too():
    alpha, returns = some_inputs()
    ids = [265598, 4391, 8314, 272093, 6223250, 107113386]
    numbered = mean_variance_cvar(pd.Series(alpha.to_numpy(), ids), returns.set_axis(ids, axis=1))
    assert list(numbered.weights.index) == sorted(ids)
