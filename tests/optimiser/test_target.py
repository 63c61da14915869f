"""The optimum, against answers worked out by hand and against an independent solver."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from core.errors import SolverError
from optimiser.solvers import cvxpy_reference
from optimiser.target import mean_variance_cvar
from tests.optimiser.references import best_by_linear_programme, independent_returns, utility

NO_TAIL = {"cvar_aversion": 0.0, "cost": 0.0}


def a_market(seed, *, n=12, days=120, held=0.5):
    """Expected returns, a factor model's returns and weights held, by symbol."""
    random = np.random.default_rng([seed, n, days])
    names = [f"S{i:03d}" for i in range(n)]
    market = random.standard_t(4, days) * 0.007
    returns = np.outer(market, random.normal(1.0, 0.3, n)) + random.standard_t(4, (days, n)) * 0.01
    alpha = random.normal(0.0, 1.0, n) * returns.std(axis=0) * 0.04
    current = np.where(random.random(n) < held, random.normal(0.02, 0.04, n), 0.0)
    current *= min(1.0, 0.9 / max(np.abs(current).sum(), 1e-9))
    return (
        pd.Series(alpha, index=names),
        pd.DataFrame(returns, columns=names),
        pd.Series(current, index=names),
    )


def test_two_independent_assets_match_the_closed_form():
    # Slack limits, no tail, no cost: w = alpha / (2 * risk_aversion * variance).
    returns = independent_returns([0.02, 0.04])
    alpha = pd.Series({"A": 1e-4, "B": -2e-4})
    target = mean_variance_cvar(alpha, returns, risk_aversion=5.0, **NO_TAIL)
    # Shrinkage towards the mean variance is part of the definition of the variance.
    variance = np.diag(ledoit_wolf(returns.to_numpy())[0])
    np.testing.assert_allclose(target.weights, alpha / (10.0 * variance), atol=2e-8)
    assert target.status == "optimal"
    assert target.binding == ()


def test_a_better_asset_is_bought_up_to_its_limit_and_says_what_the_limit_costs():
    returns = independent_returns([0.01, 0.01])
    alpha = pd.Series({"A": 0.002, "B": 0.0})
    target = mean_variance_cvar(alpha, returns, risk_aversion=1.0, **NO_TAIL)
    assert target.weights.to_dict() == {"A": 0.12, "B": 0.0}
    (bound,) = target.binding
    # Marginal utility at 0.12: 0.002 - 2 * 1 * 1e-4 * 0.12.
    assert (bound.name, bound.value, bound.limit) == ("single A", pytest.approx(0.12), 0.12)
    assert bound.price == pytest.approx(0.002 - 2e-4 * 0.12, rel=1e-5)


def test_a_cost_above_the_expected_return_means_no_trade():
    returns = independent_returns([0.01, 0.01])
    held = pd.Series({"A": 0.05, "B": 0.0})
    target = mean_variance_cvar(
        pd.Series({"A": 0.0, "B": 0.0009}), returns, held, risk_aversion=1e-3, cost=0.001
    )
    assert target.weights.to_dict() == {"A": 0.05, "B": 0.0}
    assert target.turnover == 0.0


def test_tail_risk_is_avoided_where_variance_sees_no_difference():
    # Two assets of equal variance and mean; one loses rarely but much.
    crash, calm = np.full(400, 0.001), np.tile([0.01, -0.01], 200)
    crash[::40] = -0.05
    calm *= crash.std() / calm.std()
    crash -= crash.mean()
    returns = pd.DataFrame({"calm": calm, "crash": crash})
    alpha = pd.Series({"calm": 2e-4, "crash": 2e-4})
    blind = mean_variance_cvar(alpha, returns, risk_aversion=0.1, cvar_aversion=0.0, cost=0.0)
    aware = mean_variance_cvar(alpha, returns, risk_aversion=0.1, cvar_aversion=0.015, cost=0.0)
    assert blind.weights.to_dict() == {"calm": 0.12, "crash": 0.12}
    assert aware.weights["calm"] == 0.12
    assert aware.weights["crash"] < 0.06


