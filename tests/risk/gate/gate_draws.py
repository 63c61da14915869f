"""The case of a seed: a portfolio, an order or a desk; sound, spoilt, or at a limit."""

import random

from tests.risk.gate import gate_oracle as oracle
from tests.risk.gate.gate_cases import COUNTS, NAMES, SETTINGS, a_case, an_order
from tests.risk.gate.gate_spoilers import OF_ONE_ORDER, spoil, spoil_desk


def at_a_limit(rng, case, checks, wanted=None, aside=None):
    """Put the limit of one check exactly at its figure, or a hair to either side."""
    names = [
        name
        for name, one in checks
        if name in SETTINGS and one.value is not None and one.limit is not None
        and wanted in {None, name} and abs(one.value) < 1e6
    ]  # fmt: skip
    if not names:
        return False
    name = rng.choice(sorted(set(names)))
    value = next(one.value for checked, one in checks if checked == name)
    setting, turned = SETTINGS[name]
    aside = rng.choice((0, 0, 1, -1)) if aside is None else aside
    if name in COUNTS:
        limit = int(value) + aside
    else:
        exact = float(value) if turned is None else float(turned(value))
        limit = exact + aside * rng.choice((3e-7, 3e-7, 1e-5, 1e-3))
    case.limits[setting] = limit
    return True


def portfolio_case(seed):
    """The case of a seed: sound, spoilt, or at a limit; never where rounding would decide."""
    rng = random.Random(f"portfolio {seed}")
    while True:
        case = a_case(rng)
        kind = rng.random()
        if kind < 0.45:
            for _ in range(rng.choice((1, 1, 2))):
                spoil(rng, case)
        elif kind < 0.75:
            at_a_limit(rng, case, list(oracle.judge_portfolio(case).items()))
        checks = oracle.judge_portfolio(case)
        if not oracle.too_close(checks.values()):
            return case, checks


def limit_case(seed, name, aside):
    """A sound portfolio whose limit of one check is where its figure is, or a hair aside."""
    rng = random.Random(f"limit {seed} {name}")
    while True:
        case = a_case(rng)
        if at_a_limit(rng, case, list(oracle.judge_portfolio(case).items()), name, aside):
            checks = oracle.judge_portfolio(case)
            if not oracle.too_close(checks.values()):
                return case, checks


def order_case(seed):
    """One order with what it is held against."""
    rng = random.Random(f"order {seed}")
    while True:
        case = a_case(rng)
        name = rng.choice(NAMES)
        case.orders = [an_order(rng, case, name)]
        for _ in range(rng.choice((0, 1, 1, 2))):
            rng.choice(OF_ONE_ORDER)(rng, case)
        case.orders = case.orders or [an_order(rng, a_case(rng), name)]

        def judged(case=case):
            order = case.orders[0]
            found = {
                "reference": case.prices.get(order.con_id),
                "nav": case.nav,
                "adv": case.adv.get(order.con_id),
            }
            return oracle.judge_order(order, limits=case.limits, **found)

        if rng.random() < 0.4:
            at_a_limit(rng, case, list(judged().items()))
        checks = judged()
        if not oracle.too_close(checks.values()):
            return case, checks


def desk_case(seed):
    """Orders in front of the desk, beside positions and what works already."""
    rng = random.Random(f"desk {seed}")
    while True:
        case = a_case(rng)
        case.targets, case.foreign = {}, []
        nav = case.nav

        def shares(name, case=case, nav=nav):
            return float(int(rng.uniform(-0.02, 0.02) * nav / case.prices[name]))

        pending = {name: shares(name) for name in NAMES if rng.random() < 0.2}
        foreign = sorted((name, shares(name)) for name in NAMES if rng.random() < 0.15)
        decided = {}
        if rng.random() < 0.5:
            decided = {n: p * rng.uniform(0.93, 1.07) for n, p in case.prices.items()}
        desk = oracle.DeskCase(case, pending, foreign, decided)
        kind = rng.random()
        if kind < 0.45:
            spoil_desk(rng, desk)
        elif kind < 0.7:
            at_a_limit(rng, case, oracle.judge_desk(desk))
        checks = oracle.judge_desk(desk)
        if not oracle.too_close(one for _, one in checks):
            return desk, checks
