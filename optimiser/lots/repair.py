"""The nearest portfolio that keeps every limit, where rounding name by name did not find one.

Rounding towards 0 cannot break gross, single or group limits. It can break a turnover cap (a
smaller position may be a larger trade), net cash (a smaller short pays for less) and a range of
beta. Then one whole-number programme chooses among a few positions of every name.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from optimiser.lots.share_portfolio import TOLERANCE, SharePortfolio, TargetPosition
from optimiser.model.terms import Floats

SCALE = 1e4  # rows are in basis points: HiGHS keeps them to 1e-6, which is 1e-10 of a weight
NODES = 300  # of the search tree: a count, so that a slow machine finds the same portfolio
GAP = 0.05  # of the distance moved: a portfolio within every limit need not be the very nearest
DISTANCE = 1e-3  # what nearness to the target counts, beside nearness to the portfolio as it stands


def repair(portfolio: SharePortfolio) -> None:
    """Move the portfolio as little as possible until it breaks no limit that the target kept.

    First by whole lots and by trades left undone; then, because a limit beats an even lot, by
    single shares. Where even those cannot do it, the portfolio stays as it is
    and says what it breaks.
    """
    for choices in (_lots, _shares):
        if not portfolio.broken():
            return
        found = _nearest(
            portfolio, {target.con_id: choices(portfolio, target) for target in portfolio.targets}
        )
        if found is not None:
            before = dict(portfolio.shares)
            portfolio.replace(found)
            if portfolio.broken():  # the solver's tolerance is not ours
                portfolio.replace(before)


def _lots(portfolio: SharePortfolio, target: TargetPosition) -> list[int]:
    """Return the positions that even trades lead to, within the limit of one name."""
    if target.exits or target.frozen:
        return [portfolio.shares[target.con_id]]
    near = {target.down, target.up, portfolio.shares[target.con_id]}
    return sorted(n for n in near | {target.held} if _fits(portfolio, target, n))


def _shares(portfolio: SharePortfolio, target: TargetPosition) -> list[int]:
    """Return the same, and the single shares on both sides of the target."""
    odd = {math.floor(target.ideal), math.ceil(target.ideal)} if not target.exits else set()
    return sorted({*_lots(portfolio, target), *(n for n in odd if _fits(portfolio, target, n))})


def _fits(portfolio: SharePortfolio, target: TargetPosition, shares: int) -> bool:
    return abs(target.weight(shares)) <= portfolio.most(target) + TOLERANCE


def _nearest(
    portfolio: SharePortfolio, choices: Mapping[int, Sequence[int]]
) -> dict[int, int] | None:
    """Return the allowed choice of positions that moves the fewest weights; None: there is none."""
    import cvxpy as cp  # noqa: PLC0415 - takes a second, and few days need it

    options = [(target, n) for target in portfolio.targets for n in choices[target.con_id]]
    chosen = cp.Variable(len(options), boolean=True)
    cost = [_cost(portfolio, target, n) for target, n in options]
    constraints = [_one_of_each(options) @ chosen == 1.0]
    parts = [portfolio.parts(target, n) for target, n in options]
    for name, cap in portfolio.caps.items():
        row = np.array([part.get(name, 0.0) for part in parts])
        if row.any():
            constraints.append((SCALE * row) @ chosen <= SCALE * cap)
    programme = cp.Problem(cp.Minimize(np.array(cost) @ chosen), constraints)
    try:
        with warnings.catch_warnings():
            # "may be inaccurate": it ran into NODES. What it found is verified by the caller.
            warnings.simplefilter("ignore", UserWarning)
            programme.solve(solver=cp.HIGHS, mip_max_nodes=NODES, mip_rel_gap=GAP)
    except cp.error.SolverError:
        return None  # the portfolio stays, and what it breaks is said: no reason to lose the day
    # Within NODES there may be no answer, or half of one.
    taken = [] if chosen.value is None else np.flatnonzero(np.round(chosen.value)).tolist()
    found = {options[i][0].con_id: options[i][1] for i in taken}
    return found if len(taken) == len(found) == len(choices) else None


def _cost(portfolio: SharePortfolio, target: TargetPosition, shares: int) -> float:
    """Return how far this is from the portfolio now and, to a lesser part, from the target."""
    moved, missed = abs(shares - portfolio.shares[target.con_id]), abs(shares - target.ideal)
    return (moved + DISTANCE * missed) * target.unit


def _one_of_each(options: Sequence[tuple[TargetPosition, int]]) -> Floats:
    """Return 1 where an option is of a name, shape (names, options)."""
    names = np.array([target.con_id for target, _ in options])
    return np.asarray(np.unique(names)[:, None] == names[None, :], dtype=np.float64)
