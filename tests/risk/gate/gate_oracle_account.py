"""The oracle's view of an account: the kill switch, and what it lost."""

from fractions import Fraction

from tests.risk.gate.gate_oracle_case import TOLERANCE, Judged, held_to, positive, real


def only_reduces(books, current):
    """How much the position that grows most grows, and whether nothing is opened or turned."""
    growth, opened = [Fraction(0)], False
    for book in books:
        for name, weight in book.items():
            before = current.get(name, Fraction(0))
            if weight is None or before is None:
                opened = True
            elif abs(weight) > TOLERANCE:
                growth.append(abs(weight) - abs(before))
                opened = opened or weight * before < 0
    return max(growth), not opened and max(growth) <= TOLERANCE


def of_account(case, books, current, nav):
    most, smaller = only_reduces(books, current)
    stop = Judged(passed=case.stop == "active")
    if case.stop == "reducing":
        stop = Judged(smaller, most, 0)
    before = real(case.orders_before)
    count = None if before is None else before + len(case.orders)
    return {
        "kill switch": stop,
        "orders this session": held_to(count, case.limits["max_orders_per_session"]),
        **of_history(case, nav),
    }


def of_history(case, nav):
    values = [positive(value) for _, _, value in case.valued]
    readable = not case.unreadable and None not in values
    found = {"account history": Judged(readable)}
    names = ("daily loss", "drawdown", "losing days")
    if readable and not values:
        return found | dict.fromkeys(names, Judged(passed=True))
    figures = [None, None, None]
    if readable and nav is not None:
        mornings = {}
        for session, _, value in sorted(case.valued, key=lambda row: (row[0], row[1])):
            mornings.setdefault(session, real(value))
        run = [*mornings.values(), nav]
        streak = 0
        for earlier, later in zip(run[-2::-1], run[:0:-1], strict=True):
            if not later < earlier:
                break
            streak += 1
        figures = [1 - nav / run[-2], 1 - nav / max(*values, nav), Fraction(streak)]
    bounds = ("max_daily_loss", "max_drawdown", "max_consecutive_losses")
    return found | {
        name: held_to(figure, case.limits[bound])
        for name, figure, bound in zip(names, figures, bounds, strict=True)
    }
