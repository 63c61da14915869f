"""Cases drawn by hand, each about one thing that a random draw may miss."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from core.types import Order, OrderType, Side
from tests.risk.gate import gate_oracle as oracle
from tests.risk.gate.gate_cases import DEFAULTS, SECTORS, SYMBOLS, frames
from tests.risk.gate.gate_spoilers import NO_NUMBERS

FRIDAY = date(2026, 6, 12)
ORDER = Order(
    con_id=1,
    symbol="ACME",
    side=Side.BUY,
    quantity=300,
    order_type=OrderType.LIMIT,
    limit_price=101.0,
    time_in_force="DAY",
    order_ref="ref-1",
)


def a_sound_case(**changes):
    """ACME goes from 5 to 8 %, BOLT stays short; everything is known."""
    frame = frames()[14]
    plain = oracle.Case(
        current={1: 0.05, 2: -0.04},
        targets={1: 0.08, 2: -0.04},
        limits=dict(DEFAULTS),
        returns=frame.columns,
        days=len(frame.market),
        market=list(frame.market),
        adv=dict.fromkeys(SYMBOLS, 1e6),
        prices=dict.fromkeys(SYMBOLS, 100.0),
        orders=[ORDER],
        names=dict(SYMBOLS),
        sectors=dict(SECTORS),
        pool=14,
        valued=valued(1.0, 1.01),
    )
    return replace(plain, **changes)


def valued(*values, later=()):
    """One value for each session up to Friday, in millions; ``later`` are of the evenings."""
    rows = []
    for evening, series in ((False, values), (True, later)):
        for back, value in enumerate(reversed(series)):
            day = FRIDAY - timedelta(days=back)
            hour = 20 if evening else 11
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            rows.append((day, moment, value * 1e6))
    return rows


def limited(**limits):
    return DEFAULTS | limits


def not_numbers():
    for nothing in NO_NUMBERS:
        yield a_sound_case(targets={1: 0.08, 2: nothing})
        yield a_sound_case(current={1: 0.05, 2: -0.04, 3: nothing})
        yield a_sound_case(foreign=[(3, nothing)])
        yield a_sound_case(nav=nothing, orders=[], valued=[])
        yield a_sound_case(coverage=nothing)
        yield a_sound_case(prices=a_sound_case().prices | {1: nothing}, orders=[])
        yield a_sound_case(adv=a_sound_case().adv | {1: nothing}, orders=[])
        yield a_sound_case(orders_before=nothing)
        yield a_sound_case(orders=[replace(ORDER, quantity=nothing)])
        yield a_sound_case(orders=[replace(ORDER, limit_price=nothing)])
        yield a_sound_case(valued=[*valued(1.0), (FRIDAY, valued(1.0)[0][1], nothing)])
        yield a_sound_case(status="optimal_relaxed", relaxations={"gross": nothing})
    for nav in (-1e6, 0.0):
        yield a_sound_case(nav=nav, orders=[], valued=[])
    for coverage in (-0.1, 0.8, 0.79, 1.1, 2.0):
        yield a_sound_case(coverage=coverage)


def of_orders():
    for change in (
        {"quantity": 0}, {"quantity": -300}, {"quantity": 0.5}, {"limit_price": 111.0},
        {"limit_price": 89.0}, {"limit_price": 109.5}, {"limit_price": 90.5},
        {"limit_price": -101.0}, {"order_type": OrderType.MARKET, "limit_price": None},
        {"quantity": 2400, "limit_price": 105.0}, {"quantity": 2600}, {"side": Side.SELL},
    ):  # fmt: skip
        yield a_sound_case(orders=[ORDER, replace(ORDER, **change)])
    yield a_sound_case(prices=a_sound_case().prices | {1: -100.0})
    yield a_sound_case(limits=limited(max_orders=1), orders=[ORDER, ORDER])
    for before in (498, 499, 500):
        yield a_sound_case(orders_before=before)


def of_unmeasured():
    """Names without a past: kept, made larger, traded; and what is no part of the portfolio."""
    frame = frames()[2]  # CALM's namesake has no returns at all
    calm = {"returns": frame.columns, "days": len(frame.market), "market": None, "pool": 2}
    for before, after in ((0.01, 0.01), (0.01, 0.011), (0.01, -0.01), (0.021, 0.021), (0.0, 0.01)):
        kept = {"current": {1: 0.05, 3: before}, "targets": {1: 0.05, 3: after}}
        yield a_sound_case(**calm, **kept, orders=[])
        sale = replace(ORDER, con_id=3, symbol="CALM", quantity=10)
        yield a_sound_case(**calm, **kept, orders=[sale])
    for aside in ({9: 0.003}, {9: 0.021}, {8: 0.015, 9: -0.015}, {9: float("nan")}):
        yield a_sound_case(set_aside=aside)
    for start in (
        {1: 0.05, 2: -0.04},
        {1: 0.11, 2: -0.04},
        {1: 0.05},
        {1: 0.05, 2: -0.04, 3: 0.01},
    ):
        yield a_sound_case(start=start)
    yield a_sound_case(start={1: 0.11, 2: -0.04}, orders=[replace(ORDER, side=Side.SELL)])


def of_weights():
    yield a_sound_case(foreign=[(3, -0.05)], limits=limited(max_order_value=0.04))
    yield a_sound_case(targets={})  # everything is sold, which is a change
    yield a_sound_case(targets={}, limits=limited(max_turnover=0.089))
    yield a_sound_case(targets={1: -0.05, 2: 0.04}, limits=limited(max_turnover=0.179))
    yield a_sound_case(targets={1: -0.1, 2: -0.1}, limits=limited(max_net=0.19))
    yield a_sound_case(current={1: 0.1, 2: -0.1}, targets={}, limits=limited(max_gross_change=0.19))
    for hole in (2, 3):  # one of two names has no returns at all
        frame = frames()[hole]
        yield a_sound_case(
            returns=frame.columns, days=len(frame.market), market=None, pool=hole,
            targets={1: 0.05, 3: 0.05, 4: 0.05},
        )  # fmt: skip
    for pool in range(12):  # holes, too few days, markets that stand still
        frame = frames()[pool]
        for market in (None, list(frame.market)):
            yield a_sound_case(
                returns=frame.columns, days=len(frame.market), market=market, pool=pool,
                targets={1: 0.05, 2: 0.03},
            )  # fmt: skip
    # Neither, one or both of the others' orders: the account is largest when none fills.
    hedged = {"targets": {1: 0.1, 2: -0.1}, "foreign": [(1, -0.05), (2, 0.05)]}
    yield a_sound_case(**hedged, limits=limited(max_gross=0.19))
    yield a_sound_case(foreign=[(1, 0.05)])
    yield a_sound_case(foreign=[(1, -0.2)])
    yield a_sound_case(foreign=[(1, 0.03), (2, -0.03)], limits=limited(max_gross=0.17))
    yield a_sound_case(foreign=[(1, 0.03)], limits=limited(max_turnover=0.05))
    yield a_sound_case(foreign=[(3, -0.02)], adv=a_sound_case().adv | {3: 1000.0})
    yield a_sound_case(adv=a_sound_case().adv | {1: 2500.0}, orders=[])
    yield a_sound_case(foreign=[(1, -0.02), (1, 0.02)], limits=limited(max_single=0.09))
    for status in ("failed", "hold", "OPTIMAL", None):
        yield a_sound_case(status=status)
    for amounts in ({}, {"gross": -0.1}, {"gross": 0.1}):
        yield a_sound_case(status="optimal_relaxed", relaxations=amounts)
        yield a_sound_case(relaxations=amounts)


def of_the_account():
    yield a_sound_case(valued=[])
    yield a_sound_case(valued=[], unreadable="no JSON")
    yield a_sound_case(unreadable="no JSON")
    for values in (
        (1.06,), (1.04,), (1.04, 1.06), (1.06, 1.04), (0.9, 1.0), (1.3, 1.0), (1.24, 1.0, 1.01),
        (1.06, 1.05, 1.04, 1.03, 1.02, 1.01), (1.06, 1.05, 1.04, 1.02, 1.02, 1.01),
        (1.0,) * 9, (1.05, 1.04, 1.03, 1.02, 1.01),
    ):  # fmt: skip
        yield a_sound_case(valued=valued(*values))
        yield a_sound_case(valued=list(reversed(valued(*values))))
    yield a_sound_case(valued=valued(1.0, 1.0, later=(1.3, 1.0)))
    yield a_sound_case(valued=valued(1.0, 1.0, later=(1.0, 1.06)))
    yield a_sound_case(valued=list(reversed(valued(1.06, later=(1.0,)))))
    still = {"orders": [], "current": {1: 0.10, 2: -0.05}}
    for stop in ("active", "reducing", "halted", "", None, "REDUCING"):
        for targets in ({1: 0.08, 2: -0.05}, {}, {1: 0.11}, {1: -0.05}, {1: 0.05, 3: 0.01}):
            yield a_sound_case(**still, targets=targets, stop=stop)
    yield a_sound_case(**still, targets={1: 0.05}, stop="reducing", foreign=[(1, 0.06)])


def of_names():
    for entry in ("acme", " Acme ", "1", "11", "BOLT", "ACM"):
        for orders in ([], [ORDER]):
            yield a_sound_case(limits=limited(restricted=(entry,)), orders=orders)
    yield a_sound_case(limits=limited(restricted=("ZZZ",)), names={}, orders=[])
    yield a_sound_case(limits=limited(restricted=("ZZZ",)), names={}, orders=[ORDER])
    wide = {1: 0.1, 2: 0.1, 3: 0.09, 4: 0.09, 5: 0.1}
    for sectors in (SECTORS, {}, {1: "A", 2: " A ", 3: "A"}, {1: "", 2: None, 3: " ", 4: "B"}):
        yield a_sound_case(
            current=wide, targets=wide, sectors=sectors, orders=[],
            limits=limited(max_sector=0.28, max_unknown_sector=0.27),
        )  # fmt: skip
    short = {1: 0.1, 2: -0.1}
    yield a_sound_case(targets=short, current=short, limits=limited(max_sector=0.15), orders=[])


def desks() -> Iterator[oracle.DeskCase]:
    """Orders in front of the desk."""
    for pending in ({}, {1: 600.0}, {1: -600.0}, {1: 500.0}):
        for foreign in ([], [(1, 500.0)], [(1, -500.0)], [(3, 100.0)]):
            yield oracle.DeskCase(a_sound_case(targets={}), pending, foreign, {})
    yield oracle.DeskCase(
        a_sound_case(targets={}, orders=[replace(ORDER, side=Side.SELL)]), {}, [], {}
    )
    yield oracle.DeskCase(
        a_sound_case(targets={}, orders=[replace(ORDER, side=Side.SELL, quantity=1600)]), {}, [], {}
    )
    for before in (100.0, 89.0, 91.5, 112.0, 109.0, 0.0, -100.0, float("nan")):
        yield oracle.DeskCase(a_sound_case(targets={}), {}, [], {1: before, 2: 100.0})
    dear = a_sound_case(targets={}, orders=[replace(ORDER, quantity=750, limit_price=94.0)])
    yield oracle.DeskCase(dear, {}, [], {1: 92.0, 2: 100.0})
    for aside in ({9: 0.003}, {9: 0.021}, {9: float("nan")}):
        yield oracle.DeskCase(a_sound_case(targets={}, set_aside=aside), {}, [], {})
    for change in ({"quantity": 1.5}, {"limit_price": 111.0}, {"quantity": None}):
        yield oracle.DeskCase(
            a_sound_case(targets={}, orders=[replace(ORDER, **change)]), {}, [], {}
        )


@cache
def decisive():
    """Return every case with what the oracle says of it, by what it is about."""
    portfolios = {
        "weights": [a_sound_case(), *of_weights()],
        "orders": of_orders(),
        "account": of_the_account(),
        "names": of_names(),
        "unmeasured": of_unmeasured(),
        "numbers": not_numbers(),
    }
    groups = {
        group: [("portfolio", case, oracle.judge_portfolio(case)) for case in found]
        for group, found in portfolios.items()
    }
    return groups | {"desk": [("desk", desk, oracle.judge_desk(desk)) for desk in desks()]}
