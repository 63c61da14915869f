"""The oracle's measures of loss: sums over days, rounded once."""

import math
from fractions import Fraction

from tests.risk.gate.gate_oracle_case import SMALL, TOLERANCE, held_to, real, total, worst

LEAST_DAYS = 60
QUANTILE = 1.6448536269514722  # of the standard normal at 95 %
TAIL_MEAN = math.exp(-(QUANTILE**2) / 2) / math.sqrt(2 * math.pi) / 0.05
STILL = 1e-16  # a market's variance below which it does not move


def profits(case, book):
    """(day, profit) of each day on which every position has a return; None if none can be had."""
    if None in book.values():
        return None
    held = [(float(w), case.returns.get(name)) for name, w in book.items() if abs(w) > SMALL]
    if any(column is None for _, column in held):
        return []
    return [
        (day, fsum(weight * column[day] for weight, column in held))
        for day in range(case.days)
        if all(math.isfinite(column[day]) for _, column in held)
    ]


def fsum(values):
    """Their exact sum, rounded once; NaN where it is too large."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.nan


def known(value):
    return value if math.isfinite(value) else None


def deviation(values):
    mean = fsum(values) / len(values)
    return math.sqrt(fsum((v - mean) * (v - mean) for v in values) / (len(values) - 1))


def market_of(case):
    if case.market is not None:
        return case.market
    if id(case.returns) not in _MEANS:
        _MEANS[id(case.returns)] = case.returns, mean_of(case)
    return _MEANS[id(case.returns)][1]


_MEANS = {}  # by the identity of a table of returns, which is kept


def mean_of(case):
    days = zip(*case.returns.values(), strict=True)
    given = [[move for move in day if not math.isnan(move)] for day in days]
    return [fsum(moves) / len(moves) if moves else math.nan for moves in given]


def slope(days, market):
    pairs = [(market[day], profit) for day, profit in days if math.isfinite(market[day])]
    if len(pairs) < LEAST_DAYS:
        return None
    mx = fsum(x for x, _ in pairs) / len(pairs)
    my = fsum(y for _, y in pairs) / len(pairs)
    spread = fsum((x - mx) * (x - mx) for x, _ in pairs)
    if not spread > STILL * len(pairs):
        return None
    return known(fsum((x - mx) * (y - my) for x, y in pairs) / spread)


def unmeasured(case, books, current):
    """The size of each holding without a past that nothing makes larger, and what is set aside."""
    ordered = {order.con_id for order in case.orders}
    sizes = {name: real(size) for name, size in case.set_aside.items()}
    found = {name: None if size is None else abs(size) for name, size in sizes.items()}
    for name in {name for book in books for name in book} - ordered:
        weights = [book.get(name, Fraction(0)) for book in books]
        now = current.get(name, Fraction(0))
        days = sum(map(math.isfinite, case.returns.get(name, ())))
        if (
            None in (now, *weights)
            or days >= LEAST_DAYS
            or not any(abs(w) > SMALL for w in weights)
        ):
            continue
        if all(
            (w * now >= 0 and abs(w) <= abs(now) + TOLERANCE) or abs(w) <= TOLERANCE
            for w in weights
        ):
            found[name] = max(map(abs, weights))
    return found


def losses(case, books, current):
    beside = unmeasured(case, books, current)
    gone = total(beside.values())
    books = [{n: w for n, w in book.items() if n not in beside} for book in books]
    names = ["historical VaR 95", "parametric VaR 95", "historical CVaR 95", "parametric CVaR 95",
             "beta", "short beta"]  # fmt: skip
    found = {name: [] for name in names}
    market = None
    for book in books:
        if not any(w is None or abs(w) > SMALL for w in book.values()):
            figures = [Fraction(0)] * 6
        else:
            days = profits(case, book)
            if days is None or len(days) < LEAST_DAYS:
                figures = [None] * 6
            else:
                lost = sorted((-profit for _, profit in days), reverse=True)
                whole, part = divmod(len(lost), 20)
                tail = (fsum(lost[:whole]) + part / 20 * lost[whole]) / (len(lost) / 20)
                sigma = deviation(lost)
                market = market_of(case) if market is None else market
                beta = slope(days, market)
                measured = (lost[whole], QUANTILE * sigma, tail, TAIL_MEAN * sigma)
                figures = [*map(known, measured), beta, None if beta is None else -beta]
        for name, figure in zip(names, figures, strict=True):
            found[name].append(figure)
    settings = ["max_var", "max_var", "max_cvar", "max_cvar", "max_beta"]
    bounds = [*(case.limits[s] for s in settings), -Fraction(case.limits["min_beta"])]
    for name in names[:4]:
        found[name] = [None if None in (one, gone) else Fraction(one) + gone for one in found[name]]
    held = {n: held_to(worst(found[n]), bound) for n, bound in zip(names, bounds, strict=True)}
    return held | {"unmeasured holdings": held_to(gone, case.limits["max_unmeasured"])}
