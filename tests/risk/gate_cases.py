"""Generated portfolios, orders and desks, and the gate that is asked about them.

Mostly sound ones, each then changed in a few places: something that is no number, something huge,
a limit put exactly where the figure is or a hair beyond it.
"""

import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace

import pandas as pd

from core.money import Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, Side
from tests.risk import gate_oracle as oracle

DEFAULTS = LimitSettings().model_dump()
FIRST = date(2026, 1, 5)
NAMES = (1, 2, 3, 4, 5)
SYMBOLS = {1: "ACME", 2: "BOLT", 3: "CALM", 4: "DUST", 5: "ECHO"}
SECTORS = {1: "Energy", 2: "Energy", 3: "Health", 4: "Health", 5: "Energy"}
NO_NUMBERS = (None, math.nan, math.inf, -math.inf, True, False, "0.1", "", 10**400)
EXTREMES = (1e308, -1e308, 1e18, -1e18, 1e-320, 5e-11, -5e-11, 0.0, -0.0)

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
NUMBERS = ("finite weights", "net asset value")
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


def poison(rng):
    """Something that is no number, or one that is absurd."""
    return rng.choice(NO_NUMBERS) if rng.random() < 0.6 else rng.choice(EXTREMES)


def spoil(rng, case):
    """Change a portfolio in one place, to something wrong or near a limit."""
    way = rng.choice(WAYS)
    way(rng, case)


def _some(rng, mapping):
    return rng.choice(sorted(mapping)) if mapping else rng.choice(NAMES)


def _weight(rng, case):
    book = rng.choice((case.current, case.targets))
    book[_some(rng, book)] = poison(rng) if rng.random() < 0.5 else rng.uniform(-0.2, 0.2)


def _price(rng, case):
    name = rng.choice(NAMES)
    if rng.random() < 0.2:
        case.prices.pop(name, None)
        case.orders = [order for order in case.orders if order.con_id != name]
    else:
        case.prices[name] = rng.choice((poison(rng), -5.0, 0.0, 1e-6))


def _adv(rng, case):
    case.adv[rng.choice(NAMES)] = rng.choice((poison(rng), 0.0, -10.0, 50.0, 500.0))


def _nav(rng, case):
    case.nav = rng.choice((poison(rng), 0.0, -1e6, 10.0, 1e12))


def _coverage(rng, case):
    case.coverage = rng.choice((poison(rng), -0.1, 1.1, rng.uniform(0.0, 0.8), 0.8, 1.0))


def _status(rng, case):
    wrong = ("failed", "hold", "", "OPTIMAL", "optimal_inaccurate", None)
    case.status = rng.choice((*wrong, "optimal", "optimal_relaxed"))
    case.relaxations = rng.choice(({}, {"gross": poison(rng)}, {"gross": -0.1}, {"cash": 0.01}))


def _order(rng, case):
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


def _foreign(rng, case):
    weight = poison(rng) if rng.random() < 0.4 else rng.uniform(-0.15, 0.15)
    case.foreign = [*case.foreign, (rng.choice(NAMES), weight)]


def _stop(rng, case):
    case.stop = rng.choice(("halted", "reducing", "reducing", "", None, "ACTIVE", 1))
    if rng.random() < 0.6:
        share = rng.choice((0.0, 0.5, 1.0))
        case.targets = {
            name: weight * share if isinstance(weight, float) else weight
            for name, weight in case.current.items()
        }
        case.orders, case.foreign = [], []


def _history(rng, case):
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


def _before(rng, case):
    case.orders_before = rng.choice((poison(rng), 499, 500, 501, 10, 496))


def _restrict(rng, case):
    entry = rng.choice((" acme ", "Bolt", "3", "99", "calm", ""))
    case.limits["restricted"] = (entry, "ZZZ")
    if rng.random() < 0.3:
        case.names.pop(rng.choice(NAMES), None)


def _sectors_of(rng, case):
    case.sectors[rng.choice(NAMES)] = rng.choice(("Energy", " Energy ", "", " ", None, "unknown"))


def _returns(rng, case):
    case.pool = rng.randrange(12)
    frame = frames()[case.pool]
    case.returns, case.days = frame.columns, len(frame.market)
    case.market = list(frame.market) if rng.random() < 0.5 else None


def _limit(rng, case):
    factor = rng.uniform(0.05, 1.2)
    name = rng.choice(sorted({setting for setting, _ in SETTINGS.values()} - {"min_coverage"}))
    case.limits[name] = type(DEFAULTS[name])(DEFAULTS[name] * factor)


