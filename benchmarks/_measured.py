"""One case of the optimiser's benchmark: how it is solved, timed, compared and shown."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import TypeVar

import numpy as np

from benchmarks import _peers as peers
from benchmarks._peers import GaveUp, Solve, is_installed, quietly
from benchmarks._portfolios import (
    Floats,
    Portfolio,
)
from core.errors import DaybookError
from optimiser.result import TargetResult
from optimiser.target import mean_variance_cvar

NAMES, DAYS = 700, 500
OURS, THEIRS = 15, 3  # timed calls; ours as often once more afterwards
WORSE = 1e-6  # of the utility: what ours may lack of a baseline's
BROKEN = 1e-9  # by how much ours may break a limit
UNSPENT = 1e-6  # of a budget that binds
PATIENCE = 120.0  # seconds that one solve of the baseline may take
CVXPY = "naive cvxpy"
T = TypeVar("T")
Peers = dict[str, Solve]


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
