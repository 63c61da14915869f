"""The optimiser against cvxpy as one would write it, and against four libraries.

Run with ``make bench-optimiser``, or some cases: ``python -m benchmarks.optimiser full real``.

One process and one thread, CPU seconds, medians; ours is timed before and after its baselines. Each
call goes from a table of returns and alpha to weights, the covariance included. Every answer is
judged by `benchmarks._portfolios`, which knows no optimiser. A missed goal ends with exit code 1:
too slow, a utility more than 1e-6 of it below the baseline's, or a limit broken by more than 1e-9.
"""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from statistics import fmean, median
from typing import TypeVar

import numpy as np
import pandas as pd

from benchmarks import _peers as peers
from benchmarks._peers import GaveUp, Solve, is_installed, naive, quietly
from benchmarks._portfolios import (
    SKILL,
    Floats,
    Portfolio,
    long_only,
    made_up,
    portfolio,
    real,
)
from core.errors import DaybookError
from optimiser import TargetResult, mean_variance_cvar

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
NAMES, DAYS = 700, 500
OURS, THEIRS = 15, 3  # timed calls; ours as often once more afterwards
WORSE = 1e-6  # of the utility: what ours may lack of a baseline's
BROKEN = 1e-9  # by how much ours may break a limit
UNSPENT = 1e-6  # of a budget that binds
SESSIONS = 126
MEASURED = (0, 25, 50, 75, 100, 125)  # the sessions that the baseline solves
PATIENCE = 120.0  # seconds that one solve of the baseline may take
CVXPY = "naive cvxpy"

T = TypeVar("T")
Peers = dict[str, Solve]
LINEAR: Peers = {
    "skfolio": peers.skfolio_cvar,
    "Riskfolio-Lib": peers.riskfolio_cvar,
    "PyPortfolioOpt": peers.pypfopt_cvar,
}
COSTS: Peers = {
    "skfolio": peers.skfolio_variance,
    "cvxportfolio": peers.cvxportfolio_variance,
}


@dataclass(frozen=True)
class Goal:
    """How fast it has to be; None is no goal."""

    ratio: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f">= {self.ratio:g}x"
        seconds = "" if self.seconds is None else f"<= {self.seconds * 1e3:,.0f} ms"
        return ", ".join(part for part in (ratio, seconds) if part) or "-"


@dataclass(frozen=True)
class Answer:
    """What a way to solve a problem gave, and the CPU seconds it took."""

    weights: Floats
    seconds: float


@dataclass(frozen=True)
class Row:
    """One line of the table. None is what was not measured."""

    case: str
    size: str
    ours: float  # CPU seconds
    baseline: str
    theirs: float | None
    goal: Goal
    better: float | None  # our utility less theirs, as a fraction of it
    violation: float
    their_violation: float | None
    gap: float  # proven, as a fraction of the utility
    fault: str = ""
    spent: float = float("nan")  # the sum of our weights

    @property
    def ratio(self) -> float | None:
        return None if self.theirs is None else self.theirs / self.ours

    @property
    def met(self) -> str:
        if any(self.faults):
            return "NO"
        # Without the baseline nobody knows.
        return "?" if self.goal.ratio is not None and self.ratio is None else "yes"

    @property
    def faults(self) -> Iterator[str]:
        goal, ratio = self.goal, self.ratio
        if self.fault:
            yield self.fault
        if goal.seconds is not None and not self.ours <= goal.seconds:
            yield f"{self.ours * 1e3:,.1f} ms, not {goal.seconds * 1e3:,.0f}"
        if goal.ratio is not None and ratio is not None and not ratio >= goal.ratio:
            yield f"{ratio:,.0f} times as fast, not {goal.ratio:g}"
        if self.better is not None and not self.better >= -WORSE:
            yield f"the utility is {-self.better:.1e} of it below the baseline's"
        if not self.violation <= BROKEN:
            yield f"a limit is broken by {self.violation:.1e}"


HEADER = (
    f"{'case':<24} {'names x days':>13} {'ours':>9} {'baseline':<15} {'baseline':>10} {'ratio':>7} "
    f"{'goal':<18} {'met':<4} {'better by':>9} {'broken':>8} {'theirs':>8} {'gap':>8}"
)


def line(row: Row) -> str:
    theirs = "-" if row.theirs is None else f"{row.theirs * 1e3:,.0f} ms"
    ratio = "-" if row.ratio is None else f"{row.ratio:,.0f}x"
    better = "-" if row.better is None else f"{row.better:+.1e}"
    broken = "-" if row.their_violation is None else f"{row.their_violation:.1e}"
    return (
        f"{row.case:<24} {row.size:>13} {f'{row.ours * 1e3:,.1f} ms':>9} {row.baseline:<15} "
        f"{theirs:>10} {ratio:>7} {row.goal!s:<18} {row.met:<4} "
        f"{better:>9} {row.violation:>8.1e} {broken:>8} {row.gap:>8.1e}"
    )


# Solving and timing


def solve(problem: Portfolio) -> TargetResult:
    return mean_variance_cvar(
        problem.alpha,
        problem.returns,
        problem.held,
        **asdict(problem.terms),
        cash_mode="net",
        engine="auto",
    )


