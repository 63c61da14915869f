"""What goes wrong in a case: something that is not a number, something huge, something unknown."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from core.types import OrderType
from tests.risk.gate.gate_cases import DEFAULTS, NAMES, SETTINGS, an_order, frames

NO_NUMBERS = (None, math.nan, math.inf, -math.inf, True, False, "0.1", "", 10**400)
EXTREMES = (1e308, -1e308, 1e18, -1e18, 1e-320, 5e-11, -5e-11, 0.0, -0.0)


def poison(rng):
    """Something that is not a number, or one that is absurd."""
    return rng.choice(NO_NUMBERS) if rng.random() < 0.6 else rng.choice(EXTREMES)


def spoil(rng, case):
    """Change a portfolio in one place, to something wrong or near a limit."""
    way = rng.choice(WAYS)
    way(rng, case)


def _some(rng, mapping):
    return rng.choice(sorted(mapping)) if mapping else rng.choice(NAMES)


def spoil_weight(rng, case):
    book = rng.choice((case.current, case.targets))
    book[_some(rng, book)] = poison(rng) if rng.random() < 0.5 else rng.uniform(-0.2, 0.2)


def spoil_price(rng, case):
    name = rng.choice(NAMES)
    if rng.random() < 0.2:
        case.prices.pop(name, None)
        case.orders = [order for order in case.orders if order.con_id != name]
    else:
        case.prices[name] = rng.choice((poison(rng), -5.0, 0.0, 1e-6))


def spoil_adv(rng, case):
    case.adv[rng.choice(NAMES)] = rng.choice((poison(rng), 0.0, -10.0, 50.0, 500.0))


def spoil_nav(rng, case):
    case.nav = rng.choice((poison(rng), 0.0, -1e6, 10.0, 1e12))


def spoil_coverage(rng, case):
    case.coverage = rng.choice((poison(rng), -0.1, 1.1, rng.uniform(0.0, 0.8), 0.8, 1.0))


def spoil_status(rng, case):
    wrong = ("failed", "hold", "", "OPTIMAL", "optimal_inaccurate", None)
    case.status = rng.choice((*wrong, "optimal", "optimal_relaxed"))
    case.relaxations = rng.choice(({}, {"gross": poison(rng)}, {"gross": -0.1}, {"cash": 0.01}))


def spoil_order(rng, case):
    if not case.orders:
        name = _some(rng, case.prices)
        case.orders = [an_order(rng, replace(case, prices={name: 50.0}, adv={name: 1e6}), name)]
    number = rng.randrange(len(case.orders))
    order = case.orders[number]
    change = rng.choice(("quantity", "limit_price", "order_type"))
    values = {
        "quantity": (poison(rng), -5, 0, 1.5, 10**9, order.quantity),
        "limit_price": (poison(rng), -100.0, 0.0, rng.uniform(1.0, 500.0)),
        "order_type": (OrderType.MARKET, OrderType.LIMIT),
    }[change]
    case.orders = [*case.orders]
    case.orders[number] = replace(order, **{change: rng.choice(values)})


def spoil_foreign(rng, case):
    weight = poison(rng) if rng.random() < 0.4 else rng.uniform(-0.15, 0.15)
    case.foreign = [*case.foreign, (rng.choice(NAMES), weight)]


def spoil_stop(rng, case):
    case.stop = rng.choice(("halted", "reducing", "reducing", "", None, "ACTIVE", 1))
    if rng.random() < 0.6:
        share = rng.choice((0.0, 0.5, 1.0))
        case.targets = {
            name: weight * share if isinstance(weight, float) else weight
            for name, weight in case.current.items()
        }
        case.orders, case.foreign = [], []


def spoil_history(rng, case):
    if rng.random() < 0.2:
        case.unreadable = "cannot be read"
        return
    day = date(2026, 6, 13)
    moment = datetime(2026, 6, 13, 11, tzinfo=UTC)
    nav = case.nav if isinstance(case.nav, float) and math.isfinite(case.nav) else 1e6
    falls = [(day - timedelta(days=n), moment, nav * (1.002 + 0.002 * n)) for n in range(8)]
    worth = rng.choice((poison(rng), 0.0, -1.0, nav * 1.06, nav * 1.04, nav * 1.3, nav))
    case.valued = rng.choice(
        (falls[: rng.randint(1, 8)], [*case.valued, (day, moment, worth)], [(day, moment, worth)])
    )


def spoil_before(rng, case):
    case.orders_before = rng.choice((poison(rng), 499, 500, 501, 10, 496))


def spoil_restrict(rng, case):
    entry = rng.choice((" acme ", "Bolt", "3", "99", "calm", ""))
    case.limits["restricted"] = (entry, "ZZZ")
    if rng.random() < 0.3:
        case.names.pop(rng.choice(NAMES), None)


def spoil_sectors_of(rng, case):
    case.sectors[rng.choice(NAMES)] = rng.choice(("Energy", " Energy ", "", " ", None, "unknown"))


def spoil_returns(rng, case):
    case.pool = rng.randrange(12)
    frame = frames()[case.pool]
    case.returns, case.days = frame.columns, len(frame.market)
    case.market = list(frame.market) if rng.random() < 0.5 else None


def spoil_limit(rng, case):
    factor = rng.uniform(0.05, 1.2)
    name = rng.choice(sorted({setting for setting, _ in SETTINGS.values()} - {"min_coverage"}))
    case.limits[name] = type(DEFAULTS[name])(DEFAULTS[name] * factor)


WAYS = (
    spoil_weight, spoil_weight, spoil_price, spoil_adv, spoil_nav, spoil_coverage, spoil_status,
    spoil_order, spoil_order, spoil_foreign, spoil_stop, spoil_history, spoil_history,
    spoil_before, spoil_restrict, spoil_sectors_of, spoil_returns, spoil_limit, spoil_limit,
)  # fmt: skip
OF_ONE_ORDER = (spoil_order, spoil_order, spoil_nav, spoil_adv, spoil_price, spoil_limit)
OF_A_DESK = (
    spoil_order, spoil_order, spoil_nav, spoil_adv, spoil_price, spoil_limit, spoil_stop,
    spoil_history, spoil_before, spoil_restrict,
)  # fmt: skip


def spoil_desk(rng, desk):
    way = rng.randrange(6)
    if way == 0:
        desk.pending[rng.choice(NAMES)] = rng.choice((poison(rng), 1e9))
    elif way == 1:
        desk.foreign.append((rng.choice(NAMES), rng.choice((math.nan, math.inf, 1e7, -1e4))))
    elif way == 2 and desk.decided:
        name = rng.choice(sorted(desk.decided))
        desk.decided[name] = rng.choice((math.nan, 0.0, -1.0, desk.decided[name] * 1.2))
    else:
        rng.choice(OF_A_DESK)(rng, desk.case)
        desk.case.targets = {}
