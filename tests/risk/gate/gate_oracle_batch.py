"""The oracle on whether a batch leads to its targets, and on returns without end."""

import math
from fractions import Fraction

from tests.risk.gate.gate_oracle_case import Judged, change_of, held_to, real, start_of, worst


def finite_returns(case, books):
    names = {*case.current, *(name for book in books for name in book)}
    columns = [case.returns[name] for name in names if name in case.returns]
    return Judged(not any(math.isinf(move) for column in columns for move in column))


def destination(case, nav):
    """Whether the orders lead to the targets from where they start, name by name."""
    reached = {name: real(weight) for name, weight in start_of(case).items()}
    for order in case.orders:
        before, change = (
            reached.get(order.con_id, Fraction(0)),
            change_of(order, case.prices, nav),
        )
        reached[order.con_id] = None if None in (before, change) else before + change
    wanted = {name: real(weight) for name, weight in case.targets.items()}
    gaps = []
    for name in {*reached, *wanted}:
        got, want = reached.get(name, Fraction(0)), wanted.get(name, Fraction(0))
        gaps.append(None if None in (got, want) else abs(got - want))
    return held_to(worst([Fraction(0), *gaps]), 0)
