"""The nearest book that keeps every limit, where rounding name by name did not find one.

Rounding towards 0 cannot break gross, single or group limits. It can break a turnover cap (a
smaller position may be a larger trade), net cash (a smaller short pays for less) and a range of
beta. Then one whole-number programme chooses among a few positions of every name.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from optimiser.lots.share_portfolio import TOLERANCE, Book, Wish
from optimiser.model.terms import Floats

SCALE = 1e4  # rows are in basis points: HiGHS keeps them to 1e-6, which is 1e-10 of a weight
NODES = 300  # of the search tree: a count, so that a slow machine finds the same book
GAP = 0.05  # of the distance moved: a book within every limit need not be the very nearest
DISTANCE = 1e-3  # what nearness to the target counts, beside nearness to the book as it stands


def repair(book: Book) -> None:
    """Move the book as little as possible until it breaks no limit that the target kept.

    First by whole lots and by trades left undone; then, because a limit beats an even lot, by
    single shares. Where even those cannot do it, the book stays as it is and says what it breaks.
    """
    for choices in (_lots, _shares):
        if not book.broken():
            return
        found = _nearest(book, {wish.con_id: choices(book, wish) for wish in book.wishes})
        if found is not None:
            before = dict(book.shares)
            book.replace(found)
            if book.broken():  # the solver's tolerance is not ours
                book.replace(before)


def _lots(book: Book, wish: Wish) -> list[int]:
    """Return the positions that even trades lead to, within the limit of one name."""
    if wish.exits or wish.frozen:
        return [book.shares[wish.con_id]]
    near = {wish.down, wish.up, book.shares[wish.con_id]}
    return sorted(n for n in near | {wish.held} if _fits(book, wish, n))


def _shares(book: Book, wish: Wish) -> list[int]:
    """Return the same, and the single shares on both sides of the target."""
    odd = {math.floor(wish.ideal), math.ceil(wish.ideal)} if not wish.exits else set()
    return sorted({*_lots(book, wish), *(n for n in odd if _fits(book, wish, n))})


def _fits(book: Book, wish: Wish, shares: int) -> bool:
    return abs(shares) * wish.unit <= book.most(wish) + TOLERANCE


def _nearest(book: Book, choices: Mapping[int, Sequence[int]]) -> dict[int, int] | None:
    """Return the allowed choice of positions that moves the fewest weights; None: there is none."""
    import cvxpy as cp  # noqa: PLC0415 - takes a second, and few days need it

    options = [(wish, n) for wish in book.wishes for n in choices[wish.con_id]]
    chosen = cp.Variable(len(options), boolean=True)
    cost = [_cost(book, wish, n) for wish, n in options]
    constraints = [_one_of_each(options) @ chosen == 1.0]
    parts = [book.parts(wish, n) for wish, n in options]
    for name, cap in book.caps.items():
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
        return None  # the book stays, and what it breaks is said: no reason to lose the day
    # Within NODES there may be no answer, or half of one.
    taken = [] if chosen.value is None else np.flatnonzero(np.round(chosen.value)).tolist()
    found = {options[i][0].con_id: options[i][1] for i in taken}
    return found if len(taken) == len(found) == len(choices) else None


def _cost(book: Book, wish: Wish, shares: int) -> float:
    """Return how far this is from the book as it stands and, to a lesser part, from the target."""
    moved, missed = abs(shares - book.shares[wish.con_id]), abs(shares - wish.ideal)
    return (moved + DISTANCE * missed) * wish.unit


def _one_of_each(options: Sequence[tuple[Wish, int]]) -> Floats:
    """Return 1 where an option is of a name, shape (names, options)."""
    names = np.array([wish.con_id for wish, _ in options])
    return np.asarray(np.unique(names)[:, None] == names[None, :], dtype=np.float64)
