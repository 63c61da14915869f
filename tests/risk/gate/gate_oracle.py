"""The limits written down a second time, from their definitions: plain Python, no pandas.

Weights, prices and values are exact fractions; sums over days are rounded once.

Nothing of `risk/` or `desk/` is used here, so that a mistake in one of them cannot hide in both.
A number that is none (None, text, true, NaN, infinite, too large for a float) is None here, and
what rests on it cannot be measured, which fails.
"""

from dataclasses import dataclass
from fractions import Fraction

from core.types import OrderType, Side
from tests.risk.gate.gate_oracle_account import of_account
from tests.risk.gate.gate_oracle_batch import destination, finite_returns
from tests.risk.gate.gate_oracle_case import (
    SMALL,
    Case,
    Judged,
    held_to,
    measurable,
    positive,
    real,
    total,
    worst,
)
from tests.risk.gate.gate_oracle_losses import losses

NEAREST, NEAR = Fraction(1, 10**12), Fraction(1, 10**7)  # to a limit, where rounding decides


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
        "finite returns": finite_returns(case, books),
        **losses(case, books, current),
        **trading(case, current, nav),
        **batch(case, nav),
        "orders lead to targets": destination(case, nav),
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

    def after(weights, changes):
        found = dict(weights)
        for name, shares in changes:
            before, more = found.get(name, Fraction(0)), weight(name, shares)
            found[name] = None if None in (before, more) else measurable(before + more)
        return found

    held = {name: real(w) for name, w in case.current.items()}
    started = after(held, desk.pending.items())
    targets = after(started, [(order.con_id, signed(order)) for order in case.orders])
    judged = Case(**{
        **vars(case),
        "targets": targets,
        "foreign": [(name, weight(name, shares)) for name, shares in desk.foreign],
        "prices": prices,
        "references": case.prices,
        "start": started,
        "names": {**case.names, **{o.con_id: o.symbol for o in case.orders}},
    })  # fmt: skip
    found = list(judge_portfolio(judged).items()) + list(of_each_order(desk))
    return [(name, one) for name, one in found if name != "optimiser"]


def of_each_order(desk):
    """The checks of each order alone, then how far its price is from the decision's."""
    case = desk.case
    for order in case.orders:
        single = judge_order(
            order,
            reference=case.prices.get(order.con_id),
            nav=case.nav,
            adv=case.adv.get(order.con_id),
            limits=case.limits,
        )
        yield from ((f"{order.symbol} {name}", one) for name, one in single.items())
    for order in case.orders:
        if order.con_id in desk.decided:
            was, now = positive(desk.decided[order.con_id]), positive(case.prices.get(order.con_id))
            moved = None if None in (was, now) else abs(now / was - 1)
            check = held_to(moved, case.limits["price_collar"])
            yield f"{order.symbol} price since the decision", check


def too_close(checks):
    """Whether rounding may decide: within 1e-7 of a limit, but not at it."""
    return any(
        one.value is not None
        and one.limit is not None
        and NEAREST < abs(Fraction(one.value) - Fraction(one.limit)) < NEAR
        for one in checks
    )
