"""The limits written down a second time, from their definitions: plain Python, no pandas.

Weights, prices and values are exact fractions; sums over days are rounded once.

Nothing of `risk/` or `desk/` is used here, so that a mistake in one of them cannot hide in both.
A number that is none (None, text, true, NaN, infinite, too large for a float) is None here, and
what rests on it cannot be measured, which fails.
"""

import math
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from core.types import OrderType, Side

TOLERANCE = Fraction(1, 10**9)
SMALL = Fraction(1, 10**10)  # no position
NEAREST, NEAR = Fraction(1, 10**12), Fraction(1, 10**7)  # to a limit, where rounding decides
LEAST_DAYS = 60
QUANTILE = 1.6448536269514722  # of the standard normal at 95 %
TAIL_MEAN = math.exp(-(QUANTILE**2) / 2) / math.sqrt(2 * math.pi) / 0.05
TOO_LARGE = Fraction(sys.float_info.max)
STILL = 1e-16  # a market's variance below which it does not move


@dataclass
class Case:
    """Everything a portfolio is judged by. Columns of returns are lists, one entry a day."""

    current: dict
    targets: dict
    limits: dict
    returns: dict
    days: int
    foreign: list = field(default_factory=list)
    market: Any = None  # a list, one entry a day
    adv: dict = field(default_factory=dict)
    prices: dict = field(default_factory=dict)
    references: Any = None  # what orders are held against; None: the prices
    nav: Any = 1e6
    coverage: Any = 1.0
    status: Any = "optimal"
    relaxations: dict = field(default_factory=dict)
    orders: list = field(default_factory=list)
    sectors: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    stop: Any = "active"
    valued: list = field(default_factory=list)  # (session, moment, net asset value)
    unreadable: str = ""
    orders_before: Any = 0
    pool: int = 0  # which frame of returns this is


@dataclass(frozen=True)
class Judged:
    passed: bool
    value: Any = None  # a Fraction or a float
    limit: Any = None


def real(x):
    """The number that x is, exactly; None for what is no finite number."""
    if x is None or isinstance(x, bool | str):
        return None
    if isinstance(x, Fraction):
        return x
    try:
        return Fraction(float(x)) if math.isfinite(float(x)) else None
    except OverflowError:
        return None


def measurable(value):
    """The value, or None where it is too large for a float."""
    return None if value is None or abs(value) > TOO_LARGE else value


def held_to(value, limit):
    limit, value = Fraction(limit), measurable(value)
    return Judged(value is not None and value <= limit + TOLERANCE, value, limit)


def total(values):
    found = list(values)
    return None if None in found else sum(found, Fraction(0))


def worst(values):
    found = list(values)
    return None if None in found else max(found)


def outcomes(case):
    """What the account may come to hold: with none, the buys, the sells, or all of the others."""
    fills = [(name, real(weight)) for name, weight in case.foreign]
    chosen = [[], [f for f in fills if f[1] is None or f[1] > 0],
              [f for f in fills if f[1] is None or f[1] < 0], fills]  # fmt: skip
    found = []
    for some in chosen if fills else [[]]:
        book = {name: real(weight) for name, weight in case.targets.items()}
        for name, weight in some:
            before = book.get(name, Fraction(0))
            book[name] = None if None in (before, weight) else measurable(before + weight)
        found.append(book)
    return found


def judge_portfolio(case):
    """Every check by name."""
    limits, books = case.limits, outcomes(case)
    current = {name: real(weight) for name, weight in case.current.items()}
    nav = real(case.nav)
    nav = nav if nav is not None and nav > 0 else None
    numbers = [*current.values(), *books[0].values(), *(real(w) for _, w in case.foreign)]
    coverage = real(case.coverage)
    missing = None if coverage is None or not 0 <= coverage <= 1 else 1 - coverage
    return {
        "finite weights": Judged(None not in numbers),
        "net asset value": Judged(nav is not None),
        "missing data": held_to(missing, 1 - Fraction(limits["min_coverage"])),
        "optimiser": optimiser(case),
        **exposure(limits, books, current),
        **by_sector(case, books),
        **losses(case, books),
        **trading(case, current, nav),
        **batch(case, nav),
        "restricted": restricted(case, current),
        **of_account(case, books, current, nav),
    }


