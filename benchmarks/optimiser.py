"""The optimiser against cvxpy as one would write it, and against four libraries.

Run with ``make bench-optimiser``, or some cases: ``python -m benchmarks.optimiser full real``.

One process and one thread, CPU seconds, medians; ours is timed before and after its baselines. Each
call goes from a table of returns and alpha to weights, the covariance included. Every answer is
judged by `benchmarks._portfolios`, which knows no optimiser. A missed goal ends with exit code 1:
too slow, a utility more than 1e-6 of it below the baseline's, or a limit broken by more than 1e-9.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from statistics import fmean

import numpy as np
import pandas as pd

from benchmarks import _peers as peers
from benchmarks._measured import (
    CVXPY,
    DAYS,
    HEADER,
    NAMES,
    PATIENCE,
    UNSPENT,
    Goal,
    Peers,
    Row,
    against,
    compared,
    cpu_seconds,
    line,
    solve,
    timed,
    weights_of,
)
from benchmarks._peers import is_installed, naive, quietly
from benchmarks._portfolios import (
    SKILL,
    Floats,
    Portfolio,
    long_only,
    portfolio,
    real,
    synthetic,
)
from core.errors import DaybookError
from optimiser.result import TargetResult

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
SESSIONS = 126
MEASURED = (0, 25, 50, 75, 100, 125)  # the sessions that the baseline solves
LINEAR: Peers = {
    "skfolio": peers.skfolio_cvar,
    "Riskfolio-Lib": peers.riskfolio_cvar,
    "PyPortfolioOpt": peers.pypfopt_cvar,
}
COSTS: Peers = {
    "skfolio": peers.skfolio_variance,
    "cvxportfolio": peers.cvxportfolio_variance,
}


# The cases
def full() -> Iterator[Row]:
    problem = portfolio(synthetic(NAMES, DAYS))
    yield from against("full", problem, {CVXPY: naive}, Goal(ratio=40, seconds=0.030))


def days() -> Iterator[Row]:
    """A rolling window, solved anew each day from where the last day's weights have drifted."""
    returns = synthetic(NAMES, DAYS + SESSIONS)
    random = np.random.default_rng(3)
    problem = portfolio(returns.iloc[:DAYS])
    scores = np.clip(random.normal(0.0, 0.4, NAMES), -1.0, 1.0)
    held = problem.held
    ours, theirs, rows = [], [], []
    broken, gaps, statuses = [], [], set()
    for session in range(SESSIONS):
        window = returns.iloc[session : session + DAYS]
        scores = np.clip(0.95 * scores + random.normal(0.0, 0.12, NAMES), -1.0, 1.0)
        today = replace(problem, alpha=SKILL * scores * window.std(), returns=window, held=held)
        targets: list[TargetResult] = []
        ours.append(cpu_seconds(lambda: targets.append(solve(today))))  # noqa: B023 - called here
        if session in MEASURED:
            answer = timed(quietly(naive), today, times=1)
            theirs.append(answer.seconds)
            rows.append(compared("", today, targets[-1], ours[-1], CVXPY, answer, Goal()))
        target, gains = targets[-1], returns.iloc[session + DAYS].to_numpy()
        weights = weights_of(today, target)
        broken.append(today.violation(weights))
        gaps.append(
            np.nan if target.gap is None else target.gap / max(abs(target.objective), 1e-12)
        )
        statuses.add(str(target.status))
        held = pd.Series(weights * (1.0 + gains) / (1.0 + weights @ gains), index=window.columns)
    print(f"days: {CVXPY} measured on {len(theirs)} of the {SESSIONS} days and extrapolated")
    worst = min(rows, key=lambda row: row.better or 0.0)
    yield replace(
        worst,
        case=f"{SESSIONS} days",
        ours=sum(ours),
        theirs=fmean(theirs) * SESSIONS,
        goal=Goal(ratio=50, seconds=3.0),
        violation=max(broken),
        gap=max(gaps),
        fault="" if statuses == {"optimal"} else f"the statuses are {', '.join(sorted(statuses))}",
    )


def linear() -> Iterator[Row]:
    yield from linear_program("mean-CVaR", portfolio(synthetic(NAMES, DAYS)), Goal(ratio=200))


