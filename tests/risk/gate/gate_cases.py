"""Sound portfolios, with a batch that leads there, and the returns they are judged by."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pandas as pd

from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from tests.risk.gate import gate_oracle as oracle

DEFAULTS = LimitSettings().model_dump()
FIRST = date(2026, 1, 5)
NAMES = (1, 2, 3, 4, 5)
SYMBOLS = {1: "ACME", 2: "BOLT", 3: "CALM", 4: "DUST", 5: "ECHO"}
SECTORS = {1: "Energy", 2: "Energy", 3: "Health", 4: "Health", 5: "Energy"}

# The setting that holds each check, and how a figure becomes that setting.
SETTINGS = {
    "missing data": ("min_coverage", lambda v: 1 - v),
    "gross": ("max_gross", None),
    "gross change": ("max_gross_change", None),
    "invested": ("cash_buffer", lambda v: 1 - v),
    "net": ("max_net", None),
    "largest single": ("max_single", None),
    "largest sector": ("max_sector", None),
    "unknown sector": ("max_unknown_sector", None),
    "historical VaR 95": ("max_var", None),
    "parametric VaR 95": ("max_var", None),
    "historical CVaR 95": ("max_cvar", None),
    "parametric CVaR 95": ("max_cvar", None),
    "unmeasured holdings": ("max_unmeasured", None),
    "beta": ("max_beta", None),
    "short beta": ("min_beta", lambda v: -v),
    "liquidity": ("max_adv_share", None),
    "largest order": ("max_order_value", None),
    "turnover": ("max_turnover", None),
    "order count": ("max_orders", None),
    "orders: order value": ("max_order_value", None),
    "orders: price collar": ("price_collar", None),
    "orders: share of volume": ("max_adv_share", None),
    "orders this session": ("max_orders_per_session", None),
    "daily loss": ("max_daily_loss", None),
    "drawdown": ("max_drawdown", None),
    "losing days": ("max_consecutive_losses", None),
    "order value": ("max_order_value", None),
    "price collar": ("price_collar", None),
    "share of volume": ("max_adv_share", None),
}
COUNTS = {"order count", "orders this session", "losing days"}


@dataclass(frozen=True)
class Frame:
    """Returns twice: as the gate and as the oracle read them."""

    frame: pd.DataFrame
    columns: dict
    market: list


@cache
def frames():
    """Return a few dozen tables of returns: calm and wild, whole and with holes, too short."""
    rng = random.Random(11)
    return tuple(a_frame(rng, number) for number in range(48))


def a_frame(rng, number):
    days = 59 if number == 0 else rng.choice((60, 61, 70, 80))
    wild = 0.4 if number % 12 == 1 else rng.uniform(0.002, 0.02)
    market = [rng.gauss(0.0, wild) for _ in range(days)]
    columns = {
        name: [rng.uniform(0.2, 1.6) * move + rng.gauss(0.0, wild / 2) for move in market]
        for name in NAMES
    }
    match number:
        case 1:
            columns = {name: [0.0] * days for name in NAMES}
        case 2 | 3:
            del columns[NAMES[number]]
        case 4 | 5 | 6:
            hole = (math.nan, math.inf, -math.inf)[number - 4]
            for name, count in ((1, 3), (2, 12), (4, days)):
                for day in rng.sample(range(days), count):
                    columns[name][day] = hole
        case 7:
            market = [0.001] * days
        case 8:
            market[3:12] = [math.nan] * 9
        case 9:
            market = [math.nan] * days
        case 10:
            columns = {name: [move * 1e6 for move in column] for name, column in columns.items()}
    index = [FIRST + timedelta(days=day) for day in range(days)]
    return Frame(pd.DataFrame(columns, index=index), columns, market)


# -- one portfolio ---------------------------------------------------------------------------------
def a_case(rng):
    """A sound portfolio, with a batch that leads there."""
    number = rng.randrange(48) if rng.random() < 0.12 else rng.randrange(12, 48)
    while number >= 12 and number % 12 == 1:
        number = rng.randrange(12, 48)
    frame = frames()[number]
    held = rng.sample(NAMES, rng.randint(1, 5))
    current = {name: rng.uniform(-0.09, 0.11) for name in held if rng.random() < 0.7}
    targets = {name: rng.uniform(-0.09, 0.11) for name in held if rng.random() < 0.8}
    for name in list(current):
        if rng.random() < 0.3:
            targets[name] = current[name]
    prices = {name: rng.uniform(5.0, 400.0) for name in NAMES}
    adv = {name: rng.choice((1e5, 1e6, 1e7)) for name in NAMES}
    case = oracle.Case(
        current=current,
        targets=targets,
        limits=dict(DEFAULTS),
        returns=frame.columns,
        days=len(frame.market),
        market=list(frame.market) if rng.random() < 0.5 else None,
        adv=adv,
        prices=prices,
        nav=rng.uniform(5e4, 2e6),
        coverage=rng.uniform(0.82, 1.0),
        names=dict(SYMBOLS),
        sectors={name: s for name, s in SECTORS.items() if rng.random() < 0.8},
        pool=number,
        valued=some_values(rng),
    )
    case.orders = [an_order(rng, case, name) for name in held if rng.random() < 0.5]
    if rng.random() < 0.3:
        case.foreign = [(rng.choice(NAMES), rng.uniform(-0.02, 0.02)) for _ in range(2)]
    if rng.random() < 0.1:
        case.status, case.relaxations = "optimal_relaxed", {"turnover": rng.uniform(0.0, 0.2)}
    beside = random.Random(f"set aside {case.nav}")
    if beside.random() < 0.15:
        case.set_aside = {90: beside.uniform(0.0, 0.01), 91: beside.uniform(0.0, 0.009)}
    scale = case.nav
    case.valued = [(day, moment, value * scale) for day, moment, value in case.valued]
    return case


def some_values(rng):
    """Net asset values of earlier sessions, as multiples of the present one, out of order."""
    rows = []
    for back in range(rng.choice((0, 1, 2, 4, 9))):
        day = date(2026, 6, 12) - timedelta(days=back)
        moment = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        rows.append((day, moment, rng.uniform(0.97, 1.03)))
        if rng.random() < 0.4:
            rows.append((day, moment + timedelta(hours=9), rng.uniform(0.97, 1.08)))
    rng.shuffle(rows)
    return rows


def an_order(rng, case, name):
    price = case.prices[name]
    most = max(int(0.06 * min(case.nav / price, case.adv[name])), 1)
    market = rng.random() < 0.2
    return Order(
        con_id=name,
        symbol=SYMBOLS[name],
        side=rng.choice((Side.BUY, Side.SELL)),
        quantity=rng.randint(1, most),
        order_type=OrderType.MARKET if market else OrderType.LIMIT,
        limit_price=None if market else price * rng.uniform(0.95, 1.05),
        time_in_force="DAY",
        order_ref=f"ref-{name}",
    )
