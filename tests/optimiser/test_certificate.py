"""The proof does not depend on the solver: no guess can make it say less than the truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.certificate import certify, max_violation, tail_shares
from optimiser.expectation import expect
from optimiser.model.cvar import tail_mean
from optimiser.model.inputs import Raw, align
from optimiser.model.limit_rows import limit_rows
from optimiser.model.objective import look_ahead
from optimiser.model.problem import state_problem
from optimiser.model.terms import Limits, Utility
from optimiser.solvers.cvxpy_reference import solve_as_defined
from risk import measures


def solve(problem):
    return solve_as_defined(problem, time_limit=60.0)


def utility_bound(problem, weights, prices, tail):
    return certify(problem, weights, prices, tail).bound


def equal(count):
    return np.full(count, 1.0 / count)


def a_problem(seed=0, n=6, days=80, **limits):
    random = np.random.default_rng(seed)
    names = [f"S{i}" for i in range(n)]
    returns = pd.DataFrame(random.standard_t(4, (days, n)) * 0.01, columns=names)
    alpha = pd.Series(random.normal(0.0, 5e-4, n), index=names)
    held = pd.Series(random.normal(0.0, 0.03, n), index=names)
    return state_problem(align(Raw(alpha, returns, held)), Utility(), Limits(**limits)).problem


@settings(max_examples=60)
@given(
    seed=st.integers(0, 50),
    guess=st.lists(st.floats(-1e-3, 1e-2), min_size=3, max_size=3),
    noise=st.integers(0, 1000),
    mode=st.sampled_from(["ex_short_proceeds", "net"]),
)
def test_no_guess_at_the_prices_bounds_the_utility_from_below(seed, guess, noise, mode):
    problem = a_problem(seed, max_turnover=0.4, max_gross=0.5, cash_mode=mode)
    random = np.random.default_rng(noise)
    prices = np.array(guess)
    tail = random.normal(0.0, 0.02, 80) * random.choice([0.0, 1e-3, 1.0])
    anchor = random.normal(0.0, 0.05, 6)
    bound = utility_bound(problem, anchor, prices, tail)
    assert bound >= look_ahead(problem, solve(problem).weights).utility - 1e-12


@pytest.mark.parametrize("wrong", ["gross", "cash", "turnover"])
def test_a_negative_price_of_a_slack_limit_proves_nothing(wrong):
    problem = a_problem(3, max_gross=5.0, max_turnover=5.0)
    solution = solve(problem)
    prices = solution.prices.copy()
    prices[limit_rows(problem).names.index(wrong)] = -1.0
    bound = utility_bound(problem, solution.weights, prices, solution.tail)
    assert bound >= look_ahead(problem, solution.weights).utility - 1e-12


@settings(max_examples=200)
@given(
    guess=st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=50),
    total=st.floats(0.0, 0.1),
    level=st.floats(0.5, 0.99),
)
def test_tail_shares_are_valid_whatever_the_guess(guess, total, level):
    most = total / (len(guess) * (1 - level))
    shares = tail_shares(np.array(guess), total, np.full(len(guess), most))
    assert (shares >= 0.0).all()
    assert (shares <= most * (1 + 1e-9)).all()
    assert shares.sum() == pytest.approx(min(total, most * len(guess)), abs=1e-12)


def test_with_the_solver_s_prices_the_bound_touches_the_optimum():
    problem = a_problem(3, max_turnover=0.2, max_gross=0.5)
    solution = solve(problem)
    bound = utility_bound(problem, solution.weights, solution.prices, solution.tail)
    assert bound - look_ahead(problem, solution.weights).utility < 1e-10


def test_worse_weights_show_as_a_gap_of_what_they_miss():
    problem = a_problem(3)
    solution = solve(problem)
    best, less = (look_ahead(problem, k * solution.weights).utility for k in (1.0, 0.5))
    bound = utility_bound(problem, 0.5 * solution.weights, solution.prices, solution.tail)
    assert bound - less >= best - less > 0.0


@pytest.mark.parametrize(
    ("change", "excess"),
    [
        ({"max_gross": 0.5}, 0.1),
        ({"max_single": 0.25}, 0.05),
        ({"cash_buffer": 0.8}, 0.1),
        ({"cash_buffer": 1.0, "cash_mode": "net"}, 0.0),
        ({"long_only": True}, 0.3),
        ({"max_turnover": 0.0}, 0.6),
        ({}, 0.0),
    ],
    ids=str,
)
def test_each_broken_limit_is_measured(change, excess):
    problem = replace(a_problem(0, n=2, **({"max_single": 0.5} | change)), current=np.zeros(2))
    assert max_violation(problem, np.array([0.3, -0.3])) == pytest.approx(excess)


def test_nan_weights_violate_without_end():
    assert max_violation(a_problem(0, n=2), np.array([0.0, np.nan])) == np.inf


def test_the_tail_of_twenty_days_is_the_worst_one_and_of_thirty_one_and_a_half():
    assert tail_mean(np.arange(20.0), equal(20), 0.95) == pytest.approx(19.0)
    assert tail_mean(np.arange(30.0), equal(30), 0.95) == pytest.approx((29.0 + 0.5 * 28.0) / 1.5)
    assert tail_mean(np.array([-1.0, 3.0]), equal(2), 0.95) == pytest.approx(3.0)


@pytest.mark.parametrize("days", [20, 70, 100, 252])
def test_ex_ante_figures_agree_with_the_risk_room_s_own_arithmetic(days):
    problem = a_problem(1, days=days)
    weights = solve(problem).weights
    promised = expect(problem, weights)
    profits = problem.scenarios @ weights
    assert promised.value_at_risk == pytest.approx(measures.historical_var(profits, level=0.95))
    assert promised.cvar == pytest.approx(measures.historical_cvar(profits, level=0.95))
    assert promised.cvar >= promised.value_at_risk
    assert promised.volatility**2 == pytest.approx(weights @ problem.covariance.times(weights))
    assert promised.annual_volatility == pytest.approx(promised.volatility * 252**0.5)
    assert promised.annual_value_at_risk == pytest.approx(promised.value_at_risk * 252**0.5)
    assert promised.annual_cvar == pytest.approx(promised.cvar * 252**0.5)
    assert promised.annual_return == pytest.approx(252 * (problem.alpha @ weights))
