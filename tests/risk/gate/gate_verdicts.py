"""A sound portfolio and the gate's verdict on it, with what a test changes."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.calendar import session
from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from risk.account import AccountState, History, Valuation
from risk.gate import check_constraints
from risk.limits import number

LIMITS = LimitSettings(
    max_gross=1.2,
    max_single=0.12,
    cash_buffer=0.05,
    max_gross_change=1.2,
    max_var=0.03,
    max_adv_share=0.10,
    max_order_value=0.15,
    price_collar=0.10,
)
DAYS = 100
MONDAY = date(2026, 6, 15)
ORDER = Order(
    con_id=1,
    symbol="ACME",
    side=Side.BUY,
    quantity=500,
    order_type=OrderType.LIMIT,
    limit_price=101.0,
    time_in_force="DAY",
    order_ref="ref-1",
)


def account(*values, stop="active", **changes):
    """An account with one net asset value for each session before Monday, the newest last."""
    days = [MONDAY - timedelta(days=len(values) - number) for number in range(len(values))]
    as_of = session(MONDAY).decision_time
    found = tuple(Valuation(day, as_of, value) for day, value in zip(days, values, strict=True))
    return AccountState(stop, History(found, **changes))


def returns_of(volatility=0.01, names=(1, 2, 3), days=DAYS):
    """Every name moves by the volatility, up and down in turn, all together."""
    moves = np.tile([1.0, -1.0], days // 2) * volatility
    return pd.DataFrame(dict.fromkeys(names, moves))


def before(targets, changes):
    """Return from where the orders lead to the targets, for tests that are about other things."""
    weights = dict(targets)
    for order in changes.get("orders") or ():
        price = number(changes.get("prices", {}).get(order.con_id, 100.0))
        value = number(changes.get("net_asset_value", 1e6)) or math.nan
        worth = order.side.sign * number(order.quantity) * price / value
        weights[order.con_id] = weights.get(order.con_id, 0.0) - worth
    return weights


def verdict(current=None, targets=None, *, before_orders=None, **changes):
    """A sound portfolio's verdict; each test changes what it is about."""
    terms = {
        "limits": LIMITS,
        "returns": returns_of(),
        "adv": dict.fromkeys((1, 2, 3), 1e6),
        "prices": dict.fromkeys((1, 2, 3), 100.0),
        "rates": Rates("USD"),
        "net_asset_value": 1e6,
        "coverage": 1.0,
        "optimiser_status": "optimal",
        "account": account(),
    }
    wanted = {1: 0.10, 2: 0.05, 3: -0.02} if targets is None else targets
    return check_constraints(
        {1: 0.05, 2: 0.02} if current is None else current,
        wanted,
        before_orders=before(wanted, changes) if before_orders is None else before_orders,
        **(terms | changes | {"prices": in_dollars((terms | changes)["prices"])}),
    )


def in_dollars(prices):
    return {name: Price(price, "USD") for name, price in prices.items()}


def failed(found):
    return {check.name for check in found.failed}


def value(found, name):
    (check,) = (check for check in found.checks if check.name == name)
    return check.value