PROBLEMS = [
    {"seed": 1, "n": 3, "days": 60},
    {"seed": 2, "n": 10, "days": 90, "long_only": True},
    {"seed": 3, "n": 25, "days": 252, "max_turnover": 0.3},
    {"seed": 4, "n": 25, "days": 120, "cash_mode": "net", "max_gross": 0.6},
    {"seed": 5, "n": 40, "days": 252, "risk_aversion": 0.0},
    {"seed": 6, "n": 40, "days": 100, "cvar_aversion": 0.5, "risk_aversion": 50.0},
    {"seed": 7, "n": 60, "days": 252, "cost": 0.0, "max_single": 0.05},
    {"seed": 8, "n": 60, "days": 130, "cvar_level": 0.9, "cash_buffer": 0.5},
    {"seed": 9, "n": 60, "days": 252, "cvar_aversion": 0.0, "cost": 5e-4},
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"{p['n']}x{p['days']}")
def test_no_portfolio_is_better_by_an_independent_solver(problem):
    terms = {
        "risk_aversion": 2.0, "cvar_aversion": 0.02, "cvar_level": 0.95, "cost": 1e-4,
        "max_gross": 1.2, "max_single": 0.12, "cash_buffer": 0.05,
        "cash_mode": "ex_short_proceeds", "long_only": False, "max_turnover": None,
    }  # fmt: skip
    terms |= {name: value for name, value in problem.items() if name in terms}
    inputs = a_market(problem["seed"], n=problem["n"], days=problem["days"])
    inputs = (*inputs[:2], inputs[2].clip(lower=0.0) if terms["long_only"] else inputs[2])
    target = mean_variance_cvar(*inputs, **terms)
    assert target.status == "optimal"
    reached = utility(*inputs, target.weights, **terms)
    best = best_by_linear_programme(*inputs, target.weights, **terms)
    assert target.objective == pytest.approx(reached, rel=1e-9, abs=1e-13)
    assert reached <= best + 1e-9
    assert best - reached <= 1e-6 * abs(reached) + 1e-8
    assert best - reached <= target.gap + 1e-9, "the certificate promised less than it found"


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    gross=st.floats(0.05, 2.5),
    single=st.floats(0.01, 0.6),
    buffer=st.floats(0.0, 0.9),
    turnover=st.none() | st.floats(0.0, 1.0),
    long_only=st.booleans(),
    mode=st.sampled_from(["ex_short_proceeds", "net"]),
)
@example(
    seed=4928, gross=0.9, single=0.5, buffer=0.9, turnover=None, long_only=False, mode="net"
)  # gross and net bind at once
def test_no_target_ever_breaks_a_limit(seed, gross, single, buffer, turnover, long_only, mode):
    alpha, returns, held = a_market(seed, n=9, days=70)
    target = mean_variance_cvar(
        alpha,
        returns,
        held,
        max_gross=gross,
        max_single=single,
        cash_buffer=buffer,
        max_turnover=turnover,
        long_only=long_only,
        cash_mode=mode,
    )
    w = target.weights.to_numpy()
    assert np.isfinite(w).all()
    assert np.abs(w).max() <= single
    assert np.abs(w).sum() <= gross
    assert (w if mode == "net" else w.clip(0.0)).sum() <= 1.0 - buffer
    assert not (long_only and (w < 0.0).any())
    dust = (np.abs(w) > 0.0) & (np.abs(w) < 1e-6)
    if dust.any():  # it stays only where the limit on trading binds, so that it is worth its place
        assert turnover is not None
        assert np.abs(w - held.to_numpy()).sum() > turnover - 1e-6
    if turnover is not None:
        room = target.relaxations.get("turnover", 0.0)
        assert np.abs(w - held.to_numpy()).sum() <= turnover + room + 1e-6
    assert set(target.relaxations) <= {"turnover"}


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    looser=st.sampled_from(
        [{"max_gross": 1.0}, {"max_single": 0.2}, {"cash_buffer": 0.3}, {"long_only": False}]
    ),
)
def test_looser_limits_never_lower_the_objective(seed, looser):
    tight = {"max_gross": 0.5, "max_single": 0.1, "cash_buffer": 0.7, "long_only": True}
    inputs = a_market(seed, n=8, days=70)
    less = mean_variance_cvar(*inputs, **tight).objective
    more = mean_variance_cvar(*inputs, **(tight | looser)).objective
    assert more >= less - 1e-8


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_symbols_changes_not_one_bit(seed):
    alpha, returns, held = a_market(seed, n=10, days=80)
    shuffled = np.random.default_rng(seed).permutation(alpha.index)
    straight = mean_variance_cvar(alpha, returns, held)
    mixed = mean_variance_cvar(alpha[shuffled], returns[shuffled[::-1]], held[shuffled])
    assert straight.weights.to_numpy().tobytes() == mixed.weights.to_numpy().tobytes()
    assert list(straight.weights.index) == list(mixed.weights.index) == sorted(alpha.index)
    assert straight.inputs_sha256 == mixed.inputs_sha256


def test_any_changed_input_changes_the_hash_of_the_inputs():
    alpha, returns, held = a_market(0)
    plain = mean_variance_cvar(alpha, returns, held).inputs_sha256
    other_alpha, other_returns, other_held = alpha.copy(), returns.copy(), held.copy()
    other_alpha.iloc[0] += 1e-12
    other_returns.iloc[3, 3] += 1e-12
    other_held.iloc[1] += 1e-12
    hashes = {
        plain,
        mean_variance_cvar(other_alpha, returns, held).inputs_sha256,
        mean_variance_cvar(alpha, other_returns, held).inputs_sha256,
        mean_variance_cvar(alpha, returns, other_held).inputs_sha256,
        mean_variance_cvar(alpha, returns, held, cost=2e-4).inputs_sha256,
        mean_variance_cvar(alpha, returns, held, max_gross=1.3).inputs_sha256,
        mean_variance_cvar(alpha, returns, held, on_infeasible="hold").inputs_sha256,
    }
    assert len(hashes) == 7
    assert mean_variance_cvar(alpha, returns, held).inputs_sha256 == plain


def test_reported_exposures_are_those_of_the_weights():
    alpha, returns, held = a_market(5, n=20)
    target = mean_variance_cvar(alpha, returns, held)
    w = target.weights
    assert target.gross == pytest.approx(w.abs().sum())
    assert target.net == pytest.approx(w.sum())
    assert target.cash == pytest.approx(1.0 - w.clip(lower=0.0).sum())
    assert target.turnover == pytest.approx((w - held).abs().sum())
    assert target.expectation.trading_cost == pytest.approx(1e-4 * target.turnover)


def test_an_answer_that_is_not_provably_best_is_refused(monkeypatch):
    honest = cvxpy_reference.solve_as_defined

    def lazy(problem, *, time_limit):
        solution = honest(problem, time_limit=time_limit)
        return replace(solution, weights=0.9 * solution.weights)

    monkeypatch.setattr(cvxpy_reference, "solve_as_defined", lazy)
    with pytest.raises(SolverError, match="may miss"):
        mean_variance_cvar(*a_market(3), engine="cvxpy")
