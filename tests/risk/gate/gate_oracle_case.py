"""What the oracle is asked about, and its numbers: exact fractions, None where there is none."""

import math
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from core.types import Side

TOLERANCE = Fraction(1, 10**9)
SMALL = Fraction(1, 10**10)  # no position
TOO_LARGE = Fraction(sys.float_info.max)


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
    set_aside: dict = field(default_factory=dict)
    start: Any = None  # weights before the orders; None: from where the orders lead to the targets
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


def start_of(case):
    """The weights before the orders, as far as they can be told."""
    if case.start is not None:
        return case.start
    start, nav = {name: real(weight) for name, weight in case.targets.items()}, positive(case.nav)
    for order in case.orders:
        change = change_of(order, case.prices, nav)
        before = start.get(order.con_id, Fraction(0))
        start[order.con_id] = None if None in (before, change) else before - change
    return {n: w for n, w in start.items() if measurable(w) is not None}


def change_of(order, prices, nav):
    """What an order adds to a weight."""
    quantity, price = real(order.quantity), positive(prices.get(order.con_id))
    if None in (quantity, price, nav):
        return None
    return measurable(quantity * price / nav * (1 if order.side is Side.BUY else -1))


def held_to(value, limit):
    limit, value = Fraction(limit), measurable(value)
    return Judged(value is not None and value <= limit + TOLERANCE, value, limit)


def total(values):
    found = list(values)
    return None if None in found else sum(found, Fraction(0))


def worst(values):
    found = list(values)
    return None if None in found else max(found)


def positive(x):
    number = real(x)
    return number if number is not None and number > 0 else None
