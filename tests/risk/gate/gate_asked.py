"""The gate that is asked about the cases, and how its answer compares with the oracle's."""

import math
from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd

from core.money import Price, Rates
from core.settings import LimitSettings
from tests.risk.gate.gate_cases import frames
from tests.risk.gate.gate_draws import desk_case, order_case, portfolio_case
from tests.risk.gate.gate_oracle_case import start_of

NUMBERS = ("finite weights", "net asset value")
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
        before_orders=start_of(case),
        foreign=case.foreign,
        market=market_of(case),
        sectors=case.sectors,
        names=case.names,
        set_aside=case.set_aside,
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
        case.current, desk.pending, case.nav, case.names, tuple(desk.foreign),
        rates=DOLLARS, at_stake=case.set_aside,
    )  # fmt: skip
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
