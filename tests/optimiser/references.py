"""The optimum found another way: a bound by linear programming, the utility in plain numpy."""

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from sklearn.covariance import ledoit_wolf


def independent_returns(volatilities):
    """Exactly uncorrelated returns with exactly these volatilities and a mean of 0."""
    days = 4096
    rows = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    return pd.DataFrame(np.tile(rows, (days // 4, 1)) * volatilities, columns=["A", "B"])


def bounds_of(n, days, *, max_single, long_only, **terms):
    """The range of each column: long, short, bought, sold, threshold, excess."""
    del terms
    return (
        [(0.0, max_single)] * n
        + [(0.0, 0.0 if long_only else max_single)] * n
        + [(0.0, None)] * (2 * n)
        + [(None, None)]
        + [(0.0, None)] * days
    )


def best_by_linear_programme(alpha, returns, w_prev, weights, **terms):
    """The most that any portfolio could reach, with the variance linearised at ``weights``.

    Where the variance is convex this bounds the true optimum from above, and touches it only if
    the weights are optimal. Built from plain matrices and solved by HiGHS: it shares nothing with
    the code under test but the covariance estimator.
    """
    w, w0 = weights.to_numpy(), w_prev.to_numpy()
    moves, n, days = returns.to_numpy(), len(w), len(returns)
    sigma, _ = ledoit_wolf(moves)
    risk, tail, cost = terms["risk_aversion"], terms["cvar_aversion"], terms["cost"]
    slope = alpha.to_numpy() - 2.0 * risk * sigma @ w
    # Columns: long, short, bought, sold (n each), threshold, excess (days).
    goal = np.r_[
        -slope,
        slope,
        np.full(2 * n, cost),
        tail,
        np.full(days, tail / (days * (1 - terms["cvar_level"]))),
    ]
    none, one, eye = np.zeros(n), np.ones(n), np.eye(n)
    rest = np.zeros(1 + days)
    rows = [
        np.r_[one, one, none, none, rest],
        np.r_[one, none if terms["cash_mode"] == "ex_short_proceeds" else -one, none, none, rest],
        np.r_[none, none, one, one, rest],
    ]
    turnover = np.inf if terms["max_turnover"] is None else terms["max_turnover"]
    limits = [terms["max_gross"], 1.0 - terms["cash_buffer"], min(turnover, 1e3)]
    shortfall = np.hstack(
        [-moves, moves, np.zeros((days, 2 * n)), -np.ones((days, 1)), -np.eye(days)]
    )
    balance = np.hstack([eye, -eye, -eye, eye, np.zeros((n, 1 + days))])
    answer = linprog(
        goal,
        A_ub=np.vstack([*rows, shortfall]),
        b_ub=np.r_[limits, np.zeros(days)],
        A_eq=balance,
        b_eq=w0,
        bounds=bounds_of(n, days, **terms),
        method="highs",
    )
    assert answer.success, answer.message
    return -answer.fun + risk * w @ sigma @ w


def utility(alpha, returns, w_prev, weights, **terms):
    """The utility by its definition, in plain numpy."""
    w = weights.to_numpy()
    sigma, _ = ledoit_wolf(returns.to_numpy())
    losses = np.sort(-returns.to_numpy() @ w)[::-1]
    size = len(losses) * (1 - terms["cvar_level"])
    shares = np.clip(size - np.arange(len(losses)), 0.0, 1.0)
    return (
        alpha.to_numpy() @ w
        - terms["risk_aversion"] * w @ sigma @ w
        - terms["cvar_aversion"] * (shares @ losses) / size
        - terms["cost"] * np.abs(w - w_prev.to_numpy()).sum()
    )