def optimiser(case):
    amounts = [real(amount) for amount in case.relaxations.values()]
    if case.status == "optimal":
        return Judged(not amounts)
    honest = bool(amounts) and all(a is not None and a >= 0 for a in amounts)
    return Judged(case.status == "optimal_relaxed" and honest)


def gross(book):
    return total(None if w is None else abs(w) for w in book.values())


def exposure(limits, books, current):
    before = gross(current)
    changed = [
        None if before is None or gross(b) is None else abs(gross(b) - before) for b in books
    ]
    longs = [total(None if w is None else max(w, Fraction(0)) for w in b.values()) for b in books]
    nets = [total(b.values()) for b in books]
    sizes = [None if w is None else abs(w) for b in books for w in b.values()]
    return {
        "gross": held_to(worst(gross(b) for b in books), limits["max_gross"]),
        "gross change": held_to(worst(changed), limits["max_gross_change"]),
        "invested": held_to(worst(longs), 1 - Fraction(limits["cash_buffer"])),
        "net": held_to(worst(None if n is None else abs(n) for n in nets), limits["max_net"]),
        "largest single": held_to(worst([*sizes, Fraction(0)]), limits["max_single"]),
    }


def by_sector(case, books):
    def sector_of(name):
        told = case.sectors.get(name)
        return told.strip() or "unknown" if isinstance(told, str) else "unknown"

    sums = {}
    for number, book in enumerate(books):
        for name, weight in book.items():
            key = sector_of(name), number
            size = None if weight is None else abs(weight)
            before = sums.get(key, Fraction(0))
            sums[key] = None if before is None or size is None else before + size
    known = [size for (sector, _), size in sums.items() if sector != "unknown"]
    unknown = [size for (sector, _), size in sums.items() if sector == "unknown"]
    zero = Fraction(0)
    return {
        "largest sector": held_to(worst([zero, *known]), case.limits["max_sector"]),
        "unknown sector": held_to(worst([zero, *unknown]), case.limits["max_unknown_sector"]),
    }


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


def losses(case, books):
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
    return {n: held_to(worst(found[n]), bound) for n, bound in zip(names, bounds, strict=True)}


def changed_names(case, current):
    """Signed changes of the names that change; None where one cannot be told."""
    wanted = {name: real(weight) for name, weight in case.targets.items()}
    found = {}
    for name in {*current, *wanted}:
        now, then = current.get(name, Fraction(0)), wanted.get(name, Fraction(0))
        change = None if now is None or then is None else then - now
        if change is None or abs(change) > SMALL:
            found[name] = change
    return found


def positive(x):
    number = real(x)
    return number if number is not None and number > 0 else None


def trading(case, current, nav):
    sizes = {n: None if c is None else abs(c) for n, c in changed_names(case, current).items()}
    for name, weight in case.foreign:
        before, more = sizes.get(name, Fraction(0)), real(weight)
        sizes[name] = None if before is None or more is None else before + abs(more)
    shares = []
    for name, size in sizes.items():
        price, volume = positive(case.prices.get(name)), positive(case.adv.get(name))
        known = None not in (size, nav, price, volume)
        shares.append(size * nav / price / volume if known else None)
    wanted = {name: real(weight) for name, weight in case.targets.items()}
    moved = [
        None if now is None or then is None else abs(then - now)
        for name in {*current, *wanted}
        for now, then in [(current.get(name, Fraction(0)), wanted.get(name, Fraction(0)))]
    ]
    others = [None if real(w) is None else abs(real(w)) for _, w in case.foreign]
    zero = Fraction(0)
    return {
        "liquidity": held_to(worst([zero, *shares]), case.limits["max_adv_share"]),
        "largest order": held_to(worst([zero, *sizes.values()]), case.limits["max_order_value"]),
        "turnover": held_to(total([*moved, *others]), case.limits["max_turnover"]),
    }