WAYS = (_weight, _weight, _price, _adv, _nav, _coverage, _status, _order, _order, _foreign, _stop,
        _history, _history, _before, _restrict, _sectors_of, _returns, _limit, _limit)  # fmt: skip


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
            rng.choice((_order, _order, _nav, _adv, _price, _limit))(rng, case)
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
        rng.choice(
            (_order, _order, _nav, _adv, _price, _limit, _stop, _history, _before, _restrict)
        )(rng, desk.case)
        desk.case.targets = {}


DOLLARS = Rates("USD")


# -- the gate that is asked ------------------------------------------------------------------------


def real_gate():
    """Return the functions and types of the gate as it is."""
    from desk.gate import desk_gate, market_context
    from risk import account, gate, order

    return SimpleNamespace(
        check_constraints=gate.check_constraints,
        check_order=order.check_order,
        judge=desk_gate.judge,
        Exposure=desk_gate.Exposure,
        Market=desk_gate.Market,
        Reference=market_context.Reference,
        AccountState=account.AccountState,
        History=account.History,
        Valuation=account.Valuation,
    )


def limits_of(case):
    return LimitSettings().model_copy(update=case.limits)


def account_of(case, gate):
    values = tuple(gate.Valuation(*row) for row in case.valued)
    history = gate.History(values, case.unreadable)
    return gate.AccountState(case.stop, history, case.orders_before)


def market_of(case):
    if case.market is None:
        return None
    return pd.Series(case.market, index=frames()[case.pool].frame.index, dtype=float)


def in_dollars(prices):
    return {name: Price(price, "USD") for name, price in prices.items()}


def ask_portfolio(case, gate):
    """The gate's verdict, and its checks as (name, passed)."""
    verdict = gate.check_constraints(
        case.current,
        case.targets,
        limits=limits_of(case),
        returns=frames()[case.pool].frame,
        adv=case.adv,
        prices=in_dollars(case.prices),
        rates=DOLLARS,
        net_asset_value=case.nav,
        coverage=case.coverage,
        optimiser_status=case.status,
        account=account_of(case, gate),
        relaxations=case.relaxations,
        orders=case.orders,
        foreign=case.foreign,
        market=market_of(case),
        sectors=case.sectors,
        names=case.names,
    )
    assert verdict.passed == (not verdict.failed)
    return verdict.checks


def ask_order(case, gate):
    order = case.orders[0]
    return gate.check_order(
        order,
        reference=in_dollars(case.prices).get(order.con_id),
        net_asset_value=case.nav,
        rates=DOLLARS,
        adv=case.adv.get(order.con_id),
        limits=limits_of(case),
    )


def ask_desk(desk, gate):
    case = desk.case
    held = gate.Exposure(
        case.current, desk.pending, case.nav, case.names, tuple(desk.foreign), rates=DOLLARS
    )
    market = gate.Market(
        prices=in_dollars(case.prices),
        rates=DOLLARS,
        adv=case.adv,
        returns=frames()[case.pool].frame,
        coverage=case.coverage,
        reference=gate.Reference(market_of(case), case.sectors),
    )
    return gate.judge(
        case.orders,
        held,
        market,
        limits=limits_of(case),
        account=account_of(case, gate),
        decided=in_dollars(desk.decided),
    )


KINDS = {
    "portfolio": (portfolio_case, ask_portfolio),
    "order": (order_case, ask_order),
    "desk": (desk_case, ask_desk),
}


@dataclass(frozen=True)
class Answer:
    """What the oracle and the gate say of one case."""

    legal: bool
    accepted: bool
    expected: dict  # name -> passed, by the oracle
    found: dict
    checks: tuple

    @property
    def agrees(self):
        """Whether the verdicts are alike, and check by check wherever each has a meaning."""
        alone = self.expected if self.sane else NUMBERS
        return self.legal == self.accepted and all(
            self.expected.get(name) == self.found.get(name) for name in {*alone} & {*self.expected}
        )

    @property
    def sane(self):
        """Whether every number is one, so that each check means something by itself."""
        return all(self.expected.get(name, True) for name in NUMBERS)


def ask(kind, seed, gate):
    case_of, ask_gate = KINDS[kind]
    case, expected = case_of(seed)
    return compared(ask_gate(case, gate), expected)


def compared(checks, expected):
    pairs = expected if isinstance(expected, list) else list(expected.items())
    wanted, found = {}, {}
    for name, one in pairs:
        wanted[name] = wanted.get(name, True) and one.passed
    for one in checks:
        found[one.name] = found.get(one.name, True) and one.passed
        assert one.value is None or math.isfinite(one.value), one
    found = {name: passed for name, passed in found.items() if name in wanted or not passed}
    return Answer(all(wanted.values()), all(one.passed for one in checks), wanted, found, checks)