def weights_of(problem: Portfolio, target: TargetResult) -> Floats:
    return target.weights.reindex(problem.alpha.index).to_numpy(dtype=np.float64)


def repeated(work: Callable[[], T], *, times: int) -> tuple[T, list[float]]:
    """Work several times in a row; return the last result and the CPU seconds of each time.

    Garbage is collected before and not between: to walk through every object of six libraries
    empties the processor's caches, which tells of the walk and not of the work.
    """
    gc.collect()
    gc.disable()
    seconds = []
    try:
        for _ in range(times):
            start = time.process_time()
            result = work()
            seconds.append(time.process_time() - start)
    finally:
        gc.enable()
    return result, seconds


def cpu_seconds(work: Callable[[], object]) -> float:
    return repeated(work, times=1)[1][0]


def timed(way: Solve, problem: Portfolio, *, times: int) -> Answer:
    """Solve several times; the median counts. Raises `GaveUp` when there is no answer."""
    weights, seconds = repeated(lambda: way(problem), times=times)
    return Answer(weights, median(seconds))


def against(
    case: str, problem: Portfolio, baselines: Peers, goal: Goal, *, times: int = THEIRS
) -> Iterator[Row]:
    """Time ours against some baselines; without any, ours alone."""
    try:
        target, seconds = repeated(lambda: solve(problem), times=OURS)
    except DaybookError as error:
        yield no_answer(case, problem, goal, error)
        return
    found: dict[str, Answer] = {}
    for name, way in baselines.items():
        if name in peers.PACKAGES and not is_installed(name):
            print(f"{case}: skipped {name}, it is not installed; make bench-optimiser installs it")
            continue
        try:
            found[name] = timed(quietly(way), problem, times=times)
        except GaveUp as error:
            print(f"{case}: {name} has no answer ({error})")
    seconds += repeated(lambda: solve(problem), times=OURS)[1]
    ours = median(seconds)
    if not found:
        yield compared(case, problem, target, ours, "-", None, goal)
    for name, answer in found.items():
        yield compared(case, problem, target, ours, name, answer, goal)


def no_answer(case: str, problem: Portfolio, goal: Goal, error: DaybookError) -> Row:
    unknown = float("nan")
    fault = f"no answer of ours: {error}"
    return Row(case, problem.size, unknown, "-", None, goal, None, unknown, None, unknown, fault)


def compared(
    case: str,
    problem: Portfolio,
    target: TargetResult,
    ours: float,
    baseline: str,
    answer: Answer | None,
    goal: Goal,
) -> Row:
    weights = weights_of(problem, target)
    utility = problem.utility(weights)
    unit = max(abs(utility), 1e-12)
    better = their_violation = None
    if answer is not None:
        better = (utility - problem.utility(problem.within(answer.weights))) / unit
        their_violation = problem.violation(answer.weights)
    gap = np.nan if target.gap is None else target.gap / unit
    return Row(
        case,
        problem.size,
        ours,
        baseline,
        None if answer is None else answer.seconds,
        goal,
        better,
        problem.violation(weights),
        their_violation,
        gap,
        fault="" if target.status == "optimal" else f"the status is {target.status}",
        spent=float(weights.sum()),
    )


# The cases


def full() -> Iterator[Row]:
    problem = portfolio(made_up(NAMES, DAYS))
    yield from against("full", problem, {CVXPY: naive}, Goal(ratio=40, seconds=0.030))


def days() -> Iterator[Row]:
    """A rolling window, solved anew each day from where the last day's weights have drifted."""
    returns = made_up(NAMES, DAYS + SESSIONS)
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
    yield from linear_program("mean-CVaR", portfolio(made_up(NAMES, DAYS)), Goal(ratio=200))


def linear_program(case: str, problem: Portfolio, goal: Goal) -> Iterator[Row]:
    """The peers spend all of the budget; ours may spend less, and must not want to."""
    problem = long_only(problem, cash_buffer=0.0, risk_aversion=0.0, cost=0.0)
    for row in against(case, problem, LINEAR, goal):
        unspent = f"only {row.spent:.9f} of the budget is spent"
        yield row if row.fault or row.spent >= 1.0 - UNSPENT else replace(row, fault=unspent)


def costs() -> Iterator[Row]:
    yield from with_costs("variance and costs", portfolio(made_up(NAMES, DAYS)), Goal(ratio=80))


def with_costs(case: str, problem: Portfolio, goal: Goal) -> Iterator[Row]:
    problem = long_only(problem, cash_buffer=0.05, cvar_aversion=0.0)
    yield from against(case, problem, COSTS, goal)


def dense() -> Iterator[Row]:
    """The worst for us: answers that hold most names, and an account that does."""
    returns = made_up(NAMES, DAYS)
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
    yield from against("2,000 names", portfolio(made_up(2000, 500)), {}, Goal(seconds=0.060))
    many = portfolio(made_up(400, 10_000))

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
    small = portfolio(made_up(30, 120), holdings=10)
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