def judge_order(order, *, reference, nav, adv, limits):
    """The four checks of one order."""
    quantity, reference, nav = real(order.quantity), positive(reference), positive(nav)
    whole = quantity is not None and quantity > 0 and quantity.denominator == 1
    used = reference if order.order_type is OrderType.MARKET else positive(order.limit_price)
    priced = reference is not None and used is not None
    value = quantity * max(reference, used) / nav if whole and priced and nav is not None else None
    distance = abs(used / reference - 1) if priced else None
    volume = positive(adv)
    share = quantity / volume if whole and volume is not None else None
    return {
        "quantity": Judged(whole),
        "order value": held_to(value, limits["max_order_value"]),
        "price collar": held_to(distance, limits["price_collar"]),
        "share of volume": held_to(share, limits["max_adv_share"]),
    }


def batch(case, nav):
    references = case.prices if case.references is None else case.references
    found = [
        judge_order(
            order,
            reference=references.get(order.con_id),
            nav=case.nav if nav is not None else None,
            adv=case.adv.get(order.con_id),
            limits=case.limits,
        )
        for order in case.orders
    ]
    listed = {"order count": held_to(Fraction(len(case.orders)), case.limits["max_orders"])}
    for name in ("quantity", "order value", "price collar", "share of volume"):
        each = [checks[name] for checks in found]
        values = [one.value for one in each]
        limit = each[0].limit if each else None
        value = None if None in values or not values else max(values)
        listed[f"orders: {name}"] = Judged(all(one.passed for one in each), value, limit)
    return listed


def restricted(case, current):
    listed = {entry.strip().casefold() for entry in case.limits["restricted"]}
    touched = {*changed_names(case, current), *(order.con_id for order in case.orders)}
    for name in touched if listed else ():
        symbols = {case.names.get(name, "")} | {o.symbol for o in case.orders if o.con_id == name}
        known = {symbol for symbol in symbols if symbol}
        if (
            not known
            or str(name) in listed
            or any((s.strip().casefold() or None) in listed for s in known)
        ):
            return Judged(passed=False)
    return Judged(passed=True)


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
        "emergency stop": stop,
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


@dataclass
class DeskCase:
    """Orders in front of the desk: shares instead of weights, prices of now and of the decision."""

    case: Case  # without targets, foreign, orders' consequences: those follow
    pending: dict  # our own working orders, in signed shares
    foreign: list  # (conId, signed shares) of others
    decided: dict


def judge_desk(desk):
    """Every check by name, in a list: two orders may have checks of one name."""
    case, nav = desk.case, positive(desk.case.nav)
    prices = {**case.prices, **desk.decided}

    def weight(name, shares):
        price, count = real(prices.get(name)), real(shares)
        if None in (price, count, nav) or measurable(count * price) is None:
            return None
        return measurable(count * price / nav)

    def signed(order):
        shares = real(order.quantity)
        return None if shares is None else shares * (1 if order.side is Side.BUY else -1)

    changes = list(desk.pending.items())
    changes += [(order.con_id, signed(order)) for order in case.orders]
    targets = {name: real(w) for name, w in case.current.items()}
    for name, shares in changes:
        before, more = targets.get(name, Fraction(0)), weight(name, shares)
        targets[name] = None if None in (before, more) else measurable(before + more)
    judged = Case(**{
        **vars(case),
        "targets": targets,
        "foreign": [(name, weight(name, shares)) for name, shares in desk.foreign],
        "prices": prices,
        "references": case.prices,
        "names": {**case.names, **{o.con_id: o.symbol for o in case.orders}},
    })  # fmt: skip
    found = list(judge_portfolio(judged).items())
    for order in case.orders:
        single = judge_order(
            order,
            reference=case.prices.get(order.con_id),
            nav=case.nav,
            adv=case.adv.get(order.con_id),
            limits=case.limits,
        )
        found += [(f"{order.symbol} {name}", one) for name, one in single.items()]
    for order in case.orders:
        if order.con_id in desk.decided:
            was, now = positive(desk.decided[order.con_id]), positive(case.prices.get(order.con_id))
            moved = None if None in (was, now) else abs(now / was - 1)
            check = held_to(moved, case.limits["price_collar"])
            found.append((f"{order.symbol} price since the decision", check))
    return [(name, one) for name, one in found if name != "optimiser"]


def too_close(checks):
    """Whether rounding may decide: within 1e-7 of a limit, but not at it."""
    return any(
        one.value is not None
        and one.limit is not None
        and NEAREST < abs(Fraction(one.value) - Fraction(one.limit)) < NEAR
        for one in checks
    )