def linear_program(case: str, problem: Portfolio, goal: Goal) -> Iterator[Row]:
    """The peers spend all of the budget; ours may spend less, and must not want to."""
    problem = long_only(problem, cash_buffer=0.0, risk_aversion=0.0, cost=0.0)
    for row in against(case, problem, LINEAR, goal):
        unspent = f"only {row.spent:.9f} of the budget is spent"
        yield row if row.fault or row.spent >= 1.0 - UNSPENT else replace(row, fault=unspent)


def costs() -> Iterator[Row]:
    yield from with_costs("variance and costs", portfolio(synthetic(NAMES, DAYS)), Goal(ratio=80))


def with_costs(case: str, problem: Portfolio, goal: Goal) -> Iterator[Row]:
    problem = long_only(problem, cash_buffer=0.05, cvar_aversion=0.0)
    yield from against(case, problem, COSTS, goal)


def dense() -> Iterator[Row]:
    """The worst for us: answers that hold most names, and an account that does."""
    returns = synthetic(NAMES, DAYS)
    problem = portfolio(returns)
    all_held = portfolio(returns, holdings=NAMES)
    assert (all_held.held != 0.0).all()
    for case, hard in (
        ("dense, risk aversion 500", problem.of(risk_aversion=500.0, cost=0.0)),
        ("dense, CVaR aversion 0.5", problem.of(cvar_aversion=0.5, cost=0.0)),
        ("all names held", all_held),
    ):
        yield from against(case, hard, {CVXPY: naive}, Goal(ratio=3))


def large() -> Iterator[Row]:
    yield from against("2,000 names", portfolio(synthetic(2000, 500)), {}, Goal(seconds=0.060))
    many = portfolio(synthetic(400, 10_000))

    def patient(problem: Portfolio) -> Floats:
        return naive(problem, time_limit=PATIENCE)

    goal = Goal(seconds=0.250)
    yield from against("10,000 scenarios", many, {CVXPY: patient}, goal, times=1)


def on_real_returns() -> Iterator[Row]:
    returns = real()
    if returns is None:
        print("real: skipped, the real market data is not beside the checkout")
        return
    problem = portfolio(returns)
    # The ratios aimed at are those of 700 x 500; fewer names and days leave less to gain.
    yield from against("real, full", problem, {CVXPY: naive}, Goal(seconds=0.030))
    yield from linear_program("real, mean-CVaR", problem, Goal())
    yield from with_costs("real, variance and costs", problem, Goal())


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "full": full,
    "days": days,
    "linear": linear,
    "costs": costs,
    "dense": dense,
    "large": large,
    "real": on_real_returns,
}


def warm_up() -> None:
    """Import and compile what the first call would."""
    small = portfolio(synthetic(30, 120), holdings=10)
    ways = [CVXPY, *LINEAR], [naive, *LINEAR.values()]
    without = long_only(small, cash_buffer=0.0)
    solve(small)
    for name, way in [*zip(*ways, strict=True), *COSTS.items()]:
        if name == CVXPY or is_installed(name):
            quietly(way)(without)


def main(only: Sequence[str] = ()) -> None:
    if unknown := set(only) - set(CASES):
        sys.exit(f"no case {', '.join(sorted(unknown))}; there are: {', '.join(CASES)}")
    if any(os.environ.get(name) != one for name, one in ONE_THREAD.items()):
        # The libraries read these once, when they are loaded; here they are loaded already.
        again = [sys.executable, "-m", "benchmarks.optimiser", *only]
        sys.exit(subprocess.run(again, env={**os.environ, **ONE_THREAD}, check=False).returncode)
    packages = (
        "numpy",
        "cvxpy",
        "clarabel",
        *(name for name in peers.PACKAGES if is_installed(name)),
    )
    print(f"Python {platform.python_version()}, one thread, CPU time;", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    warm_up()
    print(HEADER, flush=True)
    missed = []
    for name in only or CASES:
        try:
            for row in CASES[name]():
                print(line(row), flush=True)
                missed += [f"{row.case} against {row.baseline}: {fault}" for fault in row.faults]
        except DaybookError as error:
            missed.append(f"{name}: {error}")
    if missed:
        sys.exit("\n".join(["", "missed:", *missed]))


if __name__ == "__main__":
    main(sys.argv[1:])
