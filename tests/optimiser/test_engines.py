"""Engines: the same answer from each, whose answer it is, and what happens when one fails."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from core.errors import SolverError
from optimiser.solvers import engines
from optimiser.solvers.engines import NoAnswer
from optimiser.target import mean_variance_cvar
from tests.optimiser.random_problems import a_question
from tests.optimiser.test_target import a_market

PLAIN = {
    "plain": {},
    "long only": {"long_only": True},
    "net cash": {"cash_mode": "net"},
    "turnover": {"max_turnover": 0.2},
    "no tail": {"cvar_aversion": 0.0},
    "tail only": {"risk_aversion": 0.0},
    "impact": {"impact": 3e-3},
    "uncertain": {"alpha_uncertainty": 1e-4},
}


@pytest.mark.parametrize("terms", PLAIN.values(), ids=PLAIN)
def test_each_engine_finds_the_same_utility(terms):
    market = a_market(11, n=60, days=150)
    # The power cones of impact leave the definition a little short of its own proof.
    found = {
        engine: mean_variance_cvar(*market, engine=engine, tol=1e-5, **terms)
        for engine in ("fast", "conic", "cvxpy")
    }
    best = found["fast"]
    assert best.gap <= 1e-6 * abs(best.objective)
    for engine, target in found.items():
        near = 1e-6 if engine == "conic" or "impact" not in terms else 1e-5
        assert target.objective == pytest.approx(best.objective, rel=near, abs=1e-11), engine
        assert target.engine_path == (f"{engine}: accepted",)
        assert target.max_violation <= 1e-9


def test_the_fast_engine_solves_small_problems_only():
    # 250 names, of which few are worth holding under a gross limit of 1.2.
    alpha, returns, held = a_market(3, n=250, days=250, held=0.05)
    target = mean_variance_cvar(alpha, returns, held, engine="fast")
    assert 1 < target.rounds <= 6
    assert (target.weights != 0.0).sum() < 100


def test_names_left_out_are_left_out_for_a_reason():
    """KKT by hand: no zero weight could add utility in either direction."""
    alpha, returns, held = a_market(7, n=200, days=250, held=0.1)
    target = mean_variance_cvar(alpha, returns, held, cash_mode="net", max_turnover=0.9)
    w, moves = target.weights.to_numpy(), returns.to_numpy()
    from sklearn.covariance import ledoit_wolf

    sigma, _ = ledoit_wolf(moves)
    slope = alpha.to_numpy() - 4.0 * sigma @ w + target.tail.to_numpy() @ moves
    slope = slope - target.duals["cash"]
    price = 1e-4 + target.duals["gross"] + target.duals["turnover"]
    out = (w == 0.0) & (held.to_numpy() == 0.0)
    assert out.sum() > 100
    assert np.abs(slope[out]).max() <= price * (1 + 1e-5)
    assert target.tail.sum() == pytest.approx(0.02)


def test_a_failing_engine_is_followed_by_the_next_and_named(monkeypatch):
    class Stalls:
        def __init__(self, sub, scale):
            pass

        def answer(self, *, rough):
            raise SolverError("interior point: stalled")

    market = a_market(1, n=40)
    plain = mean_variance_cvar(*market)
    monkeypatch.setattr(engines, "InteriorPoint", Stalls)
    target = mean_variance_cvar(*market)
    assert target.engine_path == ("fast: interior point: stalled", "conic: accepted")
    assert target.solver == "conic"
    assert target.objective == pytest.approx(plain.objective, rel=1e-6)
    with pytest.raises(NoAnswer, match="fast: interior point: stalled"):
        mean_variance_cvar(*market, engine="fast")


def test_without_any_proved_answer_the_portfolio_is_held_and_says_failed(monkeypatch):
    monkeypatch.setattr(engines, "MAX_VIOLATION", -1.0)  # nobody can meet that
    alpha, returns, held = a_market(1, n=10)
    target = mean_variance_cvar(alpha, returns, held)
    assert target.status == "failed"
    assert target.weights.to_numpy() == pytest.approx(held.to_numpy())
    assert target.bound is target.gap is None
    assert [step.split(":")[0] for step in target.engine_path] == ["fast", "conic", "cvxpy"]
    assert all("breaks a limit by 0" in step for step in target.engine_path)


def test_time_can_cost_an_answer_and_never_changes_one(monkeypatch):
    market = a_market(2, n=20)
    plain = mean_variance_cvar(*market)
    ticks = iter(range(0, 1000, 100))
    monkeypatch.setattr(engines, "stopwatch", lambda: float(next(ticks)))
    late = mean_variance_cvar(*market, time_limit=50.0)
    assert late.status == "failed"
    assert late.engine_path == ("fast: not asked, 50 s were over",)
    monkeypatch.undo()
    again = mean_variance_cvar(*market, time_limit=3600.0)
    assert again.weights.to_numpy().tobytes() == plain.weights.to_numpy().tobytes()


@pytest.mark.parametrize("seed", range(6))
def test_the_same_question_has_the_same_bytes_for_an_answer(seed):
    question = a_question(100 + seed, most_names=80, most_days=150)
    asked = question.alpha, question.returns, question.held
    first, second = (mean_variance_cvar(*asked, **question.terms) for _ in range(2))
    assert first.weights.to_numpy().tobytes() == second.weights.to_numpy().tobytes()
    assert first.tail.to_numpy().tobytes() == second.tail.to_numpy().tobytes()
    assert first.inputs_sha256 == second.inputs_sha256


@pytest.mark.parametrize("factor", [1e-2, 7.0, 100.0])
def test_a_utility_in_other_units_has_the_same_best_portfolio(factor):
    alpha, returns, held = a_market(9, n=40, days=120)
    plain = mean_variance_cvar(alpha, returns, held, impact=1e-3)
    scaled = mean_variance_cvar(
        factor * alpha,
        returns,
        held,
        risk_aversion=2.0 * factor,
        cvar_aversion=0.02 * factor,
        cost=1e-4 * factor,
        impact=1e-3 * factor,
    )
    assert scaled.objective == pytest.approx(factor * plain.objective, rel=1e-5)


def test_a_stale_answer_is_never_given_twice():
    alpha, returns, held = a_market(4, n=30)
    first = mean_variance_cvar(alpha, returns, held)
    second = mean_variance_cvar(-alpha, returns, held)
    third = mean_variance_cvar(alpha, returns, held)
    assert not first.weights.equals(second.weights)
    pd.testing.assert_series_equal(first.weights, third.weights)


@pytest.mark.world
def test_cvxpy_takes_a_second_and_is_not_loaded_before_it_is_asked():
    load = (
        "import sys, optimiser.lots.whole_lots, optimiser.target; sys.exit('cvxpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", load], check=False).returncode == 0
