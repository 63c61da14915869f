"""The judge of the optimiser's benchmark: worked by hand, and against the optimiser's own word."""

import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from benchmarks._measured import Goal, Row, line
from benchmarks._peers import naive
from benchmarks._portfolios import Portfolio, Terms, long_only, portfolio, synthetic
from optimiser.target import mean_variance_cvar


def two_names(**terms):
    """Two names, twenty days: the worst one costs each a tenth, the others bring a hundredth."""
    returns = pd.DataFrame({"A": [-0.1] + [0.01] * 19, "B": [0.01] * 19 + [-0.1]})
    return Portfolio(
        alpha=pd.Series([0.001, 0.002], index=["A", "B"]),
        returns=returns,
        held=pd.Series([0.1, 0.0], index=["A", "B"]),
        terms=Terms(**terms),
    )


def test_the_utility_of_a_worked_portfolio():
    problem = two_names(risk_aversion=0.0, cvar_aversion=0.5, cost=0.01, cvar_level=0.9)
    # Expected 0.0003; the worst two of twenty days lose 0.1 * 0.1 - 0.001 = 0.009 each;
    # 0.1 is bought.
    weights = np.array([0.1, 0.1])
    assert problem.utility(weights) == pytest.approx(0.0003 - 0.5 * 0.009 - 0.01 * 0.1)


def test_the_tail_takes_its_last_day_in_part():
    problem = two_names(risk_aversion=0.0, cvar_aversion=1.0, cost=0.0, cvar_level=0.925)
    # 1.5 days: 0.02 in full, and half a day that brings 0.002 on the whole.
    weights = np.array([0.2, 0.0])
    assert problem.utility(weights) == pytest.approx(0.0002 - (0.02 - 0.5 * 0.002) / 1.5)


def test_the_variance_is_that_of_ledoit_and_wolf():
    problem = two_names(cvar_aversion=0.0, cost=0.0)
    weights = np.array([0.1, 0.1])
    expected = 0.0003 - 2.0 * float(weights @ problem.sigma @ weights)
    assert problem.utility(weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weights", "broken"),
    [([0.12, -0.12], 0.0), ([0.13, 0.0], 0.01), ([-0.15, 0.0], 0.03), ([math.nan, 0.0], math.inf)],
)
def test_a_broken_limit_is_told_by_how_much(weights, broken):
    assert two_names().violation(np.array(weights)) == pytest.approx(broken)


def test_gross_budget_and_short_sales_are_limits():
    problem = two_names(max_single=1.0, max_gross=0.9, cash_buffer=0.3)
    assert problem.violation(np.array([0.6, -0.5])) == pytest.approx(0.2)
    assert problem.violation(np.array([0.5, 0.3])) == pytest.approx(0.1)
    assert long_only(problem, cash_buffer=0.3).violation(np.array([0.1, -0.2])) == pytest.approx(
        0.2
    )


def test_weights_put_within_the_limits_break_none():
    problem = portfolio(synthetic(40, 60))
    random = np.random.default_rng(1)
    for each in (problem, long_only(problem, cash_buffer=0.05)):
        for scale in (0.001, 0.02, 1.0):
            weights = random.normal(0.0, scale, 40)
            assert each.violation(each.within(weights)) <= 1e-12
    fine = np.full(40, 0.01)
    np.testing.assert_allclose(problem.within(fine), fine)


def test_the_judge_and_the_optimiser_agree_on_utility_and_limits():
    problem = portfolio(synthetic(60, 150), holdings=20)
    target = mean_variance_cvar(
        problem.alpha, problem.returns, problem.held, **asdict(problem.terms), cash_mode="net"
    )
    weights = target.weights.reindex(problem.alpha.index).to_numpy()
    assert problem.utility(weights) == pytest.approx(target.objective, rel=1e-9)
    assert problem.violation(weights) <= 1e-9
    theirs = problem.utility(problem.within(naive(problem)))
    assert problem.utility(weights) >= theirs - 1e-6 * abs(theirs)


def test_synthetic_returns_are_the_same_again_fat_tailed_and_possible():
    returns = synthetic(30, 800)
    pd.testing.assert_frame_equal(returns, synthetic(30, 800))
    assert returns.to_numpy().min() > -1.0
    assert 0.005 < returns.std().median() < 0.05
    assert returns.kurt().median() > 1.0


A_ROW = Row(
    case="full",
    size="700 x 500",
    ours=0.020,
    baseline="naive cvxpy",
    theirs=1.0,
    goal=Goal(ratio=40, seconds=0.030),
    better=1e-9,
    violation=0.0,
    their_violation=1e-8,
    gap=1e-10,
)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"better": None, "theirs": None, "their_violation": None}, None),
        ({"theirs": 0.7}, "35 times as fast, not 40"),
        ({"ours": 0.031, "theirs": 10.0}, "31.0 ms, not 30"),
        ({"ours": math.nan, "goal": Goal(seconds=1.0)}, "nan ms"),
        ({"better": -2e-6}, "below the baseline's"),
        ({"better": math.nan}, "below the baseline's"),
        ({"violation": 2e-9}, "a limit is broken by 2.0e-09"),
        ({"violation": math.nan}, "a limit is broken"),
        ({"fault": "the status is hold"}, "hold"),
    ],
)
def test_a_goal_that_is_missed_is_said_and_nan_is_never_met(changes, fault):
    row = replace(A_ROW, **changes)
    faults = list(row.faults)
    assert [fault in each for each in faults] == ([True] if fault else [])
    assert (" NO " in line(row)) == bool(fault)


def test_a_ratio_to_a_baseline_that_is_not_there_is_neither_met_nor_missed():
    alone = replace(A_ROW, better=None, theirs=None, their_violation=None)
    assert (alone.met, A_ROW.met) == ("?", "yes")
    assert replace(alone, goal=Goal(seconds=0.030)).met == "yes"
